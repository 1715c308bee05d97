"""Public names: where an operation is found by programs, by NumPy and behind a dot.

A row is published under its own name, so that nothing lists operations a second time: the namespaces
``mg``, ``mg.linalg``, ``mg.special`` and ``mg.nn.functional``, NumPy's functions on tensors, the
methods of Tensor, the names of ``mg.parse`` and the type stubs are all read from the tables here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from minigrad.graph.protocols import FUNCTIONS, UFUNCS, implements
from minigrad.graph.tensor import Tensor
from minigrad.primitive import AS_IT_IS, Names

_F = TypeVar("_F", bound=Callable[..., Any])

# Every built-in operation by its public name, "exp" or "linalg.inv", and by its further ones.
PUBLIC: dict[str, Callable[..., Any]] = {}
# The methods of Tensor that are operations, and words that stand for one in a text.
TENSOR_METHODS: dict[str, Callable[..., Any]] = {}
WORDS: dict[str, Callable[..., Any]] = {}


def publish(
    function: Callable[..., Any],
    name: str,
    names: Names = AS_IT_IS,
    methods: tuple[str, ...] = (),
) -> None:
    """Enter a built-in operation into every table in which its names stand."""
    if not names.public:
        return
    for own in (name, *names.also):
        PUBLIC[own] = function
        _for_numpy(own, function)
    for other in names.numpy:
        _for_numpy(other, function)
    for method in methods:
        TENSOR_METHODS[method] = function
        setattr(Tensor, method, function)
    WORDS.update(dict.fromkeys(names.words, function))


def publish_own(function: Callable[..., Any], name: str) -> None:
    """Let NumPy's function of this name run a user's operation, where no built-in one has it."""
    theirs = numpy_function(name)
    known = FUNCTIONS.get(theirs) or UFUNCS.get(theirs)
    row = getattr(known, "primitive", None)
    if known is None or (row is not None and not row.builtin):
        _for_numpy(name, function)


def public(
    name: str, *also: str, numpy: tuple[str, ...] = (), methods: tuple[str, ...] = ()
) -> Callable[[_F], _F]:
    """Publish a function that is no row: it gives several results, or only names another's."""

    def decorate(function: _F) -> _F:
        publish(function, name, Names(also=also, numpy=numpy), methods)
        return function

    return decorate


def namespace(prefix: str) -> dict[str, Callable[..., Any]]:
    """What is public under ``prefix``: "" for NumPy's own names, "linalg.", "special.", "nn."."""
    inside = prefix.removesuffix(".")
    parted = ((name.rpartition("."), function) for name, function in PUBLIC.items())
    return dict(sorted((last, function) for (room, _, last), function in parted if room == inside))


def numpy_function(name: str) -> Any:
    """NumPy's function of this public name, or None."""
    inside, _, short = name.rpartition(".")
    theirs = {"": np, "linalg": np.linalg}.get(inside)
    found = vars(theirs).get(short) if theirs else None
    return found if callable(found) and not isinstance(found, type) else None


def by_numpy(name: str) -> Callable[..., Any] | None:
    """The operation that runs when NumPy's function of this name meets a tensor: acos, concat."""
    theirs = numpy_function(name)
    found = None if theirs is None else FUNCTIONS.get(theirs) or UFUNCS.get(theirs)
    return found if found in PUBLIC.values() else None


def numpy_names() -> Iterator[str]:
    """The names that NumPy has for operations here."""
    yield from (name for name in vars(np) if by_numpy(name) is not None)


def _for_numpy(name: str, function: Callable[..., Any]) -> None:
    theirs = numpy_function(name)
    if theirs is not None:
        implements(theirs, by=function)
