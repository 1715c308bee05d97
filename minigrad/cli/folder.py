"""A command's output folder: known to be writable before work begins, filled whole at the end."""

from __future__ import annotations

import os
from pathlib import Path

from minigrad.errors import ArgumentError
from minigrad.files import Unfinished, make_folder


class OutputFolder:
    """Collects unfinished files; :meth:`publish` puts them into place.

    As a context manager it removes what was not published, and the folder too where it made it.

    Raises
    ------
    ArgumentError
        On entering, when the folder cannot be made or written to.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._files: list[Unfinished] = []
        self._made: list[Path] = []

    def __enter__(self) -> OutputFolder:
        try:
            # lexists: a link that leads nowhere is not ours to remove
            self._made = [p for p in (self.path, *self.path.parents) if not os.path.lexists(p)]
            make_folder(self.path)
            Unfinished(self.path / "try", b"").discard()
        except (ArgumentError, ValueError) as error:
            self._remove_made()
            raise ArgumentError(
                f"--out: cannot write to {str(self.path)!r} ({error}); "
                "name a folder that exists or can be made, and that you may write to"
            ) from error
        return self

    def add(self, name: str, data: bytes) -> None:
        """Keep a file aside.

        Raises
        ------
        ArgumentError
            When it cannot be written, or its place is taken by a folder.
        """
        self._files.append(Unfinished(self.path / name, data))

    def publish(self) -> list[Path]:
        """Put all files into place, replacing older ones, and tell where they are.

        Raises
        ------
        ArgumentError
            When a place is taken by a folder.
        """
        for file in self._files:
            file.publish()
        return [file.target for file in self._files]

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.discard()
        self._remove_made()

    def _remove_made(self) -> None:
        """Remove the folders made on entering, as far as they are empty."""
        for folder in self._made:
            try:
                folder.rmdir()
            except (OSError, ValueError):
                return
