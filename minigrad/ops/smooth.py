"""Softmax, log-sum-exp and the smooth relatives of the step and the ramp."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.graph.call import Call, array_or_tensor, face
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import Tensor
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import (
    SMALL,
    Axes,
    dropped_shape,
    max_reduce,
    min_reduce,
    number,
    reduction_params,
    row_params,
    row_sums,
    spread,
)
from minigrad.ops.options import flag
from minigrad.ops.precision import HALF, SINGLE, add_reduce, in_single
from minigrad.primitive import Names, Notation

# Below this many elements the slower function with fewer calls is the faster way.
FEW = 32
_LIMIT = {np.dtype(np.float64): 709.0, np.dtype(np.float32): 88.0, np.dtype(np.float16): 11.0}


def logistic(x: Any) -> Any:
    """1 / (1 + exp(−x)) of an array, without overflow."""
    dtype = x.dtype
    if dtype.kind != "f":
        return logistic(x.astype(float))
    if x.size <= FEW:
        return np.exp(-np.logaddexp(-x, number(0.0, dtype)))
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
    reads=("y",),
    doc="Logistic sigmoid, yᵢ = 1 / (1 + exp(−xᵢ)).",
    names=Names(also=("nn.sigmoid",), words=("σ",)),
)
expit_in_rules = array_or_tensor(expit)


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
        return g * expit_in_rules(x)
    z = x * beta
    return np.where(z > threshold, g, g * expit_in_rules(z))


def _softplus_signature(x: Any, beta: float = 1.0, threshold: float = math.inf) -> Call:
    return (x,), {"beta": beta, "threshold": threshold}


def _softplus_meaning(*, beta: float, threshold: float) -> str:
    if threshold == math.inf:
        return "log(1 + exp(beta*x))/beta"
    return "Piecewise((x, beta*x > threshold), (softplus(beta*x)/beta, True))"


softplus = elementwise(
    "nn.softplus",
    _softplus,
    vjps=(_softplus_vjp,),
    meaning=_softplus_meaning,
    params={"beta": 1.0, "threshold": math.inf},
    signature=_softplus_signature,
    doc="Softplus, yᵢ = log(1 + exp(β xᵢ)) / β; xᵢ itself where β xᵢ exceeds the threshold.",
)

relu = elementwise(
    "nn.relu",
    lambda x: np.maximum(x, 0),
    vjps=(lambda g, y, x: np.where(y > 0, g, number(0.0, g.dtype)),),
    meaning="Piecewise((x, x > 0), (0, True))",
    kinks="the derivative at 0 is 0",
    masks=True,
    notation=Notation("relu", r"\operatorname{relu}"),
    reads=("y",),
    doc="Rectified linear unit, yᵢ = max(xᵢ, 0).",
)


# exp stays finite and normal where x² is below these numbers.
_SAFE = {np.dtype(np.float64): 600.0**2, np.dtype(np.float32): 80.0**2}
# Where the largest element of every row is moderate, the small ones lose nothing without a shift.
_MODERATE = {np.dtype(np.float64): 300.0, np.dtype(np.float32): 30.0}


def _small_softmax(x: Any) -> Any:
    """Softmax along the last axis of a small array, or None where exp might overflow.

    Softmax does not change under a shift of x; the shift is there against overflow alone, and a
    bound on |x|, read off Σ x², shows that it is not needed.
    """
    bound = _SAFE.get(x.dtype)
    if bound is None:
        return None
    flat = x.ravel()
    if not flat.dot(flat) < bound:
        return None
    e = np.exp(x)
    e /= row_sums(e)
    return e


def _softmax(x: Any, *, axis: Axes) -> Any:
    if x.size <= SMALL and axis == (x.ndim - 1,) and x.size:
        small = _small_softmax(x)
        if small is not None:
            return small
    if not x.size:
        return np.exp(x)
    if x.dtype is HALF:
        return _softmax(x.astype(SINGLE), axis=axis).astype(HALF)
    top = max_reduce(x, axis, None, None, True)
    bound = _MODERATE.get(x.dtype, 0.0)
    moderate = -bound < min_reduce(top, None) and max_reduce(top, None) < bound
    if not moderate:
        # Row by row, so that no row's bits depend on what another row holds.
        x = x - np.where(np.abs(top) < bound, 0, top)
    e = np.asarray(np.exp(x))
    e /= add_reduce(e, axis, None, None, True)
    return e


def _softmax_vjp(g: Any, y: Any, x: Any, *, axis: Axes) -> Any:
    if isinstance(g, Tensor) or isinstance(y, Tensor):
        weighted = g * y
        return weighted - y * add_reduce(weighted, axis, None, None, True)
    if axis != (y.ndim - 1,) or y.dtype.kind != "f" or g.dtype is not y.dtype:
        slope = g - add_reduce(g * y, axis, None, None, True)
    elif y.size <= SMALL:
        slope = g - row_sums(g * y)
    else:
        slope = g - np.expand_dims(np.vecdot(g, y), -1)
    slope *= y
    return slope


_softmax_row: Any = primitive(
    "nn.softmax",
    _softmax,
    vjps=(_softmax_vjp,),
    params={"axis": (-1,)},
    meaning=meaning.softmax,
    notation=Notation("softmax", r"\operatorname{softmax}", mark="(*)"),
    reads=("y",),
    doc="Softmax along an axis, yᵢ = exp xᵢ / Σⱼ exp xⱼ.",
)
_softmax_run, _softmax_params = _softmax_row.run, row_params("nn.softmax")


@face(_softmax_row)
def softmax(input: Any, axis: Any = -1) -> Tensor:
    """Softmax along an axis, yᵢ = exp xᵢ / Σⱼ exp xⱼ."""
    tensor: Tensor = _softmax_run(input, _softmax_params(input, axis))
    return tensor


def _log_softmax(x: Any, *, axis: Axes) -> Any:
    if not x.size:
        return np.exp(x)
    shifted = x - max_reduce(x, axis, None, None, True)
    return shifted - np.log(add_reduce(np.exp(shifted), axis, None, None, True))


def _log_softmax_vjp(g: Any, y: Any, x: Any, *, axis: Axes) -> Any:
    return g - np.exp(y) * add_reduce(g, axis, None, None, True)


_log_softmax_row: Any = primitive(
    "nn.log_softmax",
    in_single(_log_softmax),
    vjps=(in_single(_log_softmax_vjp),),
    params={"axis": (-1,)},
    meaning=meaning.log_softmax,
    notation=Notation("log_softmax", r"\operatorname{log\,softmax}"),
    reads=("y",),
    doc="Logarithm of softmax along an axis, yᵢ = xᵢ − log Σⱼ exp xⱼ.",
)
_log_softmax_params = row_params("nn.log_softmax")


@face(_log_softmax_row)
def log_softmax(input: Any, axis: Any = -1) -> Tensor:
    """Logarithm of softmax along an axis, yᵢ = xᵢ − log Σⱼ exp xⱼ."""
    tensor: Tensor = _log_softmax_row.run(input, _log_softmax_params(input, axis))
    return tensor


def _logsumexp(x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    top = max_reduce(x, axis, None, None, True, -math.inf)
    if not np.isfinite(top).all():
        top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        y = np.log(add_reduce(np.exp(x - top), axis, None, None, True)) + top
    return y if keepdims else y.reshape(() if axis is None else dropped_shape(x.shape, axis))


def _logsumexp_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    total = spread(y, x.shape, axis, keepdims)
    # Where every term is exp(−∞) the weights are 0, not exp(−∞ + ∞).
    total = np.where(np.equal(total, -math.inf), 0, total)
    share = np.exp(x - total)
    whole = add_reduce(share, axis, None, None, True)
    # The shares add up to 1, whatever digits the logarithm of a large sum has lost.
    share = share / np.where(np.equal(whole, 0), 1, whole)
    return spread(g, x.shape, axis, keepdims) * share


_logsumexp_row: Any = primitive(
    "special.logsumexp",
    in_single(_logsumexp),
    vjps=(in_single(_logsumexp_vjp),),
    params={"axis": None, "keepdims": False},
    meaning=meaning.logsumexp,
    kinks="the derivative is 0 where all elements are −∞",
    doc="y = log Σᵢ exp xᵢ over axes, without overflow.",
    names=Names(also=("nn.logsumexp",)),
)
_params = reduction_params("special.logsumexp")


@face(_logsumexp_row)
def logsumexp(
    a: Any,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """Y = log Σᵢ bᵢ exp xᵢ over axes, without overflow; b is 1 if not given.

    With ``return_sign`` the result is the pair of log |Σᵢ bᵢ exp xᵢ| and the sign of that sum.
    """
    return_sign = return_sign is not False and flag("special.logsumexp", "return_sign", return_sign)
    if b is None and not return_sign:
        return _logsumexp_row.run(a, _params(a, axis, keepdims))
    x = as_tensor(a, "special.logsumexp")
    params = _params(x, axis, True)
    top = max_reduce(x._value("special.logsumexp"), params["axis"], None, None, True, -math.inf)
    top = np.where(np.isfinite(top), top, 0)
    terms = np.exp(x - top) if b is None else np.exp(x - top) * b
    total = add_reduce(terms, params["axis"], None, None, keepdims)
    if not keepdims:
        top = top.reshape(total.shape)
    if return_sign:
        return np.log(np.abs(total)) + top, np.sign(total)
    return np.log(total) + top
