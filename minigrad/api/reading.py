"""What formulas of one derivation are read by: each derivative, and all that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from minigrad.api.pickled import parts_first
from minigrad.api.targets import dims_of
from minigrad.graph import Node, Tensor
from minigrad.index.expr import Expr, Ref, referred
from minigrad.index.size import AnySize
from minigrad.names import differential_name
from minigrad.notation.choose import form
from minigrad.notation.lines import (
    Line,
    backward_lines,
    direct_names,
    filled,
    forward_lines,
    laid_out,
    line,
    placed,
)
from minigrad.notation.text import ASCII, UNICODE
from minigrad.symbolic.autoname import FreeNames
from minigrad.symbolic.lower import Lowered

Key = str | tuple[str, str]


class Derived:
    """One derivative: its left side, what it is, whose gradient it is, and the axes of its parts.

    ``axes`` are the sizes of the output's axes, then of each variable's; ``of`` is None for a Jacobian or
    a Hessian.
    """

    def __init__(
        self, name: str, expr: Expr, of: str | None, axes: Sequence[tuple[AnySize, ...]]
    ) -> None:
        self.name, self._expr, self.of, self._axes = name, expr, of, axes

    def arguments(self) -> tuple[Any, ...]:
        """What makes this derivative again."""
        return self.name, self._expr, self.of, self._axes

    @property
    def expr(self) -> Expr:
        """The expression in index notation."""
        return self._expr

    @property
    def axes(self) -> Sequence[tuple[AnySize, ...]]:
        """The sizes of the value's axes: the output's, then each variable's."""
        return self._axes

    @property
    def sizes(self) -> tuple[AnySize, ...]:
        """The value's shape, its dims by name."""
        return tuple(size for part in self._axes for size in part)

    @cached_property
    def line(self) -> Line:
        """The formula's own line, without what its names stand for."""
        return Line(self.name, *form(self._expr, self.taken), self.of)

    @property
    def taken(self) -> frozenset[str]:
        """What is no index beside this formula."""
        return frozenset()


