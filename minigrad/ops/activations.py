"""Activation functions, with PyTorch's meaning and names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import Call, array_or_tensor
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.graph.tensor import Tensor
from minigrad.ops.axes import extent, one_axis, parted
from minigrad.ops.precision import in_single
from minigrad.ops.scipy_functions import erf
from minigrad.ops.smooth import expit, expit_in_rules, logistic, ramp
from minigrad.primitive import Names

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805
_erf = array_or_tensor(erf)


def _silu_vjp(g: Any, y: Any, x: Any) -> Any:
    s = expit_in_rules(x)
    return g * (s + y * (1 - s))


silu = elementwise(
    "nn.silu",
    lambda x: x * logistic(np.asarray(x)),
    vjps=(_silu_vjp,),
    meaning="x/(1 + exp(-x))",
    doc="Sigmoid-weighted unit, yᵢ = xᵢ σ(xᵢ).",
    names=Names(words=("swish",)),
)

log_sigmoid = elementwise(
    "nn.log_sigmoid",
    lambda x: -ramp(-x),
    vjps=(lambda g, y, x: g * expit_in_rules(-x),),
    meaning="-softplus(-x)",
    doc="yᵢ = log σ(xᵢ), without overflow.",
)

_GELU_SLOPE = math.sqrt(2 / math.pi)
_GELU_CUBE = 0.044715


# The normal density at 0, and the numbers so near to 0 that half of them may have lost digits in float16.
_DENSITY = math.sqrt(0.5 / math.pi)
_NEAR = 2.0**-12


def _gelu_inner(x: Any) -> Any:
    return _GELU_SLOPE * (x + _GELU_CUBE * (x * x * x))


def _gelu(x: Any, *, approximate: str) -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(_gelu_inner(x)))
    return 0.5 * x * (1 + _erf(x * math.sqrt(0.5)))


def _gelu_vjp(g: Any, y: Any, x: Any, *, approximate: str) -> Any:
    if approximate == "tanh":
        t = np.tanh(_gelu_inner(x))
        inner = _GELU_SLOPE * (1 + 3 * _GELU_CUBE * (x * x))
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)
    density = _DENSITY * np.exp(-0.5 * x * x)
    return g * (_gaussian(y, x) + x * density)


def _gaussian(y: Any, x: Any) -> Any:
    """Φ(x) of y = x Φ(x): a quotient costs a tenth of the error function."""
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or isinstance(y, Tensor):
        return 0.5 * (1 + _erf(x * math.sqrt(0.5)))
    far = np.abs(x) >= _NEAR
    slope = np.empty_like(x)
    if not far.all():
        near = x[~far]
        slope[~far] = 0.5 + _DENSITY * near * (1 - near * near / 6)
    return np.divide(y, x, out=slope, where=far)


def _gelu_signature(input: Any, approximate: str = "none") -> Call:
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f"nn.gelu: approximate is 'none' or 'tanh', not {approximate!r}")
    return (input,), {"approximate": approximate}


def _gelu_meaning(*, approximate: str) -> str:
    if approximate == "tanh":
        return "x*(1 + tanh(sqrt(2/pi)*(x + 44715*x**3/1000000)))/2"
    return "x*(1 + erf(x/sqrt(2)))/2"


gelu = elementwise(
    "nn.gelu",
    in_single(_gelu),
    vjps=(in_single(_gelu_vjp),),
    meaning=_gelu_meaning,
    params={"approximate": "none"},
    signature=_gelu_signature,
    doc="Gaussian error linear unit, yᵢ = xᵢ Φ(xᵢ), or its tanh approximation.",
)


def _mish_vjp(g: Any, y: Any, x: Any) -> Any:
    t = np.tanh(ramp(x))
    return g * (t + x * (1 - t * t) * expit_in_rules(x))


mish = elementwise(
    "nn.mish",
    lambda x: x * np.tanh(ramp(x)),
    vjps=(in_single(_mish_vjp),),
    meaning="x*tanh(softplus(x))",
    doc="yᵢ = xᵢ tanh(softplus xᵢ).",
)

softsign = elementwise(
    "nn.softsign",
    lambda x: x / (1 + np.abs(x)),
    vjps=(lambda g, y, x: g / (1 + np.abs(x)) / (1 + np.abs(x)),),
    meaning="x/(1 + Abs(x))",
    doc="yᵢ = xᵢ / (1 + |xᵢ|).",
)


def _elu(x: Any, *, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_vjp(g: Any, y: Any, x: Any, *, alpha: float) -> Any:
    return g * np.where(x > 0, np.ones((), x.dtype), alpha * np.exp(np.minimum(x, 0)))


elu = elementwise(
    "nn.elu",
    _elu,
    vjps=(_elu_vjp,),
    meaning="Piecewise((x, x > 0), (alpha*(exp(x) - 1), True))",
    domain="nonzero",
    kinks="the derivative at 0 is alpha",
    doc="Exponential linear unit, xᵢ where positive, α (exp xᵢ − 1) elsewhere.",
)

selu = elementwise(
    "nn.selu",
    lambda x: _SELU_SCALE * _elu(x, alpha=_SELU_ALPHA),
    vjps=(lambda g, y, x: _SELU_SCALE * _elu_vjp(g, y, x, alpha=_SELU_ALPHA),),
    meaning=(f"{_SELU_SCALE}*Piecewise((x, x > 0), ({_SELU_ALPHA}*(exp(x) - 1), True))"),
    domain="nonzero",
    kinks="the derivative at 0 is that of the exponential piece",
    doc="Self-normalising exponential linear unit.",
)


leaky_relu = elementwise(
    "nn.leaky_relu",
    lambda x, *, negative_slope=0.01: np.where(x > 0, x, x * negative_slope),
    vjps=(lambda g, y, x, *, negative_slope: np.where(x > 0, g, g * negative_slope),),
    meaning="Piecewise((x, x > 0), (negative_slope*x, True))",
    domain="nonzero",
    kinks="the derivative at 0 is the negative slope",
    doc="Leaky rectifier, xᵢ where positive, a multiple of it elsewhere.",
)


def _inside(g: Any, x: Any, low: float, high: float) -> Any:
    inside = np.logical_and(np.greater(x, low), np.less(x, high))
    return np.where(inside, g, np.zeros((), g.dtype))


hardtanh = elementwise(
    "nn.hardtanh",
    lambda x, *, min_val=-1.0, max_val=1.0: np.clip(x, min_val, max_val),
    vjps=(lambda g, y, x, *, min_val, max_val: _inside(g, x, min_val, max_val),),
    meaning="Piecewise((min_val, x <= min_val), (max_val, x >= max_val), (x, True))",
    domain="unit",
    kinks="the derivative at both bounds is 0",
    masks=True,
    doc="Elements kept between two bounds.",
)

relu6 = elementwise(
    "nn.relu6",
    lambda x: np.clip(x, 0, 6),
    vjps=(lambda g, y, x: _inside(g, x, 0, 6),),
    meaning="Piecewise((0, x <= 0), (6, x >= 6), (x, True))",
    domain="nonzero",
    kinks="the derivative at 0 and 6 is 0",
    masks=True,
    doc="Rectifier that saturates, yᵢ = min(max(xᵢ, 0), 6).",
)


def _hardswish_vjp(g: Any, y: Any, x: Any) -> Any:
    middle = np.where(np.less(x, 3), x / 3 + 0.5, np.ones((), x.dtype))
    return g * np.where(np.greater(x, -3), middle, np.zeros((), x.dtype))


hardswish = elementwise(
    "nn.hardswish",
    lambda x: x * (np.clip(x + 3, 0, 6) / 6),
    vjps=(_hardswish_vjp,),
    meaning="Piecewise((0, x <= -3), (x, x >= 3), (x*(x + 3)/6, True))",
    kinks="the derivative is 0 at −3 and 1 at 3",
    doc="yᵢ = xᵢ min(max(xᵢ + 3, 0), 6) / 6.",
)


@composite("nn.glu")
def glu(input: Any, axis: int = -1) -> Any:
    """Gated linear unit, a σ(b), where a and b are the halves along an axis."""
    x = as_tensor(input, "nn.glu")
    axis = one_axis("nn.glu", axis, x.ndim)
    half = parted("nn.glu", extent(x.shape[axis]), 2)
    before = (slice(None),) * axis
    return x[(*before, slice(None, half))] * expit(x[(*before, slice(half, None))])
