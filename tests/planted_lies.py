"""Rows that lie in one of their facts: how each lie is made, and calls in which it can be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from engine_cases.case import sample

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812  (as users write it)
from minigrad.graph import Node, Tensor, apply
from minigrad.index import view as v
from minigrad.index.affine import onehot
from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.view import View
from minigrad.primitive import Primitive
from minigrad.symbolic.lower import lower_row

SMALL = 1 + 1e-5
LARGE = 1.01

# A call of one row on square matrices (so that a transposed result has the right shape), by the domains
# of its arguments; "real row" is a single row, which is broadcast.
CALLS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "exp": (mg.exp, ("real",)),
    "log": (mg.log, ("positive",)),
    "tanh": (mg.tanh, ("real",)),
    "sqrt": (mg.sqrt, ("positive",)),
    "square": (mg.square, ("real",)),
    "negative": (mg.negative, ("real",)),
    "reciprocal": (mg.reciprocal, ("nonzero",)),
    "abs": (mg.abs, ("nonzero",)),
    "add": (mg.add, ("real", "real")),
    "add a row": (lambda a, b: mg.add(b, a), ("real", "real row")),
    "multiply a row": (lambda a, b: mg.multiply(b, a), ("real", "real row")),
    "subtract": (mg.subtract, ("real", "real")),
    "multiply": (mg.multiply, ("real", "real")),
    "divide": (mg.divide, ("real", "nonzero")),
    "power": (mg.power, ("positive", "real")),
    "maximum": (mg.maximum, ("real", "real")),
    "special.expit": (F.sigmoid, ("real",)),
    "nn.relu": (F.relu, ("nonzero",)),
    "nn.softplus": (F.softplus, ("real",)),
    "matmul": (mg.matmul, ("real", "real")),
    "einsum": (lambda a, b: mg.einsum("ij,kj->ik", a, b), ("real", "real")),
    "transpose": (mg.transpose, ("real",)),
    "reshape": (lambda a: mg.reshape(a, (9,)), ("real",)),
    "sum": (lambda a: mg.sum(a, axis=1), ("real",)),
    "mean": (lambda a: mg.mean(a, axis=0), ("real",)),
    "max": (lambda a: mg.max(a, axis=1), ("real",)),
    "var": (lambda a: mg.var(a, axis=1), ("real",)),
    "nn.softmax": (F.softmax, ("real",)),
    "special.logsumexp": (lambda a: mg.special.logsumexp(a, axis=1), ("real",)),
    "getitem": (lambda a: a[1:, 0], ("real",)),
    "concatenate": (lambda a, b: mg.concatenate([a, b], axis=1), ("real", "real")),
    "linalg.inv": (mg.linalg.inv, ("invertible",)),
}


@dataclass(frozen=True)
class Lie:
    """One planted lie: in which fact of a row, and what is done to it."""

    fact: str
    kind: str
    alter: Callable[..., Any]
    only: tuple[str, ...] = ()
    how: str = ""

    def of(self, row: Primitive) -> Primitive:
        """The row with its lie."""
        return {"forward": _forward, "vjp": _vjp, "meaning": _meaning, "rule": _rule, "sum": _sum}[
            self.how or self.fact
        ](row, self)


def _named(row: Primitive, lie: Lie, **facts: Any) -> Primitive:
    name = f"{row.name} with {lie.kind} in {lie.fact}"
    return row.replaced(name=name, builtin=False, **facts)


def _forward(row: Primitive, lie: Lie) -> Primitive:
    return _named(row, lie, forward=lambda *a, **p: lie.alter(np.asarray(row.forward(*a, **p))))


def _vjp(row: Primitive, lie: Lie) -> Primitive:
    if row.vjp is not None:
        rule = row.vjp
        return _named(row, lie, vjp_all=None, vjp=lambda i, *a, **p: lie.alter(rule(i, *a, **p)))
    first = row.vjps[0]
    assert first is not None
    return _named(row, lie, vjps=(lambda *a, **p: lie.alter(first(*a, **p)), *row.vjps[1:]))


def _rule(row: Primitive, lie: Lie) -> Primitive:
    """Another VJP of the first argument altogether."""
    return _named(row, lie, vjps=(lie.alter, *row.vjps[1:]), vjp=None, vjp_all=None, variadic=False)


def _sum(row: Primitive, lie: Lie) -> Primitive:
    """A VJP that leaves its cotangent in the shape of the result."""
    return _named(row, lie, broadcasts=False)


def _meaning(row: Primitive, lie: Lie) -> Primitive:
    return _named(
        row, lie, kind="general", meaning=lambda *views, **p: lie.alter(lower_row(row, views, p))
    )


# -- what is done to arrays and cotangents -----------------------------------------------------------


def _at_one_index(array: Any) -> Any:
    """One element in a thousand parts larger: the largest, so that it is no zero."""
    plain = array.numpy() if isinstance(array, Tensor) else np.asarray(array)
    factor = np.ones(array.shape)
    factor.reshape(-1)[int(np.abs(plain).argmax())] = 1.001
    return array * factor.astype(array.dtype)


def _in_float32(array: Any) -> Any:
    return array * np.float32(LARGE) if array.dtype == np.float32 else array


def _in_float16(array: Any) -> Any:
    return array * np.float16(-2) if array.dtype == np.float16 else array


def _transposed(array: Any) -> Any:
    return array.swapaxes(-1, -2) if array.ndim > 1 else array[::-1]


def _at_second_order(c: Any) -> Any:
    return c.detach() if isinstance(c, Tensor) else c


def _spread_along_columns(g: Any, y: Any, x: Any, **params: Any) -> Any:
    """The sum over axis 1, as if it had been over axis 0."""
    return x * 0 + g


def _same(c: Any) -> Any:
    return c


def _turned(c: Any) -> Any:
    """Elements in reverse order along the last axis."""
    return c[..., ::-1]


# -- and to meanings -----------------------------------------------------------------------------------


def _times(coef: Fraction) -> Callable[[View], View]:
    def scaled(view: View) -> View:
        labels = range(view.expr.ndim)
        return View(contract(labels, [(view.expr, labels)], coef), view.axes)

    return scaled


def _meaning_transposed(view: View) -> View:
    return v.permuted(view, (1, 0))


def _meaning_at_one_index(view: View) -> View:
    labels = range(view.expr.ndim)
    chosen = onehot(view.expr.sizes[-1], 0)
    there = contract(labels, [(view.expr, labels), (chosen, labels[-1:])], Fraction(1, 1000))
    return View(add([(1, view.expr), (1, there)]), view.axes)


MATRICES = tuple(
    name
    for name in CALLS
    if name
    not in {"reshape", "sum", "mean", "max", "var", "special.logsumexp", "getitem", "concatenate"}
)
INNER = ("exp", "log", "tanh", "sqrt", "square", "special.expit", "nn.softplus", "reciprocal")
# What the VJP of a sum passes on is the same in every column, whatever their order.
NOT_CONSTANT = tuple(name for name in CALLS if name != "sum")
# NumPy has no inverse in half precision.
HALF = tuple(name for name in CALLS if not name.startswith("linalg."))
# Open: of these a wrong forward in half precision passes, as the bound there leaves too few digits.
UNSEEN_IN_HALF = {"log", "square", "nn.softmax"}
LIES: list[Lie] = [
    Lie("forward", "a factor", lambda y: y * SMALL),
    Lie("forward", "the sign", lambda y: -y),
    Lie("forward", "one index", _at_one_index),
    Lie("forward", "a transpose", _transposed, MATRICES),
    Lie("forward", "float32", _in_float32),
    Lie("forward", "float16", _in_float16, tuple(n for n in HALF if n not in UNSEEN_IN_HALF)),
    Lie("vjp", "a factor", lambda c: c * SMALL),
    Lie("vjp", "the sign", lambda c: -c),
    Lie("vjp", "a dropped term", lambda c: c * 0),
    Lie("vjp", "one index", _at_one_index),
    Lie("vjp", "a transpose", _transposed),
    Lie("vjp", "a wrong order", _turned, NOT_CONSTANT),
    Lie("vjp", "float32", _in_float32),
    Lie("vjp", "float16", _in_float16, HALF),
    Lie("vjp", "second order", _at_second_order),
    Lie("vjp", "a dropped rowsum term", lambda g, y, x, **p: g * y, ("nn.softmax",), "rule"),
    Lie("vjp", "a dropped inner derivative", lambda g, y, x, **p: g, INNER, "rule"),
    Lie("vjp", "the wrong axis", _spread_along_columns, ("sum",), "rule"),
    Lie("vjp", "broadcasting not summed", _same, ("add a row", "multiply a row"), "sum"),
    Lie("meaning", "a factor", _times(Fraction(100_001, 100_000))),
    Lie("meaning", "the sign", _times(Fraction(-1))),
    Lie("meaning", "a dropped term", _times(Fraction(0))),
    Lie("meaning", "one index", _meaning_at_one_index),
    Lie("meaning", "a transpose", _meaning_transposed, MATRICES),
]


def called(call: Any, leaves: Sequence[Any], lie: Lie | None) -> tuple[Any, Primitive]:
    """A row's result on leaves, with the lie in the row; and that row."""
    honest = call(*leaves)
    node: Node = honest._node
    assert node.op is not None
    row = node.op if lie is None else lie.of(node.op)
    by_node = {leaf._node: leaf for leaf in leaves}
    inputs = tuple(by_node.get(x, x) if isinstance(x, Node) else x for x in node.inputs)
    return apply(row, inputs, node.params), row


