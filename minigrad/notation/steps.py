"""The backward pass step by step: every line with the rule that justifies it, in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from minigrad.index.expr import Expr, Leaf, Ref, is_name, postorder
from minigrad.notation.lines import Line, html
from minigrad.notation.rules import mentions, path_rules
from minigrad.notation.tree import Num
from minigrad.notation.words import heading, told

# More rules on one line than these hide the first ones; the inner ones are then left out.
_MOST_RULES = 4
_MOST_NAMES = 12
Said = tuple[str, str]  # a heading and sentences


@dataclass(frozen=True)
class Step:
    """One line of a derivation and why it holds: a ``heading`` as Through A, and a ``text`` in sentences.

    ``forward`` says that it is none of the backward pass.
    """

    line: Line
    heading: str
    text: str
    forward: bool = False

    @property
    def rule(self) -> str:
        """Both in one."""
        return f"{self.heading}. {self.text}"

    def __str__(self) -> str:
        return f"{self.line.text()}    {self.rule}"

    def __repr__(self) -> str:
        return f"<Step {self}>"

    def _repr_html_(self) -> str:
        return html([self.line], words=self.rule)


def steps(
    lines: Sequence[tuple[Line, str]], definitions: Sequence[Ref], outputs: Mapping[str, Expr]
) -> list[Step]:
    """Lines with their rules, each given with the name of the tensor that it differentiates by."""
    shown = {of for _, of in lines}
    rules = _Rules(definitions, outputs)
    return [Step(line, *rules.rule(of, shown)) for line, of in lines]


def definition(line: Line, forward: bool = False) -> Step:
    """A line that says what a name stands for, in words."""
    return Step(line, heading(line.tree), f"{line.left()} is {told(line.tree)}.", forward)


def start(loss: str) -> Step:
    """The first line of a backward pass: the gradient of the loss by itself."""
    first = Line(f"d{loss}", (), Num(Fraction(1)), loss, loss=loss)
    return Step(first, "The start", f"{loss} changes as much as itself.")


class _Rules:
    """The rules by which gradients pass through a graph of named tensors."""

    def __init__(self, definitions: Sequence[Ref], outputs: Mapping[str, Expr]) -> None:
        self.outputs = {_called(name, expr): expr for name, expr in outputs.items()}
        own = {name: expr for name, expr in self.outputs.items() if not isinstance(expr, Ref | Leaf)}
        self.formulas = {ref.name: ref.node for ref in definitions} | own
        self.users: dict[str, list[str]] = {}
        self.path = cache(self._path)
        for user, node in self.formulas.items():
            for name in dict.fromkeys(_names_in(node)):
                self.users.setdefault(name, []).append(user)

    def rule(self, of: str, shown: Collection[str]) -> Said:
        """In words: where the tensor is used, and how a gradient passes through that.

        What lies between the tensor and the next gradient that is ``shown`` is gone through in one step.
        """
        users = self.users.get(of, [])
        if not users and of in self.outputs:
            return "The start", f"{of} is the output itself."
        if not users:
            outputs = _listed([*self.outputs], " and ")
            return "No path", f"{outputs} does not depend on {of}."
        if len(users) > 1:
            paths = f"{_listed(users[:-1], ', ')} and {users[-1]}"
            return f"Through {paths}", f"The contributions of the {len(users)} paths are added."
        way, (rules, places) = [users[0]], self.path(users[0], of)
        met = [rules]  # from the tensor up
        while way[-1] not in self.outputs and way[-1] not in shown:
            above = self.users.get(way[-1], [])
            if len(above) != 1:
                break
            met.append(self.path(above[0], way[-1])[0])
            way.append(above[0])
        outermost_first = [rule for rules in reversed(met) for rule in rules]
        through = _listed(way[::-1], " and ")
        return f"Through {through}", _said(list(dict.fromkeys(outermost_first)), places, of)


    def _path(self, user: str, name: str) -> tuple[list[str], int]:
        return path_rules(self.formulas[user], name)


def _called(name: str, output: Expr) -> str:
    """An output's name in words; one with axes that nobody named is the output."""
    if isinstance(output, Ref | Leaf):
        return output.name
    return "the output" if output.ndim else name


def _listed(names: Sequence[str], between: str) -> str:
    """The names, or where they are many, the first and the last of them."""
    if len(names) <= _MOST_NAMES:
        return between.join(names)
    return f"{names[0]}{between}…{between}{names[-1]}"


def _names_in(root: Expr) -> Iterator[str]:
    """The tensors that a formula mentions, without looking behind their names."""
    for node in postorder(root, closed=is_name):
        if isinstance(node, Leaf) or (isinstance(node, Ref) and node.of is None):
            yield node.name


def tangent_rule(of: str, tangents: Sequence[str]) -> Said:
    """In words: how a gradient is differentiated along tangents of variables."""
    along = f"Along {_listed(tangents, ' and ')}"
    return along, f"The gradient d{of} is differentiated, each product by the product rule."


def next_rule(first: Sequence[str], by: str, gradient: Expr) -> Said:
    """In words: how a derivative by some variables is differentiated by another; the gradient is by the first."""
    of, *others = first
    again = f"d{of} by {by}"
    if others:
        ways = _listed([*others, by], ", then by ")
        return f"By {ways}", f"The gradient d{of} is differentiated by {ways}."
    if not mentions(gradient, by, {}) and not any(True for _ in gradient.children()):
        return again, f"The gradient d{of} is differentiated by {by}."
    rules, places = path_rules(gradient, by)
    if not places:
        return again, f"The gradient d{of} is differentiated by {by} through the names in it."
    return again, _said(rules, places, by)


def _said(rules: Sequence[str], places: int, of: str) -> str:
    """The rules as one sentence, which hides none of the first ones."""
    shown = [*rules[:_MOST_RULES], *(["…"] if len(rules) > _MOST_RULES else [])]
    if places > 1:
        shown.insert(0, f"each of the {places} places of {of} gives a term")
    if not shown:
        return f"The step is linear, so that the derivative is what stands beside {of}."
    said = "; then ".join(shown)
    # a symbol keeps its letter
    begins_with_a_word = re.match(r"[a-z]+[ ,-]", said) and said[:2] != "d "
    return f"{said[0].upper() if begins_with_a_word else said[0]}{said[1:]}{'' if said.endswith('…') else '.'}"
