"""JavaScript modules as one script, so that a page needs nothing beside itself."""

from __future__ import annotations

import posixpath
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from minigrad.errors import ArgumentError

_IMPORT = re.compile(r'^import\s[^;"]*?(?:from\s*)?"(?P<path>[^"]+)";\n?', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async |function|const|let|class))", re.MULTILINE)
# What names a thing otherwise than its module does would mean nothing once all stand in one script.
_RENAMED = re.compile(r"^(?:import[^;]*\s(?:as)\s[^;]*;|import\s+\w|export\s+(?:default|\{|\*))", re.MULTILINE)


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """A module and all that it imports, each once and after what it needs, as one script.

    The modules share one scope there: a name stands at the top of one of them alone.

    Parameters
    ----------
    entry
        The address of the module that begins.
    read
        The text of the module at an address; addresses are relative to the module that imports.

    Raises
    ------
    ArgumentError
        When a module imports or exports under another name, which one scope cannot hold.
    """
    texts: dict[str, str] = {}
    _join(entry, read, texts, set())
    return "\n".join(texts.values())


def inline(text: str) -> str:
    """A script or a style sheet, so wrapped that HTML and XML read it alike inside a page."""
    return f"/*<![CDATA[*/\n{text}/*]]>*/"


def digest(script: str) -> str:
    """What a content security policy calls the one script that it allows."""
    return f"'sha256-{b64encode(sha256(script.encode('utf-8')).digest()).decode('ascii')}'"


def _join(path: str, read: Callable[[str], str], texts: dict[str, str], begun: set[str]) -> None:
    if path in begun:
        return
    begun.add(path)
    text = read(path)
    renamed = _RENAMED.search(text)
    if renamed:
        raise ArgumentError(f"{path}: {renamed[0].strip()!r} gives a name that one script would not have")
    for found in _IMPORT.finditer(text):
        _join(posixpath.normpath(posixpath.join(posixpath.dirname(path), found["path"])), read, texts, begun)
    texts[path] = _EXPORT.sub("", _IMPORT.sub("", text))
