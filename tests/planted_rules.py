"""Lies in what derives, simplifies and writes: which function is made to lie, how, and a loss in which it shows.

No row is at fault here. What lies is a rule for one kind of node, a pass of the simplifier, or a function of a
dialect in which source is generated.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import pytest

from minigrad.index import heads
from minigrad.index.affine import onehot
from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr
from minigrad.source.dialects import DIALECTS
from minigrad.symbolic import derive, pipeline, simplify

Loss = tuple[str, dict[str, str]]

# Losses in which the kinds of nodes are met; square, so that a transposed formula has the right shape.
SQUARE = {"A": "n n", "B": "n n", "x": "n", "b": "n"}
LOSSES: dict[str, Loss] = {
    "product": ("sum((A @ x - b)**2) + trace(A @ B @ A)", SQUARE),
    "map": ("sum(B * tanh(A))", {"A": "n n", "B": "n n"}),
    "softmax": ("P = softmax(X @ W, axis=1); sum((P - Y)**2)", {"X": "n n", "W": "n n", "Y": "n n"}),
    "largest": ("sum(max(A * B, axis=1)**2)", {"A": "n n", "B": "n n"}),
    "product of elements": ("sum(prod(A * B, axis=1)**2)", {"A": "n n", "B": "n n"}),
    "inverse": ("sum(B * inv(A))", {"A": "n n | invertible", "B": "n n"}),
    "determinant": ("det(A)**2", {"A": "n n"}),
    "sigmoid": ("sum((sigmoid(A @ B) - B)**2)", {"A": "n n", "B": "n n"}),
}


# -- what is done to formulas ---------------------------------------------------------------------------


def scaled(coef: Fraction) -> Callable[[Expr], Expr]:
    """Everything that many times as large."""

    def alter(expr: Expr) -> Expr:
        labels = range(expr.ndim)
        return contract(labels, [(expr, labels)], coef)

    return alter


def transposed(expr: Expr) -> Expr:
    """The last two axes for each other, where they are alike."""
    if expr.ndim < 2 or expr.sizes[-1] != expr.sizes[-2]:
        return expr
    labels = list(range(expr.ndim))
    return contract([*labels[:-2], labels[-1], labels[-2]], [(expr, labels)])


def at_one_index(expr: Expr) -> Expr:
    """The first along the last axis half as large again."""
    if not expr.ndim:
        return expr
    labels = range(expr.ndim)
    first = (onehot(expr.sizes[-1], 0), labels[-1:])
    return add([(1, expr), (1, contract(labels, [(expr, labels), first], Fraction(1, 2)))])


ALTERATIONS: dict[str, Callable[[Expr], Expr]] = {
    "a millionth": scaled(Fraction(1_000_001, 1_000_000)),
    "the sign": scaled(Fraction(-1)),
    "a transpose": transposed,
    "one index": at_one_index,
}


# -- rules and passes ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """A function whose formulas can lie, and a loss in which it shows."""

    module: Any
    name: str
    loss: str
    kinds: tuple[str, ...] = tuple(ALTERATIONS)

    def plant(self, patch: pytest.MonkeyPatch, kind: str, beyond: bool = False) -> list[bool]:
        """Make it lie, ``beyond`` gradients alone; what is returned is filled when it does."""
        honest, alter, told = getattr(self.module, self.name), ALTERATIONS[kind], []
        signature = inspect.signature(honest)

        def of(result: Any) -> Any:
            if isinstance(result, list):
                return [of(part) for part in result]
            if isinstance(result, tuple):
                return (result[0], of(result[1]))
            told.append(True)
            return alter(result)

        def lying(*args: Any, **kwargs: Any) -> Any:
            result = honest(*args, **kwargs)
            if beyond and not signature.bind(*args, **kwargs).arguments["extra"]:
                return result
            return of(result)

        patch.setattr(self.module, self.name, lying)
        return told


DERIVATION: dict[str, Rule] = {
    "product": Rule(derive, "product_adjoint", "product"),
    "map": Rule(derive, "map_adjoint", "map"),
    "composite": Rule(derive, "_composite_adjoint", "softmax"),
    "maximum": Rule(derive, "reduction_adjoint", "largest"),
    "product of elements": Rule(derive, "reduction_adjoint", "product of elements"),
    "inverse": Rule(derive, "matrix_adjoint", "inverse"),
    "determinant": Rule(derive, "matrix_adjoint", "determinant"),
}
SIMPLIFIER: dict[str, Rule] = {
    "finished": Rule(pipeline, "finished", "product"),
    "finished sigmoid": Rule(pipeline, "finished", "sigmoid"),
    "simplified": Rule(derive, "simplified", "map"),
    "common factors": Rule(simplify, "with_factors_outside", "softmax"),
    "deltas in front": Rule(simplify, "with_deltas_first", "softmax"),
    "names": Rule(pipeline, "settled", "softmax"),
}


def plant_in_differentiation(patch: pytest.MonkeyPatch, factor: str) -> None:
    """SymPy's derivative of tanh, that many times as large."""
    honest, s = heads.derivative, heads.sympy()

    def lying(head: Any, argument: int) -> Any:
        found = honest(head, argument)
        return found * s.Rational(factor) if "tanh" in head.name else found

    patch.setattr(heads, "derivative", lying)


# -- dialects --------------------------------------------------------------------------------------------

# What is done to the value y of a helper of the argument x, in the words of each library.
TEXTS: dict[str, str] = {
    "a millionth": "y * (1 + 1e-6)",
    "the sign": "-y",
    "a transpose": "y.T",
    "one index": "y * {m}.where({m}.arange(y.shape[-1]) == 0, 1.5, 1.0)",
    "length 1": "y * (1.01 if 1 in x.shape or not x.shape else 1)",
    "above 8": "y * (1.01 if max(x.shape, default=0) > 8 else 1)",
    "float32": "y * (1.01 if x.dtype == {m}.float32 else 1)",
    "float16": "y * (1.5 if x.dtype == {m}.float16 else 1)",
    "large arguments": "y * {m}.where({m}.abs(x) > 25, 1.01, 1.0)",
}


def lying_dialect(language: str, helper: str, kind: str) -> Any:
    """The dialect with a helper, or a function of the library that becomes one, that lies."""
    honest = DIALECTS[language]
    lie = TEXTS[kind].format(m=honest.module)
    text = honest.helpers.get(helper) or (
        f"def {helper}(x):\n    return {honest.function(helper)}(x)\n"
        if "{}" not in honest.function(helper)
        else f"def {helper}(x):\n    return {honest.function(helper).format('x')}\n"
    )
    head, _, value = text.rstrip().rpartition("return ")
    return replace(
        honest, helpers={**honest.helpers, helper: f"{head}y = {value}\n    return {lie}\n"}
    )


# What is written by each helper, and the lies that it can tell: one whose value has an axis less has no transpose.
EVERY = tuple(TEXTS)
WRITTEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "sigmoid": ("sum(B * sigmoid(A))", EVERY),
    "softmax": ("sum(B * softmax(A, axis=1))", EVERY),
    "tanh": ("sum(B * tanh(A))", EVERY),
    "softplus": ("sum(B * A * softplus(A))", EVERY),
    "logsumexp": (
        "sum(A * logsumexp(A, axis=1)[:,None])",
        tuple(kind for kind in EVERY if kind not in ("a transpose", "large arguments")),
    ),
}
