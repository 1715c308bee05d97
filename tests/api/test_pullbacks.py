"""A tensor is derived by its pullback: in every reading, in the name of the gradient that arrives at it."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest
from readings import Read, judge
from unjudged import NO_READING

import minigrad as mg
from minigrad.errors import MinigradError
from minigrad.index.contract import contract
from minigrad.nn.functional import softmax
from minigrad.symbolic import short_sums

SIZES = {"n": 4, "m": 3, "d": 2, "e": 3, "b": 2, "h": 2, "k": 2}
QKV = {"Q": "n d", "K": "m d", "V": "m e"}
HEADS = {"Q": "b h n d", "K": "b h m d", "V": "b h m e"}
ATTENTION = "S = Q @ K.T / sqrt(d); P = softmax(S); O = P @ V; O"
OF_HEADS = "S = Q @ K.swapaxes(-1, -2) / sqrt(d); P = softmax(S); O = P @ V; O"
MASKED = "S = where(M, Q @ K.swapaxes(-1, -2), -1e9); P = softmax(S); O = P @ V; O"


class Case(NamedTuple):
    """A text, its variables, by what, the cotangent, and lines that are printed."""

    text: str
    variables: dict[str, str]
    wrt: list[str]
    cotangent: str
    lines: list[str]
    short: bool = False


CASES = [
    Case(
        ATTENTION,
        QKV,
        ["Q", "K", "V"],
        "dO",
        [
            "dP = dO Vᵀ",
            "dS = P ⊙ (dP − rowsum(P ⊙ dP))        (*)",
            "dQ = dS K / √d      dK = dSᵀ Q / √d      dV = Pᵀ dO",
        ],
    ),
    Case(ATTENTION, QKV, ["Q", "V"], "G", ["dP = G Vᵀ", "dQ = dS K / √d      dV = Pᵀ G"]),
    Case(ATTENTION, QKV, ["Q"], "dO", ["dS = P ⊙ (dP − rowsum(dO ⊙ O))        (*)"], short=True),
    Case(
        OF_HEADS,
        HEADS,
        ["Q", "V"],
        "dO",
        [
            "dS_bh = P_bh ⊙ (dP_bh − rowsum(P_bh ⊙ dP_bh))        (*)",
            "dQ_bh = dS_bh K_bh / √d      dV_bh = P_bhᵀ dO_bh",
        ],
    ),
    Case(OF_HEADS, HEADS, ["K"], "dO",
         ["dS_bh = P_bh ⊙ (dP_bh − rowsum(dO_bh ⊙ O_bh))        (*)"], short=True),
    Case(MASKED, {**HEADS, "M": "n m | bool"}, ["K"], "dO",
         ["dS_bh = P_bh ⊙ (dP_bh − rowsum(dO_bh ⊙ O_bh))        (*)"], short=True),
    Case("softmax(Q @ K.T) @ V", QKV, ["V"], "dO", ["dV = softmax(Q Kᵀ)ᵀ dO"]),
    Case("p = softmax(x); p", {"x": "n"}, ["x"], "dp", ["dx = p ⊙ (dp − pᵀ dp)"]),
    Case("Y = inv(A); Y", {"A": "n n | invertible"}, ["A"], "dY", ["dA = −Yᵀ dY Yᵀ"]),
    Case("Z = X @ W + c; Z", {"X": "n d", "W": "d e", "c": "e"}, ["X", "W", "c"], "dZ",
         ["dX = dZ Wᵀ      dW = Xᵀ dZ      dc = colsum(dZ)"]),
    Case("y = concatenate([x * x, x]); y", {"x": "n"}, ["x"], "g", ["dx = 2 (x ⊙ g[:n]) + g[n:]"]),
    Case("L = x @ A @ x; L", {"x": "n", "A": "n n | symmetric"}, ["x"], "dL", ["dx = 2 dL A x"]),
    Case("Y = layer_norm(X, d); Y * g + c", {"X": "n d", "g": "d", "c": "d"}, ["X", "g"], "dT", []),
]  # fmt: skip


def _shape(declared: str) -> tuple[int, ...]:
    return tuple(SIZES[dim] for dim in declared.partition("|")[0].split())


def _array(declared: str, rng: np.random.Generator) -> Any:
    array = rng.normal(size=_shape(declared))
    if "bool" in declared:
        return array > -0.5
    return array + array.T if "symmetric" in declared else array


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.text}|{case.cotangent}")
def test_every_reading_of_a_pullback(case: Case) -> None:
    output = mg.parse(case.text, **case.variables)
    derived = mg.derive(output, wrt=case.wrt, cotangent=case.cotangent, short_sums=case.short)
    rows = str(derived).splitlines()
    assert [row for row in case.lines if row not in rows] == [], str(derived)
    rng = np.random.default_rng(0)
    arrays = {name: _array(declared, rng) for name, declared in case.variables.items()}
    value, grads = _engine(case, arrays, rng)
    arrays[case.cotangent] = value
    dims = {dim for text in case.variables.values() for dim in text.partition("|")[0].split()}
    read = Read(output, derived, arrays, {dim: SIZES[dim] for dim in dims}, case.cotangent)
    for name, right in grads.items():
        np.testing.assert_allclose(read.values[name], right, rtol=1e-10, atol=1e-12)
    judge(read, NO_READING)
    pickled = pickle.loads(pickle.dumps(derived))
    assert str(pickled) == str(derived)


def _engine(case: Case, arrays: dict[str, Any], rng: np.random.Generator) -> tuple[Any, dict[str, Any]]:
    """A cotangent, and what the engine makes of it."""
    tensors = {
        name: mg.tensor(
            array,
            name=name,
            dims=case.variables[name].partition("|")[0],
            requires_grad=name in case.wrt,
        )
        for name, array in arrays.items()
    }
    text = case.text.replace("sqrt(d)", repr(SIZES["d"] ** 0.5)).replace(", d)", f", {SIZES['d']})")
    y = mg.parse(text, **tensors)
    cotangent = rng.normal(size=y.shape)
    grads = mg.gradients([y], [tensors[n] for n in case.wrt], cotangents=[mg.tensor(cotangent)])
    return cotangent, {name: g.numpy() for name, g in zip(case.wrt, grads, strict=True)}


# -- several outputs, cotangents that are tensors, and what is refused ----------------------------------


def _attention() -> dict[str, mg.Tensor]:
    Q, K, V = mg.symbols("Q: n d", "K: m d", "V: m e")
    P = softmax((Q @ K.T).named("S")).named("P")
    return {"Q": Q, "P": P, "O": (P @ V).named("O")}


def test_several_outputs_send_one_gradient() -> None:
    V, W = mg.symbols("V: n e", "W: e k")
    Y, H = (V @ W).named("Y"), (V * V).named("H")
    right = "dV = dY Wᵀ + 2 (V ⊙ dH)"
    for cotangent in (("dY", "dH"), {"Y": "dY", "H": "dH"}, {H: "dH", Y: "dY"}):
        d = mg.derive((Y, H), wrt="V", cotangent=cotangent)
        assert str(d["V"].line.text()) == right
        assert d.check().verdict == "pass"
    given = _attention()
    # what arrives at P is a part of its gradient where O depends on it
    d = mg.derive((given["O"], given["P"]), wrt="Q", cotangent=("dO", "gP"))
    assert "dP = dO Vᵀ + gP" in str(d).splitlines()
    assert d.check().verdict == "pass"


def test_a_cotangent_with_numbers_is_used() -> None:
    rng = np.random.default_rng(1)
    x, c = rng.normal(size=(3, 2)), rng.normal(size=(3, 4))
    X = mg.tensor(x, name="X", dims="n d", requires_grad=True)
    y = mg.concatenate([X * X, X], axis=1).named("y")
    right = 2 * x * c[:, :2] + c[:, 2:]
    np.testing.assert_allclose(mg.derive(y, cotangent=mg.tensor(c, name="dy"))()["X"], right)
    free = mg.derive(y, cotangent="dy")
    assert list(free) == ["X"]
    np.testing.assert_allclose(free(dy=c)["X"], right)
    np.testing.assert_allclose(free(dy=c, X=2 * x)["X"], right + 2 * x * c[:, :2])
    with pytest.raises(MinigradError, match="dy"):
        free()


def test_a_cotangents_axis_may_be_a_sum_of_dims() -> None:
    x, z = (mg.tensor(np.ones(k), name=n, dims=n, requires_grad=True) for k, n in ((3, "x"), (4, "z")))
    y = mg.concatenate([x, z])
    gradients = mg.derive(y, cotangent="g")(g=np.arange(7.0))
    np.testing.assert_array_equal(gradients["z"], [3, 4, 5, 6])
    with pytest.raises(MinigradError, match="got 8"):
        mg.derive(y, cotangent="g")(g=np.arange(8.0))


REFUSED = [
    ({"cotangent": "Q"}, "a tensor of this graph is called 'Q'"),
    ({"cotangent": "n"}, "a dim of this graph is called 'n'"),
    ({"cotangent": "dP"}, "what the gradient by 'P' is called"),
    ({"cotangent": "d O"}, "no variable's name"),
    ({"cotangent": 3}, 'write cotangent="dO"'),
    ({"cotangent": ("dO", "dH")}, "2 cotangents for 1 outputs"),
    ({"cotangent": {"H": "dH"}}, "given for H, and the outputs are O"),
    ({"cotangent": "dO", "order": 2}, "second ones derive the number mg.sum"),
    ({"cotangent": "dO", "wrt": "dO"}, "no tensor of this graph is named 'dO'"),
    ({"cotangent": "dO", "wrt": "V", "short_sums": True}, "no sum over a tensor and its gradient"),
    ({"cotangent": mg.symbols("dO: n n")}, r"has the shape \(n, n\), and its output \(n, e\)"),
    ({"cotangent": mg.tensor(np.ones(2))}, "a tensor that is without a name"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_refused_is_said(options: dict[str, Any], words: str) -> None:
    with pytest.raises(MinigradError, match=words):
        mg.derive(_attention()["O"], **options)


def test_outputs_that_are_refused() -> None:
    given = _attention()
    with pytest.raises(MinigradError, match="say what their gradients are called"):
        mg.derive((given["O"], given["P"]))
    with pytest.raises(MinigradError, match="what the gradient by 'P' is called"):
        mg.derive((given["O"], given["P"]), cotangent=("dO", "dP"))
    with pytest.raises(MinigradError, match="a tensor that is computed"):
        mg.derive(given["O"], cotangent=given["O"])
    with pytest.raises(MinigradError, match="has no gradient"):
        mg.derive(given["P"] > 0.5, wrt="Q", cotangent="g")


def test_a_variable_that_is_called_as_a_gradient_is_no_gradient() -> None:
    X, W, dO = mg.symbols("X: n d", "W: d e", "dO: n e")
    O_ = (X @ W).named("O")
    d = mg.derive(mg.sum(dO * O_), wrt="W")
    assert str(d).splitlines()[-1] == "dW = Xᵀ dO"
    d = mg.derive(mg.sum(dO * O_ * O_), wrt="W")  # here the gradient by O is another one
    assert str(d).splitlines()[-1] == "dW = 2 Xᵀ (dO ⊙ O)"
    assert d.check().verdict == "pass"


def test_a_cotangent_has_one_name_in_every_notation() -> None:
    """dO is the gradient by O however that is written; another name is printed as it is."""
    O_ = _attention()["O"]
    own, other = (mg.derive(O_, wrt="V", cotangent=name)["V"] for name in ("dO", "G"))
    assert own.latex.endswith(r"P^{\top} \, \frac{\partial L}{\partial O}")
    assert other.latex.endswith(r"P^{\top} \, G")
    assert own.format(style="partial").splitlines()[-1] == "∂L/∂V = Pᵀ ∂L/∂O"
    assert other.format(style="partial").splitlines()[-1] == "∂L/∂V = Pᵀ G"
    assert (own.index, other.index) == ("dV_ij = Σ_k P_ki dO_kj", "dV_ij = Σ_k P_ki G_kj")


def test_a_short_sum_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = short_sums.with_product_named

    def doubled(node: Any, ref: Any, body: Any) -> Any:
        found = right(node, ref, body)
        return None if found is None else contract(range(found.ndim), [(found, range(found.ndim))], 2)

    monkeypatch.setattr(short_sums, "with_product_named", doubled)
    report = mg.derive(_attention()["O"], wrt="Q", cotangent="dO", short_sums=True).check()
    assert report.verdict == "fail"
    wrong = [{c.first, c.second} for c in report.comparisons if c.verdict == "fail"]
    assert all(pair & {"derived formula", "NumPy source"} for pair in wrong)


def test_a_card_of_the_output_says_what_arrives_there() -> None:
    source = mg.draw(_attention()["O"], cotangent="dO").source
    assert "∂L/∂" in source


def test_source_of_a_pullback_says_whose_gradient_it_takes() -> None:
    text = mg.derive(_attention()["O"], cotangent="dO").source()
    assert "The gradients by Q, K and V, where dO is the gradient by O." in text
    assert "def gradients(Q, K, V, dO):" in text
