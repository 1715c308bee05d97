"""Gradient steps from the page's numbers: the loss after each, and the way that the variables went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.api import compile
from minigrad.api.step import Step
from minigrad.errors import ArgumentError, MinigradError
from minigrad.graph import Node
from minigrad.index.assume import ASSUMPTIONS, THIN
from minigrad.page.assumed import refuse_broken
from minigrad.page.numbers import numbers_of, plain
from minigrad.page.question import Question
from minigrad.page.study import Study

MOST_STEPS = 2000
# More numbers than these are not sent: of a longer way every k-th place.
_MOST_NUMBERS = 200_000


def training(study: Study, question: Question, how: Mapping[str, Any]) -> dict[str, Any]:
    """The part `training` of an answer: x ← x − rate ∂L/∂x, so many times, for all chosen variables x.

    Raises
    ------
    ArgumentError
        When the rate or the count of steps is none, the result is no single number, or an assumption binds
        a variable that was asked for.
    """
    rate, steps = _rate(how.get("rate", 0.1)), _steps(how.get("steps", 100))
    moved = _moved(study, question, how.get("wrt"))
    numbers = numbers_of(study, question)
    values = {name: np.asarray(array) for name, array in numbers.variables.items()}
    step = _compiled(study, tuple(moved))
    losses: list[Any] = []
    path: list[dict[str, Any]] = []
    stopped = None
    for k in range(steps + 1):
        with np.errstate(all="ignore"):
            loss, slopes = step({**numbers.sizes, **values})
        losses.append(float(loss))
        path.append({name: values[name] for name in moved})
        if k == steps:
            break
        values = {name: a - rate * slopes[name] if name in moved else a for name, a in values.items()}
        stopped = _trouble(k, losses[-1], values, moved)
        if stopped:
            break
    size = sum(np.size(values[name]) for name in moved)
    every = max(1, -(-len(path) * size // _MOST_NUMBERS))
    return {
        "losses": plain(losses),
        "path": [
            {name: {"data": plain(array), "shape": list(array.shape)} for name, array in place.items()}
            for place in path[::every]
        ],
        "every": every,
        "wrt": list(moved),
        "stopped": stopped,
    }


def _trouble(k: int, loss: float, values: Mapping[str, Any], moved: Mapping[str, Node]) -> str | None:
    """Why no step is taken any more, in words; None where one can be."""
    if not np.isfinite(loss):
        return f"the loss is {'NaN' if np.isnan(loss) else 'infinite'} from step {k}"
    for name, node in moved.items():
        if not np.isfinite(values[name]).all():
            return f"the gradient by {name} is not finite at step {k}"
        try:
            refuse_broken(node, values[name])
        except ArgumentError:
            words = " and ".join(sorted(node.assume))
            return f"{name} would no longer be {words} after step {k}; a smaller rate goes further"
    return None


def _compiled(study: Study, names: tuple[str, ...]) -> Step:
    try:
        return compile(study.output, list(names))
    except MinigradError as error:
        raise type(error)(f"training: {str(error).removeprefix('compile: ')}") from error


def _moved(study: Study, question: Question, asked: Any) -> dict[str, Node]:
    """The variables that steps change, by name: those that no assumption binds to a thin set."""
    if study.output.shape:
        shape = " ".join(map(str, study.output.shape))
        raise ArgumentError(
            f"training: there is no loss to lower, the result has the shape ({shape}); end the program in one "
            "number, its sum or mean"
        )
    variables = {node.name: node for node in study.variables if node.name is not None}
    names = _names(asked)
    for name in names or ():
        if name not in variables:
            raise ArgumentError(f"training: {name!r:.40} is no variable; there are {', '.join(variables)}")
        bound = _bound(variables[name])
        if bound:
            raise ArgumentError(
                f"training: {name} is {bound}, {ASSUMPTIONS[bound][2]}, and a gradient step would leave that; "
                "choose other variables"
            )
    chosen = names or [n for n in study.wrt or variables if n in variables and not _bound(variables[n])]
    if not chosen:
        raise ArgumentError("training: no variable is free to move; choose one by name, that no assumption binds")
    return {name: variables[name] for name in chosen}


def _bound(node: Node) -> str:
    """The assumption that a step would break, "" for none."""
    return next(iter(sorted(node.assume & THIN.keys())), "")


def _names(asked: Any) -> Sequence[str] | None:
    if asked is None:
        return None
    if not isinstance(asked, list | tuple) or not all(isinstance(name, str) for name in asked):
        raise ArgumentError(f"training: wrt is {asked!r:.60}; give a list of names, or null")
    return list(dict.fromkeys(asked))


def _rate(rate: Any) -> float:
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < np.inf:
        raise ArgumentError(f"training: the rate is {rate!r:.40}; give a number above 0, such as 0.1")
    return float(rate)


def _steps(steps: Any) -> int:
    if type(steps) is not int or not 1 <= steps <= MOST_STEPS:
        raise ArgumentError(f"training: steps is {steps!r:.40}; give a whole number from 1 to {MOST_STEPS}")
    return steps
