"""Keywords by which PyTorch calls NumPy's: read as NumPy's, or told where they mean another thing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from minigrad.errors import COMPILED_ELSEWHERE, NO_DEVICE, ArgumentError, KindError

# PyTorch's keyword -> NumPy's.
KEYWORDS = {"dim": "axis", "keepdim": "keepdims", "unbiased": "correction", "diagonal": "k"}
# What PyTorch gives along a dim beside the values, and how it is written here.
_PAIRS = {"max": "argmax", "min": "argmin", "sort": "argsort"}
_DEVICE = f"{NO_DEVICE}; {COMPILED_ELSEWHERE}"
_TOLD = {
    "device": _DEVICE,
    "pin_memory": _DEVICE,
    "inplace": "leave it out: an operation returns another tensor",
    "create_graph": "write mg.gradients(loss, x, create_graph=True)",
    "inputs": "write mg.gradients(loss, inputs)",
    **dict.fromkeys(("chunk_size", "axis_name", "axis_size", "spmd_axis_name"), "leave it out"),
    "randomness": "leave it out: each slice draws numbers of its own",
    "input": "write the tensor first, without a keyword",
    "other": "write both tensors first, without a keyword",
}


def translated(name: str, kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """The keywords under NumPy's names, or None where they are that already.

    Raises
    ------
    ArgumentError
        Where a keyword is given twice, or PyTorch and NumPy mean different things by the call.
    KindError
        Where there is no such keyword, and something else to write.
    """
    for key in kwargs:
        if key in _TOLD:
            refuse_others(name, {key: kwargs[key]})
    if not kwargs.keys() & KEYWORDS.keys():
        return None
    given: dict[str, Any] = {}
    for key, value in kwargs.items():
        own = KEYWORDS.get(key, key)
        if own in given or (own != key and own in kwargs):
            raise ArgumentError(f"{name}: {own} is given twice, as {key}= too; write one of them")
        given[own] = int(value) if key == "unbiased" and isinstance(value, bool) else value
    if "dim" in kwargs and name in _PAIRS:
        dim = kwargs["dim"]
        raise ArgumentError(
            f"{name}: with dim= PyTorch gives values and places; write x.{name}(axis={dim}) for the "
            f"values and x.{_PAIRS[name]}(axis={dim}) for the places"
        )
    if "dim" in kwargs and name in ("var", "std") and not given.keys() & {"correction", "ddof"}:
        raise ArgumentError(
            f"{name}: PyTorch divides by n - 1 and NumPy by n; write correction=1 for the first, "
            "correction=0 for the second"
        )
    return given


def refuse_others(name: str, kwargs: Mapping[str, Any]) -> NoReturn:
    """Say that a function takes no such keyword, and what to write for PyTorch's.

    Raises
    ------
    KindError
        Always.
    """
    key = next(iter(kwargs))
    raise KindError(f"{name}: takes no {key}=" + (f"; {_TOLD[key]}" if key in _TOLD else ""))


def reread(
    function: Callable[..., Any],
    name: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    error: Exception,
) -> Any:
    """The call once more with NumPy's keywords, or what is said of arguments that do not fit."""
    from minigrad.graph.explain import unfit

    again = translated(name, kwargs) if isinstance(error, TypeError) else None
    if len(args) == 3 and type(args[2]) is bool and "keepdims" in inspect.signature(function).parameters:
        raise KindError(f"{name}: its third argument is not keepdims ({error}); write keepdims={args[2]}")
    if again is None:
        fault = unfit(name, args, kwargs, error)
        if fault is error:
            raise error
        raise fault from error
    try:
        return function(*args, **again)
    except (TypeError, ValueError, OverflowError, IndexError) as second:
        fault = unfit(name, args, kwargs, second)
        raise fault from (None if fault is second else second)
