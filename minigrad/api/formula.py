"""A formula: one derived expression, to be read, printed, evaluated and proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from minigrad.api.indexed import case_lines, index_line
from minigrad.api.pickled import parts_first, rebuilt
from minigrad.api.source import formula_source
from minigrad.api.targets import dims_of
from minigrad.api.value import evaluate_formulas, given_values
from minigrad.errors import DerivationError
from minigrad.graph import Node, Tensor
from minigrad.index.expr import Expr, Leaf, Ref, postorder
from minigrad.index.size import AnySize, Size
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
    referred,
)
from minigrad.notation.sympy_form import sympy_form
from minigrad.notation.text import ASCII, UNICODE, text
from minigrad.symbolic.autoname import FreeNames, without_names
from minigrad.symbolic.factors import factored
from minigrad.symbolic.lower import Lowered
from minigrad.symbolic.simplify import simplified


@dataclass
class Reading:
    """What all formulas of one derivation share: the lowered graph and the derived output."""

    lowered: Lowered
    output: Expr
    node: Node
    names: FreeNames
    gradients: dict[str, Expr] = field(default_factory=dict)  # by each variable, before the second

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def parts_first(self, exprs: Sequence[Expr]) -> list[object]:
        """What pickle is to write before these formulas."""
        return parts_first(self.lowered, [self.output, *self.gradients.values(), *exprs])

    @cached_property
    def rank(self) -> dict[str, int]:
        """When each named tensor was made; an automatic name is as new as what it stands on."""
        made = {name: node.id for node, name in self.lowered.names.items()}
        for ref in referred([self.output]):
            below = [made[child.name] for child in direct_names(ref.node)]
            made.setdefault(ref.name, max(below, default=0))
        return made

    @cached_property
    def definitions(self) -> list[Ref]:
        """The named tensors of the graph, first made first."""
        refs = [ref for ref in referred([self.output]) if ref.of is None]
        return sorted(refs, key=lambda ref: self.rank.get(ref.name, 0))

    @cached_property
    def free_name(self) -> str:
        """What an output without a name is called where J or H would stand for several formulas."""
        taken = set(self.lowered.names.values()) | dims_of(self.lowered)
        own = ("Y", "F", "Z") if self.node.shape else ("L", "F", "Z")
        return next((name for name in own if name not in taken), "output")

    def name_of(self, tensor: Tensor) -> str | None:
        """A tensor's name in this graph."""
        return None if tensor._node is None else self.lowered.names.get(tensor._node)

    @property
    def names_by_user(self) -> list[str]:
        """The names of computed tensors that the user gave, without the output's own."""
        own = self.output.name if isinstance(self.output, Ref) else None
        return [
            r.name for r in self.definitions if r.name not in self.names.given and r.name != own
        ]

    def format(
        self, formulas: Sequence[Formula], ascii: bool, partial: bool, whole: bool = False
    ) -> str:
        """Formulas with what their names stand for; with ``whole``, with the entire forward pass."""
        refs = referred([formula.expr for formula in formulas])
        if not whole and all(ref.name in self.names.given for ref in refs):
            return self.with_where(refs, [f.line for f in formulas], ascii, partial)
        forward, backward, results = self.lines(formulas, whole)
        own = self.output.name if isinstance(self.output, Ref) else ("L", "Y")[self.output.ndim > 0]
        return laid_out(forward, backward, results, (own,), ascii, partial)

    def lines(
        self, formulas: Sequence[Formula], whole: bool
    ) -> tuple[list[Line], list[Line], list[Line]]:
        """Definitions, gradients of named tensors, and the formulas, each in reading order."""
        refs = referred([formula.expr for formula in formulas])
        results = [formula.line for formula in formulas]
        shown = {ln.of for ln in results if ln.of}
        backward = [ln for ln in backward_lines(refs, self.definitions) if ln.of not in shown]
        known = {ref.name for ref in self.definitions}
        wanted = self.definitions if whole else [r for r in refs if r.name in known]
        forward = forward_lines(wanted, self.rank)
        if whole and not isinstance(self.output, Ref):
            forward.append(line("L" if self.output.ndim == 0 else "Y", self.output))
        own = [line(r.name, r.node) for r in refs if r.of is None and r.name not in known]
        return forward, placed(own, backward), results

    def with_where(
        self, refs: Sequence[Ref], results: Sequence[Line], ascii: bool, partial: bool
    ) -> str:
        """Formulas first, then their automatic names."""
        marks = ASCII if ascii else UNICODE
        rows = filled(results, marks, partial)
        if refs:
            listed = ", ".join(line(r.name, r.node, r.of).text(marks, partial) for r in refs)
            gap = "   " if len(rows) == 1 else "\n"
            rows[-1] += f"{gap}where {listed}"
        return "\n".join(rows)


