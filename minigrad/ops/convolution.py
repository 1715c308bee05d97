"""Convolution over the last axes.

A convolution is linear in the image and in the kernel, so its two adjoints are convolutions of the
same three partners, and the three rows differentiate into each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.call import array_or_tensor, face, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import describe
from minigrad.index.size import is_at_least, quotient
from minigrad.limits import check_bytes
from minigrad.ops import meanings as meaning
from minigrad.ops.options import per_axis
from minigrad.ops.rearrange import pad
from minigrad.ops.shaping import expand_dims, squeeze
from minigrad.primitive import INTERNAL

Pair = tuple[int, ...]


def _padded(x: Any, padding: Pair) -> Any:
    if padding == (0, 0):
        return x
    (p, q) = padding
    return np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))


def _windows(x: Any, kernel: Pair, stride: Pair, dilation: Pair) -> Any:
    """A view (n, c, rows, columns, kernel rows, kernel columns) of all windows."""
    span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(x, span, (2, 3))
    return view[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def _grouped(x: Any, groups: int, axis: int) -> Any:
    shape = x.shape
    return x.reshape((*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]))


def _conv(x: Any, w: Any, *, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Any:
    view = _grouped(_windows(_padded(x, padding), w.shape[2:], stride, dilation), groups, 1)
    y = np.einsum("ngcijkl,gockl->ngoij", view, _grouped(w, groups, 0), optimize=True)
    return y.reshape(y.shape[0], w.shape[0], *y.shape[3:])


def _conv_image(
    g: Any, w: Any, *, size: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Any:
    """The adjoint in the image: every output spreads its kernel back over its window."""
    parts = np.einsum(
        "ngoij,gockl->ngcijkl", _grouped(g, groups, 1), _grouped(w, groups, 0), optimize=True
    )
    n, rows, columns = g.shape[0], g.shape[2], g.shape[3]
    channels = w.shape[1] * groups
    parts = parts.reshape(n, channels, rows, columns, *w.shape[2:])
    full = np.zeros(
        (n, channels, *(s + 2 * p for s, p in zip(size, padding, strict=True))), g.dtype
    )
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            top, left = i * dilation[0], j * dilation[1]
            bottom = top + (rows - 1) * stride[0] + 1
            right = left + (columns - 1) * stride[1] + 1
            full[:, :, top : bottom : stride[0], left : right : stride[1]] += parts[..., i, j]
    (p, q), (height, width) = padding, size
    return full[:, :, p : p + height, q : q + width]


def _conv_kernel(
    g: Any, x: Any, *, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Any:
    """The adjoint in the kernel: windows weighted by the outputs they made."""
    rows, columns = g.shape[2:]
    view = _windows(_padded(x, padding), kernel, stride, dilation)[:, :, :rows, :columns]
    view = _grouped(view, groups, 1)
    w = np.einsum("ngcijkl,ngoij->gockl", view, _grouped(g, groups, 1), optimize=True)
    return w.reshape(g.shape[1], *w.shape[2:])


def _image_of(g: Any, w: Any, x: Any, params: dict[str, Any]) -> Any:
    return conv_image_in_rules(g, w, size=tuple(int(s) for s in x.shape[2:]), **params)


def _kernel_of(g: Any, x: Any, w: Any, params: dict[str, Any]) -> Any:
    return conv_kernel_in_rules(g, x, kernel=tuple(int(s) for s in w.shape[2:]), **params)


_PARAMS = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}

conv = primitive(
    "nn.conv2d",
    _conv,
    vjps=(
        lambda g, y, x, w, **params: _image_of(g, w, x, params),
        lambda g, y, x, w, **params: _kernel_of(g, x, w, params),
    ),
    params=_PARAMS,
    meaning=meaning.conv,
    doc="Cross-correlation of images with kernels.",
)

conv_image = primitive(
    "nn.conv2d_image",
    _conv_image,
    vjps=(
        lambda c, y, g, w, *, size, **params: conv_in_rules(c, w, **params),
        lambda c, y, g, w, *, size, **params: _kernel_of(g, c, w, params),
    ),
    params={**_PARAMS, "size": (0, 0)},
    meaning=meaning.conv_image,
    doc="The adjoint of conv2d in the image.",
    names=INTERNAL,
)

conv_kernel = primitive(
    "nn.conv2d_kernel",
    _conv_kernel,
    vjps=(
        lambda c, y, g, x, *, kernel, **params: conv_in_rules(x, c, **params),
        lambda c, y, g, x, *, kernel, **params: _image_of(g, c, x, params),
    ),
    params={**_PARAMS, "kernel": (1, 1)},
    meaning=meaning.conv_kernel,
    doc="The adjoint of conv2d in the kernel.",
    names=INTERNAL,
)
conv_in_rules: Any = array_or_tensor(conv)
conv_image_in_rules: Any = array_or_tensor(conv_image)
conv_kernel_in_rules: Any = array_or_tensor(conv_kernel)


_NONE: Pair = (0, 0)


def _same(kernel: Pair, dilation: Pair) -> list[Pair]:
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return [(t // 2, t - t // 2) for t in totals]


@face(conv)
@worded("nn.conv2d")
def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation y[n,o,i,j] = b[o] + Σ w[o,c,k,l] x[n,c,i+k,j+l] of images with kernels.

    Shapes: input (n, c, h, w) or (c, h, w), weight (o, c / groups, k, l), bias (o,).

    Raises
    ------
    ShapeError
        When the channels do not fit or the kernel is larger than the padded image.
    """
    x, w = as_tensor(input, "nn.conv2d"), as_tensor(weight, "nn.conv2d")
    single = x.ndim == 3
    if single:
        x = expand_dims(x, 0)
    _check_conv("nn.conv2d", x, w, groups, 4)
    strides, dilations = per_axis("nn.conv2d", stride, least=1), per_axis("nn.conv2d", dilation, least=1)
    if padding == "same":
        if strides != (1, 1):
            raise ArgumentError("nn.conv2d: padding='same' needs stride 1")
        kernel = tuple(int(s) for s in w.shape[2:])
        x, margins = pad(x, [(0, 0), (0, 0), *_same(kernel, dilations)]), _NONE
    else:
        margins = per_axis("nn.conv2d", 0 if padding == "valid" else padding)
    _check_fit("nn.conv2d", x, w, margins, dilations)
    y = conv(x, w, stride=strides, padding=margins, dilation=dilations, groups=groups)
    if bias is not None:
        y = y + as_tensor(bias, "nn.conv2d").reshape(-1, 1, 1)
    return squeeze(y, 0) if single else y


