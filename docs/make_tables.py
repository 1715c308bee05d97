"""Write what comes from the rows, tables and type stubs: ``python docs/make_tables.py``."""

from __future__ import annotations

import ast
import importlib
import os
from collections.abc import Callable, Iterator
from inspect import Parameter
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.graph.public import namespace
from minigrad.primitive import REGISTRY, Primitive

HERE = Path(__file__).parent
OPS = HERE.parent / "minigrad" / "ops"


_COMPOSED = """
## What is composed

The engine runs what was written, step by step. A formula is algebra that was simplified first, and
gives the value by continuity, where there is one. They give the same wherever both are numbers, but at
single points only one of them may be. The engine cannot know the limit of a product of which it has
seen 0 and ∞, and to read 0 · ∞ as 0 everywhere would be wrong as often as right: so NaN stays NaN.

| written | at | engine | formula |
| --- | --- | --- | --- |
| `x * sqrt(x)` | 0 | NaN (0 · ∞) | 0, the derivative of x^(3/2) |
| `sqrt(x)**2` | 0 | NaN (0 · ∞) | 1 |
| `sqrt(x**2)` | 0 | NaN (∞ · 0) | 0, as of abs |
| `sqrt(x**4)` | 0 | NaN (∞ · 0) | 0, the derivative of x² |
| `sqrt(sum(x**2))` | 0 | NaN (∞ · 0) | 0, as of norm |
| `x / x` | 0 | NaN | 0, the derivative of 1 |
| `x**1.5 / x` | 0 | NaN | ∞, as of sqrt |
| `x * log(x)` | 0 | NaN | −∞ |
| `log(norm(x))` | 0 | NaN (∞ · 0) | 0 |
| `norm(x)**2`, twice | 0 | 0 | 2, the second derivative of x² |
| `relu(x) - relu(-x)` | 0 | 0, by the choice of each | 0, likewise |
| `x / norm(x)`, `layer_norm`, `rms_norm` with eps = 0 | 0 (of x − mean x) | NaN, as their values | ±10³⁰⁷ for a pole |
| `softmax`, `log_softmax` | a row of −∞ | NaN, as their values | the softmax is 0 |

A softmax of nothing but −∞ has no value in NumPy, SciPy and PyTorch, and none here. Formulas hold that softmax
as 0, so that the gradient of a masked attention is 0 in rows in which all is masked, as the engine's is.

Below a fraction bar a gradient takes a sum of squares (a norm, a variance) that is 0 for the
smallest normal number: 0 / 0 is 0 there, as the rows say of `norm`, `std`, `hypot`, `arctan2`.
Their second derivatives at such points are not finite. The gradient and the Hessian of det are computed by
cofactors; what a formula makes of inverses and determinants otherwise is refused in words for a singular matrix.
The gradient of a logsumexp of a row of −∞ is 0 in both. What a choice needs and nobody would write is not in the
print: the logarithms of a cross-entropy are printed as `log(p)`, and computed, in values and in source, with the
clamp at −100; `nan_to_num` has the mask `[|x| < ∞]` in its derivative, which no simplification takes away.

## What `check` says there

A failure is a fact at a point where the function has a derivative. Where two witnesses differ,
`check` measures the raw forward along each element in which they do, and says `inconclusive`, with
the reason, where all of these are kinks, have no value or no finite slope, or hold NaN or infinity
themselves, or where a step on the way has no derivative at what it is given, though the whole may have
one (the root in √(x⁴), two relu that meet). One element with a derivative is enough for `fail`. A formula that is not finite where
the forward is smooth fails too, unless it has no value in 50 digits either: an overflow is wrong, a
pole (1 + log x at 0) is only not the number that the engine chose.
"""


