"""What all optimisers share: parameters in groups, the count of steps, and what is remembered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.display import block, folded, paragraph, table
from minigrad.elsewhere import Spoken, forget_gradients, options_said
from minigrad.errors import GradientError
from minigrad.graph.tensor import Tensor, labelled
from minigrad.optim.groups import Group, GroupView, Memory, Parameters, check_parameters, entries
from minigrad.optim.memory import checked_memory
from minigrad.optim.schedules import Schedule, constant, in_words

Array = NDArray[Any]


class Optimizer(Spoken):
    """θ ← θ − lr · u, where a rule says what u is.

    A rule says in :meth:`update` how far one parameter moves; ``memory`` is that parameter's own
    and lasts from step to step.

    Parameters
    ----------
    parameters
        A module, of which what is frozen is left out; or leaves that require a gradient, for example
        ``model.parameters()``, or by their names, ``model.named_parameters()``; or groups,
        ``{"params": ..., "lr": 0.1, ...}``, each with options of its own.
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

    elsewhere: ClassVar[Mapping[str, str]] = {
        "defaults": "optimizer.param_groups[0] holds the options",
        "state": "write optimizer.state_dict()",
    }

    def __init__(self, parameters: Parameters, lr: float | Schedule, **options: Any) -> None:
        self.steps = 0
        self.groups = [
            self._group(*entry) for entry in entries(type(self).__name__, parameters, lr, options)
        ]
        check_parameters(type(self).__name__, self.parameters)

    def _group(
        self, named: dict[str, Tensor], lr: float | Schedule, options: dict[str, Any]
    ) -> Group:
        name = type(self).__name__
        settings = SimpleNamespace(**options)
        self.check(settings)
        group = Group(list(named.values()), list(named), constant(0.0), settings, [{} for _ in named])
        group.set_rate(name, lr)
        return group

    @property
    def parameters(self) -> list[Tensor]:
        """All parameters, group by group."""
        return [p for group in self.groups for p in group.parameters]

    @property
    def lr(self) -> float:
        """The learning rate of the next step, of the first group; set it for all groups."""
        return self.groups[0].rate_after(type(self).__name__, self.steps)

    @lr.setter
    def lr(self, value: float | Schedule) -> None:
        for group in self.groups:
            group.set_rate(type(self).__name__, value)

    @property
    def param_groups(self) -> list[GroupView]:
        """The groups as mappings: ``optimizer.param_groups[0]["lr"] = 0.01`` sets a group's rate."""
        return [GroupView(type(self).__name__, group, self) for group in self.groups]

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Move further parameters, ``{"params": ..., "lr": 0.1, ...}``; what is not said is the first group's.

        Raises
        ------
        ArgumentError
            As for a new optimiser; nothing has changed.
        """
        first, what = self.groups[0], type(self).__name__
        (entry,) = entries(what, [group], first.rate, vars(first.options), len(self.parameters))
        added = self._group(*entry)
        check_parameters(what, [*self.parameters, *added.parameters])
        self.groups.append(added)

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

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient.

        Parameters
        ----------
        closure
            Computes the loss and calls its ``backward``; it is called once, before the step.

        Returns
        -------
        What the closure returned.

        Raises
        ------
        GradientError
            When no parameter has a gradient.
        """
        loss = None if closure is None else closure()
        done = self.steps
        moved = False
        # All rates before the first move: a schedule that gives none leaves every parameter where it is.
        rates = [group.rate_after(type(self).__name__, done) for group in self.groups]
        for group, rate in zip(self.groups, rates, strict=True):
            options = group.options
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
                move = np.multiply(u, -rate, order="C")
                move += value
                p.assign(move, copy=False)
        if not moved:
            raise GradientError(
                f"{type(self).__name__}.step: no parameter has a gradient; "
                "call loss.backward() before step()"
            )
        self.steps = done + 1
        return loss

    @options_said
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients.

        Raises
        ------
        ArgumentError
            When they are to be zeros.
        """
        forget_gradients(self.parameters, set_to_none)

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

    # -- text ----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        known = inspect.signature(type(self)).parameters
        told = []
        for group in self.groups:
            options = {n: v for n, v in vars(group.options).items() if n not in known or known[n].default != v}
            rate = group.rate(0) if group.constant else group.rate
            words = [f"lr={in_words(rate)}", *(f"{n}={v!r}" for n, v in options.items())]
            told.append((", ".join(words), f"{_count(group.parameters)}"))
        name, done = type(self).__name__, f"{self.steps:,} step{'s' * (self.steps != 1)} done"
        if len(told) == 1:
            return f"{name}({told[0][0]}): {told[0][1]}, {done}"
        lines = [f"{name}: {_count(self.parameters)} in {len(told)} groups, {done}"]
        return "\n".join(lines + [f"  {k}: {options}: {count}" for k, (options, count) in enumerate(told)])

    def _repr_html_(self) -> str:
        head, *groups = repr(self).splitlines()
        rows = [(name, labelled(p), f"{p.size:,}") for name, p, _, _ in self._entries()]
        many = table(("parameter", "shape", "numbers"), rows)
        return block(folded(head, "", *map(paragraph, groups), many, opened=False))


def _count(parameters: list[Tensor]) -> str:
    numbers, count = sum(p.size for p in parameters), len(parameters)
    return f"{count:,} parameter{'s' * (count != 1)}, {numbers:,} number{'s' * (numbers != 1)}"
