"""A total differential derived by hand: dY in terms of dA, for any small change dA of the variables.

In a sample every dT is the tangent of T: how T changes along a direction in the variables' space. What
the claim gives there is held against slopes along that direction. ``dY = −A⁻¹ dA A⁻¹`` at A = 2, dA = 1 says −1/4, and
1/A has the slope −1/4 there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from minigrad.checking.differences import Slope
from minigrad.checking.examine import examine
from minigrad.checking.judge import YOURS, telling, worst_of
from minigrad.checking.notebook import Claim, Notebook
from minigrad.checking.options import Options
from minigrad.checking.report import Finding, Report, Verdict
from minigrad.checking.sample import Directions, Sample
from minigrad.checking.slip_names import GraphNames
from minigrad.checking.slips import find_slip
from minigrad.checking.subject import Subject
from minigrad.checking.tangent import along
from minigrad.checking.undefined import defined
from minigrad.checking.vjp_laws import pushed
from minigrad.checking.witness import DERIVATION, Witness
from minigrad.checking.witnesses import judging
from minigrad.errors import ShapeError
from minigrad.graph import Node, Tensor
from minigrad.names import differential_name


class Tangents(Notebook):
    """The values of names in one sample, in which dT is the tangent of T along some directions."""

    def __init__(self, sample: Sample, directions: Directions) -> None:
        super().__init__(sample, {})
        self.directions = directions

    def _pushed(self, output: Tensor, tensors: Mapping[Node, Tensor]) -> Any:
        """The tangent of a tensor of the recorded program, which has these."""
        if not output.requires_grad:
            return np.zeros(output.shape)
        moved = self.sample.moves(self.directions, 1.0)
        return pushed(output, {tensors[x]: d for x, d in moved.items()}, 0.0)

    @cached_property
    def cotangents(self) -> dict[str, Any]:
        """The tangent of every tensor of real numbers by its name with a d before it."""
        sample, moved = self.sample, self.sample.moves(self.directions, 1.0)
        _, tensors = sample.recorded()
        known = {name: node for name, node in self.nodes.items() if tensors[node].dtype.kind == "f"}
        return {
            differential_name(name): moved[node] if node in moved else self._pushed(tensors[node], tensors)
            for name, node in known.items()
        }

    def of_output(self) -> Any:
        """The tangent of the output."""
        return self._pushed(*self.sample.recorded())


def judge_differential(subject: Subject, claim: Claim, options: Options) -> Report:
    """Hold a differential by hand against every witness, and say what is wrong with it."""
    subject = defined(subject, options.seed)
    sample = telling(subject, options.seed).seeded(options.cotangent)
    directions = {
        k: along(subject.variables[k].assume, sample.direction(k), sample.at(k))
        for k in range(len(subject.variables))
        if sample.differentiable(k)
    }
    book = Tangents(sample, directions)
    yours = _claimed(book, claim)
    asked = Witness(
        YOURS, "the differential given", slope=partial(_slope, claim), rounding=partial(_rounding, claim)
    )
    report = examine(subject, options.hearing(judging(DERIVATION), asked))
    sound = all(c.verdict != "fail" for c in report.comparisons if YOURS not in (c.first, c.second))
    suspects = () if sound else report.suspects
    return Report(report.comparisons, suspects, report.notes, [_finding(report, book, yours)])


def _claimed(book: Tangents, claim: Claim) -> Any:
    array = np.asarray(book.evaluate(claim, "differential"), dtype=float)
    shape = book.sample.output.shape
    if array.shape == shape:
        return array
    if array.size == np.prod(shape, dtype=int) and np.squeeze(array).shape == tuple(
        s for s in shape if s != 1
    ):
        return array.reshape(shape)
    raise ShapeError(
        f"check: differential= has shape {array.shape}; it is a change of the output, which has shape {shape}"
    )


def _slope(claim: Claim, sample: Sample, directions: Directions) -> Slope:
    found = _claimed(Tangents(sample, directions), claim)
    return Slope(float(np.sum(sample.c * found)), 0.0, magnifies=1.0)


def _rounding(claim: Claim, sample: Sample, k: int) -> float:
    """How far what is claimed moves when numbers change in their last digit."""
    directions = {k: along(sample.subject.variables[k].assume, sample.widths(k), sample.at(k))}
    here = _slope(claim, sample, directions).value
    twins = (sample.perturbed(down) for down in (False, False, True))
    return max(abs(_slope(claim, twin, directions).value - here) for twin in twins)


def _finding(report: Report, book: Tangents, yours: Any) -> Finding:
    sample = book.sample
    verdicts = {c.verdict for c in report.comparisons if YOURS in (c.first, c.second)}
    verdict: Verdict = "inconclusive" if "pass" not in verdicts else "pass"
    named = {node: name for name, node in book.nodes.items()}
    output = sample.subject.output
    quantity = differential_name(named.get(output) or ("Y" if output.shape else "L"))
    if "fail" not in verdicts:
        return Finding(quantity, verdict)
    right = np.asarray(book.of_output(), dtype=float)
    slip = find_slip(yours, right, _slips(book, right), GraphNames(named, book.dims, sample.replay.order))
    words, ratio = ("", None) if slip is None else (slip.text, slip.ratio)
    return Finding(quantity, "fail", words, ratio, worst_of(yours, right))


def _slips(book: Tangents, right: Any) -> Iterator[tuple[str, Any]]:
    """What is said wherever the part of one variable is left out, or turned over."""
    sample = book.sample
    for k, d in book.directions.items():
        name = differential_name(sample.subject.names[k])
        part = Tangents(sample, {k: d}).of_output()
        yield f"the part of {name} is missing", right - part
        yield f"the sign of the part of {name} is wrong", right - 2 * part
        if d.ndim > 1 and d.shape[-1] == d.shape[-2]:
            turned = Tangents(sample, {k: d.swapaxes(-1, -2)}).of_output()
            yield f"{name} is transposed", right - part + turned
