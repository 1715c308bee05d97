"""Large arguments, where stable forms matter: what overflows or cancels there is wrong nowhere else.

Three claims at the sample many times as large: the hand VJPs, the formula and the source. Only where two of them
differ is anybody asked who is right: 50 digits, which no rounding reaches, and differences of the forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.checking.compare import doubt
from minigrad.checking.differences import slope
from minigrad.checking.digits import MOST_OPERATIONS, at_50
from minigrad.checking.distributions import words_of
from minigrad.checking.meaning import operations
from minigrad.checking.report import Comparison, Worst
from minigrad.checking.sample import Sample
from minigrad.checking.tangent import along
from minigrad.checking.whole_gradients import formula_gradients, hand_gradients, source_gradients
from minigrad.checking.witness import FORMULA, SOURCE, VJP
from minigrad.errors import MinigradError

_FACTORS = (40, 800)
# What is off by less may be rounding, and what confirms is nearer than this.
_CLEARLY, _CLOSELY = 1e-3, 1e-6
# How numbers are moved in their last digit to see what rounding does: a few times at random, and all down.
_TWINS = (False, False, False, True)
# Squares of what is larger come near the end of floats, in whatever form.
_LARGEST = 1e100
# Of these alone every multiple is as good a number as they are.
_SCALABLE = {"real", "nonzero", "positive", "large", "above 1", "spd", "symmetric", "invertible"}


@dataclass(frozen=True)
class Enlarged:
    """A sample at many times its numbers, and how many."""

    sample: Sample
    factor: int

    @property
    def name(self) -> str:
        """How the report calls it."""
        return f"inputs × {self.factor}"


def enlarged(sample: Sample) -> Iterator[Enlarged]:
    """The sample with its real numbers many times as large, where the program has values there."""
    words = words_of(sample.replay.order)
    real = [
        node
        for node, value in sample.leaves.items()
        if np.asarray(value).dtype.kind == "f"
        and words[node] <= _SCALABLE
        and node.name not in sample.sizes
        and (node.name is not None or node.requires_grad)  # else it is written into the source
    ]
    for factor in _FACTORS if real else ():
        try:
            twin = sample.with_leaves(
                {n: factor * v if n in real else v for n, v in sample.leaves.items()}
            )
        except (MinigradError, np.linalg.LinAlgError, ArithmeticError):
            continue
        if np.isfinite(twin.output).all() and _stays_small(twin):
            yield Enlarged(twin, factor)


def _stays_small(sample: Sample) -> bool:
    """Whether no number on the way overflows, nor would its square; what a mask makes −∞ is none."""
    arrays = (v for v in map(np.asarray, sample.values.values()) if v.dtype.kind == "f")
    return all(bool(np.all((np.abs(v) < _LARGEST) | np.isneginf(v))) for v in arrays)


def wrong_claims(at: Enlarged) -> list[Comparison]:
    """Who is wrong about a gradient there; nothing of whom all agree, and of what nobody can tell."""
    sample = at.sample
    sources = [(VJP, hand_gradients), (FORMULA, formula_gradients)]
    if sample.subject.written:
        sources.append((SOURCE, source_gradients))
    claims = {name: found for name, f in sources if (found := _asked(f, sample)) is not None}
    if VJP not in claims or FORMULA not in claims:
        return []
    return [
        line
        for k, name in enumerate(sample.subject.names)
        if sample.differentiable(k) and all(g[k] is not None for g in claims.values())
        for line in _Variable(at, k, name, claims).wrong()
    ]


def _asked(claim: Callable[[Sample], list[Any]], sample: Sample) -> list[Any] | None:
    try:
        return claim(sample)
    except (MinigradError, np.linalg.LinAlgError, ArithmeticError):
        return None  # it has no value there, or needs what the sample does not have


class _Variable:
    """The claims about one variable."""

    def __init__(self, at: Enlarged, k: int, name: str, claims: dict[str, list[Any]]) -> None:
        self.at, self.sample, self.k, self.name = at, at.sample, k, name
        self.claims = {who: self._along(g[k]) for who, g in claims.items()}
        hand = self.claims[VJP]
        self.known = np.isfinite(hand)
        widest = float(self.sample.widths(k).max(initial=0.0))
        # what is less than this share of a gradient's natural size is rounding
        self.least = _CLOSELY * self.sample.natural / max(widest, 1e-300)
        self.scale = float(np.abs(hand).max(initial=0.0, where=self.known))

    def _along(self, gradient: Any) -> Any:
        """A gradient as far as the variable can be moved."""
        assume = self.sample.subject.variables[self.k].assume
        return np.asarray(along(assume, gradient, self.sample.at(self.k)), float)

    def wrong(self) -> Iterator[Comparison]:
        """A line for each claim that is."""
        hand = self.claims[VJP]
        for who in (FORMULA, SOURCE):
            apart = self._apart(self.claims.get(who, hand), hand) & self.known
            if not apart.any() or not self.scale:
                continue
            exact = self.exact
            if exact is None:
                return
            right = apart & ~self._apart(hand, exact, _CLOSELY)
            if right.any() and not self._drowned(who, hand):
                yield self._line(who, hand, right)
            elif who == FORMULA and not self._chosen and self._vjp_is_off(exact, apart):
                yield self._line(VJP, exact, apart)

    @property
    def _chosen(self) -> bool:
        """Whether a row tells of a choice, as of the clamp of a cross-entropy: it may be what is off."""
        return any(node.op.kinks for node in self.sample.replay.order if node.op is not None)

    def _apart(self, a: Any, b: Any, share: float = _CLEARLY) -> Any:
        return ~(np.abs(a - b) <= max(share * self.scale, self.least))

    @cached_property
    def exact(self) -> Any:
        """The formula's value in 50 digits; None where that takes too long, or there is none."""
        if operations(self.sample) > MOST_OPERATIONS:
            return None
        try:
            gradient = np.asarray(at_50(self.sample).gradient(self.k), dtype=float)
            found = gradient.reshape(self.sample.at(self.k).shape)
        except (MinigradError, ValueError, TypeError, ArithmeticError):
            return None
        return self._along(found)

    def _drowned(self, who: str, hand: Any) -> bool:
        """Whether the last digits of the numbers move claims as far as this one is off, or leave the program none.

        Of log(Σ X⁺) the sign within may be a matter of rounding: its gradient then is too.
        """
        claim = {FORMULA: formula_gradients, SOURCE: source_gradients}[who]
        here, moved = self.claims[who], 0.0
        if not np.isfinite(here).all():
            return False
        for down in _TWINS:
            twin = self.sample.perturbed(down)
            told, there = _asked(hand_gradients, twin), _asked(claim, twin)
            if told is None or there is None:
                continue
            by_hand, claimed = (self._along(array[self.k]) for array in (told, there))
            if not np.isfinite(by_hand[self.known]).all():
                return True
            gaps = np.abs(by_hand - hand)[self.known].max(), np.abs(claimed - here).max()
            moved = max(moved, *(float(gap) for gap in gaps if np.isfinite(gap)))
        return bool(doubt(moved) > np.abs(here - hand).max())

    def _vjp_is_off(self, exact: Any, apart: Any) -> bool:
        """Whether differences of the forward side with formula and 50 digits, in the element furthest off."""
        hand, formula = self.claims[VJP], self.claims[FORMULA]
        gap = np.where(apart, np.abs(hand - exact), 0.0)
        place = np.unravel_index(int(np.argmax(gap)), gap.shape)
        if self._apart(formula, exact, _CLOSELY)[place] or not np.isfinite(exact[place]):
            return False
        d = np.zeros(gap.shape)
        d[place] = self.sample.widths(self.k)[place]
        s = slope(self.sample.moved({self.k: d}), self.sample.c)
        off = abs(s.value - exact[place] * d[place]) + doubt(uncertainty=s.uncertainty)
        return not s.kink and bool(off <= 0.1 * gap[place] * d[place])

    def _line(self, who: str, right: Any, places: Any) -> Comparison:
        claim = self.claims[who]
        gap = np.where(places, np.where(np.isfinite(claim), np.abs(claim - right), np.inf), -1.0)
        place = tuple(map(int, np.unravel_index(int(np.argmax(gap)), gap.shape)))
        worst = Worst(place, float(claim[place]), float(right[place]))
        error = float(gap[place] / self.scale) if np.isfinite(gap[place]) else float("nan")
        note = "wrong at large arguments"
        return Comparison(who, self.at.name, self.name, error, _CLEARLY, note, "fail", worst)
