"""What differentials of matrix functions are made of.

With Y the function's value and G its adjoint, a rule says what the differential of Y leaves at dX.
For Y = X⁻¹, dY = -Y dX Y, so <G, dY> = -sum G_rs Y_ri dX_ij Y_js, and what stands at dX_ij is, in the
letters of this module, ``rules.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")], -1)``: a 2 by 2
matrix has four such products for each of its elements, over r and s.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction

from minigrad.errors import DerivationError, MinigradError
from minigrad.index import affine
from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, MatrixFunction, Number
from minigrad.index.matrices import parts
from minigrad.index.matrix_row import matrix_row
from minigrad.index.size import AnySize

Labels = Sequence[Hashable]


class Rules:
    """Products of Y, G, the argument X and what belongs to them, over letters within a matrix.

    A node whose name begins with δ is the same for every matrix of a stack.
    """

    half = Fraction(1, 2)

    def __init__(self, node: MatrixFunction, g: Expr, extra: int, output: Expr) -> None:
        self.node, self.extra = node, extra
        self.batch = [("b", k) for k in range(node.arg.ndim - 2)]
        self.nodes = {"Y": output, "G": g, "X": node.arg}
        self.whole = {"G"}  # what has the output's axes of a Jacobian first
        self.rows, self.columns = node.arg.sizes[-2:]

    def name(self, name: str, function: str, of: str = "X") -> None:
        """Give a name to another matrix function of a node."""
        self.nodes[name] = MatrixFunction(matrix_row(function), self.nodes[of])

    def part(self, name: str, node: Expr) -> None:
        """Give a name to what has been made of G."""
        self.nodes[name] = node
        self.whole.add(name)

    def labels(self, name: str, letters: str) -> Labels:
        lead = [("o", k) for k in range(self.extra)] if name in self.whole else []
        return [*lead, *([] if name[0] == "δ" else self.batch), *letters]

    def product(
        self, out: str, factors: Sequence[tuple[str, str]], coef: Number = 1, whole: bool = True
    ) -> Expr:
        """A product over named nodes; ``whole`` ones have the output's axes of a Jacobian first."""
        lead = [("o", k) for k in range(self.extra)] if whole else []
        for name, _ in factors:
            if name not in self.nodes:
                raise DerivationError(
                    f"{self.node.row.operation}: its adjoint= speaks of {name!r}; there are "
                    f"{', '.join(self.nodes)}, and what rules.name and rules.part add to them"
                )
        operands = [(self.nodes[name], self.labels(name, letters)) for name, letters in factors]
        return contract([*lead, *self.batch, *out], operands, coef)

    def sum(self, *terms: Expr) -> Expr:
        """The sum of nodes of one shape."""
        return add([(1, term) for term in terms])

    def without(self, size: AnySize, factors: Sequence[tuple[str, str]]) -> Expr:
        """The identity less a projection, repeated over the batch."""
        sizes: dict[Hashable, AnySize] = {
            **dict(zip(self.batch, self.node.arg.sizes, strict=False)),
            **dict.fromkeys("ij", size),
        }
        delta = affine.delta(size)
        identity = contract([*self.batch, "i", "j"], [(delta, "ij")], 1, sizes)
        return add([(1, identity), (-1, self.product("ij", factors, whole=False))])

    def power(self, name: str, exponent: int) -> Expr:
        """An elementwise power of a named node that is not made of G."""
        node = self.nodes[name]
        return contract(range(node.ndim), [(node, range(node.ndim), exponent)])

    def triangle(self, below: int | Fraction, diagonal: int | Fraction) -> Expr:
        """The matrix with one number below its diagonal and one on it; its name begins with δ."""
        n = self.columns
        lower, strict = (affine.triangle(n, n, k) for k in (0, -1))
        return add([(diagonal, lower), (below - diagonal, strict)])

    def transposed(self, name: str) -> Expr:
        """The transpose of a named node that is not made of G."""
        return self.product("ij", [(name, "ji")], whole=False)

    def sym(self, node: Expr) -> Expr:
        """The symmetric part (M + Mᵀ) / 2."""
        return parts.sym(node)

    def gaps(self, node: Expr) -> Expr:
        """F with Fᵢⱼ = 1 / (wⱼ - wᵢ) off the diagonal and 0 on it."""
        return parts.gaps(node)

    def frechet(self, at: Expr, along: Expr) -> Expr:
        """The Fréchet derivative of this very function at a matrix along another."""
        return parts.frechet(self.node.row, at, along)

    def sylvester(self, a: Expr, c: Expr) -> Expr:
        """The solution W of A W + W A = C."""
        return parts.sylvester(a, c)


def matrix_adjoint(node: MatrixFunction, g: Expr, extra: int, output: Expr) -> Expr:
    """The adjoint of the argument; ``output`` is how to write the function's value."""
    name = node.row.operation or node.row.name
    try:
        result: Expr = node.row.adjoint(Rules(node, g, extra, output))
    except MinigradError:
        raise
    except Exception as error:
        raise DerivationError(f"{name}: its adjoint= raises {type(error).__name__}: {error}") from error
    if not isinstance(result, Expr) or result.ndim != extra + node.arg.ndim:
        raise DerivationError(
            f"{name}: its adjoint= gives no matrix; what stands at dX is a sum of rules.product(\"ij\", ...)"
        )
    return result
