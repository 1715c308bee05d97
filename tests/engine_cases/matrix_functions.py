"""Every matrix function of the registry, on a matrix that has it; the reference is what its row says in source."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from engine_cases.case import SPD, SQUARE, Case, Function, M
from minigrad.graph.operation import apply
from minigrad.index.matrix_row import MatrixRow
from minigrad.primitive import REGISTRY, Primitive


def matrix_rows() -> dict[str, tuple[Primitive, MatrixRow]]:
    """The built-in matrix functions by the names that formulas call them."""
    found = {}
    for row in REGISTRY.values():
        if row.builtin and isinstance(row.meaning, partial) and isinstance(row.meaning.args[0], MatrixRow):
            found[row.meaning.args[0].name] = row, row.meaning.args[0]
    return found


def matrix_function_cases() -> list[Case]:
    """One call of each."""
    cases = []
    for row, matrix in matrix_rows().values():
        tall = matrix.of in ("tall", "any")
        definite = matrix.of == "symmetric" or row.domain == ("spd",)
        argument = M.T if tall else SPD if definite else SQUARE
        cases.append(Case(row.name, "of itself", called(row), (argument,), _in_source(matrix)))
    return cases


def called(row: Primitive) -> Function:
    """The row with its defaults, also where another function prepares its arguments."""
    return lambda x: apply(row, (x,), row.params)


def _in_source(matrix: MatrixRow) -> Function:
    known: dict[str, Any] = {"np": np}
    exec(matrix.helper, known)
    function: Function = eval(f"lambda x: {matrix.text.format('x')}", known)
    return function
