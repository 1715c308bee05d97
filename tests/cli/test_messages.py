"""What the command line says when it ends otherwise than well: one table of words and exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import minigrad
from minigrad.cli import main

A = ("sum(A @ x)", "A:m,n")


def run(*arguments: str, columns: int | None = None) -> Result:
    environment = {"COLUMNS": str(columns) if columns else None}
    return CliRunner().invoke(main, list(arguments), env=environment)


def lines(*text: str) -> str:
    return "".join(f"{line}\n" for line in text)


# words of the command line, what stands on stderr
SAID = [
    (
        ("derv", "x"),
        lines(
            "Error: there is no command 'derv'; did you mean 'derive'?",
            "  minigrad derv x",
            "           ^^^^",
            "see minigrad --help",
        ),
    ),
    (
        ("help", "drav"),
        lines(
            "Error: there is no command 'drav'; did you mean 'draw'?",
            "  minigrad help drav",
            "                ^^^^",
            "see minigrad --help",
        ),
    ),
    (
        ("zzz",),
        lines(
            "Error: there is no command 'zzz'; commands are attention, derive, check, draw, open, "
            "train, predict, help, version",
            "  minigrad zzz",
            "           ^^^",
            "see minigrad --help",
        ),
    ),
    (
        ("derive", *A, "--formt", "latex"),
        lines(
            "Error: there is no option '--formt'; did you mean '--format'?",
            '  minigrad derive "sum(A @ x)" A:m,n --formt latex',
            "                                     ^^^^^^^",
            "see minigrad derive --help",
        ),
    ),
    (
        ("--versio",),
        lines(
            "Error: there is no option '--versio'; did you mean '--version'?",
            "  minigrad --versio",
            "           ^^^^^^^^",
            "see minigrad --help",
        ),
    ),
    (
        ("train", "--optimizer", "adm"),
        lines(
            "Error: invalid value for '--optimizer': 'adm' is not one of 'adamw', 'adam', 'sgd', "
            "'rmsprop', 'adagrad'; did you mean 'adam'?",
            "  minigrad train --optimizer adm",
            "                             ^^^",
            "see minigrad train --help",
        ),
    ),
    (("derive",), lines("Error: missing argument 'TEXT'.", "see minigrad derive --help")),
    (
        ("derive", *A, "--wrt", "B"),
        lines(
            "Error: derive: no tensor of this graph is named 'B'; known are A, x",
            '  minigrad derive "sum(A @ x)" A:m,n --wrt B',
            "                                           ^",
        ),
    ),
    (
        ("derive", "sum(A @ x)", "A:m,n", "A:n"),
        lines(
            "Error: the variable 'A' is declared twice; leave one",
            '  minigrad derive "sum(A @ x)" A:m,n A:n',
            "                                     ^",
        ),
    ),
    (
        ("derive", "sum(A @ y)"),
        lines(
            "Error: parse: nothing in the expression says how large 'A' is; declare it, A:n for a "
            "vector, A:m,n for a matrix",
            "  sum(A @ y)",
            "      ^ column 5",
        ),
    ),
    (
        ("check", "sum(A * A)", "A:n", "--against", "2 * A * B"),
        lines("Error: check: dA: no variable is named 'B'", "  2 * A * B", "          ^ column 9"),
    ),
    (
        ("derive", "sum(A)", "A\x1b[31m:n"),
        lines(
            r"Error: 'A\x1b[31m:n' declares no variable; write NAME:DIM,DIM, as in X:n,d, or with an "
            "assumption, S:n,n:spd; a scalar is lam, or lam::positive",
        ),
    ),
    (
        ("train", "--data", "no.csv"),
        lines("Error: no.csv: cannot be read (No such file or directory)"),
    ),
    (
        ("train", "--data", "nan.csv", "--label", "b", "--features", "a"),
        lines(
            "Error: nan.csv: row 2 (line 3), column 'a': 'nan' is not a finite number",
            "  minigrad train --data nan.csv --label b --features a",
            "                                                     ^",
        ),
    ),
    (
        ("train", "--data", "nan.csv", "--label", "huge"),
        lines(
            "Error: nan.csv: row 2 (line 3), column 'huge': '1e400' is not a finite number",
            "  minigrad train --data nan.csv --label huge",
            "                                        ^^^^",
        ),
    ),
    (
        ("train", "--data", "one.csv", "--label", "b"),
        lines(
            "Error: one.csv: column 'b': two classes or more are needed, but there is 1: '0' (once)",
            "  minigrad train --data one.csv --label b",
            "                                        ^",
        ),
    ),
    (
        ("train", "--data", "same.csv", "--label", "b", "--task", "numbers"),
        lines(
            "Error: same.csv: column 'b': the numbers are all the same in the training part; there is nothing "
            "to learn",
            "  minigrad train --data same.csv --label b --task numbers",
            "                                         ^",
        ),
    ),
    (
        ("train", "--data", "same.csv", "--label", "a", "--task", "classes"),
        lines(
            "Error: same.csv: column 'a': training, validation and test part need an example of each label, "
            "so at least 3; 9 of the 9 labels have fewer: '0' (1), '1' (1), '2' (1), '3' (1), '4' (1), "
            "'5' (1), '6' (1), '7' (1), …",
            "  minigrad train --data same.csv --label a --task classes",
            "                                         ^",
        ),
    ),
    (
        ("train", "--data", "few.csv", "--label", "b", "--task", "numbers"),
        lines(
            "Error: few.csv: 2 rows; training, validation and test part need some each, so at least 6",
        ),
    ),
    (
        ("train", "--data", "folder.csv"),
        lines("Error: folder.csv: cannot be read (Is a directory)"),
    ),
    (
        ("train", "--data", "bytes.csv"),
        lines(
            "Error: bytes.csv: byte 0xFF at offset 0, on line 1, is not utf-8; say which encoding the file "
            "has, for example --encoding latin-1"
        ),
    ),
    (
        ("train", "--data", "twice.csv"),
        lines(
            "Error: twice.csv: the header names 'a' more than once; give every column a name of its own"
        ),
    ),
    (
        ("train", "--task", "numbers"),
        lines(
            "Error: training settings: --data digits are even or odd: two classes, and no --task numbers",
        ),
    ),
    (
        ("predict", "study", "a film"),
        lines(
            "Error: 'study' is of `minigrad attention`, a study of gradients whose model takes digits and no "
            "other data: in Python it is "
            f"mg.nn.SelfAttentionClassifier(8, 8, 8).load({os.path.join('study', 'weights.npz')!r}); to predict "
            "here, train on digits or a CSV file with `minigrad train --out FOLDER`, and give that folder",
            '  minigrad predict study "a film"',
            "                   ^^^^^",
        ),
    ),
    (
        ("predict", "study/metrics.json"),
        lines(
            "Error: 'study/metrics.json' is of `minigrad attention`, a study of gradients whose model takes "
            "digits and no other data: in Python it is "
            f"mg.nn.SelfAttentionClassifier(8, 8, 8).load({os.path.join('study', 'weights.npz')!r}); to predict "
            "here, train on digits or a CSV file with `minigrad train --out FOLDER`, and give that folder",
            "  minigrad predict study/metrics.json",
            "                   ^^^^^^^^^^^^^^^^^^",
        ),
    ),
    (
        ("attention", "--out", "study"),
        lines(
            "Error: 'study' holds weights.npz, metrics.json of an earlier run; replace them with "
            "--overwrite, or name another folder with --out",
            "  minigrad attention --out study",
            "                           ^^^^^",
        ),
    ),
    (
        ("predict", "no-folder", "a film"),
        lines("Error: no-folder: cannot be read (No such file or directory)"),
    ),
]


FILES = {
    "nan.csv": b"a,b,huge\n1,0,1e307\nnan,1,1e400\n3,0,3\n",
    "one.csv": b"\xef\xbb\xbfa,b\n1,0\n",
    "few.csv": b"a,b\n1,0\n2,1\n",
    "same.csv": b"a,b\n" + b"".join(b"%d,2.5\n" % k for k in range(9)),
    "bytes.csv": b"\xff\x00\x01",
    "twice.csv": b"a,label,a\n1,0,1\n",
    "folder.csv/file": b"",
    "study/weights.npz": b"",
    "study/metrics.json": b"{}",
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with files that are wrong in many ways."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name, content in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(content)


@pytest.mark.parametrize(("words", "said"), SAID, ids=[" ".join(w)[:40] for w, _ in SAID])
def test_what_is_wrong_is_said_and_marked(words: tuple[str, ...], said: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)


@pytest.mark.parametrize("columns", [20, 40])
@pytest.mark.parametrize(
    "words", [words for words, _ in SAID], ids=[" ".join(w)[:40] for w, _ in SAID]
)
def test_carets_stay_below_their_place_on_narrow_terminals(
    words: tuple[str, ...], columns: int
) -> None:
    said, shown = (run(*words, columns=width).stderr.splitlines() for width in (None, columns))
    carets = [
        [k for k, line in enumerate(text) if line.strip().startswith("^")] for text in (said, shown)
    ]
    assert len(carets[0]) == len(carets[1])
    for k, j in zip(*carets, strict=True):
        marked = [
            "".join(a for a, b in zip(text[i - 1], text[i], strict=False) if b == "^").rstrip("…")
            for text, i in ((said, k), (shown, j))
        ]
        assert marked[1]
        assert marked[0].startswith(marked[1])
        assert max(len(shown[j - 1]), len(shown[j].split(" column")[0])) <= columns
    longest = max(map(len, " ".join(said).split()))
    assert max(len(line.split(" column")[0]) for line in shown) <= max(columns, longest + 2)


def test_help_and_version_are_commands() -> None:
    assert run("help").stdout == run("--help").stdout == run().stdout
    assert run("help", "derive").stdout == run("derive", "--help").stdout
    assert run("version").stdout == run("--version").stdout == f"minigrad {minigrad.__version__}\n"


@pytest.mark.parametrize("columns", [24, 40, 80])
def test_help_says_whole_sentences_at_any_width(columns: int) -> None:
    told = run("help", columns=columns).stdout
    assert max(map(len, told.splitlines())) <= columns
    commands = told.partition("Commands:")[2]
    assert commands
    assert "..." not in commands


def test_no_word_of_a_check_is_broken_at_40_columns() -> None:
    told = run(
        "derive", "S = X @ W; sum(softmax(S) * C)", "X:n,d", "W:d,k", "C:n,k", "--check", columns=40
    ).stdout
    assert max(map(len, told.splitlines())) <= 40
    words = {
        "meaning",
        "derived",
        "formula",
        "finite",
        "differences",
        "properties",
        "variables",
        "witnesses",
        "digits",
    }
    assert words <= set(told.replace(":", " ").split())
    assert "proved; sizes" in " ".join(told.split())


# -- a process -----------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "minigrad"]
SHELL = f'"{sys.executable}" -m minigrad'
EXPRESSION = "'sum((A @ x - b)**2)' A:m,n --wrt x"
FULL = "Error: cannot write the output (No space left on device)\n"

ENDS = [
    (f"{SHELL} derive {EXPRESSION} | true; exit ${{PIPESTATUS[0]}}", 0, ""),
    (f"{SHELL} help | true; exit ${{PIPESTATUS[0]}}", 0, ""),
    (f"{SHELL} derive {EXPRESSION} > /dev/full", 2, FULL),
    (f"{SHELL} --help > /dev/full", 2, FULL),
    (f"{SHELL} version > /dev/full 2>&1", 2, ""),
    (f"{SHELL} derive {EXPRESSION} >&- <&-", 0, ""),
    (f"{SHELL} derv 2>&-", 2, ""),
]


@pytest.mark.parametrize(
    ("script", "code", "said"), ENDS, ids=[row[0].split("minigrad ")[1] for row in ENDS]
)
def test_streams_that_nobody_takes(script: str, code: int, said: str) -> None:
    if "/dev/full" in script and not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (code, said)


def test_no_color_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["check", "sum(x)", "x:n"]
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1m" in CliRunner().invoke(main, words, color=True).stdout
    assert "\x1b" not in CliRunner().invoke(main, words).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in CliRunner().invoke(main, words, color=True).stdout


# Where the interrupt comes: while libraries load, while a formula is derived, while it is written.
PLACES = {
    "loading": ("minigrad.ops", "", -signal.SIGINT, ""),
    "deriving": (
        "minigrad.cli.derive.derivatives",
        "",
        130,
        "interrupted: nothing more was written\n",
    ),
    "writing": ("os.replace", "-o dx.tex", 130, "interrupted: nothing more was written\n"),
}


@pytest.mark.parametrize("place", PLACES)
def test_ctrl_c_ends_in_a_line_anywhere(place: str, tmp_path: Path) -> None:
    """The signal is sent by the process to itself, at the place in question and no other."""
    where, more, code, said = PLACES[place]
    room, _, name = where.rpartition(".")
    send = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    script = tmp_path / "minigrad"  # what the program is called
    script.write_text(
        "import sys, os, signal\n"
        # as at a terminal, also where this runs in the background, which ignores it
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"def send(*a, **k):\n    {send}\n"
        + (
            f"import importlib.abc\n"
            f"class Load(importlib.abc.MetaPathFinder):\n"
            f"    def find_spec(self, name, *rest):\n        if name == {where!r}: send()\n"
            "sys.meta_path.insert(0, Load())\nfrom minigrad.cli import main\n"
            if place == "loading"
            else f"from minigrad.cli import main\nsys.modules.get({room!r}, os).{name} = send\n"
        )
        + "main()\n"
    )
    words = re.sub("'", "", EXPRESSION.split(" A:")[0]), "A:m,n", "--wrt", "x", *more.split()
    done = subprocess.run(
        [sys.executable, str(script), "derive", *words],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "minigrad"]