def loss_of(name: str, lie: Lie | None, seed: int = 0) -> tuple[Any, Primitive]:
    """A loss through one call of a row, with the lie in the row; and that row."""
    call, domains = CALLS[name]
    rng = np.random.default_rng(seed)
    leaves = [
        mg.tensor(sample(word, (3,) if row else (3, 3), rng), name=f"X{k}", requires_grad=True)
        for k, domain in enumerate(domains)
        for word, _, row in [domain.partition(" ")]
    ]
    result, row = called(call, leaves, lie)
    weights = mg.tensor(rng.uniform(0.5, 1.5, result.shape), name="C")
    # with a linear part too, or a wrong sign would not show in the square
    return mg.sum(weights * result * (result + 3)).named("L"), row


def lies_of(name: str) -> Iterator[Lie]:
    """Every lie that a row can tell."""
    return (lie for lie in LIES if not lie.only or name in lie.only)


# -- what is done to what is printed -------------------------------------------------------------------

Print = tuple[str, dict[str, str], str, int]
SQUARE = {"A": "n n", "B": "n n", "b": "n", "x": "n"}
GRADIENT: Print = ("sum((A @ x - b)**2) + sum(sigmoid(B @ x))", SQUARE, "x", 1)
HESSIAN: Print = (*GRADIENT[:3], 2)
OBLONG: Print = ("P = softmax(X @ W, axis=1); sum((P - Y)**2)", {"X": "m n", "W": "n k", "Y": "m k"}, "W", 1)

# What is printed, and in each line of it what stands for what; in Unicode and in ASCII.
PRINTS: dict[str, tuple[Print, tuple[str, str], tuple[str, str]]] = {
    "the sign": (GRADIENT, ("A x − b", "A x + b"), ("A @ x - b", "A @ x + b")),
    "a dropped transpose": (GRADIENT, ("Bᵀ", "B"), ("B.T", "B")),
    "a dropped transpose, sizes": (OBLONG, ("Xᵀ", "X"), ("X.T", "X")),
    "a wrong precedence": (GRADIENT, ("(A x − b)", "A x − b"), ("(A @ x - b)", "A @ x - b")),
    "a wrong where-line": (HESSIAN, ("p = σ(B x)", "p = σ(x)"), ("p = sigmoid(B @ x)", "p = sigmoid(x)")),
    "a wrong line above": (OBLONG, ("dP = 2", "dP = 3"), ("dP = 2", "dP = 3")),
    "a factor": (HESSIAN, ("2 Aᵀ", "2.00002 Aᵀ"), ("2 * A.T", "2.00002 * A.T")),
    "one operand for another": (OBLONG, ("(P ⊙ dP)", "(dP ⊙ dP)"), ("(P * dP)", "(dP * dP)")),
}