def _rows() -> list[Primitive]:
    return sorted((row for row in REGISTRY.values() if row.builtin), key=lambda row: row.name)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def kinks() -> str:
    """The choices made where a function is not smooth."""
    lines = [
        "# Derivatives where there is none",
        "",
        "At a kink, a jump or a tie no derivative exists, and every library chooses. These are the",
        "choices of minigrad; each is stated in the operation's own row and held by a test.",
        "",
        "A cotangent that is exactly 0 stays 0 through every elementwise operation once the sweep has",
        "passed an operation that masks (`where`, indexing, `relu`, `clip`, `max`, `tril`, ...): the",
        "branch that was not taken cannot return a NaN.",
        "",
        "In a formula the half that each side of a tie receives is written `step½(x − y)`: 1 above 0, 0",
        "below it, and 1/2 at 0 (in ASCII `step_half`); `[x > y]` is 0 where both are equal.",
        "",
        "| operation | choice |",
        "| --- | --- |",
    ]
    lines += [f"| `{row.name}` | {_cell(row.kinks)} |" for row in _rows() if row.kinks]
    return "\n".join(lines) + "\n" + _COMPOSED


# What has no formula on purpose: why, and a call that says so. X is m by n, x has n elements and M is a
# mask of X's shape, all without values; where these calls are given arrays, they have their formulas.
NO_FORMULA = (
    ("what depends on which of two names is the lesser", "mg.trace(X)"),
    ("lengths that are no polynomial of names", "x[::2]"),
    ("parts of an axis that nothing says divides", "mg.split(x, 2)[0]"),
    ("shapes that do not follow from names", "X.reshape(4, -1)"),
    ("how many tensors there are is said by a name", "mg.unstack(X)[0]"),
    ("counts for an axis whose length is a name", "mg.repeat(x, np.array([1, 2, 3]))"),
    ("slices whose step is a name", "X[:, :: x.shape[0]]"),
    ("how many elements a mask keeps, where the mask is a variable", "X[M]"),
    ("an array has the lengths that it has, a name stands for any", "x * np.ones(3)"),
    ("labels, likewise", "F.cross_entropy(X, np.array([0, 2, 1]))"),
    ("weights, likewise", "mg.average(x, weights=np.ones(3))"),
    ("masks as arrays, likewise", "x[np.array([True, False])]"),
    ("numbers for sizes, likewise", "F.layer_norm(X, 4)"),
    ("channels in groups, likewise", "F.conv1d(X, np.ones((4, 1, 2)), groups=2)"),
    ("three components, likewise", "mg.cross(x, x)"),
    ("wide matrices, where names were taken for tall ones", "given(mg.linalg.svdvals(X), (2, 3))"),
    ("places beyond an axis, where names were taken for long ones", "given(X[5], (2, 3))"),
    ("a rank that is a decision about rounding", "mg.linalg.pinv(X, rcond=0.1)"),
    ("a norm of no order", "mg.linalg.norm(x, np.nan)"),
)


def refusal(call: str) -> str:
    """What a call of the list says."""
    X, x, M = mg.symbols("X: m n", "x: n", "M: m n | bool")

    def given(y: Any, shape: tuple[int, ...]) -> Any:
        """The value of a formula at an array."""
        return mg.derive(mg.sum(y**2), wrt="X")["X"]({"X": np.ones(shape)})

    names = {"X": X, "x": x, "M": M, "mg": mg, "np": np, "F": mg.nn.functional, "given": given}
    try:
        mg.derive(mg.sum(eval(call, names)))
    except mg.errors.MinigradError as error:
        return str(error)
    raise AssertionError(f"{call} has a formula")


