"""Tensors, the graph they record, and the calls that run a row."""

from minigrad.graph.context import debug_nans, no_grad, scope
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
    "leaf",
    "no_grad",
    "primitive",
    "register_symbolic_shape",
    "scope",
    "step_without_values",
    "tensor",
    "wrap",
]
