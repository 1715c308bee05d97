"""What is judged: a tensor's graph, or a function of arrays traced into one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from minigrad.api.derivation import Derivation, derive
from minigrad.api.subject import subject_of
from minigrad.checking import Subject
from minigrad.checking.replay import is_real
from minigrad.errors import ArgumentError, DerivationError, ShapeError
from minigrad.graph import Node, Tensor, tensor
from minigrad.symbolic.lower import graph_order
from minigrad.symbolic.names import names_in_graph


def judged(
    output: Tensor, wrt: Any, given: Mapping[str, Any], order: int
) -> tuple[Subject, Derivation | None]:
    """With formulas where the whole graph has a meaning, else for the numeric witnesses alone."""
    _require_variables(wrt)
    if order not in (1, 2):
        raise ArgumentError(f"check: order is 1 for gradients or 2 for Hessians, not {order}")
    try:
        derivation = derive(output, wrt, order)
    except (DerivationError, ShapeError) as error:
        return _without_formula(output, wrt, given, str(error), order), None
    return subject_of(derivation.reading, derivation, order, given), derivation


def _require_variables(wrt: Any) -> None:
    if wrt is None or isinstance(wrt, str | Tensor):
        return
    items = list(wrt) if isinstance(wrt, Sequence) else [wrt]
    if not items or not all(isinstance(item, str | Tensor) for item in items):
        raise ArgumentError(
            f"check: wrt={wrt!r} names no variables; pass a name or a tensor, or several of them"
        )


def _without_formula(
    output: Tensor, wrt: Any, given: Mapping[str, Any], why: str, order: int
) -> Subject:
    node = output._node
    if node is None:
        raise ArgumentError(
            "check: the output was computed from nothing that is tracked; let its inputs require a "
            "gradient: mg.tensor(data, requires_grad=True)"
        )
    graph = graph_order([node])
    names = names_in_graph(graph)
    variables = _chosen(graph, names, wrt)
    called = [names.get(n) or f"x{k}" for k, n in enumerate(variables, start=1)]
    inner = None
    if order == 2:
        pairs = list(product(range(len(variables)), repeat=2))
        inner = [variables[a] for a, _ in pairs]
        called = [
            f"{called[a]}, {called[b]}" if len(variables) > 1 else called[a] for a, b in pairs
        ]
        variables = [variables[b] for _, b in pairs]
    formulas = [None] * len(variables)
    return Subject(node, variables, called, formulas, None, given, why=why, inner=inner)


def _chosen(order: Sequence[Node], names: Mapping[Node, str], wrt: Any) -> list[Node]:
    leaves = [n for n in order if n.op is None]
    if wrt is None:
        return [n for n in leaves if n.requires_grad] or [n for n in leaves if n.name is not None]
    wanted = [wrt] if isinstance(wrt, str | Tensor) else list(wrt)
    by_name = {name: node for node, name in names.items()}
    found = []
    for item in wanted:
        node = item._node if isinstance(item, Tensor) else by_name.get(item)
        if node is None or node not in order:
            called = item.name if isinstance(item, Tensor) else repr(item)
            raise ArgumentError(
                f"check: the output does not depend on {called}; known are {', '.join(by_name)}"
            )
        found.append(node)
    return found


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
