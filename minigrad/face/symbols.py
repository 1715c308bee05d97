"""Tensors without data: a name, dims, and what is assumed of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph import Tensor, leaf, wrap
from minigrad.index.size import AnySize, dim
from minigrad.symbolic.assume import checked_assumptions

_DECLARATION = re.compile(r"\s*([A-Za-z_]\w*)\s*(?::\s*([^|]*))?(?:\|\s*(.*))?$")


def symbols(*declarations: str) -> Any:
    """Tensors that have a name and dims but no values.

    Parameters
    ----------
    declarations
        ``"X: n d"``, ``"w: d"``, ``"lam"`` for a scalar; sizes may be numbers, ``"C: 2 3"``. After a
        bar come assumptions: ``"S: n n | spd"``, ``"y: m | 0/1"``. Several declarations may stand in one
        string, separated by commas.

    Returns
    -------
    One tensor, or a tuple of them where several are declared.

    Raises
    ------
    ArgumentError
        When a declaration cannot be read, or an assumption is not known or does not fit the shape.

    Examples
    --------
    >>> import minigrad as mg
    >>> X, w = mg.symbols("X: n d", "w: d")
    >>> (X @ w).shape
    (Size('n'),)
    """
    texts = [part for text in declarations for part in text.split(",")]
    if not texts:
        raise ArgumentError('symbols: declare at least one, as in mg.symbols("X: n d")')
    tensors = tuple(_declared(text) for text in texts)
    return tensors[0] if len(tensors) == 1 else tensors


def _declared(text: str) -> Tensor:
    match = _DECLARATION.match(text)
    if match is None:
        raise ArgumentError(
            f'symbols: {text!r} is no declaration; write a name, dims and assumptions, as in "S: n n | spd"'
        )
    name, dims, assumptions = match.groups()
    sizes = tuple(_size(word, text) for word in (dims or "").split())
    assume = checked_assumptions(name, (assumptions or "").replace(" and ", " ").split(), sizes)
    dtype = np.int64 if "index" in assume else np.float64
    node = leaf(None, name=name, assume=assume, shape=sizes, dtype=dtype)
    return wrap(None, node)


def _size(word: str, text: str) -> AnySize:
    if word.isdigit():
        return int(word)
    if not word.isidentifier():
        raise ArgumentError(
            f"symbols: {word!r} in {text!r} is no size; a size is a name or a number"
        )
    return dim(word)
