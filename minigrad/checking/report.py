"""What a check found: pairs of witnesses, the verdict, who is to blame, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from minigrad.display import block, facts, paragraph, table
from minigrad.errors import GradientError

Verdict = Literal["pass", "fail", "inconclusive"]
# The quantity of a comparison that is about a backward pass as a whole.
EVERYTHING = "all variables"
SIGNS: dict[Verdict, str] = {"pass": "✓", "fail": "✗", "inconclusive": "?"}
# Among several samples one failure decides; one clear pass outweighs samples that told nothing.
_RANK: dict[Verdict, int] = {"inconclusive": 0, "pass": 1, "fail": 2}
# Two witnesses that cannot agree to this share of the gradient's size have not confirmed it.
COARSEST = 1e-3
KINK = "not differentiable here"
# What agreement shows, the strongest first.
EXACT, DIGITS, ROUNDED = "exact", "50 digits", "rounding"


_SHOWN = {EXACT: "proved at small sizes", DIGITS: "to 50 digits", ROUNDED: "to rounding"}
# Quantities that are no derivative by a variable.
_NO_VARIABLE = ("value", EVERYTHING)


@dataclass(frozen=True)
class Worst:
    """The element in which two witnesses differ most, and what each says there."""

    index: tuple[int, ...]
    first: float
    second: float

    def __str__(self) -> str:
        place = f"[{', '.join(map(str, self.index))}]" if self.index else "the value"
        return f"at {place}: {self.first:.6g} and {self.second:.6g}"


@dataclass(frozen=True)
class Comparison:
    """Two witnesses side by side on one quantity: the largest difference, relative to its size."""

    first: str
    second: str
    quantity: str
    error: float
    tolerance: float
    note: str = ""
    verdict: Verdict = "pass"
    worst: Worst | None = None
    shows: str = ROUNDED

    @property
    def word(self) -> str:
        """The verdict, where numbers are exact and equal a proof."""
        return "proved" if self.verdict == "pass" and self.shows == EXACT else self.verdict

    @property
    def precision(self) -> str:
        """How far apart the two may be: a share of the quantity's size, or by what it shows."""
        if self.shows != ROUNDED:
            return self.shows
        return f"{self.tolerance:.1e}" if self.tolerance > 0 else "–"

    @property
    def pair(self) -> str:
        """The two witnesses as the table names them."""
        return f"{self.first} ~ {self.second}" if self.second else self.first


@dataclass(frozen=True)
class Suspect:
    """A primitive whose parts disagree; ``parts`` holds every candidate that the evidence allows."""

    primitive: str
    parts: tuple[str, ...]
    evidence: str

    def __str__(self) -> str:
        return f"{self.primitive}: its {' or its '.join(self.parts)} ({self.evidence})"


@dataclass(frozen=True)
class Finding:
    """What is known of a derivation by hand: where it is off, by how much, and what is right.

    ``ratio`` is given where the answer is a constant multiple of the right one, and ``factor`` is its size
    in closed form, "√k", where it has one; ``slip`` says the usual mistake that reproduces the answer, ""
    where none of those tried does.
    """

    quantity: str
    verdict: Verdict
    slip: str = ""
    ratio: float | None = None
    worst: Worst | None = None
    right: str = ""
    factor: str = ""

    def __str__(self) -> str:
        if self.verdict == "pass":
            return f"{self.quantity}: right"
        if self.verdict == "inconclusive":
            return f"{self.quantity}: not judged"
        lines = [f"{self.quantity}: wrong" + (f", {self.slip}" if self.slip else "")]
        if self.worst is not None:
            place = f"[{', '.join(map(str, self.worst.index))}]" if self.worst.index else ""
            lines.append(
                f"{self.quantity}{place} is {self.worst.first:.6g} in yours and {self.worst.second:.6g} "
                "in the right one"
            )
        if self.right:
            lines.append("right is")
            lines.extend(f"    {line}" for line in self.right.splitlines())
        return "\n  ".join(lines)


