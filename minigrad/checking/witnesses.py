"""The witnesses: who can say what a gradient is, what each needs, and why one does not apply.

A witness knows whole gradients (an array per variable), measures slopes (one number per direction), or
proves a formula in an arithmetic of its own. What it reads makes it independent of the others: hand VJPs and forward functions are the
numeric side, meanings the symbolic one, and differences read nothing but values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDING
from minigrad.checking.differences import EPS, Slope, complex_slope, slope
from minigrad.checking.digits import AT_50, MOST_OPERATIONS, proof_at_50
from minigrad.checking.exact import RATIONAL, SYMPY, rational_proof, sympy_proof
from minigrad.checking.ground import Ground
from minigrad.checking.hearing import RefutedError
from minigrad.checking.holomorphic import first_not_holomorphic
from minigrad.checking.report import Comparison
from minigrad.checking.scene import Scene
from minigrad.checking.suppress import suppress_warnings
from minigrad.errors import MinigradError, ShapeError
from minigrad.graph import tensor
from minigrad.numeric import gradients
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all

VJP, FORMULA, SOURCE = "hand VJPs", "derived formula", "NumPy source"
DIFFERENCES, COMPLEX = "finite differences", "complex step"

Arrays = list[Any]


@dataclass(frozen=True)
class Witness:
    """One row of the table of witnesses.

    ``refuses`` says why the witness does not apply to a scene, "" where it does; ``gradients`` gives an
    array or None per variable, ``slope`` the derivative along one direction of one variable.
    ``tolerance`` is what its own precision allows.
    """

    name: str
    reads: str
    refuses: Callable[[Scene], str]
    gradients: Callable[[Scene], Arrays] | None = None
    slope: Callable[[Scene, int, Any], Slope] | None = None
    tolerance: float = ROUNDING


@dataclass(frozen=True)
class Proof:
    """A witness of the formula alone, on numbers of its own choice.

    ``run`` compares variable k and raises DerivationError where it does not apply; ``most`` is the
    size, in scalar operations, beyond which dims are made small; ``exact`` asks for rational numbers.
    """

    name: str
    reads: str
    run: Callable[[Ground, int, str, str], Comparison]
    most: int
    exact: bool


# -- whole gradients -------------------------------------------------------------------------------


def hand_gradients(scene: Scene, c: Any = None) -> Arrays:
    """The engine's reverse sweep through the rows' own VJPs."""
    floats = {node for node, value in scene.leaves.items() if np.asarray(value).dtype.kind == "f"}
    output, tensors = scene.replay.record(scene.leaves, floats, scene.disturb)
    cotangent = np.asarray(scene.c if c is None else c, dtype=output.dtype)
    subject = scene.subject
    chosen = [k for k, node in enumerate(subject.variables) if scene.differentiable(k)]
    targets = [tensors[subject.variables[k]] for k in chosen]
    if not output.requires_grad:
        return [np.zeros_like(scene.at(k)) for k in range(len(subject.variables))]
    found = gradients([output], targets, cotangents=[tensor(cotangent)], allow_unused=True)
    result: Arrays = [None] * len(subject.variables)
    for k, g in zip(chosen, found, strict=True):
        result[k] = np.zeros_like(scene.at(k)) if g is None else g.numpy()
    return result


def _hand(scene: Scene) -> Arrays:
    try:
        with suppress_warnings():
            return hand_gradients(scene)
    except ShapeError as error:
        raise RefutedError(str(error)) from error  # a rule that gives another shape is a wrong rule
    except (MinigradError, ArithmeticError, np.linalg.LinAlgError):
        raise  # the rule has no value at these numbers
    except Exception as error:
        raise RefutedError(f"{type(error).__name__}: {error}") from error  # a rule that does not run


def projected(scene: Scene, k: int, jacobian: Any, axes: int) -> Any:
    """The cotangent applied to the first ``axes`` axes of a Jacobian, in the variable's shape."""
    jacobian = np.asarray(jacobian, dtype=float)
    c = scene.c.reshape(jacobian.shape[:axes])
    return np.tensordot(c, jacobian, axes=axes).reshape(scene.at(k).shape)


def formula_gradients(scene: Scene) -> Arrays:
    """The derived formulas, evaluated on the scene's numbers."""
    subject, lowered = scene.subject, scene.subject.lowered
    assert lowered is not None
    known = [expr for expr in subject.formulas if expr is not None]
    arrays = iter(evaluate_all(known, Environment(scene.leaf_values(), scene.sizes)))
    axes = lowered.expr(subject.output).ndim  # axes of size 1 are no axes of an expression
    return [
        None if expr is None else projected(scene, k, next(arrays), axes)
        for k, expr in enumerate(subject.formulas)
    ]


def source_gradients(scene: Scene) -> Arrays:
    """The arrays that the generated source returns, the cotangent applied."""
    assert scene.subject.written is not None
    arrays = scene.subject.written.arrays(scene.named_values(), scene.sizes)
    return [projected(scene, k, array, scene.output.ndim) for k, array in enumerate(arrays)]


# -- slopes ------------------------------------------------------------------------------------------


def _difference(scene: Scene, k: int, direction: Any) -> Slope:
    return slope(scene.moved(k, direction), scene.c)


def _imaginary(scene: Scene, k: int, direction: Any) -> Slope:
    found = complex_slope(scene.moved(k, direction), scene.c)
    return Slope(found.value, max(found.uncertainty, EPS * scene.natural))


# -- the table ---------------------------------------------------------------------------------------


def _never(scene: Scene) -> str:
    return ""


def _no_formula(scene: Scene) -> str:
    subject = scene.subject
    if subject.lowered is None or all(f is None for f in subject.formulas):
        return subject.why or "no formula was derived"
    return ""


def _no_source(scene: Scene) -> str:
    return _no_formula(scene) or ("" if scene.subject.written else "no source was generated")


def _not_holomorphic(scene: Scene) -> str:
    name = first_not_holomorphic(scene.replay, scene.values)
    return f"{name} is not holomorphic" if name else ""


WITNESSES: tuple[Witness, ...] = (
    Witness(VJP, "the rows' hand-written VJPs, through the reverse sweep", _never, gradients=_hand),
    Witness(
        FORMULA,
        "the rows' meanings, derived and simplified",
        _no_formula,
        gradients=formula_gradients,
    ),
    Witness(SOURCE, "the text that the formula generates", _no_source, gradients=source_gradients),
    Witness(DIFFERENCES, "the raw forward functions on plain arrays", _never, slope=_difference),
    Witness(
        COMPLEX, "the raw forward functions on complex arrays", _not_holomorphic, slope=_imaginary
    ),
)

PROOFS: tuple[Proof, ...] = (
    Proof(AT_50, "the meaning in 50-digit arithmetic", proof_at_50, MOST_OPERATIONS, False),
    Proof(RATIONAL, "the meaning in dual rational numbers", rational_proof, 20_000, True),
    Proof(SYMPY, "the meaning on explicit elements, by SymPy's diff", sympy_proof, 600, True),
)


__all__ = [
    "PROOFS",
    "WITNESSES",
    "Proof",
    "Witness",
    "formula_gradients",
    "hand_gradients",
    "source_gradients",
]
