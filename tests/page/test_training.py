"""Gradient steps: as a loop by hand takes them, and where they end."""

from itertools import pairwise

import numpy as np
import pytest

from minigrad.page import GALLERY, answer

RIDGE = next(e for e in GALLERY if e["id"] == "ridge")
KEYS = ("program", "variables", "sizes", "values", "wrt", "order")


def trained(example, **how):
    question = {key: example[key] for key in KEYS if key in example}
    return answer({**question, "ask": {"training": how}})["training"]


def test_steps_are_those_of_a_loop_by_hand():
    X, w, y = (np.array(RIDGE["values"][name]) for name in "Xwy")
    losses, path = [], []
    for _ in range(21):
        r = X @ w - y
        losses.append(r @ r / 2 + 0.5 * w @ w / 2)
        path.append(w)
        w = w - 0.05 * (X.T @ r + 0.5 * w)
    found = trained(RIDGE, rate=0.05, steps=20, wrt=["w"])
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-12)
    np.testing.assert_allclose([place["w"]["data"] for place in found["path"]], path, rtol=1e-12)
    assert (found["stopped"], found["every"]) == (None, 1)


def test_softmax_regression_by_hand_with_labels_that_stay():
    example = {
        "program": "L = cross_entropy(X @ W, Y)",
        "variables": {"X": "n d", "W": "d c", "Y": "n c | onehot"},
        "values": {"X": [[1.0, 2.0], [0.0, -1.0], [0.5, 1.0]], "W": [[0.1, 0.2], [0.3, -0.4]],
                   "Y": [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]},
    }  # fmt: skip
    X, W, Y = (np.array(example["values"][name]) for name in "XWY")
    found = trained(example, rate=0.3, steps=5, wrt=None)
    assert set(found["path"][0]) == {"X", "W"}
    for loss in found["losses"]:
        e = np.exp(X @ W)
        P = e / e.sum(axis=1, keepdims=True)
        assert loss == pytest.approx(-np.mean(np.log((P * Y).sum(axis=1))), rel=1e-12)
        X, W = X - 0.3 * (P - Y) / 3 @ W.T, W - 0.3 * X.T @ (P - Y) / 3


@pytest.mark.parametrize("example", GALLERY, ids=[e["id"] for e in GALLERY])
def test_small_steps_lower_the_loss_of_each_example(example):
    found = trained(example, rate=0.01, steps=10, wrt=example["wrt"])
    if example["id"] == "softmax":
        assert "no loss to lower" in found["error"]["message"]
        return
    losses = found["losses"]
    assert all(after < before for before, after in pairwise(losses))


# example, how, what is said
STOPS = [
    ("pca", {"rate": 0.1}, "the loss is infinite from step 6"),
    ("pca", {"rate": 1e200}, "the loss is NaN from step 1"),
    ("gaussian-process", {"rate": 0.1}, "s would no longer be positive after step 6"),
]
REFUSALS = [
    ({"rate": 0}, "rate"),
    ({"rate": "fast"}, "rate"),
    ({"rate": True}, "rate"),
    ({"steps": 0}, "steps"),
    ({"steps": 10**9}, "steps"),
    ({"wrt": ["Z"]}, "'Z' is no variable"),
    ({"wrt": "W"}, "list of names"),
    ({"wrt": ["A"]}, "A is onehot"),
]


@pytest.mark.parametrize(("id", "how", "said"), STOPS)
def test_a_way_that_leads_nowhere_ends_in_words(id, how, said):
    (example,) = (e for e in GALLERY if e["id"] == id)
    found = trained(example, steps=100, **how)
    assert found["stopped"].startswith(said)
    assert len(found["losses"]) == len(found["path"]) <= 8


@pytest.mark.parametrize(("how", "said"), REFUSALS)
def test_what_cannot_be_done_is_refused_in_words(how, said):
    (example,) = (e for e in GALLERY if e["id"] == "policy-gradient")
    assert said in trained(example, **{"rate": 0.1, "steps": 3, **how})["error"]["message"]


def test_a_long_way_is_sent_in_part():
    example = {"program": "L = sum(W ** 2)", "variables": {"W": "n n"}, "sizes": {"n": 20}}
    found = trained(example, rate=0.001, steps=1200)
    assert found["every"] == 3
    assert (len(found["losses"]), len(found["path"])) == (1201, 401)
    assert sum(len(place["W"]["data"]) for place in found["path"]) <= 200_000


def test_what_was_chosen_in_an_earlier_program_is_not_asked_for():
    example = {"program": "sum(x**2)", "variables": {"x": "n"}, "values": {"x": [1.0]}}
    assert trained({**example, "wrt": ["gone"]}, rate=0.5, steps=1)["wrt"] == ["x"]
    inner = trained({**example, "program": "u = x**2; sum(u)", "wrt": ["u"]}, rate=0.5, steps=1)
    assert "no variable is free to move" in inner["error"]["message"]
