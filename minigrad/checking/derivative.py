"""One derivative on one sample: every claim about it against every other, and against measured slopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDING, arrays_compared, furthest, slopes_compared
from minigrad.checking.defined import (
    ANOTHER_FUNCTION,
    contradicted,
    point,
    settled,
    settled_slopes,
)
from minigrad.checking.differences import Slope
from minigrad.checking.hearing import Hearing
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.steps import stuck_along_one
from minigrad.checking.tangent import DISCRETE, along
from minigrad.checking.witnesses import COMPLEX, FORMULA, Arrays, Witness
from minigrad.symbolic.budget import used_up

_DIRECTIONS = 3
# Variables of no more elements are asked for each of them, where that is wanted.
_EVERY = 64
# What slopes of an order leave of a gradient's digits, whatever they say of themselves.
_COARSER = {1: ROUNDING, 2: 1e-7}

Known = Sequence[tuple[Witness, Arrays]]
Measured = list[tuple[Any, Slope]]


class Derivative:
    """The derivative by variable k; ``every`` asks for its elements one by one, not along directions.

    ``movements`` tells how far a witness moves, in every variable, when data change in their last digit.
    """

    def __init__(
        self,
        sample: Sample,
        k: int,
        hearing: Hearing,
        movements: Callable[[Sample, Witness], list[float]],
        every: bool,
    ) -> None:
        self.sample, self.k, self.hearing, self.movements = sample, k, hearing, movements
        self.subject, self.x = sample.subject, sample.at(k)
        self.name, self.assume = self.subject.names[k], self.subject.variables[k].assume
        self.by_element = every and self.x.size <= _EVERY and not self.assume

    def compared(self, known: Known, slopes: Sequence[Witness]) -> Iterator[Comparison]:
        """Claims of whole gradients against each other, then each against slopes."""
        claims = [(w, arrays[self.k]) for w, arrays in known if arrays[self.k] is not None]
        yield from self._pairs(claims)
        for witness in slopes:
            if not claims or used_up():
                break
            question = partial(self._measured, witness)
            measured = self.hearing.ask(self._called(witness), self.name, question)
            if measured is not None:
                yield from self._against(witness, measured, claims)

    def _called(self, witness: Witness) -> str:
        return witness.called(self.subject.order)

    def _pairs(self, claims: Sequence[tuple[Witness, Any]]) -> Iterator[Comparison]:
        widest = float(self.sample.widths(self.k).max(initial=0.0))
        natural = self.sample.natural / max(widest, 1e-300)
        open_to = [(w, along(self.assume, g, self.x)) for w, g in claims]
        for i, (first, a) in enumerate(open_to):
            for second, b in open_to[i + 1 :]:
                names = self._called(first), self._called(second)
                noise = partial(self._noise, first, second)
                base = max(first.tolerance, second.tolerance)
                pair = partial(arrays_compared, *names, self.name, a, b, noise, natural, base)
                c = self.hearing.ask(" ~ ".join(names), self.name, pair)
                if c is not None:
                    yield self._determined(settled(c, point(self.sample, self.k), a, b))

    def _against(
        self, witness: Witness, measured: Measured, claims: Sequence[tuple[Witness, Any]]
    ) -> list[Comparison]:
        """Every claim against the slopes of one witness; nothing where these are of another function."""
        sample, k, found = self.sample, self.k, []
        for claim, g in claims:
            names = self._called(claim), self._called(witness)
            noise = partial(self._noise, claim)
            base = max(claim.tolerance, _COARSER[self.subject.order])
            pair = partial(
                slopes_compared,
                *(*names, self.name, g, measured),
                *(noise, sample.natural, self.by_element, base),
            )
            c = self.hearing.ask(" ~ ".join(names), self.name, pair)
            if c is None:
                continue
            if witness.name == COMPLEX and contradicted(c, sample, k, g, measured):
                self.hearing.silent(COMPLEX, ANOTHER_FUNCTION, self.name)
                return []
            stuck = partial(stuck_along_one, sample, k)
            found.append(settled_slopes(c, point(sample, k), g, measured, stuck))
        return found

    def _noise(self, *witnesses: Witness) -> float:
        """How far these witnesses move when the data change in their last digit."""
        return max(self.movements(self.sample, witness)[self.k] for witness in witnesses)

    def _measured(self, witness: Witness) -> Measured:
        if not self.x.size:
            return []
        return self._by_element(witness) if self.by_element else self._by_direction(witness)

    def _by_element(self, witness: Witness) -> Measured:
        assert witness.slope is not None
        widths, found = self.sample.widths(self.k), []
        for place in np.ndindex(self.x.shape):
            d = np.zeros(self.x.shape)
            d[place] = widths[place]
            if d.any():
                found.append((d, witness.slope(self.sample, self.k, d)))
        return found

    def _by_direction(self, witness: Witness) -> Measured:
        assert witness.slope is not None
        found: Measured = []
        for _ in range(_DIRECTIONS):
            if found and used_up():
                break
            for relative in (False, True):
                direction = self.sample.direction(self.k, relative)
                d = along(self.assume, direction, self.x)
                s = witness.slope(self.sample, self.k, d)
                if np.isfinite(s.value):
                    break
            found.append((d, s))
        return found

    def _determined(self, c: Comparison) -> Comparison:
        """The comparison, inconclusive for a formula that uses an assumption which leaves no direction."""
        words = sorted(self.assume & DISCRETE)
        if c.verdict != "fail" or not words or FORMULA not in (c.first, c.second):
            return c
        note = (
            f"{c.quantity} is assumed {words[0]}: a formula that uses this has no derivative by it"
        )
        return replace(c, verdict="inconclusive", note=note)


def movements(sample: Sample, witness: Witness) -> list[float]:
    """How far a witness moves, in every variable, when the data change in their last digit."""
    assert witness.gradients is not None
    here = witness.gradients(sample)
    twins = [witness.gradients(sample.perturbed()) for _ in range(2)]
    return [
        max(furthest(there, g) for there in others) if g is not None else 0.0
        for g, *others in zip(here, *twins, strict=True)
    ]
