"""Second derivatives: <u, gradient> is differentiated again, and every witness speaks of that.

For variables a and b and a random direction u in the space of a, the claim is uᵀ H_ab, an array of b's
shape; along a direction d it is a number, which differences measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from minigrad.checking.compare import arrays_compared, slopes_compared
from minigrad.checking.defined import Point, no_value, settled, settled_slopes, undefined
from minigrad.checking.differences import Slope, mixed_slope, slope
from minigrad.checking.digits import AT_50, second_proof_at_50
from minigrad.checking.ground import same_ground, small_ground
from minigrad.checking.hearing import Hearing
from minigrad.checking.locate import AT_FAULT, locate, machinery
from minigrad.checking.options import Options
from minigrad.checking.proving import NOT_IN_THIS_ARITHMETIC
from minigrad.checking.report import KINK, Comparison, Report, Suspect, merged
from minigrad.checking.sample import generator
from minigrad.checking.scene import Scene, Subject
from minigrad.checking.steps import settled_proof, stuck_along, stuck_at
from minigrad.checking.suppress import suppress_warnings
from minigrad.checking.witnesses import DIFFERENCES, FORMULA, SOURCE, VJP, hand_gradients
from minigrad.errors import DerivationError, MinigradError
from minigrad.graph import Node, tensor
from minigrad.numeric import gradients
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all
from minigrad.symbolic.budget import used_up

TWICE, OF_GRADIENT = f"{VJP}, twice", "differences of the gradient"
_DIRECTIONS = 3
_SECOND = 1e-7
_MOST_OPERATIONS = 20_000


def examine_second(subject: Subject, options: Options) -> Report:
    """All comparisons for the second derivatives of one subject."""
    hearing = Hearing([])
    first = Scene(subject, options.seed).seeded(options.cotangent)
    count = options.seeds or (2 if first.sampled else 1)
    others = (Scene(subject, options.seed + k).seeded(options.cotangent) for k in range(1, count))
    scenes = [first, *others]
    written = lru_cache(maxsize=2)(_written)
    comparisons = merged(_scene(scene, options, hearing, written) for scene in scenes)
    comparisons.extend(_proofs(subject, options, hearing))
    comparisons.extend(merged([hearing.lines]))
    suspects: Sequence[Suspect] = ()
    if any(c.verdict == "fail" for c in comparisons):
        question = partial(locate, first.replay, first.leaves, generator(options.seed))
        suspects = hearing.ask(AT_FAULT, "", question) or machinery(comparisons)
    return Report(comparisons, suspects, hearing.notes)


def _written(scene: Scene) -> list[Any]:
    """The arrays of all blocks by the generated source."""
    written = scene.subject.written
    if written is None:
        raise DerivationError("no source was generated")
    return written.arrays(scene.named_values(), scene.sizes)


def _scene(
    scene: Scene, options: Options, hearing: Hearing, written: Callable[[Scene], list[Any]]
) -> list[Comparison]:
    found: list[Comparison] = []
    for k, name in enumerate(scene.subject.names):
        options.say(f"second derivatives: {name}", k, len(scene.subject.names))
        if used_up():
            # what nobody spoke of is not thereby right
            note = "left out, the time was used up"
            found.append(
                Comparison(
                    "no two witnesses", "", name, float("nan"), _SECOND, note, "inconclusive"
                )
            )
        else:
            found.extend(_Pair(scene, k, hearing, written).comparisons(options))
    return found


class _Pair:
    """One block of the Hessian, applied to a random direction of its first variable."""

    def __init__(
        self, scene: Scene, k: int, hearing: Hearing, written: Callable[[Scene], list[Any]]
    ) -> None:
        self.scene, self.k, self.hearing, self._all_written = scene, k, hearing, written
        subject = scene.subject
        assert subject.inner is not None
        self.a, self.b, self.name = subject.inner[k], subject.variables[k], subject.names[k]
        x = np.asarray(scene.values[self.a])
        self.u = scene.rng.normal(size=x.shape) * _widths(x)
        shape = np.shape(scene.values[self.b])
        stuck = partial(stuck_at, scene, list(subject.variables).index(self.b))
        self.point = Point(shape, self._undefined, stuck, partial(no_value, scene, k))

    def comparisons(self, options: Options) -> Iterator[Comparison]:
        """Claims against each other, and each against slopes."""
        claims = [(w, g) for w, g in self._claims() if options.wants(w) or w == TWICE]
        measured = self._measured(options)
        natural = self.scene.natural
        for i, (first, one) in enumerate(claims):
            for second, other in claims[i + 1 :]:
                a, b = one(self.scene), other(self.scene)
                noise = partial(self._noise, one, other)
                pair = partial(arrays_compared, first, second, self.name, a, b, noise, natural)
                c = self.hearing.ask(f"{first} ~ {second}", self.name, pair)
                if c is not None:
                    yield settled(c, self.point, a, b)
        for who, slopes in measured:
            for first, one in claims:
                g, noise = one(self.scene), partial(self._noise, one)
                pair = partial(
                    slopes_compared,
                    first, who, self.name, g, slopes, noise, natural, base=_SECOND,
                )  # fmt: skip
                c = self.hearing.ask(f"{first} ~ {who}", self.name, pair)
                if c is not None:
                    yield settled_slopes(c, self.point, g, slopes, self._stuck_along)

    def _claims(self) -> list[tuple[str, Callable[[Scene], Any]]]:
        """Who knows the whole block: asked once, so that one who cannot answer is left out."""
        claims: tuple[tuple[str, Callable[[Scene], Any]], ...] = (
            (TWICE, self._by_hand),
            (FORMULA, self._derived),
            (SOURCE, self._written),
        )
        return [
            (who, lru_cache(maxsize=2)(claim))
            for who, claim in claims
            if self.hearing.ask(who, self.name, partial(claim, self.scene), (LinAlgError,))
            is not None
        ]

    def _noise(self, *claims: Callable[[Scene], Any]) -> float:
        return max(
            float(np.abs(claim(self.scene.perturbed()) - claim(self.scene)).max(initial=0.0))
            for claim in claims
        )

    # -- claims --------------------------------------------------------------------------------------

    def _by_hand(self, scene: Scene) -> Any:
        floats = {n for n, v in scene.leaves.items() if np.asarray(v).dtype.kind == "f"}
        with suppress_warnings():
            output, tensors = scene.replay.record(scene.leaves, floats)
            zero = np.zeros(np.shape(scene.values[self.b]))
            (g,) = gradients(
                [output],
                [tensors[self.a]],
                cotangents=[tensor(scene.c)],
                create_graph=True,
                allow_unused=True,
            )
            if g is None or not g.requires_grad:
                return zero
            (h,) = gradients([g], [tensors[self.b]], cotangents=[tensor(self.u)], allow_unused=True)
        return zero if h is None else h.numpy()

    def _derived(self, scene: Scene) -> Any:
        subject = scene.subject
        expr, lowered = subject.formulas[self.k], subject.lowered
        if expr is None or lowered is None:
            raise DerivationError(subject.why or "no formula was derived")
        (array,) = evaluate_all([expr], Environment(scene.leaf_values(), scene.sizes))
        return self._applied(
            scene,
            np.asarray(array, float),
            lowered.expr(subject.output).ndim,
            lowered.expr(self.a).ndim,
        )

    def _written(self, scene: Scene) -> Any:
        array = self._all_written(scene)[self.k]
        return self._applied(scene, np.asarray(array, float), scene.output.ndim, self.u.ndim)

    def _applied(self, scene: Scene, array: Any, out: int, inner: int) -> Any:
        """<c ⊗ u, H> over the output's and the first variable's axes."""
        array = np.tensordot(scene.c.reshape(array.shape[:out]), array, axes=out)
        array = np.tensordot(self.u.reshape(array.shape[:inner]), array, axes=inner)
        return array.reshape(np.shape(scene.values[self.b]))

    # -- slopes ----------------------------------------------------------------------------------------

    def _measured(self, options: Options) -> list[tuple[str, list[tuple[Any, Slope]]]]:
        scene = self.scene
        x = np.asarray(scene.values[self.b])
        if not x.size:
            return []
        directions = [
            scene.rng.normal(size=x.shape) * _widths(x) for _ in range(_DIRECTIONS)
        ]
        found = [(OF_GRADIENT, [(d, slope(self._gradient_along(d), self.u)) for d in directions])]
        if options.wants(DIFFERENCES):
            found.append(
                (DIFFERENCES, [(d, mixed_slope(self._value_along(d), scene.c)) for d in directions])
            )
        return found

    def _gradient_along(self, d: Any) -> Callable[[float], Any]:
        position = list(self.scene.subject.variables).index(self.a)

        def along(t: float) -> Any:
            try:
                return hand_gradients(self._moved({self.b: t * d}))[position]
            except (MinigradError, LinAlgError):
                return np.full(self.u.shape, np.nan)  # beyond what an operation takes

        return along

    def _value_along(self, d: Any) -> Callable[[float, float], Any]:
        def along(s: float, t: float) -> Any:
            step = s * self.u + t * d if self.a is self.b else None
            moves = {self.a: s * self.u, self.b: t * d} if step is None else {self.a: step}
            values = self.scene.values
            return self.scene.run_at({n: np.asarray(values[n]) + m for n, m in moves.items()})

        return along

    def _undefined(self, place: tuple[int, ...]) -> str:
        """Why there is no second derivative by this element: none of first order, or a kink of it."""
        scene = self.scene
        variables = list(scene.subject.variables)
        if not np.isfinite(scene.values[self.a]).all():
            return f"{self.name} holds NaN or infinity, where no derivative is defined"
        why = undefined(scene, self.k, place)
        if why:
            return why
        if slope(scene.moved(variables.index(self.a), self.u), scene.c).kink:
            return KINK
        d = np.zeros(np.shape(scene.values[self.b]))
        d[place] = _widths(np.asarray(scene.values[self.b]))[place]
        s = mixed_slope(self._value_along(d), scene.c)
        return KINK if s.kink or not np.isfinite(s.value) else ""

    def _stuck_along(self, direction: Any) -> str:
        return stuck_along(self.scene, {self.a: self.u}) or stuck_along(
            self.scene, {self.b: direction}
        )

    def _moved(self, moves: dict[Node, Any]) -> Scene:
        scene = self.scene
        return scene.with_leaves(
            {
                **scene.leaves,
                **{node: np.asarray(scene.values[node]) + d for node, d in moves.items()},
            }
        )


def _widths(x: Any) -> Any:
    """How far elements are moved by a step of 1; what is not finite stays."""
    return np.where(np.isfinite(x), np.maximum(np.abs(x), 0.3), 0.0)


# -- at 50 digits --------------------------------------------------------------------------------------


def _proofs(subject: Subject, options: Options, hearing: Hearing) -> list[Comparison]:
    result = []
    for k, name in enumerate(subject.names):
        if subject.formulas[k] is None:
            continue
        question = partial(_proved, subject, options.seed, k)
        found = hearing.ask(AT_50, name, question, NOT_IN_THIS_ARITHMETIC)
        if found is not None:
            assert subject.inner is not None
            nodes = (subject.inner[k], subject.variables[k])
            result.append(settled_proof(found, subject, options.seed, *nodes))
    return result


def _proved(subject: Subject, seed: int, k: int) -> Comparison:
    ground = same_ground(Scene(subject, seed))
    if ground.operations() > _MOST_OPERATIONS:
        ground = small_ground(subject, seed, exact=False)
    return second_proof_at_50(ground, k, FORMULA, subject.names[k])
