"""Functions without a definition, as textbooks have them: f, and its derivatives f′, f″, ∂₁f.

A head without a meaning: its text is the function's own name, and its parameters count the derivatives by
each argument. The derivative of such a head is the next one, and SymPy knows it as an undefined function.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from minigrad.index.expr import Head
from minigrad.scripts import from_lowered, from_raised, lowered, raised

_COUNT = "∂"  # begins the name of a parameter that counts derivatives, which no row's can
_PRIMES = ("", "′", "″", "‴")
DERIVED_NAME = re.compile(
    r"(?P<partials>(?:∂[₀-₉]+[²³⁰¹⁴-⁹]*)+)(?P<name>[^\W\d]\w*)"
    r"|(?P<of_one>[^\W\d]\w*)(?P<primes>[′″‴]|⁽[²³⁰¹⁴-⁹]+⁾)"
)
_PARTIAL = re.compile(r"∂([₀-₉]+)([²³⁰¹⁴-⁹]*)")


def undefined(name: str, orders: Sequence[int]) -> Head:
    """The function of that name, derived so many times by each of its arguments."""
    return Head(shown_name(name, orders), name, tuple(head_params(orders).items()))


def head_params(orders: Sequence[int]) -> dict[str, int]:
    """The parameters that count the derivatives by each argument."""
    return {f"{_COUNT}{k + 1}": int(order) for k, order in enumerate(orders)}


def is_undefined(head: Head) -> bool:
    """Whether a head is a function without a definition, or a derivative of one."""
    return bool(head.params) and head.params[0][0].startswith(_COUNT)


def orders_of(head: Head) -> tuple[int, ...]:
    """How often the function is derived by each argument."""
    return tuple(int(order) for _, order in head.params)


def slope(head: Head, argument: int) -> Head:
    """The derivative by an argument: f′ of f."""
    orders = [order + (k == argument) for k, order in enumerate(orders_of(head))]
    return undefined(head.text, orders)


def shown_name(name: str, orders: Sequence[int]) -> str:
    """``f″`` and ``f⁽⁴⁾`` of one argument, ``∂₁∂₂²f`` of several.

    >>> shown_name("f", (2,)), shown_name("f", (4,)), shown_name("g", (1, 2))
    ('f″', 'f⁽⁴⁾', '∂₁∂₂²g')
    """
    if len(orders) == 1:
        (order,) = orders
        return name + (_PRIMES[order] if order < len(_PRIMES) else f"⁽{raised(str(order))}⁾")
    signs = (
        f"∂{lowered(str(k + 1))}" + (raised(str(order)) if order > 1 else "")
        for k, order in enumerate(orders)
        if order
    )
    return "".join(signs) + name


def read_name(shown: str) -> tuple[str, tuple[tuple[int, int], ...]] | None:
    """A function's name, and (argument, times) that it is derived; None where it is no derivative's name.

    >>> read_name("f″"), read_name("∂₁∂₂²g"), read_name("tanh")
    (('f', ((1, 2),)), ('g', ((1, 1), (2, 2))), None)
    """
    found = DERIVED_NAME.fullmatch(shown)
    if found is None:
        return None
    if primes := found["primes"]:
        order = _PRIMES.index(primes) if primes in _PRIMES else int(from_raised(primes[1:-1]))
        return found["of_one"], ((1, order),)
    counts = (
        (int(from_lowered(k)), int(from_raised(times) or 1))
        for k, times in _PARTIAL.findall(found["partials"])
    )
    return found["name"], tuple(counts)


def of_symbols(head: Head, symbols: Sequence[Any], sympy: Any) -> Any:
    """The function of SymPy's symbols, derived as often as the head says."""
    orders = orders_of(head)
    call = sympy.Function(head.text, real=True)(*symbols[: len(orders)])
    by = [(symbol, order) for symbol, order in zip(symbols, orders, strict=False) if order]
    return sympy.Derivative(call, *by) if by else call


def of_sympy(call: Any) -> tuple[Head, tuple[Any, ...]]:
    """The head of an undefined function of SymPy's, or of its derivative by its own arguments."""
    by = dict(call.variable_count) if call.is_Derivative else {}
    function = call.expr if call.is_Derivative else call
    orders = [int(by.get(argument, 0)) for argument in function.args]
    return undefined(type(function).__name__, orders), function.args


def lacks_definition(name: str) -> str:
    """Why nothing can be run or written in a function without a definition, and what to do."""
    return (
        f"{name}: has no definition, so it has neither values nor source; define it, "
        f'{name} = mg.elementwise("{name}", ...), or put a known function in its place'
    )
