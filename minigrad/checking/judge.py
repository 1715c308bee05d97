"""A derivation by hand, judged: each piece right or wrong, where, by how much, by which slip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.checking.compare import arrays_compared
from minigrad.checking.examine import examine
from minigrad.checking.notebook import Claim, Notebook, fitted
from minigrad.checking.options import Options
from minigrad.checking.report import Comparison, Finding, Report, Verdict, Worst
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn
from minigrad.checking.slip_names import GraphNames
from minigrad.checking.slips import find_slip
from minigrad.checking.subject import Subject
from minigrad.checking.sweep import Sweep
from minigrad.checking.witnesses import DERIVATION, Witness, hand_gradients, judging
from minigrad.errors import ArgumentError
from minigrad.graph import Node
from minigrad.names import name_in_words

YOURS = "yours"
_LOOSE = 1e-8


def judge(
    subject: Subject,
    claims: Sequence[Claim],
    pieces: Mapping[str, Claim],
    right: Callable[[str], str],
    options: Options,
) -> Report:
    """Compare one claimed gradient per variable with every witness, and say what is wrong with it.

    ``pieces`` are named parts of the derivation: dS for the gradient by S, or any name of the user's own.
    ``right`` gives the right formula of a gradient as text, "" where none is known.
    """
    sample = drawn(subject, options.seed).seeded(options.cotangent)
    book = Notebook(sample, pieces)
    for name, piece in pieces.items():
        book.evaluate(piece, name)  # an error in what was written is the writer's to see
    for name, claim in zip(subject.names, claims, strict=True):
        book.evaluate(claim, f"d{name}")
    report = examine(subject, options.hearing(judging(DERIVATION), _yours(claims, pieces)))
    # what the loss itself was judged by must hold, or there is nothing to judge by
    sound = all(c.verdict != "fail" for c in report.comparisons if YOURS not in (c.first, c.second))
    judged = _Judging(sample, book, Notebook(sample, {}), right)
    findings = [f for f in map(judged.piece, pieces) if f is not None]
    for k, claim in enumerate(claims):
        findings.append(judged.claim(k, claim, _verdict(report.comparisons, subject.names[k])))
    suspects = () if sound else report.suspects
    notes = report.notes if sound else (*report.notes, "the witnesses themselves disagree")
    return Report(report.comparisons, suspects, notes, findings)


def _yours(claims: Sequence[Claim], pieces: Mapping[str, Claim]) -> Witness:
    def gradients(sample: Sample) -> list[Any]:
        book = Notebook(sample, pieces)
        return [fitted(book.evaluate(claim), sample, k) for k, claim in enumerate(claims)]

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
        self, sample: Sample, book: Notebook, truth: Notebook, right: Callable[[str], str]
    ) -> None:
        self.sample, self.book, self.truth, self.right = sample, book, truth, right
        named = {node: name for name, node in book.nodes.items()}
        self.names = GraphNames(named, book.dims, sample.replay.order)

    def piece(self, name: str) -> Finding | None:
        """A piece that names a gradient or a tensor of the graph; others are the user's own shorthand."""
        if name in self.truth.cotangents:
            node = self.book.nodes[name[1:]]
            return self._found(name, self.book.value(name), self.truth.value(name), node)
        if name in self.truth.nodes:
            return self._found(name, self.book.value(name), self.truth.value(name), None)
        return None

    def claim(self, k: int, claim: Claim, verdict: Verdict) -> Finding:
        """The gradient by variable k."""
        name = self.sample.subject.names[k]
        quantity = f"d{name}"
        if verdict != "fail":
            return Finding(quantity, verdict)
        node = self.sample.subject.variables[k]
        yours = fitted(self.book.evaluate(claim), self.sample, k)
        right = hand_gradients(self.sample)[k]
        wrong = [p for p in self.book.pieces if self._is_wrong(p)]
        if wrong:
            with_right = {p: c for p, c in self.book.pieces.items() if p not in wrong}
            corrected = fitted(Notebook(self.sample, with_right).evaluate(claim), self.sample, k)
            if self._agree(corrected, right):
                return self._wrong(
                    quantity,
                    yours,
                    right,
                    f"only because of {' and '.join(wrong)}: from the right one this line follows",
                )
        return self._found(quantity, yours, right, node, certain=True)

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
        self, quantity: str, yours: Any, right: Any, node: Node | None, certain: bool = False
    ) -> Finding:
        yours, right = np.asarray(yours, dtype=float), np.asarray(right, dtype=float)
        if (
            yours.shape != right.shape
            and yours.size == right.size
            and yours.squeeze().shape == right.squeeze().shape
        ):
            yours = yours.reshape(right.shape)
        if not certain and self._agree(yours, right):
            return Finding(quantity, "pass")
        slip = (
            None if node is None else find_slip(yours, right, Sweep(self.sample, node), self.names)
        )
        if slip is None:
            return self._wrong(quantity, yours, right, "")
        return self._wrong(quantity, yours, right, slip.text, slip.ratio)

    def _wrong(
        self, quantity: str, yours: Any, right: Any, slip: str, ratio: float | None = None
    ) -> Finding:
        return Finding(
            quantity,
            "fail",
            slip,
            ratio,
            worst_of(yours, right),
            self.right(quantity.removeprefix("d")),
        )


def worst_of(yours: Any, right: Any) -> Worst | None:
    """The element in which a claim is furthest from what is right."""
    if yours.shape != right.shape or not right.size:
        return None
    gap = np.abs(yours - right)
    gap[~np.isfinite(gap)] = np.inf
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
        if set(against) != set(names):
            raise ArgumentError(
                f"check: against is given for {', '.join(map(name_in_words, against))}, but the variables are "
                f"{', '.join(names)}; pass wrt={list(map(str, against))!r}"
            )
        return [against[name] for name in names]
    if isinstance(against, list | tuple) and len(against) == len(names):
        return list(against)
    if len(names) == 1:
        return [against]
    raise ArgumentError(
        f"check: one derivation is given for {len(names)} variables, {', '.join(names)}; pass "
        'wrt="name" for one, or a mapping of names to derivations'
    )
