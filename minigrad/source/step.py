"""The text of a step: one function that returns a value, and gradients by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.index.size import AnySize
from minigrad.program import Program
from minigrad.source.constants import is_written_out
from minigrad.source.function import Function
from minigrad.source.layout import Layout, Result, Source


class StepFunction(Function):
    """A function that returns its first result, and a dict of the others."""

    def returned(self) -> str:
        """The value, and the gradients by their keys."""
        value, *gradients = self.results
        by_key = self.by_key(gradients)
        return f"{self.final(value).text}, {by_key}"


def step_source(
    made: Program,
    results: Sequence[Result],
    language: str,
    variables: Mapping[str, Sequence[AnySize]],
    constants: Mapping[str, Any],
    summary: str,
) -> Source:
    """The text of a function of the variables that returns ``(value, {name: gradient})``."""
    small = {n: a for n, a in constants.items() if is_written_out(a)}
    layout = Layout("step", summary, variables, constants=small, language=language)
    return StepFunction(made, results, layout).write()
