"""Files of weights: NumPy's .npz, arrays by name, judged before an array is read."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError, FileError
from minigrad.files import path_in_words, reading, write_whole
from minigrad.names import name_in_words

Arrays = dict[str, NDArray[Any]]
# Shape and dtype of an array that has not been read: an array that takes no memory.
Judge = Callable[[Arrays], object]
_MOST = 2**15
_DAMAGED = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


def write_weights(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name, whole or not at all."""
    source = path_in_words(path)
    if not source.endswith(".npz"):
        raise ArgumentError(
            f"save: {source}: weights are saved as NumPy's arrays by name; write "
            f"model.save({os.path.splitext(source)[0] + '.npz'!r})"
        )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            # numpy.savez takes names as keywords, and could not write one called "file"
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    write_whole(path, held.getvalue())


def read_weights(path: str | os.PathLike[str], judge: Judge) -> Arrays:
    """The arrays of a file, of which ``judge`` refuses before they are read.

    Raises
    ------
    FileError
        When the file cannot be read, is none of weights, or is damaged.
    """
    source = path_in_words(path)
    with reading(path) as (file, _):
        try:
            with zipfile.ZipFile(file) as archive:
                names = _names(archive)
                judge({name: _layout(archive, name) for name in names})
                return {name: _array(archive, name) for name in names}
        except ArgumentError:
            raise
        except _DAMAGED as error:
            raise FileError(
                f"load: {source}: holds no weights as model.save writes them ({error}); weights of PyTorch "
                "become arrays there, numpy.savez(path, **{k: v.numpy() for k, v in state.items()})"
            ) from error


def _names(archive: zipfile.ZipFile) -> list[str]:
    found = archive.namelist()
    if len(found) > _MOST or len(set(found)) < len(found):
        raise ValueError(f"it has {len(found):,} members, of which none may stand there twice")
    strangers = [name for name in found if not name.endswith(".npy")]
    if strangers:
        raise ValueError(f"{name_in_words(strangers[0])} is no array")
    return [name.removesuffix(".npy") for name in found]


def _header(member: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"an array is of format {version}")
    shape, fortran, dtype = read(member)
    if dtype.hasobject:
        raise ValueError("an array holds Python objects, which are not read")
    return shape, fortran, dtype


def _layout(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        shape, _, dtype = _header(member)
    return np.broadcast_to(np.zeros((), dtype), shape)


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
        if member.read(1):  # what is read to its end has its checksum compared
            raise ValueError(f"{name_in_words(name)} goes on behind its array")
    return array
