"""Command lines, run in this process."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout, suppress
from tempfile import TemporaryDirectory
from typing import Any

from . import hostile, programs

Data = dict[str, Any]

FORMATS = ("unicode", "ascii", "latex", "mathml", "index", "sympy", "numpy", "steps", "json", "odd")
OUTPUTS = (
    "-",
    "g.svg",
    "g.dot",
    "g.gv",
    "g.xyz",
    "",
    "no/g.dot",
    ".",
    "/dev/full",
    "g.dot/",
    "\x00.dot",
    "a" * 300 + ".dot",
)


def make(rng: random.Random) -> Data:
    """A command, a program's text and variables, and options that may or may not fit."""
    program = programs.make(rng)
    words = [program["text"]]
    for name, dims in program["declared"].items():
        sizes, _, facts = dims.partition("|")
        words.append(f"{name}:{','.join(sizes.split())}" + (f":{facts.strip()}" if facts else ""))
    name = rng.choice(("derive", "derive", "draw", "check", "predict", "train", "odd"))
    options = rng.sample(OPTIONS.get(name, OPTIONS["derive"]), rng.randint(0, 2))
    words += [word for option in options for word in option(rng)]
    if rng.random() < 0.1:
        words.insert(rng.randint(0, len(words)), rng.choice(hostile.NAMES))
    if rng.random() < 0.1:
        rng.shuffle(words)
    return {"words": [name, *words]}


def _flag(name: str, *values: str) -> Any:
    return lambda rng: [name, rng.choice(values)] if values else [name]


_WRT = _flag("--wrt", *programs.NAMES, "X,W", "", ",", "X,X", "no")
_JSON = _flag("--json")
OPTIONS: dict[str, list[Any]] = {
    "derive": [
        _WRT,
        _JSON,
        _flag("--order", "1", "2", "3", "x"),
        _flag("--format", *FORMATS),
        _flag("--expanded"),
    ],
    "draw": [
        _WRT,
        _JSON,
        _flag("-o", *OUTPUTS),
        _flag("--forward"),
        _flag("--depth", "0", "1", "-1"),
        _flag("--title", *hostile.NAMES),
    ],
    "check": [
        *(
            _WRT,
            _JSON,
            _flag("--seeds", "0", "1"),
            _flag("--seed", "-1", "5", "99999999999999999999"),
        ),
        *(
            _flag("--against", "x", "2*X", "dX=1", "(", ""),
            _flag("--given", "x=1", "x=[1,2]", "x=NaN", "=", "x={"),
        ),
    ],
    "predict": [
        _JSON,
        _flag("--data", ".", "no.csv", "digits", "\x00"),
        _flag("--head", "0", "-1", "999999"),
    ],
    "train": [
        _flag("--data", ".", "no.csv", "\x00"),
        _flag("--encoding", *hostile.NAMES),
        _flag("--out", "\x00", "x/y", ""),
    ],
}


def run(data: Data) -> None:
    """Run it in a folder of its own; an exit is right, whatever its code."""
    from minigrad.cli import main

    words = list(data["words"])
    words += (
        ["--budget", "1"]
        if words[0] == "check"
        else ["--data", "no.csv"]
        if words[0] == "train"
        else []
    )
    words += ["-o", "g.dot"] if words[0] == "draw" and "-o" not in words else []
    with TemporaryDirectory() as folder, chdir(folder), _quiet(), suppress(SystemExit):
        main.main(args=words, prog_name="minigrad", standalone_mode=True)


def _quiet() -> Any:
    stack = ExitStack()
    stack.enter_context(redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")))
    stack.enter_context(
        redirect_stderr(io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace"))
    )
    os.environ.pop("COLUMNS", None)
    return stack


def smaller(data: Data) -> Iterator[Data]:
    """One word less, or a shorter text."""
    name, *words = data["words"]
    for k in range(len(words)):
        yield {"words": [name, *words[:k], *words[k + 1 :]]}
    for k, word in enumerate(words):
        if len(word) > 3 and not word.startswith("-"):
            for text in programs.shorter(word):
                yield {"words": [name, *words[:k], text, *words[k + 1 :]]}
