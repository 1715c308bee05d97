"""What runs a step: NumPy by its own calls into planned memory, JAX and PyTorch by the text written for them."""

from __future__ import annotations

import contextvars
import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from minigrad.api.arguments import exact, exactly
from minigrad.errors import MissingPackageError
from minigrad.source.layout import Source

Run = Callable[..., Any]
# By argument: the array, and what its elements are
Given = Mapping[str, tuple[Any, str]]


class Written(Protocol):
    """One text, and what runs of it."""

    arguments: Sequence[str]  # the variables whose arrays a call gives, in their order

    @property
    def source(self) -> str:
        """The text."""

    def prepared(self, arrays: Mapping[str, Any], dtype: str) -> Run:
        """What runs for arrays of these types, in this thread, computing in this type of floats."""


class NumPyText:
    """A text for NumPy: a function that makes buffers and returns the step that works in them.

    ``held`` are the arrays of the graph that are too large to be written out, and ``kinds`` says of each
    variable what its elements are.
    """

    def __init__(
        self, source: str, arguments: Sequence[str], held: Mapping[str, Any], kinds: Mapping[str, str]
    ) -> None:
        self.source, self._held, self._kinds = source, held, kinds
        self._all = tuple(arguments)
        self.arguments: Sequence[str] = [name for name in arguments if name not in held]
        self._prepare = _executed(source)["prepare"]

    def prepared(self, arrays: Mapping[str, Any], dtype: str) -> Run:
        """What runs, with buffers of its own."""
        run = self._prepare(np.dtype(dtype))
        # NumPy's warnings are off in a context of its own, which costs less than turning them off
        quiet = contextvars.copy_context()
        quiet.run(np.seterr, all="ignore")
        types = {"float": np.dtype(dtype), "bool": np.dtype(bool), "index": np.dtype(np.intp)}
        wanted = {name: types[self._kinds.get(name, "float")] for name in self._all}
        if not self._held and all(arrays[n].dtype == wanted[n] for n in self.arguments):
            return partial(quiet.run, run)
        held = {name: a.astype(wanted[name]) for name, a in self._held.items()}

        def converted(*values: Any) -> Any:
            given = dict(zip(self.arguments, values, strict=True), **held)
            kinds = ((name, self._kinds.get(name, "float")) for name in self._all)
            return quiet.run(run, *(exactly(n, given[n], wanted[n], kind) for n, kind in kinds))

        return converted


class LibraryText:
    """A text in the language of a library, whose arrays the step returns.

    ``kinds`` says of each variable that it reads what its elements are, ``held`` are the arrays of the graph
    that are too large to be written out, and ``sizes`` what dims measure.
    """

    def __init__(
        self,
        source: Source,
        language: str,
        kinds: Mapping[str, str],
        held: Mapping[str, Any],
        sizes: Mapping[str, int],
    ) -> None:
        self.source, self._language, self._held, self._kinds = source, language, held, kinds
        self._arrays = {a: name for a, name in source.arguments.items() if name in kinds}
        self._dims = {a: sizes[n] for a, n in source.arguments.items() if a not in self._arrays}
        self.arguments: Sequence[str] = [n for n in self._arrays.values() if n not in held]
        self._runs: dict[str, Run] = {}

    def prepared(self, arrays: Mapping[str, Any], dtype: str) -> Run:
        """What runs, the same for all threads and shapes; the library is loaded now."""
        if dtype not in self._runs:
            self._runs[dtype] = self._run(dtype)
        return self._runs[dtype]

    def _run(self, dtype: str) -> Run:
        library = imported(self._language)
        step = partial(_executed(self.source)["step"], **self._dims)
        make = _jitted if self._language == "jax" else _without_gradients
        run = make(library, step, dtype)

        def given(*values: Any) -> Any:
            by_name = dict(zip(self.arguments, values, strict=True), **self._held)
            wanted = ((a, n, self._kinds[n]) for a, n in self._arrays.items())
            return run({a: (exact(n, by_name[n], kind), kind) for a, n, kind in wanted})

        return given


def _executed(source: str) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(compile(source, "<minigrad step>", "exec"), scope)
    return scope


def imported(language: str) -> Any:
    """The library of that name.

    Raises
    ------
    MissingPackageError
        When it is not installed.
    """
    try:
        return importlib.import_module(language)
    except ImportError as error:
        raise MissingPackageError(
            f'compile: target={language!r} runs in a package that is not installed; pip install "minigrad[{language}]"'
        ) from error


def _jitted(jax: Any, step: Run, dtype: str) -> Run:
    """The step compiled by XLA, in the type of its arrays whatever the library's default is."""
    compiled = jax.jit(step)
    home = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")

    def run(values: Given) -> Any:
        with home.enable_x64(dtype == "float64" or jax.config.jax_enable_x64):
            arrays = {a: (jax.numpy.asarray(value), kind) for a, (value, kind) in values.items()}
            return compiled(**{a: x.astype(dtype) if k == "float" else x for a, (x, k) in arrays.items()})

    return run


def _without_gradients(torch: Any, step: Run, dtype: str) -> Run:
    kind = getattr(torch, dtype)

    def run(values: Given) -> Any:
        with torch.no_grad():
            tensors = {a: (torch.as_tensor(_plain(x)), k) for a, (x, k) in values.items()}
            return step(**{a: t.to(kind) if k == "float" else t for a, (t, k) in tensors.items()})

    return run


def _plain(array: Any) -> Any:
    """What PyTorch can read: in memory from front to back, and writeable."""
    if not isinstance(array, np.ndarray):
        return array
    fits = array.flags.writeable and all(step >= 0 for step in array.strides)
    return array if fits else array.copy()
