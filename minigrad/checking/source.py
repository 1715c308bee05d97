"""Generated source as a witness: the text is run alone, with NumPy and nothing of minigrad."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minigrad.errors import DerivationError
from minigrad.source import Source


def run_source(text: str, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """The value of the one function that ``text`` defines, on arrays by the names of variables.

    Raises
    ------
    DerivationError
        When a parameter has no value here.
    """
    function = function_of(text)
    known = {**sizes, **values}
    called = text.arguments if isinstance(text, Source) else {}
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if called.get(name, name) in known:
            arguments[name] = known[called.get(name, name)]
        elif parameter.default is inspect.Parameter.empty:
            raise DerivationError(f"the source needs {name!r}, which this graph does not have")
    with np.errstate(all="ignore"):
        return function(**arguments)


def function_of(text: str) -> Callable[..., Any]:
    """The last function that the text defines, in a namespace of its own."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<generated source>", "exec"), namespace)
    functions = [f for f in namespace.values() if inspect.isfunction(f)]
    return functions[-1]
