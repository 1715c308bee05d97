"""The check of a derivative: every witness that applies speaks on the same numbers, pairs are compared.

For an output y, a random cotangent c makes a number <c, y> (for a scalar output c = 1). Whole gradients
are compared element by element; slopes along random directions judge each of them. Second derivatives
are asked the same: their number is the slope of <c, y> along a direction of the inner variable.

Take L = Σᵢ xᵢ³ at x = (1, 2). The hand VJPs and the formula both say (3, 12): they differ by 0, and pass.
Along d = (0.5, −1) their slope is 3 · 0.5 − 12 = −10.5, and so is the difference quotient of L, up to what it
can be off by. A VJP that says (3, 12.0012) is 1e-4 of its size from the formula, where rounding allows
1e-10: that pair fails, and its slope misses the quotient by 1.2e-3, that pair too. The pair of formula and
quotient holds, so of the three facts of a row it is the VJP that lies. A failure is then looked at in every
element, d = (1, 0) and (0, 2), and shown where it is: at [1].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDING, arrays_compared, slopes_compared
from minigrad.checking.defined import (
    ANOTHER_FUNCTION,
    contradicted,
    point,
    settled,
    settled_slopes,
    settled_value,
)
from minigrad.checking.differences import Slope
from minigrad.checking.drawing import drawn, is_drawn
from minigrad.checking.draws import generator
from minigrad.checking.hearing import Hearing, said
from minigrad.checking.large import enlarged, judged
from minigrad.checking.locate import AT_FAULT, locate, machinery
from minigrad.checking.options import FORWARD, MEANING, PROPERTIES, Options
from minigrad.checking.properties import properties
from minigrad.checking.proving import proofs
from minigrad.checking.report import Comparison, Report, Suspect, merged
from minigrad.checking.sample import Sample
from minigrad.checking.steps import stuck_along_one
from minigrad.checking.subject import Subject
from minigrad.checking.suppress import suppress_warnings
from minigrad.checking.tangent import DISCRETE, along
from minigrad.checking.witnesses import COMPLEX, FORMULA, VJP, Arrays, Witness, speaking
from minigrad.errors import ArgumentError
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all
from minigrad.symbolic.budget import budget, used_up

_DIRECTIONS = 3
_EVERY = 64
_SAMPLES = 2
# What slopes of an order leave of a gradient's digits, whatever they say of themselves.
_COARSER = {1: ROUNDING, 2: 1e-7}


def examine(subject: Subject, options: Options | int = 0) -> Report:
    """All comparisons for one subject; where some fail, the primitive at fault is looked for.

    ``options`` may be a seed alone.
    """
    if not isinstance(options, Options):
        options = Options(seed=options)
    with suppress_warnings(), budget(options.seconds):
        return _Examination(subject, options).report()


class _Examination:
    def __init__(self, subject: Subject, options: Options) -> None:
        self.subject, self.options = subject, options
        self.hearing = Hearing(subject.without_numbers if subject.order == 1 else [])
        self._moved: dict[tuple[Sample, str], list[float]] = {}
        self.every = options.every
        self._guilty: Sample | None = None  # where something was found that the samples do not show

    def report(self) -> Report:
        first = self._set(0)
        self._require_real(first)
        if first.trouble:
            self.hearing.note(
                f"no sample was found at which every step is defined: {first.trouble}"
            )
        count = self.options.seeds or (_SAMPLES if is_drawn(self.subject) else 1)
        samples = [first, *(self._set(k) for k in range(1, count))]
        comparisons = self._compared(samples)
        if any(c.verdict == "fail" for c in comparisons) and not self.every and not used_up():
            # a failure deserves every element, so that it can be shown where it is
            self.every = True
            comparisons = self._compared(samples)
        if self.subject.order == 1:
            comparisons.extend(merged(self._properties(sample) for sample in samples))
            comparisons.extend(self._at_large(first))
        comparisons.extend(proofs(self.subject, self.options, self.hearing))
        comparisons.extend(merged([self.hearing.lines]))
        comparisons.extend(self._unheard(comparisons))
        failed = any(c.verdict == "fail" for c in comparisons)
        suspects = self._suspects(self._guilty or first, comparisons) if failed else []
        return Report(comparisons, suspects, self.hearing.notes)

    def _compared(self, samples: Sequence[Sample]) -> list[Comparison]:
        return merged(self._sample(sample, k, len(samples)) for k, sample in enumerate(samples))

    def _require_real(self, sample: Sample) -> None:
        kinds = [f"{name} ({sample.at(k).dtype})" for k, name in enumerate(self.subject.names)]
        if not any(sample.differentiable(k) for k in range(len(kinds))):
            what = ", ".join(kinds) or "no variable at all"
            raise ArgumentError(
                f"check: a gradient is by real numbers, and there is {what}; make it a float: "
                "mg.tensor(data, dtype=float, requires_grad=True)"
            )

    def _set(self, k: int) -> Sample:
        return drawn(self.subject, self.options.seed + k).seeded(self.options.cotangent)

    # -- one sample ----------------------------------------------------------------------------------

    def _sample(self, sample: Sample, number: int, count: int) -> list[Comparison]:
        self.options.say(f"sample {number + 1}", number, count)
        comparisons = self._values(sample) if self.subject.order == 1 else []
        known: list[tuple[Witness, Arrays]] = []
        slopes: list[Witness] = []
        for witness in self._witnesses():
            why = witness.refuses(sample)
            if why:
                self.hearing.silent(self._name(witness), why)
            elif witness.gradients is None:
                slopes.append(witness)
            else:
                question = partial(witness.gradients, sample)
                arrays = self.hearing.ask(self._name(witness), "gradients", question, named=False)
                if arrays is not None:
                    known.append((witness, arrays))
        for k, name in enumerate(self.subject.names):
            if not sample.differentiable(k):
                self.hearing.note(f"{name}: holds no real numbers, so it has no gradient")
                continue
            if used_up():
                break
            comparisons.extend(self._pairs(sample, k, name, known))
            comparisons.extend(self._slopes(sample, k, name, known, slopes))
        return comparisons

    def _witnesses(self) -> Iterator[Witness]:
        """Those who speak of derivatives of this order, and are to be heard."""
        extra = {w.name for w in self.options.extra}
        table = [w for w in speaking(self.subject.order) if w.name not in extra]
        for witness in (*self.options.extra, *table):
            if self.options.wants(witness.name):
                yield witness

    def _name(self, witness: Witness) -> str:
        return witness.called(self.subject.order)

    def _properties(self, sample: Sample) -> list[Comparison]:
        if not self.options.wants(PROPERTIES) or used_up():
            return []
        found, notes = properties(sample)
        for note in notes:
            self.hearing.note(note)
        return found

    def _at_large(self, sample: Sample) -> list[Comparison]:
        """Who is wrong at large arguments: looked for where the sample has shown nothing."""
        if self.subject.lowered is None or not all(map(self.options.wants, (VJP, FORMULA))):
            return []
        for at in enlarged(sample):
            if used_up():
                break
            found = self.hearing.ask(at.name, "", partial(judged, at))
            if found:
                self._guilty = at.sample
                return found
        return []

    def _values(self, sample: Sample) -> list[Comparison]:
        """The output by the forward functions and by what they mean."""
        subject, lowered = self.subject, self.subject.lowered
        if lowered is None or not self.options.wants(MEANING):
            return []

        def meant(at: Sample) -> Any:
            (array,) = evaluate_all(
                [lowered.expr(subject.output)], Environment(at.leaf_values(), at.sizes)
            )
            return np.asarray(array).reshape(at.output.shape)

        def noise() -> float:
            twin = sample.perturbed()
            return _furthest(meant(twin), meant(sample)) + _furthest(
                twin.values[subject.output], sample.output
            )

        array = self.hearing.ask(MEANING, "value", lambda: meant(sample), named=False)
        if array is None:
            return []
        c = arrays_compared(FORWARD, MEANING, "value", sample.output, array, noise, sample.makings)
        return [settled_value(c, sample)]

    def _pairs(
        self, sample: Sample, k: int, name: str, known: Sequence[tuple[Witness, Arrays]]
    ) -> list[Comparison]:
        result = []
        natural = sample.natural / max(float(sample.widths(k).max(initial=0.0)), 1e-300)
        assume, x = self.subject.variables[k].assume, sample.at(k)
        for i, (first, one) in enumerate(known):
            for second, other in known[i + 1 :]:
                if one[k] is None or other[k] is None:
                    continue
                a, b = along(assume, one[k], x), along(assume, other[k], x)
                names = self._name(first), self._name(second)
                pair = partial(
                    arrays_compared,
                    *names,
                    name,
                    a,
                    b,
                    partial(self._noise, sample, k, (first, second)),
                    natural,
                    max(first.tolerance, second.tolerance),
                )
                c = self.hearing.ask(" ~ ".join(names), name, pair)
                if c is not None:
                    result.append(_undetermined(settled(c, point(sample, k), a, b), assume))
        return result

    def _slopes(
        self,
        sample: Sample,
        k: int,
        name: str,
        known: Sequence[tuple[Witness, Arrays]],
        slopes: Sequence[Witness],
    ) -> list[Comparison]:
        claims = [(w, arrays[k]) for w, arrays in known if arrays[k] is not None]
        result = []
        for witness in slopes:
            if not claims or used_up():
                break
            who, question = self._name(witness), partial(self._measured, sample, k, witness)
            measured = self.hearing.ask(who, name, question)
            if measured is None:
                continue
            single = self._each_element(sample, k)
            spoken = []
            for claim, g in claims:
                pair = partial(
                    slopes_compared,
                    self._name(claim),
                    who,
                    name,
                    g,
                    measured,
                    partial(self._noise, sample, k, (claim,)),
                    sample.natural,
                    single,
                    max(claim.tolerance, _COARSER[self.subject.order]),
                )
                c = self.hearing.ask(f"{self._name(claim)} ~ {who}", name, pair)
                if c is not None:
                    stuck = partial(stuck_along_one, sample, k)
                    spoken.append(settled_slopes(c, point(sample, k), g, measured, stuck))
                if (
                    witness.name == COMPLEX
                    and c is not None
                    and contradicted(c, sample, k, g, measured)
                ):
                    self.hearing.silent(COMPLEX, ANOTHER_FUNCTION, name)
                    spoken = []
                    break
            result.extend(spoken)
        return result

    def _noise(self, sample: Sample, k: int, witnesses: Sequence[Witness]) -> float:
        """How far these witnesses move when the data change in their last digit."""
        return max(self._movements(sample, witness)[k] for witness in witnesses)

    def _movements(self, sample: Sample, witness: Witness) -> list[float]:
        """The same for one witness and every variable, found once."""
        assert witness.gradients is not None
        known = self._moved.get((sample, witness.name))
        if known is None:
            here = witness.gradients(sample)
            twins = [witness.gradients(sample.perturbed()) for _ in range(2)]
            known = [
                max(_furthest(there, g) for there in others) if g is not None else 0.0
                for g, *others in zip(here, *twins, strict=True)
            ]
            self._moved[sample, witness.name] = known
        return known

    def _each_element(self, sample: Sample, k: int) -> bool:
        return self.every and sample.at(k).size <= _EVERY and not sample.subject.variables[k].assume

    def _measured(self, sample: Sample, k: int, witness: Witness) -> list[tuple[Any, Slope]]:
        assert witness.slope is not None
        x = sample.at(k)
        if x.size == 0:
            return []
        assume = self.subject.variables[k].assume
        result: list[tuple[Any, Slope]] = []
        if self._each_element(sample, k):
            widths = sample.widths(k)
            for place in np.ndindex(x.shape):
                d = np.zeros(x.shape)
                d[place] = widths[place]
                if d.any():
                    result.append((d, witness.slope(sample, k, d)))
            return result
        for _ in range(_DIRECTIONS):
            if result and used_up():
                break
            d = along(assume, sample.direction(k), x)
            s = witness.slope(sample, k, d)
            if not np.isfinite(s.value):
                d = along(assume, sample.direction(k, relative=True), x)
                s = witness.slope(sample, k, d)
            result.append((d, s))
        return result

    # -- the end ---------------------------------------------------------------------------------------

    def _unheard(self, comparisons: Sequence[Comparison]) -> list[Comparison]:
        """Variables about which nobody said anything are not thereby right, nor are their formulas."""
        result = []
        for k, name in enumerate(self.subject.names):
            about = [c for c in comparisons if c.quantity == name]
            if not about:
                result.append(
                    said("no two witnesses", name, "nothing was compared", "inconclusive")
                )
            elif (
                self.subject.formulas[k] is not None
                and self.options.wants(FORMULA)
                and not any(FORMULA in (c.first, c.second) for c in about)
            ):
                result.append(said(FORMULA, name, "it could not be judged", "inconclusive"))
        return result

    def _suspects(self, sample: Sample, comparisons: Sequence[Comparison]) -> list[Suspect]:
        strangers = {w.name for w in self.options.extra}
        comparisons = [
            c for c in comparisons if c.verdict == "fail" and not {c.first, c.second} & strangers
        ]
        if not comparisons:
            return []
        question = partial(locate, sample.replay, sample.leaves, generator(self.options.seed))
        return self.hearing.ask(AT_FAULT, "", question) or machinery(comparisons)


def _undetermined(c: Comparison, assume: frozenset[str]) -> Comparison:
    words = sorted(assume & DISCRETE)
    if c.verdict != "fail" or not words or FORMULA not in (c.first, c.second):
        return c
    note = f"{c.quantity} is assumed {words[0]}: a formula that uses this has no derivative by it"
    return Comparison(c.first, c.second, c.quantity, c.error, c.tolerance, note, "inconclusive")


def _furthest(a: Any, b: Any) -> float:
    gap = np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
    gap = gap[np.isfinite(gap)]
    return float(gap.max(initial=0.0))
