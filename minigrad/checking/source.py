"""Generated source as a witness: the text is run alone, with NumPy and nothing of minigrad."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.errors import DerivationError
from minigrad.source import Source


class GeneratedSource:
    """The text of one function that returns the arrays of all formulas; written when it is first run."""

    def __init__(self, write: Callable[[], str]) -> None:
        self._write = write

    @cached_property
    def _function(self) -> tuple[Callable[..., dict[Any, Any]], Mapping[str, str]]:
        text = self._write()
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
        arguments = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if called.get(name, name) in known:
                arguments[name] = known[called.get(name, name)]
            elif parameter.default is inspect.Parameter.empty:
                raise DerivationError(f"the source needs {name!r}, which this graph does not have")
        with np.errstate(all="ignore"):
            try:
                return list(function(**arguments).values())
            except np.linalg.LinAlgError as error:
                raise DerivationError(f"it is not defined at these numbers ({error})") from error


def function_of(text: str) -> Callable[..., Any]:
    """The last function that the text defines, in a namespace of its own."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<generated source>", "exec"), namespace)
    functions = [f for f in namespace.values() if inspect.isfunction(f)]
    return functions[-1]