def operations() -> str:
    """All operations with their sentence, and what has no formula."""
    lines = [
        "# Operations",
        "",
        "NumPy's names live in `mg` and answer to `np` on tensors; `linalg.` is `mg.linalg`,",
        "`special.` is `mg.special` and `nn.` is `mg.nn.functional`. What has a formula is",
        "[written in NumPy, JAX and PyTorch](how-to/run-a-formula-in-jax-or-pytorch.md).",
        "",
        "| operation | what it is | kind | smooth where |",
        "| --- | --- | --- | --- |",
    ]
    for row in _rows():
        sentence = _cell(row.doc.strip().split("\n\n")[0])
        domain = ", ".join(dict.fromkeys(row.domain))
        lines.append(f"| `{row.name}` | {sentence} | {row.kind} | {domain} |")
    lines += [
        "",
        "## What has no formula",
        "",
        "Whatever runs has a formula, but for what follows. It is refused in words, and never guessed; nearly",
        "all of it has a formula once sizes are numbers, or arrays are variables whose sizes have the same",
        "names. Here `X` is m by n, `x` has n elements and `M` is a mask of X's shape, all without values",
        "(`mg.symbols`), `F` is `mg.nn.functional`, and `given` asks a formula for its value at an array of",
        "that shape.",
        "",
        "| why | call | what it says |",
        "| --- | --- | --- |",
        *(f"| {why} | `{call}` | {_cell(refusal(call))} |" for why, call in NO_FORMULA),
    ]
    return "\n".join(lines) + "\n"


def _definitions() -> Iterator[tuple[Any, str, str]]:
    """Every function of the rows' modules, with the module and the name that define it."""
    for path in sorted(OPS.glob("*.py")):
        module = importlib.import_module(f"minigrad.ops.{path.stem}") if path.stem != "__init__" else None
        for node in ast.parse(path.read_text(encoding="utf-8")).body if module else ():
            targets = getattr(node, "targets", None) or [getattr(node, "target", node)]
            for name in (getattr(t, "id", getattr(t, "name", "")) for t in targets):
                if callable(getattr(module, name or "_", None)):
                    yield getattr(module, name), module.__name__, name


def stub(prefix: str, inside: tuple[str, ...] = ()) -> str:
    """A namespace for type checkers and editors: each name from the module that defines it."""
    home = {id(function): (module, name) for function, module, name in _definitions()}
    lines = ["# Written from the rows by docs/make_tables.py.", ""]
    lines += [f"from minigrad.ops import {name} as {name}" for name in inside]
    found = namespace(prefix)
    for name, function in found.items():
        module, own = home[id(function)]
        lines.append(f"from {module} import {own} as {name}")
    lines += ["", "__all__ = [", *(f'    "{name}",' for name in (*found, *inside)), "]"]
    return "\n".join(lines) + "\n"


def modules_stub() -> str:
    """The modules that are functions with options, for type checkers and editors."""
    from minigrad.nn.from_rows import MODULES

    lines = ["# Written from the rows by docs/make_tables.py.", "", "from typing import Any", ""]
    lines += ["from minigrad.graph.tensor import Tensor", "from minigrad.nn.module import Module", ""]
    lines += ["MODULES: dict[str, type[Remembered]]", "", "class Remembered(Module):"]
    lines += ["    def forward(self, *inputs: Any) -> Tensor: ...", ""]
    for name, kind in MODULES.items():
        options = "".join(
            f", {n}: Any" if default is Parameter.empty else f", {n}: Any = ..."
            for n, default in kind.options.items()
        )
        lines += [f"class {name}(Remembered):", f"    def __init__(self{options}) -> None: ...", ""]
    ordered = sorted(MODULES, key=lambda name: (not name.isupper(), name))
    lines += ["__all__ = [", *(f'    "{name}",' for name in ordered), "]"]
    return "\n".join(lines) + "\n"


TABLES: dict[Path, Callable[[], str]] = {
    HERE / "kinks.md": kinks,
    HERE / "operations.md": operations,
    OPS / "__init__.pyi": lambda: stub("", ("linalg", "special")),
    OPS / "linalg.pyi": lambda: stub("linalg."),
    OPS / "special.pyi": lambda: stub("special."),
    OPS / "functional.pyi": lambda: stub("nn."),
    OPS.parent / "nn" / "from_rows.pyi": modules_stub,
}


def main() -> None:
    """Write every table aside, then put it in place."""
    for path, make in TABLES.items():
        aside = path.with_name(f"{path.name}.part")
        aside.write_text(make(), encoding="utf-8")
        os.replace(aside, path)


if __name__ == "__main__":
    main()
