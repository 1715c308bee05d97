"""What differentials of matrix functions are made of.

With Y the function's value and G its adjoint, a rule says what the differential of Y leaves at dX.
For Y = X⁻¹, dY = -Y dX Y, so <G, dY> = -sum G_rs Y_ri dX_ij Y_js: in the letters of this module,
``rules.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")], -1)``.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, MatrixFunction, Number, Structural
from minigrad.index.matrix_row import MatrixRow
from minigrad.index.size import AnySize

Labels = Sequence[Hashable]


class Rules:
    """Products of Y, G, the argument X and what belongs to them, over letters within a matrix.

    A node whose name begins with δ is the same for every matrix of a stack.
    """

    def __init__(self, node: MatrixFunction, g: Expr, extra: int, output: Expr) -> None:
        self.node, self.extra = node, extra
        self.batch = [("b", k) for k in range(node.arg.ndim - 2)]
        self.nodes = {"Y": output, "G": g, "X": node.arg}
        self.whole = {"G"}  # what has the output's axes of a Jacobian first

    def name(self, name: str, row: MatrixRow, of: str = "X") -> None:
        """Give a name to another matrix function of a node."""
        self.nodes[name] = MatrixFunction(row, self.nodes[of])

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
        operands = [(self.nodes[name], self.labels(name, letters)) for name, letters in factors]
        return contract([*lead, *self.batch, *out], operands, coef)

    def without(self, size: AnySize, factors: Sequence[tuple[str, str]]) -> Expr:
        """The identity less a projection, repeated over the batch."""
        sizes: dict[Hashable, AnySize] = {
            **dict(zip(self.batch, self.node.arg.sizes, strict=False)),
            **dict.fromkeys("ij", size),
        }
        delta = Structural("delta", (size, size))
        identity = contract([*self.batch, "i", "j"], [(delta, "ij")], 1, sizes)
        return add([(1, identity), (-1, self.product("ij", factors, whole=False))])


def matrix_adjoint(node: MatrixFunction, g: Expr, extra: int, output: Expr) -> Expr:
    """The adjoint of the argument; ``output`` is how to write the function's value."""
    rule = node.row.adjoint
    assert rule is not None, node.row
    result: Expr = rule(Rules(node, g, extra, output))
    return result
