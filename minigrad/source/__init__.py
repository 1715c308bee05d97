"""Source code of derived formulas: one standalone function in the language of an array library."""

from minigrad.source.write import LANGUAGES, source_of

__all__ = ["LANGUAGES", "source_of"]
