"""A formula: one derived expression, to be read, printed, evaluated and proved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from minigrad.api.graphs import tensor_of
from minigrad.api.indexed import case_lines, index_line
from minigrad.api.pickled import rebuilt
from minigrad.api.printed import Printed
from minigrad.api.reading import Derived, Reading
from minigrad.api.source import formula_source
from minigrad.api.value import evaluate_formulas, given_values
from minigrad.errors import DerivationError
from minigrad.graph import Tensor
from minigrad.index.expr import Expr, Leaf, postorder, referred
from minigrad.index.size import Size
from minigrad.notation.lines import Line
from minigrad.notation.sympy_form import sympy_form
from minigrad.notation.text import text
from minigrad.symbolic.autoname import without_names
from minigrad.symbolic.factors import factored
from minigrad.symbolic.freenames import FreeNames
from minigrad.symbolic.simplify import simplified


class Formula(Derived, Printed):
    """The derivative of one output by one variable (or two, at order 2), in closed form.

    ``str`` prints it with what its names stand for; ``expanded`` inlines those. Calling it gives its
    value.
    """

    instead = "go on with its .tensor"

    def __init__(self, derived: Derived, reading: Reading) -> None:
        super().__init__(*derived.arguments())
        self.reading = reading

    def __reduce__(self) -> tuple[Any, ...]:
        plain = Derived(*self.arguments())
        return rebuilt, (self.reading.parts_first([self]), Formula, plain, self.reading)

    # -- reading -------------------------------------------------------------------------------------

    @property
    def names(self) -> FreeNames:
        """The names of the derivation."""
        return self.reading.names

    def _text(self, ascii: bool, partial: bool) -> str:
        """The formula with its where-list."""
        return self.reading.format([self], ascii, partial)

    def _page(self, notation: str, partial: bool) -> str:
        return self.line.page(notation, partial)

    def __repr__(self) -> str:
        return f"<Formula {self.line.text()}>"

    @property
    def _shown(self) -> list[Line]:
        return [self.line, *map(self.reading.line_of, referred(self._expr))]

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
        return self.line_with(self.inlined)

    @property
    def index(self) -> str:
        """The formula with every index written, and what its own names stand for."""
        refs = referred(self._expr)
        told = refs if all(ref.name in self.names.given for ref in refs) else []
        return self.reading.with_where(told, [self.index_line], ascii=False, partial=False)

    @cached_property
    def index_line(self) -> Line:
        """The formula with every index written, as a line that also has LaTeX and MathML."""
        axes = [len(sizes) for sizes in self._axes]
        return index_line(self.name, self._expr, axes, self.of, self.names)

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
        axes = [len(sizes) for sizes in self._axes]
        return case_lines(self.name, self._expr, axes, self.names)

    @property
    def dims(self) -> tuple[Any, ...]:
        """The dims of the value: the output's, then the variables'."""
        return tuple(str(s) if isinstance(s, Size) else s for s in self.sizes)

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
    def tensor(self) -> Tensor:
        """The formula as a tensor on the variables of the graph that was derived, to go on with.

        Variables, dims and what is named stay what they are, so it can be derived again, run, drawn, compiled
        and checked: a Newton step is ``mg.linalg.solve(H.tensor, g.tensor)``.

        Raises
        ------
        DerivationError
            When a part of the formula is no operation.

        Examples
        --------
        >>> import minigrad as mg
        >>> A, x, v = mg.symbols("A: m n", "x: n", "v: n")
        >>> g = mg.derive(mg.sum(mg.exp(A @ x)), "x")["x"]
        >>> print(mg.derive(mg.sum(g.tensor * v), "x"))
        dx = Aᵀ (exp(A x) ⊙ (A v))
        """
        return tensor_of(self.expr, self.sizes, self.reading.lowered)

    def source(self, language: str = "numpy") -> str:
        """The text of one standalone function that returns the formula's array.

        Raises
        ------
        ArgumentError
            When the language is not known.
        DerivationError
            When an operation has no form in that language.
        """
        return formula_source(self, self.reading, language)

    # -- value -----------------------------------------------------------------------------------------

    def __call__(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
        """The value, in the variable's shape.

        Parameters
        ----------
        values, named
            Arrays by variable name; names that the formula does not need are accepted. Variables of a run
            graph keep their own values unless they are given here. What a function without a definition is
            to be, with its derivatives: an elementwise operation, ``f=mg.tanh``, or a SymPy expression.
        """
        return evaluate_formulas(self.reading.lowered, [self], given_values(values, named))[0]
