"""`draw`: a graph as a picture, with the formulas of both passes on its cards."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.api.cotangent import Cotangents, target
from minigrad.api.printed import taken_for_tensor
from minigrad.api.targets import Variable, lowered_graph, variables_of
from minigrad.checking.status import status
from minigrad.drawing import Drawing, GraphFormulas, card_names, fold, picture_of
from minigrad.errors import ArgumentError, DerivationError
from minigrad.graph import Node, Tensor
from minigrad.symbolic.lower import Output


def draw(
    output: Tensor | Sequence[Tensor],
    backward: bool = True,
    *,
    wrt: Variable | Sequence[Variable] | None = None,
    cotangent: Cotangents | None = None,
    title: str = "",
    depth: int | None = None,
    repeats: bool = True,
) -> Drawing:
    """The computation graph of ``output``, forward and backward.

    A card is a named tensor or what a scope hands out, with the operations that lead to it: each layer of a
    model has one, in a frame for each module.

    Parameters
    ----------
    output
        A scalar or a tensor, computed from data or from `symbols`, or several.
    backward
        Whether gradients are shown; both pictures have one arrangement.
    wrt
        The variables whose gradients are shown; by default those that require one.
    cotangent
        For an output with axes, or several: what the gradients by them are called, as in `derive`. Without it
        no gradients are shown.
    title
        What stands above the picture.
    depth
        How many levels of scopes are opened: with 0 each outermost scope is one card, with 1 these are
        frames and what is nested in them is one card each.
    repeats
        Whether three or more alike scopes side by side are folded: the first one is drawn, and one card stands
        for the others (×11).

    Returns
    -------
    Drawing
        Has ``svg``, ``png``, ``source`` (DOT) and ``save(path)``; a notebook shows it by itself.
    """
    outputs: list[Any] = list(output) if isinstance(output, list | tuple) else [output]
    for each in outputs:
        if not isinstance(each, Tensor) or each._node is None:
            hint = taken_for_tensor(each) or "needs a tensor computed from tracked or named tensors"
            raise ArgumentError(f"draw: {hint}")
    if not outputs:
        raise ArgumentError("draw: there is no output to draw")
    if not isinstance(title, str):
        raise ArgumentError(f"draw: title={title!r} is no text")
    if depth is not None and not (isinstance(depth, int) and depth >= 0):
        raise ArgumentError(f"draw: depth={depth!r} is no number of levels; 0 opens no scope")
    nodes = [each._node for each in outputs if each._node is not None]
    names = card_names(nodes)
    together = len(nodes) > 1 and cotangent is None
    cotangents = _free(names, len(nodes)) if together else cotangent
    goal = target(outputs if len(nodes) > 1 else outputs[0], cotangents)
    if together:
        goal.cotangents = {s: Output(o.node, names[o.node]) for s, o in goal.cotangents.items()}
    names |= {seeded.node: seeded.name for seeded in goal.cotangents.values()}
    with status("drawing") as told:
        try:
            lowered = lowered_graph(goal.node, goal.cotangents, names)
            variables = variables_of(wrt, lowered)
            told("the gradients are derived", 0, 0)
            formulas = GraphFormulas(goal.node, lowered, [] if together else variables)
            picture = picture_of(nodes, formulas, names=names, title=title, told=told)
        except DerivationError:
            # what has no meaning still has a graph; its cards carry no formulas
            picture = picture_of(nodes, names=names, title=title)
    return Drawing(fold(picture, depth=depth, repeats=repeats), backward=backward)


def _free(names: Mapping[Node, str], count: int) -> tuple[str, ...]:
    """Names for gradients of which nothing is shown."""
    taken = set(names.values())
    free = (name for k in itertools.count(1) if (name := f"g{k}") not in taken)
    return tuple(itertools.islice(free, count))
