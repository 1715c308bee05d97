"""Bytes that are called CSV."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from minigrad.data import read_csv
from minigrad.training.settings import Settings
from minigrad.training.task import load_task

from . import hostile
from .programs import attempt

Data = dict[str, Any]

CELLS = (
    *(
        "1",
        "0",
        "-2.5",
        "",
        " ",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1_0",
        "0x10",
        "9" * 400,
        "yes",
        "no",
        "a b",
    ),
    *(
        '"quoted, cell"',
        '"two ""quotes"""',
        '"open',
        'in"side',
        "é",
        "\x00",
        "\ufeff",
        "1,5",
        "=1+1",
        "\u0661",
    ),
)
ENDS = ("\n", "\r\n", "\r", "\n\n", "")
ENCODINGS = (
    "utf-8",
    "latin-1",
    "utf-16",
    "utf-8-sig",
    "cp1252",
    "utf-7",
    "punycode",
    "idna",
    "rot13",
)
ODD_ENCODINGS = (
    "",
    "utf\x008",
    "hex",
    "base64",
    "zlib",
    "undefined",
    "x" * 1000,
    "\ud800",
    "mbcs",
    "utf-8\n",
)


def make(rng: random.Random) -> Data:
    """Rows of good and bad cells, broken as bytes, and how they are read."""
    width, rows = rng.randint(1, 4), rng.choice((0, 1, 4, 12))
    good = rng.random() < 0.6
    header = [
        "label",
        *(rng.choice(hostile.NAMES if not good else ("a", "b", "c")) for _ in range(width)),
    ]
    lines = [",".join(header if good else rng.sample(header, len(header)))]
    for _ in range(rows):
        cells = CELLS if rng.random() < 0.1 else CELLS[:3]
        cut = width if rng.random() < 0.97 else rng.randint(0, 5)
        lines.append(",".join([rng.choice("01"), *(rng.choice(cells) for _ in range(cut))]))
    end = rng.choice(ENDS) if rng.random() < 0.2 else "\n"
    whole = (end.join(lines) + end).encode(
        rng.choice(("utf-8", "utf-8", "utf-16")), "surrogatepass"
    )
    for _ in range(rng.choice((0, 0, 0, 1, 4))):
        at = rng.randint(0, len(whole))
        whole = (
            whole[:at]
            + rng.choice((b"\xff", b"\x00", b'"', b",", b"\n", b"\xef\xbb\xbf"))
            + whole[at:]
        )
    encoding = rng.choice(
        ODD_ENCODINGS if rng.random() < 0.05 else ENCODINGS if rng.random() < 0.2 else ("utf-8",)
    )
    delimiter = rng.choice(
        (",", ",", ",", ",", ";", "tab", "", "ab", "\x00", '"', "\n", "é", "\ud800")
    )
    return {"bytes": whole, "encoding": encoding, "delimiter": delimiter}


def run(data: Data) -> None:
    """Read them, take columns, and make a task of them."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        path.write_bytes(data["bytes"])
        how = {"encoding": data["encoding"], "delimiter": data["delimiter"]}
        attempt(lambda: load_task(Settings(data=str(path), **how)))
        attempt(lambda: load_task(Settings(data=str(path), text="a", **how)))
        table = read_csv(path, **how)
        attempt(lambda: table.numbers(table.named()))
        attempt(lambda: table.filled(table.columns[0]))
        attempt(lambda: table.text("no such column"))


def smaller(data: Data) -> Iterator[Data]:
    """Fewer bytes."""
    whole = data["bytes"]
    for size in (len(whole) // 2, len(whole) // 4, len(whole) // 8, 1):
        if size:
            for at in range(0, len(whole), size):
                yield data | {"bytes": whole[:at] + whole[at + size :]}
