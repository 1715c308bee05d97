"""NumPy's own functions on tensors: ``np.exp(t)`` records the graph as ``mg.exp(t)`` does."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.errors import UnsupportedError, nearest
from minigrad.graph import dims
from minigrad.graph.tensor import Tensor

UFUNCS: dict[Any, Callable[..., Any]] = {}
METHODS: dict[tuple[Any, str], Callable[..., Any]] = {}
FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def implements(*numpy_functions: Any, by: Callable[..., Any]) -> Callable[..., Any]:
    """Let NumPy functions, when they meet a tensor, run a minigrad operation."""
    for function in numpy_functions:
        table = UFUNCS if isinstance(function, np.ufunc) else FUNCTIONS
        table[function] = by
    return by


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Tensor.__array_ufunc__."""
    label = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if kwargs.get("out") is not None:
        raise UnsupportedError(
            f"{label}: out= is refused, because writing into an array would change values that "
            "the graph has captured; use the returned tensor"
        )
    kwargs.pop("out", None)
    operation = UFUNCS.get(ufunc) if method == "__call__" else METHODS.get((ufunc, method))
    if operation is None:
        raise UnsupportedError(_unsupported(label, ufunc.__name__, method))
    if method == "__call__" and kwargs:
        raise UnsupportedError(
            f"{label}: {', '.join(sorted(kwargs))}= is not supported on tensors; "
            "use mg.where to choose elements and .astype to change the dtype"
        )
    return operation(*inputs, **kwargs)


def array_function(
    self: Any, func: Callable[..., Any], types: Any, args: Any, kwargs: dict[str, Any]
) -> Any:
    """Tensor.__array_function__."""
    name = _full_name(func)
    operation = FUNCTIONS.get(func)
    if operation is None:
        raise UnsupportedError(_unsupported(f"np.{name}", name))
    if kwargs.get("out") is not None:
        raise UnsupportedError(
            f"np.{name}: out= is refused, because writing into an array would change values that "
            "the graph has captured; use the returned tensor"
        )
    kwargs.pop("out", None)
    if kwargs:
        args = _leading(func, args, kwargs)
    return operation(*args, **kwargs)


def _leading(func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """NumPy's required arguments by position, however they were given: ``np.sum(a=t)``."""
    args = tuple(args)
    for name in _required(func)[len(args) :]:
        if name not in kwargs:
            break
        args = (*args, kwargs.pop(name))
    return args


@functools.lru_cache(maxsize=256)
def _required(func: Callable[..., Any]) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(func).parameters.values()
    except ValueError:  # A few functions written in C do not say.
        return ()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(p.name for p in parameters if p.kind in kinds and p.default is p.empty)


def _full_name(func: Any) -> str:
    module = getattr(func, "__module__", "") or ""
    prefix = module.removeprefix("numpy").removeprefix(".")
    return f"{prefix}.{func.__name__}" if prefix in ("linalg", "fft", "random") else func.__name__


# What stands in for a function that writes into its argument.
_INSTEAD = {
    "at": "use mg.index_add(t, index, values), which returns a new tensor",
    "fill_diagonal": "use mg.where(np.eye(n, dtype=bool), value, t)",
    "put": "use t[index] = value",
    "place": "use mg.where(mask, values, t)",
    "putmask": "use mg.where(mask, values, t)",
    "copyto": "use t.detach().numpy() as the source",
    "put_along_axis": "use t[index] = value",
}


def _unsupported(label: str, name: str, method: str = "") -> str:
    if method == "at" or name in _INSTEAD:
        return f"{label} would write into an array that it is given; {_INSTEAD['at' if method == 'at' else name]}"
    known = sorted({_full_name(function) for function in (*UFUNCS, *FUNCTIONS)})
    near = nearest(name, known, cutoff=0.75)
    hint = f"the nearest supported function is np.{near}; or " if near else ""
    return f"{label} has no differentiable counterpart; {hint}pass t.detach().numpy() to NumPy"


def _dim_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Keep the label in ``np.sqrt(dim)``; everything else sees the plain integer."""
    if any(isinstance(x, Tensor) for x in inputs):
        return array_ufunc(self, ufunc, method, *inputs, **kwargs)
    if ufunc is np.sqrt and method == "__call__" and not kwargs:
        return UFUNCS[np.sqrt](*inputs)
    plain = [int(x) if isinstance(x, dims.Dim) else x for x in inputs]
    return getattr(ufunc, method)(*plain, **kwargs)


dims._numeric["ufunc"] = _dim_ufunc
dims._numeric["power"] = lambda base, exponent: UFUNCS[np.power](base, exponent)
Tensor.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = array_function  # type: ignore[attr-defined]
