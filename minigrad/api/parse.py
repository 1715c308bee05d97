"""`parse` and `from_sympy`: the graph of an expression that is written, not run."""

from __future__ import annotations

from typing import Any

from minigrad.graph import Tensor
from minigrad.parsing import Parsed, parsed, read_sympy


def parse(text: str, /, **variables: str | Tensor) -> Parsed:
    """The tensor that a text means, in NumPy's notation or in the one that formulas print.

    Parameters
    ----------
    text
        An expression, or several statements of which the last is the result: ``"S = X @ W; sum(S)"``
        names the intermediate S. Every operation is known by its NumPy name, ``softmax`` and its kin by
        theirs; a dim's name is its size, ``sqrt(k)``. A text that is none of Python's grammar is read as what
        formulas print, ``"‖A x − b‖²"``, with where-lists and several lines.
    variables
        Dims and assumptions, as in `symbols`: ``X="m n"``, ``y="m | pm1"``, ``lam=""`` for a scalar; or a
        tensor with data. Where the expression forces the dims of a variable it need not be declared, and
        ``.inferred`` of the result says what was found.

    Returns
    -------
    Parsed
        A tensor without data, the same graph that the calls would record.

    Raises
    ------
    ArgumentError
        When the text is no such expression, or a variable's dims are not forced; the error marks the
        column.
    ShapeError
        When dims clash.

    Examples
    --------
    >>> import minigrad as mg
    >>> loss = mg.parse("sum((A @ x - b)**2)", A="m n")
    >>> loss.inferred
    {'x': 'n', 'b': 'm'}
    >>> print(mg.derive(loss, wrt="x"))
    dx = 2 Aᵀ (A x − b)
    """
    return parsed(text, variables)


def from_sympy(expression: Any) -> Tensor:
    """The tensor that a SymPy scalar or matrix expression means.

    Matrix symbols become variables of their shapes (a column of one is a vector), symbols scalars.

    Raises
    ------
    DerivationError
        When the expression holds something that has no counterpart here.
    """
    return read_sympy(expression)
