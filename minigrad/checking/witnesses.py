"""The witnesses: who can say what a gradient is, what each needs, and why one does not apply.

A witness knows whole gradients (an array per variable), measures slopes (one number per direction), or
proves a formula in an arithmetic of its own. What it reads makes it independent of the others: hand VJPs and
forward functions are the numeric side, meanings the symbolic one, and differences read nothing but values.

A witness is one row for every order. What is differentiated at order 1 is the number <c, f>; at order 2
it is the number <u, ∂<c, f>/∂a>, for a direction u of the inner variable a, so a second derivative uᵀ H
by b is a gradient like any other. For f(a, b) = Σᵢ aᵢ bᵢ² with two elements, c = 1 and u = (1, 0) it is
b₁², whose gradient by b is (2 b₁, 0): the first row of H = ∂²f/∂a∂b = [[2 b₁, 0], [0, 2 b₂]].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDING
from minigrad.checking.differences import EPS, Slope, complex_slope, mixed_slope, slope
from minigrad.checking.digits import AT_50, MOST_OPERATIONS, proof_at_50
from minigrad.checking.exact import RATIONAL, SYMPY, rational_proof, sympy_proof
from minigrad.checking.hearing import RefutedError
from minigrad.checking.holomorphic import first_not_holomorphic
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Directions, Sample
from minigrad.checking.suppress import suppress_warnings
from minigrad.errors import MinigradError, ShapeError
from minigrad.graph import Node, Tensor, tensor
from minigrad.numeric import gradients
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all
from minigrad.source.dialects import DIALECTS

VJP, FORMULA, SOURCE = "hand VJPs", "derived formula", "NumPy source"
DIFFERENCES, COMPLEX = "finite differences", "complex step"
OF_GRADIENT = "differences of the gradient"
# Claims of the user's that a witness can be asked about beside formulas.
DERIVATION, BACKWARD = "a derivation by hand", "a backward function"

Arrays = list[Any]


def never(sample: Sample) -> str:
    """A witness that always applies."""
    return ""


@dataclass(frozen=True)
class Witness:
    """One row of the table of witnesses.

    ``refuses`` says why the witness does not apply to a sample, "" where it does; ``gradients`` gives an
    array or None per variable, ``slope`` the derivative along directions of some variables at once.
    ``tolerance`` is what its own precision allows; ``orders`` are those of which it speaks, and ``twice``
    is what it is called at order 2. ``judges`` names claims of the user's that it is asked about, and
    ``part`` what is at fault where it alone is wrong, and no primitive is. ``language`` is that of the
    source that it runs, for which it has to be asked where it is not NumPy.
    """

    name: str
    reads: str
    refuses: Callable[[Sample], str] = never
    gradients: Callable[[Sample], Arrays] | None = None
    slope: Callable[[Sample, Directions], Slope] | None = None
    tolerance: float = ROUNDING
    orders: tuple[int, ...] = (1, 2)
    twice: str = ""
    judges: tuple[str, ...] = ()
    part: str = ""
    language: str = ""

    def called(self, order: int) -> str:
        """Its name in reports about derivatives of that order."""
        return self.twice if order == 2 and self.twice else self.name


@dataclass(frozen=True)
class Proof:
    """A witness of the formula alone, on numbers of its own choice.

    ``run`` compares the formulas of some variables, a line for each, and raises DerivationError where it
    does not apply; ``together`` says that it takes one direction for all, so that where one is wrong none
    holds. ``most`` is the size, in scalar operations, beyond which dims are made small; ``exact`` asks
    for rational numbers.
    """

    name: str
    reads: str
    run: Callable[[Sample, Sequence[int], str], list[Comparison]]
    most: int
    exact: bool
    together: bool
    orders: tuple[int, ...] = (1, 2)


# -- whole gradients -------------------------------------------------------------------------------


def hand_gradients(sample: Sample, c: Any = None) -> Arrays:
    """The engine's reverse sweep through the rows' own VJPs: first derivatives."""
    output, tensors = sample.recorded()
    cotangent = np.asarray(sample.c if c is None else c, dtype=output.dtype)
    subject = sample.subject
    chosen = [k for k in range(len(subject.variables)) if sample.differentiable(k)]
    targets = [tensors[subject.variables[k]] for k in chosen]
    if not output.requires_grad:
        return [np.zeros_like(sample.at(k)) for k in range(len(subject.variables))]
    found = gradients([output], targets, cotangents=[tensor(cotangent)], allow_unused=True)
    result: Arrays = [None] * len(subject.variables)
    for k, g in zip(chosen, found, strict=True):
        result[k] = np.zeros_like(sample.at(k)) if g is None else g.numpy()
    return result


def _hand_twice(sample: Sample) -> Arrays:
    """The same sweep through the gradient's own graph."""
    output, tensors = sample.recorded()
    first = swept(output, [tensors[node] for node in sample.u], sample.c, create_graph=True)
    by_inner = dict(zip(sample.u, first, strict=True))
    result: Arrays = []
    for k in range(len(sample.subject.variables)):
        a, b = sample.subject.nodes(k)
        (h,) = swept(by_inner[a], [tensors[b]], sample.u[a])
        result.append(np.zeros_like(sample.at(k)) if h is None else h.numpy())
    return result


