"""Activations as modules, for those who prefer ``ReLU()`` to the function ``relu``."""

from __future__ import annotations

from minigrad.errors import ArgumentError
from minigrad.graph.create import as_tensor
from minigrad.graph.tensor import Tensor
from minigrad.nn.module import Module
from minigrad.ops import functional


class ReLU(Module):
    """Rectified linear unit, yᵢ = max(xᵢ, 0)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return functional.relu(as_tensor(x, "ReLU"))


class GELU(Module):
    """Gaussian error linear unit, yᵢ = xᵢ Φ(xᵢ).

    Parameters
    ----------
    approximate
        "none", or "tanh" for the approximation by a hyperbolic tangent.

    Raises
    ------
    ArgumentError
        When it is neither.
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ArgumentError(f"GELU: approximate is 'none' or 'tanh', not {approximate!r}")
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return functional.gelu(as_tensor(x, "GELU"), approximate=self.approximate)


class SiLU(Module):
    """Sigmoid-weighted unit, yᵢ = xᵢ σ(xᵢ)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return functional.silu(as_tensor(x, "SiLU"))


class Sigmoid(Module):
    """Logistic sigmoid, yᵢ = 1 / (1 + exp(−xᵢ))."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return functional.sigmoid(as_tensor(x, "Sigmoid"))


class Tanh(Module):
    """Hyperbolic tangent of each element."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return functional.tanh(as_tensor(x, "Tanh"))


class Softmax(Module):
    """Softmax along an axis, yᵢ = exp xᵢ / Σⱼ exp xⱼ.

    Parameters
    ----------
    axis
        The axis, by default the last one.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return functional.softmax(as_tensor(x, "Softmax"), axis=self.axis)
