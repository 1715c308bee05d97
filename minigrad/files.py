"""Files: the one writer, which leaves whole files or none, and the one reader, which never waits.

What is unfinished has a name that nobody can foresee, in the folder where the file will stand. It is
made anew and never through a link, goes to the disk, and takes the file's place in one move. A link
in that place is replaced by the file; what the link led to is left alone.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Self

from minigrad.errors import ArgumentError, FileError, KindError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)
# Not every system has them: a link is not followed, and a pipe that nobody writes to is not waited for.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)

_ADVICE = {
    errno.ENOENT: "name a file in a folder that exists",
    errno.ENOTDIR: "name a file in a folder that exists",
    errno.EISDIR: "it is a folder; name a file",
    errno.EACCES: "name a place that you may write to",
    errno.EPERM: "name a place that you may write to",
    errno.EROFS: "name a place that you may write to",
    errno.ENOSPC: "make room on the disk, or name another",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ELOOP: "it is a link that leads back to itself, or may not be followed",
}


@contextmanager
def _in_words(problem: str, advise: bool = True) -> Iterator[None]:
    """What the system says, as an error of the library."""
    try:
        yield
    except ArgumentError:  # said already
        raise
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "") if advise else ""
        raise FileError(
            f"{problem} ({error.strerror or error})" + (f"; {advice}" if advice else "")
        ) from error
    except ValueError as error:  # NUL and lone surrogates are in no system's names
        raise FileError(f"{problem}: no file has such a name") from error


class Unfinished:
    """A file's content, on the disk beside the place that it will take.

    Parameters
    ----------
    target
        Where :meth:`publish` puts it.
    data
        The content.

    Raises
    ------
    FileError
        When it cannot be written; nothing is left behind.
    """

    def __init__(self, target: Path, data: bytes) -> None:
        self.target = target
        self._aside = target.parent / f".minigrad-{secrets.token_hex(16)}.unfinished"
        with _in_words(_not_written(target)):
            mode = _mode_of(target)
            handle = os.open(self._aside, _NEW | _NO_LINK, 0o666)  # less what the umask takes
            try:
                with os.fdopen(handle, "wb") as file:
                    if mode is not None and hasattr(os, "fchmod"):
                        os.fchmod(file.fileno(), mode)
                    file.write(data)
                    _to_disk(file)
            except BaseException:
                self.discard()
                raise

    def publish(self) -> None:
        """Let it take its place: who reads there meets the old content or the new.

        Raises
        ------
        FileError
            When the place is taken by what is no file.
        """
        with _in_words(_not_written(self.target)):
            try:
                _mode_of(self.target)
                os.replace(self._aside, self.target)
            except BaseException:
                self.discard()
                raise
        _sync_folder(self.target.parent)

    def discard(self) -> None:
        """Leave no trace of it; harmless where it has been published."""
        with suppress(OSError):
            self._aside.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace a file's content at once: what reads it, or a crash, meets the old or the new.

    An older file's permissions are kept; a link is replaced, and what it led to stays as it is.

    Raises
    ------
    FileError
        When the file cannot be written, or the place is taken by a folder, a device or a pipe; what
        stood there before still does.
    """
    with Unfinished(Path(path), data) as file:
        file.publish()


def append_line(path: Path, line: str) -> None:
    """Add a line to a file that exists, on the disk when this returns.

    Raises
    ------
    FileError
        When there is no such file, it is a link, or it cannot be written.
    """
    with _in_words(_not_written(path)):
        _mode_of(path)
        with os.fdopen(os.open(path, _APPEND | _NO_LINK | _NO_WAIT), "ab") as file:
            file.write(f"{line}\n".encode())
            _to_disk(file)


def remove(path: Path) -> None:
    """Remove a file or a link, where one stands there.

    Raises
    ------
    FileError
        When it cannot be removed, for example because it is a folder.
    """
    with _in_words(f"cannot replace {str(path)!r}"):
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are not there.

    Raises
    ------
    FileError
        When it cannot be made.
    """
    with _in_words(f"cannot make the folder {str(path)!r}"):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[tuple[BufferedReader, int]]:
    """A file to read from, and its size: what is no file (a pipe, a device) is refused, not waited for.

    Raises
    ------
    FileError
        When it cannot be read, or is no file.
    """
    problem = f"{path_in_words(path)}: cannot be read"
    with _in_words(problem, advise=False):
        handle = os.open(path, _READ | _NO_WAIT)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise FileError(f"{problem} (it is {_kind(found)}, not a file)")
            yield file, found.st_size


def read_whole(path: str | os.PathLike[str], most: int) -> bytes:
    """A file's content, of at most so many bytes.

    Raises
    ------
    FileError
        When it cannot be read, is no file, or is larger.
    """
    with reading(path) as (file, size):
        if size > most:
            raise FileError(
                f"{path_in_words(path)}: cannot be read (it has {size:,} bytes; at most {most:,} are read)"
            )
        return file.read(most)


def path_in_words(path: str | os.PathLike[str]) -> str:
    """A path in the words of an error, whatever its characters.

    Raises
    ------
    KindError
        When it is no path: os.open would take 3 for an open file.
    """
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        raise KindError(f"a file's name is a str or a Path, not {name!r:.80}")
    return name if name.isprintable() else repr(name)


def _not_written(path: Path) -> str:
    return f"cannot write {str(path)!r}"


# -- what the system is asked -------------------------------------------------------------------------


def _mode_of(target: Path) -> int | None:
    """The permissions of the file that stands there, None where nothing or a link does.

    What is no file is refused, and so is a link to such: /dev/stdout must not become a file.
    """
    try:
        linked = stat.S_ISLNK(target.lstat().st_mode)
        found = target.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    if not stat.S_ISREG(found.st_mode) or (linked and os.readlink(target).startswith("/proc/")):
        kind = _kind(found) if not stat.S_ISREG(found.st_mode) else "a link to an open stream"
        raise FileError(f"cannot write {str(target)!r}: it is {kind}; name a file")
    return None if linked else stat.S_IMODE(found.st_mode) & 0o777


def _kind(found: os.stat_result) -> str:
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((words for holds, words in kinds if holds(found.st_mode)), "something else")


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk, where the system has a way to."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):  # the file stands there; a folder that may not be read keeps its secret
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
