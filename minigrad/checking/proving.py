"""The proofs of a formula: 50 digits, rational numbers, SymPy, each on numbers of its own choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from minigrad.checking.exact import SingularError
from minigrad.checking.hearing import Hearing
from minigrad.checking.interrupt import interrupted
from minigrad.checking.meaning import operations
from minigrad.checking.options import Options
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn, small
from minigrad.checking.steps import settled_proof
from minigrad.checking.subject import Subject
from minigrad.checking.together import Group, told_apart
from minigrad.checking.witness import FORMULA, Proof
from minigrad.checking.witnesses import PROOFS
from minigrad.errors import DerivationError
from minigrad.symbolic.budget import OutOfTimeError, ask_for_time, budget

# Seconds for one formula: SymPy may look for the sign of one expression for hours.
_SECONDS = 10.0
# How SymPy and mpmath say that something has no value in their arithmetic.
NOT_IN_THIS_ARITHMETIC = (ValueError, TypeError, ArithmeticError)
# Lengths of dims, in turn.
_LENGTHS = ((2, 3), (3, 2), (2,))


def proofs(subject: Subject, options: Options, hearing: Hearing) -> list[Comparison]:
    """Every proof of every formula that applies; an exact one that succeeds is enough."""
    if subject.lowered is None:
        return []
    result: list[Comparison] = []
    proved: set[str] = set()
    samples = _Samples(subject, options.seed)
    for proof in PROOFS:
        chosen = [
            k
            for k, name in enumerate(subject.names)
            if subject.formulas[k] is not None and name not in proved
        ]
        if not chosen or subject.order not in proof.orders or not options.wants(proof.name):
            continue
        found = _Proving(subject, samples, proof, hearing).of(chosen)
        result.extend(found)
        if proof.exact:
            proved |= {c.quantity for c in found if c.verdict == "pass"}
    return result


class _Proving:
    """One proof of some formulas."""

    def __init__(
        self, subject: Subject, samples: _Samples, proof: Proof, hearing: Hearing
    ) -> None:
        self.subject, self.samples, self.proof, self.hearing = subject, samples, proof, hearing

    def of(self, chosen: Sequence[int]) -> list[Comparison]:
        """A line for each formula that it applies to."""
        names, who = self.subject.names, self.proof.name
        groups = self._groups(chosen)
        start = partial(next, self.samples.fitting(self.proof))
        if self.hearing.ask(who, Group(chosen).called(names), start, NOT_IN_THIS_ARITHMETIC) is None:
            return []
        return list(told_apart(who, self.hearing, groups, self._asked, names))

    def _groups(self, chosen: Sequence[int]) -> list[Group]:
        """Those with the same inner variable; a computed one is cut loose from what it is computed from."""
        alike: dict[Any, list[int]] = {}
        for k in chosen:
            joins = self.proof.together and self.subject.variables[k].op is None
            alike.setdefault((self.subject.nodes(k)[:-1], None if joins else k), []).append(k)
        return [Group(variables) for variables in alike.values()]

    def _asked(self, group: Group, last: bool) -> list[Comparison]:
        question = partial(_proved, self.samples, self.proof, group.variables)
        if not last:
            return self.hearing.tried(question) or []
        names = group.called(self.subject.names)
        found = self.hearing.ask(self.proof.name, names, question, NOT_IN_THIS_ARITHMETIC) or []
        if self.proof.exact or len(group.variables) > 1:
            return found
        (k,) = group.variables
        return [settled_proof(c, self.subject, self.samples.seed, k) for c in found]


def _proved(samples: _Samples, proof: Proof, variables: Sequence[int]) -> list[Comparison]:
    """One proof of some formulas, on the first numbers at which matrices have the inverses they need."""
    trouble: Exception = DerivationError("no sizes were small enough")
    for sample in samples.fitting(proof):
        try:
            with budget(_SECONDS):
                found = interrupted(partial(proof.run, sample, variables, FORMULA))
            return [replace(c, shows=proof.shows) for c in found]
        except OutOfTimeError:
            ask_for_time()
            raise DerivationError(f"it takes more than {_SECONDS:g} seconds") from None
        except (SingularError, ZeroDivisionError) as error:
            trouble = error
    raise trouble


class _Samples:
    """The numbers at hand, and new ones at small sizes where that is too much work; each made once.

    A product of a matrix with its transpose is singular where it has too few rows: hence both orders.
    """

    def __init__(self, subject: Subject, seed: int) -> None:
        self.subject, self.seed = subject, seed
        self._made: dict[Any, tuple[Sample, int]] = {}

    def fitting(self, proof: Proof) -> Iterator[Sample]:
        """Those on which a proof is no more work than it may be."""
        subject, seed = self.subject, self.seed
        candidates: list[tuple[Any, Callable[[], Sample]]] = [
            ((proof.exact, lengths), partial(small, subject, seed, proof.exact, lengths))
            for lengths in _LENGTHS
        ]
        if not proof.exact:
            candidates.insert(0, ("at hand", lambda: drawn(subject, seed)))
        # a second difference takes several times as many values as a first one
        most, least = proof.most // (1 if subject.order == 1 else 3), None
        for key, candidate in candidates:
            if key not in self._made:
                sample = candidate()
                self._made[key] = sample, operations(sample)
            sample, count = self._made[key]
            if count <= most:
                yield sample
            least = count if least is None else min(least, count)
        if least is not None and least > most:
            raise DerivationError(f"{least:,} operations per value are too many")
