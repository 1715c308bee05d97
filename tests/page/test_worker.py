"""Children of the page end when they take too long or too much, and nobody else notices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from page_stand_ins import obedient

from minigrad.page.worker import SECONDS, Workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes tell when a child has begun")
LONG = dict.fromkeys(SECONDS, 500.0)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(obedient, LONG) as found:
        yield found


def told(workers: Workers, page: str, number: int, lane: str = "typing", **more: Any) -> dict[str, Any]:
    asked = {"page": page, "lane": lane, "number": number, **more}
    answer: dict[str, Any] = json.loads(workers.answer(asked))
    return answer


class Asked(threading.Thread):
    """A question that is being computed when this has been made."""

    def __init__(self, workers: Workers, folder: Path, *where: Any, **more: Any) -> None:
        super().__init__(daemon=True)
        self.begun = folder / f"begun{len(os.listdir(folder))}"
        os.mkfifo(self.begun)
        self.given = (workers, *where), {"begun": str(self.begun), **more}
        self.start()
        self.begun.read_text("ascii")

    def run(self) -> None:
        where, more = self.given
        self.answer = told(*where, **more)

    def end(self) -> Mapping[str, Any]:
        self.join()
        return self.answer


def test_lanes_of_reading_share_a_child_and_others_have_their_own(workers: Workers) -> None:
    lanes = ("typing", "numbers", "plugged", "graph", "verdict", "sources", "training", "turn")
    pids = [told(workers, "a", k, lane)["child"] for k, lane in enumerate(lanes)]
    assert len(set(pids)) == 4
    assert pids[:4] == [pids[0]] * 4
    assert pids[4] == pids[5]
    assert os.getpid() not in pids
    assert told(workers, "b", 1)["child"] != pids[0]


def test_what_takes_too_long_is_stopped_in_words() -> None:
    with Workers(obedient, dict.fromkeys(SECONDS, 0.25)) as hasty:
        answer = told(hasty, "a", 3, do="loop")
        assert answer["ok"] is False
        assert answer["number"] == 3
        assert answer["error"]["heading"] == "Stopped after 0.25 seconds"
        assert "Make the sizes smaller" in answer["error"]["text"]
        assert told(hasty, "a", 4)["ok"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the address space")
def test_what_takes_too_much_memory_is_stopped_in_words() -> None:
    with Workers(obedient, LONG, memory=2**30) as small:
        error = told(small, "a", 1, do="fill")["error"]
        assert error["heading"] == "Not enough memory"
        assert error["text"].startswith("An answer may take 1 GiB of it.")
        assert told(small, "a", 2)["ok"]


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ("fail", "A fault of minigrad's own (RuntimeError: something, unforeseen)"),
        ("end", "The computation ended by itself, with code 5"),
        ("nan", "A fault of minigrad's own (ValueError: Out of range float values"),
    ],
)
def test_what_fails_is_told_in_words(workers: Workers, do: str, words: str) -> None:
    assert told(workers, do, 1, do=do)["error"]["heading"].startswith(words)
    assert told(workers, do, 2)["ok"]


def test_a_later_question_of_a_lane_ends_an_earlier_one(workers: Workers, tmp_path: Path) -> None:
    other = told(workers, "other", 1)["child"]
    first = Asked(workers, tmp_path, "later", 1, do="loop")
    assert told(workers, "other", 2)["child"] == other  # another page waits for nothing
    assert told(workers, "later", 2)["ok"]
    assert first.end()["void"]
    assert told(workers, "later", 1)["void"]  # what comes late is not computed
    assert told(workers, "other", 3)["child"] == other


def test_what_is_cancelled_ends_at_once(workers: Workers, tmp_path: Path) -> None:
    training = Asked(workers, tmp_path, "cancel", 1, lane="training", do="loop")
    verdict = Asked(workers, tmp_path, "cancel", 2, lane="verdict", do="loop")
    workers.cancel("cancel", "training")
    assert training.end()["void"]
    assert verdict.is_alive()
    assert told(workers, "cancel", 3, lane="training")["ok"]
    workers.cancel("cancel")
    assert verdict.end()["error"]["heading"] == "Stopped on the way"


def test_the_child_that_was_idle_longest_makes_room() -> None:
    with Workers(obedient, LONG, children=2) as few:
        first, second = (told(few, page, 1)["child"] for page in "ab")
        assert told(few, "a", 2)["child"] == first
        told(few, "c", 1)
        assert told(few, "a", 3)["child"] == first
        assert told(few, "b", 2)["child"] != second


def test_the_end_stops_what_is_computed(tmp_path: Path) -> None:
    with Workers(obedient, LONG) as workers:
        asked = Asked(workers, tmp_path, "a", 1, do="loop")
    assert asked.end()["void"]
    assert told(workers, "a", 2)["void"]


def test_nothing_of_the_folder_or_of_the_program_is_run_again(tmp_path: Path) -> None:
    for name in ("types", "random", "sympy", "minigrad"):
        (tmp_path / f"{name}.py").write_text("open('run', 'w').close()\n", encoding="ascii")
    program = """
from minigrad.page.worker import Workers

with open("main", "a") as file:
    file.write("run")
with Workers() as workers:
    asked = {"program": "sum(x)", "variables": {"x": "n"}, "ask": {"lines": {}}}
    print(workers.answer(asked).decode())
"""
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    done = subprocess.run(
        [sys.executable, "-P", "-"],
        input=program,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["ok"], done
    assert done.stderr == ""
    assert (tmp_path / "main").read_text() == "run"
    assert not (tmp_path / "run").exists()
