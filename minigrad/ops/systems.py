"""Solutions of linear systems."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import Call, array_or_tensor
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.ops import meanings as meaning
from minigrad.ops import shape_messages
from minigrad.ops.matrix_function import transposed as _t
from minigrad.ops.scipy_loader import scipy_linalg


def _solve_a(g: Any, z: Any, a: Any, b: Any) -> Any:
    back = _solve_b(g, z, a, b)
    if b.ndim == 1:
        return -(np.expand_dims(back, -1) @ np.expand_dims(z, -2))
    return -(back @ _t(z))


def _solve_b(g: Any, z: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1 and a.ndim > 2:
        return np.squeeze(np.linalg.solve(_t(a), np.expand_dims(g, -1)), -1)
    return np.linalg.solve(_t(a), g)


solve = primitive(
    "linalg.solve",
    np.linalg.solve,
    vjps=(_solve_a, _solve_b),
    shape_message=shape_messages.systems,
    domain=("invertible", "real"),
    broadcasts=True,
    meaning=meaning.solve,
    doc="The solution Z of X Z = Y.",
)


def _triangular(a: Any, b: Any, *, trans: int, lower: bool, unit_diagonal: bool) -> Any:
    run = scipy_linalg().solve_triangular
    options = {"trans": trans, "lower": lower, "unit_diagonal": unit_diagonal}
    if a.ndim == 2 and b.ndim <= 2:
        return run(a, b, **options)
    columns = b if b.ndim > 1 else b[:, None]
    if a.shape[-1] != a.shape[-2] or a.shape[-1] != columns.shape[-2]:
        raise ValueError("the sizes do not fit")  # Also where there is no system to fail.
    lead = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    many_a = np.broadcast_to(a, lead + a.shape[-2:])
    many_b = np.broadcast_to(columns, lead + columns.shape[-2:])
    out = np.empty(many_b.shape, np.result_type(a, b))
    for place in np.ndindex(*lead):
        out[place] = run(many_a[place], many_b[place], **options)
    return out if b.ndim > 1 else out[..., 0]


def _triangular_b(g: Any, z: Any, a: Any, b: Any, **options: Any) -> Any:
    return solve_triangular_in_rules(a, g, **{**options, "trans": 1 - options["trans"]})


def _triangular_a(g: Any, z: Any, a: Any, b: Any, **options: Any) -> Any:
    back = _triangular_b(g, z, a, b, **options)
    if b.ndim == 1:
        back, z = np.expand_dims(back, -1), np.expand_dims(z, -1)
    full = z @ _t(back) if options["trans"] else back @ _t(z)
    skip = 1 if options["unit_diagonal"] else 0
    return -np.tril(full, -skip) if options["lower"] else -np.triu(full, skip)


def _triangular_signature(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> Call:
    numbers = {0: 0, 1: 1, 2: 1, "N": 0, "T": 1, "C": 1}
    if trans not in numbers:
        raise ArgumentError(f"linalg.solve_triangular: trans is 0, 1, 'N' or 'T', not {trans!r}")
    params = {"trans": numbers[trans], "lower": bool(lower), "unit_diagonal": bool(unit_diagonal)}
    return (as_tensor(a), as_tensor(b)), params


solve_triangular = primitive(
    "linalg.solve_triangular",
    _triangular,
    vjps=(_triangular_a, _triangular_b),
    params={"trans": 0, "lower": False, "unit_diagonal": False},
    shape_message=shape_messages.systems,
    domain=("invertible", "real"),
    broadcasts=True,
    signature=_triangular_signature,
    meaning=meaning.solve_triangular,
    doc="The solution Z of X Z = Y for a triangular X; the other triangle is not read.",
)
solve_triangular_in_rules = array_or_tensor(solve_triangular)