class Report:
    """The outcome of a check; prints as a table.

    ``verdict`` is "pass" when every comparison holds, "fail" when one does not, and "inconclusive" when
    none fails but something could not be judged.
    """

    def __init__(
        self,
        comparisons: Sequence[Comparison],
        suspects: Sequence[Suspect] = (),
        notes: Sequence[str] = (),
        findings: Sequence[Finding] = (),
    ) -> None:
        self.comparisons = tuple(comparisons)
        self.suspects = tuple(suspects)
        self.notes = tuple(dict.fromkeys(notes))
        self.findings = tuple(findings)

    @property
    def verdict(self) -> Verdict:
        """The three outcomes, kept apart."""
        verdicts = {c.verdict for c in self.comparisons} | {f.verdict for f in self.findings}
        if "fail" in verdicts:
            return "fail"
        return "pass" if verdicts == {"pass"} else "inconclusive"

    @property
    def passed(self) -> bool:
        """Whether every comparison holds."""
        return self.verdict == "pass"

    def __bool__(self) -> bool:
        raise TypeError("a report has three outcomes; ask report.verdict or report.passed")

    @property
    def rows(self) -> list[Comparison]:
        """The comparisons as the table shows them: what a pair of witnesses passes is one row."""
        return _joined(self.comparisons)

    def __str__(self) -> str:
        lines = _table(self.rows) if self.comparisons else []
        lines.extend(str(finding) for finding in self.findings)
        lines.extend(f"suspect  {suspect}" for suspect in self.suspects)
        lines.extend(f"note  {note}" for note in self.notes)
        lines.extend(f"shown  {line}" for line in self.shown)
        lines.append(f"verdict: {self.verdict}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, *rows = _cells(self.rows)
        verdicts = dict(enumerate(row.verdict for row in self.rows))
        found = [
            *map(str, self.findings),
            *(f"suspect: {suspect}" for suspect in self.suspects),
            *(f"note: {note}" for note in self.notes),
            *(f"shown: {line}" for line in self.shown),
        ]
        return block(
            facts(f"{SIGNS[self.verdict]} {self.verdict}", [], self.verdict),
            table(head, rows, verdicts) if rows else "",
            *map(paragraph, found),
        )

    def __repr__(self) -> str:
        return f"<Report {self.verdict}: {len(self.comparisons)} comparisons>"

    @property
    def shows(self) -> dict[str, str]:
        """By variable, the strongest that its derivative was shown to be: exact, to 50 digits, to rounding."""
        strength = (ROUNDED, DIGITS, EXACT)
        found: dict[str, str] = {}
        failed = {c.quantity for c in self.comparisons if c.verdict == "fail"}
        for c in self.comparisons:
            if c.verdict == "pass" and c.second and c.quantity not in {*failed, *_NO_VARIABLE}:
                best = max(found.get(c.quantity, c.shows), c.shows, key=strength.index)
                found[c.quantity] = best
        return found

    @property
    def shown(self) -> list[str]:
        """What the check shows, the strongest first, in words."""
        by_strength: dict[str, list[str]] = {}
        for name, strength in self.shows.items():
            by_strength.setdefault(strength, []).append(name)
        return [f"{words}: {listed(by_strength[s])}" for s, words in _SHOWN.items() if s in by_strength]

    def json(self) -> dict[str, Any]:
        """The report as plain data that ``json.dumps`` accepts."""
        return {
            "verdict": self.verdict,
            "comparisons": [_finite(asdict(c)) for c in self.comparisons],
            "findings": [_finite(asdict(f)) for f in self.findings],
            "suspects": [asdict(s) for s in self.suspects],
            "notes": list(self.notes),
            "shows": self.shows,
        }

    def raise_on_failure(self) -> Report:
        """The report itself, or an error where a comparison failed.

        Raises
        ------
        GradientError
            With the table as its message.
        """
        if self.verdict == "fail":
            raise GradientError(f"the witnesses disagree\n{self}")
        return self


def merged(samples: Iterable[Sequence[Comparison]]) -> list[Comparison]:
    """The same comparisons on several samples as one each, by the sample that decides."""
    best: dict[tuple[str, str, str], Comparison] = {}
    for comparisons in samples:
        for c in comparisons:
            key = (c.first, c.second, c.quantity)
            known = best.get(key)
            if known is None or _decides(c) > _decides(known):
                best[key] = c
    return list(best.values())


def _decides(c: Comparison) -> tuple[int, float]:
    return _RANK[c.verdict], c.error / c.tolerance if c.tolerance > 0 else c.error


def _joined(comparisons: Sequence[Comparison]) -> list[Comparison]:
    groups: dict[tuple[str, str, str, str], list[Comparison]] = {}
    for k, c in enumerate(_properties_joined(comparisons)):
        alone = str(k) if c.verdict == "fail" else ""
        groups.setdefault((c.pair, c.verdict, c.note, alone), []).append(c)
    rows = []
    for group in groups.values():
        shown = max(group, key=_decides)
        names = list(dict.fromkeys(c.quantity for c in group))
        rows.append(replace(shown, quantity=listed(names)))
    return rows


def _properties_joined(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """What holds for every backward pass, and does hold here, as one row for each witness."""
    held: dict[tuple[str, str], list[Comparison]] = {}
    for c in comparisons:
        if c.quantity.startswith(EVERYTHING) and c.verdict == "pass":
            held.setdefault((c.first, c.quantity), []).append(c)
    result = []
    for c in comparisons:
        together = held.get((c.first, c.quantity), []) if c.verdict == "pass" else []
        if len(together) < 2:
            result.append(c)
        elif c is together[0]:
            shown = max(together, key=_decides)
            result.append(replace(shown, second=f"{len(together)} properties"))
    return result


def listed(names: Sequence[str]) -> str:
    """Names in a row, pairs of them in parentheses."""
    return ", ".join(f"({n})" if ", " in n and len(names) > 1 else n for n in names)


def _cells(rows: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """The head of the table, and a row for each comparison."""
    cells: list[tuple[str, ...]] = [("witnesses", "quantity", "largest error", "tolerance", "verdict")]
    for c in rows:
        note = "; ".join(
            str(part) for part in (c.note, c.worst if c.verdict == "fail" else "") if part
        )
        cells.append(
            (
                c.pair,
                c.quantity,
                "–" if c.error != c.error else ("0" if c.error == 0 else f"{c.error:.1e}"),
                c.precision,
                f"{SIGNS[c.verdict]} {c.word}" + (f" ({note})" if note else ""),
            )
        )
    return cells


def _table(rows: Sequence[Comparison]) -> list[str]:
    cells = _cells(rows)
    widths = [max(len(row[k]) for row in cells) for k in range(4)]
    return [
        "  ".join(cell.ljust(w) for cell, w in zip(row, [*widths, 0], strict=True)).rstrip()
        for row in cells
    ]


def _finite(value: Any) -> Any:
    """NaN and infinities as text, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value
