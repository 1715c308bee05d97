"""Checkpoint files: arrays and facts in one safetensors file, checked before they are believed.

The format holds numbers and JSON text and nothing that runs, so that loading a file from elsewhere
executes none of it.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError
from minigrad.files import write_whole

FORMAT = "minigrad-checkpoint"
VERSION = 1

Arrays = dict[str, NDArray[Any]]


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
        When the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    metadata = {
        "format": FORMAT,
        "format_version": str(VERSION),
        "facts": json.dumps(facts, ensure_ascii=False),
        "arrays": json.dumps({name: _entry(array) for name, array in whole.items()}),
    }
    write_whole(Path(path), _canonical(to_bytes(whole, metadata=metadata)))


def _canonical(data: bytes) -> bytes:
    """The same file with its metadata in one order; the library's own order is left to chance."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at multiples of 8 bytes
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    ArgumentError
        When the file cannot be read, is no safetensors file or not whole, is no checkpoint of
        minigrad, or has a version of the format that this minigrad does not know; or when arrays
        are missing, unexpected, of another shape or dtype than saved, or changed: it lists all.
    """
    source = os.fspath(path)
    arrays, metadata = _content(source)
    if metadata.get("format") != FORMAT:
        raise ArgumentError(
            f"{source}: a safetensors file, but no checkpoint of minigrad; "
            "make one with `minigrad train`"
        )
    if metadata.get("format_version") != str(VERSION):
        raise ArgumentError(
            f"{source}: format version {metadata.get('format_version')}, but this minigrad reads version "
            f"{VERSION}; load it with the minigrad that saved it"
        )
    with blaming(source):
        facts, inventory = dict(json.loads(metadata["facts"])), json.loads(metadata["arrays"])
        faults = sorted(_faults(arrays, dict(inventory)))
    if faults:
        raise ArgumentError(
            f"{source}: the arrays are not those that were saved; take a checkpoint that is whole"
            "\n  " + "\n  ".join(faults)
        )
    return Checkpoint(source, arrays, facts)


class blaming:  # noqa: N801 (read as a statement: with blaming(source))
    """Turn what goes wrong in reading facts into an error that blames the file."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: object) -> None:
        if kind is not None and issubclass(kind, KeyError | TypeError | ValueError):
            raise ArgumentError(
                f"{self.source}: the checkpoint's metadata are damaged "
                f"({kind.__name__}: {error}); take one that was saved whole"
            ) from error


def _content(source: str) -> tuple[Arrays, dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with open(source, "rb"):  # safe_open explains less of what the system says
            pass
        with safe_open(source, framework="numpy") as file:
            metadata = file.metadata() or {}
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except OSError as error:
        raise ArgumentError(f"{source}: cannot be read ({error.strerror or error})") from error
    except (SafetensorError, TypeError, KeyError, ValueError) as error:
        raise ArgumentError(
            f"{source}: not a whole safetensors file ({error}); it was cut short, damaged, or is "
            "a file of another kind"
        ) from error


def _faults(arrays: Arrays, inventory: dict[str, list[Any]]) -> Iterator[str]:
    """A line for each array that is not as the inventory has it."""
    for name in inventory.keys() | arrays.keys():
        if name not in arrays:
            yield f"missing: {name}, {_layout(inventory[name])}"
            continue
        found = _entry(arrays[name])
        if name not in inventory:
            yield f"unexpected: {name}, {_layout(found)}"
        elif found[:2] != inventory[name][:2]:
            yield f"mismatched: {name} is {_layout(found)}, not {_layout(inventory[name])}"
        elif found != inventory[name]:
            yield f"changed: {name} has other values than were saved"


def _entry(array: NDArray[Any]) -> list[Any]:
    """Dtype, shape and CRC-32 of an array, as JSON has them."""
    return [str(array.dtype), list(array.shape), zlib.crc32(array.tobytes())]


def _layout(entry: list[Any]) -> str:
    return f"{entry[0]} of shape {tuple(entry[1])}"
