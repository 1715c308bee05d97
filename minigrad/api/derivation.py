"""`derive`: from a tensor to the formulas of its derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from minigrad.api.formula import Formula, Reading
from minigrad.api.pickled import rebuilt
from minigrad.api.source import derivation_source
from minigrad.api.subject import subject_of
from minigrad.api.targets import (
    Variable,
    lowered_graph,
    output_node,
    variables_of,
)
from minigrad.api.value import evaluate_formulas, given_values
from minigrad.checking import Options, Report, examine
from minigrad.errors import ArgumentError
from minigrad.graph import Node, Tensor
from minigrad.index.expr import Expr, MatrixFunction, Ref
from minigrad.index.rebuild import substituted, transformed
from minigrad.names import parted
from minigrad.notation.choose import printed_length, whole_length
from minigrad.notation.lines import Line, line, referred
from minigrad.notation.steps import Step, second_rule, steps
from minigrad.symbolic.autoname import FreeNames, Opened, named, settled
from minigrad.symbolic.byname import folded_by_names
from minigrad.symbolic.derive import adjoints
from minigrad.symbolic.expand import with_deltas_first
from minigrad.symbolic.factors import with_factors_outside
from minigrad.symbolic.fold import recognised
from minigrad.symbolic.lower import freed
from minigrad.symbolic.second import by_parts
from minigrad.symbolic.simplify import simplified

Key = str | tuple[str, str]


class Derivation(Mapping[Key, Formula]):
    """The derivatives of one output: formulas by variable name, or by pairs of names at order 2."""

    def __init__(self, reading: Reading, formulas: dict[Key, Formula], order: int) -> None:
        self.reading, self.order = reading, order
        self._formulas = formulas

    def __reduce__(self) -> tuple[Any, ...]:
        parts = self.reading.parts_first([f.expr for f in self._formulas.values()])
        formulas = {key: f.arguments() for key, f in self._formulas.items()}
        return rebuilt, (parts, _rebuilt, type(self), self.reading, formulas, self.order)

    def __deepcopy__(self, memo: dict[int, Any]) -> Derivation:
        return self  # nothing changes a derivation

    def __getitem__(self, key: Any) -> Formula:
        if isinstance(key, Tensor):
            key = self.reading.name_of(key)
        if isinstance(key, tuple):
            key = tuple(self.reading.name_of(k) if isinstance(k, Tensor) else k for k in key)
        if key not in self._formulas:
            raise KeyError(
                f"no derivative by {key!r} was asked for; this derivation has {list(self._formulas)}"
            )
        return self._formulas[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._formulas)

    def __len__(self) -> int:
        return len(self._formulas)

    # -- reading ---------------------------------------------------------------------------------------

    def format(self, ascii: bool = False, style: str = "d") -> str:
        """The whole derivation as text; ``style="partial"`` writes dS as ∂L/∂S."""
        whole = bool(self.reading.names_by_user)
        return self.reading.format(list(self.values()), ascii, style == "partial", whole)

    @cached_property
    def lines(self) -> tuple[list[Line], list[Line], list[Line]]:
        """The forward pass, the gradients of named tensors, and the formulas, in reading order."""
        return self.reading.lines(list(self.values()), whole=bool(self.reading.names_by_user))

    def __str__(self) -> str:
        return self.format()

    def __repr__(self) -> str:
        return f"<Derivation by {', '.join(map(str, self._formulas))}>"

    @property
    def ascii(self) -> str:
        """The derivation in plain ASCII."""
        return self.format(ascii=True)

    @property
    def latex(self) -> str:
        """The derivation as one LaTeX ``aligned`` block."""
        forward, backward, results = self.lines
        rows = [ln.latex() for ln in (*forward, *backward, *results)]
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    @property
    def mathml(self) -> str:
        """The derivation as one ``<math>`` element a line."""
        forward, backward, results = self.lines
        return "\n".join(ln.mathml() for ln in (*forward, *backward, *results))

    def _repr_latex_(self) -> str:
        return f"$${self.latex}$$"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """LaTeX for notebooks, text for terminals."""
        return {"text/plain": str(self), "text/latex": self._repr_latex_()}

    @property
    def steps(self) -> list[Step]:
        """Each gradient with the rule that justifies it, from the output back to the variables."""
        reading = self.reading
        _, backward, _ = self.lines
        firsts = [(ln, ln.of) for ln in backward if ln.of is not None]
        own = {ln.of for ln, _ in firsts}
        if self.order == 1:
            results = [(f.line, str(key)) for key, f in self.items() if f.line.of not in own]
            return steps([*firsts, *results], reading.definitions, reading.output)
        gradients = [
            (line(f"d{name}", gradient, name), name)
            for name, gradient in reading.gradients.items()
            if name not in own
        ]
        seconds = []
        for key, formula in self.items():
            of, by = key if isinstance(key, tuple) else (key, key)
            seconds.append(Step(formula.line, second_rule(of, by, reading.gradients[of])))
        return steps([*firsts, *gradients], reading.definitions, reading.output) + seconds

    def source(self, language: str = "numpy") -> str:
        """The text of one standalone function that returns {name: array} for all formulas.

        Raises
        ------
        ArgumentError
            When the language is not known.
        DerivationError
            When an operation has no form in that language.
        """
        return derivation_source(dict(self.items()), language)

    # -- proof -------------------------------------------------------------------------------------------

    def check(
        self,
        values: Mapping[str, Any] | None = None,
        /,
        seed: int = 0,
        seeds: int | None = None,
        seconds: float | None = None,
        raise_on_failure: bool = False,
        **named: Any,
    ) -> Report:
        """Judge every formula by independent witnesses on the graph's own data.

        Variables without data get samples of what is assumed of them; ``values`` replaces any.
        ``seeds`` counts the samples, ``seconds`` is a time budget.

        Raises
        ------
        GradientError
            When witnesses disagree and ``raise_on_failure`` is set.
        """
        subject = subject_of(self, {**(values or {}), **named})
        report = examine(subject, Options(seed, seeds, seconds))
        return report.raise_on_failure() if raise_on_failure else report

    # -- value -------------------------------------------------------------------------------------------

    def __call__(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> dict[Key, Any]:
        """The values of all formulas, by name."""
        arrays = evaluate_formulas(list(self._formulas.values()), given_values(values, named))
        return dict(zip(self._formulas, arrays, strict=True))


def derive(
    output: Tensor, wrt: Variable | Sequence[Variable] | None = None, order: int = 1
) -> Derivation:
    """The derivatives of ``output`` by variables, in closed form.

    Parameters
    ----------
    output
        A scalar or a tensor, computed from data or from `symbols`.
    wrt
        Names or tensors; by default every variable that requires a gradient, or, where none does, every
        named one.
    order
        1 for gradients and Jacobians, 2 for Hessians (pairs of variables).

    Returns
    -------
    Derivation
        Formulas by variable name. A derivative's axes are the output's, then the variables'.

    Raises
    ------
    DerivationError
        When an operation on the way has no meaning in index notation, or when second derivatives by so many
        variables of so long a program are too many formulas.
    ArgumentError
        When a variable is not part of the output's graph.

    Examples
    --------
    >>> import minigrad as mg
    >>> X, w, y = mg.symbols("X: m n", "w: n", "y: m")
    >>> print(mg.derive(mg.sum((X @ w - y) ** 2), wrt="w"))
    dw = 2 Xᵀ (X w − y)
    """
    node = output_node(output)
    if order not in (1, 2):
        raise ArgumentError(
            f"derive: order is 1 or 2, not {order!r}; derive a formula's tensor again for more"
        )
    lowered = lowered_graph(node)
    nodes = variables_of(wrt, lowered)
    if not nodes:
        raise ArgumentError(
            "derive: there is nothing to differentiate by; name the variables (mg.symbols, or "
            'mg.tensor(data, name="X")), or say which with wrt='
        )
    swept = freed(lowered, node, nodes)
    names = swept.automatic
    if order == 2:
        names.expect_second(len(nodes))
    expr = named(recognised(swept.expr(node)), names)
    refs = {ref.name: ref for ref in referred([expr])}
    targets = [_target(swept.expr(n), refs) for n in nodes]
    keys = [lowered.names[n] for n in nodes]
    first = adjoints(expr, targets, names=names)
    spoken = [ref for ref in refs.values() if isinstance(ref.node, MatrixFunction)]
    gradients = finished(folded_by_names([first[target] for target in targets], spoken))
    derived: dict[Key, tuple[Expr, list[Node]]] = {}
    for key, gradient, variable in zip(keys, gradients, nodes, strict=True):
        if order == 1:
            derived[key] = gradient, [variable]
            continue
        second = adjoints(gradient, targets, names=names, after_tensors=False)
        hessians = finished([second[target] for target in targets])
        if not node.shape:
            hessians = [readable(h, gradient, key, names) for h in hessians]
        for other_key, hessian, other in zip(keys, hessians, nodes, strict=True):
            derived[key, other_key] = hessian, [variable, other]
    found = [e for e, _ in derived.values()]
    if swept is not lowered:
        tied = {swept.expr(n): lowered.expr(n) for n in swept.free}
        expr, *found = [substituted(e, tied) for e in (expr, *found)]
        found = finished(found)
    reading = Reading(lowered, expr, node, names)
    opened = Opened(frozenset(names.given), names.bound)
    reading.gradients = {
        key: opened(gradient) for key, gradient in zip(keys, gradients, strict=True)
    }
    exprs = settled(found, names, printed_length, finished)
    reading.output = Opened(names.given - {r.name for r in referred(exprs)}, names.bound)(expr)
    formulas = {
        key: _formula(key, e, reading, variables, len(nodes) > 1)
        for (key, (_, variables)), e in zip(derived.items(), exprs, strict=True)
    }
    if order == 2 and len(nodes) == 1:
        (only,) = formulas.values()
        return _SecondOrder(reading, {keys[0]: only, (keys[0], keys[0]): only}, order)
    return Derivation(reading, formulas, order)


def _rebuilt(
    kind: type[Derivation], reading: Reading, formulas: Mapping[Key, tuple[Any, ...]], order: int
) -> Derivation:
    return kind(reading, {key: Formula(*arguments) for key, arguments in formulas.items()}, order)


def readable(hessian: Expr, gradient: Expr, key: str, names: FreeNames) -> Expr:
    """The Hessian, or the Hessian by parts of the gradient, whichever is printed shorter."""
    forms = [hessian, *by_parts(hessian, gradient, key, names)]
    return min(forms, key=whole_length) if len(forms) > 1 else hessian


def _target(wanted: Expr, refs: Mapping[str, Ref]) -> Expr:
    """The variable as it stands in the graph with names: a named tensor may hold new names inside."""
    return refs.get(wanted.name, wanted) if isinstance(wanted, Ref) else wanted


class _SecondOrder(Derivation):
    """One variable's Hessian: by its name, or by the pair of names."""

    def __iter__(self) -> Iterator[Key]:
        return iter([next(iter(self._formulas))])

    def __len__(self) -> int:
        return 1


