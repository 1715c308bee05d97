"""Each operation of a program as an expression of an array library."""

from __future__ import annotations

from minigrad.errors import DerivationError
from minigrad.program import Value
from minigrad.source import arrays, contraction, elementwise
from minigrad.source.dialect import Context
from minigrad.source.pieces import Text

TEXTS = {**elementwise.TEXTS, **arrays.TEXTS, **contraction.TEXTS}


def expression(value: Value, at: Context) -> Text:
    """The value as one Python expression."""
    form = at.dialect.forms.get(value.op) or TEXTS.get(value.op)
    if form is None:
        raise DerivationError(f"{value.op}: this operation has no text in {at.dialect.called}")
    return form(value, at)
