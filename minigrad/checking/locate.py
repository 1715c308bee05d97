"""Whose fault it is: each primitive of a graph, alone, on the numbers it had there.

Three facts about a primitive are compared pairwise: its forward, its hand VJP, its meaning. One lie
breaks only the pairs it touches, so the pattern of broken pairs names the liar, or both candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.checking.primitive_case import Case
from minigrad.checking.replay import Program
from minigrad.checking.report import Suspect
from minigrad.graph import Node

Part = str
FORWARD, VJP, MEANING = "forward", "VJP", "meaning"
DERIVATIVE = "meaning's derivative"


def locate(program: Program, leaves: Mapping[Node, Any], rng: np.random.Generator) -> list[Suspect]:
    """Every primitive of the graph whose facts do not agree."""
    values = program.every(leaves)
    suspects: dict[str, Suspect] = {}
    for node in program.order:
        if node.op is not None and node.op.name not in suspects:
            found = _examined(Case(program, node, values, rng))
            if found is not None:
                suspects[node.op.name] = found
    return list(suspects.values())


def _examined(case: Case) -> Suspect | None:
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
    for parts, test in (
        ((f"{FORWARD} in float32",), case.forward_in_float32),
        ((f"{VJP} in float32",), case.vjp_in_float32),
        ((f"{VJP} at second order",), case.second_order),
    ):
        evidence = test()
        if evidence:
            return Suspect(case.row.name, parts, evidence)
    return None


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
