"""Imports go one way through the rooms, and what is heavy loads on first use."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "minigrad"

# A room may import itself and the rooms of lower rank; rooms of one rank do not know each other.
RANK: dict[str, float] = {
    "errors": 0,
    "elsewhere": 1,
    "files": 1,
    "start": 0,
    "version": 0,
    "markup": 0,
    "display": 0.5,
    "names": 0.5,
    "scripts": 0,
    "limits": 0.5,
    "index": 1,
    "primitive": 2,
    "graph": 3,
    "ops": 4,
    "numeric": 5,
    "symbolic": 5,
    "program": 5.5,
    "notation": 5.8,
    "parsing": 6,
    "source": 6,
    "compiled": 7,
    "drawing": 7,
    "checking": 7,
    "api": 8,
    "testing": 9,
    "data": 9,
    "optim": 9,
    "nn": 9,
    "training": 10,
    "report": 10,
    "page": 10.5,
    "__init__": 11,
    "cli": 12,
    "__main__": 13,
}

# Each heavy library has one door.
DOORS = {
    "sympy": {"index/heads.py"},
    "mpmath": {"program/arithmetic.py"},
    "graphviz": {"drawing/dot.py"},
    "pygraphviz": {"drawing/render.py", "drawing/worker.py"},
}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = ("minigrad", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


@cache
def names() -> set[str]:
    return set(map(dotted, modules()))


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """Every module imported, and whether only a type checker sees it."""
    return list(_imports(ast.parse(path.read_text(encoding="utf-8")), False))


def _imports(node: ast.AST, typing_only: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.Import):
        for name in node.names:
            yield name.name, typing_only
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:  # a module of a package, or what a module holds
            inner = f"{node.module}.{alias.name}"
            yield (inner if inner in names() else node.module), typing_only
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        typing_only = True
    if not isinstance(node, ast.expr):
        for inner in ast.iter_child_nodes(node):
            yield from _imports(inner, typing_only)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    own = room(path)
    assert own in RANK, f"{own} has no rank: say where it stands"
    for name, typing_only in imports(path):
        parts = name.split(".")
        if parts[0] != "minigrad" or typing_only:
            continue
        target = parts[1] if len(parts) > 1 and parts[1] in RANK else "__init__"
        assert target == own or RANK.get(target, 99) < RANK[own], f"{own} imports {name}"


def test_imports_have_no_circle() -> None:
    """No module needs itself through others, not even for types."""
    paths = {dotted(path): path for path in modules()}
    needs = {name: {t for t, _ in imports(path)} & paths.keys() for name, path in paths.items()}
    order = TopologicalSorter(needs)
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" needs ".join(reversed(error.args[1])))


def test_one_pipeline_derives() -> None:
    """Outside its room nobody sweeps but what judges one operation alone."""
    who = {path.relative_to(ROOT).as_posix() for path in modules() if room(path) != "symbolic"}
    sweeping = {p for p in who if "minigrad.symbolic.derive" in {t for t, _ in imports(ROOT / p)}}
    assert sweeping == {"checking/primitive_case.py"}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_libraries_have_one_door(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name, typing_only in imports(path):
        top = name.split(".")[0]
        if top in DOORS and not typing_only:
            assert place in DOORS[top], f"{place} imports {top}"


def test_tests_stand_as_the_rooms_stand() -> None:
    """A folder of tests for each folder of the package that has some, one for the documents, one for pages."""
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir()} | {"docs", "browser"}
    assert {path.parent.name for path in Path(__file__).parent.glob("*/test_*.py")} <= rooms


def test_importing_minigrad_loads_nothing_heavy() -> None:
    heavy = ("sympy", "mpmath", "scipy", "graphviz", "pygraphviz", "click", "rich")
    code = f"import sys, minigrad; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_symbols_and_numbers_need_no_sympy() -> None:
    code = (
        "import sys, minigrad as mg\n"
        "X, w = mg.symbols('X: n d', 'w: d'); (X @ w).sum()\n"
        "t = mg.tensor([1.0, 2.0], requires_grad=True); (t * t).sum().backward()\n"
        "print('sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_importing_minigrad_loads_the_engine_alone() -> None:
    """Formulas, models and what hashes expressions come when they are asked for."""
    code = (
        "import sys, minigrad as mg\n"
        "names = [m for m in sys.modules if m.startswith('minigrad.')]\n"
        "print(sorted({m.split('.')[1] for m in names}), 'hashlib' in sys.modules)\n"
        "mg.tensor([1.0], requires_grad=True).sum().backward()\n"
        "print('minigrad.api' in sys.modules, 'minigrad.index.expr' in sys.modules)\n"
        "print(mg.nn.functional.relu(mg.tensor(-1.0)).item(), mg.derive.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    engine = [
        *("errors", "graph", "index", "limits", "names", "numeric", "ops", "primitive", "start", "version"),
    ]
    assert done.stdout.splitlines() == [f"{engine} False", "False False", "0.0 derive"]


def test_what_rows_mean_exists() -> None:
    from minigrad.index import meaning
    from minigrad.ops.meanings import Deferred
    from minigrad.primitive import REGISTRY

    names = [row.meaning.name for row in REGISTRY.values() if isinstance(row.meaning, Deferred)]
    assert len(names) > 30
    assert [name for name in names if not hasattr(meaning, name)] == []


def test_every_public_name_can_be_had() -> None:
    import minigrad as mg

    for name in (*mg.__all__, *dir(mg)):
        assert getattr(mg, name) is not None or name == "__spec__"
    with pytest.raises(AttributeError, match="mg has no 'no_such_name'"):
        mg.no_such_name  # noqa: B018  (reading it is the test)


# What is kept without bound, because there are only so many questions: fonts.
FEW = {"_advances"}


def test_what_is_kept_for_arguments_is_bounded() -> None:
    found = []
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (node.args.args or node.args.vararg):
                kept = {ast.unparse(decorator) for decorator in node.decorator_list}
                found += [node.name for name in ("cache", "functools.cache") if name in kept]
    assert set(found) == FEW
