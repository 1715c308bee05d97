"""Normalisation over the features of each token."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from minigrad.errors import ArgumentError
from minigrad.graph.create import as_tensor
from minigrad.graph.tensor import Tensor
from minigrad.nn.linear import fits
from minigrad.nn.module import Module
from minigrad.nn.parameters import parameter, positive
from minigrad.ops.functional import layer_norm, rms_norm
from minigrad.ops.options import real


class LayerNorm(Module):
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
        positive("LayerNorm", features=features)
        self.features, self.eps = int(features), _tiny("LayerNorm", eps)
        if affine:
            self.gamma = parameter(np.ones(features), dims, dtype)
            self.beta = parameter(np.zeros(features), dims, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., features), kept."""
        x = as_tensor(x, "LayerNorm")
        fits("LayerNorm", x, self.features)
        Z = layer_norm(x, x.shape[-1], eps=self.eps).named("Z")
        return Z * self.gamma + self.beta if hasattr(self, "gamma") else Z

    def describe(self) -> str:
        """The size and ε."""
        return f"{self.features}, eps={self.eps:g}"


class RMSNorm(Module):
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
        positive("RMSNorm", features=features)
        self.features, self.eps = int(features), _tiny("RMSNorm", eps)
        if affine:
            self.gamma = parameter(np.ones(features), dims, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., features), kept."""
        x = as_tensor(x, "RMSNorm")
        fits("RMSNorm", x, self.features)
        Z = rms_norm(x, x.shape[-1], eps=self.eps).named("Z")
        return Z * self.gamma if hasattr(self, "gamma") else Z

    def describe(self) -> str:
        """The size and ε."""
        return f"{self.features}, eps={self.eps:g}"


def _tiny(what: str, eps: float) -> float:
    eps = real(what, "eps", eps)
    if not eps >= 0:
        raise ArgumentError(f"{what}: eps={eps!r}, but it must be a number of at least 0")
    return float(eps)
