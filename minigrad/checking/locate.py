"""Whose fault it is: each primitive of a graph, alone, on the numbers it had there.

Three facts about a primitive are compared pairwise: its forward, its hand VJP, its meaning. One lie
breaks only the pairs it touches, so the pattern of broken pairs names the liar, or both candidates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.checking.low_precision import PRECISIONS
from minigrad.checking.primitive_case import Case
from minigrad.checking.replay import Replay
from minigrad.checking.report import Comparison, Suspect
from minigrad.checking.witness import FORMULA, Witness
from minigrad.checking.witnesses import with_parts
from minigrad.graph import Node

Part = str
# What is asked for in a note, where it could not be answered.
AT_FAULT = "the primitive at fault"
FORWARD, VJP, MEANING = "forward", "VJP", "meaning"
DERIVATIVE = "meaning's derivative"
DIGITS = "value at 50 digits"
# What a failure may be about beside values and slopes in double precision.
IN_LOWER, AT_SECOND_ORDER = "lower precision", "second order"


def locate(
    replay: Replay,
    leaves: Mapping[Node, Any],
    rng: np.random.Generator,
    beyond: Collection[str] = (IN_LOWER, AT_SECOND_ORDER),
) -> list[Suspect]:
    """Every primitive of the graph whose facts do not agree.

    What shows in double precision and at first order is looked for first, in all of them; what is ``beyond``
    that only where it is what failed, or what cancels in lower precision would be blamed for anything.
    """
    values = replay.every(leaves)
    cases = [Case(replay, node, values, rng) for node in replay.order if node.op is not None]
    further = {IN_LOWER: _in_lower_precision, AT_SECOND_ORDER: _at_second_order}
    for examined in (_at_first_order, *(f for name, f in further.items() if name in beyond)):
        suspects: dict[str, Suspect] = {}
        for case in cases:
            if case.row.name not in suspects:
                found = examined(case)
                if found is not None:
                    suspects[case.row.name] = found
        if suspects:
            return list(suspects.values())
    return []


def _at_first_order(case: Case) -> Suspect | None:
    error = case.vjp_error()
    if error:
        return Suspect(case.row.name, (VJP,), f"its VJP raised {error}")
    value, slope, rule = (
        case.forward_against_meaning(),
        case.vjp_against_differences(),
        case.vjp_against_meaning(),
    )
    evidence = ", ".join(
        text
        for text, broken in (
            ("forward and meaning give different values", value),
            ("hand VJP and differences of the forward disagree", slope),
            ("hand VJP and the derivative of the meaning disagree", rule),
        )
        if broken
    )
    if evidence:
        return Suspect(case.row.name, _blamed(case, value, slope, rule), evidence)
    if case.forward_against_digits():
        return Suspect(case.row.name, (DIGITS,), "forward and value at 50 digits differ")
    return None


def _in_lower_precision(case: Case) -> Suspect | None:
    for precision in PRECISIONS:
        for part, test in ((FORWARD, case.forward_in), (VJP, case.vjp_in)):
            if evidence := test(precision):
                return Suspect(case.row.name, (f"{part} in {precision.name}",), evidence)
    return None


def _at_second_order(case: Case) -> Suspect | None:
    evidence = case.second_order()
    return Suspect(case.row.name, (f"{VJP} at second order",), evidence) if evidence else None


def _blamed(
    case: Case, value: bool | None, slope: bool | None, rule: bool | None
) -> tuple[Part, ...]:
    """Who breaks exactly these pairs; None stands for a pair that could not be compared."""
    if value and slope:
        return (FORWARD,)
    if slope:
        return (VJP,) if value is False else (FORWARD, VJP)
    if value and (slope is None or not rule or case.vjp_reads_output()):
        # a constant that is off leaves every slope as it was, and a VJP that reads the output of a
        # wrong forward is wrong with it
        return (FORWARD, MEANING)
    return (MEANING,) if value else (DERIVATIVE,)


def machinery(
    comparisons: Sequence[Comparison], found: Sequence[Suspect] = ()
) -> list[Suspect]:
    """What joins primitives: it is wrong where each of them is right by itself, or only derived wrongly.

    ``found`` are primitives at fault. A meaning's derivative is the work of the derivation, also alone.
    """
    if any(suspect.parts != (DERIVATIVE,) for suspect in found):
        return []
    broken = [c for c in comparisons if c.verdict == "fail"]
    table = with_parts()
    explaining = [
        w
        for w in table
        if broken and all(_names(w, table) & {c.first, c.second} for c in broken)
    ]
    origins = {w.of or w.made_from for w in explaining}
    # where a formula agrees with all others, what is made of it is wrong
    suspected = [w for w in explaining if w.name not in origins]
    evidence = "each primitive agrees with its meaning and its VJP, the whole does not"
    if found:
        suspected = [w for w in suspected if w.name == FORMULA]
        evidence = "the meanings are right, and what is derived from them is not"
    return [Suspect(w.name, (w.part,), evidence) for w in suspected]


def _names(witness: Witness, table: Sequence[Witness]) -> set[str]:
    """What the witness is called in reports, and what is wrong with it."""
    return {
        w.called(order)
        for w in table
        if witness.name in (w.name, w.of, w.made_from)
        for order in w.orders
    }
