"""Gradients: ``loss.backward()`` for leaves, ``gradients`` for any tensors of a graph.

The sweep itself is loaded with the first gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from minigrad.errors import DtypeError, GradientError, ShapeError, SymbolicError
from minigrad.graph.create import own
from minigrad.graph.leaves import RETAINED
from minigrad.graph.node import Node
from minigrad.graph.tensor import Tensor, describe, wrap

if TYPE_CHECKING:
    from minigrad.numeric.sweep import Cotangents


def backward(
    self: Tensor, gradient: Any = None, retain_saved: bool = False, *, retain_graph: bool = False, **others: Any
) -> None:
    """Add ∂(self)/∂(leaf) to ``.grad`` of every leaf that requires a gradient.

    The same for results of which :meth:`Tensor.retain_grad` was called.

    Parameters
    ----------
    gradient
        The cotangent of this tensor; by default 1, which needs a single element.
    retain_saved
        Keep the arrays that the VJPs need, so that backward can run again; ``retain_graph`` is
        PyTorch's name for it.

    Raises
    ------
    GradientError
        When this tensor does not depend on a leaf that requires a gradient, or has several elements
        and no ``gradient`` is given.
    ShapeError
        When ``gradient`` has another shape.
    FreedError
        When an earlier backward has released the arrays.
    KindError
        For any other keyword, with what to write for PyTorch's.
    """
    if others:
        from minigrad.graph.keywords import refuse_others

        refuse_others("backward", others)
    node = self._node
    if gradient is None and node is not None and node.requires_grad and node.shape == ():
        seed = node.dtype.type(1)
    else:
        node = _differentiable("backward", self)
        seed = _cotangent("backward", self, gradient)
    keep = retain_saved or retain_graph
    found = _retaining(node, seed, keep) if RETAINED else _sweep(node, seed, keep)
    for target, g in found.items():
        facts = target.facts
        held = facts.grad  # type: ignore[union-attr]
        if g.dtype is not target.dtype:
            g = g.astype(target.dtype)
        facts.grad = wrap(g if held is None else held._array + g)  # type: ignore[union-attr]


def _retaining(root: Node, g: Any, keep: bool) -> Cotangents:
    """The sweep that also finds the gradients of results that are to keep theirs."""
    from minigrad.numeric.sweep import general_sweep

    among = reachable([root], frozenset())
    wanted = frozenset(node for node in among if node.id in RETAINED)
    if not wanted:
        return _sweep(root, g, keep)
    return general_sweep({root: g}, keep=keep, wanted=wanted, useful=among)


def _first_sweep(root: Node, g: Any, keep: bool) -> Cotangents:
    global _sweep
    from minigrad.numeric.sweep import sweep

    _sweep = sweep
    return sweep(root, g, keep)


# Loaded once and not looked up again: an import statement takes a tenth of a small backward.
_sweep = _first_sweep


def _differentiable(name: str, output: Tensor) -> Node:
    if not isinstance(output, Tensor):
        raise TypeError(f"{name}: differentiates a tensor, not {type(output).__name__}")
    if output._array is None:
        raise SymbolicError(
            f"{name}: {describe(output)} is symbolic and has no numbers; use minigrad.derive"
        )
    node = output._node
    if node is None or not node.requires_grad:
        raise GradientError(
            f"{name}: {describe(output)} does not depend on any tensor that requires a gradient; "
            "make one with minigrad.tensor(data, requires_grad=True), and compute outside no_grad"
        )
    return node


def _cotangent(name: str, output: Tensor, given: Any) -> Any:
    array = output._array
    shape = array.shape
    if given is None:
        if array.size != 1:
            raise GradientError(
                f"{name}: {describe(output)} has {array.size} elements, so it has no single "
                "gradient; reduce it with .sum() or .mean(), or pass a cotangent of its shape"
            )
        return np.ones(shape, array.dtype) if shape else array.dtype.type(1)
    tensor = given if isinstance(given, Tensor) else wrap(own(given, what=name))
    if np.shape(tensor._array) != shape:
        raise ShapeError(
            f"{name}: the cotangent has shape {np.shape(tensor._array)}, but {describe(output)} "
            f"has shape {shape}; they must be equal"
        )
    if tensor.dtype.kind not in "fiub":
        raise DtypeError(f"{name}: a cotangent holds real numbers, not {tensor.dtype}")
    return given if isinstance(given, Tensor) else tensor._array.astype(array.dtype)


@overload
def gradients(
    outputs: Any,
    inputs: Tensor,
    cotangents: Any = ...,
    create_graph: bool = ...,
    allow_unused: bool = ...,
) -> Tensor: ...
@overload
def gradients(
    outputs: Any,
    inputs: Sequence[Tensor],
    cotangents: Any = ...,
    create_graph: bool = ...,
    allow_unused: bool = ...,
) -> list[Tensor | None]: ...
def gradients(
    outputs: Any,
    inputs: Any,
    cotangents: Any = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> Any:
    """The sums Σₒ ⟨cotangent of o, ∂o/∂x⟩ for every x among the inputs.

    Parameters
    ----------
    outputs
        A tensor or a sequence of them.
    inputs
        A tensor or a sequence of them, leaves or not; a single one gives a single gradient.
    cotangents
        One per output, of its shape; by default 1 for outputs of one element.
    create_graph
        Record the gradients on the graph too, so that they can be differentiated again.
    allow_unused
        Give None, instead of an error, for an input on which no output depends.

    Raises
    ------
    GradientError
        When an output depends on nothing, or an input is not reached.
    """
    single = isinstance(inputs, Tensor)
    targets = [inputs] if single else list(inputs)
    outs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    given = _cotangents_list(outs, cotangents)
    nodes = [_differentiable("gradients", out) for out in outs]
    wanted = frozenset(_target("gradients", t) for t in targets)
    useful = leading_to(wanted, reachable(nodes, frozenset()))
    found = propagate(outs, nodes, given, wanted, useful, create_graph)
    results = []
    for position, target in enumerate(targets):
        g = found.get(target._node)
        if g is None and not allow_unused:
            raise GradientError(
                f"gradients: no path leads from the outputs to input {position + 1}, "
                f"{describe(target)}; pass allow_unused=True to get None for it"
            )
        results.append(g)
    return results[0] if single else results


def _cotangents_list(outs: list[Tensor], cotangents: Any) -> list[Any]:
    if cotangents is None:
        return [None] * len(outs)
    if len(outs) == 1 and not isinstance(cotangents, list | tuple):
        return [cotangents]
    given = list(cotangents)
    if len(given) != len(outs):
        raise ShapeError(f"gradients: {len(outs)} outputs but {len(given)} cotangents were given")
    return given


def _target(name: str, x: Any) -> Node:
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}: inputs are tensors, not {type(x).__name__}")
    if x._node is None or not x._node.requires_grad:
        raise GradientError(
            f"{name}: {describe(x)} does not require a gradient; "
            "make it with requires_grad=True before computing the outputs"
        )
    return x._node


def reachable(outputs: Iterable[Node], stop: frozenset[Node]) -> set[Node]:
    """Every node that requires a gradient and leads to an output; nothing beyond ``stop``."""
    found: set[Node] = set()
    stack = [node for node in outputs if node.requires_grad]
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found.add(node)
        if node in stop:
            continue
        stack.extend(p for p in node.inputs if type(p) is Node and p.requires_grad)
    return found


def leading_to(targets: frozenset[Node], among: set[Node]) -> set[Node]:
    """The nodes through which an output depends on a target."""
    useful: set[Node] = set()
    for node in sorted(among, key=lambda n: n.id):
        if node in targets or any(type(p) is Node and p in useful for p in node.inputs):
            useful.add(node)
    return useful


def propagate(
    outs: Sequence[Tensor],
    nodes: Sequence[Node],
    given: Sequence[Any],
    wanted: frozenset[Node],
    useful: set[Node],
    recorded: bool,
    name: str = "gradients",
) -> dict[Node, Tensor]:
    """Sweep from outputs to wanted nodes; the gradients are tensors."""
    from minigrad.numeric.sweep import general_sweep, plain

    seeds: Cotangents = {}
    for out, node, cotangent in zip(outs, nodes, given, strict=True):
        g = _cotangent(name, out, cotangent)
        if recorded and not isinstance(g, Tensor):
            g = wrap(g)
        elif not recorded:
            g = plain([g])[0]
        if node in useful:
            seeds[node] = seeds[node] + g if node in seeds else g
    if recorded:
        found = general_sweep(seeds, keep=True, recorded=True, wanted=wanted, useful=useful)
        return {
            node: g.astype(node.dtype) if g.dtype != node.dtype else g for node, g in found.items()
        }
    found = general_sweep(seeds, keep=True, wanted=wanted, useful=useful)
    return {node: wrap(g.astype(node.dtype, copy=False)) for node, g in found.items()}


Tensor.backward = backward  # type: ignore[method-assign]
