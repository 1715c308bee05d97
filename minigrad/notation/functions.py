"""How functions are written. A row's own notation comes first; what has none prints its short name."""

from __future__ import annotations

from typing import NamedTuple

from minigrad import markup
from minigrad.index.expr import Head, Number
from minigrad.index.heads import LEAST, SHARE
from minigrad.index.matrix_row import MATRIX_ROWS
from minigrad.index.numbers import number
from minigrad.primitive import REGISTRY


class Written(NamedTuple):
    """A function's name as Unicode text, ASCII and LaTeX."""

    text: str
    ascii: str
    latex: str


# Functions of the notation itself, which no row defines.
_OWN = {
    "": Written("", "", ""),  # several numbers in parentheses
    "diag": Written("diag", "diag", r"\operatorname{diag}"),  # of a vector: a matrix
    "diagonal": Written("diag", "diag", r"\operatorname{diag}"),  # of a matrix: a vector
    "tr": Written("tr", "trace", r"\operatorname{tr}"),
    "sum": Written("sum", "sum", r"\operatorname{sum}"),
    "mean": Written("mean", "mean", r"\operatorname{mean}"),
    "rowsum": Written("rowsum", "rowsum", r"\operatorname{rowsum}"),
    "colsum": Written("colsum", "colsum", r"\operatorname{colsum}"),
    "rowmean": Written("rowmean", "rowmean", r"\operatorname{rowmean}"),
    "colmean": Written("colmean", "colmean", r"\operatorname{colmean}"),
    "joined": Written("[·]", "hstack([·])", r"\operatorname{hstack}"),
}
# What programs call a function whose row has SciPy's name.
_ASCII = {"expit": "sigmoid"}
_LATEX_OPERATORS = {
    "exp",
    "log",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sinh",
    "cosh",
    "arcsin",
    "arccos",
    "arctan",
    "max",
    "min",
}


def shown_parameters(head: Head) -> list[Number]:
    """The parameters a reader needs: none where all have the values that they have unless given."""
    row = REGISTRY.get(head.name)
    usual = {} if row is None else {k: number(v) for k, v in row.params.items() if _is_number(v)}
    params = {key: value for key, value in head.params if key not in (LEAST, SHARE)}
    return [] if params == usual else list(params.values())


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def written(function: str) -> Written:
    """How the function is written in each notation."""
    if function in _OWN:
        return _OWN[function]
    matrix = MATRIX_ROWS.get(function)
    if matrix is not None and matrix.latex:
        return Written(function, function, matrix.latex)
    row = REGISTRY.get(function)
    short = function.rpartition(".")[2]
    if row is not None and row.notation is not None:
        return Written(row.notation.text, _ASCII.get(short, short), row.notation.latex)
    if short in _LATEX_OPERATORS:
        return Written(short, short, "\\" + short)
    return Written(short, short, rf"\operatorname{{{markup.latex(short)}}}")


def text_name(ascii: str) -> str:
    """The name in Unicode text of the function that ASCII prints by this name."""
    names = (*_OWN.values(), *map(written, REGISTRY))
    return next((n.text for n in names if n.ascii == ascii != n.text), ascii)


def mark_of(function: str) -> str:
    """The mark that a gradient through this function carries in a derivation, or ""."""
    row = REGISTRY.get(function)
    return row.notation.mark if row is not None and row.notation is not None else ""
