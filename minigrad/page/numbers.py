"""The numbers of a study: sizes and values that are given, others sampled, and what every line and gradient is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np

from minigrad.api.subject import subject_of
from minigrad.api.targets import variables_of
from minigrad.checking.distributions import dims_of, generator
from minigrad.checking.domain import Trouble, values_of
from minigrad.checking.replay import Replay
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn
from minigrad.checking.subject import Subject
from minigrad.errors import ArgumentError, MinigradError
from minigrad.graph import Node
from minigrad.index.expr import Expr, referred
from minigrad.index.size import AnySize, Size, value_of
from minigrad.numeric.backward import gradients
from minigrad.page.assumed import refuse_broken
from minigrad.page.given import given, known_sizes
from minigrad.page.question import Question
from minigrad.page.study import Study
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all

# What dims measure that nobody gave a size, in turn.
SIZES = (4, 3, 2)
# Larger arrays are not sent.
MOST_ELEMENTS = 4096
_PLACES = 2
# What two places would make untrue.
_UNROUNDED = {"orthogonal", "simplex"}
_PATIENCE = 8
START = ("random", "0/1")


@dataclass(frozen=True)
class Numbers:
    """What a study is worth: ``variables`` and ``lines`` by name, in their own shapes, in double precision.

    ``known`` are the arrays of whatever formulas name, without axes of size 1; ``gradients`` are those of a
    scalar output by variables and named tensors. All of them are those of one ``sample``.
    """

    sample: Sample
    sizes: dict[str, int]
    variables: dict[str, Any]
    lines: dict[str, Any]
    gradients: dict[str, Any]
    known: dict[str, Any]


def values(study: Study, question: Question, how: Mapping[str, Any]) -> dict[str, Any]:
    """The part `values` of an answer: every array with its gradient, and every line."""
    numbers = numbers_of(study, question)
    forward = [name for name, step in study.lines.items() if step.forward]
    arrays = {
        **numbers.variables,
        **{name: numbers.lines[name] for name in forward if name in numbers.lines},
    }
    loss = study.output._node
    assert loss is not None
    total = next(iter(study.derivation.reading.outputs))
    return {
        "arrays": {
            name: {**told(array), "gradient": _gradient_told(numbers.gradients.get(name))}
            for name, array in arrays.items()
        },
        "lines": {name: told(array) for name, array in numbers.lines.items()},
        "order": list(arrays),
        "sizes": numbers.sizes,
        "loss": None if loss.shape else plain(numbers.known[total])[0],
    }


def told(array: Any) -> dict[str, Any]:
    """An array in plain JSON: its shape and its elements row by row."""
    shape = list(np.shape(array))
    if np.size(array) > MOST_ELEMENTS:
        return {"shape": shape, "large": True}
    return {"shape": shape, "data": plain(array)}


def plain(array: Any) -> list[Any]:
    """The elements row by row; those that JSON does not have are words."""
    data = np.asarray(array, dtype=float).ravel()
    found: list[Any] = data.tolist()
    for k in np.flatnonzero(~np.isfinite(data)):
        found[k] = "NaN" if np.isnan(data[k]) else "Infinity" if data[k] > 0 else "-Infinity"
    return found


def _gradient_told(array: Any) -> list[Any] | None:
    return None if array is None or np.size(array) > MOST_ELEMENTS else plain(array)


# -- what is computed ------------------------------------------------------------------------------------


def numbers_of(study: Study, question: Question) -> Numbers:
    """The numbers of a study, as a question gives them or a seed draws them.

    Raises
    ------
    ArgumentError
        When a name, a number or a size is none that the program takes, or a step is not defined.
    ShapeError
        When an array has more or fewer axes than its variable.
    """
    try:
        sample = _Drawing(study, question).sample()
    except MinigradError as error:
        raise type(error)(str(error).removeprefix("check: ")) from error
    exprs = expressions(study)
    env = Environment(sample.leaf_values(), sample.sizes)
    arrays = dict(zip(exprs, evaluate_all([*exprs.values()], env), strict=True))
    shapes = _shapes(study)

    def shaped(name: str) -> Any:
        sizes = shapes.get(name, exprs[name].sizes)
        return np.asarray(arrays[name]).reshape([value_of(s, sample.sizes) for s in sizes])

    leaves = {node.name: value for node, value in sample.leaves.items() if node.name is not None}
    names = {name: step.line.name for name, step in study.lines.items()}
    lines = {key: shaped(name) for key, name in names.items() if name in exprs}
    return Numbers(
        sample,
        sample.sizes,
        leaves,
        lines,
        _gradients(study, sample, lines),
        {**env.values, **{name: np.asarray(array) for name, array in arrays.items()}},
    )


def expressions(study: Study) -> dict[str, Expr]:
    """What each name on a left side stands for, and each gradient before the second."""
    derivation = study.derivation
    reading = derivation.reading
    formulas = {formula.name: formula.expr for formula in derivation.values()}
    befores = {reading.names.gradient(name): g for name, g in reading.gradients.items()}
    roots = [*reading.definitions, *befores.values(), *formulas.values(), *reading.outputs.values()]
    refs = {ref.name: ref for ref in referred(*roots)}
    return {**refs, **befores, **reading.outputs, **formulas}


def _shapes(study: Study) -> dict[str, tuple[AnySize, ...]]:
    """The shapes of lines that are tensors or their gradients, with axes of size 1; and of formulas."""
    reading = study.derivation.reading
    own = {name: tuple(node.shape) for node, name in reading.lowered.names.items()}
    by = {step.line.name: own[step.line.of] for step in study.lines.values() if step.line.of in own}
    scalar = not reading.node.shape
    return {
        **own,
        **(by if scalar else {}),
        **{formula.name: formula.sizes for formula in study.derivation.values()},
    }


def _gradients(study: Study, sample: Sample, lines: Mapping[str, Any]) -> dict[str, Any]:
    """By every variable that has one and every named tensor: as its line says, else by the rows' rules."""
    reading = study.derivation.reading
    if reading.node.shape:
        return {}
    smooth = set(variables_of(None, reading.lowered))
    nodes = {
        name: node
        for node, name in reading.lowered.names.items()
        if (node in smooth or node.op is not None) and node.dtype.kind == "f"
    }
    of = {step.line.of: name for name, step in study.lines.items() if step.line.of is not None}
    found = {name: lines[of[name]] for name in nodes if of.get(name) in lines}
    lacking = {name: node for name, node in nodes.items() if name not in found}
    if not lacking:
        return found
    with np.errstate(all="ignore"):
        output, tensors = sample.replay.record(sample.leaves, smooth)
        reached = {n: tensors[node] for n, node in lacking.items() if tensors[node].requires_grad}
        swept = gradients(output, [*reached.values()], allow_unused=True) if reached else []
    for name, gradient in zip(reached, swept, strict=True):
        if gradient is not None:
            found[name] = gradient.numpy()
    return found