def swept(output: Any, targets: list[Any], c: Any, create_graph: bool = False) -> list[Any]:
    """Cotangents of the targets; None where the output does not depend on them."""
    if output is None or not output.requires_grad:
        return [None] * len(targets)
    cotangent = c if isinstance(c, Tensor) else tensor(c)
    return gradients(
        [output], targets, cotangents=[cotangent], create_graph=create_graph, allow_unused=True
    )


def _hand(sample: Sample) -> Arrays:
    with suppress_warnings():
        if sample.subject.order == 2:
            return _hand_twice(sample)  # rules of one's own need not run on tensors
        try:
            return hand_gradients(sample)
        except ShapeError as error:
            # a rule that gives another shape is a wrong rule
            raise RefutedError(str(error)) from error
        except (MinigradError, ArithmeticError, np.linalg.LinAlgError):
            raise  # the rule has no value at these numbers
        except Exception as error:
            # a rule that does not run
            raise RefutedError(f"{type(error).__name__}: {error}") from error


def _applied(sample: Sample, k: int, derivative: Any, ndim: Callable[[Node], int]) -> Any:
    """<c ⊗ u, derivative> over the axes before the variable's, which keeps its shape."""
    array = np.asarray(derivative, dtype=float)
    inner = sample.subject.nodes(k)[:-1]
    seeds = [(sample.c, sample.subject.output), *((sample.u[a], a) for a in inner)]
    for seed, node in seeds:
        axes = ndim(node)
        array = np.tensordot(np.reshape(seed, array.shape[:axes]), array, axes=axes)
    return array.reshape(sample.at(k).shape)


def formula_gradients(sample: Sample) -> Arrays:
    """The derived formulas, evaluated on the sample's numbers."""
    lowered, formulas = sample.subject.lowered, sample.subject.formulas
    assert lowered is not None
    known = [expr for expr in formulas if expr is not None]
    arrays = iter(evaluate_all(known, Environment(sample.leaf_values(), sample.sizes)))

    def ndim(node: Node) -> int:
        return lowered.expr(node).ndim  # axes of size 1 are no axes of an expression

    return [
        None if expr is None else _applied(sample, k, next(arrays), ndim)
        for k, expr in enumerate(formulas)
    ]


def source_gradients(sample: Sample, language: str = "numpy") -> Arrays:
    """The arrays that the generated source returns, the cotangent applied."""
    arrays = sample.subject.written[language].arrays(sample.named_values(), sample.sizes)
    return [
        _applied(sample, k, array, lambda node: np.ndim(sample.values[node]))
        for k, array in enumerate(arrays)
    ]


# -- slopes ------------------------------------------------------------------------------------------


def _difference(sample: Sample, directions: Directions) -> Slope:
    if sample.subject.order == 1:
        return slope(sample.moved(directions), sample.c)
    return mixed_slope(sample.moved_twice(directions), sample.c)


