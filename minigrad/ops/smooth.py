"""Softmax, log-sum-exp and the smooth relatives of the step and the ramp."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.index import meaning
from minigrad.ops.axes import (
    SMALL,
    Axes,
    add_reduce,
    axes_signature,
    max_reduce,
    number,
    spread,
    totals,
)
from minigrad.primitive import Notation

_Call = tuple[tuple[Any, ...], dict[str, Any]]


_LIMIT = {np.dtype(np.float64): 709.0, np.dtype(np.float32): 88.0, np.dtype(np.float16): 11.0}


def logistic(x: Any) -> Any:
    """1 / (1 + exp(−x)) of an array, without overflow."""
    if x.dtype.kind != "f":
        x = x.astype(float)
    dtype = x.dtype
    # Beyond the limit exp overflows, and the result is 0 in this dtype anyway.
    e = np.exp(np.minimum(-x, number(_LIMIT.get(dtype, 709.0), dtype)))
    return np.reciprocal(e + number(1.0, dtype))


def _expit_vjp(g: Any, y: Any, x: Any) -> Any:
    slope = g * y
    return slope - slope * y


expit = elementwise(
    "special.expit",
    lambda x: logistic(np.asarray(x)),
    vjps=(_expit_vjp,),
    meaning="1/(1 + exp(-x))",
    notation=Notation("σ", r"\sigma", word="sigmoid"),
    doc="Logistic sigmoid, yᵢ = 1 / (1 + exp(−xᵢ)).",
)


def ramp(x: Any) -> Any:
    """log(1 + exp x) without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _softplus(x: Any, *, beta: float, threshold: float) -> Any:
    if beta == 1 and threshold == math.inf:
        return ramp(x)
    z = x * beta
    return np.where(z > threshold, x, ramp(z) / beta)


def _softplus_vjp(g: Any, y: Any, x: Any, *, beta: float, threshold: float) -> Any:
    if beta == 1 and threshold == math.inf:
        return g * expit_dual(x)
    z = x * beta
    return np.where(z > threshold, g, g * expit_dual(z))


def expit_dual(x: Any) -> Any:
    """The sigmoid inside VJPs: arrays in, arrays out; tensors in, tensors out."""
    return logistic(x) if isinstance(x, np.ndarray | np.generic) else expit(x)


def _softplus_signature(x: Any, beta: float = 1.0, threshold: float = math.inf) -> _Call:
    return (x,), {"beta": beta, "threshold": threshold}


softplus = elementwise(
    "nn.softplus",
    _softplus,
    vjps=(_softplus_vjp,),
    meaning="log(1 + exp(beta*x))/beta",
    params={"beta": 1.0, "threshold": math.inf},
    signature=_softplus_signature,
    doc="Softplus, yᵢ = log(1 + exp(β xᵢ)) / β; xᵢ itself where β xᵢ exceeds the threshold.",
)

relu = elementwise(
    "nn.relu",
    lambda x: np.maximum(x, 0),
    vjps=(lambda g, y, x: g * (x > 0),),
    meaning="Piecewise((x, x > 0), (0, True))",
    kinks="the derivative at 0 is 0",
    masks=True,
    notation=Notation("relu", r"\operatorname{relu}"),
    doc="Rectified linear unit, yᵢ = max(xᵢ, 0).",
)


# exp stays finite and normal between minus and plus this bound.
_SAFE = {np.dtype(np.float64): 600.0**2, np.dtype(np.float32): 80.0**2}


def _needs_no_shift(x: Any) -> bool:
    """Whether a bound on |x|, read off Σ x², already keeps exp from overflowing."""
    bound = _SAFE.get(x.dtype)
    if bound is None or x.size > SMALL:
        return False
    flat = x.ravel()
    return flat.dot(flat) < bound


def _softmax(x: Any, *, axis: Axes) -> Any:
    # Softmax does not change under a shift of x; the shift is there against overflow alone.
    if _needs_no_shift(x):
        e = np.exp(x)
    elif not x.size:
        return np.exp(x)
    else:
        e = x - max_reduce(x, axis, None, None, True)
        e = np.exp(e, e) if e.dtype.kind == "f" else np.exp(e)
    if type(e) is not np.ndarray:
        return e / e
    e /= totals(e, axis)
    return e


def _softmax_vjp(g: Any, y: Any, x: Any, *, axis: Axes) -> Any:
    weighted = g * y
    if type(weighted) is not np.ndarray:
        return weighted - y * add_reduce(weighted, axis, None, None, True)
    slope = g - totals(weighted, axis)
    slope *= y
    return slope


softmax = primitive(
    "nn.softmax",
    _softmax,
    vjps=(_softmax_vjp,),
    params={"axis": (-1,)},
    signature=axes_signature("nn.softmax", -1, keepdims=False),
    meaning=meaning.softmax,
    notation=Notation("softmax", r"\operatorname{softmax}", mark="(*)"),
    doc="Softmax along an axis, yᵢ = exp xᵢ / Σⱼ exp xⱼ.",
)


def _log_softmax(x: Any, *, axis: Axes) -> Any:
    if not x.size:
        return np.exp(x)
    shifted = x - max_reduce(x, axis, None, None, True)
    return shifted - np.log(add_reduce(np.exp(shifted), axis, None, None, True))


def _log_softmax_vjp(g: Any, y: Any, x: Any, *, axis: Axes) -> Any:
    return g - np.exp(y) * add_reduce(g, axis, None, None, True)


log_softmax = primitive(
    "nn.log_softmax",
    _log_softmax,
    vjps=(_log_softmax_vjp,),
    params={"axis": (-1,)},
    signature=axes_signature("nn.log_softmax", -1, keepdims=False),
    doc="Logarithm of softmax along an axis, yᵢ = xᵢ − log Σⱼ exp xⱼ.",
)


def _logsumexp(x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    top = max_reduce(x, axis, None, None, True)
    if not np.isfinite(top).all():
        top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        y = np.log(add_reduce(np.exp(x - top), axis, None, None, True)) + top
    return y if keepdims else y.reshape(add_reduce(x, axis).shape if axis is not None else ())


def _logsumexp_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    total = spread(y, x.shape, axis, keepdims)
    # Where every term is exp(−∞) the weights are 0, not exp(−∞ + ∞).
    total = np.where(np.equal(total, -math.inf), 0, total)
    return spread(g, x.shape, axis, keepdims) * np.exp(x - total)


logsumexp = primitive(
    "special.logsumexp",
    _logsumexp,
    vjps=(_logsumexp_vjp,),
    params={"axis": None, "keepdims": False},
    signature=axes_signature("special.logsumexp"),
    meaning=meaning.logsumexp,
    doc="y = log Σᵢ exp xᵢ over axes, without overflow.",
)
