"""Source code of derived formulas: one standalone function in the language of an array library."""

from minigrad.source.layout import Source
from minigrad.source.mesh import Shard
from minigrad.source.pair import Asked, pair_of
from minigrad.source.write import LANGUAGES, Written, source_of

__all__ = ["LANGUAGES", "Asked", "Shard", "Source", "Written", "pair_of", "source_of"]
