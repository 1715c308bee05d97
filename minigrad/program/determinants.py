"""Second derivatives of determinants, which exist also where the matrix has no inverse.

∂²det X / ∂X_ij ∂X_kl is det X (X⁻¹_ji X⁻¹_lk − X⁻¹_jk X⁻¹_li) where X has an inverse. With
X = U diag(s) Vᵀ both products are sums over a and b of det X / (s_a s_b) times elements of U and V. Where
a = b they cancel, and elsewhere det X / (s_a s_b) is the product of the other singular values: of
X = [[1, 2], [2, 4]] with s = (5, 0) no division is left, and ∂²/∂X_00 ∂X_11 is 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import DerivationError
from minigrad.index.algebra import add, distributed
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import Expr, Factor, MatrixFunction, Number, Product, Sum
from minigrad.index.matrix_row import MATRIX_ROWS, MatrixRow
from minigrad.program.functions import bare

_MOST_TERMS = 16


class _Term(NamedTuple):
    """A coefficient times det X, two inverses of X, and the rest."""

    coef: Number
    x: Expr
    inverses: tuple[Factor, Factor]
    rest: Expr


def by_minors(node: Sum | Product) -> Expr | None:
    """Sums of det X times two inverses of X by what det X leaves; None where there is no such pair."""
    terms = _opened(node)
    parsed = [_parsed(coef, term) for coef, term in terms]
    left, result = list(range(len(terms))), []
    for i, p in enumerate(parsed):
        for j in left if p is not None and i in left else ():
            q = parsed[j]
            if j != i and q is not None and p is not None and _cancel(p, q):
                result.append((p.coef, _second_derivative(p)))
                left = [k for k in left if k not in (i, j)]
                break
    return add([*result, *(terms[k] for k in left)]) if result else None


def _is(node: Expr, name: str) -> bool:
    inner = bare(node)
    return isinstance(inner, MatrixFunction) and inner.row.name == name


def _opened(node: Sum | Product) -> list[tuple[Number, Expr]]:
    """The terms of a sum of determinants and pairs of inverses, distributed over both; else nothing."""
    if isinstance(node, Product):
        inside = _sum_with(node, "inv") if any(_is(f.node, "det") for f in node.factors) else None
        if inside is None:
            return []
        opened = distributed(node, inside)
        node = opened if isinstance(opened, Sum) else Sum(((1, opened),))
    if not any(isinstance(t, Product) and sum(_is(f.node, "inv") for f in t.factors) > 1 for _, t in node.terms):
        return []
    found: list[tuple[Number, Expr]] = []
    for coef, term in node.terms:
        inside = _sum_with(term, "det") if isinstance(term, Product) else None
        whole = distributed(term, inside) if inside is not None and isinstance(term, Product) else term
        parts = whole.terms if isinstance(whole, Sum) and inside is not None else ((1, whole),)
        found += [(coef * c, part) for c, part in parts]
    return found if len(found) <= _MOST_TERMS else []


def _sum_with(node: Product, name: str) -> int | None:
    """The factor that is a sum, one of whose terms has a function of this name."""
    for k, f in enumerate(node.factors):
        if f.exponent == 1 and isinstance(f.node, Sum):
            for _, term in f.node.terms:
                parts = [g.node for g in term.factors] if isinstance(term, Product) else [term]
                if any(_is(part, name) for part in parts):
                    return k
    return None


def _parsed(coef: Number, term: Expr) -> _Term | None:
    if not isinstance(term, Product):
        return None
    inverses = [f for f in term.factors if _is(f.node, "inv") and f.exponent == 1]
    dets = [f for f in term.factors if _is(f.node, "det") and f.exponent == 1]
    free = all(label < term.ndim for f in inverses for label in f.labels)
    if len(inverses) != 2 or len(dets) != 1 or not free:
        return None
    first, second = inverses
    (x,) = bare(first.node).children()
    same = bare(second.node) == bare(first.node) and bare(dets[0].node).children() == (x,)
    if not same or first.labels[:-2] != second.labels[:-2] or dets[0].labels != first.labels[:-2]:
        return None
    others = [f for f in term.factors if f not in (first, second, dets[0])]
    return _Term(coef, x, (first, second), with_factors(term, others))


def _cancel(p: _Term, q: _Term) -> bool:
    """Whether the terms differ in sign and in which row meets which column, and in nothing else."""
    (a, b), (c, d) = ([f.labels[-2:] for f in t.inverses] for t in (p, q))
    crossed = {(a[0], b[1]), (b[0], a[1])}
    return p.x == q.x and p.coef == -q.coef and p.rest == q.rest and {c, d} == crossed


def _second_derivative(term: _Term) -> Expr:
    """The rest times ∂²det X / ∂X_ij ∂X_kl."""
    (*batch, j, i), second = term.inverses[0].labels, term.inverses[1].labels
    minors = MatrixFunction(SECOND_COFACTORS, term.x), (*batch, i, j, second[-1], second[-2])
    whole = range(term.rest.ndim)
    return contract(whole, [minors, (term.rest, whole)])


_HELPER = """\
def second_cofactors(x):
    u, s, vt = np.linalg.svd(x)
    others = np.zeros((*s.shape, s.shape[-1]), s.dtype)
    for a in range(s.shape[-1]):
        for b in range(a):
            others[..., a, b] = others[..., b, a] = np.prod(np.delete(s, (a, b), -1), -1)
    others *= (np.linalg.det(u) * np.linalg.det(vt))[..., None, None]
    pairs = np.einsum("...ab,...ia,...aj,...kb,...bl->...ijkl", others, u, vt, u, vt, optimize=True)
    return pairs - np.swapaxes(pairs, -4, -2)
"""
_ELSEWHERE = """\
def second_cofactors(x):
    u, s, vt = np.linalg.svd(x)
    n = s.shape[-1]
    kept = [[[k for k in range(n) if k not in (a, b)] for b in range(n)] for a in range(n)]
    rows = [np.stack([np.prod(s[..., INDICES(rest)], -1) for rest in row], -1) for row in kept]
    others = np.stack(rows, -2) * (1 - np.eye(n, dtype=s.dtype))
    others = others * (np.linalg.det(u) * np.linalg.det(vt))[..., None, None]
    pairs = np.einsum("...ab,...ia,...aj,...kb,...bl->...ijkl", others, u, vt, u, vt)
    return pairs - np.swapaxes(pairs, -4, -2)
"""


def _second_cofactors() -> Callable[[Any], Any]:
    """The function that source text defines."""
    space: dict[str, Any] = {"np": np}
    exec(_HELPER, space)
    function: Callable[[Any], Any] = space["second_cofactors"]
    return function


def _finished(rules: Any) -> Any:
    raise DerivationError("second_cofactors: a finished program is not differentiated")


SECOND_COFACTORS = MATRIX_ROWS["second_cofactors"] = MatrixRow(
    "second_cofactors",
    _second_cofactors(),
    sizes=lambda rows, columns: (rows, columns, rows, columns),
    adjoint=_finished,
    sentence="second derivative of a determinant",
    letter="T",
    text="second_cofactors({})",
    helper=_HELPER,
    dialects={
        "jax": _ELSEWHERE.replace("INDICES(rest)", "np.array(rest, int)").replace("np.", "jnp."),
        "torch": _ELSEWHERE.replace("INDICES(rest)", "rest").replace("np.", "torch."),
    },
)
