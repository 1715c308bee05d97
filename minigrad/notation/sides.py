"""Vectors that stand beside a matrix without a diag: statistics of its rows, or of its columns.

A reader repeats ``rowsum(A)`` along rows and ``colsum(A)`` down columns. So a statistic may stand bare
only on its own side; on the other one it is turned, rowsum(A) being colsum(Aᵀ), or it is written out.
"""

from __future__ import annotations

from dataclasses import replace

from minigrad.notation.building import transposed
from minigrad.notation.tree import Call, Hadamard, Name, Num, Plus, Power, Scaled, Tree

_TURNED = {"rowsum": "colsum", "rowmean": "colmean"} | {"colsum": "rowsum", "colmean": "rowmean"}
_ROWWISE = ("logsumexp", "rowmax", "rowprod")


def side(tree: Tree, scalars: frozenset[str] = frozenset()) -> str:
    """The side of a statistic of rows or columns, and of what is made of such alone: "row", "col" or "".

    ``scalars`` are names that stand for one number.
    """
    match tree:
        case Call(function) if function in _TURNED or function in _ROWWISE:
            return "row" if function in _ROWWISE or function.startswith("row") else "col"
        case Call(_, (arg,)) | Power(arg):
            return side(arg, scalars)
        case Scaled(_, _, body, _) if body is not None:
            return side(body, scalars)
        case Hadamard(up, down):
            return _common([*up, *down], scalars)
        case Plus(terms):
            varying = [term for _, term in terms if not _is_number(term, scalars)]
            return _common(varying, scalars)
    return ""


def _common(parts: list[Tree], scalars: frozenset[str]) -> str:
    sides = {side(part, scalars) for part in parts}
    return sides.pop() if len(sides) == 1 else ""


def _is_number(tree: Tree, scalars: frozenset[str] = frozenset()) -> bool:
    """A term that is the same in every element."""
    match tree:
        case Num():
            return True
        case Name(text):
            return text in scalars
        case Scaled(_, _, None, _):
            return True
    return False


def on_side(tree: Tree, wanted: str) -> Tree | None:
    """The statistic as it may stand bare on a side, or None where it cannot."""
    if side(tree) == wanted:
        return tree
    if not side(tree):
        return None
    match tree:
        case Call(function, (arg,)) if function in _TURNED:
            return Call(_TURNED[function], (transposed(arg),))
        case Call(function, (arg,)) if function not in _ROWWISE:
            inner = on_side(arg, wanted)
            return None if inner is None else Call(function, (inner,))
        case Power(body):
            inner = on_side(body, wanted)
            return None if inner is None else replace(tree, body=inner)
        case Scaled(_, _, body, _) if body is not None:
            inner = on_side(body, wanted)
            return None if inner is None else replace(tree, body=inner)
        case Hadamard(up, down):
            above, below = _all(up, wanted), _all(down, wanted)
            return None if above is None or below is None else Hadamard(above, below)
        case Plus(terms):
            turned = [(s, t if _is_number(t) else on_side(t, wanted)) for s, t in terms]
            kept = tuple((s, t) for s, t in turned if t is not None)
            return Plus(kept) if len(kept) == len(terms) else None
    return None


def _all(parts: tuple[Tree, ...], wanted: str) -> tuple[Tree, ...] | None:
    turned = [on_side(part, wanted) for part in parts]
    kept = tuple(part for part in turned if part is not None)
    return kept if len(kept) == len(parts) else None
