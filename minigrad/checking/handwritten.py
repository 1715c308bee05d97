"""A backward function written by hand: what it is called with, and what it gives, in its own precision."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDING
from minigrad.checking.formula_slips import Right
from minigrad.checking.replay import double, is_real
from minigrad.checking.subject import Subject
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor

# How far, as a share of the largest element, rounding in a precision may put a gradient.
BUDGETS = {"float64": ROUNDING, "float32": 1e-4, "float16": 3e-2, "bfloat16": 6e-2}
Residuals = Sequence[Any] | Mapping[str, Any] | Callable[..., Any] | None


@dataclass
class Handwritten:
    """A forward function, its arguments, and a backward function that claims to be its VJP.

    ``backward(cotangent, *args, *residuals)`` returns a gradient per variable. An argument that
    ``backward`` calls as ``forward`` does is passed by that name, so that any order will do.
    ``residuals`` are what a forward pass saves: arrays, or a function of the arguments; by default all
    that ``forward`` returns after its first result.
    """

    forward: Callable[..., Any]
    args: Sequence[Any]
    names: Sequence[str]
    wrt: Sequence[int]
    backward: Callable[..., Any]
    cotangent: Any = None
    residuals: Residuals = None
    budget: float | None = None
    reference: Subject | None = None
    right: Callable[[str], Right] = Right
    notes: list[str] = field(default_factory=list)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision in which the backward function is run."""
        return np.result_type(*(np.asarray(self.args[k]).dtype for k in self.wrt))

    @property
    def allowed(self) -> float:
        """The largest relative error that passes."""
        return BUDGETS.get(self.dtype.name, ROUNDING) if self.budget is None else self.budget

    @property
    def variables(self) -> list[str]:
        """The names of the variables."""
        return [self.names[k] for k in self.wrt]

    # -- running them --------------------------------------------------------------------------------

    @property
    def seed(self) -> str:
        """What the backward function calls the gradient by the output."""
        first = next(iter(inspect.signature(self.backward).parameters), "")
        return first if first.isidentifier() else ""

    def with_variables(self, values: Sequence[Any]) -> list[Any]:
        """The arguments with other values for the variables."""
        args = list(self.args)
        for k, value in zip(self.wrt, values, strict=True):
            args[k] = value
        return args

    def output(self, *values: Any) -> Any:
        """The first result of the forward function in double precision, or on complex numbers."""
        args = [
            a if k in self.wrt else _double(a) for k, a in enumerate(self.with_variables(values))
        ]
        return plain(_first(self.forward(*args)))

    def gradients(self, c: Any, values: Sequence[Any]) -> list[Any]:
        """What the backward function returns in its own precision, one array per variable."""
        return self._run(c, values)[0]

    def changes(self, c: Any, values: Sequence[Any]) -> list[str]:
        """The names of arguments that the backward function writes to."""
        return self._run(c, values)[1]

    def _run(self, c: Any, values: Sequence[Any]) -> tuple[list[Any], list[str]]:
        own = [np.array(v, dtype=self.dtype) for v in values]
        args = [_copied(a) for a in self.with_variables(own)]
        residuals = self._residuals(args)
        given = [np.array(c, dtype=self.dtype), *args]
        kept = [np.array(a) for a in given]
        found = _bound(self.backward, self.names, given[0], args, residuals)
        changed = [
            name
            for name, before, now in zip(["the cotangent", *self.names], kept, given, strict=True)
            if not np.array_equal(before, np.asarray(now), equal_nan=before.dtype.kind == "f")
        ]
        return self._per_variable(found), changed

    def _residuals(self, args: Sequence[Any]) -> Any:
        given = self.residuals
        if callable(given):
            given = given(*args)
            return given if isinstance(given, Mapping | list | tuple) else (given,)
        if given is not None:
            return given if isinstance(given, Mapping) else tuple(given)
        result = self.forward(*args)
        return tuple(plain(r) for r in result[1:]) if isinstance(result, tuple) else ()

    def _per_variable(self, found: Any) -> list[Any]:
        if isinstance(found, Mapping):
            return [self._named(found, n) for n in self.variables]
        several = isinstance(found, tuple | list)
        arrays = list(found) if several else [found]
        if len(arrays) == len(self.wrt):
            return [self._checked(a, n) for a, n in zip(arrays, self.variables, strict=True)]
        for positions in (range(len(self.args)), _floats(self.args)):
            if len(arrays) == len(positions):
                by_position = dict(zip(positions, arrays, strict=True))
                return [self._checked(by_position[k], self.names[k]) for k in self.wrt]
        raise ArgumentError(
            f"check: backward returned {_counted(arrays, 'gradient')} for "
            f"{_counted(self.wrt, 'variable')}, {', '.join(self.variables)}; return one per variable, in "
            "this order, or name fewer variables in wrt"
        )

    def _named(self, found: Mapping[str, Any], name: str) -> Any:
        for key in (name, f"d{name}"):
            if key in found:
                return self._checked(found[key], name)
        raise ArgumentError(
            f"check: backward returned gradients named {', '.join(map(str, found))}, and none for "
            f"{name}; call it {name!r} or 'd{name}'"
        )

    def _checked(self, gradient: Any, name: str) -> Any:
        """The gradient as an array of numbers."""
        array = plain(gradient)
        if array.dtype.kind not in "biuf" and not is_real(array):
            what = "None" if gradient is None else f"an array of {array.dtype}"
            raise ArgumentError(
                f"check: backward returned {what} as the gradient by {name}; return an array of real "
                f"numbers, or leave {name} out of wrt"
            )
        return array


