"""Reading, writing and adding by index."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg
from engine_cases.case import IDX, M, NumPyCase, V, X, normal

CASES: list[NumPyCase] = []
_BASIC: dict[str, Any] = {
    "integer": 1,
    "negative": (-1, 0),
    "slice": (slice(None), slice(None, None, -2)),
    "new axis": (None, Ellipsis, 0, None),
    "array": (IDX % 2,),
    "arrays": (slice(None), IDX, np.array([0, 3, 0])),
    "apart": (0, slice(None), IDX),
    "mask": (X > 0,),
    "row mask": (slice(None), np.array([True, False, True])),
    "list": ([1, 0, 1],),
    "empty": (slice(0, 0),),
}
for _label, _index in _BASIC.items():
    CASES.append(
        ("getitem", _label, lambda m, x, i=_index: m.getitem(x, i) if m is mg else x[i], (X,))
    )


def _set(x: Any, index: Any, value: Any) -> Any:
    y = x.copy()
    y[index] = value
    return y


for _label, _index in _BASIC.items():
    _shape = X[_index].shape
    CASES.append(
        (
            "setitem",
            _label,
            lambda m, x, v, i=_index: m.setitem(x, i, v) if m is mg else _set(x, i, v),
            (X, normal(*_shape, key="set")),
        )
    )


def _added(x: Any, index: Any, value: Any) -> Any:
    y = x.copy()
    np.add.at(y, index, value)
    return y


CASES += [
    (
        "index_add",
        label,
        lambda m, x, v, i=index: m.index_add(x, i, v) if m is mg else _added(x, i, v),
        (M, value),
    )
    for label, index, value in (
        ("repeated", IDX, normal(3, 4, key="add")),
        ("broadcast", (slice(None), IDX), np.array(0.5)),
    )
]
CASES.append(
    (
        "setitem",
        "broadcast value",
        lambda m, x, v: (
            m.setitem(x, (slice(None), 1), v) if m is mg else _set(x, (slice(None), 1), v)
        ),
        (X, V),
    )
)
