"""LaTeX, MathML and Typst are read back: what a reader of the page computes is the derivative."""

from __future__ import annotations

import numpy as np
import pytest
from attention_cases import SYMBOLS, WEIGHTS, arguments, attention
from expressions import CASES, Case
from page_readers import READERS
from readings import Read

import minigrad as mg
from minigrad.errors import ArgumentError, MinigradError

STYLES = ("d", "partial")


@pytest.fixture(scope="module")
def attended() -> Read:
    given = arguments(np.random.default_rng(0))
    derived = mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt=WEIGHTS)
    names = (symbol.partition(":")[0] for symbol in SYMBOLS)
    arrays = {name: x.numpy() for name, x in zip(names, given, strict=True)}
    return Read(None, derived, arrays, {"n": 5, "d": 4, "k": 3})  # type: ignore[arg-type]


@pytest.mark.parametrize("notation", READERS)
@pytest.mark.parametrize("style", STYLES)
def test_attention_is_read_back(attended: Read, notation: str, style: str) -> None:
    for formula in attended.derived.values():
        attended.read_page(formula, notation, style)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.long("part")
def test_every_expression_is_read_back(case: Case) -> None:
    loss = mg.parse(case.text, **case.variables)
    derived = mg.derive(loss, wrt=case.wrt, order=case.order)
    read = Read(loss, derived, case.arrays(0), case.dims)
    for formula in derived.values():
        for notation in READERS:
            for style in STYLES:
                read.read_page(formula, notation, style)


MISPRINTS = [
    ("latex", r"K^{\top}", "K"),
    ("latex", r"\sqrt{k}", "k"),
    ("latex", r"Q \, K", r"K \, Q"),
    ("latex", r"\partial A} - ", r"\partial A} + "),
    ("latex", r"\operatorname{rowsum}", r"\operatorname{colsum}"),
    ("latex", r"\frac{p - y}{n}", r"p - \frac{y}{n}"),
    ("latex", r"A \odot \left", r"A \, \left"),
    ("latex", r"W_{q}", r"W_{k}"),
    ("latex", r"\left(\frac{\partial L}{\partial S}\right)^{\top}", r"\frac{\partial L}{\partial S}"),
    ("mathml", '<mo lspace="0" rspace="0">⊤</mo>', "<mn>1</mn>"),
    ("mathml", "<mo>−</mo><mi>y</mi>", "<mo>+</mo><mi>y</mi>"),
    ("mathml", "<msqrt><mi>k</mi></msqrt>", "<mi>k</mi>"),
    ("mathml", "<mi>W</mi><mi>v</mi>", "<mi>W</mi><mi>k</mi>"),
    ("mathml", 'stretchy="true"', ""),
    ("typst", "K^(top)", "K"),
    ("typst", "sqrt(k)", "k"),
    ("typst", "p - y", "p + y"),
    ("typst", "W_(v)", "W_(q)"),
]


@pytest.mark.parametrize(("notation", "right", "wrong"), MISPRINTS)
def test_a_misprint_is_seen(attended: Read, notation: str, right: str, wrong: str) -> None:
    def misprint(text: str) -> str:
        return text.replace(right, wrong)

    assert right in getattr(attended.derived, notation)
    failed = 0
    for formula in attended.derived.values():
        try:
            attended.read_page(formula, notation, "partial", misprint)
        except (AssertionError, MinigradError, ValueError):
            failed += 1
    assert failed


# -- how it is set -----------------------------------------------------------------------------------


def formula(text: str, wrt: str, order: int = 1, **variables: str) -> mg.Formula:
    return mg.derive(mg.parse(text, **variables), wrt=wrt, order=order)[wrt]


def test_indices_stand_on_the_symbol() -> None:
    """Never below a fraction: the gradient's are the variable's, a second derivative's each variable's."""
    X, W = mg.symbols("X: b n d", "W: d k")
    H = mg.exp(X @ W).named("H")
    derived = mg.derive(mg.sum(H * H), wrt=["W", "X"])
    assert r"\frac{\partial L}{\partial X_{b}} &=" in derived.latex
    assert r"\mathrm{d}X_{b} &=" in derived.format(style="d", notation="latex")
    assert "dif X_(b) &=" in derived.format(style="d", notation="typst")
    left = '<mrow><mi mathvariant="normal">d</mi><msub><mi>X</mi><mi>b</mi></msub></mrow><mo>=</mo>'
    assert left in derived.format(style="d", notation="mathml")
    second = mg.derive(mg.parse("L = sum(exp(X @ W)); L", X="n d", W="d k"), wrt=["X", "W"], order=2)
    for each in second.values():
        assert "}}_{" not in each.latex.partition(" = ")[0], each.latex
        assert r"\frac{\partial^{2} L}{\partial " in each.latex


def test_both_scripts_stand_on_one_symbol() -> None:
    found = formula("sum(Y * (X @ Wq))", "X", X="n d", Wq="d k", Y="n k")
    assert found.latex.endswith(r"Y \, W_{q}^{\top}")
    assert '<msubsup><mi>W</mi><mi>q</mi><mo lspace="0" rspace="0">⊤</mo></msubsup>' in found.mathml
    assert found.typst.endswith("Y thin W_(q)^(top)")


def test_a_transposed_gradient_is_no_gradient_of_a_transpose(attended: Read) -> None:
    derived = attended.derived
    assert r"\left(\mathrm{d}S\right)^{\top}" in derived.format(style="d", notation="latex")
    assert r"\left(\frac{\partial L}{\partial S}\right)^{\top}" in derived.latex
    assert "(dif S)^(top)" in derived.format(style="d", notation="typst")


@pytest.mark.parametrize(
    ("name", "latex", "mathml", "typst"),
    [
        ("mu", r"\mu", "<mi>μ</mi>", "μ"),
        ("lam", r"\lambda", "<mi>λ</mi>", "λ"),
        ("x1", "x_{1}", "<msub><mi>x</mi><mn>1</mn></msub>", "x_(1)"),
        ("mu_k", r"\mu_{k}", "<msub><mi>μ</mi><mi>k</mi></msub>", "μ_(k)"),
        ("loss", r"\mathrm{loss}", '<mi mathvariant="normal">loss</mi>', '"loss"'),
        ("mask_in", r"\mathrm{mask}_{\mathrm{in}}", "<msub>", '"mask"_("in")'),
    ],
)
def test_names(name: str, latex: str, mathml: str, typst: str) -> None:
    found = mg.derive(mg.parse(f"{name} * {name} * c", **{name: "", "c": ""}), wrt=name)[name]
    assert found.latex.startswith(rf"\frac{{\partial L}}{{\partial {latex}}} = ")
    assert mathml in found.mathml
    assert typst in found.typst


def test_there_is_no_other_style_and_no_other_notation() -> None:
    found = formula("sum(x * x)", "x", x="n")
    assert found.format(notation="latex") == r"\mathrm{d}x = 2 \, x"
    for wrong in ({"style": "D"}, {"notation": "word"}, {"notation": "latex", "ascii": True}):
        with pytest.raises(ArgumentError, match="format: "):
            found.format(**wrong)  # type: ignore[arg-type]
