"""What is checked, and the numbers it is checked on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from minigrad.checking.domain import Trouble, is_finite, values_of
from minigrad.checking.given import bound
from minigrad.checking.lengths import Demand, demands, lengthened
from minigrad.checking.replay import Disturb, Replay, double, last_digit, towards_zero
from minigrad.checking.sample import MOODS, dims_of, draw, generator, size_choices, words_of
from minigrad.checking.source import GeneratedSource
from minigrad.errors import ArgumentError, MinigradError, ShapeError
from minigrad.graph import Node, Tensor
from minigrad.index.expr import Expr
from minigrad.index.size import AnySize, Size, least, value_of
from minigrad.limits import check_bytes
from minigrad.symbolic.lower import Lowered, freed, graph_order
from minigrad.symbolic.names import names_in_graph

_MOST_DRAWS = 48
# So many times all steps are held at once: forward, hand gradients, formula, source.
_WITNESSES = 4
# So many draws of one kind are tried before another kind is.
_PATIENCE = 12


@dataclass
class Subject:
    """What is checked: an output, variables, for each the derived expression, and their source.

    ``lowered`` is None and ``formulas`` hold None where an operation has no meaning; ``why`` then says
    which. ``inner`` makes the subject one of second order: the gradients by these nodes, seeded with
    random directions, are what is differentiated again.
    """

    output: Node
    variables: Sequence[Node]
    names: Sequence[str]
    formulas: Sequence[Expr | None]
    lowered: Lowered | None
    given: Mapping[str, Any] = field(default_factory=dict)
    written: GeneratedSource | None = None
    why: str = ""
    inner: Sequence[Node] | None = None

    def __post_init__(self) -> None:
        order = graph_order([self.output])
        leaves = [node for node in order if node.op is None]
        self.bound, self.bound_sizes = bound(leaves, names_in_graph(order), self.given)

    @cached_property
    def free(self) -> Lowered | None:
        """The meaning as it holds all around the point: what is assumed of a variable is no part of it."""
        if self.lowered is None:
            return None
        return freed(self.lowered, self.output, {*self.variables, *(self.inner or ())})

    @cached_property
    def demands(self) -> Sequence[Demand]:
        """What the places that the output names ask of lengths."""
        lowered = self.lowered
        if lowered is None:
            return ()

        def array(name: str) -> Any:
            node, _ = lowered.leaves.get(name, (None, ()))
            return None if node is None else self.bound.get(node, node.value)

        return demands(lowered.expr(self.output), array)

    @property
    def without_numbers(self) -> list[str]:
        """Notes on data that hold NaN or infinity, where nothing can be judged."""
        leaves = [node for node in graph_order([self.output]) if node.op is None]
        known = {node: self.bound.get(node, node.value) for node in leaves}
        return [
            f"{node.name or 'an unnamed variable'} holds NaN or infinity, where no derivative is defined"
            for node, value in known.items()
            if value is not None and not is_finite(value)
        ]


class Scene:
    """A subject with numbers: leaves, sizes, and a cotangent that makes its output one number.

    Leaves with data keep it, in double precision; others are drawn, again and again, until every
    step of the program is defined; ``trouble`` says which step is not where nothing helped.
    """

    def __init__(self, subject: Subject, seed: int) -> None:
        self.subject = subject
        self.rng = generator(seed)
        self.replay = Replay(subject.output, {})
        self.disturb: Disturb | None = None
        self.trouble = ""
        self._draw_all()
        self.output = np.asarray(self.values[subject.output])
        self.c = np.ones(()) if self.output.ndim == 0 else self.rng.normal(size=self.output.shape)

    # -- numbers -----------------------------------------------------------------------------------

    def _known_sizes(self) -> dict[str, int]:
        """Dims have the sizes of the graph's data, and of the arrays that the caller gave."""
        lowered = self.subject.lowered
        measured = {} if lowered is None or lowered.sizes is None else lowered.sizes
        return {**measured, **self.subject.bound_sizes}

    @property
    def sampled(self) -> bool:
        """Whether some leaf has no data of its own."""
        return any(self._known(node) is None for node in self.replay.leaves)

    def _known(self, node: Node) -> Any:
        return self.subject.bound.get(node, node.value)

    def _draw_all(self) -> None:
        """Draw numbers, and sizes where a matrix has too few rows, until all steps are defined."""
        words = words_of(self.replay.order)
        names, known = dims_of([*self.replay.leaves, *self.replay.order]), self._known_sizes()
        asked = self.subject.demands if names else ()
        choices = (lengthened(sizes, asked, known) for sizes in size_choices(names, known))
        self.sizes = next(choices)
        sampled, draws = self.sampled, 0
        if sampled:
            self._refuse_too_large()
        for _ in range(_MOST_DRAWS):
            self.replay.sizes = self.sizes
            mood = draws // _PATIENCE % len(MOODS)
            self.leaves = {
                node: self._numbers(node, words[node], mood) for node in self.replay.leaves
            }
            try:
                self.values = values_of(self.replay, self.leaves, strict=sampled)
                self.trouble = ""
                return
            except Trouble as trouble:
                self.trouble = str(trouble)
                if not sampled:
                    raise ArgumentError(f"check: {trouble}, on the numbers given") from trouble
                self.sizes = next(choices, self.sizes) if trouble.rank else self.sizes
                draws += 1
        self._make_do()

    def _refuse_too_large(self) -> None:
        """Refuse sizes at which every witness would have to hold arrays beyond the limit."""
        counts = [
            prod(self._size(s) for s in node.shape)
            for node in self.replay.order
        ]
        check_bytes(
            "check: all that the witnesses hold at once, of the sizes declared,",
            (_WITNESSES, sum(counts)),
        )

    def _size(self, size: AnySize) -> int:
        known = isinstance(size, int) or size.names() <= self.sizes.keys()
        return value_of(size, self.sizes) if known else least(size)

    def _make_do(self) -> None:
        """No sample is defined everywhere: what is not finite then cannot be judged."""
        try:
            self.values = values_of(self.replay, self.leaves, strict=False)
        except Trouble as trouble:
            raise ArgumentError(
                f"check: no sample of {', '.join(n.name or '?' for n in self.replay.leaves)} was found at "
                f"which every step is defined ({trouble}); pass numbers: given={{'X': array}}"
            ) from trouble

    def _numbers(self, node: Node, words: set[str], mood: int) -> Any:
        known = self._known(node)
        if known is not None:
            return double(known)
        shape = self.shape(node)
        if not shape and node.name in self.sizes:
            return np.float64(self.sizes[node.name])
        return np.asarray(draw(words, shape, self.rng, mood))

    def shape(self, node: Node) -> tuple[int, ...]:
        """The shape of a node here."""
        return tuple(value_of(s, self.sizes) if isinstance(s, Size) else int(s) for s in node.shape)

    # -- the function that is differentiated ---------------------------------------------------------

    def at(self, k: int) -> Any:
        """The value of variable k."""
        return np.asarray(self.values[self.subject.variables[k]])

    def differentiable(self, k: int) -> bool:
        """Whether variable k holds real numbers."""
        return self.at(k).dtype.kind == "f"

    def moved(self, k: int, direction: Any) -> Callable[[Any], Any]:
        """The output with variable k at x + t direction, as a function of t."""
        node, x = self.subject.variables[k], self.at(k)

        def along(t: Any) -> Any:
            return self.run_at({node: x + t * direction})

        return along

    def run_at(self, moved: Mapping[Node, Any]) -> Any:
        """The output with some nodes elsewhere; NaN where an operation does not take what it is given."""
        try:
            return self.replay.run({**self.leaves, **moved})
        except (MinigradError, np.linalg.LinAlgError):
            return np.full(self.output.shape, np.nan)

    def direction(self, k: int, relative: bool = False) -> Any:
        """A random direction in which every element moves about as much as its own size."""
        x = self.at(k)
        return self.rng.normal(size=x.shape) * self.widths(k, relative)

    def widths(self, k: int, relative: bool = False) -> Any:
        """How far each element of variable k is moved by a step of 1; what is not finite stays."""
        known = np.isfinite(self.at(k))
        x = np.where(known, np.abs(self.at(k)), 0.0)
        typical = float(np.sqrt(np.mean(x**2))) if x.size else 0.0
        wide = x if relative else np.maximum(x, 0.3 * typical) if typical else np.ones(x.shape)
        return np.where(known, wide, 0.0)

    def perturbed(self) -> Scene:
        """The same scene with every number changed in its last digit, also those on the way."""
        twin = copy(self)
        for disturb in (last_digit(self.rng), towards_zero):
            twin.disturb = disturb
            twin.leaves = {node: disturb(value) for node, value in self.leaves.items()}
            try:
                twin.values = twin.replay.every(twin.leaves, disturb)
            except MinigradError:
                continue  # beyond a bound that a number stood on, as the probability 1
            return twin
        return self

    def disturbed(self, disturb: Disturb) -> Scene:
        """The same scene in which whatever is computed on tapes is altered on the way."""
        twin = copy(self)
        twin.disturb = disturb
        return twin

    def with_leaves(self, leaves: dict[Node, Any]) -> Scene:
        """The same scene on other numbers."""
        twin = copy(self)
        twin.leaves = leaves
        twin.values = twin.replay.every(leaves)
        return twin

    def seeded(self, c: Any) -> Scene:
        """The same scene with another cotangent, None for its own.

        Raises
        ------
        ShapeError
            When it has not the shape of the output.
        """
        if c is None:
            return self
        twin = copy(self)
        twin.c = np.asarray(c.numpy() if isinstance(c, Tensor) else c, dtype=float)
        if twin.c.shape != self.output.shape:
            raise ShapeError(
                f"check: the cotangent has shape {twin.c.shape}, the output {self.output.shape}"
            )
        twin.__dict__.pop("natural", None)
        return twin

    @property
    def makings(self) -> float:
        """The size of what the output is made of: it says how exactly a sum can be zero."""
        sizes = [
            float(np.sum(np.abs(self.values[x])))
            for x in self.subject.output.inputs
            if isinstance(x, Node) and np.asarray(self.values[x]).dtype.kind == "f"
        ]
        return max((size for size in sizes if np.isfinite(size)), default=0.0)

    @cached_property
    def natural(self) -> float:
        """The size a slope would have if the output changed by its own size as variables do.

        Where the output is zero, the size that it has when every variable has moved.
        """
        here = float(np.sum(np.abs(self.c * self.output)))
        if not self.output.ndim:
            here = max(here, abs(float(self.c)) * self.makings)
        # what cancels on the way leaves its rounding behind, and that says how large it was
        for _ in range(2):
            disturbed = self.perturbed().values[self.subject.output]
            moved_by = float(np.sum(np.abs(self.c * disturbed - self.c * self.output)))
            if np.isfinite(moved_by):
                here = max(here, moved_by / float(np.finfo(float).eps))
        if here:
            return here
        moved = {
            self.subject.variables[k]: self.at(k) + self.widths(k)
            for k in range(len(self.subject.variables))
            if self.differentiable(k)
        }
        there = float(np.sum(np.abs(self.c * self.run_at(moved))))
        return there if np.isfinite(there) else 0.0

    # -- the symbolic side ---------------------------------------------------------------------------

    def leaf_values(self) -> dict[str, Any]:
        """The arrays of the lowered variables, without their axes of size 1."""
        lowered = self.subject.lowered
        assert lowered is not None
        return {
            # positions of masks are constants that only the formula has
            name: lowered.leaf_array(name, self.leaves.get(node, node.value))
            for name, (node, _) in lowered.leaves.items()
        }

    def named_values(self) -> dict[str, Any]:
        """The arrays of the lowered variables in their own shapes."""
        lowered = self.subject.lowered
        assert lowered is not None
        return {
            name: self.leaves.get(node, node.value) for name, (node, _) in lowered.leaves.items()
        }
