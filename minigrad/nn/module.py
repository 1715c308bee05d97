"""Modules: parameters that belong together, under the names of the attributes that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.errors import ArgumentError
from minigrad.graph.context import current_scope, scope
from minigrad.graph.tensor import Tensor, labelled


class Module:
    """A function of tensors with parameters of its own.

    An attribute that is a leaf tensor requiring a gradient is a parameter; an attribute that is a
    module, or a list or tuple of modules, holds further ones. Names follow the attributes:
    ``attention.Wq``, ``blocks.0.Wq``. A subclass writes :meth:`forward`; calling the module runs
    it inside a scope with the module's name, so that graphs and formulas carry it.

    Examples
    --------
    >>> import minigrad as mg
    >>> class Scale(mg.nn.Module):
    ...     def __init__(self):
    ...         self.a = mg.tensor([1.0, 2.0], dims="d", requires_grad=True)
    ...
    ...     def forward(self, x):
    ...         return x * self.a
    >>> Scale()
    Scale: 2 parameters
      a  (d=2,)  2
    """

    _label: str | None = None

    def forward(self, *inputs: Any) -> Any:
        """Compute the module's function; a subclass says how."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def __call__(self, *inputs: Any) -> Any:
        """Run :meth:`forward` in the module's scope; the outermost module adds none."""
        if self._label is None:
            return self.forward(*inputs)
        with scope(self._label):
            # Two modules may both own a Wq: in a graph each lies in the scope that uses it.
            for _, parameter in _own_parameters(self):
                parameter._node.context = current_scope()  # type: ignore[union-attr]
            return self.forward(*inputs)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if is_parameter(value) and value.name is None:
            value.named(name)
        for label, child in _modules_in(name, value, "{}[{}]"):
            object.__setattr__(child, "_label", label)

    # -- parameters ----------------------------------------------------------------------------

    def named_parameters(self) -> dict[str, Tensor]:
        """All parameters by their full names, a module's own before those of its parts."""
        found = dict(_own_parameters(self))
        for name, child in _own_modules(self):
            found |= {f"{name}.{key}": p for key, p in child.named_parameters().items()}
        return found

    def parameters(self) -> list[Tensor]:
        """All parameters, each once, in the order of :meth:`named_parameters`."""
        return list(dict.fromkeys(self.named_parameters().values()))

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of all parameters' values by their full names."""
        return {name: p.numpy().copy() for name, p in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Give all parameters the values that :meth:`state_dict` once returned.

        Raises
        ------
        ArgumentError
            When names are missing or unexpected, or shapes differ; it lists all of them, and no
            parameter has changed.
        """
        parameters = self.named_parameters()
        arrays = {name: np.asarray(value) for name, value in state.items()}
        problems = sorted(_misfits(parameters, arrays))
        if problems:
            raise ArgumentError(
                f"load_state_dict: the state does not fit {type(self).__name__}; load it into the "
                "model that it was saved from\n  " + "\n  ".join(problems)
            )
        for name, parameter in parameters.items():
            parameter.assign(arrays[name])

    # -- text ----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        rows = list(_rows(self, type(self).__name__, 0))
        widths = [max((len(row[i]) for row in rows if row[1]), default=0) for i in (0, 1)]
        return "\n".join(
            f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count}" if shape else f"{name}: {count}"
            for name, shape, count in rows
        )


def is_parameter(value: object) -> bool:
    """Whether this is a leaf that requires a gradient."""
    if not isinstance(value, Tensor) or value._node is None:
        return False
    return value.requires_grad and value._node.op is None


def _own_parameters(module: Module) -> Iterator[tuple[str, Tensor]]:
    return ((name, value) for name, value in vars(module).items() if is_parameter(value))


def _own_modules(module: Module) -> Iterator[tuple[str, Module]]:
    for name, value in vars(module).items():
        yield from _modules_in(name, value, "{}.{}")


def _modules_in(name: str, value: object, numbered: str) -> Iterator[tuple[str, Module]]:
    """The modules that an attribute holds, with their names."""
    if isinstance(value, Module):
        yield name, value
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            if isinstance(item, Module):
                yield numbered.format(name, position), item


def _misfits(parameters: Mapping[str, Tensor], arrays: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    """A line for each name or shape in which a state differs from the parameters."""
    for name in parameters.keys() | arrays.keys():
        if name not in arrays:
            yield f"missing: {name} {labelled(parameters[name])}"
        elif name not in parameters:
            yield f"unexpected: {name} {arrays[name].shape}"
        elif arrays[name].shape != tuple(parameters[name].shape):
            wanted = labelled(parameters[name])
            yield f"mismatched: {name} has shape {arrays[name].shape}, not {wanted}"


def _rows(module: Module, title: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """Lines of a module's text: name, shape and count of a parameter; no shape for a module."""
    total = sum(p.size for p in module.parameters())
    yield "  " * depth + title, "", f"{total:,} parameter{'s' * (total != 1)}"
    for name, parameter in _own_parameters(module):
        yield "  " * (depth + 1) + name, labelled(parameter), f"{parameter.size:,}"
    for name, child in _own_modules(module):
        yield from _rows(child, f"{name}: {type(child).__name__}", depth + 1)
