"""The door for matrix functions: one call says what the engine and what formulas know of one."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, NameClashError
from minigrad.graph.call import Operation, Signature
from minigrad.graph.define import primitive
from minigrad.index.matrix_row import MATRIX_ROWS, Kind, MatrixRow, Rule, same
from minigrad.ops import shape_messages
from minigrad.primitive import AS_IT_IS, REGISTRY, Names


def transposed(x: Any) -> Any:
    """The transpose of every matrix of a stack."""
    return x.swapaxes(-1, -2)


def matrix_function(
    name: str,
    forward: Rule,
    vjp: Rule,
    adjoint: Rule,
    sentence: str,
    *,
    of: Kind = "square",
    sizes: Rule = same,
    text: str,
    helper: str = "",
    dialects: Mapping[str, str] | None = None,
    objects: Rule | None = None,
    digits: Rule | None = None,
    inexact: str = "",
    single: str = "",
    keeps: bool = False,
    inverts: bool = False,
    turned: str = "",
    called: str = "",
    latex: str = "",
    letter: str = "y",
    sympy: Rule | None = None,
    domain: str = "real",
    kinks: str = "",
    params: Mapping[str, Any] | None = None,
    signature: Signature | None = None,
    builtin: bool = False,
    doc: str = "",
    names: Names = AS_IT_IS,
) -> Operation:
    r"""Add a function of matrices, Y = f(X), with its formula: everything that is known of it, once.

    The derivative is told twice, because agreement of the two is what a check is worth: ``vjp`` in
    NumPy for the engine, ``adjoint`` in index notation for formulas.

    Parameters
    ----------
    name
        The name it is known by; "linalg.NAME" is found by ``np.linalg.NAME``. Formulas say its last part,
        or ``called``.
    forward, vjp
        ``(array, **params) -> array`` of a matrix or a stack of them, and
        ``(g, y, x, **params) -> cotangent``, which also runs on tensors.
    adjoint, sentence
        ``(rules) -> expression``, what the differential leaves at dX for the cotangent G, with
        ``rules.product`` over the nodes X, Y, G and further ones; and the sentence that a step says.
    of
        Which matrices have it: "square", "symmetric", "tall" (no fewer rows than columns) or "any"; of
        a wide matrix that is no tall one ``turned`` names the function of the transposed one.
    sizes
        ``(rows, columns) -> sizes`` of the value, by default those of the matrix.
    text, helper
        How source writes it, ``"np.linalg.inv({})"``; what NumPy has not is ``"expm({})"`` with the text of a
        definition of ``expm(x)``.
    dialects
        By language ("jax", "torch") how source in it writes the function, ``"jax.scipy.linalg.expm({})"``, or
        the text of a definition; not needed where it is NumPy's call in that language's module. A language
        without a form is refused in words.
    objects, digits, inexact
        Its value beside the floats of ``forward``: ``(arithmetic, array)`` by
        products, sums, ``arithmetic.inverse``, ``.determinant`` and ``.power`` of each element, in exact
        arithmetic and at 50 digits; ``(mpmath, matrix)`` at 50 digits alone; why it is not rational where the
        matrix is.
    single
        The function of a 1 by 1 matrix as an expression in x: ``"1/x"``.
    keeps, inverts
        Whether the value is symmetric where X is; whether it is X again when taken twice.
    latex, letter, sympy
        Its name in LaTeX, the letter of its value in source, and ``(sympy, matrix) -> SymPy's object``.
    domain, kinks
        As of `elementwise`: "invertible", "spd", ...

    Raises
    ------
    ArgumentError
        When a fact is missing, here and not when it would be read.
    NameClashError
        When a built-in operation has the name.

    Examples
    --------
    The resolvent R = (I - X)⁻¹, with dR = R dX R:

    >>> import numpy as np
    >>> import minigrad as mg
    >>> resolvent = mg.matrix_function(
    ...     "resolvent",
    ...     lambda x: np.linalg.inv(np.eye(x.shape[-1]) - x),
    ...     vjp=lambda g, y, x: y.swapaxes(-1, -2) @ g @ y.swapaxes(-1, -2),
    ...     adjoint=lambda r: r.product("ij", [("Y", "ki"), ("G", "kl"), ("Y", "jl")]),
    ...     sentence="resolvent, dR = R dX R",
    ...     objects=lambda at, x: at.inverse(np.eye(x.shape[-1], dtype=object) - x),
    ...     single="1/(1 - x)",
    ...     keeps=True,
    ...     text="resolvent({})",
    ...     helper="def resolvent(x):\n    return np.linalg.inv(np.eye(x.shape[-1]) - x)\n",
    ... )
    >>> print(mg.derive(mg.trace(resolvent(mg.symbols("X: n n"))), wrt="X"))
    dX = Yᵀ Yᵀ   where Y = resolvent(X)
    """
    short = called or name.rpartition(".")[2]
    if not builtin:
        _refuse_known(name, short)
    row = MatrixRow(
        short,
        forward,
        operation=name,
        sizes=sizes,
        of=of,
        turned=turned,
        keeps=keeps,
        inverts=inverts,
        adjoint=adjoint,
        sentence=sentence,
        objects=objects,
        digits=digits,
        inexact=inexact,
        single=single,
        latex=latex,
        letter=letter,
        text=text,
        helper=helper,
        dialects=dialects,
        sympy=sympy,
    )
    missing = row.missing() if callable(vjp) else "vjp= is a function (g, y, x) of arrays"
    if missing is not None:
        raise ArgumentError(f"{name}: {missing}")
    operation = primitive(
        name,
        forward,
        vjps=(vjp,),
        meaning=functools.partial(_meaning, row),
        domain=domain,
        kinks=kinks,
        params=params,
        signature=signature,
        shape_message=shape_messages.squares if of in ("square", "symmetric") else None,
        builtin=builtin,
        doc=doc,
        names=names,
    )
    MATRIX_ROWS[short] = row
    return operation


def _meaning(row: MatrixRow, x: Any, **params: Any) -> Any:
    from minigrad.index.meaning.linear import of_matrices  # Loaded for a formula, not before.

    usual = REGISTRY[row.operation].params
    return of_matrices(row, x, [k for k, v in params.items() if np.any(v != usual[k])])


def _refuse_known(name: str, short: str) -> None:
    """Two functions that formulas would call by one name."""
    known = [row.name for row in REGISTRY.values() if row.builtin and row.name != name]
    if (short in MATRIX_ROWS and name not in REGISTRY) or short in (n.rpartition(".")[2] for n in known):
        raise NameClashError(
            f"{name}: formulas know another function called {short!r}; choose another name, or called="
        )


builtin_matrix_function = functools.partial(matrix_function, builtin=True)
