"""Gradients in float32 and float16: what is more wrong there than rounding to those makes it.

Hand VJPs and sources run on numbers of a lower precision, and again in double precision on the same
numbers. Where they differ by more than the precision's budget, everything on the way is rounded to it and moved in its
last digit: what that makes of the gradient is the bound, and where it leaves too few digits nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.checking.compare import doubt, judged, tolerated
from minigrad.checking.replay import Disturb
from minigrad.checking.report import EVERYTHING, Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.suppress import suppress_warnings
from minigrad.checking.whole_gradients import formula_gradients, hand_gradients
from minigrad.checking.witness import VJP, Arrays, Witness
from minigrad.errors import DerivationError
from minigrad.graph import Node

_TWINS = 2

# Gradients on a sample's numbers, all on the way disturbed.
Rounded = Callable[[Sample, Disturb | None], Arrays]


class Precision(NamedTuple):
    """A lower precision, and what it leaves of gradients.

    They agree within ``budget`` of their size, nothing is said where the bound is above ``most``. What is
    smaller than the share ``lost`` of what it is made of has cancelled; a gradient much smaller than the share
    ``natural`` of its natural size is rounding.
    """

    dtype: type[np.floating[Any]]
    budget: float
    most: float
    lost: float
    natural: float

    @property
    def name(self) -> str:
        """As it is called in reports."""
        return np.dtype(self.dtype).name


PRECISIONS = (
    Precision(np.float32, 1e-4, 0.05, 1e-5, 2e-2),
    Precision(np.float16, 3e-2, 0.3, 3e-2, 2e-1),
)
NAMES = tuple(precision.name for precision in PRECISIONS)


def cast(sample: Sample, dtype: Any) -> Sample:
    """The sample on numbers of that dtype."""
    return sample.with_leaves(
        {
            node: np.asarray(value).astype(dtype) if np.asarray(value).dtype.kind == "f" else value
            for node, value in sample.leaves.items()
        }
    )


def in_lower_precision(
    sample: Sample, sources: Sequence[Witness], note: Callable[[str, str], None]
) -> Iterator[Comparison]:
    """Hand VJPs and the texts of ``sources`` in each precision; ``note`` is told who could not be asked, and why."""
    floats = [k for k in range(len(sample.subject.variables)) if sample.differentiable(k)]
    if not floats or not all(sample.at(k).size for k in floats):
        return
    asked: list[tuple[str, Callable[[Sample], Arrays], Rounded]]
    asked = [(VJP, hand_gradients, partial(_rounded, hand_gradients))]
    by_formula = partial(_rounded, formula_gradients)
    asked += [(w.name, w.gradients, by_formula) for w in sources if w.gradients]
    for precision in PRECISIONS:
        try:
            with suppress_warnings():
                lowered = _Lowered(sample, precision, floats)
        except Exception as error:  # NumPy has no inverse in float16, and says so by a TypeError
            note(precision.name, str(error))
            continue
        for who, gradients, rounded in asked:
            try:
                with suppress_warnings():
                    yield from lowered.compared(who, gradients, rounded)
            except Exception as error:
                note(f"{who} in {precision.name}", str(error))


class _Lowered:
    """One sample in one precision, and in double precision on the same numbers."""

    def __init__(self, sample: Sample, precision: Precision, floats: Sequence[int]) -> None:
        self.sample, self.precision, self.floats = sample, precision, floats
        self.low = cast(sample, precision.dtype)
        self.high = cast(self.low, np.float64)
        for node, value in self.low.values.items():
            if np.isfinite(self.high.values[node]).all() > np.isfinite(value).all():
                what = node.op.name if node.op else node.name
                raise DerivationError(f"{what} is not finite in {precision.name}")

    def compared(
        self,
        who: str,
        gradients: Callable[[Sample], Arrays],
        rounded: Rounded,
    ) -> Iterator[Comparison]:
        """Its gradients against those in double precision; ``rounded`` tells what rounding on the way does."""
        name, wanted = self.precision.name, gradients(self.high)
        chosen = [k for k in self.floats if isinstance(wanted[k], np.ndarray)]
        if not chosen or not all(np.isfinite(wanted[k]).all() for k in chosen):
            return
        largest = max(float(np.abs(wanted[k]).max()) for k in chosen)
        if largest > float(np.finfo(self.precision.dtype).max):
            raise DerivationError(f"the gradient is not finite in {name}")
        if 0 < largest * self.precision.budget < float(np.finfo(self.precision.dtype).tiny):
            raise DerivationError(f"the gradient is below what {name} holds")
        size = largest + self.precision.natural * self._natural
        gap = _furthest(gradients(self.low), wanted, chosen)
        if not np.isfinite(gap):  # rounding may lead beyond what floats hold, and a mistake, too
            raise DerivationError(f"the gradient is not finite in {name}")
        allowed = 0.0
        if not gap <= self.precision.budget * size:
            allowed = doubt(self._moved(rounded, chosen)) + self._summed * size
        tolerance = tolerated(self.precision.budget, size, allowed)
        c = judged(who, name, EVERYTHING, gap / (size or 1.0), tolerance)
        if c.verdict == "fail" and (what := self._cancelled()):
            raise DerivationError(f"{what} has no digit left in {name}")
        if tolerance <= self.precision.most:
            yield c

    @property
    def _natural(self) -> float:
        """The size of gradients if the output changed by its own size as the variables do."""
        return self.sample.natural / min(float(self.sample.widths(k).max()) for k in self.floats)

    @property
    def _summed(self) -> float:
        """How far rounding in between may move a sum of everything: n − 1 additions, each by half a last digit."""
        longest = max(np.size(value) for value in self.low.values.values())
        return longest * float(np.finfo(self.precision.dtype).eps)

    def _moved(self, rounded: Rounded, chosen: Sequence[int]) -> float:
        """How far gradients move when data, and all on the way, are rounded and moved in the last digit."""
        here = rounded(self.high, None)
        moving = partial(self._rounded, moving=True)
        disturbs: list[Disturb] = [self._rounded, *[moving] * _TWINS]
        twins = [rounded(self.high, disturb) for disturb in disturbs]
        return max(_furthest(there, here, chosen) for there in (rounded(self.sample, None), *twins))

    def _rounded(self, value: Any, moving: bool = False) -> Any:
        array = np.asarray(value)
        if array.dtype.kind != "f":
            return value
        if moving:
            eps = float(np.finfo(self.precision.dtype).eps)
            array = array * (1 + eps * self.sample.rng.choice([-1.0, 1.0], size=array.shape))
        return array.astype(self.precision.dtype).astype(np.float64)

    def _cancelled(self) -> str:
        """The first step whose result is far below what it is made of, and another number in this precision."""
        for node in self.high.replay.order:
            here, there = (np.asarray(s.values[node]) for s in (self.low, self.high))
            if node.op is None or there.dtype.kind != "f" or not there.size:
                continue
            made_of = [np.asarray(self.high.values[x]) for x in node.inputs if isinstance(x, Node)]
            sizes = (float(np.abs(x).max(initial=0.0)) for x in made_of if x.dtype.kind == "f")
            apart = np.abs(here.astype(float) - there) > 0.1 * np.abs(there)
            if np.any(apart & (np.abs(there) < self.precision.lost * max(sizes, default=0.0))):
                return node.op.name
        return ""


def _rounded(gradients: Callable[[Sample], Arrays], sample: Sample, disturb: Disturb | None) -> Arrays:
    return gradients(sample if disturb is None else sample.disturbed(disturb))


def _furthest(found: Arrays, wanted: Arrays, chosen: Sequence[int]) -> float:
    # NumPy's maximum keeps what is no number, wherever it stands
    return float(np.max([np.abs(np.asarray(found[k], dtype=float) - wanted[k]).max() for k in chosen]))
