"""The proofs of a formula: 50 digits, rational numbers, SymPy, each on numbers of its own choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from minigrad.checking.exact import SingularError
from minigrad.checking.hearing import Hearing
from minigrad.checking.meaning import operations
from minigrad.checking.options import Options
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn, small
from minigrad.checking.steps import settled_proof
from minigrad.checking.subject import Subject
from minigrad.checking.witnesses import FORMULA, PROOFS, Proof
from minigrad.errors import DerivationError

# How SymPy and mpmath say that something has no value in their arithmetic.
NOT_IN_THIS_ARITHMETIC = (ValueError, TypeError, ArithmeticError)
# Lengths of dims, in turn.
_LENGTHS = ((2, 3), (3, 2), (2,))


def proofs(subject: Subject, options: Options, hearing: Hearing) -> list[Comparison]:
    """Every proof of every formula that applies; an exact one that succeeds is enough."""
    if subject.lowered is None:
        return []
    result: list[Comparison] = []
    proved: set[int] = set()
    for proof in PROOFS:
        if subject.order not in proof.orders or not options.wants(proof.name):
            continue
        for k, name in enumerate(subject.names):
            if subject.formulas[k] is None or k in proved:
                continue
            options.say(f"{proof.name}: {name}", k, len(subject.names))
            question = partial(_proved, subject, options.seed, proof, k)
            found = hearing.ask(proof.name, name, question, NOT_IN_THIS_ARITHMETIC)
            if found is None:
                continue
            if not proof.exact:
                found = settled_proof(found, subject, options.seed, k)
            result.append(found)
            if proof.exact and found.verdict == "pass":
                proved.add(k)
    return result


def _proved(subject: Subject, seed: int, proof: Proof, k: int) -> Comparison:
    """One proof of one formula, on the first numbers at which matrices have the inverses they need."""
    trouble: Exception = DerivationError("no sizes were small enough")
    for sample in _samples(subject, seed, proof):
        try:
            return proof.run(sample, k, FORMULA, subject.names[k])
        except (SingularError, ZeroDivisionError) as error:
            trouble = error
    raise trouble


def _samples(subject: Subject, seed: int, proof: Proof) -> Iterator[Sample]:
    """The numbers at hand, and new ones at small sizes where that is too much work.

    A product of a matrix with its transpose is singular where it has too few rows: hence both orders.
    """
    candidates: list[Callable[[], Sample]] = [
        partial(small, subject, seed, proof.exact, lengths) for lengths in _LENGTHS
    ]
    if not proof.exact:
        candidates.insert(0, lambda: drawn(subject, seed))
    # a second difference takes several times as many values as a first one
    most, least = proof.most // (1 if subject.order == 1 else 3), None
    for candidate in candidates:
        sample = candidate()
        count = operations(sample)
        if count <= most:
            yield sample
        least = count if least is None else min(least, count)
    if least is not None and least > most:
        raise DerivationError(f"{least:,} operations per value are too many")
