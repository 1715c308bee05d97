"""A row and a composite of the user's own are found everywhere by the one name they state."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking.distributions import DRAWS
from minigrad.errors import MinigradError
from minigrad.graph.protocols import FUNCTIONS, UFUNCS
from minigrad.graph.public import PUBLIC, namespace
from minigrad.index import view
from minigrad.index.matrix_row import MATRIX_ROWS
from minigrad.primitive import DOMAINS, REGISTRY

cbrt = mg.elementwise(
    "cbrt",
    np.cbrt,
    vjps=(lambda g, y, x: g / (3 * y * y),),
    meaning="x**Rational(1, 3)",
    domain="positive",
)
softclip = mg.elementwise(
    "softclip",
    lambda x: 2 * np.tanh(x / 2),
    vjps=(lambda g, y, x: g * (1 - y * y / 4),),
    meaning="2*tanh(x/2)",
)


@mg.composite("polyval")
def polyval(p: Any, x: Any) -> Any:
    """A polynomial by its coefficients, the highest first."""
    y = 0.0
    for c in p:
        y = y * x + c
    return y


tensorinv = mg.matrix_function(
    "linalg.tensorinv",
    lambda x, *, ind=1: np.linalg.tensorinv(x, ind),
    vjp=lambda g, y, x, *, ind: -(y.mT @ g @ y.mT),
    adjoint=lambda r: r.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")], -1),
    sentence="inverse of a tensor of two axes",
    objects=lambda at, x: at.inverse(x),
    single="1/x",
    keeps=True,
    text="np.linalg.tensorinv({}, 1)",
)


def _pieces(positions: Any, g: Any, y: Any, *parts: Any) -> list[Any]:
    ends = np.cumsum([part.shape[-1] for part in parts])
    return [g[..., ends[i] - parts[i].shape[-1] : ends[i]] for i in positions]


block = mg.primitive(
    "block",
    lambda *parts: np.concatenate(parts, -1),
    vjp_all=_pieces,
    meaning=lambda *parts: view.concatenate(parts, -1),
)


class Reading(NamedTuple):
    """A loss, its gradient by x, and what stands in each of its readings."""

    loss: str
    dims: dict[str, str]
    printed: str
    rule: str
    ascii: str
    latex: str
    index: str
    mathml: str
    sympy: str
    source: str
    drawn: str


READINGS = {
    "cbrt": Reading(
        "sum(cbrt(x))",
        {"x": "n"},
        "dx = 1 ⊘ x^⊙(2/3) / 3",
        "power rule",
        "dx = 1 / x**(2/3) / 3",
        r"x^{\odot 2/3}",
        "x_i²ᐟ³",
        "<mn>2/3</mn>",
        "2/3",
        "x**(2 / 3)",
        "cbrt",
    ),
    "softclip": Reading(
        "sum(softclip(x))",
        {"x": "n"},
        "dx = 1 − softclip(x)^⊙2 / 4",
        "softclip′",
        "dx = 1 - softclip(x)**2 / 4",
        "softclip",
        "softclip(x_i)²",
        "softclip",
        "tanh",
        "np.tanh(x / 2)",
        "softclip",
    ),
    "polyval": Reading(
        "sum(polyval([1, 2, 3], x))",
        {"x": "n"},
        "dx = 2 x + 2",
        "product",
        "dx = 2 * x + 2",
        r"2 \, x + 2",
        "2 x_i + 2",
        "<mn>2</mn>",
        "2",
        "2 * x + 2",
        "= 2 <I>x</I> + 2",  # a composite is drawn as what it is made of
    ),
    "tensorinv": Reading(
        "sum(C * tensorinv(x))",
        {"x": "n n", "C": "n n"},
        "dx = −Yᵀ C Yᵀ   where Y = tensorinv(x)",
        "inverse of a tensor of two axes",
        "dx = -Y.T @ C @ Y.T   where Y = tensorinv(x)",
        r"-Y^{\top} \, C \, Y^{\top}",
        "Y_jl C_kl Y_ki",
        "<mi>Y</mi>",
        "-tensorinv(x).T*C*tensorinv(x).T",
        "np.linalg.tensorinv(x, 1)",
        "tensorinv",
    ),
    "block": Reading(
        "sum(C * block([x, y]))",
        {"x": "n", "y": "m", "C": "n+m"},
        "dx = C[:n]",
        "slice",
        "dx = C[:n]",
        "C_{:n}",
        "C_i",
        "<mi>C</mi>",
        "KroneckerDelta",
        "C[:n]",
        "block",
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_it_is_read_in_every_way(name: str) -> None:
    expected = READINGS[name]
    loss = mg.parse(expected.loss, **expected.dims)
    derivation = mg.derive(loss, wrt="x")
    formula = derivation["x"]
    assert str(derivation) == expected.printed
    assert expected.rule in derivation.steps[-1].rule
    assert formula.ascii == expected.ascii
    readings = {reading: str(getattr(formula, reading)) for reading in ("latex", "index", "mathml", "sympy")}
    for reading, text in readings.items():
        assert getattr(expected, reading) in text, reading
    assert expected.source in derivation.source("numpy")
    assert expected.drawn in mg.draw(loss, backward=True).source


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", READINGS)
def test_every_witness_agrees(name: str, order: int) -> None:
    expected = READINGS[name]
    loss = mg.parse(f"{expected.loss}**2", **expected.dims)
    assert mg.derive(loss, wrt="x", order=order).check().passed


def test_numpy_s_functions_of_their_names_run_them() -> None:
    x = mg.tensor([1.0, 8.0], requires_grad=True)
    np.testing.assert_allclose(np.cbrt(x).numpy(), [1.0, 2.0])
    np.testing.assert_allclose(np.polyval([1.0, 0.0, 2.0], x).numpy(), [3.0, 66.0])
    np.testing.assert_allclose(np.linalg.tensorinv(mg.tensor([[2.0, 0], [0, 4]])), [[0.5, 0], [0, 0.25]])
    for whole in (np.block([x, x]), block([x, x]), block(x, x)):
        np.testing.assert_allclose(whole.numpy(), [1.0, 8.0, 1.0, 8.0])
    np.polyval([1.0, 2.0, 3.0], np.cbrt(x)).sum().backward()
    np.testing.assert_allclose(x.grad, [4 / 3, 6 / 12])


def test_sympy_s_functions_are_rows_by_their_meaning() -> None:
    sympy = pytest.importorskip("sympy")
    x = sympy.Symbol("x")
    read = {
        sympy.Abs(x): "abs",
        sympy.ceiling(x): "ceil",
        sympy.loggamma(x): "special.gammaln",
        sympy.atan2(x, x + 1): "arctan2",
        sympy.Function("softclip")(x): "softclip",
    }
    for expression, name in read.items():
        assert mg.from_sympy(expression)._node.op.name == name
    with pytest.raises(mg.errors.DerivationError, match="sinc has no counterpart"):
        mg.from_sympy(sympy.sinc(x))  # NumPy's has a π in it


def test_redefining_replaces_what_numpy_runs_and_a_built_in_one_stays() -> None:
    for factor in (2.0, 3.0):
        mg.elementwise(
            "spacing", lambda x, f=factor: f * x, vjps=(lambda g, y, x, f=factor: f * g,)
        )
        assert np.spacing(mg.tensor(1.0)).item() == factor
    mg.elementwise("copy", lambda x: 5 * x, vjps=(lambda g, y, x: 5 * g,))
    assert np.copy(mg.tensor(1.0)).item() == 1.0


def test_every_public_row_has_its_place_and_numpy_s_function() -> None:
    """The namespaces hold the table and nothing else; NumPy's functions of those names run it."""
    inside = {"": mg, "linalg.": mg.linalg, "special.": mg.special, "nn.": mg.nn.functional}
    for prefix, module in inside.items():
        for name, function in namespace(prefix).items():
            assert getattr(module, name) is function
            assert name in dir(module)
            theirs = getattr(np if not prefix else getattr(np, prefix[:-1], None), name, None)
            if theirs is not None:
                assert function in (UFUNCS.get(theirs), FUNCTIONS.get(theirs)), name
    hidden = {name for name, row in REGISTRY.items() if row.builtin and name not in PUBLIC}
    assert hidden == {name for name, row in REGISTRY.items() if not row.names.public}


