"""Paths on the command line."""

from __future__ import annotations

import os
from pathlib import Path

import click


def path(value: str | os.PathLike[str]) -> Path:
    """A path that a file may have; whether there is one is for the command to find out."""
    try:
        possible = b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise click.BadParameter(f"{value!r} is the name of no file")
    return Path(value)
