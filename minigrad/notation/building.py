"""Trees put together as short as they are written: nested products opened, scalars in front, transposes moved in.

>>> from minigrad.notation.text import text
>>> text(transposed(product([Name("A"), Name("x")])))
'xᵀ Aᵀ'
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from minigrad.index.expr import Number
from minigrad.index.numbers import magnitude
from minigrad.notation.tree import (
    ONE,
    Call,
    Hadamard,
    Inverse,
    Kron,
    MatMul,
    Move,
    Name,
    Num,
    OwnSymbol,
    Plus,
    Power,
    Scaled,
    Transposed,
    Tree,
    parts_of,
    transposes,
)


def transposed(tree: Tree) -> Tree:
    """The transpose, written as short as possible: Bᵀ Aᵀ, but (A B C)ᵀ."""
    match tree:
        case Transposed(body):
            return body
        case Move():
            return tree.back
        case Name(repeated=True):
            return MatMul((replace(tree, repeated=False), Transposed(ONE)))
        case Name(symmetric=True) | Num():
            return tree
        case Call("diag" | "sym", _):
            return tree
        case Call("repeat" | "roll" as function, (body, count, Num(axis))):
            return Call(function, (transposed(body), count, Num(1 - axis)))
        case Call("tile", (body, Call("", (rows, columns)))):
            return Call("tile", (transposed(body), Call("", (columns, rows))))
        case Call("tril", (OwnSymbol("𝟏"),)):
            return Call("triu", tree.args)
        case Call("triu", (OwnSymbol("𝟏"),)):
            return Call("tril", tree.args)
        case Scaled(coef, up, body, down) if body is not None:
            return Scaled(coef, up, transposed(body), down)
        case Scaled():
            return tree
        case Inverse(Name(symmetric=True)):
            return tree
        case MatMul(parts):
            turned: Tree = product([transposed(part) for part in reversed(parts)])
        case Plus() | Hadamard() if any(map(_is_statistic, parts_of(tree))):
            return Transposed(tree)  # colsum(A)ᵀ would be read as a vector, and no more as repeated
        case Hadamard(up, down):
            turned = Hadamard(tuple(map(transposed, up)), tuple(map(transposed, down)))
        case Plus(terms):
            turned = Plus(tuple((sign, transposed(term)) for sign, term in terms))
        case Kron(left, right):
            turned = Kron(transposed(left), transposed(right))
        case Power(body, exponent, True):
            turned = Power(transposed(body), exponent, True)
        case _:
            return Transposed(tree)
    if turned == tree:
        return tree
    limit = 1 + transposes(tree)
    if isinstance(tree, MatMul) and all(map(_is_letter, tree.parts)):
        limit += 1  # Bᵀ Aᵀ, not (A B)ᵀ; it is no longer
    return turned if transposes(turned) <= limit else Transposed(tree)


def _is_statistic(tree: Tree) -> bool:
    body = tree.body if isinstance(tree, Scaled) else tree
    return isinstance(body, Call) and body.function in ("rowsum", "colsum", "rowmean", "colmean")


def _is_letter(tree: Tree) -> bool:
    return isinstance(tree, Name) or (isinstance(tree, Transposed) and isinstance(tree.body, Name))


def product(parts: list[Tree]) -> Tree:
    """A matrix product, nested products opened, scalars of the parts moved in front."""
    flat: list[Tree] = []
    coef: Number = 1
    up: list[Tree] = []
    down: list[Tree] = []
    for part in parts:
        if isinstance(part, Scaled) and part.body is not None:
            coef, part = coef * part.coef, _collect(part, up, down)
        flat.extend(part.parts if isinstance(part, MatMul) else (part,))
    body: Tree = flat[0] if len(flat) == 1 else MatMul(tuple(flat))
    return scaled(coef, up, body, down)


def kron(left: Tree, right: Tree) -> Tree:
    """A Kronecker product, scalars of its parts moved in front."""
    coef: Number = 1
    up: list[Tree] = []
    down: list[Tree] = []
    parts = []
    for part in (left, right):
        if isinstance(part, Scaled) and part.body is not None:
            coef, part = coef * part.coef, _collect(part, up, down)
        parts.append(part)
    tree: Tree = Kron(*parts)
    if transposes(tree) > 1 + transposes(turned := Kron(*map(transposed, parts))):
        tree = Transposed(turned)
    return scaled(coef, up, tree, down)


def _collect(part: Scaled, up: list[Tree], down: list[Tree]) -> Tree:
    up.extend(part.up)
    down.extend(part.down)
    assert part.body is not None
    return part.body


def hadamard(up: list[Tree], down: list[Tree]) -> Tree:
    """An elementwise product, nested ones opened, scalars moved in front."""
    coef: Number = 1
    scalars: list[Tree] = []
    divisors: list[Tree] = []
    above: list[Tree] = []
    below = list(down)
    for part in up:
        if isinstance(part, Scaled) and part.body is not None:
            coef, part = coef * part.coef, _collect(part, scalars, divisors)
        if isinstance(part, Hadamard):
            above.extend(part.up)
            below.extend(part.down)
        else:
            above.append(part)
    body = above[0] if len(above) == 1 and not below else Hadamard(tuple(above), tuple(below))
    return scaled(coef, scalars, body, divisors)


def scaled(coef: Number, up: list[Tree], body: Tree | None, down: list[Tree]) -> Tree:
    """Numbers and scalars beside ``body``; nothing is wrapped where nothing scales."""
    if isinstance(body, Scaled):
        coef = coef * body.coef
        up, down, body = [*up, *body.up], [*down, *body.down], body.body
    if isinstance(body, Num):
        coef, body = coef * body.value, None
    if isinstance(coef, Fraction) and coef.denominator == 1:
        coef = int(coef)
    if isinstance(body, Hadamard) and not body.up and (up or isinstance(coef, int)):
        # n ⊘ x, not n (1 ⊘ x)
        above, sign = scaled(magnitude(coef), up, None, []), 1 if coef > 0 else -1
        if above != Num(1):
            body = Hadamard((above,), body.down)
        coef, up = sign, []
    if coef == 1 and not up and not down and body is not None:
        return body
    if not up and not down and body is None:
        return Num(coef)
    if coef == 1 and not down and body is None and len(up) == 1:
        return up[0]
    return Scaled(coef, tuple(up), body, tuple(down))
