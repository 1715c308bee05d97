"""Each operation of a program as a NumPy expression."""

from __future__ import annotations

from minigrad.errors import DerivationError
from minigrad.program import Value
from minigrad.source import numpy_arrays, numpy_contraction, numpy_elementwise
from minigrad.source.context import Context
from minigrad.source.pieces import Text

_TEXTS = {**numpy_elementwise.TEXTS, **numpy_arrays.TEXTS, **numpy_contraction.TEXTS}


def expression(value: Value, at: Context) -> Text:
    """The value as one Python expression."""
    if value.op not in _TEXTS:
        raise DerivationError(f"{value.op}: this operation has no NumPy text")
    return _TEXTS[value.op](value, at)
