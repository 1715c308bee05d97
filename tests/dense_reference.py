"""The value of an expression to the letter: dense 0/1 tensors, one einsum per product, definitions.

Slow and plain on purpose: what the array programs are compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from string import ascii_letters
from typing import Any

import numpy as np

from minigrad.index import heads
from minigrad.index.affine import AffineRelation
from minigrad.index.expr import (
    Composite,
    Expr,
    Leaf,
    Map,
    MatrixFunction,
    Pick,
    Product,
    Reduction,
    Ref,
    Sum,
    postorder,
)
from minigrad.index.size import value_of


def dense_value(root: Expr, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """``root`` as an array."""
    done: dict[Expr, Any] = {}
    with np.errstate(all="ignore"):
        for node in postorder(root):
            done[node] = _value(node, done, values, sizes)
    return done[root]


def _value(node: Expr, done: Mapping[Expr, Any], values: Any, sizes: Any) -> Any:
    shape = tuple(value_of(size, sizes) for size in node.sizes)
    match node:
        case Leaf():
            if node.kind == "constant":
                return {"pi": np.pi, "E": np.e}.get(node.name) or float(Fraction(node.name))
            return float(sizes[node.name]) if node.kind == "size" else np.asarray(values[node.name])
        case Ref():
            return done[node.node]
        case Composite():
            return dense_value(node.expand(), values, sizes)
        case Sum():
            return sum(float(c) * done[term] for c, term in node.terms)
        case Product():
            return _product(node, done, sizes)
        case Map():
            args = [done[arg] for arg in node.args]
            if node.head.name == "where":
                args[0] = np.asarray(args[0]) != 0
            result = heads.numpy_function(node.head)(*args)
            return np.broadcast_to(result, shape)
        case Pick():
            index = np.asarray(done[node.index]).astype(int)
            return (index[..., None] == np.arange(shape[-1])).astype(float)
        case AffineRelation():
            return _relation(node, shape, sizes)
        case Reduction() if node.kind == "prod":
            return np.prod(done[node.arg], axis=tuple(range(node.ndim, node.arg.ndim)))
        case Reduction() if node.kind == "others":
            return _others(done[node.arg], node.count)
        case Reduction():
            axes = tuple(range(node.arg.ndim - node.count, node.arg.ndim))
            best = done[node.arg].max(axis=axes, keepdims=True)
            chosen = (done[node.arg] == best).astype(float)
            share = chosen / chosen.sum(axis=axes, keepdims=True)
            return np.squeeze(best, axis=axes) if node.kind == "max" else share
        case MatrixFunction():
            function = {"inv": np.linalg.inv, "det": np.linalg.det}.get(node.row.name)
            return function(done[node.arg]) if function else np.linalg.slogdet(done[node.arg])[1]
    raise AssertionError(type(node).__name__)


def _others(array: Any, count: int) -> Any:
    rows = array.reshape(*array.shape[: array.ndim - count], -1)
    each = [np.prod(np.delete(rows, k, axis=-1), axis=-1) for k in range(rows.shape[-1])]
    return np.stack(each, axis=-1).reshape(array.shape)


def _product(node: Product, done: Mapping[Expr, Any], sizes: Any) -> Any:
    """Every label in full: operands broadcast against ones, then one einsum."""
    lengths = [value_of(size, sizes) for size in node.label_sizes]
    if not lengths and not node.factors:
        return float(node.coef)
    letters = ascii_letters[: len(lengths)]
    operands: list[Any] = [np.ones(n) for n in lengths]
    subscripts = list(letters)
    for f in node.factors:
        operands.append(np.asarray(done[f.node], dtype=float) ** float(f.exponent))
        subscripts.append("".join(letters[label] for label in f.labels))
    spec = f"{','.join(subscripts)}->{letters[: node.ndim]}"
    return float(node.coef) * np.einsum(spec, *operands, optimize="greedy")


def _relation(node: AffineRelation, shape: tuple[int, ...], sizes: Any) -> Any:
    """Straight from the rule on indices."""
    coefs = [value_of(c, sizes) for c in node.coefs]
    result = np.zeros(shape)
    for place in np.ndindex(*shape):
        total = value_of(node.constant, sizes) + sum(c * i for c, i in zip(coefs, place, strict=True))
        if node.relation == "≡":
            total %= value_of(node.modulus, sizes)
        result[place] = total >= 0 if node.relation == "≥" else total == 0
    return result
