"""A backward function written by hand, judged in its own precision against references in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDING, held
from minigrad.checking.examine import examine
from minigrad.checking.formula_slips import Right
from minigrad.checking.handwritten import Handwritten, plain
from minigrad.checking.judge import YOURS, worst_of
from minigrad.checking.options import Options
from minigrad.checking.replay import double
from minigrad.checking.report import Comparison, Finding, Report
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn
from minigrad.checking.slip_names import GraphNames
from minigrad.checking.slips import find_slip
from minigrad.checking.subject import Subject
from minigrad.checking.sweep import Sweep
from minigrad.checking.vjp_laws import SHAPES, UNCHANGED, linear, repeated, zero
from minigrad.checking.whole_gradients import hand_gradients
from minigrad.checking.witness import BACKWARD, Arrays, Witness, never
from minigrad.checking.witnesses import judging
from minigrad.graph import apply, tensor
from minigrad.primitive import Primitive


def judge_backward(hand: Handwritten, options: Options) -> Report:
    """Compare a backward function with differences of its forward, and with derivatives of its trace."""
    values = [np.asarray(hand.args[k]) for k in hand.wrt]
    subject = _subject(hand, values)
    notes = list(hand.notes)
    sample = drawn(subject, options.seed)
    sample = sample.seeded(None if hand.cotangent is None else plain(hand.cotangent))
    # what it raises is its writer's to see
    hand.gradients(sample.c, values)
    broken = _nan_rows(sample.output)
    if broken is not None:
        return Report([broken], notes=notes)
    traced = [] if hand.reference is None else _traced(hand.reference)
    measuring = [w for w in judging(BACKWARD) if w.slope is not None]
    options = replace(options, cotangent=hand.cotangent)
    report = examine(subject, options.hearing(measuring, _yours(hand), *traced))
    comparisons = [*report.comparisons, *_properties(hand, sample, values)]
    if hand.allowed > ROUNDING:
        notes.append(
            f"{YOURS}: run in {hand.dtype}, judged against float64 with a budget of {hand.allowed:.1e} "
            "of the largest element"
        )
    findings = [
        _finding(hand, k, name, comparisons, sample) for k, name in enumerate(hand.variables)
    ]
    return Report(comparisons, (), (*notes, *report.notes), findings)


def _subject(hand: Handwritten, values: Sequence[Any]) -> Subject:
    """The forward as one opaque step from its variables."""
    row = Primitive(
        name=getattr(hand.forward, "__name__", "forward"),
        kind="general",
        forward=hand.output,
        variadic=True,
        vjp=lambda i, g, y, *args: np.zeros(np.shape(args[i])),
        arity=None,
        domain=("real",),
    )
    leaves = tuple(
        tensor(double(v), name=name, requires_grad=True)
        for name, v in zip(hand.variables, values, strict=True)
    )
    output = apply(row, leaves, {})
    assert output._node is not None
    nodes = [leaf._node for leaf in leaves if leaf._node is not None]
    return Subject(
        output._node,
        nodes,
        hand.variables,
        [None] * len(nodes),
        None,
        why="the forward was not traced",
    )


def _yours(hand: Handwritten) -> Witness:
    def gradients(sample: Sample) -> list[Any]:
        values = [sample.at(k) for k in range(len(hand.wrt))]
        return [np.asarray(g, dtype=float) for g in hand.gradients(sample.c, values)]

    return Witness(
        YOURS, "the backward function given", gradients=gradients, tolerance=hand.allowed
    )


def _traced(reference: Subject) -> list[Witness]:
    """Those who know whole gradients, of the forward as a graph: they cannot look into a function."""

    def at(sample: Sample) -> Sample:
        twin = drawn(reference, 0)
        by_name = dict(zip(sample.subject.names, range(len(sample.subject.names)), strict=True))
        leaves = dict(twin.leaves)
        for node, name in zip(reference.variables, reference.names, strict=True):
            leaves[node] = sample.at(by_name[name])
        return twin.with_leaves(leaves).seeded(sample.c)

    def traced(row: Witness, known: Callable[[Sample], Arrays]) -> Witness:
        return replace(row, refuses=never, gradients=lambda sample: known(at(sample)))

    here = drawn(reference, 0)
    return [
        traced(w, w.gradients)
        for w in judging(BACKWARD)
        if w.gradients is not None and not w.refuses(here)
    ]


# -- what holds for every VJP ------------------------------------------------------------------------


def _properties(hand: Handwritten, sample: Sample, values: Sequence[Any]) -> list[Comparison]:
    def pull(c: Any) -> list[Any]:
        return hand.gradients(c, values)

    fixed = hand.residuals is not None and not callable(hand.residuals)
    first = pull(sample.c)
    wrong = [
        f"{g.shape} for {name} {v.shape}"
        for g, v, name in zip(first, values, hand.variables, strict=True)
        if g.shape != v.shape or g.dtype.kind != "f"
    ]
    changed = hand.changes(sample.c, values)
    results = [
        held(YOURS, SHAPES, not wrong, ", ".join(wrong)),
        held(YOURS, UNCHANGED, not changed, ", ".join(changed)),
        repeated(YOURS, first, pull(sample.c)),
    ]
    if wrong or (fixed and hand.cotangent is not None):
        return results  # residuals that belong to one cotangent say nothing about another
    other = sample.rng.normal(size=sample.output.shape)
    results.append(zero(YOURS, pull, sample.c))
    results.append(linear(YOURS, pull, sample.c, other, hand.allowed))
    return results


def _nan_rows(output: Any) -> Comparison | None:
    """A forward that gives NaN has no derivative there; masking whole rows is how it comes about."""
    if not np.isnan(output).any():
        return None
    rows = sorted({tuple(int(i) for i in place[:-1]) for place in np.argwhere(np.isnan(output))})
    note = (
        f"the output is NaN in {len(rows)} rows, first in row {list(rows[0])}; a row that is masked "
        "entirely must give zero"
    )
    return Comparison("forward", "numbers", "value", float("nan"), ROUNDING, note, "fail")


# -- what is wrong -------------------------------------------------------------------------------------


def _finding(
    hand: Handwritten, k: int, name: str, comparisons: Sequence[Comparison], sample: Sample
) -> Finding:
    verdicts = {c.verdict for c in comparisons if c.quantity == name and c.first == YOURS}
    quantity = f"d{name}"
    if "fail" not in verdicts:
        return Finding(quantity, "pass" if "pass" in verdicts else "inconclusive")
    values = [sample.at(j) for j in range(len(hand.wrt))]
    yours = np.asarray(hand.gradients(sample.c, values)[k], dtype=float)
    right = _right(hand, k, name, sample)
    masked = _masked_note(yours, sample.output)
    if right is None:
        return Finding(quantity, "fail", masked)
    gradient, sweep, names, formula = right
    candidates = formula.candidates(sweep, names, sweep.sample, gradient.shape)
    slip = find_slip(yours, gradient, candidates, names)
    text = masked or ("" if slip is None else slip.text)
    return Finding(
        quantity, "fail", text, None if slip is None else slip.ratio, worst_of(yours, gradient)
    )


def _masked_note(yours: Any, output: Any) -> str:
    dead = ~np.any(output, axis=-1) if output.ndim else np.zeros(0, bool)
    if np.isfinite(yours).all() or not dead.any():
        return ""
    return "a row that is masked entirely must give a zero gradient"


def _right(
    hand: Handwritten, k: int, name: str, sample: Sample
) -> tuple[Any, Sweep, GraphNames, Right] | None:
    """The right gradient by the trace, with the sweep and the formula in which slips are looked for."""
    reference = hand.reference
    if reference is None or name not in reference.names:
        return None
    twin = drawn(reference, 0).seeded(sample.c)
    place = list(reference.names).index(name)
    node = reference.variables[place]
    named = {n: n.name for n in twin.replay.order if n.name is not None}
    lengths = {
        f"{arg}.shape[{axis}]": int(length)
        for arg, value in zip(hand.names, hand.args, strict=True)
        for axis, length in enumerate(np.shape(value))
    }
    return (
        hand_gradients(twin)[place],
        Sweep(twin, node),
        # what a function of arrays computes with it does not tell
        GraphNames(named, lengths, twin.replay.order, computed_with=lengths),
        hand.right(name),
    )
