"""What all optimisers share: parameters in groups, the count of steps, and what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.errors import ArgumentError, GradientError
from minigrad.graph.tensor import Tensor, describe
from minigrad.optim.memory import checked_memory
from minigrad.optim.numbers import at_least_zero
from minigrad.optim.schedules import Schedule, constant

Array = NDArray[Any]
Memory = dict[str, Any]
Parameters = Iterable[Tensor] | Mapping[str, Tensor] | Iterable[Mapping[str, Any]]


@dataclass(slots=True)
class Group:
    """Parameters with one learning rate and one set of options, and each one's memory."""

    parameters: list[Tensor]
    names: list[str]
    rate: Schedule
    options: SimpleNamespace
    memory: list[Memory]


class Optimizer:
    """θ ← θ − lr · u, where a rule says what u is.

    A rule says in :meth:`update` how far one parameter moves; ``memory`` is that parameter's own
    and lasts from step to step.

    Parameters
    ----------
    parameters
        Leaves that require a gradient, for example ``model.parameters()``, or by their names,
        ``model.named_parameters()``; or groups, ``{"params": [...], "lr": 0.1, ...}``, each with
        options of its own.
    lr
        The learning rate, or a schedule: a function from the number of steps done to the rate.
    options
        What a rule's groups may set for themselves.

    Raises
    ------
    ArgumentError
        When there are no parameters, one is given twice or is not a leaf that requires a gradient,
        a group has an option that the rule does not know, or the rate is negative.
    """

    def __init__(self, parameters: Parameters, lr: float | Schedule, **options: Any) -> None:
        self.steps = 0
        self.groups = [
            self._group(*entry) for entry in _entries(type(self).__name__, parameters, lr, options)
        ]
        _check_parameters(type(self).__name__, self.parameters)

    def _group(
        self, named: dict[str, Tensor], lr: float | Schedule, options: dict[str, Any]
    ) -> Group:
        name = type(self).__name__
        rate = lr if callable(lr) else constant(at_least_zero(name, "lr", lr))
        settings = SimpleNamespace(**options)
        self.check(settings)
        return Group(list(named.values()), list(named), rate, settings, [{} for _ in named])

    @property
    def parameters(self) -> list[Tensor]:
        """All parameters, group by group."""
        return [p for group in self.groups for p in group.parameters]

    @property
    def lr(self) -> float:
        """The learning rate of the next step, of the first group; set it for all groups."""
        return self.groups[0].rate(self.steps)

    @lr.setter
    def lr(self, value: float | Schedule) -> None:
        name = type(self).__name__
        rate = value if callable(value) else constant(at_least_zero(name, "lr", value))
        for group in self.groups:
            group.rate = rate

    def check(self, options: SimpleNamespace) -> None:
        """Refuse options of a group that make no sense; a rule says which."""

    def update(
        self, value: Array, gradient: Array, memory: Memory, options: SimpleNamespace
    ) -> Array:
        """How far one parameter moves, in its shape; its memory may change, ``value`` may not."""
        raise NotImplementedError(f"{type(self).__name__} does not define update")

    def remembered(self, options: SimpleNamespace) -> tuple[str, ...]:
        """The names of what a parameter's memory holds after its first step."""
        return ()

    def step(self) -> None:
        """Move every parameter that has a gradient.

        Raises
        ------
        GradientError
            When none has one.
        """
        done = self.steps
        moved = False
        for group in self.groups:
            rate, options = -group.rate(done), group.options
            for p, memory in zip(group.parameters, group.memory, strict=True):
                gradient = p.grad
                if gradient is None:
                    continue
                moved = True
                value = p.numpy()
                g = gradient.numpy()
                if g.dtype == np.float16:  # Its squares vanish below 2e-4: rules run in float32.
                    g = g.astype(np.float32)
                # Always in C order: a resumed run must meet the same arrays to the bit.
                u = self.update(value, g, memory, options)
                move = np.multiply(u, rate, order="C")
                move += value
                p.assign(move, copy=False)
        if not moved:
            raise GradientError(
                f"{type(self).__name__}.step: no parameter has a gradient; "
                "call loss.backward() before step()"
            )
        self.steps = done + 1

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for group in self.groups:
            for p in group.parameters:
                p.grad = None

    # -- state ---------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """Copies of the count of steps and of all memory, as ``"steps"`` and ``"name.m"``.

        Parameters given without names are numbered. With the parameters' values it is all that a
        run needs to go on to the same bits; settings and schedules are those of the new optimiser.
        """
        state = {"steps": np.array(self.steps)}
        for name, _, memory, _ in self._entries():
            state |= {f"{name}.{key}": np.array(value) for key, value in memory.items()}
        return state

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Remember what :meth:`state_dict` once returned.

        Raises
        ------
        ArgumentError
            When names are missing or unexpected, or shapes differ; it lists all of them, and
            nothing has changed.
        """
        expected = {
            name: (
                tuple(map(int, p.shape)),
                np.promote_types(p.dtype, np.float32),
                self.remembered(options),
            )
            for name, p, _, options in self._entries()
        }
        steps, memories = checked_memory(type(self).__name__, expected, state)
        self.steps = steps
        for name, _, memory, _ in self._entries():
            memory.clear()
            memory.update(memories[name])

    def _entries(self) -> Iterator[tuple[str, Tensor, Memory, SimpleNamespace]]:
        for group in self.groups:
            for name, p, memory in zip(group.names, group.parameters, group.memory, strict=True):
                yield name, p, memory, group.options


def _entries(
    what: str, parameters: Parameters, lr: float | Schedule, options: dict[str, Any]
) -> list[tuple[dict[str, Tensor], float | Schedule, dict[str, Any]]]:
    """Named parameters, rate and options of each group."""
    if isinstance(parameters, Mapping):
        return [(dict(parameters), lr, options)]
    if isinstance(parameters, Tensor):
        raise ArgumentError(
            f"{what}: parameters are a list; write [parameter], or model.parameters()"
        )
    given = list(parameters)
    if not given or not all(isinstance(entry, Mapping) for entry in given):
        return [({str(k): p for k, p in enumerate(given)}, lr, options)]  # type: ignore[misc]
    groups = []
    first = 0
    for entry in given:
        assert isinstance(entry, Mapping)
        unknown = entry.keys() - {"params", "lr", *options}
        if unknown or "params" not in entry:
            raise ArgumentError(
                f"{what}: a group has the entries {sorted(entry)}; it needs 'params' and may have "
                f"{['lr', *options]}"
            )
        members = entry["params"]
        if not isinstance(members, Mapping):
            members = [members] if isinstance(members, Tensor) else list(members)
            members = {str(first + k): p for k, p in enumerate(members)}
        first += len(members)
        own = {key: entry.get(key, value) for key, value in options.items()}
        groups.append((dict(members), entry.get("lr", lr), own))
    return groups


def _check_parameters(what: str, parameters: list[Tensor]) -> None:
    if not parameters:
        raise ArgumentError(f"{what}: no parameters were given; pass model.parameters()")
    for p in parameters:
        if not isinstance(p, Tensor) or not p.requires_grad or p._node.op is not None:  # type: ignore[union-attr]
            raise ArgumentError(
                f"{what}: {describe(p)} is not a parameter; "
                "make it with minigrad.tensor(data, requires_grad=True)"
            )
    if len(set(parameters)) < len(parameters):
        twice = next(p for p in parameters if sum(p is q for q in parameters) > 1)
        raise ArgumentError(
            f"{what}: {twice.name or 'a parameter'} is given twice and would move twice; "
            "model.parameters() holds each parameter once"
        )
