"""The proofs of a formula: 50 digits, rational numbers, SymPy, each on numbers of its own choice."""

from __future__ import annotations

from minigrad.checking.ground import Ground, same_ground, small_ground
from minigrad.checking.options import Clock, Options
from minigrad.checking.report import Comparison
from minigrad.checking.scene import Scene, Subject
from minigrad.checking.witnesses import FORMULA, PROOFS, Proof
from minigrad.errors import DerivationError, MinigradError


def proofs(subject: Subject, options: Options, clock: Clock, notes: list[str]) -> list[Comparison]:
    """Every proof of every formula that applies; an exact one that succeeds is enough."""
    if subject.lowered is None:
        return []
    result: list[Comparison] = []
    proved: set[int] = set()
    silent: dict[tuple[str, str], list[str]] = {}
    for proof in PROOFS:
        if not options.wants(proof.name):
            continue
        if clock.over:
            notes.append(f"{proof.name}: left out, the time was used up")
            continue
        for k, name in enumerate(subject.names):
            if subject.formulas[k] is None or k in proved or clock.over:
                continue
            options.say(f"{proof.name}: {name}", k, len(subject.names))
            try:
                ground = _ground(subject, options.seed, proof)
                result.append(proof.run(ground, k, FORMULA, name))
            except (MinigradError, ValueError, TypeError, ArithmeticError) as error:
                silent.setdefault((proof.name, str(error)), []).append(name)
                continue
            if proof.exact and result[-1].verdict == "pass":
                proved.add(k)
    for (who, why), names in silent.items():
        notes.append(f"{who}: not applicable to {', '.join(names)} ({why})")
    return result


def _ground(subject: Subject, seed: int, proof: Proof) -> Ground:
    """The numbers at hand, or new ones at small sizes where that is too much work."""
    if proof.exact:
        ground = small_ground(subject, seed, exact=True)
        if proof.most and ground.operations() > proof.most:
            ground = small_ground(subject, seed, exact=True, lengths=(2,))
        return ground
    ground = same_ground(Scene(subject, seed))
    if ground.operations() > proof.most:
        ground = small_ground(subject, seed, exact=False)
    if ground.operations() > proof.most:
        raise DerivationError(f"{ground.operations():,} operations per value are too many")
    return ground
