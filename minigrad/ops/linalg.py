"""Matrix functions under NumPy's names, public as ``mg.linalg``."""

from minigrad.graph.public import namespace

globals().update(namespace("linalg."))
__all__ = list(namespace("linalg."))
