"""The checker checked: every planted lie is found and named, and honest rows raise no alarm."""

from __future__ import annotations

from typing import Any

import pytest
from engine_cases import CASES, Case
from planted_lies import CALLS, LIES, PRINTS, Lie, lies_of, loss_of
from whole_vocabulary import checked

import minigrad as mg
from minigrad.notation.lines import Line
from minigrad.notation.text import UNICODE, Marks

TRUE_PART = {"forward": "forward", "vjp": "VJP", "meaning": "meaning"}
# A forward and its meaning cannot be told apart where no slope tells them apart.
AMBIGUOUS = ("forward", "meaning")
HEARD = (
    "forward", "meaning", "hand VJPs", "derived formula", "finite differences", "properties",
)  # fmt: skip
# One call of every row, not always the first of its cases.
SAMPLE = list({case.row: case for case in (*CASES, *CASES[::3])}.values())


def test_the_table_has_twenty_rows_and_every_kind_of_lie() -> None:
    assert len(CALLS) >= 20
    kinds = {(lie.fact, lie.kind) for lie in LIES}
    for fact in TRUE_PART:
        for kind in ("a factor", "the sign", "one index", "a transpose"):
            assert (fact, kind) in kinds
    assert {("vjp", "broadcasting not summed"), ("vjp", "the wrong axis")} <= kinds
    assert {("vjp", "a dropped rowsum term"), ("vjp", "a dropped term")} <= kinds
    assert {(f, d) for f in ("forward", "vjp") for d in ("float32", "float16")} <= kinds
    assert ("vjp", "second order") in kinds


@pytest.mark.parametrize(
    ("name", "lie"),
    [(name, lie) for name in CALLS for lie in lies_of(name)],
    ids=lambda word: f"{word.kind} in {word.fact}" if isinstance(word, Lie) else word,
)
@pytest.mark.long("part")
def test_every_planted_lie_is_found_and_its_part_named(name: str, lie: Lie) -> None:
    loss, row = loss_of(name, lie)
    report = mg.check(loss, witnesses=HEARD)
    assert report.verdict == "fail"
    (suspect,) = report.suspects
    assert suspect.primitive == row.name
    exact = len(suspect.parts) == 1 and suspect.parts[0].startswith(TRUE_PART[lie.fact])
    both = suspect.parts == AMBIGUOUS and lie.fact in AMBIGUOUS
    assert exact or both, suspect.parts


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.long("part")
def test_without_a_lie_every_witness_agrees(name: str) -> None:
    assert mg.check(loss_of(name, None)[0]).verdict == "pass"


@pytest.mark.parametrize("case", SAMPLE, ids=[case.id for case in SAMPLE])
@pytest.mark.long("part")
def test_no_false_alarm(case: Case) -> None:
    report = checked(case, seed=CASES.index(case) % 10)
    assert report.verdict == "pass", str(report)


@pytest.mark.parametrize("ascii", [False, True], ids=["Unicode", "ASCII"])
@pytest.mark.parametrize("kind", PRINTS)
def test_a_lie_in_the_print_is_found_and_the_print_is_named(
    kind: str, ascii: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text, variables, wrt, order), *slips = PRINTS[kind]
    loss, (right, wrong) = mg.parse(text, **variables), slips[ascii]
    assert mg.check(loss, wrt=wrt, order=order).verdict == "pass"
    honest, told = Line.text, []

    def lying(line: Line, marks: Marks = UNICODE, *args: Any) -> str:
        shown = honest(line, marks, *args)
        if marks.unicode == ascii:
            return shown
        told.append(right in shown)
        return shown.replace(right, wrong)

    monkeypatch.setattr(Line, "text", lying)
    report = mg.check(loss, wrt=wrt, order=order)
    assert any(told)
    assert report.verdict == "fail"
    (suspect,) = report.suspects
    assert suspect.primitive == ("printed in ASCII" if ascii else "printed formula")
    assert suspect.parts == ("notation",)
