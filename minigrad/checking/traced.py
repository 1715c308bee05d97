"""A function of arrays with its arguments, traced into a graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.checking.replay import is_real
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor, tensor


class Traced:
    """A function with its arguments and what they are called.

    Raises
    ------
    ArgumentError
        When the arguments are missing, or are not as many as the function takes.
    """

    def __init__(self, function: Callable[..., Any], args: Any) -> None:
        self.function = function
        names = _parameters(function)
        if args is None:
            raise ArgumentError(
                "check: a function is judged on arguments; pass check(f, (x, y), ...)"
            )
        if isinstance(args, Mapping):
            self.names = list(args)
            args = list(args.values())
        else:
            args = list(args) if isinstance(args, tuple | list) else [args]
            self.names = [
                *names[: len(args)],
                *(f"x{k + 1}" for k in range(len(names), len(args))),
            ]
        self.args = [a.numpy() if isinstance(a, Tensor) else a for a in args]
        self._require_signature()

    def _require_signature(self) -> None:
        try:
            signature = inspect.signature(self.function)
        except (TypeError, ValueError):
            return
        try:
            signature.bind(*self.args)
        except TypeError as error:
            raise ArgumentError(
                f"check: the function has the signature {signature} and was given "
                f"{len(self.args)} argument{'' if len(self.args) == 1 else 's'}: {error}"
            ) from error

    def chosen(self, wrt: Any) -> list[int]:
        """The positions of the variables; by default all that hold real numbers."""
        if wrt is None:
            found = [k for k, a in enumerate(self.args) if is_real(np.asarray(a))]
            if not found:
                kinds = [
                    f"{n} ({np.asarray(a).dtype})"
                    for n, a in zip(self.names, self.args, strict=True)
                ]
                raise ArgumentError(
                    f"check: a gradient is by real numbers, and the arguments are {', '.join(kinds)}; "
                    "pass floats"
                )
            return found
        wanted = [wrt] if isinstance(wrt, str | int) or not isinstance(wrt, Sequence) else list(wrt)
        if not wanted:
            raise ArgumentError("check: wrt=[] names no variables; pass names or positions")
        return [self._position(item) for item in wanted]

    def _position(self, item: Any) -> int:
        count = len(self.args)
        if isinstance(item, int) and not isinstance(item, bool) and -count <= item < count:
            return item % count
        if item in self.names:
            return self.names.index(item)
        raise ArgumentError(
            f"check: the function has no argument {item!r}; it has {', '.join(self.names)}"
        )

    def traced(self, wrt: Sequence[int], double: bool = False) -> tuple[list[Tensor], list[str]]:
        """The function's outputs as graphs, and the variables' names."""
        results = self.function(
            *(self._argument(k, k in wrt, double) for k in range(len(self.args)))
        )
        outputs = list(results) if isinstance(results, tuple | list) else [results]
        for output in outputs:
            if not isinstance(output, Tensor) or output._node is None:
                raise ArgumentError(
                    f"check: the function returned {type(output).__name__}, which carries no graph; "
                    "compute with minigrad's operations, or pass backward=... to judge one by values "
                    "alone"
                )
        return outputs, [self.names[k] for k in wrt]

    def _argument(self, k: int, variable: bool, double: bool) -> Any:
        name, value = self.names[k], self.args[k]
        array = np.asarray(value)
        if variable:
            keeps = array.dtype.kind == "f" and not double
            return tensor(array, name=name, requires_grad=True, dtype=None if keeps else np.float64)
        if not isinstance(value, np.ndarray):
            return value
        return tensor(array.astype(float) if double and is_real(array) else array, name=name)


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional]
