"""One primitive on the arguments it had in a graph, and its facts compared pair by pair.

The case of ``tanh`` in tanh(X @ W) is the program y = tanh(x) of one step on a sample of its own, where x
is what X @ W was: the witnesses of a whole program are asked about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.checking.compare import doubt, furthest
from minigrad.checking.differences import slope
from minigrad.checking.digits import MOST_OPERATIONS, lifted
from minigrad.checking.distributions import generator
from minigrad.checking.low_precision import Precision, cast
from minigrad.checking.meaning import operations
from minigrad.checking.replay import Replay
from minigrad.checking.sample import Sample
from minigrad.checking.subject import Subject
from minigrad.checking.suppress import suppress_warnings
from minigrad.checking.whole_gradients import hand_gradients, swept
from minigrad.errors import DtypeError, MinigradError
from minigrad.graph import Node, leaf, tensor
from minigrad.graph.operation import record
from minigrad.index.expr import Leaf
from minigrad.program.arithmetic import DIGITS_50
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all
from minigrad.symbolic.budget import OutOfTimeError
from minigrad.symbolic.derive import adjoints
from minigrad.symbolic.lower import Lowered, lower

_TOLERANCE = 1e-7
# Single steps of a lower precision are judged by a multiple of what gradients are.
_COARSER = 10
_COTANGENT = "·c"
_FEW = 16


class Case:
    """A row with arguments; its comparisons answer True (they differ), False or None (not judged)."""

    def __init__(
        self, replay: Replay, node: Node, values: Mapping[Node, Any], rng: np.random.Generator
    ) -> None:
        assert node.op is not None
        self.row, self.rng = node.op, rng
        given = replay.arguments(node, values)
        inputs = [
            leaf(np.asarray(a), name=f"·{k}") if isinstance(x, Node) else a
            for k, (x, a) in enumerate(zip(node.inputs, given, strict=True))
        ]
        leaves = {x: x.value for x in inputs if isinstance(x, Node)}
        movable = [
            k
            for k, x in enumerate(inputs)
            if isinstance(x, Node) and x.dtype.kind == "f" and self.row.rule(k) is not None
        ]
        self.positions = movable
        y = np.asarray(values[node])
        step = record(self.row, tuple(inputs), replay.params(node, given), node.context, y, None)._node
        assert step is not None
        variables = [inputs[k] for k in movable]
        formulas = [None] * len(movable)
        names = [f"argument {k}" for k in movable]
        self.subject = Subject(step, variables, names, formulas, _lowered(step))
        self.sample = Sample(self.subject, {}, leaves, rng)
        self.sample.c = rng.normal(size=self.sample.output.shape)
        self.movable = range(len(movable))

    # -- the three pairs -----------------------------------------------------------------------------

    def forward_against_meaning(self) -> bool | None:
        """Whether the values differ."""
        sample, lowered = self.sample, self.subject.lowered
        if lowered is None:
            return None
        try:
            root = lowered.expr(self.subject.output)
            (meant,) = evaluate_all([root], Environment(sample.leaf_values(), sample.sizes))
            meant = np.asarray(meant, dtype=float).reshape(sample.output.shape)
        except OutOfTimeError:
            raise
        except Exception:
            return None  # the check of the whole graph says so
        return _differ(sample.output, meant, noise=self._noise)

    def forward_against_digits(self) -> bool | None:
        """Whether the meaning has another value in the arithmetics that rows tell of beside floats."""
        lowered = self.subject.lowered
        if lowered is None or operations(self.sample) > MOST_OPERATIONS:
            return None
        root = lowered.expr(self.subject.output)
        values = {name: lifted(array) for name, array in self.sample.leaf_values().items()}
        try:
            (meant,) = evaluate_all([root], Environment(values, self.sample.sizes, DIGITS_50))
            meant = np.asarray(meant, dtype=float).reshape(self.sample.output.shape)
        except OutOfTimeError:
            raise
        except Exception:
            return None  # no value at 50 digits
        return _differ(self.sample.output, meant, noise=self._noise)

    def vjp_against_differences(self) -> bool | None:
        """Whether the hand VJP and slopes of the forward differ, kinks left out."""
        judged = False
        for k, g in zip(self.movable, self.hand, strict=True):
            for direction in self._directions(k):
                s = slope(self.sample.moved({k: direction}), self.sample.c)
                if s.kink or not np.isfinite(s.value):
                    self.kinks.add(k)
                    continue
                judged = True
                size = max(float(np.abs(g * direction).max(initial=0.0)), abs(s.value), 1e-30)
                gap = abs(float((g * direction).sum()) - s.value)
                if not gap <= doubt(uncertainty=s.uncertainty) + _TOLERANCE * size:
                    return True
        return False if judged else None

    def vjp_against_meaning(self) -> bool | None:
        """Whether the hand VJP and the derived one differ, in arguments that are not at a kink."""
        sample, lowered = self.sample, self.subject.lowered
        chosen = [k for k in self.movable if k not in self.kinks]
        if lowered is None or not chosen:
            return None
        kept = [size for size in sample.output.shape if size != 1]
        values = {**sample.leaf_values(), _COTANGENT: sample.c.reshape(kept)}
        try:
            leaves = [lowered.expr(self.subject.variables[k]) for k in chosen]
            root = lowered.expr(self.subject.output)
            exprs = adjoints(root, leaves, Leaf(_COTANGENT, tuple(kept)), 0)
            arrays = evaluate_all([exprs[x] for x in leaves], Environment(values, {}))
            derived = [
                np.asarray(a, dtype=float).reshape(sample.at(k).shape)
                for k, a in zip(chosen, arrays, strict=True)
            ]
        except OutOfTimeError:
            raise
        except Exception:
            return None
        return any(_differ(self.hand[k], a) for k, a in zip(chosen, derived, strict=True))

    # -- what is left when all pairs agree -------------------------------------------------------------

    def forward_in(self, precision: Precision) -> str:
        """Evidence that the forward is another function in a lower precision."""
        low, high, moved = self._lowered(precision)
        if _differ(low.output, high.output, _COARSER * precision.budget, furthest(high.output, moved.output)):
            return f"the forward gives other values in {precision.name} than in float64"
        return ""

    def vjp_in(self, precision: Precision) -> str:
        """Evidence that the VJP is another function in a lower precision."""
        low, *doubled = self._lowered(precision)
        try:
            single = _hand(low)
        except DtypeError:
            return ""  # what the row does not take
        except Exception as error:
            return f"the VJP raises in {precision.name}: {error}"
        # on the same rounded numbers, or rounding of an ill-conditioned argument would pass for a lie
        high, moved = (_hand(sample) for sample in doubled)
        pairs = zip(single, high, moved, strict=True)
        if any(_differ(a, b, _COARSER * precision.budget, furthest(b, m)) for a, b, m in pairs):
            return f"the VJP gives other values in {precision.name} than in float64"
        return ""

    def second_order(self) -> str:
        """Evidence that the VJP, run on tensors, has another derivative than its own values."""
        sample = self.sample
        for i in self.movable:
            direction = self.rng.normal(size=sample.at(i).shape)
            try:
                *by_hand, by_cotangent = self._second(i, direction)
            except Exception as error:
                return f"differentiating the VJP raises {type(error).__name__}: {error}"
            # a VJP is linear in its cotangent, so its derivative by it is the VJP itself
            other = self.rng.normal(size=sample.c.shape)
            expected = float((_hand(sample, other)[i] * direction).sum())
            found = float((by_cotangent * other).sum())
            if abs(found - expected) > 1e-6 * max(abs(found), abs(expected)):
                return "the derivative of the VJP by its cotangent is not the VJP"
            for j in self.movable:
                for d in self._directions(j)[:1]:
                    s = slope(self._gradient_along(i, j, d), direction)
                    expected = float((by_hand[j] * d).sum())
                    size = max(abs(expected), abs(s.value))
                    allowed = doubt(uncertainty=s.uncertainty) + 1e-6 * size
                    if not s.kink and abs(expected - s.value) > allowed:
                        return "the derivative of the VJP and differences of the VJP disagree"
        return ""

    def vjp_reads_output(self) -> bool:
        """Whether a VJP uses the output it is given: then a wrong forward can hide behind it."""
        sample, step = self.sample, self.subject.output
        arguments = sample.replay.arguments(step, sample.leaves)
        poisoned = np.full(sample.output.shape, np.nan)
        for k in self.positions:
            rule = self.row.rule(k)
            assert rule is not None
            lead = (k,) if self.row.variadic else ()
            with np.errstate(all="ignore"):
                try:
                    result = rule(*lead, sample.c, poisoned, *arguments, **step.params)
                except Exception:
                    return True
            if np.isnan(np.asarray(result, dtype=float)).any():
                return True
        return False

    # -- what the comparisons need ---------------------------------------------------------------------

    @cached_property
    def kinks(self) -> set[int]:
        """Arguments in which the forward has a kink here."""
        return set()

    @cached_property
    def hand(self) -> list[Any]:
        """The cotangents of the movable arguments."""
        return _hand(self.sample)

    @cached_property
    def _noise(self) -> float:
        """How far rounding in the forward moves the value."""
        moved = (self.sample.perturbed().output for _ in range(2))
        return max(furthest(self.sample.output, y) for y in moved)

    def vjp_error(self) -> str:
        """What the VJP raises, "" where it runs and gives the shapes of its arguments."""
        try:
            shapes = [g.shape for g in self.hand]
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        for k, shape in zip(self.movable, shapes, strict=True):
            if shape != self.sample.at(k).shape:
                return f"a shape {shape} for an argument of shape {self.sample.at(k).shape}"
        return ""

    def _second(self, i: int, direction: Any) -> list[Any]:
        """The derivatives of <direction, VJP> by the movable arguments, and by the cotangent."""
        c = tensor(self.sample.c, requires_grad=True)
        with suppress_warnings():
            output, tensors = self.sample.recorded()
            targets = [tensors[node] for node in self.subject.variables]
            g = swept(output, targets, c, create_graph=True)[i]
            found = swept(g, [*targets, c], tensor(direction))
        shapes = [*(self.sample.at(k).shape for k in self.movable), c.shape]
        return [
            np.zeros(shape) if h is None else h.numpy()
            for h, shape in zip(found, shapes, strict=True)
        ]

    def _gradient_along(self, i: int, j: int, direction: Any) -> Any:
        node = self.subject.variables[j]
        return lambda t: _hand(self.sample.shifted({node: t * direction}))[i]

    def _lowered(self, precision: Precision) -> tuple[Sample, Sample, Sample]:
        """The case in a lower precision, on the same numbers in double, and on those moved by its rounding."""
        eps = float(np.finfo(precision.dtype).eps)

        def seeded(sample: Sample, dtype: Any) -> Sample:
            twin = cast(sample, dtype)
            return twin.with_leaves(twin.leaves, c=sample.c.astype(dtype))

        def jittered(a: Any) -> Any:
            moves = self.rng.choice([-1.0, 1.0], size=a.shape)
            return a * (1 + eps * moves) if a.dtype.kind == "f" else a

        low = seeded(self.sample, precision.dtype)
        high = seeded(low, np.float64)
        leaves = {node: jittered(a) for node, a in high.leaves.items()}
        return low, high, high.with_leaves(leaves, c=jittered(high.c))

    def _directions(self, k: int) -> list[Any]:
        x = self.sample.at(k)
        widths = np.maximum(np.abs(x), 0.1)
        if not x.size:
            return []
        if x.size <= _FEW:
            return [e * widths for e in np.eye(x.size).reshape((-1, *x.shape))]
        rng = generator(1)
        return [rng.normal(size=x.shape) * widths for _ in range(4)]


def _hand(sample: Sample, c: Any = None) -> list[Any]:
    with suppress_warnings():
        return hand_gradients(sample, c)


def _lowered(step: Node) -> Lowered | None:
    """The step's meaning; None where the whole graph has no formula either, and says why."""
    try:
        return lower([step])
    except (MinigradError, TypeError, ValueError):
        return None


def _differ(a: Any, b: Any, tolerance: float = _TOLERANCE, noise: float = 0.0) -> bool:
    """Whether two arrays differ by more than a share of their size, and than noise explains."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.size == 0:
        return False
    known = np.isfinite(a) & np.isfinite(b)
    if not known.all() and (np.isfinite(a) != np.isfinite(b)).any():
        return True
    if not known.any():
        return False
    gap, size = np.abs(a - b)[known], np.maximum(np.abs(a), np.abs(b))[known]
    return float(gap.max()) > max(tolerance * float(size.max()), doubt(noise), 1e-300)
