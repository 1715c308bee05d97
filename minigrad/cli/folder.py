"""A command's output folder: known to be writable before work begins, filled whole at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from minigrad.errors import ArgumentError


class OutputFolder:
    """Collects files aside; :meth:`publish` renames them into place.

    As a context manager it removes what was not published, and the folder too where it made it.

    Raises
    ------
    ArgumentError
        On entering, when the folder cannot be made or written to.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._names: list[str] = []

    def __enter__(self) -> OutputFolder:
        self._made = [p for p in (self.path, *self.path.parents) if not p.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._aside = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self.path))
        except OSError as error:
            self._remove_made()
            raise ArgumentError(
                f"--out: cannot write to {str(self.path)!r} ({error.strerror or error}); "
                "name a folder that exists or can be made, and that you may write to"
            ) from error
        return self

    def add(self, name: str, data: bytes) -> None:
        """Keep a file aside.

        Raises
        ------
        ArgumentError
            When it cannot be written.
        """
        try:
            (self._aside / name).write_bytes(data)
        except OSError as error:
            raise ArgumentError(
                f"--out: cannot write {str(self.path / name)!r} ({error.strerror or error})"
            ) from error
        self._names.append(name)

    def publish(self) -> list[Path]:
        """Put all files into place, replacing older ones, and tell where they are.

        Raises
        ------
        ArgumentError
            When a place is taken by a folder.
        """
        for name in self._names:
            if (self.path / name).is_dir():
                raise ArgumentError(f"--out: {str(self.path / name)!r} is a folder; move it away")
        for name in self._names:
            os.replace(self._aside / name, self.path / name)
        return [self.path / name for name in self._names]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._aside, ignore_errors=True)
        self._remove_made()

    def _remove_made(self) -> None:
        """Remove the folders made on entering, as far as they are empty."""
        for folder in self._made:
            try:
                folder.rmdir()
            except OSError:
                return
