"""What a user's own row lacks, said when it is made and not when somebody reads it."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, KindError
from minigrad.primitive import Notation, Primitive

# What SymPy has under names in small letters that are no functions.
_CONSTANTS = {"pi", "oo", "zoo", "nan"}


def check(row: Primitive) -> None:
    """Refuse a row whose facts are missing, of another kind, or at odds with one another.

    Raises
    ------
    KindError
        When a fact is of another kind than the row takes.
    ArgumentError
        When the forward function takes another number of arguments than there are rules, or the meaning
        is no formula.
    """
    rules = {"forward": row.forward, "vjp": row.vjp, **{f"vjps[{k}]": f for k, f in enumerate(row.vjps)}}
    for fact, rule in rules.items():
        if not callable(rule) and (rule is not None or fact == "forward"):
            raise KindError(f"{row.name}: {fact} is a function, not {rule!r}")
    if row.notation is not None and not isinstance(row.notation, Notation):
        raise KindError(f"{row.name}: notation is a Notation(text, latex), not {row.notation!r}")
    if not isinstance(row.kinks, str):
        raise KindError(f"{row.name}: kinks is a text, not {row.kinks!r}")
    if row.arity is not None:
        _check_arity(row, row.arity)
    if row.reads is not None:
        _check_reads(row, row.reads)
    _check_rules(row)
    if isinstance(row.meaning, str):
        if row.kind == "elementwise":
            _check_formula(row, row.meaning)
        else:
            _check_einsum(row, row.meaning)
    elif row.meaning is not None and not callable(row.meaning):
        raise KindError(f"{row.name}: meaning is a text or a function, not {row.meaning!r}")


def _check_arity(row: Primitive, arity: int) -> None:
    if not arity:
        raise ArgumentError(
            f"{row.name}: vjps has no rule; give one for each argument, None for one without a derivative"
        )
    least, most = _arguments(row.forward)
    if not least <= arity <= most:
        raise ArgumentError(
            f"{row.name}: its forward function takes {_taken(least, most)} arguments and vjps has {arity} rules; give one "
            "for each argument, None for one without a derivative, and put parameters behind a *"
        )


def _check_reads(row: Primitive, reads: Any) -> None:
    if not isinstance(reads, (tuple, list)) or not all(isinstance(each, str) for each in reads):
        raise KindError(f"{row.name}: reads is a tuple of texts, one for each rule, not {reads!r}")
    count = row.arity or 0
    known = {"y", *map(str, range(count))}
    if len(reads) != count or not all(set(each) <= known for each in reads):
        raise ArgumentError(
            f"{row.name}: reads={tuple(reads)!r} is not one text for each of {count} rules, of y for the result "
            f"and 0 up to {count - 1} for the arguments"
        )


def _check_rules(row: Primitive) -> None:
    """A rule takes what it is called with: the cotangent, the result and the arguments."""
    least, most = _arguments(row.forward) if row.arity is None else (row.arity, row.arity)
    called = [(f"vjps[{k}]", rule, "g, y", 2) for k, rule in enumerate(row.vjps) if rule is not None]
    if row.vjp is not None:
        called.append(("vjp", row.vjp, "i, g, y", 3))
    for fact, rule, first, count in called:
        lowest, highest = _arguments(rule)
        if lowest > least + count or highest < most + count:
            behind = "arguments" if most > 1 else "argument"
            many = "any number of" if most == np.inf else str(int(most))
            raise ArgumentError(
                f"{row.name}: {fact} is called with ({first}) and {many} {behind}, and parameters by name; it "
                f"takes {_taken(lowest, highest)}"
            )


def _taken(least: float, most: float) -> str:
    if most == np.inf:
        return f"at least {int(least)}"
    return f"{int(least)}" if least == most else f"{int(least)} to {int(most)}"


def _arguments(forward: Any) -> tuple[float, float]:
    """The least and the largest number of arrays that a function takes."""
    if isinstance(forward, np.ufunc):
        return forward.nin, forward.nin
    try:
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):  # A few functions written in C do not say.
        return 0, np.inf
    placed = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    many = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    return sum(p.default is p.empty for p in placed), np.inf if many else len(placed)


def _check_formula(row: Primitive, text: str) -> None:
    """Names are the arguments, parameters, constants; what is called is SymPy's to know."""
    from minigrad.index.heads import ARGUMENTS, refuse_programs  # They need all of index notation.

    arguments = ARGUMENTS[: row.arity]
    try:
        tree = ast.parse(refuse_programs(text, (*arguments, *row.params)).strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        raise ArgumentError(
            f"{row.name}: its meaning {text!r} is no formula ({error}); write it in the names x, y, z and "
            "SymPy's functions"
        ) from None
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node not in called and node.id.islower():
            if node.id not in (*arguments, *row.params, *_CONSTANTS):
                known = ", ".join((*arguments, *row.params))
                raise ArgumentError(
                    f"{row.name}: its meaning {text!r} speaks of {node.id}; its arguments and parameters "
                    f"are {known}"
                )


def _check_einsum(row: Primitive, text: str) -> None:
    operands, arrow, _ = text.partition("->")
    if not arrow:
        raise ArgumentError(
            f"{row.name}: its meaning {text!r} is no Einstein sum such as 'ij,j->i'; anything else is a "
            "function of views"
        )
    count = len(operands.split(","))
    if row.arity is not None and count != row.arity:
        raise ArgumentError(
            f"{row.name}: its meaning {text!r} has {count} operands and vjps {row.arity} rules"
        )
