"""What several commands take: paths and seeds."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def seed(help: str) -> Callable[[Any], Any]:
    """The option ``--seed``, a whole number that is not negative."""
    return click.option(
        "--seed",
        default=0,
        show_default=True,
        type=click.IntRange(min=0),
        metavar="N",
        help=help,
    )
