"""Checkpoint files: arrays and facts in one safetensors file, checked before they are believed.

The format holds numbers and JSON text and nothing that runs, so that loading a file from elsewhere
executes none of it. What the header says is compared with what the facts need before an array is
read.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError
from minigrad.files import path_in_words, reading, write_whole
from minigrad.names import checked_path
from minigrad.training.schema import is_whole
from minigrad.training.tensor_file import (
    LARGEST_FILE,
    LONGEST_HEADER,
    MOST_ARRAYS,
    NAMES,
    Arrays,
    Layout,
    from_json,
    header_of,
    json_text,
    mapping,
    read_array,
    read_header,
    shape_of,
)

FORMAT = "minigrad-checkpoint"
VERSION = 1
_MOST_TOLD = 20
_BY_NAME = {str(dtype): dtype for dtype in NAMES}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint file holds.

    Parameters
    ----------
    source
        The file; errors name it.
    arrays
        Arrays by their names.
    facts
        Everything else, as JSON has it.
    """

    source: str
    arrays: Arrays
    facts: dict[str, Any]


def part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    """The arrays whose names begin so, without that beginning."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


# -- writing ---------------------------------------------------------------------------------------


def save(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], facts: Any) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path
        The file; an older one is replaced.
    arrays
        Arrays of numbers or truth values by their names.
    facts
        Anything that JSON holds; numbers come back with every bit.

    Raises
    ------
    ArgumentError
        When the file cannot be written, or holds what could not be read back.
    """
    whole = {
        checked_path(name, "an array"): np.asarray(array, order="C")
        for name, array in sorted(arrays.items())
    }
    unknown = [name for name, array in whole.items() if array.dtype not in NAMES]
    if unknown:
        raise ArgumentError(
            f"{path_in_words(path)}: {unknown[0]!r} has dtype {whole[unknown[0]].dtype}; a checkpoint holds "
            "real numbers and truth values"
        )
    try:
        metadata = {
            "arrays": json_text({name: _entry(array) for name, array in whole.items()}),
            "facts": json_text(facts),
            "format": FORMAT,
            "format_version": str(VERSION),
        }
        header = header_of(metadata, whole)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{path_in_words(path)}: these facts are not JSON's ({error})") from error
    size = len(header) + sum(array.nbytes for array in whole.values())
    if len(header) > LONGEST_HEADER + 8 or len(whole) > MOST_ARRAYS or size > LARGEST_FILE:
        raise ArgumentError(
            f"{path_in_words(path)}: a checkpoint holds at most {LONGEST_HEADER:,} bytes of facts, "
            f"{MOST_ARRAYS:,} arrays and {LARGEST_FILE:,} bytes in all, not {len(header):,}, "
            f"{len(whole):,} and {size:,}; know fewer words (max_words), or make a smaller model"
        )
    write_whole(path, b"".join([header, *(a.tobytes() for a in whole.values())]))


# -- reading ---------------------------------------------------------------------------------------

Judge = Callable[[dict[str, Any], Mapping[str, Layout]], Iterable[str]]


def load(
    path: str | os.PathLike[str], judge: Judge = lambda facts, layouts: ()
) -> Checkpoint:
    """Read a checkpoint.

    Parameters
    ----------
    path
        The file.
    judge
        Takes the facts and the layouts of the arrays to what is wrong with them, before any array is
        read.

    Raises
    ------
    ArgumentError
        When the file cannot be read, is no safetensors file or not whole, is no checkpoint of
        minigrad, or has a version of the format that this minigrad does not know; when its facts are
        not what they should be; or when arrays are missing, unexpected, of another shape or dtype
        than saved, or changed: it lists the first.
    """
    source = path_in_words(path)
    with reading(path) as (file, size):
        metadata, layouts = read_header(file, size, source)
        if metadata.get("format") != FORMAT:
            raise ArgumentError(
                f"{source}: a safetensors file, but no checkpoint of minigrad; "
                "make one with `minigrad train`"
            )
        if metadata.get("format_version") != str(VERSION):
            raise ArgumentError(
                f"{source}: format version {ascii(metadata.get('format_version'))[:40].strip(chr(39))}, but "
                f"this minigrad reads version {VERSION}; load it with the minigrad that saved it"
            )
        with blaming(source):
            facts = mapping(from_json(metadata["facts"]))
            inventory = mapping(from_json(metadata["arrays"]))
            if len(inventory) > MOST_ARRAYS:
                raise ValueError(f"its inventory has {len(inventory):,} arrays")
            entries = {
                checked_path(name, "an array"): _known(entry) for name, entry in inventory.items()
            }
        _refuse(source, sorted(_strangers(layouts, entries)))
        faults = list(judge(facts, layouts))
        if faults:
            raise ArgumentError(
                f"{source}: the checkpoint's metadata are damaged; take one that was saved whole"
                "\n  " + "\n  ".join(faults)
            )
        with blaming(source):
            arrays = {name: read_array(file, layout) for name, layout in layouts.items()}
    changed = (
        f"changed: {name} has other values than were saved"
        for name, array in arrays.items()
        if _entry(array)[2] != entries[name][1]
    )
    _refuse(source, sorted(changed))
    return Checkpoint(source, arrays, facts)


class blaming:  # noqa: N801 (read as a statement: with blaming(source))
    """Turn what goes wrong in reading facts into an error that blames the file."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: object) -> None:
        wrong = KeyError | TypeError | ValueError | OverflowError | RecursionError
        if kind is not None and issubclass(kind, wrong):
            raise ArgumentError(
                f"{self.source}: the checkpoint's metadata are damaged "
                f"({kind.__name__}: {error}); take one that was saved whole"
            ) from error


def _known(entry: Any) -> tuple[Layout, int]:
    dtype, shape, check = entry
    if dtype not in _BY_NAME or not is_whole(check, 0, 2**32):
        raise ValueError("the inventory of arrays is none")
    return Layout(_BY_NAME[dtype], shape_of(shape)), check


def _strangers(
    layouts: Mapping[str, Layout], entries: Mapping[str, tuple[Layout, int]]
) -> Iterator[str]:
    """A line for each array whose layout is not as the inventory has it."""
    for name in entries.keys() | layouts.keys():
        if name not in layouts:
            yield f"missing: {name}, {entries[name][0]}"
        elif name not in entries:
            yield f"unexpected: {name}, {layouts[name]}"
        elif layouts[name] != entries[name][0]:
            yield f"mismatched: {name} is {layouts[name]}, not {entries[name][0]}"


def _refuse(source: str, faults: list[str]) -> None:
    if faults:
        more = len(faults) - _MOST_TOLD
        told = [*faults[:_MOST_TOLD], *([f"and {more:,} more"] if more > 0 else [])]
        raise ArgumentError(
            f"{source}: the arrays are not those that were saved; take a checkpoint that is whole"
            "\n  " + "\n  ".join(told)
        )


def _entry(array: NDArray[Any]) -> list[Any]:
    """Dtype, shape and CRC-32 of an array, as JSON has them."""
    return [str(array.dtype), list(array.shape), zlib.crc32(array.tobytes())]
