"""Tensor names as symbols: ``Wq`` is set as W with a subscript q."""

from __future__ import annotations

import re

from minigrad.drawing.model import Run, Style, Text, italic, sub
from minigrad.names import parted
from minigrad.notation.greek import GREEK

# A capital with a short tail (Wq, W1), a letter with digits or one letter (x0, bq), or anything
# with one "_".
_SUBSCRIPTED = re.compile(
    r"(?P<base>[^\W\d_])(?P<tail>\d{1,3}|[a-z])|(?P<capital>[A-Z])(?P<short>[a-zA-Z0-9]{1,2})"
    r"|(?P<word>[^\W_]+)_(?P<index>[^\W_]+)"
)


def symbol(name: str) -> Text:
    """A name as people write it: italic, its last part as a subscript where it is one.

    Examples
    --------
    >>> symbol("Wq").plain, symbol("x12").plain, symbol("loss").plain, symbol("gamma").plain
    ('W_q', 'x_12', 'loss', 'γ')
    """
    path, last = parted(name)
    if path:
        return Text.of(italic(f"{path}."), symbol(last))
    found = None if name in GREEK else _SUBSCRIPTED.fullmatch(name)
    if found is None:
        return Text.of(italic(GREEK.get(name, name)))
    base, index = (part for part in found.groups() if part is not None)
    return Text.of(italic(base), sub(index))


def titled(name: str) -> Text:
    """A name as it stands on its card: what path leads to it is small."""
    path, last = parted(name)
    return Text.of(*([Run(f"{path}.", Style.SMALL)] if path else []), symbol(last))


def indexed(text: Text, index: str) -> Text:
    """A symbol with its indices: ``_ij`` set low, apart from a subscript of its own, ``[:,i]`` as it is."""
    letters = index.removeprefix("_")
    if letters == index:
        return text + index if index else text
    own = text.runs and Style.SUB in text.runs[-1].style
    return text + sub(f",{letters}" if own else letters)


def differential(name: str) -> Text:
    """The gradient by a tensor, for example dW with a subscript q; block[0].dQ after a path."""
    path, last = parted(name)
    return Text.of(*([italic(f"{path}.")] if path else []), "d", symbol(last))
