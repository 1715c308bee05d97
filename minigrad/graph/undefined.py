"""Functions without a definition: rows that have a name, derivatives and no values."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from minigrad.errors import ArgumentError, SymbolicError
from minigrad.graph.operation import apply
from minigrad.graph.tensor import Tensor
from minigrad.index.undefined import head_params, shown_name
from minigrad.primitive import Primitive, Rule

_MOST = 256


class Function:
    """An elementwise function that has a name and no definition: called, it is a step of the graph."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any) -> Tensor:
        """The function of tensors that broadcast.

        Raises
        ------
        ArgumentError
            When there are none.
        SymbolicError
            When all of them have values.
        """
        if not args:
            raise ArgumentError(f"{self.name}: a function is called with its arguments, {self.name}(x)")
        return self.derived(*(0 for _ in args))(*args)

    def derived(self, *orders: int) -> Derivative:
        """The derivative, so many times by each argument: ``f.derived(2)`` is f″, ``f.derived(0, 1)`` is ∂₂f.

        Raises
        ------
        ArgumentError
            When the orders are no counts.
        """
        if not orders or any(not isinstance(k, int) or isinstance(k, bool) or k < 0 for k in orders):
            raise ArgumentError(
                f"{self.name}: derived says how often by each argument, {self.name}.derived(2), not {orders}"
            )
        return Derivative(self, orders)

    def row(self, orders: tuple[int, ...]) -> Primitive:
        """The row of a derivative."""
        return undefined_row(self.name, orders)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise ArgumentError(f"{self.name} is a function and no tensor; call it, {self.name}(x)")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.name == self.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        return f"<function {self.name}, without a definition>"


class Derivative:
    """A function, derived so many times by each argument; by those that are not counted not at all."""

    __slots__ = ("function", "orders")

    def __init__(self, function: Function, orders: tuple[int, ...]) -> None:
        self.function, self.orders = function, orders

    def __call__(self, *args: Any) -> Tensor:
        """The derivative at tensors that broadcast."""
        if len(args) < len(self.orders):
            raise ArgumentError(
                f"{shown_name(self.function.name, self.orders)}: takes {len(self.orders)} arguments, {len(args)} "
                "were given"
            )
        row = self.function.row((*self.orders, *(0,) * (len(args) - len(self.orders))))
        return apply(row, args, row.params)

    def __repr__(self) -> str:
        return repr(self.function).replace(
            self.function.name, shown_name(self.function.name, self.orders), 1
        )


class UndefinedRow(Primitive):
    """The row of a function without a definition, which no table holds."""

    __slots__ = ()

    @property
    def orders(self) -> tuple[int, ...]:
        """How often the function is derived by each argument."""
        return tuple(self.params.values())

    def __reduce__(self) -> tuple[Any, ...]:
        return undefined_row, (self.meaning, self.orders)


@lru_cache(_MOST)
def undefined_row(name: str, orders: tuple[int, ...]) -> UndefinedRow:
    """The row of a function that is derived so many times by each argument."""
    return UndefinedRow(
        shown_name(name, orders),
        "elementwise",
        _without_values(name),
        vjps=slopes(Function(name), orders),
        meaning=name,
        domain=("real",) * len(orders),
        arity=len(orders),
        params=head_params(orders),
        broadcasts=True,
    )


def slopes(function: Function, orders: tuple[int, ...]) -> tuple[Rule, ...]:
    """The rules of a derivative: by each argument its slope is the next derivative."""

    def by(position: int) -> Rule:
        higher = tuple(order + (k == position) for k, order in enumerate(orders))

        def rule(g: Any, y: Any, *args: Any, **params: Any) -> Any:
            return g * Derivative(function, higher)(*args)

        return rule

    return tuple(map(by, range(len(orders))))


def _without_values(name: str) -> Rule:
    def forward(*arrays: Any, **params: Any) -> Any:
        raise SymbolicError(
            f"{name}: has no definition, so it has no values; a formula takes one, formula(x=..., "
            f'{name}=mg.tanh), and a program that runs defines it, {name} = mg.elementwise("{name}", ...)'
        )

    return forward
