"""Numbers of the page: given or sampled, of every line, with gradients."""

import json

import numpy as np
import pytest

import minigrad as mg
from minigrad.page import answer

ATTENTION = """Q = X @ Wq
K = X @ Wk
V = X @ Wv
S = Q @ K.T / sqrt(k)
A = softmax(S)
H = A @ V
p = sigmoid(H @ w)
L = binary_cross_entropy(p, y)"""
OF_ATTENTION = {"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d k", "w": "k", "y": "n | 0/1"}

# A program with its variables, and what is legal of each sampled array.
PROGRAMS = [
    (ATTENTION, OF_ATTENTION, {"y": lambda y: set(y.ravel()) <= {0, 1}}),
    ("sum(log(x))", {"x": "n | positive"}, {"x": lambda x: (x > 0).all()}),
    ("sum(log(A @ x))", {"A": "m n", "x": "n"}, {}),
    ("logdet(A)", {"A": "n n | spd"}, {"A": lambda a: np.linalg.eigvalsh(a).min() > 0}),
    ("sum(inv(A))", {"A": "n n"}, {"A": lambda a: np.linalg.cond(a) < 1e6}),
    ("sum(Q.T @ x)", {"Q": "n n | orthogonal"}, {"Q": lambda q: np.allclose(q @ q.T, np.eye(len(q)))}),
    ("-sum(p * log(p))", {"p": "n | simplex"}, {"p": lambda p: abs(p.sum() - 1) < 1e-12}),
    ("sum(x[5] * x)", {"x": "n"}, {"x": lambda x: len(x) > 5}),
    ("softmax(x)", {"x": "n"}, {}),
    ("A @ x", {"A": "m n", "x": "n"}, {}),
]  # fmt: skip


def asked(program, variables=(), **more):
    return answer({"program": program, "variables": dict(variables), "ask": {"values": {}}, **more})["values"]


def array(told):
    return np.array(told["data"], dtype=float).reshape(told["shape"])


@pytest.mark.parametrize(("program", "variables", "legal"), PROGRAMS, ids=[p[0] for p in PROGRAMS])
@pytest.mark.parametrize("start", ["random", "0/1"])
def test_sampled_numbers_are_legal_and_finite(program, variables, legal, start):
    found = asked(program, variables, start=start)
    for name in variables:
        x = array(found["arrays"][name])
        assert legal.get(name, lambda x: True)(x), x
    assert all(np.isfinite(array(told)).all() for told in found["lines"].values())
    json.dumps(found, allow_nan=False)


def test_numbers_have_two_places_where_that_is_legal():
    x = array(asked("sum(x ** 2)", {"x": "n"})["arrays"]["x"])
    assert (x == np.round(x, 2)).all()


def test_matrices_begin_with_zeros_and_ones_where_nothing_is_assumed():
    found = asked(ATTENTION, OF_ATTENTION, start="0/1")["arrays"]
    assert {*array(found["X"]).ravel()} == {*array(found["Wq"]).ravel()} == {0, 1}
    assert not {*array(found["w"]).ravel()} <= {0, 1}


def test_every_named_tensor_has_its_gradient():
    found = asked(ATTENTION, OF_ATTENTION)
    data = {n: array(told) for n, told in found["arrays"].items() if n in OF_ATTENTION}
    x = {n: mg.tensor(a, requires_grad=n != "y") for n, a in data.items()}
    A = mg.softmax((x["X"] @ x["Wq"]) @ (x["X"] @ x["Wk"]).T / np.sqrt(2))
    p = mg.sigmoid(A @ (x["X"] @ x["Wv"]) @ x["w"])
    loss = mg.binary_cross_entropy(p, x["y"])
    wanted = dict(zip(["A", "p", "X"], mg.gradients(loss, [A, p, x["X"]]), strict=True))
    for name, gradient in wanted.items():
        mine = np.reshape(found["arrays"][name]["gradient"], gradient.shape)
        np.testing.assert_allclose(mine, gradient.numpy(), rtol=1e-9, atol=1e-12)
    assert found["arrays"]["y"]["gradient"] is None
    assert found["arrays"]["L"]["gradient"] == [1]
    assert found["loss"] == pytest.approx(loss.item())
    assert found["order"] == [*OF_ATTENTION, *"QKVSAHpL"]


@pytest.mark.parametrize(
    ("program", "variables", "order"),
    [("mean(log(1 + exp(-y * (X @ w))))", {"X": "m n", "w": "n", "y": "m | pm1"}, 2), ("exp(A @ x)", {"A": "m n"}, 1)],
)
def test_lines_of_other_derivatives_are_what_the_derivation_gives(program, variables, order):
    found = asked(program, variables, order=order, wrt=[*variables][-2:-1] or ["A"])
    derivation = mg.derive(mg.parse(program, **variables), [*variables][-2:-1] or ["A"], order=order)
    data = {name: array(told) for name, told in found["arrays"].items()}
    for formula in derivation.values():
        np.testing.assert_allclose(array(found["lines"][formula.name]), formula(**data))


