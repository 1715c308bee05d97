"""`derive`: from a tensor to the formulas of its derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from minigrad.api.cotangent import Cotangents, Target, number_target, target
from minigrad.api.formula import Formula
from minigrad.api.pickled import rebuilt
from minigrad.api.printed import Printed
from minigrad.api.reading import Derived, Key, Reading, derived_of
from minigrad.api.source import derivation_source, function_source
from minigrad.api.subject import subject_of
from minigrad.api.targets import Variable, lowered_graph, variables_of
from minigrad.api.value import evaluate_formulas, given_values
from minigrad.checking import Options, Report, examine
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor
from minigrad.names import differential_name
from minigrad.notation.choose import printed_length
from minigrad.notation.lines import Line, line
from minigrad.notation.steps import Step, second_rule, steps
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
            only = self.order == 2 and len(self) == 1 and len(set(key)) == 1 < len(key)
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

    def format(self, ascii: bool = False, style: str = "d") -> str:
        """The whole derivation as text; ``style="partial"`` writes dS as ∂L/∂S."""
        whole = bool(self.reading.names_by_user)
        return self.reading.format(list(self.values()), ascii, style == "partial", whole)

    @cached_property
    def lines(self) -> tuple[list[Line], list[Line], list[Line]]:
        """The forward pass, the gradients of named tensors, and the formulas, in reading order."""
        return self.reading.lines(list(self.values()), whole=bool(self.reading.names_by_user))

    def __repr__(self) -> str:
        return f"<Derivation by {', '.join(map(str, self._formulas))}>"

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

    @property
    def steps(self) -> list[Step]:
        """Each gradient with the rule that justifies it, from the output back to the variables."""
        reading = self.reading
        _, backward, _ = self.lines
        firsts = [(ln, ln.of) for ln in backward if ln.of is not None]
        own = {ln.of for ln, _ in firsts}
        if self.order == 1:
            results = [(f.line, str(key)) for key, f in self.items() if f.line.of not in own]
            return steps([*firsts, *results], reading.definitions, reading.outputs)
        gradients = [
            (line(differential_name(name), gradient, name, taken=reading.taken), name)
            for name, gradient in reading.gradients.items()
            if name not in own
        ]
        seconds = []
        for key, formula in self.items():
            of, by = key if isinstance(key, tuple) else (key, key)
            seconds.append(Step(formula.line, second_rule(of, by, reading.gradients[of])))
        return steps([*firsts, *gradients], reading.definitions, reading.outputs) + seconds

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
        raise_on_failure: bool = False,
        **named: Any,
    ) -> Report:
        """Judge every formula by independent witnesses on the graph's own data.

        Variables without data get samples of what is assumed of them; ``values`` replaces any.
        ``seeds`` counts the samples, ``seconds`` is a time budget, ``languages`` are those in which the
        source is run, "numpy", "jax" or "torch".

        Raises
        ------
        GradientError
            When witnesses disagree and ``raise_on_failure`` is set.
        """
        given = {**(values or {}), **named}
        subject = subject_of(self.reading, self._formulas, self.order, given)
        report = examine(subject, Options(seed, seeds, seconds, languages=languages))
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
    cotangent
        What the gradient by the output is called, "dO", or a tensor that has a name: the derivation is then
        the pullback, in the shapes of the variables, for any dO of the output's shape. For a tuple of
        outputs one for each, or a mapping by their names.
    short_sums
        Whether the sum over a tensor and its gradient is taken over the named product that the tensor goes
        into, as attention kernels do: rowsum(P ⊙ dP) is rowsum(O ⊙ dO) for O = P V.

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
    if order not in (1, 2):
        raise ArgumentError(
            f"derive: order is 1 or 2, not {order!r}; derive a formula's tensor again for more"
        )
    if order == 2 and cotangent is not None:
        raise ArgumentError(
            "derive: cotangent= asks for the pullback, a first derivative; for second ones derive the number "
            "mg.sum(dO * O), order=2"
        )
    return _derived(target(output, cotangent), wrt, short_sums, order)


def _derived(goal: Target, wrt: Any, short_sums: bool, order: int = 1) -> Derivation:
    node = goal.node
    lowered = lowered_graph(node, goal.cotangents)
    nodes = variables_of(wrt, lowered)
    if not nodes:
        raise ArgumentError(
            "derive: there is nothing to differentiate by; name the variables (mg.symbols, or "
            'mg.tensor(data, name="X")), or say which with wrt='
        )
    found = derivatives(lowered, node, nodes, order, printed_length, short_sums)
    gradients = {lowered.names[n]: gradient for n, gradient in found.gradients.items()}
    reading = Reading(lowered, found.output, node, found.names, gradients, short_sums)
    return Derivation(reading, derived_of(found.formulas, reading), order)
