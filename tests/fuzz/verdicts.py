"""Right programs under check: whatever the point, a gradient that the library derives is never called wrong.

The points are hard on purpose: axes of size 0 and 1, values that cancel, saturate, overflow, tie or
are NaN, in three precisions, with and without what may be assumed of variables.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.checking.suppress import suppress_warnings
from minigrad.errors import MinigradError

from . import hard, programs

Data = dict[str, Any]

SECONDS = 2.0
_LENGTHS = (1, 1, 2, 3, 3, 4, 5, 9, 0)
_DTYPES = ("float64", "float64", "float64", "float32", "float16")
_FACTS = (
    *("positive", "nonzero", "0/1", "pm1", "onehot", "simplex", "unit"),
    *("spd", "symmetric", "diagonal", "orthogonal", "invertible", "index"),
)
# How the numbers of an array are made.
_POINTS = (
    *("normal", "normal", "normal", "small", "large", "huge", "zero", "ties", "whole"),
    *("near one", "tiny", "saturated", "nan", "infinite", "negative"),
)

def make(rng: random.Random) -> Data:
    """A program that can be read, the points of its variables, and how it is checked."""
    while True:
        data = _drawn(rng)
        try:
            _output(data)
        except MinigradError:
            continue
        except Exception:  # the other kinds look for these
            continue
        return data


def _drawn(rng: random.Random) -> Data:
    text, declared = _hard(rng) if rng.random() < 0.35 else _by_grammar(rng)
    return {
        "text": text,
        "declared": declared,
        "points": {
            name: rng.choice(_POINTS if rng.random() < 0.4 else _POINTS[:3])
            for name in declared
            if rng.random() < 0.8
        }
        if rng.random() < 0.65
        else {},
        "dtype": rng.choice(_DTYPES),
        "sizes": [rng.choice(_LENGTHS) for _ in range(6)],
        "ask": rng.choices(list(ASKS), (80, 8, 4, 2, 3, 3, 3))[0],
        "seed": rng.randrange(1000),
    }


def _hard(rng: random.Random) -> tuple[str, dict[str, str]]:
    text = rng.choice(hard.TEXTS)
    if rng.random() < 0.3:
        text = f"{rng.choice(('tanh', 'exp', 'log', 'sigmoid', 'sqrt', 'abs'))}({text})"
    words = {w for w in hard.SHAPES if _holds(text, w)}
    facts = {w: hard.FACTS[w] for w in words if w in hard.FACTS}
    for w in words:
        if w not in facts and rng.random() < 0.15:
            facts[w] = rng.choice(_FACTS)
    declared = {w: _declaration(hard.SHAPES[w], facts.get(w, "")) for w in sorted(words)}
    return text, declared | ({"f": "function"} if "f(" in text else {})


def _holds(text: str, word: str) -> bool:
    import re

    return re.search(rf"(?<![\w.]){word}(?!\w)(?!\()", text) is not None


def _by_grammar(rng: random.Random) -> tuple[str, dict[str, str]]:
    grammar = programs.Grammar(rng)
    grammar.odd = False
    text = grammar.text()
    for name in grammar.facts:
        grammar.facts[name] = rng.choice(_FACTS)
    return text, {n: _declaration(" ".join(s), grammar.facts.get(n, "")) for n, s in grammar.shapes.items()}


def _declaration(dims: str, fact: str) -> str:
    return f"{dims} | {fact}" if fact else dims


# -- one program -----------------------------------------------------------------------------------


def _output(data: Data) -> Any:
    """The program on tensors that hold numbers where points are given, on symbols elsewhere."""
    declared: dict[str, Any] = dict(data["declared"])
    if data["points"]:
        rng = np.random.default_rng(data["seed"])
        sizes: dict[str, int] = {}
        for name, text in data["declared"].items():
            if text != "function" and (array := _array(name, text, data, sizes, rng)) is not None:
                declared[name] = array
    with suppress_warnings():
        return mg.parse(data["text"], **declared)


def _array(
    name: str, text: str, data: Data, sizes: dict[str, int], rng: np.random.Generator
) -> Any:
    words, _, fact = text.partition("|")
    shape = []
    for word in words.replace(",", " ").split():
        if word.isdigit():
            shape.append(int(word))
            continue
        sizes.setdefault(word, data["sizes"][len(sizes) % len(data["sizes"])])
        shape.append(sizes[word])
    point, fact = data["points"].get(name, "normal"), fact.strip()
    x = POINTS[point](rng, tuple(shape))
    if fact == "index":
        return mg.tensor(rng.integers(0, 2, size=shape), name=name)
    if fact == "bool":
        return mg.tensor(rng.integers(0, 2, size=shape).astype(bool), name=name)
    if fact in ("onehot", "0/1"):
        x = np.zeros(shape)
        if x.size:
            x[..., 0] = 1
    elif fact == "simplex" and shape:
        x = np.abs(np.nan_to_num(x, posinf=1.0)) + 1e-3
        x = x / (x.sum(axis=-1, keepdims=True) if x.size else 1)
    elif fact == "positive":
        x = np.abs(x) + 1e-3
    elif fact in ("spd", "symmetric", "orthogonal", "diagonal", "pm1", "invertible"):
        return None  # drawn as what it is
    return mg.tensor(x.astype(data["dtype"]), name=name, requires_grad=True)


POINTS: dict[str, Any] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "small": lambda rng, shape: 1e-3 * rng.normal(size=shape),
    "large": lambda rng, shape: 40 * rng.normal(size=shape),
    "huge": lambda rng, shape: 800 * rng.normal(size=shape),
    "zero": lambda rng, shape: np.zeros(shape),
    "ties": lambda rng, shape: rng.integers(0, 2, size=shape) * 1.0,
    "whole": lambda rng, shape: rng.integers(-5, 6, size=shape) * 1.0,
    "near one": lambda rng, shape: 1 + 1e-9 * rng.normal(size=shape),
    "tiny": lambda rng, shape: 1e-30 * rng.normal(size=shape),
    "saturated": lambda rng, shape: rng.choice([-60.0, 60.0], size=shape),
    "nan": lambda rng, shape: np.where(rng.random(shape) < 0.3, np.nan, rng.normal(size=shape)),
    "infinite": lambda rng, shape: np.where(rng.random(shape) < 0.3, -np.inf, rng.normal(size=shape)),
    "negative": lambda rng, shape: -np.abs(rng.normal(size=shape)),
}


# -- what is asked of it ---------------------------------------------------------------------------


def _along(output: Any, **options: Any) -> Any:
    derivation = mg.derive(output)
    return mg.derive(output, order=2, along=next(iter(derivation))).check(**options)


def _cotangent(output: Any, **options: Any) -> Any:
    rng = np.random.default_rng(options["seed"])
    return mg.check(output, cotangent=rng.normal(size=tuple(map(int, output.shape))), **options)


def _differential(output: Any, **options: Any) -> Any:
    line = mg.derive(output).differential
    return mg.check(output, differential=str(line).partition(" = ")[2], **options)


def _printed(output: Any, **options: Any) -> Any:
    """What is printed, as if it had been derived by hand."""
    return mg.check(output, against=str(mg.derive(output)), **options)


ASKS: dict[str, Callable[..., Any]] = {
    "first": mg.check,
    "second": partial(mg.check, order=2),
    "along": _along,
    "third": partial(mg.check, order=3),
    "cotangent": _cotangent,
    "differential": _differential,
    "printed": _printed,
}


def run(data: Data) -> None:
    """Nothing that is right may be called wrong, and nobody may crash on the way."""
    judged(ASKS[data.get("ask", "first")](_output(data), seed=data["seed"], seconds=SECONDS))


def judged(report: Any) -> None:
    """Raise where the report says that right is wrong, or that a witness crashed."""
    wrong = [c for c in report.rows if c.verdict == "fail" or "it raised" in c.note]
    if wrong:
        pair = wrong[0].pair
        what = "crash" if wrong[0].verdict != "fail" else "fail"
        raise type(f"{what}: {pair}", (AssertionError,), {})(str(report))


# -- shorter ones ----------------------------------------------------------------------------------


def smaller(data: Data) -> Iterator[Data]:
    """Data with one thing less."""
    for name in data["points"]:
        yield data | {"points": {n: p for n, p in data["points"].items() if n != name}}
    for name, point in data["points"].items():
        if point != "normal":
            yield data | {"points": {**data["points"], name: "normal"}}
    if data["dtype"] != "float64":
        yield data | {"dtype": "float64"}
    if data["ask"] != "first":
        yield data | {"ask": "first"}
    for text in programs.shorter(data["text"]):
        declared = {n: d for n, d in data["declared"].items() if _holds(text, n) or f"{n}(" in text}
        points = {n: p for n, p in data["points"].items() if n in declared}
        yield data | {"text": text, "declared": declared, "points": points}
    for name, text in data["declared"].items():
        if "|" in text:
            yield data | {"declared": {**data["declared"], name: text.partition("|")[0].strip()}}
