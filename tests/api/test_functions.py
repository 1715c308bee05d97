"""Functions without a definition: printed with their derivatives, judged, given a value."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking.stand_in import StandIn
from minigrad.errors import (
    ArgumentError,
    DerivationError,
    MinigradError,
    NameClashError,
    SymbolicError,
)
from minigrad.index.size import value_of
from minigrad.index.undefined import read_name, shown_name
from minigrad.notation.printed_text import read_back

MATRIX = {"A": "m n", "x": "n", "f": "function"}
PAIR = {"x": "n", "y": "n", "f": "function"}
SIZES = {"m": 2, "n": 3, "h": 4}
PROGRAMS: list[tuple[str, dict[str, str], int, str]] = [
    ("sum(f(A @ x))", MATRIX, 1, "dA = f′(A x) xᵀ      dx = Aᵀ f′(A x)"),
    ("f(A @ x)", {**MATRIX, "A": "m n"}, 1, ""),
    ("sum(D(f, 3)(x))", {"x": "n", "f": "function"}, 1, "dx = f⁽⁴⁾(x)"),
    ("sum(f(x))", {"x": "n", "f": "function"}, 2, "H = diag(f″(x))"),
    ("sum(f(f(x)))", {"x": "n", "f": "function"}, 1, "dx = f′(x) ⊙ f′(f(x))"),
    ("f(x)", {"x": "", "f": "function"}, 2, "H = f″(x)"),
    ("sum(f(x, y))", PAIR, 1, "dx = ∂₁f(x, y)      dy = ∂₂f(x, y)"),
    ("sum(f(x, y))", PAIR, 2, ""),
    (
        "sum(phi(W2 @ psi(W1 @ x)))",
        {"W1": "h n", "W2": "m h", "x": "n", "phi": "function", "psi": "function"},
        1,
        "",
    ),
]


@pytest.mark.parametrize(("text", "declared", "order", "printed"), PROGRAMS)
def test_printed_read_back_and_judged(
    text: str, declared: dict[str, str], order: int, printed: str
) -> None:
    d = mg.derive(mg.parse(text, **declared), order=order)
    assert not printed or str(d) == printed
    arrays = {
        name: np.random.default_rng(1).standard_normal([value_of(s, SIZES) for s in node.shape])
        for name, (node, _) in d.reading.lowered.leaves.items()
    }
    functions = {n: StandIn(n, 3) for n, said in declared.items() if said == "function"}
    values = {name: f.values for name, f in functions.items()}
    right = d(arrays, **{name: _as_sympy(f, text) for name, f in functions.items()})
    shapes = {f.name: tuple(value_of(s, SIZES) for s in f.sizes) for f in d.values()}
    for ascii in (False, True):
        named = {k.replace("∂", "d").replace("²", "2") if ascii else k: s for k, s in shapes.items()}
        found = read_back(
            d.format(ascii), arrays, sizes=SIZES, shapes=named, ascii=ascii, functions=values
        )
        for name, array in zip(named, right.values(), strict=True):
            np.testing.assert_allclose(found[name], array, atol=1e-12)
    report = d.check()
    assert report.verdict == "pass", report
    assert all((d.latex, d.mathml, d.steps, [f.sympy for f in d.values()]))


def _as_sympy(function: StandIn, text: str) -> Any:
    sympy = pytest.importorskip("sympy")
    symbols = sympy.symbols("x y", real=True)[: 1 + (f"{function.name}(x, y)" in text)]
    return sympy.Lambda(symbols, sympy.sympify(function.text((0,) * len(symbols)), {"x": symbols[0], "y": symbols[-1]}))


def test_the_textbook_lines() -> None:
    A, x = mg.symbols("A: m n", "x: n")
    f = mg.function("f")
    loss = mg.sum(f(A @ x))
    assert str(mg.derive(loss, "x")) == "dx = Aᵀ f′(A x)"
    second = mg.derive(loss, "x", order=2)
    assert str(second) == "H = Aᵀ diag(f″(A x)) A"
    assert second.format(ascii=True) == "H = A.T @ diag(D(f, 2)(A @ x)) @ A"
    assert "f''" in second.latex
    assert "<mi>f</mi><mo>′′</mo>" in second.mathml
    assert second.steps[-1].rule.endswith("the chain rule, element by element, f″.")
    assert str(pickle.loads(pickle.dumps(second))) == str(second)
    assert "f′" in mg.draw(loss, backward=True).source


@pytest.mark.parametrize("orders", [(0,), (1,), (3,), (4,), (12,), (1, 0), (0, 2), (1, 1)])
def test_names_are_read_back(orders: tuple[int, ...]) -> None:
    known = read_name(shown_name("f", orders))
    counts = tuple((k + 1, order) for k, order in enumerate(orders) if order)
    assert known == (None if not counts else ("f", counts))


def test_a_stand_in_is_what_it_says() -> None:
    """Its derivatives are those that SymPy finds of its definition."""
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y")
    f = StandIn("f", 0)
    for orders in ((0, 0), (1, 0), (0, 3), (2, 2)):
        right = sympy.sympify(f.text((0, 0)))
        for symbol, order in zip((x, y), orders, strict=True):
            right = right.diff(symbol, order) if order else right
        assert sympy.simplify(right - sympy.sympify(f.text(orders))) == 0
        value = float(right.subs({x: 0.3, y: -0.7}))
        assert f.values(orders, np.array(0.3), np.array(-0.7)) == pytest.approx(value)


def test_a_wrong_derivation_is_found() -> None:
    loss = mg.parse("sum(f(A @ x))", **MATRIX)
    assert mg.check(loss, wrt="x", against="A.T @ D(f)(A @ x)").verdict == "pass"
    for wrong in ("A.T @ D(f, 2)(A @ x)", "A.T @ f(A @ x)", "2 * A.T @ D(f)(A @ x)"):
        assert mg.check(loss, wrt="x", against=wrong).verdict == "fail"


@pytest.mark.parametrize("order", [1, 2, 3])
def test_what_is_printed_is_understood_as_a_derivation(order: int) -> None:
    loss = mg.parse("sum(f(A @ x))", **MATRIX)
    d = mg.derive(loss, wrt="x", order=order)
    for text in (str(d), d.ascii):
        assert mg.check(loss, wrt="x", order=order, against=text).verdict == "pass", text
    wrong = str(d).replace("f" + "′″‴"[order - 1], "f⁽⁵⁾")
    assert mg.check(loss, wrt="x", order=order, against=wrong).verdict == "fail"


@pytest.mark.parametrize(("name", "words"), [("Function", "no definition either"), ("atan2", "takes")])
def test_sympy_functions_that_say_nothing(name: str, words: str) -> None:
    sympy = pytest.importorskip("sympy")
    f = sympy.Function("h") if name == "Function" else getattr(sympy, name)
    with pytest.raises(ArgumentError, match=words):
        _gradient()(A=np.eye(2), x=np.ones(2), f=f)


@pytest.mark.parametrize("text", ["sum(f(x))", "sum(f(A @ x))", "x @ f(x)", "sum(A @ f(y))"])
def test_second_derivatives_along_a_tangent_are_judged(text: str) -> None:
    """The tangent stands in the graph that has a smooth function in the place of f, too."""
    loss = mg.parse(f"{text} + 0*sum(x)", A="m n", x="n", y="n", f="function")
    report = mg.derive(loss, "x", order=2, along="x").check()
    assert report.verdict == "pass", report
    assert all(row.verdict == "pass" for row in report.rows)


def test_a_formula_takes_a_function() -> None:
    sympy = pytest.importorskip("sympy")
    d = mg.derive(mg.parse("sum(f(A @ x))", **MATRIX), "x")
    rng = np.random.default_rng(0)
    A, x, t = rng.standard_normal((3, 2)), rng.standard_normal(2), sympy.Symbol("t")
    right = A.T @ (1 - np.tanh(A @ x) ** 2)
    for f in (mg.tanh, np.tanh, sympy.tanh(t), sympy.tanh, sympy.Lambda(t, sympy.tanh(t))):
        np.testing.assert_allclose(d["x"](A=A, x=x, f=f), right)
        np.testing.assert_allclose(d({"A": A, "x": x}, f=f)["x"], right)


REFUSALS: list[tuple[Callable[[], Any], type[MinigradError], str]] = [
    (lambda: _gradient()(A=np.eye(2), x=np.ones(2)), ArgumentError, "f=mg.tanh"),
    (lambda: _gradient()(A=np.eye(2), x=np.ones(2), f=lambda t: t), ArgumentError, "derivatives"),
    (lambda: _gradient()(A=np.eye(2), x=np.ones(2), f=mg.add), ArgumentError, "takes 2"),
    (lambda: _gradient().source(), DerivationError, "no definition"),
    (lambda: mg.function("f")(mg.tensor([1.0])), SymbolicError, "no definition"),
    (lambda: mg.function("f")(2.0), SymbolicError, "no definition"),
    (lambda: mg.function("f")(), ArgumentError, r"f\(x\)"),
    (lambda: mg.function("tanh"), NameClashError, "operation"),
    (lambda: mg.function("tr"), NameClashError, "operation"),
    (lambda: mg.function("rowsum"), NameClashError, "of the notation"),
    (lambda: mg.function("D"), NameClashError, "'f' or 'my_D'"),
    (lambda: mg.sum(mg.function("f")), ArgumentError, "call it"),
    (lambda: mg.symbols("A: m n") @ mg.function("f"), ArgumentError, "call it"),
    (lambda: _gradient()(A=np.eye(2), x=np.ones(2), f="tanh"), ArgumentError, "f=mg.tanh"),
    (lambda: mg.compile(mg.parse("sum(f(A @ x))", **MATRIX)), DerivationError, "no definition"),
    (lambda: mg.parse("sum(f(x))", x="n", f="functon"), ArgumentError, "f='function'"),
    (lambda: mg.parse("sum(f'(x))", x="n", f="function"), ArgumentError, r"D\(f\)"),
    (lambda: mg.function("a b"), ArgumentError, "name"),
    (lambda: mg.function(3), ArgumentError, "name"),  # type: ignore[arg-type]
    (lambda: mg.parse("sum(f + x)", x="n", f="function"), ArgumentError, "call it"),
    (lambda: mg.parse("sum(g(x))", x="n"), ArgumentError, "g='function'"),
    (lambda: mg.parse("sum(D(x)(x))", x="n"), ArgumentError, "x='function'"),
    (lambda: mg.parse("sum(D(f, 0, 1)(x))", x="n", f="function"), ArgumentError, "2 arguments"),
    (lambda: mg.parse("sum(D(f, -1)(x))", x="n", f="function"), ArgumentError, "how often"),
    (lambda: mg.symbols("f: n", "f: function"), NameClashError, "twice"),
]


def _gradient() -> Any:
    return mg.derive(mg.parse("sum(f(A @ x))", **MATRIX), "x")["x"]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSALS)
def test_refusals(call: Callable[[], Any], kind: type[MinigradError], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_a_derivative_is_read_as_it_is_printed() -> None:
    written = [mg.parse(text, x="n", f="function") for text in ("sum(f″(x))", "sum(D(f, 2)(x))")]
    assert str(mg.derive(written[0])) == str(mg.derive(written[1])) == "dx = f‴(x)"


def test_on_the_command_line() -> None:
    from click.testing import CliRunner

    from minigrad.cli import main

    result = CliRunner().invoke(main, ["derive", "sum(f(A @ x))", "A:m,n", "x:n", "f:function", "--check"])
    assert result.exit_code == 0
    assert "Aᵀ f′(A x)" in result.output


@pytest.mark.parametrize(("notation", "word"), [("mathml", '<mi mathvariant="normal">fo</mi>'), ("typst", '"fo"')])
def test_a_function_is_set_like_its_derivative(notation: str, word: str) -> None:
    loss = mg.parse("t = fo(x); sum(t * t)", x="n", fo="function")
    assert mg.derive(loss).format(notation=notation).count(word) == 2
