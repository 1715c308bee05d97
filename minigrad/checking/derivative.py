"""Claims of whole gradients by one variable against each other, on one sample."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from minigrad.checking.compare import arrays_compared, furthest
from minigrad.checking.defined import point, settled
from minigrad.checking.hearing import Hearing
from minigrad.checking.replay import Disturb, last_digit
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.tangent import DISCRETE, along
from minigrad.checking.witness import FORMULA, Arrays, Witness, untold
from minigrad.symbolic.budget import OutOfTimeError

# So many times last digits are moved in search of what is not finite.
_NEIGHBOURS = 4


def pairs(
    sample: Sample,
    k: int,
    known: Sequence[tuple[Witness, Arrays]],
    hearing: Hearing,
    movements: Callable[[Sample, Witness], list[float]],
) -> Iterator[Comparison]:
    """The derivative by variable k as each witness knows it, against every other.

    ``movements`` tells how far a witness moves, in every variable, when data change in their last digit.
    """
    subject, x = sample.subject, sample.at(k)
    name, assume = subject.names[k], subject.variables[k].assume
    natural = sample.natural / max(float(sample.widths(k).max(initial=0.0)), 1e-300)
    claims = [(w, along(assume, g[k], x)) for w, g in known if g[k] is not None]

    def noise(*witnesses: Witness) -> float:
        return max(movements(sample, witness)[k] for witness in witnesses)

    heard = {w.name for w, _ in claims}
    for i, (first, a) in enumerate(claims):
        for second, b in claims[i + 1 :]:
            if not _meet(first, second, heard):
                continue
            names = first.called(subject.order), second.called(subject.order)
            base = max(first.tolerance, second.tolerance)
            moved = partial(noise, first, second)
            pair = partial(arrays_compared, *names, name, a, b, moved, natural, base)
            c = hearing.ask(" ~ ".join(names), name, pair)
            if c is not None and c.verdict == "fail" and second.of and sample.alike:
                hearing.silent(names[1], sample.alike, name)
            elif c is not None:
                c = representable(c, sample, (first, a), (second, b))
                yield _determined(settled(c, point(sample, k), a, b), assume)


def _meet(first: Witness, second: Witness, heard: Container[str]) -> bool:
    """Whether two claims are compared: what only shows another one's is held against that one."""
    return all(
        not a.of or a.of == b.name or a.of not in heard
        for a, b in ((first, second), (second, first))
    )


def representable(c: Comparison, sample: Sample, *claims: tuple[Witness, Any]) -> Comparison:
    """The comparison, inconclusive for what shows a formula and overflows on the way: that is no stable form."""
    if c.verdict != "fail":
        return c
    try:
        if not any(w.of and _overflows(w, sample) for w, _ in claims):
            return c
        note = "as it is written it has no finite value at these numbers"
    except OutOfTimeError:
        note = "no time was left to see whether it is finite on the way"
    return replace(c, verdict="inconclusive", note=note, worst=None)


def _overflows(witness: Witness, sample: Sample) -> bool:
    """Whether something that it computes on the way is not finite, or not when last digits change.

    1 − σ(36) is one last digit, and its logarithm infinite without it.
    """
    met = []

    def noted(value: Any, disturb: Disturb) -> Any:
        met.append(not np.isfinite(value).all())
        return disturb(value)

    assert witness.gradients is not None
    for disturb in (lambda value: value, *[last_digit(sample.rng)] * _NEIGHBOURS):
        witness.gradients(sample.disturbed(partial(noted, disturb=disturb)))
    return any(met)


def _determined(c: Comparison, assume: frozenset[str]) -> Comparison:
    """The comparison, inconclusive for a formula that uses an assumption which leaves no direction."""
    words = sorted(assume & DISCRETE)
    if c.verdict != "fail" or not words or FORMULA not in (c.first, c.second):
        return c
    note = f"{c.quantity} is assumed {words[0]}: a formula that uses this has no derivative by it"
    return replace(c, verdict="inconclusive", note=note)


def movements(sample: Sample, witness: Witness) -> list[float]:
    """How far a witness moves, in every variable, when the data change in their last digit."""
    assert witness.gradients is not None
    here = witness.gradients(sample)
    twins = [witness.gradients(sample.perturbed(down)) for down in (False, False, True)]
    return [
        0.0 if untold([g, *others]) else max(furthest(there, g) for there in others)
        for g, *others in zip(here, *twins, strict=True)
    ]
