"""The documentation says what is there: every public name, every command, examples that print."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import itertools
import re
import shutil
import sys
import types
from pathlib import Path

import pytest

import minigrad as mg
from minigrad.cli import main

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in [*DOCS.rglob("*.md"), ROOT / "CHANGELOG.md"]
    if not {"_build", "_made"} & set(path.parts)
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def loaded(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / "_ext" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


reference = loaded("reference")


def public_names(module: types.ModuleType, path: str) -> set[str]:
    return {f"{path}.{name}" for name in reference.public(module)}


# -- the reference ---------------------------------------------------------------------------------


def test_every_public_name_has_an_entry() -> None:
    named = [entry for page in reference.pages() for entry in page.entries]
    wanted = public_names(mg, "minigrad") - {"minigrad.__version__"}
    for path, module in {
        "minigrad.linalg": mg.linalg,
        "minigrad.special": mg.special,
        "minigrad.nn": mg.nn,
        "minigrad.nn.functional": mg.nn.functional,
        "minigrad.nn.init": mg.nn.init,
        "minigrad.optim": mg.optim,
        "minigrad.data": mg.data,
        "minigrad.training": mg.training,
    }.items():
        wanted |= public_names(module, path)
    assert wanted - set(named) == set()
    assert len(named) == len(set(named))
    assert {"minigrad.softmax", "minigrad.optim.np"} & set(named) == set()


def test_every_page_of_the_reference_is_in_its_index() -> None:
    index = (DOCS / "reference" / "index.md").read_text(encoding="utf-8")
    for page in reference.pages():
        assert f"\n{page.stem}\n" in index


@pytest.mark.parametrize("page", reference.pages(), ids=lambda page: page.stem)
def test_every_entry_has_a_sentence(page: object) -> None:
    for name in page.names:  # type: ignore[attr-defined]
        value = getattr(page.module, name)  # type: ignore[attr-defined]
        first = (value.__doc__ or "").strip().split("\n\n")[0]
        assert first.endswith((".", ":", "::")), f"{name}: {first!r}"


# -- no network --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.html", '<script src="https://cdn.example/x.js"></script>', 1),
        ("a.html", '<link rel="stylesheet" href="//cdn.example/x.css">', 1),
        ("a.html", '<img src="https://img.example/x.png">', 1),
        ("a.css", "@font-face { src: url('https://fonts.example/x.woff') }", 1),
        ("a.html", '<a href="https://example.org">read on</a><img src="_images/x.svg">', 0),
        ("a.html", '<link rel="canonical" href="https://example.org/a.html">', 0),
    ],
)
def test_what_a_page_loads_from_elsewhere_is_seen(
    tmp_path: Path, name: str, text: str, found: int
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(loaded("offline").outside_references(tmp_path)) == found


# -- the command line ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_told(command: str) -> None:
    page = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert ".. click:: minigrad.cli:main" in page
    assert ":nested: full" in page
    told = "".join(path.read_text(encoding="utf-8") for path in [*PAGES, ROOT / "README.md"])
    assert f"minigrad {command}" in told
    assert main.commands[command].help


# -- examples --------------------------------------------------------------------------------------

# Pages without a kernel are not run by the site's build; their Python is run here.
STATIC = [
    path
    for path in PAGES
    if "```python" in path.read_text(encoding="utf-8")
    and "kernelspec:" not in path.read_text(encoding="utf-8")[:400]
]


@pytest.mark.parametrize("path", STATIC, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_print_what_stands_below(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", "examples")
    blocks = BLOCK.findall(path.read_text(encoding="utf-8"))
    names = {"__name__": "__docs__"}
    for (kind, code), (after, output) in itertools.pairwise([*blocks, ("", "")]):
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(code, str(path), "exec"), names)
            assert out.getvalue() == (output if after == "text" else "")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files(path: Path) -> None:
    text = re.sub(r"```.*?```|(?<!`)`[^`\n]+`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), target


def test_the_formulas_on_the_first_page_are_those_that_the_readme_prints() -> None:
    (shown,) = re.findall(
        r"^```text\n(.*?)^```$",
        (DOCS / "index.md").read_text(encoding="utf-8"),
        flags=re.DOTALL | re.MULTILINE,
    )
    assert shown in (ROOT / "README.md").read_text(encoding="utf-8")


# -- two languages, one program --------------------------------------------------------------------


def cells(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


WALK = sorted((DOCS / "article").glob("*.md"))


@pytest.mark.parametrize("english", WALK, ids=lambda path: path.stem)
def test_both_languages_run_the_same_cells(english: Path) -> None:
    vietnamese = DOCS / "bai-viet" / english.name
    assert cells(vietnamese) == cells(english)


def test_both_languages_have_the_same_pages() -> None:
    assert [path.name for path in WALK] == sorted(p.name for p in (DOCS / "bai-viet").glob("*.md"))
