"""What was derived, used as what it is not: the error says what to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import minigrad as mg
from minigrad.cli import main
from minigrad.errors import ArgumentError, MinigradError


def _squares(order: int = 1) -> mg.Derivation:
    return mg.derive(mg.parse("sum((A @ x)**2)", A="m n", x="n"), wrt="x", order=order)


TAKEN: list[Callable[[Any], Any]] = [
    lambda f: mg.symbols("A: m n") @ f,
    mg.sum,
    mg.derive,
    mg.check,
    mg.draw,
    mg.compile,
    lambda f: mg.linalg.solve(mg.symbols("H: n n"), f),
    np.asarray,
]


@pytest.mark.parametrize("use", TAKEN)
def test_what_was_derived_is_no_tensor(use: Callable[[Any], Any]) -> None:
    d = _squares()
    for what in (d["x"], d, d.differential):
        with pytest.raises(ArgumentError, match=r"no tensor; .*\.tensor"):
            use(what)


def test_a_notation_is_no_truth() -> None:
    d = _squares()
    for what in (d["x"], d, d.differential):
        for wrong in ("typst", "latex", 1, None):
            with pytest.raises(ArgumentError, match="notation="):
                what.format(wrong)  # type: ignore[arg-type]


def _inverse() -> mg.Tensor:
    return mg.linalg.inv(mg.symbols("M: n n"))


def _loss() -> mg.Tensor:
    return mg.parse("sum((A @ x)**2)", A="m n", x="n")


REFUSALS: list[tuple[Callable[[], Any], str]] = [
    (lambda: mg.derive(_loss(), order=2, along=["x", "x"]), "along= names x twice"),
    (lambda: mg.derive(_loss(), order=2, along=[]), "along= names no variable"),
    (lambda: mg.derive(_loss(), order=2, along=3), "along=3 is neither"),  # type: ignore[arg-type]
    (lambda: mg.check(_inverse(), differential="dM", order=2), "leave order=2 out"),
    (lambda: mg.check(_inverse(), differential="dM", cotangent="dO"), "leave cotangent='dO' out"),
    (lambda: mg.check(_inverse(), differential=" "), "empty"),
    (lambda: mg.check(_loss(), wrt="x", against=""), "empty"),
    (lambda: mg.derive(_loss()).differential(A=np.eye(2), x=np.ones(2), dX=1.0), "dA, dx"),
    (lambda: mg.check(_loss(), order=2, against="A"), r"\(A, A\), \(A, x\)"),
    (lambda: mg.check(_loss(), order=2, against={"x": "A"}), r"pairs of variables are \(A, A\)"),
    (lambda: mg.derive(mg.parse("sum(x) / n", x="n"))["x"](n=2.5), "size of 'n'"),
    (lambda: mg.derive(mg.parse("sum(x) / n", x="n"))["x"](n="two"), "size of 'n'"),
]


@pytest.mark.parametrize(("call", "words"), REFUSALS)
def test_refusals(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(MinigradError, match=words):
        call()


def test_a_hessian_by_a_pair_of_one_variable() -> None:
    for key in (("x", "x"), "x"):
        assert mg.check(_loss(), wrt="x", order=2, against={key: "2*A.T@A"}).verdict == "pass"


@pytest.mark.parametrize(
    ("text", "variables", "order"),
    [
        ("sum(exp(A @ x))", {"A": "m n", "x": "n"}, 2),
        ("sum(x**3)", {"x": "n"}, 3),
        ("sum(exp(A @ x))", {"A": "m n", "x": "n"}, 1),
        ("x @ A @ x", {"A": "n n", "x": "n"}, 1),
        ("x @ A @ x", {"A": "n n", "x": "n"}, 2),
        ("logsumexp(x)", {"x": "n"}, 3),
        ("A @ x", {"A": "m n", "x": "n"}, 1),
    ],
)
def test_each_printed_formula_is_right(text: str, variables: dict[str, str], order: int) -> None:
    """As it stands, in Unicode and in ASCII: with its where-list, its letters, columns times rows, zeros."""
    output = mg.parse(text, **variables)
    d = mg.derive(output, order=order)
    assert d.check().verdict == "pass"
    for write in (str, lambda formula: formula.ascii):
        claims = {key: write(formula) for key, formula in d.items()}
        report = mg.check(output, order=order, against=claims)
        assert report.verdict == "pass", report


def test_a_third_derivative_that_is_wrong() -> None:
    loss = mg.parse("sum(exp(A @ x))", A="m n", x="n")
    text = str(mg.derive(loss, wrt="x", order=3))
    assert mg.check(loss, wrt="x", order=3, against=text.replace("= ", "= 2 ")).verdict == "fail"
    assert mg.check(loss, wrt="x", order=3, against="0").verdict == "fail"


def test_a_change_is_called_after_a_tensor_or_a_number() -> None:
    """What has axes and no name is Y on both sides of a differential, a number L."""
    A, x = mg.symbols("A: m n", "x: n")
    assert str(mg.derive(A @ x).differential) == "dY = dA x + A dx"
    assert str(mg.derive(mg.sum(x)).differential).startswith("dL = ")
    assert "∂Y/∂" in str(mg.derive(A @ x))


TERMINAL: list[tuple[list[str], str]] = [
    (["derive", "sum(x**3)", "x:n", "--along", "x"], "pass --order 2, or 3"),
    (["derive", "x**3", "x:n", "--order", "2", "--cotangent", "G"], "--cotangent asks for"),
    (["derive", "sum(x**3)", "x:n", "--order", "9"], "--order 9 by these"),
    (["derive", "sum(x**3)", "x:n", "--order", "2", "--along", ""], "--along: an empty name"),
    (["derive", "sum(f(x))", "x:n"], "declared, f:function"),
    (["derive", "sum(x[y])", "x:n", "y"], "y::index"),
]


@pytest.mark.parametrize(("args", "words"), TERMINAL)
def test_the_terminal_speaks_of_options(args: list[str], words: str) -> None:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert words in result.output
    assert "=" not in result.output.splitlines()[0].removeprefix("Error: ")


@pytest.mark.parametrize(
    ("text", "order", "claim"),
    [
        ("sum(f(A @ x))", "2", "H = Aᵀ diag(f″(A x)) A"),
        ("sum(f(A @ x))", "1", "dx = Aᵀ f′(A x)"),
        ("A @ x", "1", "J = A"),
        ("sum((A @ x)**2)", "2", "H = 2*A.T@A"),
    ],
)
def test_a_printed_line_is_pasted_with_its_left_side(text: str, order: str, claim: str) -> None:
    variables = ["A:m,n", "x:n", *(["f:function"] if "f(" in text else [])]
    args = ["check", text, *variables, "--wrt", "x", "--order", order, "--against", claim]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
