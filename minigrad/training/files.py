"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from minigrad.errors import ArgumentError


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file's content at once: what reads it, or a crash, meets the old or the new.

    The data go to a file aside and to the disk before the name moves over to them.

    Raises
    ------
    ArgumentError
        When the file cannot be written; what stood there before still does.
    """
    aside = path.with_name(f".{path.name}.unfinished")
    try:
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ArgumentError(f"cannot write {str(path)!r} ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def append_line(path: Path, line: str) -> None:
    """Add a line to a file, on the disk when this returns.

    Raises
    ------
    ArgumentError
        When the file cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ArgumentError(f"cannot write {str(path)!r} ({error.strerror or error})") from error


def _sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk, where the system has a way to."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