def _check_conv(name: str, x: Any, w: Any, groups: int, ndim: int) -> None:
    if x.ndim != ndim or w.ndim != ndim:
        raise ShapeError(f"{name}: expected {ndim} axes, got {describe(x)} and {describe(w)}")
    if x.shape[1] != w.shape[1] * groups or quotient(w.shape[0], groups) is None:
        wanted = quotient(x.shape[1], groups)
        raise ShapeError(
            f"{name}: {x.shape[1]} channels of {describe(x)} do not fit weights {describe(w)} in "
            f"{groups} groups; the weight's axis 1 must have size "
            f"{f'{x.shape[1]} / {groups}' if wanted is None else wanted}, and axis 0 a multiple of {groups}"
        )


def _check_fit(name: str, x: Any, w: Any, margins: Pair, dilations: Pair) -> None:
    if all(isinstance(size, int) for size in x.shape):
        padded = (size + 2 * m for size, m in zip(x.shape[2:], margins, strict=True))
        check_bytes(name, (*x.shape[:2], *padded), x.dtype.itemsize)
    sizes = zip(x.shape[2:], w.shape[2:], margins, dilations, strict=True)
    for size, k, m, d in sizes:
        if is_at_least(size + 2 * m - d * (k - 1), 1) is False:
            raise ShapeError(
                f"{name}: a kernel of size {k} with dilation {d} does not fit into {size} "
                f"elements padded by {m}, for {describe(x)} and {describe(w)}"
            )


@composite("nn.conv1d")
def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation of sequences with kernels; shapes (n, c, l) or (c, l), and (o, c, k)."""
    x, w = as_tensor(input, "nn.conv1d"), as_tensor(weight, "nn.conv1d")
    single = x.ndim == 2
    if single:
        x = expand_dims(x, 0)
    _check_conv("nn.conv1d", x, w, groups, 3)
    (step,), (spread,) = per_axis("nn.conv1d", stride, 1, 1), per_axis("nn.conv1d", dilation, 1, 1)
    margin: Any = padding
    if not isinstance(padding, str):
        margin = (0, *per_axis("nn.conv1d", padding, 1))
        _check_fit("nn.conv1d", x, w, margin[1:], (spread,))
    y = conv2d(expand_dims(x, 2), expand_dims(w, 2), bias, (1, step), margin, (1, spread), groups)
    y = squeeze(y, 2)
    return squeeze(y, 0) if single else y
