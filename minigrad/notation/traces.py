"""Inner products of matrices as people write them in differentials: tr(Gᵀ dX), not sum(G ⊙ dX)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from minigrad.notation.building import hadamard, product, transposed
from minigrad.notation.tree import (
    Call,
    Hadamard,
    MatMul,
    Name,
    Plus,
    Power,
    Scaled,
    Tree,
    parts_of,
    transposes,
)


def with_traces(tree: Tree, axes: Mapping[str, int]) -> Tree:
    """A number in which sums of elementwise products with a small change are traces, of vectors products.

    ``axes`` says how many each name has.
    """
    match tree:
        case Plus(terms):
            found = tuple((sign, with_traces(term, axes)) for sign, term in terms)
            return replace(tree, terms=found)
        case Scaled(_, up, body):
            inner = None if body is None else with_traces(body, axes)
            above = [with_traces(part, axes) for part in up]
            if inner is None and above and isinstance(above[-1], MatMul):
                inner = above.pop()
            return replace(tree, up=tuple(above), body=inner)
        case Call("sum", (Hadamard(up, down),)):
            moved = [part for part in up if _changes(part)]
            others = [part for part in up if not _changes(part)]
            if len(moved) == 1 and (others or down):
                beside = hadamard(others, list(down))
                ways = [
                    product([transposed(beside), moved[0]]),
                    product([transposed(moved[0]), beside]),
                ]
                best = min(ways, key=transposes)
                return ways[0] if _is_vector(moved[0], axes) else Call("tr", (best,))
    return tree


def _is_vector(tree: Tree, axes: Mapping[str, int]) -> bool:
    """Whether a tree that has axes has one."""
    match tree:
        case Name(text):
            return axes.get(text) == 1
        case MatMul(parts):
            return _is_vector(parts[-1], axes)
        case Hadamard(up):
            return any(_is_vector(part, axes) for part in up)
        case Plus(terms):
            return any(_is_vector(term, axes) for _, term in terms)
        case Scaled(body=Tree() as body) | Power(body):
            return _is_vector(body, axes)
        case Call(function, (arg,)) if function != "diag":
            return _is_vector(arg, axes)
    return False


def _changes(tree: Tree) -> bool:
    """Whether a small change stands in a tree."""
    own = isinstance(tree, Name) and tree.of is not None
    return own or any(map(_changes, parts_of(tree)))