@dataclass
class Reading:
    """What all formulas of one derivation share: the lowered graph and the derived output."""

    lowered: Lowered
    output: Expr
    node: Node
    names: FreeNames
    gradients: dict[str, Expr] = field(default_factory=dict)  # by each variable, before the second
    short_sums: bool = False  # whether sums over a tensor and its gradient were shortened

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def parts_first(self, derived: Sequence[Derived]) -> list[object]:
        """What pickle is to write before these formulas."""
        exprs = [each.expr for each in derived]
        return parts_first(self.lowered, [self.output, *self.gradients.values(), *exprs])

    @property
    def output_name(self) -> str | None:
        """The name that the user gave the output."""
        return self.lowered.names.get(self.node)

    @cached_property
    def rank(self) -> dict[str, int]:
        """When each named tensor was made; an automatic name is as new as what it stands on."""
        made = {name: node.id for node, name in self.lowered.names.items()}
        for ref in referred(self.output):
            below = [made[child.name] for child in direct_names(ref.node)]
            made.setdefault(ref.name, max(below, default=0))
        return made

    @cached_property
    def definitions(self) -> list[Ref]:
        """The named tensors of the graph, first made first."""
        refs = [ref for ref in referred(self.output) if ref.of is None]
        return sorted(refs, key=lambda ref: self.rank.get(ref.name, 0))

    @cached_property
    def free_name(self) -> str:
        """What an output without a name is called where J or H would stand for several formulas."""
        taken = set(self.lowered.names.values()) | dims_of(self.lowered)
        own = ("Y", "F", "Z") if self.node.shape else ("L", "F", "Z")
        return next((name for name in own if name not in taken), "output")

    @cached_property
    def taken(self) -> frozenset[str]:
        """What lines of this derivation name: no index in any of them.

        A dim lends its name to indices all the same, but on lines that hold a tensor of that name.
        """
        names = frozenset(self.lowered.names.values()).union(self.names.given)
        return names - dims_of(self.lowered)

    def line_of(self, ref: Ref) -> Line:
        """What a name stands for."""
        return line(ref.name, ref.node, ref.of, taken=self.taken)

    @cached_property
    def outputs(self) -> dict[str, Expr]:
        """What the formulas are derivatives of, by name; an output without one is L or Y."""
        if self.lowered.cotangents:
            known = {ref.name: ref for ref in referred(self.output)}
            outputs = self.lowered.cotangents.values()
            return {o.name: known.get(o.name) or self.lowered.expr(o.node) for o in outputs}
        own = self.output.name if isinstance(self.output, Ref) else ("L", "Y")[self.output.ndim > 0]
        return {own: self.output}

    def name_of(self, tensor: Tensor) -> str | None:
        """A tensor's name in this graph."""
        return None if tensor._node is None else self.lowered.names.get(tensor._node)

    @property
    def names_by_user(self) -> list[str]:
        """The names of computed tensors that the user gave, without the output's own."""
        known = {name for name, expr in self.outputs.items() if isinstance(expr, Ref)}
        known |= self.names.given
        return [r.name for r in self.definitions if r.name not in known]

    def format(
        self, derived: Sequence[Derived], ascii: bool, partial: bool, whole: bool = False
    ) -> str:
        """Formulas with what their names stand for; with ``whole``, with the entire forward pass."""
        refs = referred(*(each.expr for each in derived))
        if not whole and all(ref.name in self.names.given for ref in refs):
            return self.with_where(refs, [each.line for each in derived], ascii, partial)
        forward, backward, results = self.lines(derived, whole)
        return laid_out(forward, backward, results, [*self.outputs], ascii, partial)

    def lines(
        self, derived: Sequence[Derived], whole: bool
    ) -> tuple[list[Line], list[Line], list[Line]]:
        """Definitions, gradients of named tensors, and the formulas, each in reading order."""
        refs = referred(*(each.expr for each in derived))
        results = [each.line for each in derived]
        shown = {ln.of for ln in results if ln.of}
        backward = [ln for ln in backward_lines(refs, self.definitions, self.taken) if ln.of not in shown]
        known = {ref.name for ref in self.definitions}
        wanted = self.definitions if whole else [r for r in refs if r.name in known]
        forward = forward_lines(wanted, self.rank, self.taken)
        if whole:
            unnamed = (item for item in self.outputs.items() if not isinstance(item[1], Ref))
            forward += [line(name, expr, taken=self.taken) for name, expr in unnamed]
        own = [self.line_of(r) for r in refs if r.of is None and r.name not in known]
        return forward, placed(own, backward), results

    def with_where(
        self, refs: Sequence[Ref], results: Sequence[Line], ascii: bool, partial: bool
    ) -> str:
        """Formulas first, then their automatic names."""
        marks = ASCII if ascii else UNICODE
        rows = filled(results, marks, partial)
        if refs:
            listed = ", ".join(self.line_of(r).text(marks, partial) for r in refs)
            gap = "   " if len(rows) == 1 else "\n"
            rows[-1] += f"{gap}where {listed}"
        return "\n".join(rows)


def derived_of(formulas: Mapping[tuple[Node, ...], Expr], reading: Reading) -> dict[Key, Derived]:
    """The derivatives, each with its left side: by name, second ones by several variables by pairs."""
    several, lowered = len(formulas) > 1, reading.lowered
    upper = reading.output_name or (reading.free_name if several else None)
    found: dict[Key, Derived] = {}
    for variables, expr in formulas.items():
        by = [lowered.names[v] for v in variables]
        axes = [lowered.views[node].sizes for node in (reading.node, *variables)]
        key = (by[0], by[1]) if len(by) == 2 and several else by[0]
        if len(by) == 1 and not reading.node.shape:
            found[key] = Derived(differential_name(by[0]), expr, by[0], axes)
        else:
            found[key] = Derived(_left_side(upper, by), expr, None, axes)
    return found


def _left_side(output: str | None, by: Sequence[str]) -> str:
    """What a Jacobian or a second derivative is called."""
    if output is None:
        return "J" if len(by) == 1 else "H"
    if len(by) == 1:
        return f"∂{output}/∂{by[0]}"
    a, b = by
    return f"∂²{output}/∂{a}²" if a == b else f"∂²{output}/∂{a}∂{b}"
