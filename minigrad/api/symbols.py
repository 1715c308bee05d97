"""Tensors without data: a name, dims, and what is assumed of them."""

from __future__ import annotations

from typing import Any

from minigrad.errors import ArgumentError, NameClashError
from minigrad.graph import Tensor
from minigrad.graph.undefined import Function
from minigrad.index.assume import ASSUMPTIONS
from minigrad.parsing.variables import (
    declared,
    dims_of,
    function_named,
    is_function,
    symbol,
    variable_name,
)


def function(name: str) -> Function:
    """A function without a definition, y = f(x) elementwise, with derivatives f′, f″, ….

    Parameters
    ----------
    name
        What formulas call it.

    Returns
    -------
    Function
        Called with tensors that have no values, one or several that broadcast, it is a step of the graph;
        of several arguments the derivatives are ∂₁f, ∂₂f, …

    Raises
    ------
    ArgumentError
        When the name is no identifier.
    NameClashError
        When it names an operation.

    Examples
    --------
    >>> import minigrad as mg
    >>> A, x = mg.symbols("A: m n", "x: n")
    >>> f = mg.function("f")
    >>> print(mg.derive(mg.sum(f(A @ x)), wrt="x"))
    dx = Aᵀ f′(A x)
    """
    if not isinstance(name, str):
        raise ArgumentError(f'function: {name!r:.40} is no name; write mg.function("f")')
    return function_named(name)


def symbols(*declarations: str) -> Any:
    """Tensors that have a name and dims but no values.

    Parameters
    ----------
    declarations
        ``"X: n d"``, ``"w: d"``, ``"lam"`` for a scalar; sizes may be numbers or polynomials of dims,
        ``"C: 2 3"``, ``"z: 2*k"``. After a bar come assumptions: ``"S: n n | spd"``, ``"y: m | 0/1"``.
        ``"f: function"`` is a function without a definition.
        Several declarations may stand in one string, separated by commas. Dims may be, too, where that
        cannot be mistaken: a number, ``"C: 2, 3"``, or a dim of another declaration is no scalar.

    Returns
    -------
    One tensor, or a tuple of them where several are declared.

    Raises
    ------
    ArgumentError
        When a declaration cannot be read, or an assumption is not known or does not fit the shape; and for
        ``"X: n, d"`` alone, which may mean a scalar d or a second dim.
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
    texts = _parted(declarations)
    if not texts:
        raise ArgumentError('symbols: declare at least one, as in mg.symbols("X: n d")')
    tensors = tuple(_declared(text) for text in texts)
    _refuse_clashes(tensors)
    return tensors[0] if len(tensors) == 1 else tensors


def _parted(declarations: tuple[str, ...]) -> list[str]:
    """The declarations one by one; what stands behind a comma goes on with dims where it can only be one."""
    parts = [text.split(",") for text in declarations]
    known = {word for text in parts for part in text for word in _dims(part)}
    texts: list[str] = []
    for text in parts:
        for k, part in enumerate(text):
            before = texts[-1] if k else ""
            word = part.partition("|")[0].strip()
            if "|" in before and word in ASSUMPTIONS:
                texts[-1] = f"{before},{part}"
            elif not _may_go_on(before) or ":" in part or not word or len(word.split()) > 1:
                texts.append(part)
            elif word in known or not word.isidentifier():
                texts[-1] = f"{before} {part.strip()}"
            else:
                name, _, dims = before.partition(":")
                both = " ".join([*dims.split(), part.strip()])
                raise ArgumentError(
                    f'symbols: "{",".join(text).strip()}" may mean {name.strip()} with the dims '
                    f"{both.partition('|')[0].strip()}, or a scalar {word} beside it; write "
                    f'"{name.strip()}: {both}", or two strings, "{before.strip()}", "{part.strip()}"'
                )
    return texts


def _may_go_on(declaration: str) -> bool:
    """Whether what stands behind a comma may be a further dim of it."""
    _, colon, dims = declaration.partition(":")
    return bool(colon) and "|" not in dims and not is_function(dims)


def _dims(part: str) -> list[str]:
    """The dims that a declaration has by names alone."""
    return part.partition(":")[2].partition("|")[0].split()


def _declared(text: str) -> Tensor | Function:
    before, bar, facts = text.partition("|")
    name, _, dims = before.partition(":")
    name = name.strip()
    if not name or len(name.split()) > 1:
        raise ArgumentError(
            f"symbols: {text.strip()!r} is no declaration; write a name, dims and assumptions, as in "
            '"S: n n | spd", and several separated by commas'
        )
    if is_function(dims + bar + facts):
        return function_named(name)
    name = variable_name(name)
    return symbol(name, declared(name, dims + bar + facts))


def _refuse_clashes(declared: tuple[Tensor | Function, ...]) -> None:
    dims = dims_of([], [each for each in declared if isinstance(each, Tensor)])
    seen: set[str] = set()
    for tensor in declared:
        name = str(tensor.name)
        if name in seen:
            raise NameClashError(f"symbols: {name!r} is declared twice; rename one of them")
        if name in dims and isinstance(tensor, Tensor) and tensor.shape:
            raise NameClashError(
                f"symbols: {name!r} is a dim and a variable with axes; rename one of them"
            )
        seen.add(name)
