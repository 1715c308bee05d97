"""Claims of whole gradients by one variable against each other, on one sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from minigrad.checking.compare import arrays_compared, furthest
from minigrad.checking.defined import point, settled
from minigrad.checking.hearing import Hearing
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.tangent import DISCRETE, along
from minigrad.checking.witnesses import FORMULA, Arrays, Witness


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

    for i, (first, a) in enumerate(claims):
        for second, b in claims[i + 1 :]:
            names = first.called(subject.order), second.called(subject.order)
            base = max(first.tolerance, second.tolerance)
            moved = partial(noise, first, second)
            pair = partial(arrays_compared, *names, name, a, b, moved, natural, base)
            c = hearing.ask(" ~ ".join(names), name, pair)
            if c is not None:
                yield _determined(settled(c, point(sample, k), a, b), assume)


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
    twins = [witness.gradients(sample.perturbed()) for _ in range(2)]
    return [
        max(furthest(there, g) for there in others) if g is not None else 0.0
        for g, *others in zip(here, *twins, strict=True)
    ]
