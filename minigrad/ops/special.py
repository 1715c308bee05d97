"""Special functions under SciPy's names, public as ``mg.special``."""

from minigrad.graph.public import namespace

_rows = namespace("special.")
globals().update(_rows)
__all__ = list(_rows)
