"""NumPy's own functions on tensors: ``np.exp(t)`` records the graph as ``mg.exp(t)`` does."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.errors import UnsupportedError
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
        raise UnsupportedError(_unsupported(label, ufunc.__name__, UFUNCS))
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
        raise UnsupportedError(_unsupported(f"np.{name}", name, FUNCTIONS))
    if kwargs.get("out") is not None:
        raise UnsupportedError(
            f"np.{name}: out= is refused, because writing into an array would change values that "
            "the graph has captured; use the returned tensor"
        )
    kwargs.pop("out", None)
    return operation(*args, **kwargs)


def _full_name(func: Any) -> str:
    module = getattr(func, "__module__", "") or ""
    prefix = module.removeprefix("numpy").removeprefix(".")
    return f"{prefix}.{func.__name__}" if prefix in ("linalg", "fft", "random") else func.__name__


def _unsupported(label: str, name: str, table: dict[Any, Any]) -> str:
    known = sorted({_full_name(function) for function in (*UFUNCS, *FUNCTIONS)})
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"the nearest supported function is np.{near[0]}; " if near else ""
    return f"{label} has no differentiable counterpart; {hint}or pass t.detach().numpy() to NumPy"


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