def _rule(g: Any, y: Any, x: Any) -> Any:
    return g


def _own(**facts: Any) -> Any:
    known = {"adjoint": lambda r: r.nodes["G"], "sentence": "it is linear", "inexact": "it is not"}
    given = {"forward": np.triu, "vjp": _rule, "text": "np.triu({})", **known, **facts}
    return mg.matrix_function("own_of_a_test", **given)


WRONG = {
    "forward is a function": lambda: mg.elementwise("own_of_a_test", 3, vjps=(_rule,)),
    r"vjps\[0\] is a function": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=("cos",)),
    "vjps has no rule": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=()),
    "takes 2 arguments and vjps has 1": lambda: mg.elementwise("own_of_a_test", np.arctan2, vjps=(_rule,)),
    "takes 1 arguments and vjps has 2": lambda: mg.primitive("own_of_a_test", lambda x: x, vjps=(_rule, _rule)),
    "vjps is a tuple of rules": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=_rule),
    r"vjps\[0\] is called with \(g, y\) and 1 argument": lambda: mg.elementwise(
        "own_of_a_test", np.sin, vjps=(lambda g, x: g,)
    ),
    "vjp is called with .* any number of arguments": lambda: mg.primitive(
        "own_of_a_test", lambda *x: x[0], vjp=_rule
    ),
    r'as in @mg.composite\("_rule"\)': lambda: mg.composite(_rule),
    "is no formula": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), meaning="sin(x"),
    "speaks of t": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), meaning="sin(t*x)"),
    "is no Einstein sum": lambda: mg.primitive("own_of_a_test", np.triu, vjps=(_rule,), meaning="sin(x)"),
    "has 2 operands and vjps 1": lambda: mg.primitive("own_of_a_test", np.triu, vjps=(_rule,), meaning="i,i->"),
    "meaning is a text or a function": lambda: mg.primitive("own_of_a_test", np.triu, vjps=(_rule,), meaning=3),
    "notation is a Notation": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), notation="s"),
    "give either vjps": lambda: mg.primitive("own_of_a_test", np.triu),
    "vjp= is a function": lambda: _own(vjp=None),
    "what has no formula is a mg.primitive": lambda: _own(adjoint=None),
    "which says it in a step": lambda: _own(sentence=""),
    "say in inexact= why": lambda: _own(inexact=""),
    "is none of square, symmetric": lambda: _own(of="round"),
    "has not one place": lambda: _own(text="np.triu"),
    "is no function of NumPy's": lambda: _own(text="own_of_a_test({})"),
    r"helper= defines own_of_a_test\(x\)": lambda: _own(text="own_of_a_test({})", helper="def f(x): pass"),
    "domain is a word": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), domain=3),
    "'nowhere' is none of real, positive": lambda: mg.elementwise(
        "own_of_a_test", np.sin, vjps=(_rule,), domain="nowhere"
    ),
    "'round' is none of real": lambda: mg.composite("own_of_a_test", domain="round"),
    "kinks is a text": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), kinks=3),
    "params is a dict": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), params=3),
    "reads is a tuple": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), reads="y"),
    r"reads=\('q',\)": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), reads=("q",)),
    r"reads=\('1',\)": lambda: mg.elementwise("own_of_a_test", np.sin, vjps=(_rule,), reads=("1",)),
    r"reads=\('y', '0'\)": lambda: mg.elementwise(
        "own_of_a_test", np.sin, vjps=(_rule,), reads=("y", "0")
    ),
    "domain is a word, or a tuple": lambda: mg.composite("own_of_a_test", domain=3),
    "a composite is a function of arrays": lambda: mg.composite("own_of_a_test")(3),
    "another function called 'inv'": lambda: _own(called="inv"),
    "another function called 'exp'": lambda: _own(called="exp"),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_a_row_lacks_is_said_when_it_is_made(words: str) -> None:
    with pytest.raises(MinigradError, match=words):
        WRONG[words]()
    assert "own_of_a_test" not in REGISTRY
    assert "own_of_a_test" not in MATRIX_ROWS


