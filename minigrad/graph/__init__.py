"""Tensors, the graph they record, and the calls that run a row."""

from minigrad.graph import leaves  # noqa: F401  (gives Tensor what a leaf can do)
from minigrad.graph.context import debug_nans, enable_grad, no_grad, scope
from minigrad.graph.create import tensor
from minigrad.graph.define import composite, contraction, elementwise, primitive
from minigrad.graph.dims import Dim
from minigrad.graph.node import Node, Slot, leaf
from minigrad.graph.operation import apply, register_symbolic_shape, step_without_values
from minigrad.graph.tensor import Tensor, wrap

__all__ = [
    "Dim",
    "Node",
    "Slot",
    "Tensor",
    "apply",
    "composite",
    "contraction",
    "debug_nans",
    "elementwise",
    "enable_grad",
    "leaf",
    "no_grad",
    "primitive",
    "register_symbolic_shape",
    "scope",
    "step_without_values",
    "tensor",
    "wrap",
]
