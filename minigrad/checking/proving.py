"""The proofs of a formula: 50 digits, rational numbers, SymPy, each on numbers of its own choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from minigrad.checking.exact import SingularError
from minigrad.checking.ground import Ground, same_ground, small_ground
from minigrad.checking.hearing import Hearing
from minigrad.checking.options import Options
from minigrad.checking.report import Comparison
from minigrad.checking.scene import Scene, Subject
from minigrad.checking.steps import settled_proof
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
        if not options.wants(proof.name):
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
                found = settled_proof(found, subject, options.seed, subject.variables[k])
            result.append(found)
            if proof.exact and found.verdict == "pass":
                proved.add(k)
    return result


def _proved(subject: Subject, seed: int, proof: Proof, k: int) -> Comparison:
    """One proof of one formula, on the first numbers at which matrices have the inverses they need."""
    trouble: Exception = DerivationError("no sizes were small enough")
    for ground in _grounds(subject, seed, proof):
        try:
            return proof.run(ground, k, FORMULA, subject.names[k])
        except (SingularError, ZeroDivisionError) as error:
            trouble = error
    raise trouble


def _grounds(subject: Subject, seed: int, proof: Proof) -> Iterator[Ground]:
    """The numbers at hand, and new ones at small sizes where that is too much work.

    A product of a matrix with its transpose is singular where it has too few rows: hence both orders.
    """
    candidates: list[Callable[[], Ground]] = [
        partial(small_ground, subject, seed, proof.exact, lengths) for lengths in _LENGTHS
    ]
    if not proof.exact:
        candidates.insert(0, lambda: same_ground(Scene(subject, seed)))
    least = None
    for candidate in candidates:
        ground = candidate()
        operations = ground.operations()
        if operations <= proof.most:
            yield ground
        least = operations if least is None else min(least, operations)
    if least is not None and least > proof.most:
        raise DerivationError(f"{least:,} operations per value are too many")
