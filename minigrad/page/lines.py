"""The lines of a study in every notation, each with its rule and its place in the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minigrad.index.size import value_of
from minigrad.notation.lines import tree_names
from minigrad.notation.steps import Step
from minigrad.page.numbers import expressions
from minigrad.page.program import sizes_of
from minigrad.page.question import Question
from minigrad.page.study import Study

# How the two styles, dS and ∂L/∂S, are called in an answer.
_STYLES = {"": False, "Partial": True}


def lines(study: Study, question: Question, how: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The part `lines` of an answer: forward, then backward, in reading order."""
    sizes = sizes_of(study, question)
    return [_line(study, id, step, sizes) for id, step in study.lines.items()]


def _line(study: Study, id: str, step: Step, sizes: Mapping[str, int]) -> dict[str, Any]:
    line = step.line
    about = line.of if line.of is not None else line.name
    return {
        "id": id,
        "name": line.name,
        "of": line.of,
        "pass": "forward" if step.forward else "backward",
        "result": line.name in {formula.name for formula in study.derivation.values()},
        "unicode": line.text(),
        "partial": line.text(partial=True),
        **{f"latex{key}": line.latex(style, aligned=False) for key, style in _STYLES.items()},
        **{f"typst{key}": line.typst(style, aligned=False) for key, style in _STYLES.items()},
        **{f"mathml{key}": line.mathml(style, symbols=True) for key, style in _STYLES.items()},
        "heading": step.heading,
        "rule": step.text,
        "card": study.cards.get(about),
        "statement": _statement(study, about),
        "uses": sorted(tree_names(line.tree) - {line.name}),
        "shape": _shape(study, step, sizes),
    }


def _statement(study: Study, name: str) -> int | None:
    """The statement that gives a name; for a variable, the only one that reads it."""
    for k, (given, _) in enumerate(study.statements):
        if given == name:
            return k
    reading = [
        k
        for k, (given, _) in enumerate(study.statements)
        if given in study.lines and name in tree_names(study.lines[given].line.tree)
    ]
    return reading[0] if len(reading) == 1 else None


def _shape(study: Study, step: Step, sizes: Mapping[str, int]) -> list[int]:
    """The shape of a line's value."""
    line = step.line
    for formula in study.derivation.values():
        if formula.name == line.name:
            return [value_of(size, sizes) for size in formula.sizes]
    own = {name: node.shape for node, name in study.derivation.reading.lowered.names.items()}
    known = own.get(line.of if line.of is not None else line.name)
    if known is None:  # a part that only formulas name
        known = expressions(study)[line.name].sizes
    return [value_of(size, sizes) for size in known]
