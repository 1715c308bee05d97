"""The functions of a program on arrays of floats, in forms that do not overflow."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigrad.ops.scipy_loader import scipy_polygamma, scipy_special
from minigrad.program.functions import OF_SCIPY, POLYGAMMA


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), by exponentials of what is not positive."""
    e = np.exp(-np.abs(x))
    return np.where(np.asarray(x) < 0, e, 1.0) / (1.0 + e)


def softplus(x: Any) -> Any:
    return np.logaddexp(0.0, x)


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def heaviside(x: Any) -> Any:
    """1 above zero, 0 below, 1/2 at zero."""
    return np.heaviside(x, 0.5)


def nonzero(x: Any) -> Any:
    """X, and the smallest normal number where it is 0."""
    return np.where(np.asarray(x) == 0, np.finfo(np.result_type(x, 0.0)).tiny, x)


def where(condition: Any, x: Any, y: Any) -> Any:
    return np.where(np.asarray(condition) != 0, x, y)


def _largest(x: Any, axes: tuple[int, ...]) -> Any:
    """The largest element along the axes, −∞ of none; of whole numbers too, which know no infinity."""
    floats = np.asarray(x, dtype=np.result_type(x, 0.0))
    return np.max(floats, axis=axes, keepdims=True, initial=-np.inf)


def softmax(x: Any, axes: tuple[int, ...]) -> Any:
    """Exp over its own sum along the axes, the largest element taken off first; 0 where all are −∞."""
    top = _largest(x, axes)
    e = np.exp(x - np.where(np.isneginf(top), 0.0, top))
    return e / np.maximum(np.sum(e, axis=axes, keepdims=True), 1.0)


def logsumexp(x: Any, axes: tuple[int, ...]) -> Any:
    top = _largest(x, axes)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.log(np.sum(np.exp(x - top), axis=axes)) + np.squeeze(top, axis=axes)


def others(x: Any, axes: tuple[int, ...]) -> Any:
    """At each element the product of all others along the axes, without a division."""
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    lead = moved.shape[: x.ndim - len(axes)]
    flat = moved.reshape(*lead, math.prod(moved.shape[len(lead) :]))
    ones = np.ones_like(flat[..., :1])
    before = np.cumprod(np.concatenate([ones, flat[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], -1), -1)[..., ::-1]
    return np.moveaxis((before * after).reshape(moved.shape), last, axes)


_OWN: dict[str, Callable[..., Any]] = {
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "heaviside": heaviside,
    "nonzero": nonzero,
    "where": where,
}


def float_function(name: str) -> Callable[..., Any]:
    """The function of that name on arrays."""
    if name in _OWN:
        return _OWN[name]
    if name in OF_SCIPY:
        return getattr(scipy_special(), name)
    if name.startswith(POLYGAMMA):
        return partial(scipy_polygamma, int(name.removeprefix(POLYGAMMA)))
    return getattr(np, name)