# -- calling -------------------------------------------------------------------------------------------


def _bound(
    backward: Callable[..., Any], names: Sequence[str], c: Any, args: Sequence[Any], residuals: Any
) -> Any:
    """Call it as backward(cotangent, *args, *residuals), or by name where it names its arguments so."""
    try:
        parameters = list(inspect.signature(backward).parameters)
    except (TypeError, ValueError):
        parameters = []
    known = dict(zip(names, args, strict=True))
    known |= residuals if isinstance(residuals, Mapping) else {}
    rest = [p for p in parameters if p not in known]
    positional = () if isinstance(residuals, Mapping) else tuple(residuals)
    by_name = set(names) <= set(parameters) and len(rest) == 1 + len(positional)
    with np.errstate(all="ignore"):
        if by_name:
            first = next((p for p in rest if p[:1] in "dg" or p.startswith("cot")), rest[0])
            others = [p for p in rest if p != first]
            chosen = {p: known[p] for p in parameters if p in known}
            return backward(**chosen, **{first: c}, **dict(zip(others, positional, strict=True)))
        if isinstance(residuals, Mapping):
            positional = tuple(residuals.values())
        _require_signature(backward, names, len(positional))
        return backward(c, *args, *positional)


def _require_signature(backward: Callable[..., Any], names: Sequence[str], residuals: int) -> None:
    """The call is legal, so that a wrong signature does not look like an error within the function."""
    called = ["cotangent", *names, *(f"residual {k + 1}" for k in range(residuals))]
    try:
        signature = inspect.signature(backward)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*called)
    except TypeError as error:
        raise ArgumentError(
            f"check: backward{signature} cannot be called as backward({', '.join(called)}): {error}; "
            "residuals= are what the forward pass saves for it"
        ) from error


def _counted(items: Sequence[Any], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _floats(args: Sequence[Any]) -> list[int]:
    return [k for k, a in enumerate(args) if is_real(np.asarray(a))]


def _first(result: Any) -> Any:
    return result[0] if isinstance(result, tuple) else result


def plain(value: Any) -> Any:
    return np.asarray(value.numpy() if isinstance(value, Tensor) else value)


def _double(value: Any) -> Any:
    return double(value) if isinstance(value, np.ndarray) else value
