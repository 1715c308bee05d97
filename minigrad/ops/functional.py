"""The neural operations under PyTorch's names, public as ``mg.nn.functional``."""

from minigrad.graph.public import namespace

globals().update(namespace("nn."))
__all__ = list(namespace("nn."))
