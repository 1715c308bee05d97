"""The function that runs a row: arguments in, one step of the graph out.

Words for arguments that do not fit are loaded when they are needed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from minigrad.errors import AxisError, KindError
from minigrad.graph.fast import binary, binary_with_params, unary, unary_with_params
from minigrad.graph.operands import operands
from minigrad.graph.operation import apply, option, refuse
from minigrad.graph.public import publish, publish_own
from minigrad.graph.tensor import Tensor
from minigrad.primitive import Primitive, register

Operation = Callable[..., Any]
Call = tuple[tuple[Any, ...], dict[str, Any]]  # operands and parameters, as a row takes them
Signature = Callable[..., Call]
_F = TypeVar("_F", bound=Operation)

# What NumPy and Python raise for arguments that are not what a function takes.
MISTAKES = (TypeError, ValueError, OverflowError, IndexError)

# The function that runs each row, by the row's name.
OPERATIONS: dict[str, Operation] = {}


def reread(function: Operation, name: str, args: Any, kwargs: Any, error: Exception) -> Any:
    """See :func:`minigrad.graph.keywords.reread`, which is loaded when arguments do not fit."""
    from minigrad.graph import keywords

    return keywords.reread(function, name, args, kwargs, error)


def row_of(operation: Operation) -> Primitive:
    """The row behind an operation."""
    row: Primitive = operation.primitive  # type: ignore[attr-defined]
    return row


def define(row: Primitive, signature: Signature | None = None) -> Operation:
    """Register a row and build the function that runs it."""
    if not row.builtin:
        from minigrad.graph.own_rows import check  # Built-in rows are checked by tests.

        check(row)
    register(row)
    operation: Operation
    if signature is not None:
        operation = _with_signature(row, signature)
    elif row.builtin and row.arity in (1, 2) and not row.params and None not in row.vjps:
        operation = unary(row) if row.arity == 1 else binary(row)
    else:
        operation = _plain(row)
    short = row.name.rsplit(".", 1)[-1]
    operation.__name__ = short
    operation.__qualname__ = short
    operation.__doc__ = row.doc or f"{short}, differentiable."
    return entered(row, operation)


def entered(row: Primitive, function: _F) -> _F:
    """Give a row the function that runs it, under all of its names."""
    function.primitive = row  # type: ignore[attr-defined]
    OPERATIONS[row.name] = function
    if row.builtin:
        publish(function, row.name, row.names, row.methods)
    else:
        publish_own(function, row.name)
    return function


def _with_signature(row: Primitive, signature: Signature) -> Operation:
    run = unary_with_params(row)
    run_pair = binary_with_params(row)
    one = row.builtin and row.rule(0) is not None
    two = one and not row.variadic and len(row.vjps) > 1

    def operation(*args: Any, **kwargs: Any) -> Tensor:
        try:
            inputs, params = signature(*args, **kwargs)
        except AxisError as error:
            raise AxisError(f"{error}; got {operands(args)}") from None
        except MISTAKES as error:
            inputs, params = reread(signature, row.name, args, kwargs, error)
        count = len(inputs)
        if kwargs or len(args) > count:
            for x in (*args[1:], *kwargs.values()) if kwargs else args:
                if x.__class__ is Tensor and x is not inputs[0]:
                    _refuse_tracked(row, inputs, args, kwargs)
        if count == 1 and one:
            return run(inputs[0], params)
        if count == 2 and two:
            return run_pair(inputs[0], inputs[1], params)
        return apply(row, inputs, params)

    signature.__name__ = signature.__qualname__ = row.name  # TypeErrors speak of the operation
    operation.run = run  # type: ignore[attr-defined]
    operation.__wrapped__ = signature  # type: ignore[attr-defined]
    return operation


def _refuse_tracked(
    row: Primitive, inputs: tuple[Any, ...], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> None:
    """Refuse a tensor that requires a gradient where the signature made a parameter of it."""
    derived = args[:1] and args[0] is not inputs[0]  # The array itself, prepared by the signature.
    named = [(f"argument {i}", x) for i, x in enumerate(args, start=1)]
    for name, x in (*(() if derived else named), *kwargs.items()):
        if isinstance(x, Tensor) and x.requires_grad and not any(x is kept for kept in inputs):
            refuse(row.name, name)


def _plain(row: Primitive) -> Operation:
    names = tuple(row.params)

    def operation(*args: Any, **kwargs: Any) -> Tensor:
        if row.variadic and len(args) == 1 and isinstance(args[0], list | tuple):
            args = tuple(args[0])  # as NumPy's stack takes them
        arity = len(args) if row.arity is None else row.arity
        inputs, extra = args[:arity], args[arity:]
        if len(inputs) < arity:
            raise KindError(f"{row.name}: takes {arity} arguments, {len(inputs)} were given")
        if len(extra) > len(names) or not kwargs.keys() <= set(names):
            raise KindError(
                f"{row.name}: takes {arity} arguments and the parameters {list(names)}; "
                f"got {len(args)} arguments and {sorted(kwargs)}"
            )
        given = {**dict(zip(names, extra, strict=False)), **kwargs}
        params = {**row.params, **{n: option(row.name, n, x) for n, x in given.items()}}
        return apply(row, inputs, params)

    if row.builtin:
        operation.run = unary_with_params(row)  # type: ignore[attr-defined]
    return operation


def face(behind: Operation) -> Callable[[_F], _F]:
    """Make a function the public face of a row whose arguments it prepares.

    The function calls ``behind.run(x, params)``, and takes the row's place in the table.
    """
    row = row_of(behind)

    def decorate(function: _F) -> _F:
        function.__doc__ = function.__doc__ or row.doc
        if function.__code__.co_varnames[1:2] == ("axis",):
            function = _along_axes(row.name.rpartition(".")[2], function)
        return entered(row, function)

    return decorate


_LEFT_OUT: Any = object()


def _along_axes(name: str, function: _F) -> _F:
    """What ``worded`` does, with the fewest steps where an array and its axis are all that is given."""
    default = (function.__defaults__ or (None,))[0]

    @functools.wraps(function)
    def run(array: Any = _LEFT_OUT, axis: Any = default, *args: Any, **kwargs: Any) -> Any:
        try:
            if not args and not kwargs and array is not _LEFT_OUT:
                return function(array, axis)
            if array is _LEFT_OUT:  # It came by its name.
                return function(axis=axis, **kwargs)
            return function(array, axis, *args, **kwargs)
        except MISTAKES as error:
            if args:
                return reread(function, name, (array, axis, *args), kwargs, error)
            named = kwargs if axis is default else {"axis": axis, **kwargs}
            return reread(function, name, () if array is _LEFT_OUT else (array,), named, error)

    return run  # type: ignore[return-value]


def array_or_tensor(operation: Operation) -> Operation:
    """The operation for use inside VJPs: arrays in, array out; tensors in, tensor out."""
    row = row_of(operation)
    forward = row.forward

    @functools.wraps(operation)
    def either(*args: Any, **params: Any) -> Any:
        for x in args:
            if isinstance(x, Tensor):
                return apply(row, args, params)
        return forward(*args, **params)

    return either


def worded(name: str) -> Callable[[_F], _F]:
    """Let a function that takes options read PyTorch's keywords, and refuse what it does not take."""

    def decorate(function: _F) -> _F:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except MISTAKES as error:
                return reread(function, name, args, kwargs, error)

        return run  # type: ignore[return-value]

    return decorate
