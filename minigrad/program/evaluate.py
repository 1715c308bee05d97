"""The value of an expression on arrays: the language run directly, with no row's forward or VJP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.index.expr import Expr
from minigrad.program import program, run
from minigrad.program.arithmetic import FLOATS, Arithmetic
from minigrad.program.environment import Environment


def evaluate(
    root: Expr, values: Mapping[str, Any], sizes: Mapping[str, int], arithmetic: Arithmetic = FLOATS
) -> Any:
    """``root`` as an array, given the arrays of its variables and the sizes of its dims."""
    return evaluate_all([root], Environment(values, sizes, arithmetic))[0]


def evaluate_all(roots: Sequence[Expr], env: Environment) -> list[Any]:
    """Several expressions at once; what they share is computed once.

    Floats use stable forms of functions and a good order of contraction; other arithmetics follow the
    definitions.
    """
    return run(program(roots, env.sizes, not env.arithmetic.exact).results, env)