def _of_gradient(sample: Sample, directions: Directions) -> Slope:
    (a,) = {sample.subject.nodes(k)[0] for k in directions}
    position = list(sample.subject.variables).index(a)

    def along(t: float) -> Any:
        try:
            return hand_gradients(sample.shifted(sample.moves(directions, t)))[position]
        except (MinigradError, np.linalg.LinAlgError):
            return np.full(sample.u[a].shape, np.nan)  # beyond what an operation takes

    return slope(along, sample.u[a])


def _imaginary(sample: Sample, directions: Directions) -> Slope:
    found = complex_slope(sample.moved(directions), sample.c)
    return Slope(found.value, max(found.uncertainty, EPS * sample.natural))


# -- the table ---------------------------------------------------------------------------------------


def _no_formula(sample: Sample) -> str:
    subject = sample.subject
    if subject.lowered is None or all(f is None for f in subject.formulas):
        return subject.why or "no formula was derived"
    return ""


def _no_source(sample: Sample) -> str:
    return _no_formula(sample) or ("" if sample.subject.written else "no source was generated")


def _not_holomorphic(sample: Sample) -> str:
    name = first_not_holomorphic(sample.replay, sample.values)
    return f"the forward of {name} is not holomorphic" if name else ""


WITNESSES: tuple[Witness, ...] = (
    Witness(
        VJP,
        "the rows' hand-written VJPs, through the reverse sweep",
        gradients=_hand,
        twice=f"{VJP}, twice",
        judges=(DERIVATION, BACKWARD),
        part="reverse sweep",
    ),
    Witness(
        FORMULA,
        "the rows' meanings, derived and simplified",
        _no_formula,
        gradients=formula_gradients,
        judges=(DERIVATION, BACKWARD),
        part="derivation",
    ),
    Witness(
        SOURCE,
        "the text that the formula generates",
        _no_source,
        gradients=source_gradients,
        part="generator",
        language="numpy",
    ),
    *(
        Witness(
            f"{DIALECTS[language].called} source",
            f"the text that the formula generates for {DIALECTS[language].called}",
            _no_source,
            gradients=partial(source_gradients, language=language),
            part="generator",
            language=language,
        )
        for language in ("jax", "torch")
    ),
    Witness(OF_GRADIENT, "the hand VJPs at numbers close by", slope=_of_gradient, orders=(2,)),
    Witness(
        DIFFERENCES,
        "the raw forward functions on plain arrays",
        slope=_difference,
        judges=(DERIVATION, BACKWARD),
    ),
    Witness(
        COMPLEX,
        "the raw forward functions on complex arrays",
        _not_holomorphic,
        slope=_imaginary,
        orders=(1,),
        judges=(BACKWARD,),
    ),
)

PROOFS: tuple[Proof, ...] = (
    Proof(AT_50, "the meaning in 50-digit arithmetic", proof_at_50, MOST_OPERATIONS, False, True),
    Proof(RATIONAL, "the meaning in dual rational numbers", rational_proof, 20_000, True, True, (1,)),
    Proof(
        SYMPY, "the meaning on explicit elements, by SymPy's diff", sympy_proof, 600, True, False, (1,)
    ),
)


# -- who is asked what -----------------------------------------------------------------------------------


def speaking(order: int) -> list[Witness]:
    """The witnesses who speak of derivatives of that order."""
    return [w for w in WITNESSES if order in w.orders]


def judging(claim: str) -> list[Witness]:
    """The witnesses that are asked about such a claim of the user's."""
    return [w for w in WITNESSES if claim in w.judges]


def stepwise() -> tuple[str, ...]:
    """Those who differentiate one step after another, and so meet what single steps do not have."""
    return tuple(w.name for w in WITNESSES if w.gradients is not None)


def with_parts() -> list[Witness]:
    """Those of which something else than a primitive may be at fault, formulas before the sweep."""
    return sorted((w for w in WITNESSES if w.part), key=lambda w: w.name == VJP)


def names() -> list[str]:
    """What witnesses and proofs are called."""
    return [*(w.name for w in WITNESSES), *(p.name for p in PROOFS)]
