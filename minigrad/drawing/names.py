"""Tensor names as symbols: ``Wq`` is set as W with a subscript q."""

from __future__ import annotations

import re

from minigrad.drawing.model import Text, italic, sub

# A capital with a short tail (Wq, W1), a letter with digits (x0, h12), or anything with one "_".
_SUBSCRIPTED = re.compile(
    r"(?P<base>[^\W\d_])(?P<tail>\d{1,3})|(?P<capital>[A-Z])(?P<short>[a-zA-Z0-9]{1,2})"
    r"|(?P<word>[^\W_]+)_(?P<index>[^\W_]+)"
)


def symbol(name: str) -> Text:
    """A name as people write it: italic, its last part as a subscript where it is one.

    Examples
    --------
    >>> symbol("Wq").plain, symbol("x12").plain, symbol("loss").plain
    ('W_q', 'x_12', 'loss')
    """
    found = _SUBSCRIPTED.fullmatch(name)
    if found is None:
        return Text.of(italic(name))
    base, index = (part for part in found.groups() if part is not None)
    return Text.of(italic(base), sub(index))


def differential(name: str) -> Text:
    """The gradient by a tensor, for example dW with a subscript q."""
    return Text.of("d", symbol(name))
