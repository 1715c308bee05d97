"""Convolutions with kernels of their own, and what flattens their results."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.tensor import Tensor, describe, said
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameters import Init, Rng, generator, parameter, positive
from minigrad.ops import functional


class _Conv(Module):
    """Kernels W of shape (outputs, inputs / groups, ...), and b; a subclass says along how many axes."""

    axes: int

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, ...],
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        init: Init = init.he_uniform,
        rng: Rng = None,
        dtype: DTypeLike = float,
    ) -> None:
        name = type(self).__name__
        positive(name, inputs=inputs, outputs=outputs, groups=groups)
        sizes = tuple(kernel) if isinstance(kernel, tuple | list) else (kernel,) * self.axes
        if len(sizes) != self.axes:
            raise ArgumentError(f"{name}: kernel={kernel!r}, but it is {self.axes} sizes, or one for all")
        positive(name, **{f"kernel[{k}]": size for k, size in enumerate(sizes)})
        if inputs % groups or outputs % groups:
            raise ArgumentError(f"{name}: {inputs} and {outputs} channels do not part into {groups} groups")
        # drawn as the matrix that takes a window to the outputs, whose fans it has
        matrix = init((inputs // groups * math.prod(sizes), outputs), generator(rng))
        self.W = parameter(np.ascontiguousarray(matrix.T).reshape(outputs, inputs // groups, *sizes), None, dtype)
        if bias:
            self.b = parameter(np.zeros(outputs), None, dtype)
        self.options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, inputs, ...) to (n, outputs, ...); the first axis may be missing."""
        conv = functional.conv1d if self.axes == 1 else functional.conv2d
        result: Tensor = conv(as_tensor(x, type(self).__name__), self.W, vars(self).get("b"), **self.options)
        return result

    def describe(self) -> str:
        """The channels, the kernel, and what is not as usual."""
        outputs, inputs, *sizes = map(int, self.W.shape)
        usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        told = [f"{n}={v!r}" for n, v in self.options.items() if v != usual[n]]
        kernel = "×".join(map(str, sizes))
        return ", ".join([f"{inputs * self.options['groups']} to {outputs}, kernel {kernel}", *told])


_PARAMETERS = """

    Parameters
    ----------
    inputs, outputs
        The channels before and after.
    kernel
        The size of a window, or one for each axis.
    stride, padding, dilation, groups
        As for ``mg.nn.functional.{0}``; the padding may be "same".
    bias
        Whether b is added.
    init
        Draws the matrix that takes a window to the outputs; by default
        :func:`minigrad.nn.init.he_uniform`. b starts at 0.
    rng
        A generator, or a seed.
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When a size is not positive, or channels do not part into the groups.
    """


class Conv1d(_Conv):
    """y[n,o,i] = b[o] + Σ W[o,c,k] x[n,c,i+k], cross-correlation of sequences (n, channels, length)."""

    axes = 1


class Conv2d(_Conv):
    """y[n,o,i,j] = b[o] + Σ W[o,c,k,l] x[n,c,i+k,j+l], cross-correlation of images (n, c, height, width)."""

    axes = 2


for _kind, _name in ((Conv1d, "conv1d"), (Conv2d, "conv2d")):
    _kind.__doc__ = f"{_kind.__doc__}{_PARAMETERS.format(_name)}"


class Flatten(Module):
    """One axis in the place of several, from ``start`` to ``end``; by default all but the first."""

    def __init__(self, start: int = 1, end: int = -1) -> None:
        for name, axis in (("start", start), ("end", end)):
            if isinstance(axis, bool) or not isinstance(axis, int):
                raise ArgumentError(f"Flatten: {name}={said(axis)}, but it is an axis, a whole number")
        self.start, self.end = start, end

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, ...) to (n, product of the others)."""
        x = as_tensor(x, "Flatten")
        first, last = self.start % max(x.ndim, 1), self.end % max(x.ndim, 1)
        outside = not all(-x.ndim <= axis < x.ndim for axis in (self.start, self.end))
        if outside or last < first:
            raise ShapeError(f"Flatten: {describe(x)} has no axes from {self.start} to {self.end}")
        size: Any = 1
        for each in x.shape[first : last + 1]:
            size = size * each
        result: Tensor = x.reshape(*x.shape[:first], size, *x.shape[last + 1 :])
        return result

    def describe(self) -> str:
        """The axes."""
        return f"{self.start} to {self.end}"


class Identity(Module):
    """y = x, where a layer is left out."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return as_tensor(x, "Identity")
