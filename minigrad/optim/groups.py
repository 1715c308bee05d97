"""Parameters in groups: how they are given to an optimiser, and how a group is read and set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from minigrad.errors import ArgumentError, KindError
from minigrad.graph.tensor import Tensor, describe, said
from minigrad.optim.numbers import at_least_zero
from minigrad.optim.schedules import Schedule, constant

Memory = dict[str, Any]
# Named parameters, rate and options of a group.
Entry = tuple[dict[str, Tensor], float | Schedule, dict[str, Any]]


class HasParameters(Protocol):
    """A module: what knows its parameters by name."""

    def named_parameters(self) -> Mapping[str, Tensor]:
        """All parameters by their full names."""


Parameters = HasParameters | Iterable[Tensor] | Mapping[str, Tensor] | Iterable[Mapping[str, Any]]


@dataclass(slots=True)
class Group:
    """Parameters with one learning rate and one set of options, and each one's memory."""

    parameters: list[Tensor]
    names: list[str]
    rate: Schedule
    options: SimpleNamespace
    memory: list[Memory]
    constant: bool = True

    def set_rate(self, what: str, rate: float | Schedule) -> None:
        """Take another rate, or schedule."""
        self.rate = rate if callable(rate) else constant(at_least_zero(what, "lr", rate))
        self.constant = not callable(rate)

    def rate_after(self, what: str, steps: int) -> float:
        """The rate of the next step.

        Raises
        ------
        ArgumentError
            When a schedule gives what is no rate: a step with NaN would lose every parameter.
        """
        rate = self.rate(steps)
        return at_least_zero(what, f"lr({steps})", rate.item() if np.ndim(rate) == 0 and hasattr(rate, "item") else rate)


class _Optimizer(Protocol):
    steps: int

    def check(self, options: SimpleNamespace) -> None:
        """Refuse options of a group that make no sense."""


class GroupView(MutableMapping[str, Any]):
    """A group as a mapping: "params", "lr" and the options; what is set is checked, and holds at once."""

    def __init__(self, what: str, group: Group, optimizer: _Optimizer) -> None:
        self._what, self._group, self._optimizer = what, group, optimizer

    def __getitem__(self, key: str) -> Any:
        if key == "params":
            return list(self._group.parameters)
        if key == "lr":
            return self._group.rate_after(self._what, self._optimizer.steps)
        return vars(self._group.options)[self._known(key)]

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "params":
            raise ArgumentError(
                f"{self._what}: a group's parameters stay; write optimizer.add_param_group({{'params': ...}})"
            )
        if key == "lr":
            self._group.set_rate(self._what, value)
            return
        options = SimpleNamespace(**{**vars(self._group.options), self._known(key): value})
        self._optimizer.check(options)
        self._group.options = options

    def __delitem__(self, key: str) -> None:
        raise ArgumentError(f"{self._what}: a group's {key!r} can be set, and not be left out")

    def __iter__(self) -> Iterator[str]:
        return iter(("params", "lr", *vars(self._group.options)))

    def __len__(self) -> int:
        return 2 + len(vars(self._group.options))

    def __repr__(self) -> str:
        return repr({**self, "params": f"{len(self._group.parameters)} tensors"})

    def _known(self, key: str) -> str:
        if key not in vars(self._group.options):
            raise _NoOption(f"{self._what}: a group has no {key!r}; it has {', '.join(self)}")
        return key


class _NoOption(ArgumentError, KeyError):
    """A group has no such option."""

    __str__ = Exception.__str__  # KeyError's quotes the text


def entries(
    what: str, parameters: Parameters, lr: float | Schedule, options: dict[str, Any], first: int = 0
) -> list[Entry]:
    """Named parameters, rate and options of each group; without names they are numbered from ``first``."""
    if isinstance(parameters, Tensor):
        raise ArgumentError(
            f"{what}: parameters are a list; write [parameter], or model.parameters()"
        )
    given = _by_name(what, parameters, first)
    if isinstance(given, dict):
        return [(given, lr, options)]
    groups: list[Entry] = []
    for entry in given:
        unknown = entry.keys() - {"params", "lr", *options}
        if unknown or "params" not in entry:
            raise ArgumentError(
                f"{what}: a group has the entries {sorted(entry)}; it needs 'params' and may have "
                f"{['lr', *options]}"
            )
        inside = entry["params"]
        members = _by_name(what, [inside] if isinstance(inside, Tensor) else inside, first)
        if not isinstance(members, dict):
            raise ArgumentError(f"{what}: a group holds parameters, and no groups")
        first += len(members)
        own = {key: entry.get(key, value) for key, value in options.items()}
        groups.append((members, entry.get("lr", lr), own))
    return groups


def _by_name(what: str, given: Any, first: int) -> dict[str, Any] | list[Mapping[str, Any]]:
    """Parameters by name, or a list of groups."""
    named = getattr(given, "named_parameters", None)
    if named is not None:
        return _of_module(what, given, named())
    if isinstance(given, Mapping):
        if "params" in given and not isinstance(given["params"], Tensor):
            raise ArgumentError(f"{what}: groups stand in a list; write [{{'params': ..., 'lr': ...}}]")
        return dict(given)
    try:
        members = list(given)
    except TypeError:
        raise KindError(
            f"{what}: {said(given)} holds no parameters; pass a module, or model.parameters()"
        ) from None
    if members and all(isinstance(entry, Mapping) for entry in members):
        return members
    if members and all(isinstance(e, tuple) and len(e) == 2 and isinstance(e[0], str) for e in members):
        if len(dict(members)) < len(members):
            raise ArgumentError(f"{what}: two parameters have one name; give each a name of its own")
        return dict(members)
    return {str(first + k): p for k, p in enumerate(members)}


def _of_module(what: str, module: Any, named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What is not frozen of a module's parameters, each once."""
    found = {p: name for name, p in [*named.items()][::-1] if p.requires_grad}
    if not found:
        state = "all are frozen; write model.requires_grad_()" if named else "it has none"
        raise ArgumentError(f"{what}: no parameters of {type(module).__name__} can move: {state}")
    return {name: p for name, p in named.items() if found.get(p) == name}


def check_parameters(what: str, parameters: list[Tensor]) -> None:
    """Refuse what is no parameter, and what would move twice."""
    if not parameters:
        raise ArgumentError(
            f"{what}: no parameters were given; pass a module, or model.parameters() (an iterator that was "
            "gone through holds none)"
        )
    for p in parameters:
        if hasattr(p, "named_parameters"):
            raise ArgumentError(
                f"{what}: {type(p).__name__} is a module among parameters; write "
                "[*first.parameters(), *second.parameters()]"
            )
        if not isinstance(p, Tensor) or not p.requires_grad or p._node.op is not None:  # type: ignore[union-attr]
            raise ArgumentError(
                f"{what}: {describe(p)} is not a parameter; "
                "make it with minigrad.tensor(data, requires_grad=True), and leave out what is frozen: "
                "[p for p in model.parameters() if p.requires_grad]"
            )
    if len(set(parameters)) < len(parameters):
        twice = next(p for p in parameters if sum(p is q for q in parameters) > 1)
        raise ArgumentError(
            f"{what}: {twice.name or 'a parameter'} is given twice and would move twice; "
            "model.parameters() holds each parameter once"
        )
