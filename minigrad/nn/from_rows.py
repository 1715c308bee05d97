"""Modules that are a function with its options remembered: activations, losses, pooling.

Each function of ``mg.nn.functional`` that takes one or two tensors and options is a module, under its name
in capitals: ``leaky_relu`` is ``LeakyReLU``, ``mse_loss`` is ``MSELoss``, ``max_pool2d`` is ``MaxPool2d``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Any, ClassVar

import numpy as np

from minigrad.elsewhere import options_said
from minigrad.errors import ArgumentError, MinigradError
from minigrad.graph.create import as_tensor
from minigrad.graph.keywords import KEYWORDS, translated
from minigrad.graph.tensor import Tensor
from minigrad.nn.module import Module
from minigrad.ops import functional

# What a function calls the tensors that a module is called with.
_INPUTS = ("input", "x", "target", "x1", "x2")
_REQUIRED = ("kernel_size",)
_CAPITALS = dict.fromkeys(("bce", "elu", "gelu", "glu", "kl", "mse", "nll", "selu"), str.upper)
_SPELLED = {"relu": "ReLU", "relu6": "ReLU6", "silu": "SiLU"}
_SHORT = {"binary_cross_entropy": "bce"}


class Remembered(Module):
    """A function of one or two tensors, with the options of all its calls."""

    function: ClassVar[Callable[..., Any]]
    inputs: ClassVar[tuple[str, ...]]
    options: ClassVar[Mapping[str, Any]]

    def forward(self, *inputs: Any) -> Tensor:
        """What the function computes with the options of this module."""
        if len(inputs) != len(self.inputs):
            raise ArgumentError(
                f"{type(self).__name__}: called with {', '.join(self.inputs)}, and got {len(inputs)}"
            )
        first = as_tensor(inputs[0], type(self).__name__)
        result: Tensor = type(self).function(first, *inputs[1:], **self._given())
        return result

    def _given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.options}

    def describe(self) -> str:
        """The options, but for those that say nothing."""
        told = {n: v for n, v in self._given().items() if v is not None and v is not False and v != 0}
        told = {n: v for n, v in told.items() if not isinstance(v, str) or n == "reduction" or v != self.options[n]}
        first = [f"reduction={told.pop('reduction')!r}"] if "reduction" in told else []
        plain = bool | int | float | str | tuple
        return ", ".join(first + [f"{n}={v!r}" if isinstance(v, plain) else f"{n}=..." for n, v in told.items()])


def _initial(name: str, row: str, signature: Signature) -> Callable[..., None]:
    """``__init__`` of a module: the options, of which those that make no sense are refused now."""

    def __init__(self: Remembered, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        if kwargs.keys() & KEYWORDS.keys():
            kwargs = translated(name, kwargs) or kwargs
        given = signature.bind(self, *args, **kwargs)
        given.apply_defaults()
        options = dict(list(given.arguments.items())[1:])
        try:
            _tried(self, options)
        except MinigradError as error:
            raise type(error)(f"{name}: {str(error).removeprefix(f'{row}: ')}") from None
        for option, value in options.items():
            setattr(self, option, value)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return options_said(__init__)


def _tried(module: Remembered, options: dict[str, Any]) -> None:
    """Call the function once with what has no sizes to fit: all options but weights."""
    kind = type(module)
    plain = {n: v for n, v in options.items() if n not in ("weight", "pos_weight", "ignore_index")}
    if "reduction" in options:
        labels = np.zeros(1, int) if "ignore_index" in options else np.zeros((1, 2))
        kind.function(np.zeros((1, 2)), labels, **plain)
    elif kind.function.primitive.kind == "elementwise":  # type: ignore[attr-defined]
        kind.function(np.zeros(()), **plain)


def _signature(function: Callable[..., Any]) -> Signature | None:
    """Of the function: its inputs first, then options; None where it needs more than both."""
    row = function.primitive  # type: ignore[attr-defined]
    found = list(inspect.signature(function).parameters.values())
    if row.kind == "elementwise" and not hasattr(function, "__wrapped__"):
        found = [Parameter("x", Parameter.POSITIONAL_OR_KEYWORD)] + [
            Parameter(n, Parameter.POSITIONAL_OR_KEYWORD, default=v) for n, v in row.params.items()
        ]
    needed = {p.name for p in found if p.default is p.empty}
    fits = needed <= {*_INPUTS, *_REQUIRED} and "bias" not in {p.name for p in found}
    return Signature(found) if fits else None


def _part(word: str) -> str:
    if word in _SPELLED:
        return _SPELLED[word]
    return _CAPITALS.get(word, str.capitalize)(word)


def class_name(function: str, is_loss: bool) -> str:
    """What the module of a function is called."""
    name = "".join(map(_part, _SHORT.get(function, function).split("_")))
    return name if name.endswith("Loss") or not is_loss else f"{name}Loss"


def _module(name: str, function: Callable[..., Any], signature: Signature) -> type[Remembered]:
    parameters = list(signature.parameters.values())
    inputs = tuple(p.name for p in parameters if p.name in _INPUTS)
    options = [p.replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for p in parameters if p.name not in _INPUTS]
    row = function.primitive.name  # type: ignore[attr-defined]
    own = Signature([Parameter("self", Parameter.POSITIONAL_ONLY), *options])
    first = (function.__doc__ or "").split("\n\n")[0]
    facts = {
        "__doc__": f"{first}\n\n{_told(row, inputs, options)}",
        "__module__": __name__,
        "__init__": _initial(name, row, own),
        "function": staticmethod(function),
        "inputs": inputs,
        "options": {p.name: p.default for p in options},
    }
    return type(name, (Remembered,), facts)


def _told(row: str, inputs: tuple[str, ...], options: list[Parameter]) -> str:
    """The second part of a docstring: what is called, and the options."""
    lines = [f"Called with {' and '.join(inputs)}, it is ``mg.nn.functional.{row.removeprefix('nn.')}``."]
    if options:
        lines += ["", "Parameters", "----------"]
        lines += [p.name if p.default is p.empty else f"{p.name} : {p.default!r}" for p in options]
    return "\n".join(lines)


def _all() -> dict[str, type[Remembered]]:
    found = {}
    for name in functional.__all__:
        function = getattr(functional, name)
        signature = _signature(function)
        if signature is not None:
            kind = class_name(name, "reduction" in signature.parameters)
            found[kind] = _module(kind, function, signature)
    return dict(sorted(found.items()))


MODULES = _all()
globals().update(MODULES)
__all__ = list(MODULES)