def test_a_value_of_another_shape_is_told_in_words() -> None:
    """By ``objects=`` at 50 digits and in rationals, by ``sympy=`` in a SymPy form."""
    row = _own(
        forward=lambda x: 2 * x,
        vjp=lambda g, y, x: 2 * g,
        adjoint=lambda r: r.product("ij", [("G", "ij")], 2),
        text="np.multiply({}, 2)",
        single="2*x",
        inexact="",
        objects=lambda arithmetic, x: 3,
        sympy=lambda sympy, x: sympy.Integer(3),
    )
    try:
        X = mg.tensor(np.eye(2) + 1, name="X", requires_grad=True)
        derived = mg.derive(mg.trace(X @ row(X)), wrt="X")
        said = str(derived.check())
        assert "objects= gives an array of shape (), and sizes= says (2, 2)" in said
        with pytest.raises(mg.errors.ArgumentError, match="sympy= gives 3, which is not a matrix"):
            str(derived["X"].sympy)
    finally:
        del REGISTRY["own_of_a_test"], MATRIX_ROWS["own_of_a_test"]


def _weighted(*parts: Any) -> Any:
    return sum(k * part for k, part in enumerate(parts, 1))


def test_a_meaning_computes_with_views_as_with_arrays() -> None:
    """A sum of views is no tuple of their parts."""
    weighted = mg.primitive(
        "weighted_of_a_test", _weighted, vjp=lambda i, g, y, *parts: (i + 1) * g, meaning=_weighted
    )
    x, y, s = mg.symbols("x: n", "y: n", "s:")
    assert str(mg.derive(mg.sum(weighted(x, y) ** 2), wrt=["x", "y"])) == (
        "dx = 2 r      dy = 4 r   where r = x + 2 y"
    )
    ratio = mg.primitive(
        "ratio_of_a_test",
        lambda x, y, s: 1 - s * x / y + 0.5 / x - (-y) ** 2,
        vjps=(
            lambda g, y, a, b, s: g * (-s / b - 0.5 / a**2),
            lambda g, y, a, b, s: g * (s * a / b**2 - 2 * b),
            lambda g, y, a, b, s: -(g * a / b).sum(),
        ),
        meaning=lambda x, y, s: 1 - s * x / y + 0.5 / x - (-y) ** 2,
        domain="positive",
    )
    assert mg.derive(mg.sum(ratio(x, y, s)), wrt=["x", "y", "s"]).check().passed