def test_an_edit_changes_what_depends_on_it_alone():
    before = asked(ATTENTION, OF_ATTENTION)
    X = array(before["arrays"]["X"])
    X[0, 0] += 1
    after = asked(ATTENTION, OF_ATTENTION, values={"X": X.tolist()})
    assert before["arrays"]["Wq"]["data"] == after["arrays"]["Wq"]["data"]
    assert before["arrays"]["Q"]["data"][0] != after["arrays"]["Q"]["data"][0]
    assert before["arrays"]["Q"]["data"][2:] == after["arrays"]["Q"]["data"][2:]


def test_sizes_hold_and_arrays_of_other_sizes_are_cut_or_filled():
    given = {"X": [[1, 2, 3], [4, 5, 6]]}
    found = asked("sum(X @ W)", {"X": "n d", "W": "d k"}, sizes={"n": 3, "d": 2}, values=given)
    X = array(found["arrays"]["X"])
    assert X.shape == (3, 2)
    assert (X[:2] == [[1, 2], [4, 5]]).all()
    usual = asked("sum(X @ W)", {"X": "n d", "W": "d k"})
    assert found["sizes"]["k"] == usual["sizes"]["k"]
    assert asked("sum(X @ W)", {"X": "n d", "W": "d k"}, values=given)["sizes"]["n"] == 2


def test_what_is_no_number_in_json_is_a_word():
    found = asked("y = log(x)\nL = sum(y)", {"x": "n"}, values={"x": [0, 1, "Infinity", "NaN"]})
    assert found["arrays"]["y"]["data"] == ["-Infinity", 0, "Infinity", "NaN"]
    assert found["loss"] == "NaN"
    assert found["arrays"]["x"]["data"] == [0, 1, "Infinity", "NaN"]


def test_large_arrays_are_left_out():
    found = asked("sum(X * X)", {"X": "n n 2"}, sizes={"n": 64})
    assert found["arrays"]["X"] == {"shape": [64, 64, 2], "large": True, "gradient": None}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"values": {"Z": [1]}}, "no variable"),
        ({"values": {"X": [1, 2]}}, "declared as n d"),
        ({"values": {"X": [[1], [1, 2]]}}, "rows of one length"),
        ({"values": {"X": [["<b>"]]}}, "numbers"),
        ({"values": {"X": [[10**400]]}}, "an array of numbers"),
        ({"values": {"X": [[None]]}}, "an array of numbers"),
        ({"values": {"X": [["1"]]}}, "an array of numbers"),
        ({"values": {"X": [[]]}}, "0 numbers along d; a dim measures from 1 to 64"),
        ({"values": {"X": [[1] * 65]}}, "65 numbers along d"),
        ({"sizes": {"n": 0}}, "from 1 to 64"),
        ({"start": "warm"}, '"random" or "0/1"'),
    ],
)
def test_bad_numbers_are_told_in_words(wrong, words):
    question = {"program": "sum(X @ W)", "variables": {"X": "n d", "W": "d k"}, **wrong}
    told = answer({**question, "ask": {"values": {}}})
    error = told["error"] or told["values"]["error"]
    assert words in error["message"]


@pytest.mark.parametrize(
    ("program", "variables", "given", "words"),
    [
        ("cross_entropy(X, y)", {"X": "n c", "y": "n | index"}, {"y": [1e300]}, "y holds places"),
        ("cross_entropy(X, y)", {"X": "n c", "y": "n | index"}, {"y": ["Infinity"]}, "y holds places"),
        ("cross_entropy(X, y)", {"X": "n c", "y": "n | index"}, {"y": [7]}, "index 7 is out of bounds"),
        ("sum(where(b, x, 0))", {"x": "n", "b": "n | bool"}, {"b": [3]}, "b holds truth values"),
        ("sum(where(b, x, 0))", {"x": "n", "b": "n | bool"}, {"b": ["NaN"]}, "b holds truth values"),
        ("sum(inv(x))", {"x": "n n"}, {"x": [[0]]}, "Singular matrix"),
        ("logdet(x)", {"x": "n n | spd"}, {"x": [["NaN"]]}, "x is spd"),
    ],
)
def test_numbers_that_a_step_cannot_take_are_told_in_words(program, variables, given, words):
    assert words in asked(program, variables, values=given)["error"]["message"]


@pytest.mark.parametrize(
    ("variables", "more", "sizes"),
    [
        ({"X": "m n", "w": "n"}, {"values": {"X": [[1, 2, 3]], "w": [1, 2]}}, {"m": 1, "n": 3}),
        ({"X": "m n", "w": "n"}, {"values": {"w": [1, 2], "X": [[1, 2, 3]]}}, {"m": 1, "n": 2}),
        ({"X": "m n", "w": "n"}, {"values": {"w": [1, 2]}, "sizes": {"n": 5}}, {"m": 4, "n": 5}),
        ({"X": "m n-9", "w": "n-9"}, {}, {"m": 4, "n": 10}),
    ],
)
def test_all_parts_know_the_same_sizes(variables, more, sizes):
    told = answer({"program": "sum(X @ w)", "variables": variables, "ask": {"values": {}}, **more})
    assert told["program"]["dims"] == told["values"]["sizes"] == sizes
    assert told["program"]["variables"][1]["shape"] == told["values"]["arrays"]["w"]["shape"]


def test_sizes_at_which_an_axis_holds_nothing_are_refused():
    found = asked("sum(x)", {"x": "n-9"}, sizes={"n": 4})
    assert "x holds nothing along n - 9 where n = 4" in found["error"]["message"]
