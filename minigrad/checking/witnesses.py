"""The table of witnesses: who can say what a gradient is, what each needs, and why one does not apply.

A witness knows whole gradients (an array per variable), measures slopes (one number per direction), or
proves a formula in an arithmetic of its own. What it reads makes it independent of the others: hand VJPs and
forward functions are the numeric side, meanings the symbolic one, and differences read nothing but values.

A witness is one row for every order. What is differentiated at order 1 is the number <c, f>; at order 2
it is the number <u, ∂<c, f>/∂a>, for a direction u of the inner variable a, so a second derivative uᵀ H
by b is a gradient like any other. For f(a, b) = Σᵢ aᵢ bᵢ² with two elements, c = 1 and u = (1, 0) it is
b₁², whose gradient by b is (2 b₁, 0): the first row of H = ∂²f/∂a∂b = [[2 b₁, 0], [0, 2 b₂]].
"""

from __future__ import annotations

from functools import partial

from minigrad.checking.digits import AT_50, MOST_OPERATIONS, proof_at_50
from minigrad.checking.exact import RATIONAL, SYMPY, rational_proof, sympy_proof
from minigrad.checking.holomorphic import first_not_holomorphic
from minigrad.checking.measured_slopes import (
    difference,
    imaginary,
    of_gradient,
    rounding_of_gradient,
    rounding_of_imaginary,
    rounding_of_values,
)
from minigrad.checking.sample import Sample
from minigrad.checking.whole_gradients import (
    formula_gradients,
    hand,
    printed_gradients,
    source_gradients,
)
from minigrad.checking.witness import (
    BACKWARD,
    COMPLEX,
    DERIVATION,
    DIFFERENCES,
    FORMULA,
    OF_GRADIENT,
    ORDERS,
    PRINTED,
    SOURCE,
    VJP,
    Proof,
    Witness,
)
from minigrad.source.dialects import DIALECTS


def _no_formula(sample: Sample) -> str:
    subject = sample.subject
    if subject.lowered is None or all(f is None for f in subject.formulas):
        return subject.why or "no formula was derived"
    return ""


def _no_source(sample: Sample) -> str:
    if sample.subject.functions:
        return f"{' and '.join(sorted(sample.subject.functions))} without a definition cannot be written"
    return _no_formula(sample) or ("" if sample.subject.written else "no source was generated")


def _no_text(sample: Sample) -> str:
    return _no_formula(sample) or ("" if sample.subject.printed else "nothing was printed")


def _not_holomorphic(sample: Sample) -> str:
    name = first_not_holomorphic(sample.replay, sample.values)
    return f"the forward of {name} is not holomorphic" if name else ""


WITNESSES: tuple[Witness, ...] = (
    Witness(
        VJP,
        "the rows' hand-written VJPs, through the reverse sweep",
        gradients=hand,
        again=True,
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
        made_from=FORMULA,
    ),
    *(
        Witness(
            f"{DIALECTS[language].called} source",
            f"the text that the formula generates for {DIALECTS[language].called}",
            _no_source,
            gradients=partial(source_gradients, language=language),
            part="generator",
            language=language,
            made_from=FORMULA,
        )
        for language in ("jax", "torch")
    ),
    *(
        Witness(
            name,
            f"the formula as {alphabet} text, read back and evaluated",
            _no_text,
            gradients=partial(printed_gradients, alphabet=alphabet),
            part="notation",
            of=FORMULA,
        )
        for alphabet, name in PRINTED.items()
    ),
    Witness(
        OF_GRADIENT,
        "the hand VJPs at numbers close by",
        slope=of_gradient,
        rounding=rounding_of_gradient,
        orders=ORDERS[1:],
    ),
    Witness(
        DIFFERENCES,
        "the raw forward functions on plain arrays",
        slope=difference,
        rounding=rounding_of_values,
        orders=(1, 2),
        judges=(DERIVATION, BACKWARD),
    ),
    Witness(
        COMPLEX,
        "the raw forward functions on complex arrays",
        _not_holomorphic,
        slope=imaginary,
        rounding=rounding_of_imaginary,
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
