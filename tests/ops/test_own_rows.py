"""A row and a composite of the user's own are found everywhere by the one name they state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.graph.protocols import FUNCTIONS, UFUNCS
from minigrad.graph.public import PUBLIC, namespace
from minigrad.primitive import REGISTRY

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


# Text, its gradient, and what stands in each of its readings.
READINGS = {
    "cbrt": ("sum(cbrt(x))", "dx = 1 ⊘ x^⊙2/3 / 3", "power rule", "2/3", "x**(2 / 3)"),
    "softclip": (
        "sum(softclip(x))",
        "dx = 1 − softclip(x)^⊙2 / 4",
        "softclip′",
        "softclip",
        "np.tanh(x / 2)",
    ),
    "polyval": ("sum(polyval([1, 2, 3], x))", "dx = 2 x + 2", "product", "2", "2 * x + 2"),
}


@pytest.mark.parametrize("name", READINGS)
def test_it_is_read_in_every_way(name: str) -> None:
    text, printed, rule, part, source = READINGS[name]
    loss = mg.parse(text, x="n")
    derivation = mg.derive(loss, wrt="x")
    formula = derivation["x"]
    assert str(derivation) == printed
    assert rule in derivation.steps[-1].rule
    for reading in (formula.ascii, formula.latex, formula.index.replace("²ᐟ³", "2/3"), printed):
        assert part in reading
    assert part.partition("/")[0] in formula.mathml
    assert ("tanh" if name == "softclip" else part) in str(formula.sympy)
    assert source in derivation.source("numpy")
    assert derivation.check().passed


@pytest.mark.parametrize("name", READINGS)
def test_it_is_drawn(name: str) -> None:
    drawn = mg.draw(mg.parse(READINGS[name][0], x="n"), backward=True).source
    shown = "= 2 <I>x</I> + 2" if name == "polyval" else name  # A composite is drawn as what it is made of.
    assert shown in drawn


def test_numpy_s_functions_of_their_names_run_them() -> None:
    x = mg.tensor([1.0, 8.0], requires_grad=True)
    np.testing.assert_allclose(np.cbrt(x).numpy(), [1.0, 2.0])
    np.testing.assert_allclose(np.polyval([1.0, 0.0, 2.0], x).numpy(), [3.0, 66.0])
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
