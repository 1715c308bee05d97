"""Lines with their numbers plugged in; each number of a result with what it comes from, and its sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, MinigradError
from minigrad.index.size import value_of
from minigrad.names import in_formula
from minigrad.notation.layout import PAGE, Layout
from minigrad.notation.lines import Line
from minigrad.notation.mathml import mathml
from minigrad.notation.printed_text.letters import UnsizedError
from minigrad.notation.printed_text.statement import Evaluation
from minigrad.notation.printed_text.values import Block, Value, held, plain
from minigrad.page.cells import cell, leaves, number, places
from minigrad.page.numbers import MOST_ELEMENTS, Numbers, expressions, numbers_of, told
from minigrad.page.pieces import Pieces, Reader
from minigrad.page.question import Question
from minigrad.page.study import Study
from minigrad.page.traced import Traced
from minigrad.page.written import written

_MOST_PIECES, _MOST_CELLS = 12, 144
_DEEPEST = 9
_UNREADABLE = (MinigradError, UnsizedError, ValueError, TypeError, KeyError, IndexError)


def plugged(study: Study, question: Question, how: Mapping[str, Any]) -> dict[str, Any]:
    """The part `plugged` of an answer: each line that is asked for, by its id."""
    asked = how.get("lines") or [*study.lines]
    numbers = numbers_of(study, question)
    unknown = [id for id in asked if id not in study.lines]
    if unknown:
        raise ArgumentError(f"plugged: {unknown[0]!r:.40} is no line; lines are {', '.join(study.lines)}")
    exprs = expressions(study)
    known = {in_formula(name): held(_real(array)) for name, array in numbers.known.items()}
    reader = Reader(known, numbers.sizes)
    for step in study.lines.values():  # a named statistic of rows stays one
        name = in_formula(step.line.name)
        if isinstance(vector := known.get(name), Block) and vector.is_vector:
            value = reader.value(step.line.tree)
            if isinstance(value, Block) and value.is_vector and value.of:
                known[name] = replace(vector, of=value.of)
    found = {}
    for id in asked:
        line = study.lines[id].line
        shape = tuple(value_of(s, numbers.sizes) for s in exprs[line.name].sizes)
        found[id] = _line(line, id, reader, numbers, shape)
    return found


def _real(array: Any) -> Any:
    return np.asarray(array, dtype=float)


def _line(line: Line, id: str, reader: Reader, numbers: Numbers, shape: tuple[int, ...]) -> dict[str, Any]:
    """One line; where its numbers cannot be told apart with certainty, its result alone has them."""
    truth = numbers.lines[id]
    label = mathml(line._left(Layout(PAGE)))
    first = {"kind": "array", "name": line.name, "label": label, **told(truth), "gradient": line.of is not None}
    alone = {"pieces": [first], "cells": None}
    own = {name: value for name, value in reader.known.items() if name != in_formula(line.name)}
    inner = Reader(own, numbers.sizes)
    try:
        for deepest in range(_DEEPEST, 0, -1):
            parts = Pieces(inner, 2, deepest)
            skeleton = parts.walk(line.tree)
            if len(parts.told) + 2 <= _MOST_PIECES:
                break
        else:
            return alone
        cells = _cells(line, inner, parts, skeleton, truth, shape)
    except _UNREADABLE:
        return alone
    return {"pieces": [first, {"kind": "text", "text": "="}, *parts.told], "cells": cells}


def _cells(
    line: Line, reader: Reader, parts: Pieces, skeleton: Any, truth: Any, shape: tuple[int, ...]
) -> list[dict[str, Any]] | None:
    """Each number of the result, None where they are too many, or their sums are not the result."""
    large = any(np.size(plain(value)) > MOST_ELEMENTS for value, _ in parts.values.values())
    if np.size(truth) > _MOST_CELLS or large:
        return None
    bare: dict[str, Value] = {name: value for name, (value, _) in parts.values.items()}
    bare |= {name: value for name, (value, _) in parts.constants.items()}
    guesses = _guesses(reader.evaluation(skeleton, line.places, shape, known=bare), truth)
    if guesses is None:
        return None
    traced: dict[str, Value] = {name: _leaves(value, k) for name, (value, k) in parts.values.items()}
    traced |= {name: number(value, text) for name, (value, text) in parts.constants.items()}
    evaluation = reader.evaluation(skeleton, line.places, shape, Traced, traced)
    evaluation.guesses = guesses
    with np.errstate(all="ignore"):
        found = [cell(x) for x in np.broadcast_to(plain(evaluation.filled()), shape).ravel()]
    if not _same([each.value for each in found], truth):
        return None
    pairs = zip(found, np.ravel(truth), strict=True)
    return [
        {"text": _place(np.shape(truth), k) + written(each, value), "from": _by_piece(places(each))}
        for k, (each, value) in enumerate(pairs)
    ]


def _guesses(evaluation: Evaluation, truth: Any) -> list[int] | None:
    """The sizes of 𝟏 and I by which a formula gives its result, None where it does not."""
    while True:
        evaluation.used = evaluation.oblong = 0
        try:
            with np.errstate(all="ignore"):
                value = evaluation.filled()
            if _same(plain(value), truth):
                return list(evaluation.guesses)
        except (ValueError, UnsizedError):
            pass
        if not evaluation.next_guess():
            return None


def _same(found: Any, truth: Any) -> bool:
    a, b = np.ravel(np.asarray(found, dtype=float)), np.ravel(truth)
    scale = 1e-12 + 1e-9 * float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0))
    return a.size == b.size and bool(np.allclose(a, b, rtol=1e-9, atol=scale, equal_nan=True))


def _leaves(value: Value, piece: int) -> Value:
    if isinstance(value, Block):
        return Block(leaves(piece, value.array), value.kind, value.of, value.free)
    return leaves(piece, np.asarray(value))[()]


def _by_piece(found: set[tuple[int, int]]) -> dict[str, list[int]]:
    result: dict[str, list[int]] = {}
    for piece, place in sorted(found):
        result.setdefault(str(piece), []).append(place)
    return result


def _place(shape: tuple[int, ...], k: int) -> str:
    """Where a number stands, in words."""
    at = [int(i) + 1 for i in np.unravel_index(k, shape)]
    if not at:
        return ""
    if len(at) == 1:
        return f"place {at[0]}: "
    lead = f"block {', '.join(map(str, at[:-2]))}, " if len(at) > 2 else ""
    return f"{lead}row {at[-2]}, column {at[-1]}: "
