"""Source code of derived formulas: one standalone function in the language of an array library."""

from minigrad.source.layout import Source
from minigrad.source.write import LANGUAGES, source_of

__all__ = ["LANGUAGES", "Source", "source_of"]
