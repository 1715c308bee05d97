"""Normalisation over the features of each token, and over a batch for each feature."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.tensor import Tensor, describe
from minigrad.index.size import Size
from minigrad.nn.module import Module
from minigrad.nn.parameters import fitted, parameter, positive
from minigrad.ops.arithmetic import sqrt
from minigrad.ops.functional import layer_norm, rms_norm
from minigrad.ops.normalization import standardised
from minigrad.ops.options import fraction, real


class _Norm(Module):
    """y = γ ⊙ z + β, with what there is of γ and β, of a z that a subclass makes."""

    def __init__(
        self, features: int, eps: float, parameters: tuple[str, ...], dims: str | None, dtype: DTypeLike
    ) -> None:
        name = type(self).__name__
        positive(name, features=features)
        eps = real(name, "eps", eps)
        if not eps >= 0:
            raise ArgumentError(f"{name}: eps={eps!r}, but it must be a number of at least 0")
        self.features, self.eps = int(features), float(eps)
        if "gamma" in parameters:
            self.gamma = parameter(np.ones(features), dims, dtype)
        if "beta" in parameters:
            self.beta = parameter(np.zeros(features), dims, dtype)

    def _affine(self, z: Tensor) -> Tensor:
        """γ ⊙ z + β."""
        Z = z.named("Z")
        if "gamma" in vars(self):
            Z = Z * self._along(self.gamma, Z)
        return Z + self._along(self.beta, Z) if "beta" in vars(self) else Z

    def _along(self, feature: Tensor, x: Tensor) -> Tensor:
        """One number for each feature, on the axis where x has its features: the last one."""
        return feature

    def describe(self) -> str:
        """The size and ε."""
        return f"{self.features}, eps={self.eps:g}"


class LayerNorm(_Norm):
    """y = γ ⊙ z + β with z = (x − mean x) / √(var x + ε), over the last axis.

    Parameters
    ----------
    features
        The size of the last axis.
    eps
        ε, which bounds the result where a token's features are all equal.
    affine
        Whether there are γ, which starts at 1, and β, which starts at 0.
    dims
        The label of the axis, so that formulas speak of it.
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When a size is not positive, or ``eps`` is negative.

    Notes
    -----
    J. L. Ba, J. R. Kiros and G. E. Hinton, Layer Normalization, 2016, equation 4, with the
    variance over n elements.
    """

    def __init__(
        self,
        features: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dims: str | None = None,
        dtype: DTypeLike = float,
    ) -> None:
        super().__init__(features, eps, ("gamma", "beta") if affine else (), dims, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., features), kept."""
        x = fitted("LayerNorm", x, self.features)
        return self._affine(layer_norm(x, x.shape[-1], eps=self.eps))


class RMSNorm(_Norm):
    """y = γ ⊙ z with z = x / √(mean x² + ε), over the last axis.

    Parameters
    ----------
    features
        The size of the last axis.
    eps
        ε, which bounds the result where a token's features all vanish.
    affine
        Whether there is γ, which starts at 1.
    dims
        The label of the axis, so that formulas speak of it.
    dtype
        The parameter's element type.

    Raises
    ------
    ArgumentError
        When a size is not positive, or ``eps`` is negative.

    Notes
    -----
    B. Zhang and R. Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019, equation 4.
    """

    def __init__(
        self,
        features: int,
        eps: float = 1e-6,
        affine: bool = True,
        *,
        dims: str | None = None,
        dtype: DTypeLike = float,
    ) -> None:
        super().__init__(features, eps, ("gamma",) if affine else (), dims, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., features), kept."""
        x = fitted("RMSNorm", x, self.features)
        return self._affine(rms_norm(x, x.shape[-1], eps=self.eps))


class BatchNorm(_Norm):
    """y = γ ⊙ z + β with z = (x − mean x) / √(var x + ε), over all axes but that of the features.

    In training mean and variance are those of the batch, and running ones follow them,
    μ ← (1 − m) μ + m mean x, likewise σ² with the variance over n − 1; after ``eval()`` the running ones
    take their place. They are buffers: ``state_dict()`` holds them, and no gradient flows to them.

    Parameters
    ----------
    features
        The size of axis 1, as of convolutions; of a batch of vectors (n, features) it is the last one.
    eps
        ε, which bounds the result where a feature does not vary.
    momentum
        m, the part that the newest batch has in the running values.
    affine
        Whether there are γ, which starts at 1, and β, which starts at 0.
    dims
        The label of the axis, so that formulas speak of it.
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When a size is not positive, ``eps`` is negative, or ``momentum`` is no part.

    Notes
    -----
    S. Ioffe and C. Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal
    Covariate Shift, ICML 2015, algorithm 1.
    """

    axes: tuple[int, ...] = ()  # how many an input may have; any number from two on

    def __init__(
        self,
        features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        *,
        dims: str | None = None,
        dtype: DTypeLike = float,
    ) -> None:
        super().__init__(features, eps, ("gamma", "beta") if affine else (), dims, dtype)
        name = type(self).__name__
        fraction(name, "momentum", real(name, "momentum", momentum))
        self.momentum = float(momentum)
        self.register_buffer("running_mean", np.zeros(features, dtype))
        self.register_buffer("running_var", np.ones(features, dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, features, ...), kept.

        Raises
        ------
        ShapeError
            When axis 1 has another size, or in training each feature has one value only.
        """
        x = as_tensor(x, type(self).__name__)
        self._check(x)
        if self.training:
            over = (0, *range(2, x.ndim))
            self._follow(x, over)
            return self._affine(standardised(x, axis=over, eps=self.eps))
        centred = x - self._along(self.running_mean, x)
        return self._affine(centred / sqrt(self._along(self.running_var, x) + self.eps))

    def _along(self, feature: Tensor, x: Tensor) -> Tensor:
        """One number for each feature, on axis 1."""
        return feature if x.ndim == 2 else feature.reshape(-1, *(1,) * (x.ndim - 2))

    def _check(self, x: Tensor) -> None:
        name = type(self).__name__
        if x.ndim < 2 or (self.axes and x.ndim not in self.axes):
            wanted = " or ".join(map(str, self.axes)) or "at least 2"
            raise ShapeError(f"{name}: takes {wanted} axes, (n, features, ...), and got {describe(x)}")
        if not isinstance(x.shape[1], Size) and x.shape[1] != self.features:
            raise ShapeError(
                f"{name}: axis 1 of {describe(x)} must have size {self.features}, the features that the module "
                "was made for; where they lie on the last axis, write x.swapaxes(1, -1)"
            )
        if self.training and x._array is not None and x.numpy().size == self.features:
            raise ShapeError(
                f"{name}: {describe(x)} has one value of each feature, which has no variance; train on "
                "larger batches, or call model.eval() to use the running mean and variance"
            )

    def _follow(self, x: Tensor, over: tuple[int, ...]) -> None:
        """Move the running values towards those of a batch that has values."""
        if x._array is None or not x.numpy().size:
            return
        batch, m = x.numpy(), self.momentum
        for own, seen in (
            (self.running_mean, batch.mean(over, dtype=float)),
            (self.running_var, batch.var(over, ddof=1, dtype=float)),
        ):
            own.assign((1 - m) * own.numpy() + m * seen)

    def describe(self) -> str:
        """The size, ε and m."""
        return f"{super().describe()}, momentum={self.momentum:g}"


class BatchNorm1d(BatchNorm):
    """:class:`BatchNorm` of vectors (n, features) or sequences (n, features, length)."""

    axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """:class:`BatchNorm` of images (n, features, height, width)."""

    axes = (4,)
