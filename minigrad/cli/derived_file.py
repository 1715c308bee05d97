"""What ``minigrad derive -o FILE`` writes: the ending of the name says as what."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.api import Derivation, draw
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor
from minigrad.markup import plain
from minigrad.report import Section, page
from minigrad.source import LANGUAGES


@dataclass(frozen=True, slots=True)
class Asked:
    """A derivation, the text of what was derived, and how it is to be written."""

    text: str
    output: Tensor
    derivation: Derivation
    wrt: list[str] | None
    cotangent: str | None
    written: Callable[[], str]  # in the notation that was asked for
    facts: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """A kind of file: the notations to choose from, the first by default, and what is written."""

    formats: tuple[str, ...]
    content: Callable[[Asked], str]


def ending_of(file: str) -> Ending:
    """The kind of a file by the ending of its name.

    Raises
    ------
    ArgumentError
        When the ending is none of those that are known.
    """
    suffix = Path(file).suffix.lower()
    if suffix not in ENDINGS:
        said = f"ends in {suffix!r}" if suffix else "has no ending"
        raise ArgumentError(f"--output: {file!r} {said}; known are {', '.join(ENDINGS)}")
    return ENDINGS[suffix]


def _lines(asked: Asked, before: str) -> str:
    """The text that was derived, each of its lines after a mark that keeps it apart."""
    return "".join(f"{before}{plain(line)}\n" for line in asked.text.strip().splitlines())


def _tex(asked: Asked) -> str:
    """A document that LaTeX sets as it stands; the text that was derived is a comment."""
    return (
        f"{_lines(asked, '% ')}\\documentclass{{article}}\n\\usepackage{{amsmath, amssymb}}\n\\begin{{document}}\n"
        f"\\[\n{asked.written()}\n\\]\n\\end{{document}}\n"
    )


def _typst(asked: Asked) -> str:
    return f"{_lines(asked, '// ')}$ {asked.written().strip()} $\n"


def _markdown(asked: Asked) -> str:
    return f"{_lines(asked, ' ' * 4)}\n$$\n{asked.written()}\n$$\n"


def _html(asked: Asked) -> str:
    """The report: graph and formulas, step by step."""
    drawing = draw(asked.output, wrt=asked.wrt, cotangent=asked.cotangent)
    return page(
        asked.text.strip(),
        derivation=asked.derivation,
        drawing=drawing,
        sections=(Section("The derivatives", (asked.derivation,)),),
    )


def _svg(asked: Asked) -> str:
    """The graph with the formulas of both passes.

    Raises
    ------
    ArgumentError
        Of second derivatives and above, which have no pass of their own.
    """
    if asked.derivation.order > 1:
        raise ArgumentError(
            f"--output: a picture shows first derivatives, not --order {asked.derivation.order}; "
            "write .html, .tex or .txt"
        )
    return draw(asked.output, wrt=asked.wrt, cotangent=asked.cotangent).svg


def _json(asked: Asked) -> str:
    return json.dumps(asked.facts(), indent=2, ensure_ascii=False) + "\n"


def _plain(asked: Asked) -> str:
    return asked.written() + "\n"


ENDINGS = {
    ".txt": Ending(("unicode", "ascii", "index", "steps", "sympy"), _plain),
    ".md": Ending(("latex",), _markdown),
    ".tex": Ending(("latex",), _tex),
    ".typ": Ending(("typst",), _typst),
    ".html": Ending((), _html),
    ".svg": Ending((), _svg),
    ".py": Ending(LANGUAGES, _plain),
    ".json": Ending((), _json),
}
