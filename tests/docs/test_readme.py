"""The README's examples print what stands below them, and its commands are those of CI."""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
EXAMPLES = [
    (code, output)
    for (kind, code), (next_kind, output) in itertools.pairwise(BLOCKS)
    if (kind, next_kind) == ("python", "text")
]


def printed_by(code: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {"__name__": "__readme__"})
    return out.getvalue()


@pytest.mark.parametrize(("code", "output"), EXAMPLES)
def test_examples_print_what_stands_below(code: str, output: str) -> None:
    assert printed_by(code) == output


def test_every_python_block_has_its_output() -> None:
    assert len(EXAMPLES) == sum(kind == "python" for kind, _ in BLOCKS) >= 2


def test_the_first_example_has_five_lines() -> None:
    assert len(EXAMPLES[0][0].splitlines()) == 5


def test_ci_installs_and_tests_as_the_readme_says() -> None:
    commands = [block.strip() for kind, block in BLOCKS if kind == "sh"]
    test = next(command for command in commands if "pytest" in command)
    _, install, run = (part.strip() for part in test.split("&&"))
    ci = (
        (ROOT / ".ci" / "run")
        .read_text(encoding="utf-8")
        .replace('"$environment/bin/', ".venv/bin/")
    )
    ci = ci.replace('pip"', "pip").replace('pytest"', "pytest")
    assert install in ci
    assert run in ci


def test_commands_are_the_projects_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ".venv/bin/minigrad attention" in README
    assert project["scripts"] == {"minigrad": "minigrad.cli:main"}
    assert "test" in project["optional-dependencies"]
    assert str(project["requires-python"]).removeprefix(">=") in README


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_links_lead_to_files(target: str) -> None:
    assert (ROOT / target).exists()
