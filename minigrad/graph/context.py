"""What surrounds an operation: its scope, and whether the graph is being recorded.

State lives in a context variable, so threads and asynchronous tasks never see each other's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from minigrad.errors import KindError
from minigrad.names import checked_name

_F = TypeVar("_F", bound=Callable[..., Any])


class Scope:
    """One entry into a named region; entering the same region again makes another Scope.

    ``kind`` says what is run in it where that is a module: Linear.
    """

    __slots__ = ("__weakref__", "kind", "label", "parent", "path")
    kind: str
    label: str
    parent: Scope | None
    path: str

    def __init__(self, label: str = "", parent: Scope | None = None) -> None:
        self.kind, self.label, self.parent = "", label, parent
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
def region(label: str, kind: str = "") -> Iterator[None]:
    """A scope whose label is made of names that came through the door, as parts[key] is."""
    inner = _inside(current_scope(), label)
    inner.kind = kind
    with _entered(inner):
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


# The scopes to which the blocks that are open here will return, the innermost last.
_OUTER: ContextVar[tuple[Scope, ...]] = ContextVar("minigrad_outer", default=())


class _Recording:
    """Whether operations enter the graph: for a block, which may be entered again, or a function.

    Inside a decorated generator or coroutine it holds while that runs, and not while it waits.
    """

    recording: bool

    def __new__(cls, function: Any = None) -> Any:
        if function is None:
            return super().__new__(cls)
        if not callable(function):
            name = cls.__name__
            raise KindError(f"{name}: write 'with mg.{name}():', or @mg.{name} above a function, not {name}({function!r})")
        return super().__new__(cls)(function)

    def __enter__(self) -> None:
        outer = current_scope()
        kept = (outer.label, outer.parent)
        inner: Scope
        if isinstance(outer, WatchedScope):
            inner = WatchedScope(self.recording, *kept)
        else:
            inner = Scope(*kept) if self.recording else PausedScope(*kept)
        _OUTER.set((*_OUTER.get(), outer))
        _CURRENT.set(inner)

    def __exit__(self, *error: object) -> None:
        *others, outer = _OUTER.get()
        _OUTER.set(tuple(others))
        _CURRENT.set(outer)

    def __call__(self, function: _F) -> _F:
        import inspect  # Only needed where a function is decorated.

        again = type(self)
        if isinstance(function, type):
            raise KindError(f"{again.__name__}: decorate a method of {function.__name__}, not the class")
        if inspect.isasyncgenfunction(function):
            raise KindError(
                f"{again.__name__}: {function.__name__} is an asynchronous generator; write 'with mg."
                f"{again.__name__}():' around what computes in it"
            )
        steps = inspect.isgeneratorfunction(function)

        def run(*args: Any, **kwargs: Any) -> Any:
            if steps:
                return _stepwise(again, function(*args, **kwargs))
            with again():
                return function(*args, **kwargs)

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with again():
                return await function(*args, **kwargs)

        wrapper = awaited if inspect.iscoroutinefunction(function) else run
        return functools.wraps(function)(wrapper)  # type: ignore[return-value]


def _stepwise(mode: type[_Recording], steps: Any) -> Any:
    """A generator that runs in this mode, and whoever asks it for values in his own."""
    step, given = steps.send, (None,)
    while True:
        try:
            with mode():
                value = step(*given)
        except StopIteration as stop:
            return stop.value
        try:
            step, given = steps.send, ((yield value),)
        except GeneratorExit:
            steps.close()
            raise
        except BaseException as error:
            step, given = steps.throw, (error,)  # type: ignore[assignment]


class no_grad(_Recording):  # noqa: N801  (a function to its users)
    """Compute without recording: results carry no graph and require no gradient.

    For a block, ``with mg.no_grad():``, or a whole function, ``@mg.no_grad``. Inside, ``w -= u``
    changes a leaf in place as :meth:`Tensor.assign` does: graphs that captured the old value keep
    it, and their backward says so. A generator that yields from within a block leaves its caller in
    it; decorate the generator instead.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> with mg.no_grad():
    ...     w -= 0.25 * w.grad
    >>> w
    tensor([0.5, 1. ], requires_grad=True)
    """

    recording = False


class enable_grad(_Recording):  # noqa: N801
    """Record again inside :class:`no_grad`, for a block or a whole function.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor([1.0], requires_grad=True)
    >>> with mg.no_grad(), mg.enable_grad():
    ...     print((w * 2).requires_grad)
    True
    """

    recording = True


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
