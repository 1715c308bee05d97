"""Source code of derived formulas: one standalone function in the language of an array library."""

from minigrad.source.layout import Source
from minigrad.source.mesh import Shard
from minigrad.source.write import LANGUAGES, Written, source_of

__all__ = ["LANGUAGES", "Shard", "Source", "Written", "source_of"]
