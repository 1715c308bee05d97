"""A real checkpoint, made once, with what it says and how it says it changed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from minigrad.training import Predictor, Session, Settings
from minigrad.training.session import CHECKPOINT

from . import hostile
from .programs import attempt

Data = dict[str, Any]

ROWS = "label,a,b\n" + "".join(
    f"{'ny'[i % 2]}{'oe'[i % 2]},{i % 7},{i % 5 - i % 2}\n" for i in range(40)
)
TEXTS = "label,a\n" + "".join(
    f"{i % 2},{'bad sad poor' if i % 2 else 'good fine'} film {i % 3}\n" for i in range(40)
)


@cache
def real(text: bool) -> tuple[bytes, bytes]:
    """The header and the arrays of a checkpoint after one epoch."""
    with TemporaryDirectory() as folder:
        session = _session(Path(folder), text)
        list(session.run())
        whole = session.checkpoint.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    return whole[8 : 8 + size], whole[8 + size :]


def _session(folder: Path, text: bool) -> Session:
    path = folder / "data.csv"
    path.write_text(TEXTS if text else ROWS)
    more: dict[str, Any] = {"text": "a"} if text else {}
    return Session.start(Settings(data=str(path), epochs=1, heads=1, dim=2, **more), folder / "run")


def make(rng: random.Random) -> Data:
    """Changes of facts by their paths, of the header's entries, and of bytes."""
    text = rng.random() < 0.5
    data: Data = {"text": text, "facts": [], "header": [], "bytes": []}
    header = json.loads(real(text)[0])
    kind = rng.choice(("facts", "facts", "facts", "facts", "header", "bytes"))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if kind == "facts":
            facts = json.loads(header["__metadata__"]["facts"])
            data["facts"].append((rng.choice(_paths(facts)), _change(rng)))
        elif kind == "header":
            data["header"].append((rng.choice(_paths(header)), _change(rng)))
        else:
            data["bytes"].append(
                (rng.random(), rng.choice((-100000, -1, 0, 1, 8)), rng.randbytes(rng.randint(0, 9)))
            )
    return data


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside."""
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    found = [before] if before else []
    for key, item in list(inside)[:40]:
        found += _paths(item, (*before, key))
    return found


def _change(rng: random.Random) -> tuple[str, Any]:
    roll = rng.random()
    if roll < 0.15:
        return "remove", None
    if roll < 0.2:
        return "nest", rng.choice((10, 500, 100000))
    if roll < 0.3:
        return "scale", rng.choice((2, -1, 10**9, 0.5))
    return "put", rng.choice((*hostile.VALUES, *hostile.NAMES))


def run(data: Data) -> None:
    """Load the changed file, predict with it, and go on with its run."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        path = folder / "data.csv"
        path.write_text(TEXTS if data["text"] else ROWS)
        checkpoint = folder / "run" / CHECKPOINT
        checkpoint.parent.mkdir()
        checkpoint.write_bytes(written(data, str(path)))
        attempt(lambda: _predict(checkpoint, path))
        session = attempt(
            lambda: Session.resume(checkpoint.parent, {"epochs": 2, "data": str(path)})
        )
        if session is not None:
            attempt(lambda: next(iter(session.run(lambda trainer: True)), None))
            attempt(session.result)
        attempt(lambda: Session.start(Settings(data=str(path), heads=1, dim=2), checkpoint.parent))


def _predict(checkpoint: Path, path: Path) -> None:
    from minigrad.data import read_csv

    predictor = Predictor.load(checkpoint)
    predictor.describe()
    attempt(lambda: predictor.texts(["a good film", ""]))
    attempt(lambda: predictor.table(read_csv(path)))
    attempt(lambda: predictor.images(np.zeros((1, 8, 8))))


def written(data: Data, path: str) -> bytes:
    """The file that the changes make."""
    head, arrays = real(data["text"])
    header = json.loads(head)
    facts = json.loads(header["__metadata__"]["facts"])
    facts["settings"]["data"] = path
    marks: dict[str, str] = {}
    for where, how in data["facts"]:
        _put(facts, list(where), how, marks)
    header["__metadata__"]["facts"] = _text(facts, marks)
    for where, how in data["header"]:
        _put(header, list(where), how, marks)
    text = _text(header, marks).encode("utf-8", "surrogatepass")
    whole = len(text).to_bytes(8, "little") + text + arrays
    for share, cut, new in data["bytes"]:
        at = int(share * (len(text) + 8 if share < 0.7 else len(whole)))
        whole = whole[:at] + new + whole[max(0, at + cut) :]
    return whole


def _put(owner: Any, where: list[Any], how: tuple[str, Any], marks: dict[str, str]) -> None:
    """Change what lies at a path; a path that is no longer there is left alone."""
    try:
        for key in where[:-1]:
            owner = owner[key]
        old, (name, value) = owner[where[-1]], how
        if name == "remove":
            del owner[where[-1]]
            return
        if name == "scale":
            value = old * value if isinstance(old, int | float) else value
        if name == "nest":  # deeper than JSON's own writer goes
            mark = f"@nest{len(marks)}@"
            marks[mark], value = "[" * value + "]" * value, mark
        owner[where[-1]] = value
    except (KeyError, IndexError, TypeError):
        return


def _text(value: Any, marks: dict[str, str]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    for mark, deep in marks.items():
        text = text.replace(f'"{mark}"', deep)
    return text


def smaller(data: Data) -> Iterator[Data]:
    """One change less."""
    for kind in ("facts", "header", "bytes"):
        for k in range(len(data[kind])):
            yield data | {kind: [change for i, change in enumerate(data[kind]) if i != k]}
