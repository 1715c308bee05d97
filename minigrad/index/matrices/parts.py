"""What differentials of matrix functions speak of by a name: composites, each with its definition.

Their own derivatives follow from the definitions, so a matrix function may be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from minigrad.index import affine
from minigrad.index.algebra import add, constant
from minigrad.index.contract import contract
from minigrad.index.expr import Composite, Definition, Expr, MatrixFunction
from minigrad.index.facts import ABSOLUTE
from minigrad.index.matrix_row import MATRIX_ROWS, MatrixRow, matrix_row
from minigrad.index.pointwise import mapped
from minigrad.index.size import AnySize

Operand = tuple[Expr, Sequence[Hashable]]


def _lead(node: Expr, own: int) -> list[Hashable]:
    """Labels of the axes before the last ``own``, those of a stack counted from the last."""
    return [("lead", k) for k in range(node.ndim - own, 0, -1)]


def _gaps_of(w: Expr) -> Expr:
    """1 / (wⱼ - wᵢ), 0 on the diagonal."""
    n, lead = w.sizes[-1], _lead(w, 1)
    sizes: dict[Hashable, AnySize] = {**dict(zip(lead, w.sizes, strict=False)), "i": n, "j": n}
    out = [*lead, "i", "j"]
    delta = contract(out, [(affine.delta(n), "ij")], 1, sizes)
    after, before = (contract(out, [(w, [*lead, axis])], 1, sizes) for axis in "ji")
    gap = add([(1, after), (-1, before), (1, delta)])
    return add([(1, contract(out, [(gap, out, -1)])), (-1, delta)])


def gaps(w: Expr) -> Expr:
    """F with Fᵢⱼ = 1 / (wⱼ - wᵢ) off the diagonal and 0 on it."""
    return Composite(Definition("gaps", _gaps_of, letter="f"), (w,), (*w.sizes, w.sizes[-1]))


def _sym_of(x: Expr) -> Expr:
    half, lead = Fraction(1, 2), _lead(x, 2)
    turned = contract([*lead, "i", "j"], [(x, [*lead, "j", "i"])])
    return add([(half, x), (half, turned)])


def sym(x: Expr) -> Expr:
    """The symmetric part (X + Xᵀ) / 2."""
    definition = Definition("sym", _sym_of, (("count", 2),), frozenset({"symmetric"}))
    return Composite(definition, (x,), x.sizes)


def _turned(x: Expr) -> Expr:
    lead = _lead(x, 2)
    return contract([*lead, "i", "j"], [(x, [*lead, "j", "i"])])


def _frechet_of(row: MatrixRow, a: Expr, *along: Expr) -> Expr:
    """The upper right block of the function of a block matrix, [[A, E], [0, A]] for one direction.

    With k directions there are 2ᵏ blocks in a row, numbered in binary: direction m leads from every block
    without the digit m to the one with it, so all orders of taking the directions are added up. The
    derivative is linear in each, which is brought to the size of 1 first: beside a large one A would drown.
    """
    lengths = [_length(e) for e in along]
    along = tuple(_times(e, length, -1) for e, length in zip(along, lengths, strict=True))
    n, widest = a.sizes[-1], max(along, key=lambda e: e.ndim)
    count, lead = 2 ** len(along), _lead(widest, 2)
    sizes: dict[Hashable, AnySize] = dict(zip(lead, widest.sizes, strict=False))
    places = [affine.slice_of(n, count * n, p * n) for p in range(count)]

    def block(node: Expr, row: int, column: int) -> Expr:
        own: Operand = (node, [*_lead(node, 2), "i", "j"])
        parts: list[Operand] = [own, (places[row], "iI"), (places[column], "jJ")]
        return contract([*lead, "I", "J"], parts, 1, sizes)

    blocks = [block(a, p, p) for p in range(count)]
    for m, e in enumerate(along):
        blocks += [block(e, p, p | 1 << m) for p in range(count) if not p & 1 << m]
    value = MatrixFunction(row, add([(1, b) for b in blocks]))
    parts: list[Operand] = [(value, [*lead, "I", "J"]), (places[0], "iI"), (places[-1], "jJ")]
    parts += [(length, ()) for length in lengths]
    return contract([*lead, "i", "j"], parts)


def _length(e: Expr) -> Expr:
    """1 + Σ |E|, which is never 0."""
    sizes = [*range(e.ndim)]
    return add([(1, constant(1)), (1, contract([], [(mapped(ABSOLUTE, [e]), sizes)]))])


def _times(e: Expr, number: Expr, power: int) -> Expr:
    axes = [*range(e.ndim)]
    return contract(axes, [(e, axes), (number, (), power)])


def _frechet_adjoint(node: Composite, k: int, g: Expr, extra: int, output: Expr) -> Expr:
    """By a direction, or by A, the derivative at Aᵀ along the other directions transposed, and G."""
    row = node.definition.owner
    assert isinstance(row, MatrixRow)
    a, *along = node.args
    others = [_turned(e) for m, e in enumerate(along, 1) if m != k]
    value = frechet(row, _turned(a), *others, g)
    first: list[Hashable] = [("o", m) for m in range(extra)]
    out = [*first, *_lead(node.args[k], 2), "i", "j"]
    return contract(out, [(value, [*first, *_lead(node, 2), "i", "j"])])


def frechet(row: MatrixRow, a: Expr, *along: Expr) -> Expr:
    """The Fréchet derivative of a matrix function at A along E, and E₂, ..., which may be stacks.

    N. J. Higham, Functions of Matrices, SIAM 2008, (3.16).
    """
    definition = Definition(
        f"{row.name}_frechet",
        partial(_frechet_of, row),
        (("count", 2),),
        owner=row,
        adjoint=_frechet_adjoint,
    )
    return Composite(definition, (a, *along), max(along, key=lambda e: e.ndim).sizes)


def _sylvester_of(a: Expr, c: Expr) -> Expr:
    """By the inverse of A ⊗ I + I ⊗ Aᵀ, whose rows and columns are pairs of indices."""
    n, lead, stack = a.sizes[-1], _lead(c, 2), _lead(a, 2)
    sizes: dict[Hashable, AnySize] = dict.fromkeys("ijkl", n)
    delta, pairs = affine.delta(n), affine.reshape((n, n), (n * n,))
    out = [*stack, *"ijkl"]
    both = add(
        [
            (1, contract(out, [(a, [*stack, "i", "k"]), (delta, "jl")], 1, sizes)),
            (1, contract(out, [(a, [*stack, "l", "j"]), (delta, "ik")], 1, sizes)),
        ]
    )
    matrix = contract([*stack, "p", "q"], [(both, out), (pairs, "ijp"), (pairs, "klq")])
    inverse = MatrixFunction(matrix_row("inv"), matrix), [*stack, "p", "q"]
    solved = contract(out, [inverse, (pairs, "ijp"), (pairs, "klq")])
    return contract([*lead, "i", "j"], [(solved, out), (c, [*lead, "k", "l"])])


def _sylvester_adjoint(node: Composite, k: int, g: Expr, extra: int, output: Expr) -> Expr:
    """Z with Aᵀ Z + Z Aᵀ = G by C; by A, -(Z Wᵀ + Wᵀ Z) for the solution W."""
    a, _ = node.args
    z = sylvester(_turned(a), g)
    if k == 1:
        return z
    lead, first = _lead(node, 2), [("o", m) for m in range(extra)]
    out = [*first, *_lead(a, 2), "i", "j"]
    ways = ("ik", "jk"), ("kj", "ki")
    terms = [
        contract(out, [(z, [*first, *lead, *x]), (output, [*lead, *y])], -1) for x, y in ways
    ]
    return add([(1, term) for term in terms])


def sylvester(a: Expr, c: Expr) -> Expr:
    """The solution W of A W + W A = C."""
    definition = Definition(
        "sylvester", _sylvester_of, (("count", 2),), adjoint=_sylvester_adjoint
    )
    return Composite(definition, (a, c), c.sizes)


# -- as NumPy would compute them, for what reads a printed formula back ------------------------------


def _gaps_read(w: Any) -> Any:
    gap = w[None, :] - w[:, None]
    return np.divide(1, gap, out=np.zeros_like(gap), where=~np.eye(len(w), dtype=bool))


def _frechet_read(row: MatrixRow, a: Any, *along: Any) -> Any:
    """The Fréchet derivative, by Kronecker products with the blocks' places."""
    whole, step, n, size = a, np.array([[0, 1], [0, 0]]), len(a), 1.0
    for m, e in enumerate(along):
        length = 1 + np.abs(e).sum()
        whole = np.kron(np.eye(2), whole) + np.kron(step, np.kron(np.eye(2**m), e / length))
        size *= length
    return row.floats(whole)[:n, -n:] * size


def _sylvester_read(a: Any, c: Any) -> Any:
    eye = np.eye(len(a))
    both = np.kron(a, eye) + np.kron(eye, a.T)
    return np.linalg.solve(both, c.reshape(-1)).reshape(c.shape)


_READ: dict[str, Callable[..., Any]] = {
    "gaps": _gaps_read,
    "sym": lambda x: (x + x.T) / 2,
    "sylvester": _sylvester_read,
}


def read(name: str) -> Callable[..., Any] | None:
    """The part of that name on arrays, "expm_frechet" that of a matrix function; None where there is none."""
    row = MATRIX_ROWS.get(name.removesuffix("_frechet")) if name.endswith("_frechet") else None
    return _READ.get(name) if row is None else partial(_frechet_read, row)
