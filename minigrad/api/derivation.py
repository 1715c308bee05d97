"""`derive`: from a tensor to the formulas of its derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from minigrad.api.cotangent import Cotangents, Target, number_target, target
from minigrad.api.differential import Differential, differential_of
from minigrad.api.formula import Formula
from minigrad.api.pickled import rebuilt
from minigrad.api.printed import Printed
from minigrad.api.reading import Derived, Key, Reading, derived_of
from minigrad.api.source import derivation_source, function_source
from minigrad.api.subject import subject_of
from minigrad.api.tangents import Along, require_apart, tangents_of
from minigrad.api.targets import Variable, lowered_graph, variables_of
from minigrad.api.value import evaluate_formulas, given_values
from minigrad.checking import Options, Report, examine
from minigrad.checking.status import heard
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor
from minigrad.index.expr import referred
from minigrad.notation.choose import printed_length
from minigrad.notation.lines import Line, backward_lines, block, in_order, line
from minigrad.notation.steps import Step, definition, next_rule, steps, tangent_rule
from minigrad.source import Shard
from minigrad.symbolic import derivatives

# What a derivation is written as.
FORMS = ("gradients", "function")


class Derivation(Printed, Mapping[Key, Formula]):
    """The derivatives of one output: formulas by variable name, or by pairs of names at order 2."""

    def __init__(self, reading: Reading, derived: Mapping[Key, Derived], order: int) -> None:
        self.reading, self.order = reading, order
        self._formulas = {key: Formula(each, reading) for key, each in derived.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        parts = self.reading.parts_first([*self.values()])
        derived = {key: Derived(*f.arguments()) for key, f in self._formulas.items()}
        return rebuilt, (parts, Derivation, self.reading, derived, self.order)

    def __getitem__(self, key: Any) -> Formula:
        if isinstance(key, Tensor):
            key = self.reading.name_of(key)
        if isinstance(key, tuple):
            key = tuple(self.reading.name_of(k) if isinstance(k, Tensor) else k for k in key)
            only = self.order > 1 and len(self) == 1 and len(set(key)) == 1 < len(key)
            key = key[0] if only else key
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

    def _text(self, ascii: bool, partial: bool) -> str:
        """The whole derivation."""
        return self.reading.whole(list(self.values()), ascii, partial)

    def _page(self, notation: str, partial: bool) -> str:
        lines = self._shown
        return block(lines, notation, partial, self.reading.legend(lines))

    @property
    def _shown(self) -> list[Line]:
        return [*chain(*self.lines)]

    @cached_property
    def lines(self) -> tuple[list[Line], list[Line], list[Line]]:
        """The forward pass, the gradients of named tensors, and the formulas, in reading order."""
        return self.reading.lines(list(self.values()), whole=self.reading.is_whole)

    def __repr__(self) -> str:
        return f"<Derivation by {', '.join(map(str, self._formulas))}>"

    @property
    def steps(self) -> list[Step]:
        """Each line with what justifies it in words, in the order in which it is printed.

        The steps of the forward pass say what they are, where they have names; each gradient says the rule by
        which it follows, from the output back to the variables.
        """
        reading = self.reading
        forward, backward, _ = self.lines
        told = iter(self._with_parts(self._backward_steps(backward), backward))
        between: list[Step] = []
        if self.order == 1:
            between = [definition(ln) if ln.of is None else next(told) for ln in backward]
        first = [definition(ln, True) for ln in forward] if reading.is_whole else []
        return [*first, *between, *told]

    def _with_parts(self, told: list[Step], backward: Sequence[Line]) -> list[Step]:
        """Above order 1, each part that only formulas name before the first step that speaks of it."""
        if self.order == 1:
            return told
        reading = self.reading
        known = {ref.name for ref in reading.definitions}
        refs = [r for r in referred(*reading.gradients.values()) if r.of is None and r.name not in known]
        parts = {ln.name: ln for ln in [*map(reading.line_of, refs), *backward] if ln.of is None}
        found: list[Step] = []
        for step in told:
            spoken = in_order([*parts.values()], [step.line])[:-1]
            found += [definition(parts.pop(ln.name)) for ln in spoken if ln.name in parts]
            found.append(step)
        return found

    def _backward_steps(self, backward: Sequence[Line]) -> list[Step]:
        """The gradients with their rules."""
        reading = self.reading
        firsts = [(ln, ln.of) for ln in backward if ln.of is not None]
        own = {ln.of for ln, _ in firsts}
        if self.order == 1:
            results = [(f.line, str(key)) for key, f in self.items() if f.line.of not in own]
            return steps([*firsts, *results], reading.definitions, reading.outputs)
        gradients = [
            (line(reading.names.gradient(name), gradient, name, names=reading.names), name)
            for name, gradient in reading.gradients.items()
            if name not in own
        ]
        # what first gradients stand on, and the second ones do not
        known = own | {name for _, name in gradients}
        through = [ref for ref in referred(*reading.gradients.values()) if ref.of and ref.of not in known]
        passed = [(ln, ln.of) for ln in backward_lines(through, reading.definitions, reading.names) if ln.of]
        last = []
        tangents = [str(tangent.name) for tangent in reading.tangents]
        for key, formula in self.items():
            if tangents:
                last.append(Step(formula.line, *tangent_rule(str(key), tangents)))
                continue
            *of, by = key if isinstance(key, tuple) else (key,) * self.order
            last.append(Step(formula.line, *next_rule(of, by, reading.gradients[of[0]])))
        return steps([*firsts, *passed, *gradients], reading.definitions, reading.outputs) + last

    @cached_property
    def differential(self) -> Differential:
        """The total differential of the output, dY = −A⁻¹ dA A⁻¹: how it changes with its variables.

        Of a number it is dL = tr(Gᵀ dX), with the gradient G; dX is the change of X here, and no gradient.

        Raises
        ------
        ArgumentError
            When this is a pullback, or a derivation of a higher order.

        Examples
        --------
        >>> import minigrad as mg
        >>> print(mg.derive(mg.parse("inv(A)", A="n n")).differential)
        dY = −A⁻¹ dA A⁻¹
        """
        return differential_of(self.reading, self._formulas, self.order)

    def source(
        self,
        language: str = "numpy",
        form: str = "gradients",
        *,
        name: str = "",
        shard: Shard | None = None,
    ) -> str:
        """The formulas as the text of standalone functions, which need nothing of minigrad.

        Parameters
        ----------
        language
            "numpy", "jax" or "torch".
        form
            "gradients" for one function that returns {name: array} for all formulas. "function" for the output
            itself with these formulas as its backward pass, a ``jax.custom_vjp`` or a
            ``torch.autograd.Function``; in NumPy a pair, ``forward(*args)`` that returns the output and what
            is saved, and ``backward(cotangent, *args, *saved)``, as `check` judges it.
        name
            What the function is called.
        shard
            In JAX, dims and the axes of a mesh of devices over which they are cut, ``{"b": "data"}``. The
            function takes the mesh, then whole arrays, and returns the value and the gradients: a step that
            ``jax.shard_map`` runs on every device. An index that is cut and summed is added up over the
            devices, one that is kept stays local. Of a cotangent,
            or at order 2, it returns the derivatives alone.

        Raises
        ------
        ArgumentError
            When the language is not known, or a dim that is cut is none of a variable's.
        DerivationError
            When an operation has no form in that language, or needs the whole of an axis that is cut.
        """
        if form not in FORMS:
            raise ArgumentError(
                f"source: form={form!r:.40} is none of {', '.join(map(repr, FORMS))}"
            )
        if form == "gradients":
            return derivation_source(self._formulas, self.reading, language, name, shard)
        if shard is not None:
            raise ArgumentError(
                "source: shard= writes a step that returns a value and its gradients; leave form= out"
            )
        pulled = self._pulled_back()
        return function_source(pulled._formulas, pulled.reading, language, name)

    def _pulled_back(self) -> Derivation:
        """The derivation as a pullback: of a number, its gradients times what arrives."""
        reading = self.reading
        if reading.lowered.cotangents:
            return self
        if self.order != 1 or reading.node.shape:
            raise ArgumentError(
                "source: a function's backward pass is a pullback, in the shapes of its arguments; derive with "
                'cotangent="dO", order=1'
            )
        by_name = {name: node for node, name in reading.lowered.names.items()}
        wrt = [by_name[str(key)] for key in self]
        return _derived(number_target(reading.node), wrt, reading.short_sums)

    # -- proof -------------------------------------------------------------------------------------------

    def check(
        self,
        values: Mapping[str, Any] | None = None,
        /,
        seed: int = 0,
        seeds: int | None = None,
        seconds: float | None = None,
        languages: Sequence[str] = ("numpy",),
        progress: Callable[[str, int, int], None] | bool | None = None,
        raise_on_failure: bool = False,
        **named: Any,
    ) -> Report:
        """Judge every formula by independent witnesses on the graph's own data.

        Variables without data get samples of what is assumed of them; ``values`` replaces any.
        ``seeds`` counts the samples, ``seconds`` is a time budget, ``languages`` are those in which the
        source is run, "numpy", "jax" or "torch"; ``progress`` is as in `mg.check`.

        Raises
        ------
        GradientError
            When witnesses disagree and ``raise_on_failure`` is set.
        """
        given = {**(values or {}), **named}
        subject = subject_of(self.reading, self._formulas, self.order, given)
        with heard(progress) as say:
            options = Options(seed, seeds, seconds, progress=say, languages=languages)
            report = examine(subject, options)
        return report.raise_on_failure() if raise_on_failure else report

    # -- value -------------------------------------------------------------------------------------------

    def __call__(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> dict[Key, Any]:
        """The values of all formulas, by name."""
        given = given_values(values, named)
        arrays = evaluate_formulas(self.reading.lowered, list(self.values()), given)
        return dict(zip(self._formulas, arrays, strict=True))


def derive(
    output: Tensor | Sequence[Tensor],
    wrt: Variable | Sequence[Variable] | None = None,
    order: int = 1,
    *,
    cotangent: Cotangents | None = None,
    short_sums: bool = False,
    along: Along | None = None,
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
        1 for gradients and Jacobians, 2 for Hessians (pairs of variables), 3 for third derivatives (triples),
        and so on.
    cotangent
        What the gradient by the output is called, "dO", or a tensor that has a name: the derivation is then
        the pullback, in the shapes of the variables, for any dO of the output's shape. For a tuple of
        outputs one for each, or a mapping by their names.
    short_sums
        Whether the sum over a tensor and its gradient is taken over the named product that the tensor goes
        into, as attention kernels do: rowsum(P ⊙ dP) is rowsum(O ⊙ dO) for O = P V.
    along
        At order 2 and above: a variable, or several, along which the gradients are derived again, or a mapping
        from variables to what their tangents are called; by default Ẋ for X. Σ_b H_ab ḃ is printed in the shape
        of a, with tangents Ṡ of named tensors S and dṠ of gradients dS, where the Hessian itself would be long.

    Returns
    -------
    Derivation
        Formulas by variable name. A derivative's axes are the output's, then the variables'; a pullback's
        are the variables' alone.

    Raises
    ------
    DerivationError
        When an operation on the way has no meaning in index notation, when second derivatives by so many
        variables of so long a program are too many formulas, or when no sum can be shortened.
    ArgumentError
        When a variable is not part of the output's graph, or a cotangent does not go with its output.
    NameClashError
        When a cotangent is named like something else.

    Examples
    --------
    >>> import minigrad as mg
    >>> X, w, y = mg.symbols("X: m n", "w: n", "y: m")
    >>> print(mg.derive(mg.sum((X @ w - y) ** 2), wrt="w"))
    dw = 2 Xᵀ (X w − y)

    The pullback of a tensor, in the name of the gradient that arrives at it:

    >>> print(mg.derive((X @ w).named("z"), cotangent="dz"))
    dX = dz wᵀ      dw = Xᵀ dz
    """
    if type(order) is not int or order < 1:
        raise ArgumentError(f"derive: order= counts how many times is derived, 1, 2, ..., not {order!r}")
    if order > 1 and cotangent is not None:
        raise ArgumentError(
            "derive: cotangent= asks for the pullback, a first derivative; for second ones derive the number "
            "mg.sum(dO * O), order=2"
        )
    return _derived(target(output, cotangent), wrt, short_sums, order, along)


def _derived(
    goal: Target, wrt: Any, short_sums: bool, order: int = 1, along: Along | None = None
) -> Derivation:
    node = goal.node
    lowered = lowered_graph(node, goal.cotangents)
    moved = tangents_of(along, lowered, node, order)
    nodes = variables_of(wrt, lowered) if wrt is not None or not moved else [*moved.values()]
    require_apart([*nodes, *moved.values()] if moved else [], lowered)
    if not nodes:
        raise ArgumentError(
            "derive: there is nothing to differentiate by; name the variables (mg.symbols, or "
            'mg.tensor(data, name="X")), or say which with wrt='
        )
    names = {variable: str(tangent.name) for tangent, variable in moved.items()}
    found = derivatives(lowered, node, nodes, order, printed_length, short_sums, names)
    gradients = {lowered.names[n]: gradient for n, gradient in found.gradients.items()}
    reading = Reading(lowered, found.output, node, found.names, gradients, moved, short_sums)
    return Derivation(reading, derived_of(found.formulas, reading), order)
