"""What Python and NumPy write otherwise: operators, ufunc methods, functions without a derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.errors import AbsentError, KindError
from minigrad.graph.call import worded
from minigrad.graph.create import as_tensor
from minigrad.graph.leaves import in_place
from minigrad.graph.operation import option
from minigrad.graph.protocols import METHODS, UFUNCS, implements
from minigrad.graph.tensor import Tensor, describe
from minigrad.ops import (
    arithmetic,
    comparison,
    compositions,
    contraction,
    indexing,
    piecewise,
    reducing,
    scan,
    shape,
    smooth,
)


def _reflected(operation: Callable[..., Any]) -> Callable[..., Any]:
    def reflected(self: Any, other: Any) -> Any:
        return operation(other, self)

    return reflected


_BINARY = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.divide,
    "pow": arithmetic.power,
    "matmul": contraction.matmul,
    "mod": piecewise.remainder,
    "floordiv": piecewise.floor_divide,
    "and": comparison.logical_and,
    "or": comparison.logical_or,
}
_SIGNS = dict(zip(_BINARY, ("+", "-", "*", "/", "**", "@", "%", "//", "&", "|"), strict=True))
for _name, _operation in _BINARY.items():
    setattr(Tensor, f"__{_name}__", _operation)
    setattr(Tensor, f"__r{_name}__", _reflected(_operation))
    setattr(Tensor, f"__i{_name}__", in_place(f"{_SIGNS[_name]}=", _operation))

_SPECIAL: dict[str, Callable[..., Any]] = {
    "lt": comparison.less,
    "le": comparison.less_equal,
    "gt": comparison.greater,
    "ge": comparison.greater_equal,
    "eq": comparison.equal,
    "ne": comparison.not_equal,
    "neg": arithmetic.negative,
    "pos": arithmetic.positive,
    "abs": piecewise.abs,
    "invert": comparison.logical_not,
    "round": lambda self, ndigits=None: compositions.round(self, ndigits or 0),
    "getitem": indexing.getitem,
    "setitem": indexing.rebind,
}
for _name, _operation in _SPECIAL.items():
    setattr(Tensor, f"__{_name}__", _operation)


def _exclusive(x: Any, y: Any) -> Any:
    """``x ^ y`` of truths; numbers mean a power by it, or their bits."""
    if all(as_tensor(z, "^").dtype == bool for z in (x, y)):
        return comparison.not_equal(x, y)
    raise KindError(
        f"^: is exclusive or, of truths, not of {describe(x)} and {describe(y)}; a power is x ** y, "
        "and the bits of whole numbers are those of x.numpy()"
    )


def _shifted(x: Any, y: Any) -> Any:
    raise KindError("<<, >>: a tensor has no bits to shift; write x * 2**k, x // 2**k, or shift x.numpy()")


def _no_item(self: Tensor, index: Any) -> None:
    raise KindError("del x[i]: a tensor keeps its elements; write x[mask], or mg.concatenate([x[:i], x[i + 1 :]])")


for _name, _sign, _operation in (("xor", "^", _exclusive), ("lshift", "<<", _shifted), ("rshift", ">>", _shifted)):
    setattr(Tensor, f"__{_name}__", _operation)
    setattr(Tensor, f"__r{_name}__", _reflected(_operation))
    setattr(Tensor, f"__i{_name}__", in_place(f"{_sign}=", _operation))
UFUNCS[np.logical_xor] = UFUNCS[np.bitwise_xor] = _exclusive


def _quotient_and_rest(x: Any, y: Any) -> Any:
    return piecewise.floor_divide(x, y), piecewise.remainder(x, y)


for _name, _operation in {
    "delitem": _no_item,
    "divmod": _quotient_and_rest,
    "rdivmod": _reflected(_quotient_and_rest),
}.items():
    setattr(Tensor, f"__{_name}__", _operation)


def _unset(name: str, line: str) -> property:
    """A property that says what to write where it is set."""
    own = getattr(Tensor, name)

    def refuse(self: Tensor, value: Any) -> None:
        raise AbsentError(f"x.{name} = ...: a tensor keeps its {name}; write {line}")

    return property(own.fget, refuse, doc=own.__doc__)


for _name, _line in {
    "shape": "x = x.reshape(shape)",
    "dtype": "x = x.astype(dtype)",
    "name": 'x = x.named("w"), or mg.tensor(data, name="w")',
}.items():
    setattr(Tensor, _name, _unset(_name, _line))

def _plain_method(name: str) -> Callable[..., Any]:
    """A method without a derivative, which gives plain arrays."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.numpy(), name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"``numpy.ndarray.{name}`` of the value; it has no derivative."
    return worded(name)(method)


