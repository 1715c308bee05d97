"""How functions are written. A row's own notation comes first; what has none prints its short name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minigrad import markup
from minigrad.index.expr import Head, Number
from minigrad.index.heads import LEAST, SHARE
from minigrad.index.matrix_row import MATRIX_ROWS
from minigrad.index.numbers import number
from minigrad.index.undefined import is_undefined, read_name
from minigrad.notation.greek import GREEK
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
    # 1 above zero, 0 below it, a half at it: ties of a maximum share its gradient
    "step": Written("step½", "step_half", r"\operatorname{step}_{1/2}"),
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
    if is_undefined(head):
        return []
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
    if derived := read_name(function):
        return _derivative(function, *derived)
    if short in _LATEX_OPERATORS:
        return Written(short, short, "\\" + short)
    return Written(short, short, _latex_name(short))


def _latex_name(name: str) -> str:
    """A letter, f or φ, is a symbol; a word stands upright."""
    if len(name) == 1:
        return markup.latex(name)
    return f"\\{name}" if name in GREEK and name != "lam" else rf"\operatorname{{{markup.latex(name)}}}"


def _derivative(shown: str, name: str, counts: Sequence[tuple[int, int]]) -> Written:
    """The derivative of a function without a definition: f′ is D(f) in ASCII, ∂₂f is D(f, 0, 1)."""
    orders = [0] * max(argument for argument, _ in counts)
    for argument, times in counts:
        orders[argument - 1] = times
    latex = _latex_name(name)
    told = "" if orders == [1] and not shown.startswith("∂") else ", ".join(["", *map(str, orders)])
    if shown.startswith("∂"):
        signs = (rf"\partial_{{{k}}}" + (f"^{{{n}}}" if n > 1 else "") for k, n in counts)
        return Written(shown, f"D({name}{told})", " ".join([*signs, latex]))
    (order,) = orders
    return Written(shown, f"D({name}{told})", latex + ("'" * order if order < 4 else f"^{{({order})}}"))


def parted_function(function: str) -> tuple[str, str]:
    """A function and what stands low: the letters that it runs over, prod _kl, or its places, put [1:]."""
    if function in _OWN or function in MATRIX_ROWS or function in REGISTRY:
        return function, ""
    at = function.find("[") if "[" in function else function.rfind("_")
    return (function, "") if at < 0 else (function[:at], function[at:])


def text_name(ascii: str) -> str:
    """The name in Unicode text of the function that ASCII prints by this name."""
    names = (*_OWN.values(), *map(written, REGISTRY))
    return next((n.text for n in names if n.ascii == ascii != n.text), ascii)


def mark_of(function: str) -> str:
    """The mark that a gradient through this function carries in a derivation, or ""."""
    row = REGISTRY.get(function)
    return row.notation.mark if row is not None and row.notation is not None else ""
