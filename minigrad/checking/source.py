"""Generated source as a witness: the text is run alone, with its own library and nothing of minigrad."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import ArgumentError, DerivationError, MissingPackageError
from minigrad.source import LANGUAGES, Source


class Library(NamedTuple):
    """What runs a text: arrays of its own, and the errors of matrices that have no inverse."""

    array: Callable[[Any], Any]
    undefined: type[Exception] = np.linalg.LinAlgError


@contextmanager
def _numpy() -> Iterator[Library]:
    with np.errstate(all="ignore"):
        yield Library(np.asarray)


@contextmanager
def _jax() -> Iterator[Library]:
    """In double precision, whatever the library's default is."""
    jax = importlib.import_module("jax")
    where = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")
    with where.enable_x64(True):
        yield Library(jax.numpy.asarray)


@contextmanager
def _torch() -> Iterator[Library]:
    torch = importlib.import_module("torch")
    with torch.no_grad():
        yield Library(lambda array: torch.tensor(np.asarray(array)), torch.linalg.LinAlgError)


_LIBRARIES = {"numpy": _numpy, "jax": _jax, "torch": _torch}


def require(language: str) -> None:
    """Refuse a language that is not known, or whose library is not installed.

    Raises
    ------
    ArgumentError
        When it is not known.
    MissingPackageError
        That says how to install it.
    """
    if language not in LANGUAGES:
        known = ", ".join(map(repr, LANGUAGES))
        raise ArgumentError(f"check: source is written in {known}, not in {language!r}")
    if language != "numpy" and find_spec(language) is None:
        raise MissingPackageError(
            f"check: source in {language!r} runs in a package that is not installed; "
            f'pip install "minigrad[{language}]"'
        )


class GeneratedSource:
    """The text of one function that returns the arrays of all formulas; written when it is first run."""

    def __init__(self, write: Callable[[str], str], language: str = "numpy") -> None:
        self._write, self._language = write, language

    @cached_property
    def _function(self) -> tuple[Callable[..., dict[Any, Any]], Mapping[str, str]]:
        text = self._write(self._language)
        return function_of(text), text.arguments if isinstance(text, Source) else {}

    def arrays(self, values: Mapping[str, Any], sizes: Mapping[str, int]) -> list[Any]:
        """The arrays, in the order of the formulas, for arrays by the names of variables.

        Raises
        ------
        DerivationError
            When a parameter has no value here, or a matrix no inverse.
        """
        function, called = self._function
        known = {**sizes, **values}
        arguments: dict[str, Any] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if called.get(name, name) in known:
                arguments[name] = known[called.get(name, name)]
            elif parameter.default is inspect.Parameter.empty:
                raise DerivationError(f"the source needs {name!r}, which this graph does not have")
        with _LIBRARIES[self._language]() as library:
            given = {n: a if isinstance(a, int) else library.array(a) for n, a in arguments.items()}
            try:
                return [np.asarray(result) for result in function(**given).values()]
            except (library.undefined, ZeroDivisionError, ValueError) as error:
                if type(error) is ValueError and not str(error).startswith("zero-size"):
                    raise
                raise DerivationError(f"it is not defined at these numbers ({error})") from error


def function_of(text: str) -> Callable[..., Any]:
    """The last function that the text defines, in a namespace of its own."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<generated source>", "exec"), namespace)
    functions = [f for f in namespace.values() if inspect.isfunction(f)]
    return functions[-1]
