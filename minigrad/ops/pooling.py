"""Pooling over the last axes: the largest element of each window, or the mean.

The windows are read by their indices, so that what they overlap in adds up in a gradient.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.tensor import describe
from minigrad.ops.options import per_axis
from minigrad.ops.rearrange import pad


def _windowed(
    name: str,
    count: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any = 1,
    ceil_mode: bool = False,
    border: float = 0.0,
) -> Any:
    """All windows over the last axes, (..., places along each axis, kernel along each axis)."""
    x, kernel = as_tensor(input, name), per_axis(name, kernel_size, count)
    if x.ndim < count:
        raise ShapeError(f"{name}: windows lie along the last {count} axes; got {describe(x)}")
    steps = kernel if stride is None else per_axis(name, stride, count, 1)
    margins, dilations = per_axis(name, padding, count), per_axis(name, dilation, count, 1)
    places, borders = [], []
    for size, k, s, m, d in zip(x.shape[-count:], kernel, steps, margins, dilations, strict=True):
        room = int(size) + 2 * m - d * (k - 1) - 1
        if room < 0:
            raise ShapeError(f"{name}: a window of size {k} does not fit into {describe(x)}")
        number = (math.ceil(room / s) if ceil_mode else room // s) + 1
        if ceil_mode and (number - 1) * s >= int(size) + m:
            number -= 1
        reach = (number - 1) * s + d * (k - 1) + 1
        borders.append((m, max(m, reach - int(size) - m)))
        places.append(np.arange(number)[:, None] * s + np.arange(k)[None, :] * d)
    if any(b != (0, 0) for b in borders):
        x = pad(x, [(0, 0)] * (x.ndim - count) + borders, constant_values=border)
    if count == 1:
        return x[..., places[0]]
    rows, columns = places
    return x[..., rows[:, None, :, None], columns[None, :, None, :]]


_TIES = "elements that tie in a window share the gradient equally"


@composite("nn.max_pool1d", kinks=_TIES)
def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """The largest element of each window over the last axis."""
    return _windowed(
        "nn.max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, -math.inf
    ).max(-1)


@composite("nn.max_pool2d", kinks=_TIES)
def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """The largest element of each window over the last two axes."""
    return _windowed(
        "nn.max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, -math.inf
    ).max((-2, -1))


@composite("nn.avg_pool1d")
def avg_pool1d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The mean of each window over the last axis; what pads it are zeros, which count."""
    return _windowed("nn.avg_pool1d", 1, input, kernel_size, stride, padding).mean(-1)


@composite("nn.avg_pool2d")
def avg_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The mean of each window over the last two axes; what pads it are zeros, which count."""
    return _windowed("nn.avg_pool2d", 2, input, kernel_size, stride, padding).mean((-2, -1))
