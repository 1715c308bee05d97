"""The total differential of an output as a formula: dY = −A⁻¹ dA A⁻¹."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.api.printed import Printed
from minigrad.api.reading import Derived, Key, Reading
from minigrad.api.targets import lowered_graph
from minigrad.api.value import evaluate_formulas, given_values
from minigrad.checking import Options, Report, Subject, examine
from minigrad.errors import ArgumentError, NameClashError
from minigrad.graph import Node, leaf
from minigrad.index.expr import Expr, Leaf, Ref, postorder, referred
from minigrad.index.size import Size
from minigrad.index.view import View
from minigrad.names import differential_name, name_in_words
from minigrad.notation.choose import printed_length
from minigrad.notation.lines import Line, block, forward_lines, laid_out
from minigrad.notation.traces import with_traces
from minigrad.program.binding import sizes_asked
from minigrad.symbolic.definitions import undefined_in
from minigrad.symbolic.differential import by_changes, change, of_number, of_tensor


class Differential(Printed):
    """How an output changes with small changes of its variables, to first order: dY = −A⁻¹ dA A⁻¹.

    Here dA is the change of A, a variable of A's shape, and no gradient; the changes of tensors that the user
    named have lines of their own. Calling it gives its value for changes of the variables, a product of the
    Jacobian with them.
    """

    partial = False  # dA is the change of A, and no gradient

    def __init__(self, reading: Reading, expr: Expr, variables: Mapping[str, Node]) -> None:
        self.reading, self.expr, self._variables = reading, expr, dict(variables)
        output = reading.lowered.views[reading.node].sizes
        (own,) = reading.outputs
        self._derived = Derived(differential_name(own), expr, own, [output])

    @property
    def changes(self) -> dict[str, str]:
        """What the change of each variable is called."""
        return {name: differential_name(name) for name in self._variables}

    # -- reading ---------------------------------------------------------------------------------------

    @cached_property
    def line(self) -> Line:
        """The differential's own line, without what its names stand for."""
        own = self._derived.line_with(self.expr)
        if self._derived.sizes:
            return own
        axes = {n.name: n.ndim for n in postorder(self.expr) if isinstance(n, Leaf | Ref)}
        return replace(own, tree=with_traces(own.tree, axes))

    @cached_property
    def lines(self) -> tuple[list[Line], list[Line], Line]:
        """The forward pass and the changes of named tensors, in reading order, and the differential."""
        reading, refs = self.reading, referred(self.expr)
        given = reading.names.given
        user = [ref for ref in refs if ref.of is None and ref.name not in given]
        wanted = reading.definitions if reading.names_by_user else user
        steps = [r for r in wanted if r.name not in given or r in refs]
        forward = forward_lines(steps, reading.rank, reading.names)
        shown = {ln.name for ln in forward}
        others = [ref for ref in refs if ref.name not in shown]
        return forward, [reading.line_of(ref) for ref in others], self.line

    def _text(self, ascii: bool, partial: bool) -> str:
        """The lines, with what their names stand for; a change has one style, dA."""
        refs = referred(self.expr)
        forward, between, own = self.lines
        if not self.reading.names_by_user and all(ref.of is None for ref in refs):
            printed = self.reading.with_where(refs, [own], ascii, False)
        else:
            printed = laid_out(forward, [*between, own], [], [*self.reading.outputs], ascii)
        return "\n".join([printed, *map(str, self.reading.legend([*forward, *between, own]))])

    def _page(self, notation: str, partial: bool) -> str:
        lines = self._shown
        return block(lines, notation, self.partial, self.reading.legend(lines))

    @property
    def _shown(self) -> list[Line]:
        forward, between, own = self.lines
        return [*forward, *between, own]

    def __repr__(self) -> str:
        return f"<Differential {self.line.text()}>"

    # -- value, proof ----------------------------------------------------------------------------------

    def __call__(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
        """The change of the output, in its shape.

        Parameters
        ----------
        values, named
            Arrays by name, of variables and of their changes, ``dA=...``; a variable whose change is not given
            stays. Variables of a run graph keep their own values unless they are given here.
        """
        given = given_values(values, named, "a differential", "differential")
        self._require_known(given)
        for name, node in self._variables.items():
            known = given.get(name, node.value)
            if known is not None:
                given.setdefault(differential_name(name), np.zeros(np.shape(known)))
        (found,) = evaluate_formulas(self.reading.lowered, [self._derived], given)
        return found

    def _require_known(self, given: Mapping[str, Any]) -> None:
        """Refuse a name that nothing has: what was meant for a change would stay without a word."""
        lowered = self.reading.lowered
        sizes = {s for node, _ in lowered.leaves.values() for s in node.shape if isinstance(s, Size)}
        dims = {dim for size in sizes for dim in size.names()} | sizes_asked((self.expr,))
        known = {*lowered.leaves, *lowered.names.values(), *undefined_in(self.expr), *dims}
        stray = [name for name in given if name not in known]
        if stray:
            raise ArgumentError(
                f"differential: nothing is called {name_in_words(stray[0])}; it is of {', '.join(self._variables)}, "
                f"and their changes are {', '.join(self.changes.values())}"
            )

    def check(self, seed: int = 0, seconds: float | None = None) -> Report:
        """Judge what it says of each variable by the witnesses of derivatives.

        A differential is linear in the changes, so it is known by its derivatives by them, which are those of
        the output by the variables.
        """
        lowered = self.reading.lowered
        views = {name: lowered.expr(node) for name, node in self._variables.items()}
        found = by_changes(self.expr, [change(name, expr) for name, expr in views.items()])
        graph = lowered_graph(self.reading.node)
        subject = Subject(self.reading.node, [*self._variables.values()], [*views], found, graph)
        return examine(subject, Options(seed, seconds=seconds))


def differential_of(reading: Reading, formulas: Mapping[Key, Derived], order: int) -> Differential:
    """The total differential of what was derived, by the same variables.

    Raises
    ------
    ArgumentError
        When the derivation is a pullback, or of a higher order.
    NameClashError
        When a tensor is called like a change.
    """
    if order > 1 or reading.lowered.cotangents:
        what = "a pullback" if order == 1 else f"a derivation of order {order}"
        raise ArgumentError(
            f"differential: {what} has none; take it of the derivation of order 1, mg.derive(output).differential"
        )
    by_name = {name: node for node, name in reading.lowered.names.items()}
    variables = {str(key): by_name[str(key)] for key in formulas}
    for name in variables:
        if differential_name(name) in by_name:
            raise NameClashError(
                f"differential: the change of {name} is called {differential_name(name)}, and so is a tensor of "
                "this graph; rename one of them"
            )
    lowered, output, names = lowered_graph(reading.node), reading.output, reading.names
    if reading.node.shape:
        output, expr, names = of_tensor(lowered, reading.node, [*variables.values()], printed_length)
    else:
        gradients = {str(key): each.expr for key, each in formulas.items()}
        expr = of_number(gradients, names, printed_length)
    for name, node in variables.items():
        own = leaf(None, name=differential_name(name), shape=node.shape, dtype=node.dtype)
        view = lowered.views[node]
        kept = tuple(k for k, axis in enumerate(view.axes) if axis is not None)
        lowered.leaves[str(own.name)] = own, kept
        lowered.views[own] = View(Ref(str(own.name), change(name, view.expr).node), view.axes)
    return Differential(Reading(lowered, output, reading.node, names), expr, variables)
