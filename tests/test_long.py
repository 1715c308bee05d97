"""What is left out is said, every room keeps a part, and whoever asks for all gets all."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import long
import pytest

TESTS = Path(__file__).parent
# Run where nothing of ours is: a table, a part of it, and a test that is long as a whole.
A_TABLE = """
import long, pytest

@pytest.mark.long("part")
@pytest.mark.parametrize("b", range(5))
@pytest.mark.parametrize("a", range(10))
def test_table(a, b):
    assert a != 3

@pytest.mark.long
def test_whole():
    pass

def test_short():
    assert long.examples(600) == len(long.share(range(600)))
"""


@pytest.mark.parametrize(
    ("words", "counted", "closing"),
    [
        ([], "6 passed, 46 deselected", "46 long tests not run, 2 with a part of their examples; all: "),
        (["-n", "2"], "6 passed", "46 long tests not run, 2 with a part of their examples; all: "),
        (["-m", "long or not long"], "5 failed, 47 passed", ""),
        (["test_table.py::test_whole"], "1 passed", ""),
    ],
)
def test_what_is_left_out_is_said(words: list[str], counted: str, closing: str, tmp_path: Path) -> None:
    for name in ("conftest.py", "long.py"):
        shutil.copy(TESTS / name, tmp_path)
    (tmp_path / "test_table.py").write_text(A_TABLE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = long\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    *lines, last = done.stdout.splitlines()
    assert last.startswith(counted), done.stdout
    assert [line for line in lines if "long tests" in line] == ([closing + long.ALL] if closing else [])


def decorators(path: Path) -> list[list[str]]:
    """The decorators of each test of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        [ast.unparse(word) for word in node.decorator_list]
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_every_file_keeps_a_test_that_always_runs() -> None:
    for path in TESTS.rglob("test_*.py"):
        assert any("pytest.mark.long" not in words for words in decorators(path)), path.name


def test_only_tables_keep_a_part() -> None:
    """And a table never lies fallow: it is long in part."""
    for path in TESTS.rglob("test_*.py"):
        for words in decorators(path):
            table = any("parametrize" in word for word in words) or "cases(" in " ".join(words)
            if any("mark.long" in word for word in words):
                table = table or any(word.startswith("_all(") for word in words)
                assert ("pytest.mark.long('part')" in words) == table, (path.name, words)


def test_no_period_of_a_table_is_the_stride() -> None:
    """Eleven cases of one parameter are the smallest table whose part would miss values."""
    assert all(long.STRIDE % k for k in range(2, long.STRIDE))


def test_the_command_for_all_is_what_ci_and_the_readme_run() -> None:
    options = long.ALL.removeprefix("pytest -q ").replace("'", '"')
    root = TESTS.parent
    assert f'/pytest" -q {options}\n' in (root / ".ci" / "run").read_text(encoding="utf-8")
    readme = re.sub(r"\s+", " ", (root / "README.md").read_text(encoding="utf-8"))
    assert f"`.venv/bin/pytest -q {options}`" in readme
