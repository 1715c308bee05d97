"""Matrix functions under NumPy's names, public as ``mg.linalg``."""

from minigrad.graph.public import namespace

_rows = namespace("linalg.")
globals().update(_rows)
__all__ = list(_rows)
