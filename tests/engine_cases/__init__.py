"""The table behind the engine's tests: for every row, calls with legal inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg
from engine_cases import arrays, compositions, indexing, matrices, neural, options
from engine_cases.case import Case as Case
from engine_cases.case import Function
from engine_cases.elementwise import elementwise_cases
from engine_cases.matrix_functions import matrix_function_cases


def _bound(run: Function, module: Any) -> Function:
    return lambda *args: run(module, *args)


# Cases as (row, label, function of a NumPy-like module and the arrays, arrays): the same function
# runs with minigrad and with NumPy, which is the reference.
_TABLES = (arrays, matrices, indexing, options, compositions)
LIKE_NUMPY: list[Case] = elementwise_cases() + [
    Case(row, label, _bound(run, mg), args, _bound(run, np))
    for table in _TABLES
    for row, label, run, args in table.CASES
]
CASES: list[Case] = LIKE_NUMPY + matrix_function_cases() + neural.CASES
# Rows that nobody calls: they are met in derivatives of others.
MET = {"scatter", "nn.conv2d_image", "nn.conv2d_kernel"}
