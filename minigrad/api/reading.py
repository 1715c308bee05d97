"""What formulas of one derivation are read by: each derivative, and all that they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from minigrad.api.pickled import parts_first
from minigrad.graph import Node, Tensor
from minigrad.index.expr import Expr, Ref, is_name, postorder, referred
from minigrad.index.size import AnySize
from minigrad.names import tangent_name
from minigrad.notation.choose import form
from minigrad.notation.legend import Note, Unnamed, legend
from minigrad.notation.lines import (
    Line,
    backward_lines,
    direct_names,
    filled,
    forward_lines,
    in_order,
    laid_out,
    line,
)
from minigrad.notation.partials import derivative_name
from minigrad.notation.text import ASCII, UNICODE
from minigrad.symbolic.freenames import FreeNames
from minigrad.symbolic.lower import Lowered

Key = str | tuple[str, ...]


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
        return self.line_with(self._expr)

    def line_with(self, expr: Expr) -> Line:
        """The line with this right side."""
        axes, loss = tuple(map(len, self._axes)), self.names.loss if self.names else "L"
        return Line(self.name, *form(expr, self.names), self.of, axes=axes, loss=loss)

    @property
    def names(self) -> FreeNames | None:
        """The names of its derivation, where it has one."""
        return None


@dataclass
class Reading:
    """What all formulas of one derivation share: the lowered graph and the derived output."""

    lowered: Lowered
    output: Expr
    node: Node
    names: FreeNames
    gradients: dict[str, Expr] = field(default_factory=dict)  # by each variable, before the second
    tangents: dict[Node, Node] = field(default_factory=dict)  # by each, the variable that moves along it
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

    def line_of(self, ref: Ref) -> Line:
        """What a name stands for."""
        return line(ref.name, ref.node, ref.of, names=self.names)

    @cached_property
    def outputs(self) -> dict[str, Expr]:
        """What the formulas are derivatives of, by name; an output without one is L or Y."""
        if self.lowered.cotangents:
            known = {ref.name: ref for ref in referred(self.output)}
            outputs = self.lowered.cotangents.values()
            return {o.name: known.get(o.name) or self.lowered.expr(o.node) for o in outputs}
        return {self.names.loss: self.output}

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
            results = [each.line for each in derived]
            if len(derived) == 1 and isinstance(derived[0].expr, Ref):  # a name that renames it alone
                own = derived[0].expr.node
                results, refs = [derived[0].line_with(own)], referred(own)
            printed = self.with_where(refs, results, ascii, partial)
            lines = [*results, *map(self.line_of, refs)]
        else:
            forward, backward, results = self.lines(derived, whole)
            printed = laid_out(forward, backward, results, [*self.outputs], ascii, partial)
            lines = [*forward, *backward, *results]
        return "\n".join([printed, *map(str, self.legend(lines))])

    def legend(self, lines: Iterable[Line]) -> list[Note]:
        """What lines use and nobody named, in words."""
        return legend([ln.tree for ln in lines], self.unnamed)

    @cached_property
    def unnamed(self) -> dict[str, Unnamed]:
        """The variables and arrays that nobody named, by what formulas call them."""
        leaves = self.lowered.leaves.items()
        return {
            name: Unnamed(node.dtype.kind, tuple(str(node.shape[k]) for k in kept))
            for name, (node, kept) in leaves
            if node.name is None
        }

    @property
    def is_whole(self) -> bool:
        """Whether a derivation is printed with its forward pass: where steps have names, or tangents."""
        return bool(self.names_by_user or self.tangents)

    def whole(self, derived: Sequence[Derived], ascii: bool = False, partial: bool = False) -> str:
        """All formulas of a derivation, with the forward pass where its steps have names."""
        return self.format(derived, ascii, partial, whole=self.is_whole)

    def lines(
        self, derived: Sequence[Derived], whole: bool
    ) -> tuple[list[Line], list[Line], list[Line]]:
        """Definitions, gradients of named tensors, and the formulas, each in reading order."""
        refs = self.needed(derived)
        results = [each.line for each in derived]
        shown = {ln.of for ln in results if ln.of}
        backward = [ln for ln in backward_lines(refs, self.definitions, self.names) if ln.of not in shown]
        known = {ref.name for ref in self.definitions}
        # the forward pass is told in one way, whatever shortens the formulas
        met = {ref.name for ref in refs}
        needed = {r.name for r in referred(*(r for r in self.definitions if r.name in met))}
        wanted = self.definitions if whole else [r for r in self.definitions if r.name in needed]
        forward = forward_lines(wanted, self.rank, self.names)
        if whole:
            unnamed = (item for item in self.outputs.items() if not isinstance(item[1], Ref))
            forward += [line(name, expr, names=self.names) for name, expr in unnamed]
        own = [self.line_of(r) for r in refs if r.of is None and r.name not in known]
        ordered = in_order([*backward, *own], results)
        last = max((k for k, ln in enumerate(ordered, 1) if ln not in results), default=0)
        return forward, ordered[:last], ordered[last:]

    def needed(self, derived: Sequence[Derived]) -> list[Ref]:
        """The names that formulas stand on. The forward pass does so as it is, without names that gradients gave."""
        own = {ref.name: ref for ref in self.definitions}
        exprs = [each.expr for each in derived]
        found, waiting = set[str](), [*exprs]
        while waiting:
            for ref in postorder(waiting.pop(), closed=is_name):
                if isinstance(ref, Ref) and ref.name not in found:
                    found.add(ref.name)
                    waiting.append(own.get(ref.name, ref).node)
        return [ref for ref in referred(*exprs) if ref.name in found]

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
    """The derivatives, each with its left side: by name, higher ones of several variables by tuples."""
    several, lowered, names = len(formulas) > 1, reading.lowered, reading.names
    higher = any(len(variables) > 2 for variables in formulas)
    # J or H is one formula, and no tensor
    plain = not several and not higher and names.own.isdisjoint("JH")
    upper = None if plain and not reading.output_name else names.loss
    found: dict[Key, Derived] = {}
    for variables, expr in formulas.items():
        if reading.tangents:
            name = tangent_name(names.gradient(lowered.names[variables[0]]))
            axes = [lowered.views[node].sizes for node in (reading.node, *variables)]
            found[lowered.names[variables[0]]] = Derived(name, expr, None, axes)
            continue
        by = [lowered.names[v] for v in variables]
        axes = [lowered.views[node].sizes for node in (reading.node, *variables)]
        key = tuple(by) if len(by) > 1 and several else by[0]
        if len(by) == 1 and not reading.node.shape:
            found[key] = Derived(names.gradient(by[0]), expr, by[0], axes)
        else:
            found[key] = Derived(_left_side(upper, by), expr, None, axes)
    return found


def _left_side(output: str | None, by: Sequence[str]) -> str:
    """What a Jacobian or a higher derivative is called."""
    if output is None:
        return "J" if len(by) == 1 else "H"
    return derivative_name(output, by)