class Formula:
    """The derivative of one output by one variable (or two, at order 2), in closed form.

    ``str`` prints it with what its names stand for; ``expanded`` inlines those. Calling it gives its
    value.
    """

    def __init__(
        self,
        name: str,
        expr: Expr,
        reading: Reading,
        of: str | None,
        axes: Sequence[tuple[AnySize, ...]],
    ) -> None:
        self.name, self.of, self.reading = name, of, reading
        self._expr, self._axes = expr, axes

    def __reduce__(self) -> tuple[Any, ...]:
        parts = self.reading.parts_first([self._expr])
        return rebuilt, (parts, Formula, *self.arguments())

    def arguments(self) -> tuple[Any, ...]:
        """What makes this formula again."""
        return self.name, self._expr, self.reading, self.of, self._axes

    def __deepcopy__(self, memo: dict[int, Any]) -> Formula:
        return self  # nothing changes a formula

    # -- reading -------------------------------------------------------------------------------------

    @property
    def expr(self) -> Expr:
        """The expression in index notation."""
        return self._expr

    @cached_property
    def line(self) -> Line:
        """The formula's own line, without what its names stand for."""
        return Line(self.name, *form(self._expr), self.of)

    def format(self, ascii: bool = False, style: str = "d") -> str:
        """The formula with its where-list; ``style="partial"`` writes dS as ∂L/∂S."""
        return self.reading.format([self], ascii, style == "partial")

    def __str__(self) -> str:
        return self.format()

    def __repr__(self) -> str:
        return f"<Formula {self.line.text()}>"

    @property
    def ascii(self) -> str:
        """The formula in plain ASCII."""
        return self.format(ascii=True)

    @property
    def latex(self) -> str:
        """The formula's own line as LaTeX."""
        return self._displayed.latex().replace("&=", "=")

    @property
    def mathml(self) -> str:
        """The formula's own line as presentation MathML."""
        return self._displayed.mathml()

    @property
    def _displayed(self) -> Line:
        """The line, or where it has all indices, the line that knows which are the output's."""
        indexed = self.name.startswith("∂") and self.line.places and all(self.line.places)
        return self.index_line if indexed else self.line

    def _repr_latex_(self) -> str:
        """The formula and what its names stand for."""
        where = referred([self._expr])
        if not where:
            return f"$\\displaystyle {self.latex}$"
        rows = [self._displayed.latex(), *(line(r.name, r.node, r.of).latex() for r in where)]
        return "$$\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$$"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """LaTeX for notebooks, text for terminals."""
        return {"text/plain": str(self), "text/latex": self._repr_latex_()}

    @cached_property
    def inlined(self) -> Expr:
        """The expression with every name replaced by what it stands for."""
        return factored(simplified(without_names(self._expr)))

    @property
    def expanded(self) -> str:
        """The formula in the variables alone, in one line."""
        return self.expanded_line.text()

    @cached_property
    def expanded_line(self) -> Line:
        """The line in the variables alone, which also has ASCII, LaTeX and MathML."""
        return Line(self.name, *form(self.inlined), self.of)

    @property
    def index(self) -> str:
        """The formula with every index written."""
        return self.index_line.text()

    @cached_property
    def index_line(self) -> Line:
        """The formula with every index written, as a line that also has LaTeX and MathML."""
        return index_line(self.name, self._expr, len(self._axes[0]))

    @property
    def cases(self) -> dict[str, str]:
        """A Jacobian by cases: its elements where two indices agree, and where they differ.

        Raises
        ------
        DerivationError
            When the formula has no two indices whose equality matters.
        """
        if not self.case_lines:
            raise DerivationError(
                f"{self.name}: no two indices of this formula are distinguished by a case"
            )
        return {ln.remark: text(ln.tree) for ln in self.case_lines}

    @cached_property
    def case_lines(self) -> list[Line]:
        """The cases as lines that also have LaTeX and MathML; none where there are no cases."""
        return case_lines(self.name, self._expr, len(self._axes[0]))

    @property
    def dims(self) -> tuple[Any, ...]:
        """The dims of the value: the output's, then the variables'."""
        return tuple(str(s) if isinstance(s, Size) else s for part in self._axes for s in part)

    @property
    def variables(self) -> list[str]:
        """The names of the tensors whose values the formula needs."""
        return [
            node.name
            for node in postorder(self._expr)
            if isinstance(node, Leaf) and node.kind == "data"
        ]

    @property
    def sympy(self) -> Any:
        """The formula as a SymPy object: an expression, a matrix, or a function of its indices."""
        return sympy_form(self.inlined)

    @property
    def axes(self) -> Sequence[tuple[AnySize, ...]]:
        """The sizes of the value's axes: the output's, then each variable's."""
        return self._axes

    def source(self, language: str = "numpy") -> str:
        """The text of one standalone function that returns the formula's array.

        Raises
        ------
        ArgumentError
            When the language is not known.
        DerivationError
            When an operation has no form in that language.
        """
        return formula_source(self, language)

    # -- value -----------------------------------------------------------------------------------------

    def __call__(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
        """The value, in the variable's shape.

        Parameters
        ----------
        values, named
            Arrays by variable name; names that the formula does not need are accepted. Variables of a run
            graph keep their own values unless they are given here.
        """
        return evaluate_formulas([self], given_values(values, named))[0]
