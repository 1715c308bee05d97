"""The page as one file: the answer is in it, nothing is outside, and no name breaks out of its place."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from minigrad.cli import main
from minigrad.errors import ArgumentError
from minigrad.page import answer
from minigrad.page.export import exported

QUESTION = {
    "program": "p = sigmoid(X @ w)\nL = sum((p - y)**2)",
    "variables": {"X": "n d", "w": "d", "y": "n"},
    "wrt": ["w"],
}


def frozen(html: str) -> dict:
    (text,) = re.findall(r'<script type="application/json" id="frozen">(.*?)</script>', html, re.DOTALL)
    return json.loads(text)


@pytest.fixture(scope="module")
def html() -> str:
    return exported({**QUESTION, "state": {"title": "</script><b>", "step": 2}}, answer)


def test_it_holds_every_part_and_each_line_in_numbers(html: str) -> None:
    held = frozen(html)
    assert held["state"]["step"] == 2
    assert held["state"]["program"] == QUESTION["program"]
    told = held["answers"]
    ids = {line["id"] for line in told["answer"]["lines"]}
    assert {"p", "L", "dp"} <= ids
    assert set(told["plugged"]) == ids
    assert told["numbers"]["lines"].keys() >= {"p", "L"}
    assert told["verdict"]["verdict"] == "pass"
    assert "numpy" in told["sources"]
    assert told["answer"]["graph"]["svg"].startswith("<svg")


def test_it_loads_nothing_and_runs_one_script(html: str) -> None:
    assert not re.findall(r'<(?:link|script)[^>]* (?:src|href)="(?!data:)', html)
    assert not re.findall(r'url\("(?!data:)', html)
    (script,) = re.findall(r'<script type="module">(.*?)</script>', html, re.DOTALL)
    assert not re.findall(r"^(?:import|export)\b", script, re.MULTILINE)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy[1]


def test_what_was_written_stays_text(html: str) -> None:
    assert "</script><b>" not in html
    assert frozen(html)["state"]["title"] == "</script><b>"


HOSTILE = ["</script><b>", "<!--<script>", "]]>", "\u2028", "</SCRIPT >", "&lt;/script>", '"', "\u202e"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_program_breaks_out_of_its_place(html: str, text: str) -> None:
    hostile = {
        "program": f"{QUESTION['program']}  # {text}",
        "wrt": ["w", text],
        "sizes": {text: 3},
        "state": {"title": text, "step": text, "style": text},
    }
    page = exported({**QUESTION, **hostile}, answer)
    for tag in ("<script", "</script", "<!--", "<b>", "<style"):
        assert page.lower().count(tag) == html.lower().count(tag)
    state = frozen(page)["state"]
    assert {**hostile, **hostile["state"]}.items() >= {key: state[key] for key in ("program", "wrt", "title")}.items()
    with pytest.raises(ArgumentError):  # no variable is called so
        exported({**QUESTION, "variables": {**QUESTION["variables"], text: "n"}}, answer)


def test_numbers_that_are_refused_say_why() -> None:
    held = frozen(exported({**QUESTION, "values": {"w": ["x"]}}, answer))["answers"]
    assert "w is not an array of numbers" in held["refusal"]["text"] + held["refusal"]["heading"]
    assert held["numbers"]["error"] == held["refusal"]
    assert {*held["plugged"]} == {line["id"] for line in held["answer"]["lines"]}
    assert all(told["error"] == held["refusal"] for told in held["plugged"].values())
    assert frozen(exported(QUESTION, answer))["answers"]["refusal"] is None


def test_a_faulty_program_is_told() -> None:
    with pytest.raises(ArgumentError, match="nowhere"):
        exported({"program": "sum(nowhere(X))"}, answer)


def test_the_command_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    done = CliRunner().invoke(main, ["open", "sum((X @ w)**2)", "X:n,d", "w:d", "--export", str(file)])
    assert (done.exit_code, done.output) == (0, f"{file}\n")
    assert frozen(file.read_text(encoding="utf-8"))["state"]["program"] == "sum((X @ w)**2)"


def test_the_command_writes_nothing_of_a_faulty_program(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    done = CliRunner().invoke(main, ["open", "sum((X @ w", "--export", str(file)])
    assert done.exit_code == 2
    assert "never closed" in done.output
    assert not file.exists()
