"""A derivation by hand, judged: each piece right or wrong, where, by how much, by which slip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import chain, takewhile
from typing import Any

import numpy as np

from minigrad.checking.compare import arrays_compared
from minigrad.checking.examine import examine
from minigrad.checking.formula_slips import Right, extra_term
from minigrad.checking.notebook import Claim, Notebook, fitted, in_its_shape, shape_of
from minigrad.checking.options import Options
from minigrad.checking.report import Comparison, Finding, Report, Verdict, Worst, listed
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn, is_drawn
from minigrad.checking.slip_names import GraphNames
from minigrad.checking.slips import Slip, find_slip
from minigrad.checking.subject import Subject
from minigrad.checking.sweep import Sweep
from minigrad.checking.tangent import DISCRETE
from minigrad.checking.undefined import defined
from minigrad.checking.whole_gradients import hand_gradients
from minigrad.checking.witness import DERIVATION, Witness
from minigrad.checking.witnesses import judging
from minigrad.errors import ArgumentError
from minigrad.graph import Node
from minigrad.names import name_in_words

YOURS = "yours"
_LOOSE = 1e-8
_TRIES = 8
_PRIMES = (7, 11, 13, 17, 19)  # numbers that nobody writes for others


def judge(
    subject: Subject,
    claims: Sequence[Claim],
    pieces: Mapping[str, Claim],
    right: Callable[[str], Right],
    options: Options,
) -> Report:
    """Compare one claimed gradient per variable with every witness, and say what is wrong with it.

    ``pieces`` are named parts of the derivation: dS for the gradient by S, or any name of the user's own.
    ``right`` gives the right derivative by a name, of which nothing may be known.
    """
    subject = defined(subject, options.seed)
    sample = telling(subject, options.seed).seeded(options.cotangent)
    book = Notebook(sample, pieces)
    for name, piece in pieces.items():
        book.evaluate(piece, name)  # an error in what was written is the writer's to see
    for k, (name, claim) in enumerate(zip(subject.names, claims, strict=True)):
        book.evaluate(claim, right(name).called, shape_of(sample, k))
    report = examine(subject, options.hearing(judging(DERIVATION), _yours(claims, pieces)))
    # what the loss itself was judged by must hold, or there is nothing to judge by
    sound = all(c.verdict != "fail" for c in report.comparisons if YOURS not in (c.first, c.second))
    judged = _Judging(sample, book, Notebook(sample, {}), right, options)
    findings = [f for f in map(judged.piece, pieces) if f is not None]
    for k, claim in enumerate(claims):
        findings.append(judged.claim(k, claim, _verdict(report.comparisons, subject.names[k])))
    suspects = () if sound else report.suspects
    notes = report.notes if sound else (*report.notes, "the witnesses themselves disagree")
    if options.is_over and any(f.verdict == "fail" and not f.slip for f in findings):
        notes = (*notes, "not every slip was tried, the time was up")
    return Report(report.comparisons, suspects, notes, findings)


def telling(subject: Subject, seed: int) -> Sample:
    """A sample that tells slips apart.

    Dims have lengths that are no factors of one another, and conditions hold here and there: where a mask
    is 0 everywhere all slips look alike.
    """
    first = drawn(subject, seed, _PRIMES)
    if not is_drawn(subject):
        return first
    later = (drawn(subject, seed + k, _PRIMES) for k in range(1, _TRIES))
    return next((s for s in chain([first], later) if _is_mixed(s)), first)


def _is_mixed(sample: Sample) -> bool:
    return all(
        np.ptp(np.asarray(value, dtype=int)) > 0
        for node, value in sample.leaves.items()
        if node.assume & DISCRETE and np.size(value) > 1
    )


def _yours(claims: Sequence[Claim], pieces: Mapping[str, Claim]) -> Witness:
    def gradients(sample: Sample) -> list[Any]:
        book = Notebook(sample, pieces)
        return [fitted(book.evaluate(claim, f"d{sample.subject.names[k]}", shape_of(sample, k)), sample, k)
            for k, claim in enumerate(claims)
        ]

    return Witness(YOURS, "the derivation given", gradients=gradients)


def _verdict(comparisons: Sequence[Comparison], name: str) -> Verdict:
    verdicts = {
        c.verdict for c in comparisons if c.quantity == name and YOURS in (c.first, c.second)
    }
    if "fail" in verdicts:
        return "fail"
    return "pass" if "pass" in verdicts else "inconclusive"


class _Judging:
    def __init__(
        self,
        sample: Sample,
        book: Notebook,
        truth: Notebook,
        right: Callable[[str], Right],
        options: Options,
    ) -> None:
        self.sample, self.book, self.truth, self.right = sample, book, truth, right
        self.options = options
        named = {node: name for name, node in book.nodes.items()}
        self.names = GraphNames(named, book.dims, sample.replay.order)

    def piece(self, name: str) -> Finding | None:
        """A piece that names a gradient or a tensor of the graph; others are the user's own shorthand."""
        if name not in self.truth.cotangents and name not in self.truth.nodes:
            return None
        node = self.book.nodes[name[1:]] if name in self.truth.cotangents else None
        known = Right(name) if node is None else self.right(name[1:])
        return self._found(known, self.book.value(name), self.truth.value(name), node)

    def claim(self, k: int, claim: Claim, verdict: Verdict) -> Finding:
        """The derivative by variable k."""
        sample, subject = self.sample, self.sample.subject
        known = self.right(subject.names[k])
        if verdict != "fail":
            return Finding(known.called, verdict)
        yours = in_its_shape(self.book.evaluate(claim, known.called, shape_of(sample, k)), sample, k)
        right, node = self._right_value(known, k, yours)
        wrong = [p for p in self.book.pieces if self._is_wrong(p)]
        if wrong:
            with_right = {p: c for p, c in self.book.pieces.items() if p not in wrong}
            corrected = in_its_shape(Notebook(sample, with_right).evaluate(claim, known.called, shape_of(sample, k)), sample, k)
            if self._agree(corrected, right):
                whose = " and ".join(wrong)
                why = f"only because of {whose}: from the right one this line follows"
                return self._wrong(known, yours, right, Slip(why, None))
        return self._found(known, yours, right, node, certain=True)

    def _right_value(self, known: Right, k: int, yours: Any) -> tuple[Any, Node | None]:
        """What is right, and the node at which a sweep for slips ends: there is none at order 2."""
        if self.sample.subject.order == 1:
            return hand_gradients(self.sample)[k], self.sample.subject.variables[k]
        found = known.value(known.formula, self.sample, yours.shape) if known.formula else None
        return np.full(yours.shape, np.nan) if found is None else found, None

    def _is_wrong(self, name: str) -> bool:
        finding = self.piece(name)
        return finding is not None and finding.verdict == "fail"

    def _agree(self, yours: Any, right: Any) -> bool:
        c = arrays_compared(
            YOURS, "right", "", yours, right, self._noise, self.sample.natural, _LOOSE
        )
        return c.verdict == "pass"

    def _noise(self) -> float:
        here = hand_gradients(self.sample)
        there = hand_gradients(self.sample.perturbed())
        gaps = [
            np.abs(a - b).max(initial=0.0)
            for a, b in zip(here, there, strict=True)
            if a is not None
        ]
        return float(max(gaps, default=0.0))

    def _found(
        self, known: Right, yours: Any, right: Any, node: Node | None, certain: bool = False
    ) -> Finding:
        yours, right = np.asarray(yours, dtype=float), np.asarray(right, dtype=float)
        if (
            yours.shape != right.shape
            and yours.size == right.size
            and yours.squeeze().shape == right.squeeze().shape
        ):
            yours = yours.reshape(right.shape)
        if not certain and self._agree(yours, right):
            return Finding(known.called, "pass")
        sweep = None if node is None else Sweep(self.sample, node)
        every = known.candidates(sweep, self.names, self.sample, right.shape, self.book.used)
        candidates = takewhile(lambda _: not self.options.is_over, every)
        slip = find_slip(yours, right, candidates, self.names.computing_with(known.sizes()))
        if slip is None and yours.shape == right.shape:
            gap = yours - right
            words = (
                extra_term(gap, self._by_name, plain=True)
                or known.by_terms(yours, right, self.sample)
                or extra_term(gap, self._by_name, plain=False)
            )
            slip = Slip(words, None)
        return self._wrong(known, yours, right, slip or Slip("", None))

    @cached_property
    def _by_name(self) -> dict[str, Any]:
        """What a derivation may speak of, by name."""
        names = [*self.truth.nodes, *self.truth.cotangents]
        return {name: self.truth.value(name) for name in names}

    def _wrong(self, known: Right, yours: Any, right: Any, slip: Slip) -> Finding:
        worst = worst_of(yours, right)
        return Finding(known.called, "fail", slip.text, slip.ratio, worst, known.text, slip.factor)


