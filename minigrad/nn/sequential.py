"""Modules one after another, and containers of modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from minigrad.errors import ArgumentError
from minigrad.graph.context import region
from minigrad.graph.tensor import Tensor, said
from minigrad.nn.module import Module

Layer = Callable[[Any], Any]


class Sequential(Module):
    """The composition of its layers, the first one first.

    Parameters
    ----------
    layers
        Modules, or functions of one tensor such as ``mg.nn.functional.relu``; or one mapping of names to
        them.

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

    layers: list[Layer] | dict[str, Layer]

    def __init__(self, *layers: Layer | Mapping[str, Layer]) -> None:
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            named = layers[0]
            self.layers = {name: _callable(layer) for name, layer in named.items()}
        else:
            self.layers = [_callable(layer) for layer in layers]

    def forward(self, x: Tensor) -> Any:
        """What comes out of the last layer."""
        keys = self.layers if isinstance(self.layers, dict) else range(len(self.layers))
        for key, layer in zip(keys, self, strict=True):
            if isinstance(layer, Module):
                x = layer(x)
            else:  # a function has no name of its own in the graph
                with region(f"layers[{key}]", _called(layer).strip("<>")):
                    x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._list())

    def __getitem__(self, index: int | str | slice) -> Any:
        """A layer by its place or name; a slice is a Sequential of the same layers."""
        if isinstance(index, str):
            if not isinstance(self.layers, dict) or index not in self.layers:
                raise ArgumentError(f"Sequential: there is no layer {index!r}; {self._places()}")
            return self.layers[index]
        if not isinstance(index, slice) and not -len(self) <= index < len(self):
            raise _NoLayer(f"Sequential: there is no layer {index}; {self._places()}")
        if isinstance(index, slice):
            return Sequential(*self._list()[index])
        return self._list()[index]

    def append(self, layer: Layer) -> Self:
        """Add a layer at the end, and return this module."""
        if isinstance(self.layers, dict):
            self.layers = {**self.layers, str(len(self)): _callable(layer)}
        else:
            self.layers = [*self.layers, _callable(layer)]
        return self

    def describe(self) -> str:
        """The layers by name."""
        return ", ".join(_called(layer) for layer in self)

    def _list(self) -> list[Layer]:
        return list(self.layers.values()) if isinstance(self.layers, dict) else self.layers

    def _places(self) -> str:
        if isinstance(self.layers, dict):
            return f"they are called {', '.join(self.layers)}"
        return f"it has {len(self)}, counted from 0"


class _NoLayer(ArgumentError, IndexError):
    """A place behind the last layer."""


class _AsModule:
    """What a collection has of a module: it equals itself alone, and shows its parameters."""

    __hash__: Any = Module.__hash__
    __eq__ = Module.__eq__
    __repr__ = Module.__repr__


class ModuleList(_AsModule, list[Any], Module):
    """A list of modules, which counts as a part of the module that it is an attribute of.

    A plain list does so too; this one has the methods of a module. Its own names are ``0.W``.

    Parameters
    ----------
    modules
        Modules, or other parts.
    """

    def __init__(self, modules: Iterable[Any] = ()) -> None:
        super().__init__(modules)

    def _attributes(self) -> Iterable[tuple[str, Any]]:
        return [(str(k), item) for k, item in enumerate(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (list(self),), {"training": self.training}


class ModuleDict(_AsModule, dict[str, Any], Module):
    """A dictionary of modules, which counts as a part of the module that it is an attribute of.

    A plain dictionary does so too; this one has the methods of a module. Its own names are ``key.W``.

    Parameters
    ----------
    modules
        Modules, or other parts, by their names.
    """

    def __init__(self, modules: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__(modules)

    def _attributes(self) -> Iterable[tuple[str, Any]]:
        return [(str(key), item) for key, item in dict.items(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (dict(self),), {"training": self.training}


def _callable(layer: Any) -> Layer:
    if isinstance(layer, list | tuple):
        raise ArgumentError(
            f"Sequential: takes its layers one by one, and not as a {type(layer).__name__}; write Sequential(*layers)"
        )
    if isinstance(layer, type):
        raise ArgumentError(
            f"Sequential: {layer.__name__} is a class, and a layer is made of it; write {layer.__name__}()"
        )
    if not callable(layer):
        raise ArgumentError(
            f"Sequential: {said(layer)} cannot be called; layers are modules or functions"
        )
    return layer


def _called(layer: Layer) -> str:
    if isinstance(layer, Module):
        return type(layer).__name__
    return getattr(layer, "__name__", type(layer).__name__)
