"""The one door for rows: constructors that register a row and return its operation."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from minigrad.errors import ArgumentError, AxisError
from minigrad.graph.explain import MISTAKES, operands, unfit, worded
from minigrad.graph.fast import binary, binary_with_params, unary, unary_with_params
from minigrad.graph.operation import apply, option, refuse
from minigrad.graph.public import publish, publish_own
from minigrad.graph.tensor import Tensor
from minigrad.primitive import (
    AS_IT_IS,
    Kind,
    Meaning,
    Names,
    Notation,
    Primitive,
    Rule,
    keyword_defaults,
    per_argument,
    register,
)

Operation = Callable[..., Any]
Signature = Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]
_F = TypeVar("_F", bound=Operation)

# The function that runs each row, by the row's name.
OPERATIONS: dict[str, Operation] = {}


def row_of(operation: Operation) -> Primitive:
    """The row behind an operation."""
    row: Primitive = operation.primitive  # type: ignore[attr-defined]
    return row


def define(row: Primitive, signature: Signature | None = None) -> Operation:
    """Register a row and build the function that runs it."""
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
    return _entered(row, operation)


def _entered(row: Primitive, function: _F) -> _F:
    """Give a row the function that runs it, under all of its names."""
    function.primitive = row  # type: ignore[attr-defined]
    OPERATIONS[row.name] = function
    if row.builtin:
        publish(function, row.name, row.names)
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
            fault = unfit(row.name, args, kwargs, error)
            if fault is error:
                raise
            raise fault from error
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
        arity = len(args) if row.arity is None else row.arity
        inputs, extra = args[:arity], args[arity:]
        if len(inputs) < arity:
            raise TypeError(f"{row.name}: takes {arity} arguments, {len(inputs)} were given")
        if len(extra) > len(names) or not kwargs.keys() <= set(names):
            raise TypeError(
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
        return _entered(row, function)

    return decorate


def elementwise(
    name: str,
    forward: Rule,
    vjps: tuple[Rule | None, ...],
    meaning: Meaning = None,
    domain: str | tuple[str, ...] = "real",
    notation: Notation | None = None,
    kinks: str = "",
    params: Mapping[str, Any] | None = None,
    *,
    signature: Signature | None = None,
    masks: bool = False,
    reads: tuple[str, ...] | None = None,
    builtin: bool = False,
    doc: str = "",
    names: Names = AS_IT_IS,
) -> Operation:
    """Add a function that acts on each element, yᵢ = f(xᵢ, …), with NumPy broadcasting.

    Parameters
    ----------
    name
        The name it is known by; the user's own may be redefined, a built-in's may not.
    forward
        ``(*arrays, **params) -> array`` in NumPy.
    vjps
        One rule ``(g, y, *args, **params) -> cotangent`` per argument, in NumPy syntax that also
        runs on tensors, or None for an argument that may not require a gradient: it is refused.
    meaning
        The same function as an expression in x, y, z and the parameters' names, which SymPy reads:
        ``"cap*tanh(x/cap)"``. Without it the row runs and differentiates but has no formula.
    domain
        Where each argument may lie and the function is smooth: "real", "positive", "unit", ...
    notation
        How people write it, where that is not its name.
    kinks
        The choice made where it is not smooth.
    params
        Default values of parameters; those that ``forward`` takes by keyword are found by itself.
    reads
        For each rule the values it reads, "y" for the result and "0", "1" for the arguments
        (shapes are always there): large arrays that no rule reads are not kept for backward.

    Returns
    -------
    The operation: a function of tensors, arrays and numbers that records itself on the graph.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> softcap = mg.elementwise(
    ...     "softcap",
    ...     lambda x, *, cap=30.0: cap * np.tanh(x / cap),
    ...     vjps=(lambda g, y, x, *, cap: g * (1 - (y / cap) ** 2),),
    ...     meaning="cap*tanh(x/cap)",
    ... )
    """
    arity = len(vjps)
    row = Primitive(
        name=name,
        kind="elementwise",
        forward=forward,
        vjps=tuple(vjps),
        meaning=meaning,
        domain=per_argument(name, domain, arity),
        kinks=kinks,
        notation=notation,
        arity=arity,
        params={**keyword_defaults(forward), **(params or {})},
        broadcasts=True,
        masks=masks,
        reads=reads,
        builtin=builtin,
        doc=doc,
        names=names,
    )
    return define(row, signature)


def primitive(
    name: str,
    forward: Rule,
    vjps: tuple[Rule | None, ...] = (),
    meaning: Meaning = None,
    domain: str | tuple[str, ...] = "real",
    notation: Notation | None = None,
    kinks: str = "",
    params: Mapping[str, Any] | None = None,
    *,
    vjp: Rule | None = None,
    vjp_all: Rule | None = None,
    kind: Kind = "general",
    signature: Signature | None = None,
    broadcasts: bool = False,
    masks: bool = False,
    casts: bool = False,
    shape_message: Rule | None = None,
    reads: tuple[str, ...] | None = None,
    builtin: bool = False,
    doc: str = "",
    names: Names = AS_IT_IS,
) -> Operation:
    """Add any differentiable function of arrays.

    The parameters are those of :func:`elementwise`; in addition

    Parameters
    ----------
    vjp
        For a function of any number of arrays, the single rule
        ``(i, g, y, *args, **params) -> cotangent of argument i`` in place of ``vjps``.
    vjp_all
        The same for several arguments in one call, ``(positions, g, y, *args, **params) -> list of
        cotangents``: for thousands of arguments, where one by one would take quadratic time.
    broadcasts
        Whether arguments broadcast, so that cotangents are summed back to their shapes.
    shape_message
        ``(shapes, **params) -> text``, which says why operands do not fit, or None.

    Raises
    ------
    ArgumentError
        When not exactly one of ``vjps``, ``vjp`` and ``vjp_all`` is given.
    """
    if bool(vjps) + (vjp is not None) + (vjp_all is not None) != 1:
        raise ArgumentError(f"{name}: give either vjps, one per argument, or one variadic vjp")
    arity = len(vjps) or None
    row = Primitive(
        name=name,
        kind=kind,
        forward=forward,
        vjps=tuple(vjps),
        meaning=meaning,
        domain=per_argument(name, domain, arity),
        kinks=kinks,
        notation=notation,
        arity=arity,
        variadic=arity is None,
        vjp=vjp,
        vjp_all=vjp_all,
        params={**keyword_defaults(forward), **(params or {})},
        broadcasts=broadcasts,
        masks=masks,
        casts=casts,
        shape_message=shape_message,
        reads=reads,
        builtin=builtin,
        doc=doc,
        names=names,
    )
    return define(row, signature)


def contraction(
    name: str, forward: Rule, vjps: tuple[Rule | None, ...] = (), **facts: Any
) -> Operation:
    """Add a sum of products over shared indices; ``meaning`` is an einsum string or makes one."""
    return primitive(name, forward, vjps, kind="contraction", **facts)


def composite(
    name: str,
    *,
    domain: str | tuple[str, ...] = "real",
    kinks: str = "",
    builtin: bool = False,
    names: Names = AS_IT_IS,
) -> Callable[[_F], _F]:
    """Register a function built of other operations, which are what the graph records.

    Parameters
    ----------
    name
        The name it is known by: texts may call it, and NumPy's function of that name runs it.
    domain, kinks
        As of :func:`elementwise`.

    Examples
    --------
    >>> import minigrad as mg
    >>> @mg.composite("midrange")
    ... def midrange(x):
    ...     return (mg.max(x) + mg.min(x)) / 2
    """

    def decorate(function: _F) -> _F:
        if _has_options(function):
            function = worded(name)(function)
        row = Primitive(
            name=name,
            kind="composite",
            forward=function,
            domain=per_argument(name, domain, None),
            kinks=kinks,
            arity=None,
            builtin=builtin,
            doc=function.__doc__ or "",
            names=names,
        )
        return _entered(register(row), function)

    return decorate


def _has_options(function: Operation) -> bool:
    """Whether an argument has a default that says something: None stands for a tensor left out."""
    defaults = *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()
    return any(value is not None for value in defaults)


def dual(operation: Operation) -> Operation:
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


builtin_elementwise = functools.partial(elementwise, builtin=True)
builtin_primitive = functools.partial(primitive, builtin=True)
builtin_contraction = functools.partial(contraction, builtin=True)
builtin_composite = functools.partial(composite, builtin=True)