for _name in ("argmax", "argmin", "argsort", "nonzero", "all", "any"):
    setattr(Tensor, _name, _plain_method(_name))

Tensor.T = property(shape.reversed_axes, doc="The axes in reversed order.")  # type: ignore[attr-defined]
Tensor.mT = property(shape.matrix_transpose, doc="The last two axes exchanged.")  # type: ignore[attr-defined]

def _reduce_method(operation: Callable[..., Any]) -> Callable[..., Any]:
    """``np.add.reduce`` has its own default: axis 0."""

    def reduce(a: Any, axis: Any = 0, dtype: Any = None, **options: Any) -> Any:
        return operation(a if dtype is None else shape.astype(a, dtype), axis, **options)

    return reduce


METHODS[np.add, "reduce"] = _reduce_method(reducing.sum)
METHODS[np.multiply, "reduce"] = _reduce_method(reducing.prod)
METHODS[np.maximum, "reduce"] = _reduce_method(reducing.max)
METHODS[np.minimum, "reduce"] = _reduce_method(reducing.min)
METHODS[np.add, "accumulate"] = lambda x, axis=0: scan.cumsum(x, axis)
METHODS[np.multiply, "accumulate"] = lambda x, axis=0: scan.cumprod(x, axis)
METHODS[np.logaddexp, "reduce"] = _reduce_method(smooth.logsumexp)


def _outer_method(operation: Callable[..., Any]) -> Callable[..., Any]:
    def outer(x: Any, y: Any) -> Any:
        x, y = as_tensor(x, "outer"), as_tensor(y, "outer")
        return operation(x[(..., *(None,) * y.ndim)], y)

    return outer


for _ufunc in (f for f in UFUNCS if f.nin == 2 and f.nout == 1 and f.signature is None):
    METHODS[_ufunc, "outer"] = _outer_method(UFUNCS[_ufunc])


def _plain_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function without a derivative, run on values; it gives plain arrays."""

    def run(*args: Any, **kwargs: Any) -> Any:
        return function(*(_value(x) for x in args), **{k: _value(v) for k, v in kwargs.items()})

    return worded(function.__name__)(run)


def _value(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return type(x)(_value(part) for part in x)
    return x.numpy() if isinstance(x, Tensor) else x


def _full_like(a: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """As ``np.full_like``; the gradient reaches the value."""
    return shape.broadcast_to(shape.astype(fill_value, dtype or a.dtype), tuple(a.shape))


def _histogram(a: Any, bins: Any = 10, range: Any = None, **options: Any) -> Any:
    """As ``np.histogram``; edges and weights that require a gradient are refused."""
    for name, x in {"bins": bins, "range": range, **options}.items():
        option("histogram", name, x)
    return np.histogram(_value(a), _value(bins), _value(range), **options)


implements(np.full_like, by=_full_like)
implements(np.histogram, by=_histogram)
for _function in (
    np.argmax,
    np.argmin,
    np.argsort,
    np.argwhere,
    np.nonzero,
    np.count_nonzero,
    np.searchsorted,
    np.isfinite,
    np.isnan,
    np.isinf,
    np.signbit,
    np.all,
    np.any,
    np.allclose,
    np.isclose,
    np.array_equal,
    np.array_equiv,
    np.shape,
    np.ndim,
    np.size,
    np.result_type,
    np.iscomplexobj,
    np.isrealobj,
    np.zeros_like,
    np.ones_like,
    np.empty_like,
    np.lexsort,
    np.argpartition,
    np.digitize,
    np.may_share_memory,
    np.shares_memory,
    np.linalg.matrix_rank,
    np.einsum_path,
    np.isin,
    np.iscomplex,
    np.isreal,
    np.array2string,
    np.array_repr,
    np.array_str,
):
    implements(_function, by=_plain_function(_function))
