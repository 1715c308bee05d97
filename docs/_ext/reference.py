"""The reference's pages: one entry for each public name, written from ``__all__`` before a build.

No Sphinx is needed to ask which names are covered; the tests do.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minigrad as mg
from minigrad import checking, drawing, errors, report, testing

FOLDER = Path(__file__).parent.parent / "reference"


@dataclass(frozen=True)
class Page:
    """A page of the reference: which names of which module, in the order in which to read them."""

    path: str
    title: str
    module: types.ModuleType
    intro: str
    names: tuple[str, ...]

    file: str = ""

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return self.file or self.path.removeprefix("minigrad.")

    @property
    def entries(self) -> Iterator[str]:
        """The full names on this page, as a user writes them."""
        return (f"{self.path}.{name}" for name in self.names)


_TOLD = {
    "tensors": (
        *("tensor", "Tensor", "Dim", "symbols", "function", "scope", "no_grad", "enable_grad"),
        *("debug_nans", "limits", "zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "eye"),
        *("arange", "rand", "randn", "randint", "manual_seed"),
    ),
    "gradients": (
        "gradients",
        "grad",
        "value_and_grad",
        "vjp",
        "jvp",
        "hvp",
        "jacobian",
        "hessian",
        "vmap",
    ),
    "formulas": (
        "derive", "Derivation", "Formula", "parse", "from_sympy", "check", "draw", "compile", "Step",
    ),
    "rows": ("elementwise", "primitive", "composite"),
}


# What calls return, of modules that have other names too.
_RESULTS = (
    ("minigrad.checking", checking, "Reports of checks: `minigrad.checking`",
     "What `mg.check` and `Derivation.check` return.", ("Report",)),
    ("minigrad.testing", testing, "Inside tests: `minigrad.testing`",
     "For test-suites that want gradients to be right.", ("assert_gradients",)),
    ("minigrad.drawing", drawing, "Drawings: `minigrad.drawing`", "What `mg.draw` returns.",
     ("Drawing",)),
)  # fmt: skip


def public(module: types.ModuleType) -> list[str]:
    """The public names of a module that are no modules themselves, and no mere types of others."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [n for n, value in vars(module).items() if _is_own(module, n, value)]
    passed_over = (types.ModuleType, types.GenericAlias)
    return [n for n in names if not isinstance(getattr(module, n), passed_over)]


def _is_own(module: types.ModuleType, name: str, value: Any) -> bool:
    return not name.startswith("_") and getattr(value, "__module__", "") == module.__name__


def pages() -> list[Page]:
    """All pages of the reference."""
    told = {"__version__", *(name for names in _TOLD.values() for name in names)}
    rest = tuple(sorted(name for name in public(mg) if name not in told))
    own = ((file, title, intro, _TOLD[file]) for file, title, intro in _PAGES)
    return [
        *(Page("minigrad", title, mg, intro, names, file) for file, title, intro, names in own),
        Page("minigrad", "Operations under NumPy's names", mg, _NUMPY, rest, "numpy"),
        *(Page(path, title, module, intro, tuple(public(module)))
          for path, module, title, intro in _MODULES),
        *(Page(path, title, module, intro, names)
          for path, module, title, intro, names in _RESULTS),
    ]  # fmt: skip


_PAGES = (
    ("tensors", "Tensors", "Tensors record the graph of what is done with them."),
    ("gradients", "Gradients as numbers", "Reverse and forward mode, of any order."),
    ("formulas", "Formulas, proofs and drawings",
     "What can be read off a graph: its gradients in closed form, their proof, its picture."),
    ("rows", "Operations of your own", "A row states facts; the rest follows from them."),
)  # fmt: skip
_NUMPY = "They take arrays and tensors, with NumPy's arguments; of a tensor t, `np.exp(t)` is `mg.exp(t)`."
_MODULES = (
    ("minigrad.linalg", mg.linalg, "Linear algebra: `mg.linalg`", "NumPy's names and arguments."),
    ("minigrad.special", mg.special, "Special functions: `mg.special`", "SciPy's names and arguments."),
    ("minigrad.nn", mg.nn, "Modules: `mg.nn`", "Functions of tensors with parameters of their own."),
    ("minigrad.nn.functional", mg.nn.functional, "Neural operations: `mg.nn.functional`",
     "PyTorch's meaning, with `axis` for `dim`."),
    ("minigrad.nn.init", mg.nn.init, "Initial weights: `mg.nn.init`",
     "Arrays drawn from a NumPy generator."),
    ("minigrad.optim", mg.optim, "Optimisers: `mg.optim`",
     "Steps along gradients, and schedules of their length."),
    ("minigrad.data", mg.data, "Data: `mg.data`", "What a model is trained on, as NumPy arrays."),
    ("minigrad.training", mg.training, "Training: `mg.training`",
     "Loops, runs in a folder, checkpoints, and predictions."),
    ("minigrad.errors", errors, "Errors: `minigrad.errors`",
     "Each is also an instance of the built-in error that Python users expect."),
    ("minigrad.report", report, "Pictures and pages: `minigrad.report`",
     "Heat-maps, curves, and a page about a loss."),
)  # fmt: skip


def text(page: Page) -> str:
    """A page in MyST: a directive for each name."""
    lines = [f"# {page.title}", "", page.intro, ""]
    for name in page.names:
        lines += _entry(page, name)
    return "\n".join(lines)


def _entry(page: Page, name: str) -> list[str]:
    value = getattr(page.module, name)
    if inspect.isclass(value):
        kind, options = "autoclass", ["   :members:", "   :show-inheritance:"]
        if value.__module__.startswith("minigrad.api."):  # what formulas and derivations share
            options.append("   :inherited-members: Mapping")
    elif callable(value):
        kind, options = "autofunction", []
    else:
        kind, options = "autodata", []
    return ["```{eval-rst}", f".. {kind}:: {page.path}.{name}", *options, "```", ""]


def write_pages(*_: Any) -> None:
    """Write what changed, remove what is gone."""
    wanted = {f"{page.stem}.md": text(page) for page in pages()}
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.md"):
        if old.name not in wanted and old.name not in ("index.md", "command-line.md"):
            old.unlink()
    for name, content in wanted.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")


_LITERAL = re.compile(r"(``.*?``)")


def keep_bars(
    _app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """|x| is an absolute value, not a substitution."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = _LITERAL.split(line)
            parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
            lines[k] = "".join(parts)


def setup(app: Any) -> dict[str, bool]:
    """Write the pages when a build begins."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", keep_bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
