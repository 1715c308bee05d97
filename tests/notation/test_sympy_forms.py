"""``Formula.sympy``: SymPy's own objects, whose value is the derivative and which are read back as such."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import sympy
from expressions import CASES, Case, draw
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from long import examples
from random_expressions import DIMS, VARIABLES, expressions

import minigrad as mg
from minigrad.checking.replay import Replay
from minigrad.errors import DerivationError


def formula(text: str, wrt: str, order: int = 1, **variables: str) -> mg.Formula:
    return mg.derive(mg.parse(text, **variables), wrt=wrt, order=order)[wrt]


def explicit(form: Any, values: dict[str, Any], sizes: dict[str, int]) -> Any:
    """What SymPy makes of the form with numbers put in, as its users do it."""
    dims = {sympy.Symbol(k, integer=True, positive=True): v for k, v in sizes.items()}
    form = form.xreplace(dims).replace(sympy.OneMatrix, sympy.ones)
    numbers: dict[Any, Any] = {}
    for name, value in values.items():
        array = np.asarray(value, float)
        if array.ndim:
            matrix = sympy.Matrix(array.reshape(len(array), -1).tolist())
            numbers[sympy.MatrixSymbol(name, *matrix.shape)] = matrix
        else:
            for positive in (True, None):
                symbol = sympy.Symbol(name, real=True, positive=positive)
                numbers[symbol] = sympy.Float(float(array))
    result = form.subs(numbers).doit()
    return np.array(
        sympy.Matrix([result]) if not hasattr(result, "shape") else result.as_explicit()
    )


def read_back(form: Any, values: dict[str, Any], sizes: dict[str, int]) -> Any:
    """The value of the form as `from_sympy` reads it."""
    program = Replay(mg.from_sympy(form)._node, sizes)
    arrays = {**sizes, **values}
    return program.run({leaf: np.asarray(arrays[leaf.name], float) for leaf in program.leaves})


WRITTEN = [
    ("sum((A @ x - b) ** 2)", {"A": "m n", "x": "n", "b": "m"}, "x", 1, "2*A.T*(A*x - b)"),
    ("trace(A @ X @ B)", {"A": "m n", "X": "n p", "B": "p m"}, "X", 1, "A.T*B.T"),
    ("logdet(X)", {"X": "n n | invertible"}, "X", 1, "X.T**(-1)"),
    ("logdet(X.T @ X)", {"X": "m n"}, "X", 1, "2*X*(X.T*X)**(-1)"),
    ("x @ A @ x / 2", {"x": "n", "A": "n n | symmetric"}, "x", 2, "A"),
    ("norm(X)", {"X": "m n"}, "X", 1, "1/sqrt(Trace(X.T*X))*X"),
    ("trace(kron(X, A))", {"X": "n n", "A": "p p"}, "X", 1, "Trace(A)*I"),
    ("sum(A * X * B)", {"A": "m n", "X": "m n", "B": "m n"}, "X", 1, "HadamardProduct(A, B)"),
    ("sum(exp(X @ w))", {"X": "m n", "w": "n"}, "w", 1, "X.T*Lambda(x, exp(x)).(X*w)"),
    ("trace(diag(x) @ A)", {"x": "n", "A": "n n"}, "x", 1, "DiagonalOf(A)"),
    ("g * sum(D * E)", {"g": "", "D": "n n", "E": "n n"}, "g", 1, "Trace(D.T*E)"),
    ("x @ x", {"x": "n"}, "x", 1, "2*x"),
]


@pytest.mark.parametrize(("text", "variables", "wrt", "order", "said"), WRITTEN)
def test_whole_matrices_stay_whole(
    text: str, variables: dict[str, str], wrt: str, order: int, said: str
) -> None:
    assert str(formula(text, wrt, order, **variables).sympy) == said


@pytest.mark.parametrize("order", [1, 2])
def test_an_order_is_told_by_ranks(order: int) -> None:
    f = formula("sum(c * sort(x) ** 2)", "x", order, x="n", c="n")
    values, sizes = {"x": np.array([0.5, -1.0, 0.5]), "c": np.array([2.0, 3.0, 5.0])}, {"n": 3}
    right = f(values)
    np.testing.assert_allclose(explicit(f.sympy, values, sizes).astype(float).reshape(right.shape), right)
    np.testing.assert_allclose(read_back(f.sympy, values, sizes).reshape(right.shape), right)


def test_a_form_is_sympys_own() -> None:
    form = formula("sum((A @ x - b) ** 2)", "x", A="m n", x="n", b="m").sympy
    n = sympy.Symbol("n", integer=True, positive=True)
    assert isinstance(form, sympy.MatMul)
    assert form.shape == (n, 1)


QUICK = [
    "quadratic form",
    "determinant",
    "log-determinant of a Gram matrix",
    "trace of an inverse",
    "distance, Hessian",
    "Gaussian likelihood",
    "least deviations with a ridge",
    "softmax regression",
    "log-sum-exp, Hessian",
    "softmax, Jacobian",
    "bias of a network with relu",
    "layer norm",
    "contrastive loss",
    "Gaussian process",
]


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.long("part")
def test_sympy_computes_the_derivative(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    small = Case(
        case.name, case.text, case.variables, case.wrt, case.order, dict.fromkeys(case.dims, 2)
    )
    values = small.arrays(0)
    form = formula(case.text, case.wrt, case.order, **case.variables).sympy
    got = explicit(form, values, small.dims).astype(float)
    np.testing.assert_allclose(got.ravel(), small.by_backward(values).ravel(), rtol=1e-8)


# Read as a dense sum over nine indices, which fills the memory at the sizes of the table.
SMALLER = Case(
    "joined and reshaped",
    "sum(C * softmax(reshape(concatenate([X @ W1, X @ W2], axis=1), (2, 2, 2)), axis=2))",
    {"C": "2 2 2", "X": "2 2", "W1": "2 2", "W2": "2 2"},
    "W1",
)
SIZED = [SMALLER if case.name == SMALLER.name else case for case in CASES]


@pytest.mark.parametrize("case", SIZED, ids=str)
@pytest.mark.long("part")
def test_a_form_is_read_back(case: Case) -> None:
    if case.name == "largest running sum":
        with pytest.raises(DerivationError, match="give the axis a number"):
            formula(case.text, case.wrt, case.order, **case.variables).sympy  # noqa: B018
        return
    form = formula(case.text, case.wrt, case.order, **case.variables).sympy
    values = case.arrays(1)
    back = read_back(form, values, case.dims)
    np.testing.assert_allclose(back, case.by_backward(values), rtol=1e-7, atol=1e-9)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.one_of(expressions((), 1), expressions(("n",), 1)), data=st.data())
def test_random_expressions_are_read_back(text: str, data: st.DataObject) -> None:
    used = [name for name in VARIABLES if re.search(rf"\b{name}\b", text)]
    assume(used)
    wrt = data.draw(st.sampled_from(used))
    case = Case("random", text, {name: VARIABLES[name] for name in used}, wrt, sizes=DIMS)
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    values = {name: draw(VARIABLES[name], DIMS, rng) for name in used}
    right = case.by_backward(values)
    assume(np.isfinite(right).all() and abs(right).max() < 1e6)
    form = formula(text, wrt, **case.variables).sympy
    back = read_back(form, values, DIMS)
    scale = max(1.0, float(abs(right).max()))
    np.testing.assert_allclose(back, right, rtol=1e-7, atol=1e-9 * scale, err_msg=str(form)[:500])


def test_products_and_maxima_are_written_by_elements() -> None:
    x = np.array([0.5, -1.0, 2.0])
    product = formula("prod(x)", "x", x="n").sympy
    np.testing.assert_allclose(read_back(product, {"x": x}, {"n": 3}), [-2.0, 1.0, -0.5])
    np.testing.assert_allclose(read_back(product, {"x": x * [1, 0, 1]}, {"n": 3}), [0, 1, 0])
    largest = formula("max(x)", "x", x="3").sympy
    np.testing.assert_allclose(explicit(largest, {"x": x}, {}).astype(float).ravel(), [0, 0, 1])
    ties = explicit(largest, {"x": np.array([2.0, 1.0, 2.0])}, {}).astype(float)
    np.testing.assert_allclose(ties.ravel(), [0.5, 0, 0.5])


def test_a_planted_lie_is_seen() -> None:
    form = formula("sum((A @ x - b) ** 2)", "x", A="m n", x="n", b="m").sympy
    rng = np.random.default_rng(0)
    values = {"A": rng.normal(size=(3, 2)), "x": rng.normal(size=2), "b": rng.normal(size=3)}
    sizes = {"m": 3, "n": 2}
    assert not np.allclose(read_back(form * 2, values, sizes), read_back(form, values, sizes))


def test_powers_too_large_to_be_multiplied_out_are_refused() -> None:
    """SymPy asks of every part of v[i]**n whether it is real."""
    text = "sum(leaky_relu(where(tril(v) >= positive(v), v**2**63, B)))"
    with pytest.raises(DerivationError, match="its exponent is beyond 100"):
        formula(text, "v", v="3", B="3").sympy  # noqa: B018


def test_sums_that_sympy_makes_of_products_are_not_carried_out_by_printing() -> None:
    form = formula("where(C < W, A, z).std(axis=0)", "A", C="d", W="d", A="d", z="d").sympy
    assert not [part for part in sympy.preorder_traversal(form) if type(part) is sympy.Sum]
    assert "Sum" in str(form)


resolvent = mg.matrix_function(
    "resolvent",
    lambda x: np.linalg.inv(np.eye(x.shape[-1]) - x),
    vjp=lambda g, y, x: y.mT @ g @ y.mT,
    adjoint=lambda r: r.product("ij", [("Y", "ki"), ("G", "kl"), ("Y", "jl")]),
    sentence="resolvent, dR = R dX R",
    objects=lambda at, x: at.inverse(np.eye(x.shape[-1], dtype=object) - x),
    text="resolvent({})",
    helper="def resolvent(x):\n    return np.linalg.inv(np.eye(x.shape[-1]) - x)\n",
)
FUNCTIONS = [
    ("sum(C * resolvent(A))", {"C": "n n", "A": "n n"}, "A"),
    ("sum(C * qr(X)[0] ** 2)", {"C": "m n", "X": "m n"}, "X"),
    ("sum(C * pinv(A))", {"C": "n n", "A": "n n"}, "A"),
    ("sum(C * cholesky(S))", {"C": "n n", "S": "n n | spd"}, "S"),
    ("sum(c * eigvalsh(S))", {"c": "n", "S": "n n | spd"}, "S"),
    ("sum(c * svdvals(X))", {"c": "n", "X": "m n"}, "X"),
]


@pytest.mark.parametrize(("text", "variables", "wrt"), FUNCTIONS)
def test_matrix_functions_that_sympy_lacks_are_objects_of_our_own(
    text: str, variables: dict[str, str], wrt: str
) -> None:
    dims = {"n": 2, "m": 3}
    rng = np.random.default_rng(1)
    values = {name: draw(declared, dims, rng) for name, declared in variables.items()}
    one = formula(text, wrt, **variables)
    form = one.sympy
    assert any(type(part).__name__ == "FunctionOfMatrix" for part in sympy.preorder_traversal(form))
    for found in (read_back(form, values, dims), explicit(form, values, dims).astype(float)):
        np.testing.assert_allclose(found, one(values), rtol=1e-9, atol=1e-12)
    assert "operatorname" in sympy.latex(form)


def test_an_axis_without_elements_has_a_form() -> None:
    form = mg.derive(mg.parse("u[[], ::-1]", u="n n"), wrt="u")["u"].sympy
    n = sympy.Symbol("n", integer=True, positive=True)
    assert form.shape == (0, n, n, n)
    assert mg.derive(mg.parse("x[:0]", x="n"), wrt="x")["x"].sympy == sympy.ZeroMatrix(0, n)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    "text",
    [
        "sum(where(X > 0, X, Y) ** 2)",
        "sum(maximum(X, Y) * tanh(X * Y))",
        "sum(exp(X * Y))",
        "prod(X) * sum(X)",
        "sum(X**2)",
    ],
)
def test_elements_of_what_has_none_are_refused_in_words(text: str, order: int) -> None:
    X, Y = (mg.tensor(np.zeros((0, 3)), name=name, requires_grad=True) for name in "XY")
    used = {"X": X, "Y": Y} if "Y" in text else {"X": X}
    for formula in mg.derive(mg.parse(text, **used), order=order).values():
        try:
            form, said = formula.sympy, ""
        except DerivationError as error:
            form, said = None, str(error)
        assert form is not None or "without elements has no element in SymPy" in said


def test_a_matrix_that_depends_on_an_outer_index_is_refused() -> None:
    n = sympy.Symbol("n", integer=True, positive=True)
    i, j, k = sympy.symbols("i j k", integer=True, nonnegative=True)
    a = sympy.MatrixSymbol("A", n, n)
    each = sympy.FunctionMatrix(n, n, sympy.Lambda((i, j), a[i, k] * a[k, j]))
    with pytest.raises(DerivationError, match="depends on the index k"):
        mg.from_sympy(sympy.Sum(sympy.Trace(each), (k, 0, n - 1)))


@pytest.mark.parametrize(("at_zero", "right"), [(0, 1.0), (1, 2.0), (sympy.Rational(1, 2), 1.5)])
def test_a_step_has_its_own_value_at_zero(at_zero: object, right: float) -> None:
    x = sympy.Symbol("x", real=True)
    form = sympy.Heaviside(x, at_zero) + 1
    np.testing.assert_allclose(read_back(form, {"x": np.array(0.0)}, {}), right)
