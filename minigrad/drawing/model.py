"""What a picture says, before anything decides how it looks."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Literal

from minigrad.errors import ArgumentError

Kind = Literal["input", "parameter", "computed", "prediction", "loss", "folded"]
Path = tuple[str, ...]


class Style(Flag):
    """How a run of characters is set; styles combine with ``|``."""

    PLAIN = 0
    ITALIC = auto()
    BOLD = auto()
    SUB = auto()
    SUP = auto()
    SMALL = auto()


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that share one style."""

    string: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text, set in runs.

    Examples
    --------
    >>> line = Text.of("d", italic("W"), sub("Q"), " = ", italic("X"), "ᵀ d", italic("Q"))
    >>> line.plain
    'dW_Q = Xᵀ dQ'
    """

    runs: tuple[Run, ...] = ()

    @classmethod
    def of(cls, *parts: str | Run | Text) -> Text:
        """Join strings, runs and texts into one line."""
        return cls(tuple(_merged(run for part in parts for run in _runs(part))))

    @property
    def plain(self) -> str:
        """The line without styles; subscripts and superscripts follow ``_`` and ``^``."""
        return "".join(_PREFIX[run.style & (Style.SUB | Style.SUP)] + run.string
                       for run in self.runs)  # fmt: skip

    def styled(self, style: Style) -> Text:
        """The same line with one style added to every run."""
        return Text(tuple(Run(run.string, run.style | style) for run in self.runs))

    def __add__(self, other: str | Run | Text) -> Text:
        return Text.of(self, other)

    def __bool__(self) -> bool:
        return any(run.string for run in self.runs)

    def __len__(self) -> int:
        return sum(len(run.string) for run in self.runs)


_PREFIX = {Style.PLAIN: "", Style.SUB: "_", Style.SUP: "^"}


def italic(string: str) -> Run:
    """A run in italics: a variable."""
    return Run(string, Style.ITALIC)


def bold(string: str) -> Run:
    """A run in bold."""
    return Run(string, Style.BOLD)


def sub(string: str) -> Run:
    """An italic subscript."""
    return Run(string, Style.ITALIC | Style.SUB)


def sup(string: str) -> Run:
    """A superscript."""
    return Run(string, Style.SUP)


def _runs(part: str | Run | Text) -> Iterator[Run]:
    if isinstance(part, Text):
        yield from part.runs
    elif isinstance(part, Run):
        yield from _readable(part)
    else:
        yield from _readable(Run(part))


def _readable(run: Run) -> Iterator[Run]:
    """Mathematical bold and italic letters become plain letters that carry the style.

    Few fonts have the letters of Unicode's mathematical alphabets; every font has bold and italic.
    """
    for character in run.string:
        name = unicodedata.name(character, "") if ord(character) >= 0x1D400 else ""
        if name.startswith(("MATHEMATICAL BOLD", "MATHEMATICAL ITALIC")):
            style = run.style
            style |= Style.BOLD if "BOLD" in name else Style.PLAIN
            style |= Style.ITALIC if "ITALIC" in name else Style.PLAIN
            yield Run(unicodedata.normalize("NFKC", character), style)
        else:
            yield Run(character, run.style)


def _merged(runs: Iterable[Run]) -> Iterator[Run]:
    pending: Run | None = None
    for run in runs:
        if pending is not None and pending.style == run.style:
            pending = Run(pending.string + run.string, run.style)
            continue
        if pending is not None:
            yield pending
        pending = run
    if pending is not None and pending.string:
        yield pending


@dataclass(frozen=True, slots=True)
class Card:
    """A node of the picture: a named tensor with what computes it and what flows back into it.

    ``step`` is its position in the backward pass. ``scope`` is the path of regions it lies in.
    """

    id: str
    symbol: Text
    op: str = ""
    shape: str = ""
    forward: Text | None = None
    gradient: Text | None = None
    kind: Kind = "computed"
    scope: Path = ()
    step: int | None = None
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A value that flows from one card to another, and whether a gradient flows back."""

    source: str
    target: str
    gradient: bool = False
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """How a scope is presented; an empty accent is chosen from the cards inside.

    ``kind`` is the class of the module that runs in it.
    """

    title: str = ""
    accent: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Cards and edges of a directed acyclic graph, with a title.

    Raises
    ------
    ArgumentError
        When two cards share an id, or an edge names a card that does not exist.
    """

    cards: tuple[Card, ...]
    edges: tuple[Edge, ...]
    title: str = ""
    subtitle: Text = Text()
    regions: Mapping[Path, Region] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known: set[str] = set()
        for card in self.cards:
            if card.id in known:
                raise ArgumentError(f"draw: two cards have the id {card.id!r}; ids are unique")
            known.add(card.id)
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in known:
                    raise ArgumentError(
                        f"draw: the edge {edge.source!r} → {edge.target!r} names {end!r}, "
                        "but no card has that id"
                    )
