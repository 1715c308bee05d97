"""The command line, ``minigrad``."""

from minigrad.cli.group import main

__all__ = ["main"]
