"""What is known of a program: its variables, dims and statements, and names that are probably slips."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

from minigrad.api.targets import variables_of
from minigrad.checking.distributions import dims_of
from minigrad.checking.lengths import lengthened
from minigrad.checking.replay import Replay
from minigrad.graph import Node
from minigrad.index.size import AnySize, value_of
from minigrad.page.given import known_sizes
from minigrad.page.mending import Patience, is_read, meant, with_name
from minigrad.page.numbers import SIZES
from minigrad.page.question import Question
from minigrad.page.study import Study


def program(study: Study, question: Question) -> dict[str, Any]:
    """What stands at the head of every answer."""
    lowered = study.derivation.reading.lowered
    sizes = sizes_of(study, question)
    smooth = {*variables_of(None, lowered)}
    patience = Patience()
    first = {name for key in study.derivation for name in (key if isinstance(key, tuple) else (key,))}
    return {
        "variables": [_variable(study, node, sizes, node in smooth, patience) for node in study.variables],
        "dims": sizes,
        "wrt": [name for node in study.variables if (name := lowered.names[node]) in first],
        "output": {"name": study.output_name, "shape": _shape(study.output.shape, sizes)},
        "statements": [{"name": name, **place._asdict()} for name, place in study.statements],
    }


def sizes_of(study: Study, question: Question) -> dict[str, int]:
    """The sizes of all dims: as they are given, as arrays measure, or the usual ones."""
    replay = Replay(study.derivation.reading.node, {})
    usual = dict(zip(dims_of([*replay.leaves, *replay.order]), cycle(SIZES), strict=False))
    known = known_sizes(replay.leaves, question)
    sizes = {name: known.get(name, size) for name, size in usual.items()}
    return lengthened(sizes, study.demands, known)


def _shape(sizes: tuple[AnySize, ...], known: Mapping[str, int]) -> list[int]:
    return [value_of(size, known) for size in sizes]


def _variable(
    study: Study, node: Node, sizes: Mapping[str, int], smooth: bool, patience: Patience
) -> dict[str, Any]:
    name = study.derivation.reading.lowered.names[node]
    declared = name in study.declared
    told = {
        "name": name,
        "dims": [str(size).replace(" ", "") for size in node.shape],
        "assume": sorted(node.assume),
        "declared": declared,
        "new": not declared,
        "shape": _shape(node.shape, sizes),
        "differentiable": smooth,
    }
    slip = None if declared or patience.is_out else _suspect(study, name)
    return told if slip is None else {**told, "suspect": slip}


def _suspect(study: Study, name: str) -> dict[str, str] | None:
    """What was probably meant by a name that is new."""
    instead = meant(name, {*study.declared, *(given for given, _ in study.statements)})
    if instead is None:
        return None
    mended = with_name(study.program, name, instead)
    return {"instead": instead, "program": mended} if is_read(mended, study.declared) else None
