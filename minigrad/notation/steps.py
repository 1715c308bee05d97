"""The backward pass step by step: every line with the rule that justifies it, in words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minigrad.index.expr import Expr, Leaf, Ref
from minigrad.notation.lines import Line
from minigrad.notation.rules import mentions, path_rules

# More rules on one line than these hide the first ones; the inner ones are then left out.
_MOST_RULES = 4


@dataclass(frozen=True)
class Step:
    """One line of a derivation and why it holds."""

    line: Line
    rule: str

    def __str__(self) -> str:
        return f"{self.line.text()}    {self.rule}"


def steps(
    lines: Sequence[tuple[Line, str]], definitions: Sequence[Ref], output: Expr
) -> list[Step]:
    """Lines with their rules, each given with the name of the tensor that it differentiates by."""
    shown = {of for _, of in lines}
    return [Step(line, rule(of, definitions, output, shown)) for line, of in lines]


def rule(of: str, definitions: Sequence[Ref], output: Expr, shown: Collection[str] = ()) -> str:
    """In words: where the tensor is used, and how a gradient passes through that.

    What lies between the tensor and the next gradient that is ``shown`` is gone through in one step.
    """
    name = output.name if isinstance(output, Ref) else ("L" if not output.ndim else "the output")
    if isinstance(output, Ref | Leaf) and output.name == of:
        return "the output itself"
    formulas = {ref.name: ref.node for ref in definitions}
    if not isinstance(output, Ref):
        formulas[name] = output
    users = [user for user, node in formulas.items() if mentions(node, of, {})]
    if not users:
        return f"{name} does not depend on it"
    if len(users) > 1:
        paths = ", ".join(users[:-1]) + f" and {users[-1]}"
        return f"{of} is used in {paths}: the contributions of {len(users)} paths are added"
    way, (rules, places) = [users[0]], path_rules(formulas[users[0]], of)
    while way[0] != name and way[0] not in shown:
        above = [user for user, node in formulas.items() if mentions(node, way[0], {})]
        if len(above) != 1:
            break
        rules = [*path_rules(formulas[above[0]], way[0])[0], *rules]
        way.insert(0, above[0])
    return _said(f"through {' and '.join(way)}", list(dict.fromkeys(rules)), places, of)


def second_rule(of: str, by: str, gradient: Expr) -> str:
    """In words: how the gradient by one variable is differentiated by another."""
    if not mentions(gradient, by, {}) and not any(True for _ in gradient.children()):
        return f"d{of} is differentiated by {by} again"
    rules, places = path_rules(gradient, by)
    if not places:
        return f"d{of} is differentiated by {by} through the names in it"
    return _said(f"d{of} is differentiated by {by} again", rules, places, by)


def _said(start: str, rules: Sequence[str], places: int, of: str) -> str:
    shown = [*rules[:_MOST_RULES], *(["…"] if len(rules) > _MOST_RULES else [])]
    if places > 1:
        shown.insert(0, f"{of} occurs {places} times, one term each")
    if not shown:
        return f"{start}: linear, so the derivative is what stands beside {of}"
    return f"{start}: {'; then '.join(shown)}"
