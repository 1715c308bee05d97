"""The backward pass step by step: every line with the rule that justifies it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minigrad.index.expr import (
    Composite,
    Expr,
    Extremum,
    Map,
    MatrixFunction,
    Product,
    Ref,
    Sum,
)
from minigrad.notation.functions import written
from minigrad.notation.lines import Line, direct_names


@dataclass(frozen=True)
class Step:
    """One line of a derivation and why it holds."""

    line: Line
    rule: str

    def __str__(self) -> str:
        return f"{self.line.text()}    {self.rule}"


def steps(lines: Sequence[Line], definitions: Sequence[Ref], output: Expr) -> list[Step]:
    """The gradient lines with their rules, given the definitions of the named tensors."""
    return [Step(ln, rule(ln.of, definitions, output)) for ln in lines if ln.of is not None]


def rule(of: str, definitions: Sequence[Ref], output: Expr) -> str:
    """In words: where the tensor is used, and how a gradient passes through that."""
    users = [ref for ref in definitions if _uses(ref.node, of)]
    if not users:
        return (
            "the output itself"
            if isinstance(output, Ref) and output.name == of
            else _through(output, of, "the output")
        )
    if len(users) == 1:
        return _through(users[0].node, of, users[0].name)
    paths = ", ".join(ref.name for ref in users[:-1]) + f" and {users[-1].name}"
    return f"{of} is used in {paths}: the sum of {len(users)} paths"


def _uses(node: Expr, name: str) -> bool:
    return name in _symbols(node)


def _symbols(node: Expr) -> set[str]:
    """Names and variables that a formula mentions directly."""
    found = {ref.name for ref in direct_names(node)}
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Ref):
            continue
        if not top.children() and hasattr(top, "name"):
            found.add(top.name)
        stack.extend(top.children())
    return found


def _through(node: Expr, of: str, user: str) -> str:
    match node:
        case Composite():
            return f"through {user} = {written(node.definition.name).text}: its definition, differentiated"
        case Map():
            return f"through {user} = {written(node.head.name).text}: the chain rule, element by element"
        case Product() if any(f.exponent != 1 and _uses(f.node, of) for f in node.factors):
            return f"through {user}: the power rule"
        case Product():
            return f"through {user}, which is linear in {of}: the other factors, transposed where they must be"
        case Sum():
            return f"through {user}, a sum: each term passes the gradient on"
        case MatrixFunction():
            return f"through {user}: the differential of {node.name}"
        case Extremum():
            if node.kind == "max":
                return f"through {user}: the gradient goes to the largest element, ties share it"
            return f"through {user}: each element's gradient is the product of the others"
    return f"through {user}"
