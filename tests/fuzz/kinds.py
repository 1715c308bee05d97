"""The kinds of inputs: how each is made, run, and made shorter."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from . import checkpoints, commands, names, programs, tables, verdicts


class Kind(NamedTuple):
    """How often a kind is drawn, and its three functions."""

    weight: float
    make: Callable[[random.Random], Any]
    run: Callable[[Any], None]
    smaller: Callable[[Any], Iterator[Any]]


KINDS = {
    "program": Kind(12, programs.make, programs.run, programs.smaller),
    "names": Kind(2, names.make, names.run, names.smaller),
    "checkpoint": Kind(3, checkpoints.make, checkpoints.run, checkpoints.smaller),
    "table": Kind(3, tables.make, tables.run, tables.smaller),
    "command": Kind(1, commands.make, commands.run, commands.smaller),
    "verdict": Kind(1, verdicts.make, verdicts.run, verdicts.smaller),
}


def warm_up(kinds: Collection[str]) -> None:
    """Import and make what inputs need, so that no worker spends its time on it."""
    if {"program", "names", "command", "verdict"} & set(kinds):
        data = {"declared": {"X": "n d"}, "wrt": None, "then": list(programs.THEN), "seed": 0}
        programs.run(data | {"text": "S = X @ W; sum(softmax(S) * C)"})
    if "command" in kinds:
        commands.run({"words": ["derive", "sum(x)"]})
    for text in (False, True) if "checkpoint" in kinds else ():
        checkpoints.real(text)
