"""Declared differentials: inverses, determinants, the triangular factor, the pseudo-inverse.

With Y the function's value and G its adjoint, each rule is what the differential of Y leaves at dX.

Sources: Petersen and Pedersen, The Matrix Cookbook, (40) to (43); I. Murray, Differentiation of the
Cholesky decomposition, arXiv:1602.07527, equation (8); G. H. Golub and V. Pereyra, The differentiation
of pseudo-inverses and nonlinear least squares problems, SIAM J. Numer. Anal. 10 (1973), (4.12).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from typing import NamedTuple

from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, MatrixFunction, Number, Structural
from minigrad.index.size import AnySize

Labels = Sequence[Hashable]


class Rules:
    """Products of Y, G, the argument and what belongs to them, over letters within a matrix."""

    def __init__(self, node: MatrixFunction, g: Expr, extra: int, output: Expr) -> None:
        self.node, self.extra = node, extra
        self.batch = [("b", k) for k in range(node.arg.ndim - 2)]
        self.nodes = {"Y": output, "G": g, "X": node.arg}

    def labels(self, name: str, letters: str) -> Labels:
        lead = [("o", k) for k in range(self.extra)] if name == "G" else []
        return [*lead, *([] if name[0] == "δ" else self.batch), *letters]

    def product(
        self, out: str, factors: Sequence[tuple[str, str]], coef: Number = 1, whole: bool = True
    ) -> Expr:
        lead = [("o", k) for k in range(self.extra)] if whole else []
        operands = [(self.nodes[name], self.labels(name, letters)) for name, letters in factors]
        return contract([*lead, *self.batch, *out], operands, coef)

    def of_inverse(self) -> Expr:
        """-Y^T G Y^T."""
        return self.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")], -1)

    def of_determinant(self) -> Expr:
        """G det X X^-T, and G X^-T of its logarithm."""
        self.nodes["inverse"] = MatrixFunction("inv", self.node.arg)
        value = [("Y", "")] if self.node.name == "det" else []
        return self.product("ij", [("G", ""), *value, ("inverse", "ji")])

    def of_cholesky(self) -> Expr:
        """The symmetric part of L^-T P(L^T G) L^-1, P keeping the lower triangle and half the diagonal."""
        size = self.node.sizes[-1]
        self.nodes["below"] = MatrixFunction("inv", self.nodes["Y"])
        half = Fraction(1, 2)
        lower, strict = (Structural("tri", (size, size), (k,)) for k in (0, -1))
        self.nodes["δhalved"] = add([(half, lower), (half, strict)])
        inner = [("δhalved", "rs"), ("Y", "kr"), ("G", "ks")]
        ways = ("ri", "sj"), ("rj", "si")
        return add(
            [
                (half, self.product("ij", [("below", left), *inner, ("below", right)]))
                for left, right in ways
            ]
        )

    def of_pinv(self) -> Expr:
        """-Y^T G Y^T + (I - X Y) G^T Y Y^T + Y^T Y G^T (I - Y X)."""
        rows, columns = self.node.arg.sizes[-2:]
        self.nodes["δrows"] = Structural("delta", (rows, rows))
        self.nodes["δcolumns"] = Structural("delta", (columns, columns))
        self.nodes["left"] = self.without("δrows", [("X", "ik"), ("Y", "kj")])
        self.nodes["right"] = self.without("δcolumns", [("Y", "ik"), ("X", "kj")])
        return add(
            [
                (-1, self.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")])),
                (1, self.product("ij", [("left", "ia"), ("G", "ba"), ("Y", "bc"), ("Y", "jc")])),
                (1, self.product("ij", [("Y", "ai"), ("Y", "ab"), ("G", "cb"), ("right", "cj")])),
            ]
        )

    def without(self, delta: str, factors: Sequence[tuple[str, str]]) -> Expr:
        """The identity less a projection, repeated over the batch."""
        sizes: dict[Hashable, AnySize] = {
            **dict(zip(self.batch, self.node.arg.sizes, strict=False)),
            **dict.fromkeys("ij", self.nodes[delta].sizes[0]),
        }
        identity = contract([*self.batch, "i", "j"], [(self.nodes[delta], "ij")], 1, sizes)
        return add([(1, identity), (-1, self.product("ij", factors, whole=False))])


class Differential(NamedTuple):
    """The rule that takes an adjoint to the argument, and the sentence that says it in a step."""

    adjoint: Callable[[Rules], Expr]
    sentence: str


# All that is told of a matrix function's derivative.
DIFFERENTIALS = {
    "inv": Differential(Rules.of_inverse, "inverse, d(X⁻¹) = −X⁻¹ dX X⁻¹"),
    "det": Differential(
        Rules.of_determinant, "Jacobi's formula, d det X = det(X) tr(X⁻¹ dX)"
    ),
    "logdet": Differential(Rules.of_determinant, "d log det X = tr(X⁻¹ dX)"),
    "cholesky": Differential(
        Rules.of_cholesky, "Cholesky factor, dL = L Φ(L⁻¹ dX L⁻ᵀ), Φ: lower half with half the diagonal"
    ),
    "pinv": Differential(
        Rules.of_pinv,
        "pseudo-inverse of locally constant rank, "
        "dX⁺ = −X⁺ dX X⁺ + X⁺ X⁺ᵀ dXᵀ (I − X X⁺) + (I − X⁺ X) dXᵀ X⁺ᵀ X⁺",
    ),
}


def matrix_function_adjoint(node: MatrixFunction, g: Expr, extra: int, output: Expr) -> Expr:
    """The adjoint of the argument; ``output`` is how to write the function's value."""
    return DIFFERENTIALS[node.name].adjoint(Rules(node, g, extra, output))
