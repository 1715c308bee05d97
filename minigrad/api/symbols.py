"""Tensors without data: a name, dims, and what is assumed of them."""

from __future__ import annotations

from typing import Any

from minigrad.errors import ArgumentError, NameClashError
from minigrad.graph import Tensor
from minigrad.parsing.variables import declared, dims_of, symbol, variable_name


def symbols(*declarations: str) -> Any:
    """Tensors that have a name and dims but no values.

    Parameters
    ----------
    declarations
        ``"X: n d"``, ``"w: d"``, ``"lam"`` for a scalar; sizes may be numbers or polynomials of dims,
        ``"C: 2 3"``, ``"z: 2*k"``. After a bar come assumptions: ``"S: n n | spd"``, ``"y: m | 0/1"``.
        Several declarations may stand in one string, separated by commas.

    Returns
    -------
    One tensor, or a tuple of them where several are declared.

    Raises
    ------
    ArgumentError
        When a declaration cannot be read, or an assumption is not known or does not fit the shape.
    NameClashError
        When a name is declared twice, or a variable with axes is named like a dim.

    Examples
    --------
    >>> import minigrad as mg
    >>> X, w = mg.symbols("X: n d", "w: d")
    >>> (X @ w).shape
    (Size('n'),)
    """
    for text in declarations:
        if not isinstance(text, str):
            raise ArgumentError(
                f'symbols: {text!r} is no declaration; write a string, as in mg.symbols("X: n d")'
            )
    texts = [part for text in declarations for part in text.split(",")]
    if not texts:
        raise ArgumentError('symbols: declare at least one, as in mg.symbols("X: n d")')
    tensors = tuple(_declared(text) for text in texts)
    _refuse_clashes(tensors)
    return tensors[0] if len(tensors) == 1 else tensors


def _declared(text: str) -> Tensor:
    before, bar, facts = text.partition("|")
    name, _, dims = before.partition(":")
    name = name.strip()
    if not name or len(name.split()) > 1:
        raise ArgumentError(
            f"symbols: {text.strip()!r} is no declaration; write a name, dims and assumptions, as in "
            '"S: n n | spd", and several separated by commas'
        )
    name = variable_name(name)
    return symbol(name, declared(name, dims + bar + facts))


def _refuse_clashes(tensors: tuple[Tensor, ...]) -> None:
    dims = dims_of([], tensors)
    seen: set[str] = set()
    for tensor in tensors:
        name = str(tensor.name)
        if name in seen:
            raise NameClashError(f"symbols: {name!r} is declared twice; rename one of them")
        if name in dims and tensor.shape:
            raise NameClashError(
                f"symbols: {name!r} is a dim and a variable with axes; rename one of them"
            )
        seen.add(name)