UNREADABLE = {
    "gives a tuple and no view": lambda x: x[:1],
    "raises AttributeError: .* for arguments \\(n\\)": lambda x: x.nothing,
    "raises ZeroDivisionError": lambda x: 1 // 0,
}


@pytest.mark.parametrize("words", UNREADABLE)
def test_a_meaning_that_is_none_is_told_in_words(words: str) -> None:
    row = mg.primitive("own_of_a_test", np.triu, vjps=(_rule,), meaning=UNREADABLE[words])
    try:
        with pytest.raises(mg.errors.DerivationError, match=f"own_of_a_test: its meaning {words}"):
            row(mg.symbols("x: n"))
    finally:
        del REGISTRY["own_of_a_test"]


NO_ADJOINTS = {
    "speaks of 'W'; there are Y, G, X": lambda r: r.product("ij", [("W", "ij")]),
    "raises ValueError": lambda r: r.product("ij", [("G", "ijk")]),
    "gives no matrix": lambda r: r.product("i", [("G", "ij")]),
    "gives no matrix;": lambda r: 2,
}


@pytest.mark.parametrize("words", NO_ADJOINTS)
def test_an_adjoint_that_is_none_is_told_in_words(words: str) -> None:
    row = _own(adjoint=NO_ADJOINTS[words])
    try:
        with pytest.raises(mg.errors.DerivationError, match=f"own_of_a_test: its adjoint= {words}"):
            mg.derive(mg.sum(mg.symbols("C: n n") * row(mg.symbols("X: n n"))), wrt="X")
    finally:
        del REGISTRY["own_of_a_test"], MATRIX_ROWS["own_of_a_test"]


def test_a_wrong_value_at_50_digits_is_blamed_and_not_the_derivation() -> None:
    """``at.power`` is of each element; a matrix product was meant."""
    row = mg.matrix_function(
        "own_of_a_test",
        lambda x: x @ x,
        vjp=lambda g, y, x: g @ x.mT + x.mT @ g,
        adjoint=lambda r: r.sum(
            r.product("ij", [("G", "ik"), ("X", "jk")]), r.product("ij", [("X", "ki"), ("G", "kj")])
        ),
        sentence="square, d(X²) = dX X + X dX",
        objects=lambda at, x: at.power(x, 2),
        text="np.linalg.matrix_power({}, 2)",
    )
    try:
        report = mg.check(mg.sum(mg.symbols("C: n n") * row(mg.symbols("X: n n"))))
        assert report.verdict == "fail"
        (suspect,) = report.suspects
        assert (suspect.primitive, suspect.parts) == ("own_of_a_test", ("value at 50 digits",))
    finally:
        del REGISTRY["own_of_a_test"], MATRIX_ROWS["own_of_a_test"]


def test_a_power_that_is_a_fraction_is_not_read_as_a_quotient() -> None:
    x = mg.symbols("x: n")
    assert str(mg.derive(mg.sum(1 / x**1.5))) == "dx = −3 (1 ⊘ x^⊙(5/2)) / 2"


def test_samples_are_drawn_for_every_domain() -> None:
    assert set(DOMAINS) <= set(DRAWS)
    assert {word for row in REGISTRY.values() for word in row.domain} <= set(DOMAINS)