def finished(exprs: Sequence[Expr]) -> list[Expr]:
    """Expressions simplified throughout, their common factors outside, their deltas in front.

    What a named tensor stands for is the user's, and stays as it is.
    """
    simple: dict[Expr, Expr] = {}
    factors: dict[Expr, Expr] = {}
    result = []
    for expr in exprs:
        expr = transformed(expr, simplified, simple, _is_definition)
        expr = transformed(expr, with_factors_outside, factors, _is_definition)
        result.append(with_deltas_first(expr))
    return result


def _is_definition(node: Expr) -> bool:
    return isinstance(node, Ref) and node.of is None


def _formula(
    key: Key, expr: Expr, reading: Reading, variables: Sequence[Node], several: bool
) -> Formula:
    views = reading.lowered.views
    axes = [views[reading.node].sizes, *(views[v].sizes for v in variables)]
    upper = output_name(reading) or (reading.free_name if several else None)
    of = None
    if isinstance(key, tuple):
        left = "H" if upper is None else _second_name(upper, *key)
    elif reading.node.shape:
        left = "J" if upper is None else f"∂{upper}/∂{key}"
    else:
        base, last = parted(key)
        left, of = (f"{base}.d{last}" if base else f"d{last}"), key
    return Formula(left, expr, reading, of, axes)


def output_name(reading: Reading) -> str | None:
    """The name that the user gave the output."""
    return reading.lowered.names.get(reading.node)


def _second_name(output: str, a: str, b: str) -> str:
    return f"∂²{output}/∂{a}²" if a == b else f"∂²{output}/∂{a}∂{b}"
