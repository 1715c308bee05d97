"""Einstein summation."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.errors import KindError, ShapeError, UnsupportedError
from minigrad.graph.call import Call
from minigrad.graph.define import builtin_contraction as contraction
from minigrad.ops import shape_messages
from minigrad.ops.axes import ndim_of
from minigrad.ops.einsum_product import product

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _from_lists(args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The form ``einsum(x, [0, 1], y, [1, 2], [0, 2])`` as a subscripts string."""
    output = args[-1] if len(args) % 2 else None
    operands, lists = args[: len(args) // 2 * 2 : 2], args[1 : len(args) // 2 * 2 : 2]

    def letters(indices: Any) -> str:
        return "".join("..." if i is Ellipsis else _LETTERS[i] for i in indices)

    text = ",".join(letters(indices) for indices in lists)
    return (text if output is None else f"{text}->{letters(output)}"), operands


@functools.lru_cache(maxsize=256)
def explicit(subscripts: str, ndims: tuple[int, ...]) -> str:
    """Subscripts with the output written and every operand's letters checked.

    Raises
    ------
    ShapeError
        When operands and subscripts do not match.
    """
    text = subscripts.replace(" ", "")
    inputs, arrow, output = text.partition("->")
    parts = inputs.split(",")
    if len(parts) != len(ndims):
        raise ShapeError(
            f"einsum: {subscripts!r} describes {len(parts)} operands, {len(ndims)} were given"
        )
    for position, (part, ndim) in enumerate(zip(parts, ndims, strict=True), 1):
        named = len(part.replace("...", ""))
        if named > ndim or (named < ndim and "..." not in part):
            raise ShapeError(
                f"einsum: {part!r} in {subscripts!r} names {named} axes, but operand {position} "
                f"has {ndim}; write one letter per axis or use '...'"
            )
    unknown = sorted(set(output.replace(".", "")) - set(inputs))
    if unknown:
        raise ShapeError(
            f"einsum: the output of {subscripts!r} names {unknown}, which no operand has"
        )
    twice = sorted(c for c in set(output.replace(".", "")) if output.count(c) > 1)
    if twice:
        raise ShapeError(
            f"einsum: the output of {subscripts!r} names {', '.join(twice)} twice; write each letter once"
        )
    if not arrow:
        letters = inputs.replace(",", "").replace(".", "")
        once = sorted(c for c in set(letters) if letters.count(c) == 1)
        output = ("..." if "..." in inputs else "") + "".join(once)
    return f"{inputs}->{output}"


def _signature(*args: Any, **options: Any) -> Call:
    options.pop("optimize", None)
    if options:
        raise UnsupportedError(f"einsum: {', '.join(sorted(options))}= is not supported")
    if not args:
        raise KindError("einsum: takes subscripts and operands")
    subscripts, operands = (args[0], args[1:]) if isinstance(args[0], str) else _from_lists(args)
    return operands, {"subscripts": explicit(subscripts, tuple(map(ndim_of, operands)))}


@functools.lru_cache(maxsize=256)
def _without_ellipsis(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    inputs, _, output = subscripts.partition("->")
    free = [c for c in _LETTERS if c not in subscripts]
    parts = inputs.split(",")
    extra = [ndim - len(p) + 3 if "..." in p else 0 for p, ndim in zip(parts, ndims, strict=True)]
    shared = "".join(free[: max(extra, default=0)])
    filled = (
        p.replace("...", shared[len(shared) - n :]) for p, n in zip(parts, extra, strict=True)
    )
    return tuple(filled), output.replace("...", shared)


def _forward(*operands: Any, subscripts: str) -> Any:
    if len(operands) == 2:
        parts, output = _without_ellipsis(subscripts, tuple(x.ndim for x in operands))
        return _sum_of_products(parts, output, operands)
    return np.einsum(subscripts, *operands, optimize=len(operands) > 2)


def _sum_of_products(parts: Sequence[str], output: str, operands: Sequence[Any]) -> Any:
    """Einsum of arrays or, inside a VJP, of tensors; large pairs go through a matrix product."""
    if len(operands) == 2:
        found = product(operands[0], operands[1], parts[0], parts[1], output)
        if found is not None:
            return found
    text = ",".join(parts) + "->" + output
    return np.einsum(text, *operands, optimize=len(operands) > 2)


def _vjp(i: int, g: Any, y: Any, *operands: Any, subscripts: str) -> Any:
    parts, output = _without_ellipsis(subscripts, tuple(x.ndim for x in operands))
    x, letters = operands[i], parts[i]
    terms = [output, *parts[:i], *parts[i + 1 :]]
    factors = [g, *operands[:i], *operands[i + 1 :]]
    free = iter(c for c in _LETTERS if c not in "".join(parts) + output)
    target = ""
    for axis, letter in enumerate(letters):
        if letter in target:
            # A repeated letter reads a diagonal, so its adjoint writes one.
            fresh = next(free)
            terms.append(letter + fresh)
            factors.append(np.eye(x.shape[axis], dtype=x.dtype))
            target += fresh
            continue
        if not any(letter in term for term in terms):
            terms.append(letter)
            factors.append(np.ones(x.shape[axis], dtype=x.dtype))
        target += letter
    return _sum_of_products(terms, target, factors)


def _meaning(ndims: tuple[int, ...], *, subscripts: str) -> str:
    return subscripts


einsum = contraction(
    "einsum",
    _forward,
    vjp=_vjp,
    meaning=_meaning,
    shape_message=shape_messages.subscripts,
    params={"subscripts": ""},
    broadcasts=True,
    signature=_signature,
    doc="Sum of products over the indices that the output does not name.",
)
