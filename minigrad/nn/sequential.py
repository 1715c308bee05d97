"""Modules one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minigrad.errors import ArgumentError
from minigrad.graph.tensor import Tensor
from minigrad.nn.module import Module


class Sequential(Module):
    """The composition of its layers, the first one first.

    Parameters
    ----------
    layers
        Modules, or functions of one tensor such as ``mg.nn.functional.relu``.

    Raises
    ------
    ArgumentError
        When one of them cannot be called.

    Examples
    --------
    >>> import minigrad as mg
    >>> relu = mg.nn.functional.relu
    >>> mg.nn.Sequential(mg.nn.Linear(8, 16, rng=0), relu, mg.nn.Linear(16, 1, rng=1))
    Sequential(Linear, relu, Linear): 161 parameters
      layers.0: Linear(8 to 16): 144 parameters
        W  (8, 16)  128
        b  (16,)    16
      layers.2: Linear(16 to 1): 17 parameters
        W  (16, 1)  16
        b  (1,)     1
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for layer in layers:
            if not callable(layer):
                raise ArgumentError(
                    f"Sequential: {layer!r} cannot be called; layers are modules or functions"
                )
        self.layers = list(layers)

    def forward(self, x: Tensor) -> Any:
        """What comes out of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Callable[[Any], Any]]:
        return iter(self.layers)

    def __getitem__(self, index: int) -> Callable[[Any], Any]:
        return self.layers[index]

    def describe(self) -> str:
        """The layers by name."""
        return ", ".join(_called(layer) for layer in self.layers)


def _called(layer: Callable[[Any], Any]) -> str:
    if isinstance(layer, Module):
        return type(layer).__name__
    return getattr(layer, "__name__", type(layer).__name__)