# -- what is drawn ---------------------------------------------------------------------------------------


class _Drawing:
    """A sample for a question: given numbers, others drawn by the seed and rounded."""

    def __init__(self, study: Study, question: Question) -> None:
        derivation = study.derivation
        if question.start not in START:
            raise ArgumentError(f"start={question.start!r:.40} is neither 'random' nor '0/1'")
        self.reading, self.question = derivation.reading, question
        replay = Replay(self.reading.node, {})
        self.by_name = {node.name: node for node in replay.leaves if node.name is not None}
        self.dims = dims_of([*replay.leaves, *replay.order])
        self.given = {name: given(self._node(name), value) for name, value in question.values.items()}
        self.sizes = {
            name: size for name, size in known_sizes(replay.leaves, question).items() if name in self.dims
        }
        exact = {n: a for n, a in self.given.items() if a.shape == self._shape(n)}
        # what is drawn for one variable does not depend on what another is given
        fixed = exact if len(exact) == len(self.by_name) else {}
        self.subject: Subject = subject_of(self.reading, derivation, derivation.order, fixed)
        self.subject.bound_sizes.update(self.sizes)

    def _node(self, name: str) -> Node:
        if name not in self.by_name:
            known = ", ".join(map(str, self.by_name))
            raise ArgumentError(f"values: {name!r:.40} is no variable of the program; it has {known}")
        return self.by_name[name]

    def _shape(self, name: str) -> tuple[int, ...] | None:
        """The shape that a variable has, None where its dims are not known yet."""
        shape = self.by_name[name].shape
        if any(isinstance(s, Size) and not s.names() <= self.sizes.keys() for s in shape):
            return None
        return tuple(value_of(s, self.sizes) for s in shape)

    def sample(self) -> Sample:
        # a dim keeps its size when another is given one
        usual = dict(zip(self.dims, cycle(SIZES)))
        preferred = [usual[name] for name in self.dims if name not in self.sizes] or SIZES
        found = drawn(self.subject, self.question.seed, preferred)
        drawn_at = [node for node in found.replay.leaves if self.subject.known(node) is None]
        rounded = {
            node: _rounded(found.leaves[node]) for node in drawn_at if not node.assume & _UNROUNDED
        }
        leaves = self._legal(found, rounded) or found.leaves
        if self.question.start == "0/1":
            leaves = self._zeros_and_ones(found, leaves, drawn_at)
        for name, array in self.given.items():  # one of other sizes gives the numbers that both have
            node = self.by_name[name]
            whole = np.array(leaves[node])
            both = tuple(slice(min(pair)) for pair in zip(whole.shape, array.shape, strict=True))
            whole[both] = array[both]
            refuse_broken(node, whole)
            leaves = {**leaves, node: whole}
        try:
            values_of(found.replay, leaves, strict=False)
        except Trouble as trouble:
            raise ArgumentError(f"values: {trouble}, on the numbers given") from trouble
        return found.with_leaves(leaves)

    def _legal(self, found: Sample, changed: Mapping[Node, Any]) -> dict[Node, Any] | None:
        """The numbers with some changed, None where a step is then not defined."""
        leaves = {**found.leaves, **changed}
        strict = not found.trouble
        if any("spd" in n.assume and not _is_positive(a) for n, a in changed.items()):
            return None
        try:
            values_of(found.replay, leaves, strict)
        except Trouble:
            return None
        return leaves

    def _zeros_and_ones(
        self, found: Sample, leaves: dict[Node, Any], drawn_at: list[Node]
    ) -> dict[Node, Any]:
        """Matrices that nothing is assumed of hold zeros and ones, where every step is defined on them."""
        free = [n for n in drawn_at if len(n.shape) > 1 and not n.assume and n.dtype.kind == "f"]
        for attempt in range(_PATIENCE):
            rng = generator(self.question.seed, attempt)
            chosen = {node: _bits(rng, np.shape(leaves[node])) for node in free}
            if legal := self._legal(found, {**leaves, **chosen}):
                return legal
        return leaves


def _bits(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Zeros and ones, not all of them alike where there are several."""
    bits = rng.integers(2, size=shape).astype(float)
    while bits.size > 1 and bits.min() == bits.max():
        bits = rng.integers(2, size=shape).astype(float)
    return bits


def _rounded(array: Any) -> Any:
    return np.round(array, _PLACES) + 0.0 if np.asarray(array).dtype.kind == "f" else array


def _is_positive(matrix: Any) -> bool:
    return bool(np.linalg.eigvalsh(matrix).min() > 0)
