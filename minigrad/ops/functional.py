"""The neural operations under PyTorch's names, public as ``mg.nn.functional``."""

from minigrad.graph.public import namespace

_rows = namespace("nn.")
globals().update(_rows)
__all__ = list(_rows)