def worst_of(yours: Any, right: Any) -> Worst | None:
    """The element in which a claim is furthest from what is right."""
    if yours.shape != right.shape or not right.size or not np.isfinite(right).all():
        return None
    gap = np.abs(yours - right)
    gap = np.where(np.isfinite(gap), gap, np.inf)
    place = tuple(int(i) for i in np.unravel_index(int(gap.argmax()), gap.shape))
    return Worst(place, float(yours[place]), float(right[place]))


def claims_for(names: Sequence[str], against: Any) -> list[Claim]:
    """One claim per variable: a mapping by name, a sequence, or a single claim for a single variable.

    Raises
    ------
    ArgumentError
        When claims and variables do not match one to one.
    """
    if isinstance(against, Mapping):
        against = {_by_whom(k, names): v for k, v in against.items()}
        if set(against) != set(names):
            what = "pairs of variables" if any(", " in name for name in names) else "variables"
            raise ArgumentError(
                f"check: against is given for {listed([*map(name_in_words, against)])}, but the {what} are "
                f"{listed(names)}; name each of them"
            )
        return [against[name] for name in names]
    if isinstance(against, list | tuple) and len(against) == len(names):
        return list(against)
    if len(names) == 1:
        return [against]
    pairs = any(", " in name for name in names)
    what, of = ("second derivatives", "pairs of names") if pairs else ("variables", "names")
    raise ArgumentError(
        f"check: one derivation is given for {len(names)} {what}, {listed(names)}; pass "
        f'wrt="name" for one, or a mapping of {of} to derivations'
    )


def _by_whom(key: Any, names: Sequence[str]) -> Any:
    """The name of what is derived by, of several variables, or by one several times."""
    if not isinstance(key, tuple):
        return key
    joined = ", ".join(map(str, key))
    return key[0] if joined not in names and len({*key}) == 1 else joined
