"""The check of a derivative: every witness that applies speaks on the same numbers, pairs are compared.

For an output y, a random cotangent c makes a number <c, y> (c = 1 for an output of one element). Whole gradients
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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from minigrad.checking.compare import arrays_compared, furthest
from minigrad.checking.defined import settled_value
from minigrad.checking.derivative import movements, pairs
from minigrad.checking.distributions import generator
from minigrad.checking.hearing import Hearing, said
from minigrad.checking.large import enlarged, wrong_claims
from minigrad.checking.locate import AT_FAULT, AT_SECOND_ORDER, IN_LOWER, locate, machinery
from minigrad.checking.low_precision import NAMES, in_lower_precision
from minigrad.checking.options import FORWARD, MEANING, PROPERTIES, Options
from minigrad.checking.other_lengths import Otherwise, otherwise
from minigrad.checking.properties import TANGENT, TWICE, properties
from minigrad.checking.proving import proofs
from minigrad.checking.report import Comparison, Report, Suspect, merged
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn, is_drawn
from minigrad.checking.slopes import Slopes
from minigrad.checking.subject import Subject
from minigrad.checking.suppress import suppress_warnings
from minigrad.checking.undefined import defined
from minigrad.checking.witness import FORMULA, VJP, Arrays, Witness
from minigrad.checking.witnesses import WITNESSES, speaking
from minigrad.errors import ArgumentError, MinigradError
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all
from minigrad.symbolic.budget import budget, used_up

_SAMPLES = 2
# Of variables that fail those are shown element by element that begin among so many elements.
_SHOWN = 256

_Heard = tuple[list[tuple[Witness, Arrays]], list[Witness]]


def examine(subject: Subject, options: Options | int = 0) -> Report:
    """All comparisons for one subject; where some fail, the primitive at fault is looked for.

    ``options`` may be a seed alone.
    """
    if not isinstance(options, Options):
        options = Options(seed=options)
    subject = defined(subject, options.seed)
    with suppress_warnings(), budget(options.left):
        return _Examination(subject, options).report()


def _contradictions(
    subject: Subject, options: Options, note: Callable[[str], None], at: Otherwise
) -> list[Comparison]:
    """What values and whole gradients contradict there."""
    inner, sample = _Examination(subject, options), at.sample
    known, _ = inner._asked(sample)
    found = inner._values(sample)
    for k in range(len(subject.names)):
        if sample.differentiable(k):
            found.extend(pairs(sample, k, known, inner.hearing, inner._movements))
    strangers, result = {w.name for w in options.extra}, []
    for c in (c for c in found if c.verdict == "fail"):
        if c.first in strangers and c.worst is not None and not np.isfinite(c.worst.first):
            # as (x − mean(x)) / std(x) has none of one element
            note(f"{c.first}: no finite value by {c.quantity} {at.name}")
        else:
            result.append(replace(c, note=at.name))
    return result


class _Examination:
    def __init__(self, subject: Subject, options: Options) -> None:
        self.subject, self.options = subject, options
        notes = subject.without_numbers if subject.order == 1 else []
        self.hearing = Hearing(notes, options.say)
        self._moved: dict[tuple[Sample, str], list[float]] = {}
        self._heard: dict[Sample, _Heard] = {}
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
        comparisons = merged(
            self._sample(sample, k, len(samples)) for k, sample in enumerate(samples)
        )
        if any(c.verdict == "fail" for c in comparisons) and not self.options.every:
            comparisons = self._shown(samples, comparisons)
        if self.subject.order == 1:
            comparisons.extend(merged(self._properties(sample) for sample in samples))
            comparisons.extend(self._at_large(first))
            if self.options.cotangent is None:
                comparisons.extend(self._at_other_lengths(comparisons))
        comparisons.extend(proofs(self.subject, self.options, self.hearing))
        comparisons.extend(merged([self.hearing.lines]))
        comparisons.extend(self._unheard(comparisons))
        failed = any(c.verdict == "fail" for c in comparisons)
        suspects = self._suspects(self._guilty or first, comparisons) if failed else []
        return Report(comparisons, suspects, self.hearing.notes)

    def _shown(
        self, samples: Sequence[Sample], comparisons: Sequence[Comparison]
    ) -> list[Comparison]:
        """A failure deserves every element of its variable, so that it can be shown where it is."""
        failed = {c.quantity for c in comparisons if c.verdict == "fail"}
        chosen = [k for k, name in enumerate(self.subject.names) if name in failed]
        sizes = np.cumsum([samples[0].at(k).size for k in chosen])
        chosen = [k for k, before in zip(chosen, [0, *sizes], strict=False) if before < _SHOWN]
        found = merged(self._derivatives(sample, chosen, True) for sample in samples)
        names = {self.subject.names[k] for k in chosen}
        closer = {(c.first, c.second, c.quantity): c for c in found}
        result = []
        for c in comparisons:
            seen = closer.pop((c.first, c.second, c.quantity), None)
            if seen is not None or c.quantity not in names or used_up():
                result.append(seen or c)
        return [*result, *closer.values()]

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
        chosen = []
        for k, name in enumerate(self.subject.names):
            if sample.differentiable(k):
                chosen.append(k)
            else:
                self.hearing.note(f"{name}: holds no real numbers, so it has no gradient")
        return [*comparisons, *self._derivatives(sample, chosen, self.options.every)]

    def _derivatives(
        self, sample: Sample, variables: Sequence[int], every: bool
    ) -> list[Comparison]:
        """What witnesses say of the derivatives by some variables, ``every`` of each element."""
        known, measuring = self._asked(sample)
        found: list[Comparison] = []
        for k in variables:
            if used_up():
                return found
            found.extend(pairs(sample, k, known, self.hearing, self._movements))
        slopes = Slopes(sample, known, self.hearing, self._movements)
        for witness in measuring:
            found.extend(slopes.compared(witness, variables, every))
        return found

    def _asked(self, sample: Sample) -> _Heard:
        """Those who know whole gradients with what they know, and those who measure slopes."""
        if sample in self._heard:
            return self._heard[sample]
        known: list[tuple[Witness, Arrays]] = []
        slopes: list[Witness] = []
        for witness in self._witnesses():
            why = witness.refuses(sample)
            if why:
                if not witness.of:  # else there is nothing that it shows
                    self.hearing.silent(self._name(witness), why)
            elif witness.gradients is None:
                slopes.append(witness)
            else:
                self.options.say(f"{self._name(witness)}: gradients", 0, len(self.subject.names))
                question = partial(witness.gradients, sample)
                arrays = self.hearing.ask(self._name(witness), "gradients", question, named=False)
                if arrays is not None:
                    known.append((witness, self._told(witness, arrays)))
        self._heard[sample] = known, slopes
        return known, slopes

    def _told(self, witness: Witness, arrays: Arrays) -> Arrays:
        """The claims, with a note on what one could not be made of."""
        for name, array in zip(self.subject.names, arrays, strict=True):
            if isinstance(array, MinigradError):
                self.hearing.silent(self._name(witness), str(array), name)
        return [None if isinstance(a, MinigradError) else a for a in arrays]

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
        self.options.say(PROPERTIES, 0, 1)
        found, notes = properties(sample)
        for note in notes:
            self.hearing.note(note)
        texts = [w for w, _ in self._asked(sample)[0] if w.language]
        return [*found, *in_lower_precision(sample, texts, self.hearing.silent)]

    def _at_large(self, sample: Sample) -> list[Comparison]:
        """Who is wrong at large arguments: looked for where the sample has shown nothing."""
        if self.subject.lowered is None or not all(map(self.options.wants, (VJP, FORMULA))):
            return []
        for at in enlarged(sample):
            if used_up():
                break
            self.options.say(at.name, 0, 1)
            found = self.hearing.ask(at.name, "", partial(wrong_claims, at))
            if found:
                self._guilty = at.sample
                return found
        return []

    def _at_other_lengths(self, known: Sequence[Comparison]) -> list[Comparison]:
        """Who is wrong where axes are of length 1, or long, and was not seen to be so: nothing where nobody is."""
        if not all(map(self.options.wants, (VJP, FORMULA))):
            return []
        for at in otherwise(self.subject, self.options.seed):
            if used_up():
                break
            self.options.say(at.name, 0, 1)
            ask = partial(_contradictions, self.subject, self.options, self.hearing.note, at)
            found = self.hearing.tried(ask)
            # who cannot be judged at usual lengths is not guilty at these
            seen = {(c.first, c.second, c.quantity) for c in known if c.verdict != "pass"}
            found = [c for c in found or () if (c.first, c.second, c.quantity) not in seen]
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
            twins = map(sample.perturbed, (False, True))
            moved = max(furthest(meant(twin), meant(sample)) for twin in twins)
            # what cancels is, moved at random, not seldom where it was
            return moved + max(furthest(jitter, 0.0) for jitter in sample.jitters)

        array = self.hearing.ask(MEANING, "value", lambda: meant(sample), named=False)
        if array is None:
            return []
        c = arrays_compared(FORWARD, MEANING, "value", sample.output, array, noise, sample.makings)
        return [settled_value(c, sample)]

    def _movements(self, sample: Sample, witness: Witness) -> list[float]:
        """How far a witness moves, in every variable, when the data change in their last digit."""
        known = self._moved.get((sample, witness.name))
        if known is None:
            known = movements(sample, witness)
            # a text is not disturbed on its way, but what it is made from is
            for other in (w for w in WITNESSES if w.name == witness.made_from):
                known = list(map(max, known, self._movements(sample, other)))
            self._moved[sample, witness.name] = known
        return known

    # -- the end ---------------------------------------------------------------------------------------

    def _unheard(self, comparisons: Sequence[Comparison]) -> list[Comparison]:
        """Variables about which nobody said anything are not thereby right, nor are their formulas."""
        result = []
        heard: dict[str, set[str]] = {}
        for c in comparisons:
            heard.setdefault(c.quantity, set()).update((c.first, c.second))
        for k, name in enumerate(self.subject.names):
            if name not in heard:
                result.append(
                    said("no two witnesses", name, "nothing was compared", "inconclusive")
                )
            elif (
                self.subject.formulas[k] is not None
                and self.options.wants(FORMULA)
                and FORMULA not in heard[name]
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
        about = {c.second for c in comparisons}
        beyond = {
            AT_SECOND_ORDER: self.subject.order > 1 or about & {TANGENT, TWICE},
            IN_LOWER: about & {*NAMES},
        }
        rng, asked = generator(self.options.seed), [part for part, told in beyond.items() if told]
        question = partial(locate, sample.replay, sample.leaves, rng, asked)
        found = self.hearing.ask(AT_FAULT, "", question) or []
        return [*machinery(comparisons, found), *found]
