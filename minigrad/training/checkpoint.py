"""Checkpoint files: arrays and facts in one safetensors file, checked before they are believed.

The format holds numbers and JSON text and nothing that runs, so that loading a file from elsewhere
executes none of it. What the header says is compared with itself, with the size of the file, and
with what the facts need, before an array is read.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError
from minigrad.files import reading, shown, write_whole
from minigrad.names import checked_name
from minigrad.training.schema import is_whole

FORMAT = "minigrad-checkpoint"
VERSION = 1
# Within these bounds a file is judged within about a second, whatever it says.
LONGEST_HEADER = 2**23
MOST_ARRAYS = 2**15
LARGEST_FILE = 2**31
_MOST_TOLD = 20

_DTYPES = {
    **{f"F{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
    **{f"{kind}{bits}": f"<{kind.lower()}{bits // 8}" for kind in "IU" for bits in (8, 16, 32, 64)},
    "BOOL": "|b1",
}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}

Arrays = dict[str, NDArray[Any]]


class Layout(NamedTuple):
    """Dtype and shape of an array that has not been read."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"


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
        checked_name(name, "an array"): np.asarray(array, order="C")
        for name, array in sorted(arrays.items())
    }
    unknown = [name for name, array in whole.items() if array.dtype not in _NAMES]
    if unknown:
        raise ArgumentError(
            f"{shown(path)}: {unknown[0]!r} has dtype {whole[unknown[0]].dtype}; a checkpoint holds "
            "real numbers and truth values"
        )
    try:
        metadata = {
            "arrays": _text({name: _entry(array) for name, array in whole.items()}),
            "facts": _text(facts),
            "format": FORMAT,
            "format_version": str(VERSION),
        }
        header = _text({"__metadata__": metadata, **_places(whole)}).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{shown(path)}: these facts are not JSON's ({error})") from error
    header += b" " * (-len(header) % 8)  # arrays begin at multiples of 8 bytes
    size = 8 + len(header) + sum(array.nbytes for array in whole.values())
    if len(header) > LONGEST_HEADER or len(whole) > MOST_ARRAYS or size > LARGEST_FILE:
        raise ArgumentError(
            f"{shown(path)}: a checkpoint holds at most {LONGEST_HEADER:,} bytes of facts, "
            f"{MOST_ARRAYS:,} arrays and {LARGEST_FILE:,} bytes in all, not {len(header):,}, "
            f"{len(whole):,} and {size:,}; know fewer words (max_words), or make a smaller model"
        )
    parts = [len(header).to_bytes(8, "little"), header, *(a.tobytes() for a in whole.values())]
    write_whole(path, b"".join(parts))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _places(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    places, end = {}, 0
    for name, array in arrays.items():
        begin, end = end, end + array.nbytes
        dtype = _NAMES[array.dtype]
        places[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [begin, end]}
    return places


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
    source = shown(path)
    with reading(path) as (file, size):
        metadata, layouts = _header(file, size, source)
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
            facts = _mapping(_json(metadata["facts"]))
            inventory = _mapping(_json(metadata["arrays"]))
            if len(inventory) > MOST_ARRAYS:
                raise ValueError(f"its inventory has {len(inventory):,} arrays")
            entries = {
                checked_name(name, "an array"): _known(entry) for name, entry in inventory.items()
            }
        _refuse(source, sorted(_strangers(layouts, entries)))
        faults = list(judge(facts, layouts))
        if faults:
            raise ArgumentError(
                f"{source}: the checkpoint's metadata are damaged; take one that was saved whole"
                "\n  " + "\n  ".join(faults)
            )
        with blaming(source):
            arrays = {name: _array(file, layout) for name, layout in layouts.items()}
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


def _header(
    file: BufferedReader, size: int, source: str
) -> tuple[dict[str, Any], dict[str, Layout]]:
    """Metadata and layouts of a safetensors file, its lengths believed only within bounds."""
    start = file.read(8)
    length = int.from_bytes(start, "little")
    problem = (
        "it has no header"
        if len(start) < 8
        else f"its header would have {length:,} bytes of {size:,}"
        if length > size - 8
        else f"its header has {length:,} bytes; at most {LONGEST_HEADER:,} are read"
        if length > LONGEST_HEADER
        else f"it has {size:,} bytes; at most {LARGEST_FILE:,} are read"
        if size > LARGEST_FILE
        else ""
    )
    try:
        if not problem:
            header = _mapping(_json(file.read(length)))
            metadata = _mapping(header.pop("__metadata__", {}))
            if len(header) > MOST_ARRAYS:
                raise ValueError(f"it has {len(header):,} arrays; at most {MOST_ARRAYS:,} are read")
            return metadata, _layouts(header, size - 8 - length)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        problem = str(error)
    raise ArgumentError(
        f"{source}: not a whole safetensors file ({problem}); it was cut short, damaged, or is a file of "
        "another kind"
    )


def _json(text: str | bytes) -> Any:
    """JSON as the standard has it: no name twice, no NaN, no infinity."""
    if isinstance(text, bytes):
        text = text.decode()  # else JSON's reader would guess an encoding
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON's")


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"names and values are wanted, not {type(value).__name__}")
    return value


def _layouts(header: dict[str, Any], room: int) -> dict[str, Layout]:
    """The arrays in the order of the file, which fill it without a gap."""
    found, end = {}, 0
    places = {name: _mapping(entry) for name, entry in header.items()}
    for name, place in sorted(places.items(), key=lambda item: _offsets(item[1])):
        checked_name(name, "an array")
        layout = Layout(np.dtype(_DTYPES[place["dtype"]]), _shape(place["shape"]))
        begin, after = _offsets(place)
        if begin != end or after - begin != layout.size * layout.dtype.itemsize or len(place) != 3:
            raise ValueError(f"{name!a:.60} does not lie where {layout} would")
        found[name], end = layout, after
    if end != room:
        raise ValueError(f"the arrays take {end:,} bytes, and there are {room:,}")
    return found


def _offsets(place: dict[str, Any]) -> tuple[int, int]:
    begin, end = place["data_offsets"]
    if not is_whole(begin, 0, LARGEST_FILE) or not is_whole(end, begin, LARGEST_FILE):
        raise ValueError("an array lies outside the file")
    return begin, end


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 32 or not all(is_whole(n, 0, 2**40) for n in value):
        raise ValueError("an array has a shape that is none")
    return tuple(value)


def _known(entry: Any) -> tuple[Layout, int]:
    dtype, shape, check = entry
    if not isinstance(dtype, str) or np.dtype(dtype) not in _NAMES or not is_whole(check, 0, 2**32):
        raise ValueError("the inventory of arrays is none")
    return Layout(np.dtype(dtype), _shape(shape)), check


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


def _array(file: BufferedReader, layout: Layout) -> NDArray[Any]:
    array = np.empty(layout.shape, layout.dtype)
    if file.readinto(array.reshape(-1).view(np.uint8)) != array.nbytes:  # type: ignore[arg-type]
        raise ValueError("the file ends in an array")
    return array


def _entry(array: NDArray[Any]) -> list[Any]:
    """Dtype, shape and CRC-32 of an array, as JSON has them."""
    return [str(array.dtype), list(array.shape), zlib.crc32(array.tobytes())]
