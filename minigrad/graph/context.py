"""What surrounds an operation: its scope, and whether the graph is being recorded.

State lives in a context variable, so threads and asynchronous tasks never see each other's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from minigrad.names import checked_name


class Scope:
    """One entry into a named region; entering the same region again makes another Scope."""

    __slots__ = ("__weakref__", "label", "parent", "path")
    label: str
    parent: Scope | None
    path: str

    def __init__(self, label: str = "", parent: Scope | None = None) -> None:
        self.label, self.parent = label, parent
        self.path = f"{parent.path}.{label}" if parent is not None and parent.path else label

    def __reduce_ex__(self, protocol: Any) -> str | tuple[Any, ...]:
        # there is one outermost scope, also for what is unpickled
        return "ROOT" if self is ROOT else super().__reduce_ex__(protocol)

    @property
    def is_call(self) -> bool:
        """Whether this marks a call, which adds nothing to the path; see :func:`call`."""
        return self.parent is not None and self.path == self.parent.path


class PausedScope(Scope):
    """A scope in which nothing is recorded."""

    __slots__ = ()


class WatchedScope(Scope):
    """A scope in which every result is searched for NaN and infinity."""

    __slots__ = ("recording",)
    recording: bool

    def __init__(self, recording: bool, label: str = "", parent: Scope | None = None) -> None:
        super().__init__(label, parent)
        self.recording = recording


ROOT = Scope()
_CURRENT: ContextVar[Scope] = ContextVar("minigrad_scope", default=ROOT)
current_scope = _CURRENT.get


def is_recording(scope: Scope) -> bool:
    """Whether operations run in this scope enter the graph."""
    if isinstance(scope, WatchedScope):
        return scope.recording
    return not isinstance(scope, PausedScope)


def _inside(outer: Scope, label: str) -> Scope:
    if isinstance(outer, WatchedScope):
        return WatchedScope(outer.recording, label, outer)
    return type(outer)(label, outer)


@contextmanager
def _entered(scope: Scope) -> Iterator[None]:
    token = _CURRENT.set(scope)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Name a region of the program; operations and tensors made inside carry its path.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0], name="x")
    >>> with mg.scope("Query"):
    ...     q = (x * 2).named("Q")
    """
    with region(checked_name(name, "scope")):
        yield


@contextmanager
def region(label: str) -> Iterator[None]:
    """A scope whose label is made of names that came through the door, as parts[key] is."""
    with _entered(_inside(current_scope(), label)):
        yield


@contextmanager
def call(name: str) -> Iterator[None]:
    """Mark one call of a function whose tensors have names.

    Its names are printed as they are; only where another call gives the same ones does the call's
    own name, with a number, tell them apart.
    """
    inner = _inside(current_scope(), checked_name(name, "call"))
    assert inner.parent is not None
    inner.path = inner.parent.path
    with _entered(inner):
        yield


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: results carry no graph and require no gradient."""
    outer = current_scope()
    paused = (
        WatchedScope(False, outer.label, outer.parent)
        if isinstance(outer, WatchedScope)
        else PausedScope(outer.label, outer.parent)
    )
    with _entered(paused):
        yield


@contextmanager
def debug_nans() -> Iterator[None]:
    """Raise at the first NaN or infinity, naming its operation, inputs and line of user code.

    Holds for the forward computation and for a backward pass run inside the block.

    Raises
    ------
    NonFiniteError
        When an operation or a VJP makes a NaN or an infinity out of finite numbers.
    """
    outer = current_scope()
    with _entered(WatchedScope(is_recording(outer), outer.label, outer.parent)):
        yield
