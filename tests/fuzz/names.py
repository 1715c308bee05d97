"""Hostile names of tensors, dims, scopes and symbols, through everything that prints or writes them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

import minigrad as mg

from . import hostile, programs

Data = dict[str, Any]

DOORS = ("tensor", "dims", "named", "scope", "symbols", "declared", "sympy")
THEN = ("index", "expanded", "source", "value", "sympy", "second", "check", "draw")


def make(rng: random.Random) -> Data:
    """A door, names to push through it, and what is done afterwards."""
    names = [rng.choice(hostile.NAMES) for _ in range(2)]
    if rng.random() < 0.5:
        names = [programs.mutated(name, rng) for name in names]
    then = [name for name in THEN if rng.random() < 0.3]
    return {"door": rng.choice(DOORS), "names": names, "then": then, "wrt": None, "seed": 0}


def run(data: Data) -> None:
    """A small loss with these names, and all that is done with a program's."""
    output = _output(data["door"], *data["names"])
    programs.after(output, data | {"declared": {}})
    if "source" in data["then"]:
        derivation = mg.derive(output)
        space: dict[str, Any] = {}
        source = derivation.source("numpy")
        exec(
            compile(source, "source", "exec"), space
        )  # what people ship is imported: a name runs here


def _output(door: str, first: str, second: str) -> Any:
    x = np.array([0.5, 1.5])
    match door:
        case "tensor":
            a = mg.tensor(x, name=first, requires_grad=True)
            return mg.exp(a * mg.tensor(x, name=second)).sum()
        case "dims":
            a = mg.tensor(np.ones((2, 2)), name="A", dims=f"{first} {second}", requires_grad=True)
            return mg.exp(a).sum()
        case "named":
            a = mg.tensor(x, name="a", requires_grad=True)
            return mg.exp(a * a).named(first).sum().named(second)
        case "scope":
            a = mg.tensor(x, name="a", requires_grad=True)
            with mg.scope(first):
                b = mg.exp(a).named("b")
                with mg.scope(second):
                    return (a * b).named("c").sum()
        case "symbols":
            a, b, *_ = mg.symbols(f"{first}: n", f"{second}: n")  # "x,y" makes two
            return mg.exp(a * b).sum()
        case "declared":
            return mg.parse("sum(exp(x * y))", x=first, y=second)
    import sympy as s

    return mg.from_sympy(s.exp(s.Symbol(first) * s.Symbol(second)))


def smaller(data: Data) -> Iterator[Data]:
    """Fewer steps, and shorter names."""
    for name in data["then"]:
        yield data | {"then": [other for other in data["then"] if other != name]}
    for k, name in enumerate(data["names"]):
        for text in (
            "x" if k == 0 else "y",
            *([name[: len(name) // 2], name[1:]] if len(name) > 1 else []),
        ):
            if text != name:
                yield data | {"names": [text if i == k else n for i, n in enumerate(data["names"])]}
