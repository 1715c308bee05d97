"""`draw`: a graph as a picture, with the formulas of both passes on its cards."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.api.cotangent import Cotangents, target
from minigrad.api.targets import Variable, lowered_graph, variables_of
from minigrad.drawing import Drawing, GraphFormulas, fold, picture_of
from minigrad.errors import ArgumentError, DerivationError
from minigrad.graph import Tensor


def draw(
    output: Tensor,
    backward: bool = True,
    *,
    wrt: Variable | Sequence[Variable] | None = None,
    cotangent: Cotangents | None = None,
    title: str = "",
    depth: int | None = None,
) -> Drawing:
    """The computation graph of ``output``, forward and backward.

    Parameters
    ----------
    output
        A scalar or a tensor, computed from data or from `symbols`.
    backward
        Whether gradients are shown; both pictures have one arrangement.
    wrt
        The variables whose gradients are shown; by default those that require one.
    cotangent
        For an output with axes: what the gradient by it is called, as in `derive`. Without it no gradients
        are shown.
    title
        What stands above the picture.
    depth
        How many levels of scopes are opened; deeper ones are drawn as one card.

    Returns
    -------
    Drawing
        Has ``svg``, ``png``, ``source`` (DOT) and ``save(path)``; a notebook shows it by itself.
    """
    if not isinstance(output, Tensor) or output._node is None:
        raise ArgumentError("draw: needs a tensor computed from tracked or named tensors")
    if not isinstance(title, str):
        raise ArgumentError(f"draw: title={title!r} is no text")
    node = output._node
    goal = target(output, cotangent)
    try:
        lowered = lowered_graph(goal.node, goal.cotangents)
        variables = variables_of(wrt, lowered)
        formulas = GraphFormulas(goal.node, lowered, variables)
        picture = picture_of(node, formulas, title=title)
    except DerivationError:
        # what has no meaning still has a graph; its cards carry no formulas
        picture = picture_of(node, title=title)
    return Drawing(fold(picture, depth=depth), backward=backward)
