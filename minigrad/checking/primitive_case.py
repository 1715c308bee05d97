"""One primitive on the arguments it had in a graph, and its facts compared pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from minigrad.checking.compare import doubt
from minigrad.checking.differences import slope
from minigrad.checking.draws import generator
from minigrad.checking.replay import Replay
from minigrad.checking.suppress import suppress_warnings
from minigrad.errors import MinigradError
from minigrad.graph import Node, apply, tensor
from minigrad.index.expr import Leaf
from minigrad.index.view import View, measured, number_view
from minigrad.numeric import gradients
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all
from minigrad.symbolic.budget import OutOfTimeError
from minigrad.symbolic.derive import adjoints
from minigrad.symbolic.lower import lower_row

_TOLERANCE = 1e-7
_SINGLE = 1e-3
_EPS, _EPS_32 = float(np.finfo(np.float64).eps), float(np.finfo(np.float32).eps)
_COTANGENT = "·c"
_FEW = 16
_BY_COTANGENT = -1


class Case:
    """A row with arguments; its comparisons answer True (they differ), False or None (not judged)."""

    def __init__(
        self, replay: Replay, node: Node, values: Mapping[Node, Any], rng: np.random.Generator
    ) -> None:
        assert node.op is not None
        self.row, self.params, self.rng = node.op, replay.params(node), rng
        self.arguments = [
            np.asarray(a) if isinstance(x, Node) else a
            for x, a in zip(node.inputs, replay.arguments(node, values), strict=True)
        ]
        self.movable = [
            k
            for k, (x, a) in enumerate(zip(node.inputs, self.arguments, strict=True))
            if isinstance(x, Node) and a.dtype.kind == "f" and self.row.rule(k) is not None
        ]
        self.output = self.run(self.arguments)
        self.c = rng.normal(size=self.output.shape)

    def run(self, arguments: list[Any]) -> Any:
        """The forward function; NaN where it refuses what its own arguments were moved to."""
        try:
            with np.errstate(all="ignore"):
                return np.asarray(self.row.forward(*arguments, **self.params))
        except MinigradError:
            if arguments is self.arguments:
                raise
            return np.full(self.output.shape, np.nan)

    # -- the three pairs -----------------------------------------------------------------------------

    def forward_against_meaning(self) -> bool | None:
        """Whether the values differ."""
        lowered = self._lowered
        if lowered is None:
            return None
        view, values = lowered
        try:
            (meant,) = evaluate_all([view.expr], Environment(values, {}))
            meant = np.asarray(meant, dtype=float).reshape(self.output.shape)
        except OutOfTimeError:
            raise
        except Exception:
            return None  # the check of the whole graph says so
        return _differ(self.output, meant, noise=self._noise(self.arguments, _EPS))

    def vjp_against_differences(self) -> bool | None:
        """Whether the hand VJP and slopes of the forward differ, kinks left out."""
        if not self.movable:
            return None
        judged = False
        for k, g in zip(self.movable, self.hand, strict=True):
            for direction in self._directions(k):
                s = slope(partial(self._run_moved, k, direction), self.c)
                if s.kink or not np.isfinite(s.value):
                    self.kinks.add(k)
                    continue
                judged = True
                size = max(float(np.abs(g * direction).max(initial=0.0)), abs(s.value), 1e-30)
                expected = float((g * direction).sum())
                if (
                    not abs(expected - s.value)
                    <= doubt(uncertainty=s.uncertainty) + _TOLERANCE * size
                ):
                    return True
        return False if judged else None

    def vjp_against_meaning(self) -> bool | None:
        """Whether the hand VJP and the derived one differ, in arguments that are not at a kink."""
        lowered = self._lowered
        chosen = [k for k in self.movable if k not in self.kinks]
        if lowered is None or not chosen:
            return None
        view, values = lowered
        kept = [size for size in self.output.shape if size != 1]
        leaves = [self._leaf(k) for k in chosen]
        values = {**values, _COTANGENT: self.c.reshape(kept)}
        try:
            exprs = adjoints(view.expr, leaves, Leaf(_COTANGENT, tuple(kept)), 0)
            arrays = evaluate_all([exprs[x] for x in leaves], Environment(values, {}))
            arrays = [
                np.asarray(a, dtype=float).reshape(self.arguments[k].shape)
                for k, a in zip(chosen, arrays, strict=True)
            ]
        except OutOfTimeError:
            raise
        except Exception:
            return None
        by_hand = dict(zip(self.movable, self.hand, strict=True))
        return any(_differ(by_hand[k], a) for k, a in zip(chosen, arrays, strict=True))

    # -- what is left when all pairs agree -------------------------------------------------------------

    def forward_in_float32(self) -> str:
        """Evidence that the forward is another function in single precision."""
        rounded = _single(self.arguments)
        high = _doubled(rounded)
        if _differ(self.run(rounded), self.run(high), _SINGLE, self._noise(high, _EPS_32)):
            return "the forward gives other values in float32 than in float64"
        return ""

    def vjp_in_float32(self) -> str:
        """Evidence that the VJP is another function in single precision."""
        rounded, c = _single(self.arguments), self.c.astype(np.float32)
        try:
            low = self._gradients(rounded, c)
        except Exception as error:
            return f"the VJP raises in float32: {error}"
        # on the same rounded numbers, or rounding of an ill-conditioned argument would pass for a lie
        doubled, c = _doubled(rounded), c.astype(np.float64)
        high = self._gradients(doubled, c)
        moved = self._gradients(self._jittered(doubled, _EPS_32), self._jittered([c], _EPS_32)[0])
        if any(
            _differ(a, b, _SINGLE, _largest_gap(b, m))
            for a, b, m in zip(low, high, moved, strict=True)
        ):
            return "the VJP gives other values in float32 than in float64"
        return ""

    def second_order(self) -> str:
        """Evidence that the VJP, run on tensors, has another derivative than its own values."""
        for i, k in enumerate(self.movable):
            direction = self.rng.normal(size=self.arguments[k].shape)
            try:
                by_hand = self._second(i, direction)
            except Exception as error:
                return f"differentiating the VJP raises {type(error).__name__}: {error}"
            # a VJP is linear in its cotangent, so its derivative by it is the VJP itself
            along = self.rng.normal(size=self.c.shape)
            expected = float((self._gradients(self.arguments, along)[i] * direction).sum())
            found = float((by_hand[_BY_COTANGENT] * along).sum())
            if abs(found - expected) > 1e-6 * max(abs(found), abs(expected)):
                return "the derivative of the VJP by its cotangent is not the VJP"
            for j in self.movable:
                if not self.arguments[j].size:
                    continue
                d = self._directions(j)[0]
                s = slope(partial(self._gradient_moved, i, j, d), direction)
                expected = float((by_hand[j] * d).sum())
                size = max(abs(expected), abs(s.value))
                if (
                    not s.kink
                    and abs(expected - s.value) > doubt(uncertainty=s.uncertainty) + 1e-6 * size
                ):
                    return "the derivative of the VJP and differences of the VJP disagree"
        return ""

    def vjp_reads_output(self) -> bool:
        """Whether a VJP uses the output it is given: then a wrong forward can hide behind it."""
        poisoned = np.full(self.output.shape, np.nan)
        for k in self.movable:
            rule = self.row.rule(k)
            assert rule is not None
            lead = (k,) if self.row.variadic else ()
            with np.errstate(all="ignore"):
                try:
                    result = rule(*lead, self.c, poisoned, *self.arguments, **self.params)
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
        return self._gradients(self.arguments, self.c)

    def vjp_error(self) -> str:
        """What the VJP raises, "" where it runs and gives the shapes of its arguments."""
        try:
            shapes = [g.shape for g in self.hand]
        except MinigradError as error:
            return f"{type(error).__name__}: {error}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        for k, shape in zip(self.movable, shapes, strict=True):
            if shape != self.arguments[k].shape:
                return f"a shape {shape} for an argument of shape {self.arguments[k].shape}"
        return ""

    def _gradients(self, arguments: list[Any], c: Any) -> list[Any]:
        output, chosen = self._recorded(arguments)
        if not chosen:
            return []
        with suppress_warnings():
            found = gradients([output], chosen, cotangents=[tensor(c)], allow_unused=True)
        return [
            np.zeros(np.shape(t.numpy())) if g is None else g.numpy()
            for t, g in zip(chosen, found, strict=True)
        ]

    def _recorded(self, arguments: list[Any]) -> tuple[Any, list[Any]]:
        tensors = [
            tensor(a, requires_grad=True) if k in self.movable else a
            for k, a in enumerate(arguments)
        ]
        with suppress_warnings():
            output = apply(self.row, tuple(tensors), self.params)
        return output, [tensors[k] for k in self.movable]

    def _second(self, i: int, direction: Any) -> dict[int, Any]:
        """The derivatives of <direction, VJP> by the arguments, and by the cotangent."""
        output, chosen = self._recorded(self.arguments)
        c = tensor(self.c, requires_grad=True)
        with suppress_warnings():
            g = gradients([output], chosen, cotangents=[c], create_graph=True, allow_unused=True)[i]
        places = [*self.movable, _BY_COTANGENT]
        zeros = [np.zeros(self.arguments[j].shape) for j in self.movable] + [np.zeros(c.shape)]
        if g is None or not g.requires_grad:
            return dict(zip(places, zeros, strict=True))
        with suppress_warnings():
            found = gradients([g], [*chosen, c], cotangents=[tensor(direction)], allow_unused=True)
        return {
            j: zero if h is None else h.numpy()
            for j, h, zero in zip(places, found, zeros, strict=True)
        }

    def _run_moved(self, k: int, direction: Any, t: float) -> Any:
        return self.run(self._moved(k, t * direction))

    def _gradient_moved(self, i: int, j: int, direction: Any, t: float) -> Any:
        return self._gradients(self._moved(j, t * direction), self.c)[i]

    def _jittered(self, arguments: list[Any], eps: float) -> list[Any]:
        """Real arguments moved by a share of about eps."""
        return [
            a * (1 + eps * self.rng.choice([-1.0, 1.0], size=a.shape))
            if isinstance(a, np.ndarray) and a.dtype.kind == "f"
            else a
            for a in arguments
        ]

    def _noise(self, arguments: list[Any], eps: float) -> float:
        """How far the forward moves when its arguments move by a share of eps."""
        here = self.run(arguments)
        draws = (self.run(self._jittered(arguments, eps)) for _ in range(2))
        return max(_largest_gap(here, there) for there in draws)

    def _moved(self, k: int, step: Any) -> list[Any]:
        return [a + step if j == k else a for j, a in enumerate(self.arguments)]

    def _directions(self, k: int) -> list[Any]:
        x = self.arguments[k]
        widths = np.maximum(np.abs(x), 0.1)
        if not x.size:
            return []
        if x.size <= _FEW:
            return [e * widths for e in np.eye(x.size).reshape((-1, *x.shape))]
        rng = generator(1)
        return [rng.normal(size=x.shape) * widths for _ in range(4)]

    def _leaf(self, k: int) -> Leaf:
        return Leaf(f"·{k}", tuple(s for s in self.arguments[k].shape if s != 1))

    @cached_property
    def _lowered(self) -> tuple[View, dict[str, Any]] | None:
        if self.row.meaning is None:
            return None
        views: list[View] = []
        values: dict[str, Any] = {}
        for k, a in enumerate(self.arguments):
            if not isinstance(a, np.ndarray):
                views.append(number_view(a))
                continue
            leaf = self._leaf(k)
            axes, position = [], 0
            for size in a.shape:
                axes.append(position if size != 1 else None)
                position += size != 1
            views.append(View(leaf, tuple(axes)))
            values[leaf.name] = a.reshape([s for s in a.shape if s != 1])
        try:
            with measured({}):
                return lower_row(self.row, views, self.params), values
        except (MinigradError, TypeError, ValueError):
            return None  # the whole graph then has no formula either, and says why


def _single(arguments: list[Any]) -> list[Any]:
    return [
        a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a
        for a in arguments
    ]


def _doubled(arguments: list[Any]) -> list[Any]:
    return [
        a.astype(np.float64) if getattr(a, "dtype", None) == np.float32 else a for a in arguments
    ]


def _largest_gap(a: Any, b: Any) -> float:
    gap = np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
    return float(gap[np.isfinite(gap)].max(initial=0.0))


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
