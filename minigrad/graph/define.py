"""The one door for rows: constructors that register a row and return its operation."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from minigrad.errors import ArgumentError, KindError
from minigrad.graph.call import Operation, Signature, define, entered, worded
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

_F = TypeVar("_F", bound=Operation)


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
    optional: bool = False,
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
    optional
        Whether an argument may be None, as a bound that lacks.

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
    arity = len(one_each(name, vjps))
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
        params=_parameters(name, forward, params),
        broadcasts=True,
        masks=masks,
        reads=reads,
        optional=optional,
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
    meaning
        The text of an Einstein sum, ``"ij,j->i"``, or a function of views, ``(*views, **params) -> view``,
        written in `minigrad.index.view`, whose functions are NumPy's of these names.
    vjp
        For a function of any number of arrays, called with them or with one list of them, the single
        rule ``(i, g, y, *args, **params) -> cotangent of argument i`` in place of ``vjps``.
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
    arity = len(one_each(name, vjps)) or None
    row = Primitive(
        name=name,
        kind="contraction" if isinstance(meaning, str) else kind,
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
        params=_parameters(name, forward, params),
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
    if callable(name):
        called = getattr(name, "__name__", "NAME")
        raise KindError(f'composite: give it the name it is known by, as in @mg.composite("{called}")')

    words = per_argument(name, domain, None)

    def decorate(function: _F) -> _F:
        if not callable(function):
            raise KindError(f"{name}: a composite is a function of arrays, not {function!r}")
        if _has_options(function):
            function = worded(name)(function)
        row = Primitive(
            name=name,
            kind="composite",
            forward=function,
            domain=words,
            kinks=kinks,
            arity=None,
            builtin=builtin,
            doc=function.__doc__ or "",
            names=names,
        )
        return entered(register(row), function)

    return decorate


def _parameters(name: str, forward: Rule, params: Mapping[str, Any] | None) -> dict[str, Any]:
    """The defaults of a row's parameters, by name."""
    if params is not None and not isinstance(params, Mapping):
        raise KindError(f"{name}: params is a dict of default values by name, not {params!r}")
    return {**keyword_defaults(forward), **(params or {})}


def one_each(name: str, vjps: Any) -> tuple[Rule | None, ...]:
    """The rules of a row, one for each argument."""
    if not isinstance(vjps, (tuple, list)):
        raise KindError(f"{name}: vjps is a tuple of rules, one for each argument, as in vjps=(rule,)")
    return tuple(vjps)


def _has_options(function: Operation) -> bool:
    """Whether an argument has a default that says something: None stands for a tensor left out."""
    inner: Any = inspect.unwrap(function)
    defaults = *(inner.__defaults__ or ()), *(inner.__kwdefaults__ or {}).values()
    return any(value is not None for value in defaults)


builtin_elementwise = functools.partial(elementwise, builtin=True)
builtin_primitive = functools.partial(primitive, builtin=True)
builtin_contraction = functools.partial(contraction, builtin=True)
builtin_composite = functools.partial(composite, builtin=True)
