"""The matrix functions: inverses, determinants, the triangular factor.

Sources of the differentials: Petersen and Pedersen, The Matrix Cookbook, (40) to (43); I. Murray,
Differentiation of the Cholesky decomposition, arXiv:1602.07527, equation (8); G. H. Golub and V. Pereyra,
The differentiation of pseudo-inverses and nonlinear least squares problems, SIAM J. Numer. Anal. 10
(1973), (4.12).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Head, Map, Structural
from minigrad.index.matrices.rules import Rules
from minigrad.index.matrix_row import flipped, matrix_function, same, scalar

_LOG_OF_SIZE = Head("log_of_size", "log(Abs(x))")
_HALF = Fraction(1, 2)


def power(x: Expr, exponent: int | Fraction) -> Expr:
    """An elementwise power."""
    axes = range(x.ndim)
    return contract(axes, [(x, axes, exponent)])


def _of_inverse(r: Rules) -> Expr:
    """-Yᵀ G Yᵀ."""
    return r.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")], -1)


INV = matrix_function(
    "inv",
    sizes=same,
    of="square",
    floats=np.linalg.inv,
    objects=lambda at, x: at.inverse(x),
    single=lambda x: power(x, -1),
    adjoint=_of_inverse,
    sentence="inverse, d(X⁻¹) = −X⁻¹ dX X⁻¹",
    keeps=True,
    inverts=True,
    text="np.linalg.inv({})",
    sympy=lambda s, x: s.Inverse(x),
)


def _of_pinv(r: Rules) -> Expr:
    """-Yᵀ G Yᵀ + (I - X Y) Gᵀ Y Yᵀ + Yᵀ Y Gᵀ (I - Y X)."""
    rows, columns = r.node.arg.sizes[-2:]
    r.nodes["left"] = r.without(rows, [("X", "ik"), ("Y", "kj")])
    r.nodes["right"] = r.without(columns, [("Y", "ik"), ("X", "kj")])
    return add(
        [
            (-1, r.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")])),
            (1, r.product("ij", [("left", "ia"), ("G", "ba"), ("Y", "bc"), ("Y", "jc")])),
            (1, r.product("ij", [("Y", "ai"), ("Y", "ab"), ("G", "cb"), ("right", "cj")])),
        ]
    )


def _full_rank_pinv(at: Any, x: Any) -> Any:
    """Of a matrix of full rank."""
    turned = np.swapaxes(x, -1, -2)
    if x.shape[-2] >= x.shape[-1]:
        return at.inverse(turned @ x) @ turned
    return turned @ at.inverse(x @ turned)


matrix_function(
    "pinv",
    sizes=flipped,
    of="any",
    floats=np.linalg.pinv,
    objects=_full_rank_pinv,
    adjoint=_of_pinv,
    sentence="pseudo-inverse of locally constant rank, "
    "dX⁺ = −X⁺ dX X⁺ + X⁺ X⁺ᵀ dXᵀ (I − X X⁺) + (I − X⁺ X) dXᵀ X⁺ᵀ X⁺",
    keeps=True,
    text="np.linalg.pinv({})",
)


def _of_cholesky(r: Rules) -> Expr:
    """The symmetric part of L⁻ᵀ P(Lᵀ G) L⁻¹, P keeping the lower triangle and half the diagonal."""
    size = r.node.sizes[-1]
    r.name("below", INV, of="Y")
    lower, strict = (Structural("tri", (size, size), (k,)) for k in (0, -1))
    r.nodes["δhalved"] = add([(_HALF, lower), (_HALF, strict)])
    inner = [("δhalved", "rs"), ("Y", "kr"), ("G", "ks")]
    ways = ("ri", "sj"), ("rj", "si")
    terms = [r.product("ij", [("below", i), *inner, ("below", j)]) for i, j in ways]
    return add([(_HALF, term) for term in terms])


def _lower_factor(at: Any, x: Any) -> Any:
    """Row by row, by square roots of what is left of the diagonal."""
    factor = np.zeros_like(x) * at.number(0)
    for i in range(x.shape[-1]):
        for j in range(i + 1):
            known = (factor[..., i, :j] * factor[..., j, :j]).sum(-1)
            left = x[..., i, j] + known * at.number(-1)
            if i != j:
                factor[..., i, j] = left * at.power(factor[..., j, j], -1)
            else:
                factor[..., i, j] = at.power(left, _HALF)
    return factor


matrix_function(
    "cholesky",
    sizes=same,
    of="symmetric",
    floats=np.linalg.cholesky,
    objects=_lower_factor,
    inexact="its diagonal is square roots, which are not rational",
    single=lambda x: power(x, _HALF),
    adjoint=_of_cholesky,
    sentence="Cholesky factor, dL = L Φ(L⁻¹ dX L⁻ᵀ), Φ: lower half with half the diagonal",
    letter="l",
    text="np.linalg.cholesky({})",
)


def _of_det(r: Rules) -> Expr:
    """G det X X⁻ᵀ."""
    r.name("inverse", INV)
    return r.product("ij", [("G", ""), ("Y", ""), ("inverse", "ji")])


DET = matrix_function(
    "det",
    sizes=scalar,
    of="square",
    floats=np.linalg.det,
    objects=lambda at, x: at.determinant(x),
    single=lambda x: x,
    adjoint=_of_det,
    sentence="Jacobi's formula, d det X = det(X) tr(X⁻¹ dX)",
    latex=r"\det",
    letter="t",
    text="np.linalg.det({})",
    sympy=lambda s, x: s.Determinant(x),
)


def _of_logdet(r: Rules) -> Expr:
    """G X⁻ᵀ."""
    r.name("inverse", INV)
    return r.product("ij", [("G", ""), ("inverse", "ji")])


matrix_function(
    "logdet",
    sizes=scalar,
    of="square",
    floats=lambda x: np.linalg.slogdet(x)[1],
    objects=lambda at, x: at.head(_LOG_OF_SIZE)(at.determinant(x)),
    inexact="logarithms are not rational",
    single=lambda x: Map(_LOG_OF_SIZE, (x,)),
    adjoint=_of_logdet,
    sentence="d log det X = tr(X⁻¹ dX)",
    latex=r"\log\det",
    letter="t",
    text="np.linalg.slogdet({})[1]",
    sympy=lambda s, x: s.log(s.Abs(s.Determinant(x))),
)


def _cofactors(x: Any) -> Any:
    """Det X times the transposed inverse, by singular values: X may be singular."""
    u, s, vt = np.linalg.svd(x)
    others = np.stack([np.prod(np.delete(s, k, -1), -1) for k in range(s.shape[-1])], -1)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return sign[..., None, None] * ((u * others[..., None, :]) @ vt)


# What a finished program has in place of det X times X⁻ᵀ; it is not differentiated.
COFACTORS = matrix_function(
    "cofactors",
    sizes=same,
    of="square",
    floats=_cofactors,
    objects=lambda at, x: np.swapaxes(
        at.inverse(x) * at.determinant(x)[..., None, None], -1, -2
    ),
    keeps=True,
    letter="t",
    text="cofactors({})",
    helper="""\
def cofactors(x):
    u, s, vt = np.linalg.svd(x)
    n = s.shape[-1]
    others = np.stack([np.prod(np.delete(s, k, -1), -1) for k in range(n)], -1)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return sign[..., None, None] * ((u * others[..., None, :]) @ vt)
""",
)
