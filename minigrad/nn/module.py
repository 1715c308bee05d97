"""Modules: parameters that belong together, under the names of the attributes that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from minigrad.errors import DtypeError
from minigrad.graph.context import call, current_scope, region
from minigrad.graph.node import leaf
from minigrad.graph.tensor import Tensor, labelled
from minigrad.names import LONGEST, checked_name
from minigrad.nn import state as plain
from minigrad.nn.labels import keep_apart


class Module:
    """A function of tensors with parameters of its own.

    An attribute that is a leaf tensor requiring a gradient is a parameter; an attribute that is a
    module holds further ones. Lists, tuples and dictionaries of parameters and modules count as
    well, also when they grow later. Names follow the attributes: ``attention.Wq``,
    ``blocks.0.Wq``. A subclass writes :meth:`forward`; calling the module runs it inside a scope
    with the module's name, so that graphs and formulas carry it.

    Attributes
    ----------
    training
        Whether the module is being trained; :meth:`train` and :meth:`eval` set it. Dropout acts
        only while it is true.

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

    training: bool = True
    _label: str | None = None

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the module's function; a subclass says how."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run :meth:`forward` in the module's scope; the outermost module's has no title."""
        label = self._label
        with call(type(self).__name__) if label is None else region(label):
            _settle(self)
            # Two modules may both own a Wq: in a graph each lies in the scope that uses it.
            for _, parameter in _own_parameters(self):
                parameter._node.context = current_scope()  # type: ignore[union-attr]
            return self.forward(*inputs, **options)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if _label_all(name, value):
            keep_apart(self.parameters())

    # -- parts ---------------------------------------------------------------------------------

    def named_modules(self) -> dict[str, Module]:
        """The module itself under the name "", and all its parts by their full names."""
        found: dict[str, Module] = {"": self}
        for name, child in _own_modules(self):
            for key, module in child.named_modules().items():
                found[f"{name}.{key}" if key else name] = module
        return found

    def modules(self) -> list[Module]:
        """The module itself and all its parts, each once."""
        return list(dict.fromkeys(self.named_modules().values()))

    def named_parameters(self) -> dict[str, Tensor]:
        """All parameters by their full names, a module's own before those of its parts."""
        found = dict(_own_parameters(self))
        for name, child in _own_modules(self):
            found |= {f"{name}.{key}": p for key, p in child.named_parameters().items()}
        return found

    def parameters(self) -> list[Tensor]:
        """All parameters, each once, in the order of :meth:`named_parameters`."""
        return list(dict.fromkeys(self.named_parameters().values()))

    def train(self, mode: bool = True) -> Self:
        """Set ``training`` in this module and all its parts, and return this module."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """End training: ``train(False)``."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def astype(self, dtype: DTypeLike) -> Self:
        """Convert all parameters in place, forget their gradients, and return this module.

        Graphs built before keep the old values, and so does the memory of an optimiser: convert
        before making one.

        Raises
        ------
        DtypeError
            When ``dtype`` holds no real numbers.
        """
        kind = np.dtype(dtype)
        if kind.kind != "f":
            raise DtypeError(
                f"astype: parameters need gradients and so real numbers, not {kind}; "
                "use float64 or float32"
            )
        for p in self.parameters():
            _convert(p, kind)
        return self

    # -- state ---------------------------------------------------------------------------------

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
        plain.load_values(type(self).__name__, self.named_parameters(), state)

    def random_state(self) -> dict[str, Any]:
        """Where the generators of all parts stand, as data that JSON can write.

        Together with :meth:`state_dict` it lets a run with dropout go on to the same bits.
        """
        return plain.random_states(self._generators())

    def load_random_state(self, state: Mapping[str, Any]) -> None:
        """Put all generators back to where :meth:`random_state` found them.

        Raises
        ------
        ArgumentError
            When names or kinds of generators differ; it lists all of them, and none has changed.
        """
        plain.load_random_states(type(self).__name__, self._generators(), state)

    def _generators(self) -> dict[str, np.random.Generator]:
        return {
            f"{path}.{name}" if path else name: value
            for path, module in self.named_modules().items()
            for name, value in vars(module).items()
            if isinstance(value, np.random.Generator)
        }

    # -- text ----------------------------------------------------------------------------------

    def describe(self) -> str:
        """What the text of this module says beside its class: settings, for example "p=0.1"."""
        return ""

    def __repr__(self) -> str:
        rows = list(_rows(self, "", 0))
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


def _convert(parameter: Tensor, dtype: np.dtype[Any]) -> None:
    """Another leaf inside the same tensor, so that whoever holds the tensor sees it."""
    old = parameter._node
    assert old is not None
    parameter._array = parameter.numpy().astype(dtype)
    parameter._node = leaf(
        parameter._array, name=old.name, dims=old.dims, assume=old.assume, requires_grad=True
    )


# -- what an attribute holds ------------------------------------------------------------------------


def _members(name: str, label: str, value: object) -> Iterator[tuple[str, str, Any]]:
    """The parameters and modules in an attribute, with their names and their labels in scopes."""
    if isinstance(value, Module) or is_parameter(value):
        yield name, label, value
    elif isinstance(value, list | tuple):
        for k, item in enumerate(value):
            yield from _members(f"{name}.{k}", f"{label}[{k}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            checked_name(str(key), f"{name}: a key")
            yield from _members(f"{name}.{key}", f"{label}[{key}]", item)


def _own_parameters(module: Module) -> Iterator[tuple[str, Tensor]]:
    for name, value in vars(module).items():
        for full, _, member in _members(name, name, value):
            if isinstance(member, Tensor):
                yield full, member


def _own_modules(module: Module) -> Iterator[tuple[str, Module]]:
    for name, value in vars(module).items():
        for full, _, member in _members(name, name, value):
            if isinstance(member, Module):
                yield full, member


def _label_all(name: str, value: object) -> bool:
    """Tell what an attribute holds what it is called in graphs; whether that was news to a module."""
    news = False
    for full, label, member in _members(name, name, value):
        checked_name(name, "an attribute")
        if isinstance(member, Module):
            news = news or member._label != label
            object.__setattr__(member, "_label", label)
        elif member.name is None:
            member.named(full.replace(".", "")[-LONGEST:])
    return news


def _settle(module: Module) -> None:
    """Name what lists and dictionaries have gained since they became attributes."""
    held = [(name, value) for name, value in vars(module).items() if isinstance(value, list | dict)]
    news = [_label_all(name, value) for name, value in held]
    if any(news):
        keep_apart(module.parameters())


def _rows(module: Module, name: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """Lines of a module's text: name, shape and count of a parameter; no shape for a module."""
    settings = module.describe()
    title = type(module).__name__ + (f"({settings})" if settings else "")
    total = sum(p.size for p in module.parameters())
    yield (
        "  " * depth + (f"{name}: {title}" if name else title),
        "",
        f"{total:,} parameter{'s' * (total != 1)}",
    )
    for own, parameter in _own_parameters(module):
        yield "  " * (depth + 1) + own, labelled(parameter), f"{parameter.size:,}"
    for own, child in _own_modules(module):
        yield from _rows(child, own, depth + 1)
