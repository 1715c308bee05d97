"""What a module holds: the parameters, buffers and modules in its attributes, and their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from minigrad.errors import ArgumentError, GradientError, KindError
from minigrad.graph.tensor import Tensor
from minigrad.names import LONGEST, checked_name

_T = TypeVar("_T")
_PLAIN = (int, float, str)  # what most attributes are that do not count


class Named(dict[str, _T]):
    """What a module holds, by full names: a mapping that goes through its pairs.

    ``for name, p in named`` and ``named.items()`` give pairs; ``named["first.W"]``, ``name in named`` and
    ``named.keys()`` are a dictionary's, and ``dict(named)`` is one.
    """

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items())


class Listed(list[_T]):
    """A list, which says so where PyTorch has an iterator."""

    def __next__(self) -> _T:
        raise KindError("next: parameters() is a list; write model.parameters()[0]")


class Holder:
    """What has members: its attributes, under their names.

    ``_held`` are the names of tensors that required a gradient when they became members: they stay
    parameters while they are frozen. ``_buffers`` are the names of tensors that are state.
    """

    _label: str | None = None
    _held: frozenset[str] = frozenset()
    _buffers: tuple[str, ...] = ()

    def _attributes(self) -> Iterable[tuple[str, Any]]:
        return vars(self).items()

    def _members(self) -> Iterator[tuple[str, str, Any]]:
        """The leaves and holders in all attributes, with their names and their labels in scopes."""
        for name, value in self._attributes():
            if not isinstance(value, _PLAIN):
                yield from members(name, name, value)

    def _own_parameters(self) -> Iterator[tuple[str, Tensor]]:
        for name, _, member in self._members():
            if isinstance(member, Tensor) and (member.requires_grad or name in self._held):
                yield name, member

    def _own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        for name in self._buffers:
            yield name, getattr(self, name)

    def _own_modules(self) -> Iterator[tuple[str, Any]]:
        for name, _, member in self._members():
            if isinstance(member, Holder):
                yield name, member


def refuse_result(module: Any, name: str, value: object) -> None:
    """Refuse a result in the place of a parameter, which would be trained no more.

    Raises
    ------
    GradientError
        It says how a parameter is updated.
    """
    if isinstance(value, Tensor) and value.grad_fn is not None and is_parameter(vars(module).get(name)):
        raise GradientError(
            f"{type(module).__name__}.{name} is a parameter and would be none any more; to update it "
            f"write 'with mg.no_grad(): module.{name} -= ...', and keep a result under another name"
        )


def is_parameter(value: object) -> bool:
    """Whether this is a leaf that requires a gradient."""
    return isinstance(value, Tensor) and value.requires_grad and value._node.op is None  # type: ignore[union-attr]


def members(name: str, label: str, value: object) -> Iterator[tuple[str, str, Any]]:
    """The leaves and holders in an attribute, with their names and their labels in scopes."""
    if isinstance(value, Tensor):
        if value._node is None or value._node.op is None:
            yield name, label, value
    elif isinstance(value, list | tuple):  # a list of modules is a module, too, and counts as a list
        for k, item in enumerate(value):
            yield from members(f"{name}.{k}", f"{label}[{k}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            checked_name(str(key), f"{name}: a key")
            yield from members(f"{name}.{key}", f"{label}[{key}]", item)
    elif isinstance(value, Holder):
        yield name, label, value


def walk(holder: Holder, path: str = "", above: tuple[Holder, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The holder under ``path``, and all its parts by their full names.

    Raises
    ------
    ArgumentError
        When a module is a part of itself.
    """
    if any(holder is each for each in above):
        raise ArgumentError(
            f"{path}: this {type(holder).__name__} is a part of itself, and would have no last parameter; "
            "keep what leads back to a whole in a function, lambda: whole"
        )
    yield path, holder
    for name, child in holder._own_modules():
        yield from walk(child, f"{path}.{name}" if path else name, (*above, holder))


def everywhere(
    holder: Holder, own: Callable[[Holder], Iterable[tuple[str, Tensor]]]
) -> Iterator[tuple[str, Tensor]]:
    """What the holder and each of its parts have of their own, by full names."""
    for path, part in walk(holder):
        for name, member in own(part):
            yield f"{path}.{name}" if path else name, member


def adopt(owner: Holder, name: str, value: object) -> bool:
    """Tell what an attribute holds what it is called in graphs; whether that was news to a module."""
    news = False
    held = set()
    for full, label, member in members(name, name, value):
        if isinstance(member, Holder):
            checked_name(name, "an attribute")
            news = news or member._label != label
            object.__setattr__(member, "_label", label)
        elif member.requires_grad:
            checked_name(name, "an attribute")
            held.add(full)
            if member.name is None:
                member.named(full.replace(".", "")[-LONGEST:])
    if not held <= owner._held:
        object.__setattr__(owner, "_held", owner._held | held)
    return news


def forget(owner: Holder, name: str) -> None:
    """Forget which parameters an attribute held that gets another value."""
    kept = frozenset(n for n in owner._held if n != name and not n.startswith(f"{name}."))
    if kept != owner._held:
        object.__setattr__(owner, "_held", kept)


def refuse_circle(owner: Holder, name: str, value: object) -> None:
    """Refuse to make a module a part of itself.

    Raises
    ------
    ArgumentError
        When the value holds its owner.
    """
    for full, _, member in members(name, name, value):
        if isinstance(member, Holder):
            for _ in walk(member, full, (owner,)):
                pass
