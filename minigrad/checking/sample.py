"""The numbers on which a subject is judged, and the functions of them that witnesses ask for.

One sample serves every witness: arrays by leaf for those who run forward functions, the same arrays by
name for those who evaluate formulas (see :mod:`minigrad.checking.meaning`).

For ``L = sum((X @ w) ** 2)`` with X: m n and w: n, a sample holds ``leaves[X]`` of shape (3, 5) and
``leaves[w]`` of shape (5,), where m = 3 and n = 5 were drawn; ``values`` the arrays of ``X @ w`` (3,), its
square (3,) and L (); ``c = 1``, as L is a number. With variable 0 being w and d a direction in its space,
``moved({0: d})`` is t ↦ L(X, w + t d), whose slope at 0 is d₁ ∂L/∂w₁ + … + d₅ ∂L/∂w₅.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.checking.replay import Disturb, Replay, last_digit, towards_zero
from minigrad.checking.subject import Subject
from minigrad.errors import MinigradError, ShapeError
from minigrad.graph import Node, Tensor
from minigrad.index.size import Size

# Directions by the numbers of the variables that they move.
Directions = Mapping[int, Any]
# How often numbers are moved in their last digit to see what rounding does, which moves them by half of
# that at most: evenly spread, by so much in the root of the mean square.
_JITTERS, _SPREAD = 8, 12**-0.5


@dataclass(eq=False)
class Sample:
    """A subject with numbers: leaves, sizes, and a cotangent that makes its output one number.

    ``trouble`` says which step of the program is not defined on them, "" where all are. Of a subject of
    second order ``u`` holds a direction for each of its inner variables: what is differentiated is then
    the slope of <c, output> along it.
    """

    subject: Subject
    sizes: dict[str, int]
    leaves: dict[Node, Any]
    rng: np.random.Generator
    c: Any = None
    u: Mapping[Node, Any] = field(default_factory=dict)
    disturb: Disturb | None = None
    trouble: str = ""

    def __post_init__(self) -> None:
        self.replay = Replay(self.subject.output, self.sizes)

    @cached_property
    def values(self) -> dict[Node, Any]:
        """The array of every node, by the raw forward functions."""
        return self.replay.every(self.leaves, self.disturb)

    @cached_property
    def output(self) -> Any:
        """The array that is differentiated."""
        return np.asarray(self.values[self.subject.output])

    # -- the same subject on other numbers -------------------------------------------------------------

    def _with(self, **changes: Any) -> Sample:
        """A copy with changes; what was found on the way is found again."""
        twin = copy(self)
        for name in ("values", "output", "natural", "jitters"):
            twin.__dict__.pop(name, None)
        twin.__dict__.update(changes)
        return twin

    def with_leaves(self, leaves: dict[Node, Any], **changes: Any) -> Sample:
        """The same sample on other numbers, and with other changes.

        Raises
        ------
        MinigradError
            When a forward function does not take them.
        """
        twin = self._with(leaves=leaves, **changes)
        twin.values = twin.replay.every(leaves)
        return twin

    def shifted(self, moves: Mapping[Node, Any]) -> Sample:
        """The same sample with some nodes moved."""
        moved = {node: np.asarray(self.values[node]) + d for node, d in moves.items()}
        return self.with_leaves({**self.leaves, **moved})

    def perturbed(self, down: bool = False) -> Sample:
        """The same sample with every number changed in its last digit, also those on the way.

        At random, so that what is moved may cancel, or all ``down``, so that what is added up does not.
        """
        for disturb in (last_digit(self.rng), towards_zero)[down:]:
            leaves = {node: disturb(value) for node, value in self.leaves.items()}
            twin = self._with(leaves=leaves, disturb=disturb)
            try:
                twin.values = twin.replay.every(leaves, disturb)
            except MinigradError:
                continue  # beyond a bound that a number stood on, as the probability 1
            return twin
        return self

    def disturbed(self, disturb: Disturb) -> Sample:
        """The same sample in which whatever is computed on tensors is altered on the way."""
        twin = copy(self)
        twin.disturb = disturb
        return twin

    def seeded(self, c: Any) -> Sample:
        """The same sample with another cotangent, None for its own.

        Raises
        ------
        ShapeError
            When it has not the shape of the output.
        """
        if c is None:
            return self
        array = np.asarray(c.numpy() if isinstance(c, Tensor) else c, dtype=float)
        if array.shape != self.output.shape:
            raise ShapeError(
                f"check: the cotangent has shape {array.shape}, the output {self.output.shape}"
            )
        return self._with(c=array, values=self.values)

    def recorded(self) -> tuple[Tensor, dict[Node, Tensor]]:
        """The program on tensors: its output, and the tensors of all nodes."""
        floats = {n for n, value in self.leaves.items() if np.asarray(value).dtype.kind == "f"}
        return self.replay.record(self.leaves, floats, self.disturb)

    def seeds(self, k: int) -> list[dict[Node, Any]]:
        """What derivative k is seeded with before it is differentiated the last time, by node and one by one.

        Where a node stands twice, its direction is turned over the second time, so that the two differ.
        """
        inner = self.subject.nodes(k)[:-1]
        if self.subject.tangents:
            return [{node: self.u[node] for node in inner}] * self.subject.times
        return [
            {node: np.flip(self.u[node]) if n % 2 else self.u[node]} for n, node in enumerate(inner)
        ]

    # -- the function that is differentiated ---------------------------------------------------------

    def at(self, k: int) -> Any:
        """The value of variable k."""
        return np.asarray(self.values[self.subject.variables[k]])

    def differentiable(self, k: int) -> bool:
        """Whether variable k holds real numbers."""
        return self.at(k).dtype.kind == "f"

    def moves(self, directions: Directions, t: Any) -> dict[Node, Any]:
        """How far each node is moved by a step of t."""
        found: dict[Node, Any] = {}
        for k, d in directions.items():
            node = self.subject.variables[k]
            found[node] = found.get(node, 0.0) + t * d
        return found

    def moved(self, directions: Directions) -> Callable[[Any], Any]:
        """The output with some variables moved by t times their directions, as a function of t.

        A computed one is moved when it has been computed: what others do to it stays, so that the slope
        is the sum of the slopes of each.
        """

        def along(t: Any) -> Any:
            return self.run_at(self.moves(directions, t))

        return along

    def moved_twice(self, directions: Directions) -> Callable[[float, float], Any]:
        """The output as a function of (s, t): the inner variable moved by s u, others as in `moved`."""
        inner = {a for k in directions for a in self.subject.nodes(k)[:-1]}

        def along(s: float, t: float) -> Any:
            moves = self.moves(directions, t)
            for a in inner:
                moves[a] = moves.get(a, 0.0) + s * self.u[a]
            return self.run_at(moves)

        return along

    def run_at(self, moves: Mapping[Node, Any]) -> Any:
        """The output with some nodes moved; NaN where an operation does not take what it is given."""
        try:
            return self.replay.run(self.leaves, moves)
        except (MinigradError, np.linalg.LinAlgError):
            return np.full(self.output.shape, np.nan)

    def direction(self, k: int, relative: bool = False) -> Any:
        """A random direction in which every element moves about as much as its own size."""
        return self.rng.normal(size=self.at(k).shape) * self.widths(k, relative)

    def widths(self, k: int, relative: bool = False) -> Any:
        """How far each element of variable k is moved by a step of 1; what is not finite stays."""
        return widths(self.at(k), relative)

    @cached_property
    def alike(self) -> str:
        """Words where a dim has the length of another axis by chance, so that a text does not tell them apart."""
        dims = [size for size in self.sizes.values() if size > 1]
        nodes = self.replay.order
        numbers = {int(s) for node in nodes for s in node.shape if not isinstance(s, Size)}
        told = len(set(dims)) == len(dims) and not numbers & set(dims)
        return "" if told else "axes of different dims have one length here, by which a text is read"

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
    def jitters(self) -> list[Any]:
        """How far the output moves when numbers change in their last digit, those on the way too, a few times."""
        here = self.output.astype(float)
        return [self.perturbed(k == 0).output - here for k in range(_JITTERS)]

    def rounding(self, c: Any = None) -> float:
        """How far rounding on the way moves <c, output>, in the root of the mean square."""
        terms = [(self.c if c is None else c) * moves for moves in self.jitters]
        sums = [float(np.sum(t, where=np.isfinite(t))) for t in terms]
        return _SPREAD * float(np.linalg.norm(sums)) / len(sums) ** 0.5

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
            moved_by = float(np.sum(np.abs(self.c * self.perturbed().output - self.c * self.output)))
            if np.isfinite(moved_by):
                here = max(here, moved_by / float(np.finfo(float).eps))
        if here:
            return here
        moved = {
            self.subject.variables[k]: self.widths(k)
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
        return {name: lowered.leaf_array(name, a) for name, a in self.named_values().items()}

    def named_values(self) -> dict[str, Any]:
        """The arrays of the lowered variables in their own shapes."""
        lowered = self.subject.lowered
        assert lowered is not None
        tangents = {t: self.u[node] for t, node in self.subject.tangents.items()}
        return {
            # positions of masks are constants that only the formula has
            name: tangents.get(node, self.leaves.get(node, node.value))
            for name, (node, _) in lowered.leaves.items()
        }


def widths(x: Any, relative: bool = False) -> Any:
    """How far each element is moved by a step of 1; what is not finite stays."""
    known = np.isfinite(x)
    x = np.where(known, np.abs(x), 0.0)
    typical = float(np.sqrt(np.mean(x**2))) if x.size else 0.0
    wide = x if relative else np.maximum(x, 0.3 * typical) if typical else np.ones(x.shape)
    return np.where(known, wide, 0.0)
