"""Special functions under SciPy's names, public as ``mg.special``."""

from minigrad.graph.public import namespace

globals().update(namespace("special."))
__all__ = list(namespace("special."))
