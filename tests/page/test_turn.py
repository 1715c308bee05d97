"""The reader's turn: what is right is right however it is spelled, and a slip is named."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.page import GALLERY, answer

EXAMPLES = {example["id"]: example for example in GALLERY}
KEYS = ("program", "variables", "sizes", "values", "wrt", "order")


def ask(id, **parts):
    return answer({**{key: EXAMPLES[id][key] for key in KEYS}, "ask": parts})


def judged(id, of, text, **how):
    return ask(id, turn={"of": of, "answer": text, **how})["turn"]


# example, of, answers that are right
RIGHT = [
    ("attention", "K", [
        "dS.T @ Q / sqrt(k)", "dSᵀ Q / √k", "dK = dSᵀ Q / √k", "∂L/∂K = ∂L/∂Sᵀ Q / √k", "(∂L/∂S)ᵀ Q / √k",
        "dL/dS.T @ Q / k**0.5", "transpose(dS) @ Q * k ** -0.5", "(Q.T @ dS).T / sqrt(k)", "einsum('ij,ik->jk', dS, Q) / sqrt(k)",
    ]),
    ("attention", "S", ["A * (dA - sum(A * dA, axis=1, keepdims=True))", "A ⊙ (dA − rowsum(A ⊙ dA))"]),
    ("attention", "H", ["r wᵀ / n", "outer(p - y, w) / n", "outer(p − y, w) / n", "(p - y)[:, None] * w / n"]),
    ("attention", "p", ["(p - y) / (p * (1 - p)) / n"]),
    ("attention", "dX", ["dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T"]),
    ("mlp", "U", ["(U > 0) * dH", "[U > 0] ⊙ dH", "where(U > 0, dH, 0)"]),
    ("softmax", "∂p/∂z", ["diag(p) - outer(p, p)", "diag(p) − p pᵀ"]),
    ("logistic", "∂²L/∂w²", ["X.T @ diag(p * (1 - p)) @ X / n", "(X.T * (p * (1 - p))) @ X / n"]),
    ("convolution", "x", ["dx_i = Σ_j w_j dz[i - j]", "Σ_j w_j dz[i - j]"]),
    ("logistic", "w", ["X.T @ (p - y) / n"]),
    ("gaussian-process", "C", ["(inv(C) - inv(C) @ outer(y, y) @ inv(C)) / 2"]),
]  # fmt: skip
# example, of, answer, heading, what the text says
WRONG = [
    ("attention", "K", "dS.T @ Q", "A factor 1/√k is missing", "√k times the right one"),
    ("attention", "K", "dS @ Q / sqrt(k)", "dS is turned the wrong way round", "equally long"),
    ("attention", "K", "-dS.T @ Q / sqrt(k)", "The sign is wrong", "minus the right one"),
    ("attention", "K", "dS.T @ K / sqrt(k)", "K stands where Q is meant", "beside K"),
    ("attention", "K", "Q @ dS", "The inner sizes differ", "k columns on the left meet n rows on the right"),
    ("attention", "K", "Q.T @ dS / sqrt(k)", "It is transposed", "the shape of K"),
    ("attention", "K", "dS", "The shape does not fit", "(n, n); the gradient by K has the shape of K, (n, k)"),
    ("attention", "K", "0", "It is zero", "depend on K"),
    ("attention", "K", "dV", "This is not dK", "8 of 8 numbers differ"),
    ("attention", "S", "A * dA", "The term rowsum(A ⊙ dA) is missing", "of a row"),
    ("attention", "S", "A * (dA - sum(A * dA, axis=1))", "keepdims=True is missing", "column"),
    ("attention", "X", "dQ Wqᵀ + dK Wkᵀ", "The path of X through V is missing", "each use adds"),
    ("mlp", "b1", "dU", "A sum is missing", "summed over"),
    ("mlp", "Z", "softmax(Z) - Y", "A factor 1/n is missing", "n times"),
    ("pca", "R", "R", "A factor 2 is missing", "1/2 times"),
    ("pca", "W", "dP @ W", "The path of W through P is missing", "each use adds"),
    ("pca", "P", "-dR.T @ X", "It is transposed", "the shape of P"),
    ("softmax", "∂p/∂z", "diag(p)", "The term sum(p ⊙ dp) is missing", "acts on all the others"),
    ("logistic", "∂²L/∂w²", "X.T @ diag(p * (1 - p)) @ X", "A factor 1/n is missing", "n times"),
    ("ridge", "w", "X.T @ r", "The path of w through L is missing", "each use adds"),
]  # fmt: skip
UNREADABLE = [
    ("dS.T @ (", "'(' was never closed", 8),
    ("dK = dS.T @ Qq", "No variable is named 'Qq'", 13),
    ("∂L/∂S.T @ Qq", "No variable is named 'Qq'", 11),
    ("dK", "dK is what is asked for", None),
    ("2 * ∂L/∂K", "dK is what is asked for", None),
    ("<script>", None, None),
    ("  ", "Nothing is written", None),
    ("__import__('os')", None, None),
    ("while True: pass", None, None),
]


@pytest.mark.parametrize(("id", "of", "text"), [(id, of, t) for id, of, every in RIGHT for t in every])
def test_a_right_answer_is_right_however_it_is_spelled(id, of, text):
    found = judged(id, of, text)
    assert (found["verdict"], found["heading"]) == ("right", "Right"), found
    assert "finite differences" in found["text"]
    np.testing.assert_allclose(found["yours"]["data"], found["right"]["data"], atol=1e-12)


@pytest.mark.parametrize(("id", "of", "text", "heading", "said"), WRONG)
def test_a_wrong_answer_is_wrong_and_its_slip_is_named(id, of, text, heading, said):
    found = judged(id, of, text)
    assert (found["verdict"], found["heading"]) == ("wrong", heading)
    assert said in found["text"]
    yours, right = found["yours"], found["right"]
    if yours is not None and yours["shape"] == right["shape"]:
        apart = np.abs(np.subtract(yours["data"], right["data"])) > 1e-9
        assert found["different"] == np.flatnonzero(apart).tolist() != []


@pytest.mark.parametrize(("text", "heading", "column"), UNREADABLE)
def test_what_cannot_be_read_says_where(text, heading, column):
    found = judged("attention", "K", text)
    assert found["verdict"] == "unreadable"
    assert heading is None or found["heading"] == heading
    assert found.get("column") == column or column is None


@pytest.mark.long("part")
@pytest.mark.parametrize("id", EXAMPLES)
def test_what_the_page_prints_is_right_as_an_answer(id):
    for line in ask(id, lines={})["lines"]:
        if line["pass"] == "backward" and (line["of"] or line["result"]):
            style = "unicode" if id == "heads" else "partial"
            found = judged(id, line["of"] or line["id"], line[style])
            assert found["verdict"] == "right", (line[style], found)
            assert found["text"].startswith("It agrees")


@pytest.mark.parametrize(
    ("id", "of", "text", "value", "said"),
    [
        ("attention", "K", "dS.T @ Q", 2**0.5, "√2 = √k"),
        ("attention", "K", "-2 * dS.T @ Q", -(8**0.5), "−2 · √2 = −2 √k"),
        ("attention", "H", "r wᵀ", 4, "4 = n"),
        ("pca", "R", "R", 0.5, "1/2"),
        ("pca", "R", "-2 * R", -1, "−1"),
        ("pca", "R", "0.6 * R", 0.3, "0.3"),
    ],
)
def test_a_constant_ratio_is_told_in_closed_form(id, of, text, value, said):
    ratio = judged(id, of, text)["ratio"]
    assert ratio["value"] == pytest.approx(value)
    assert ratio["text"] == said


def test_the_gradient_of_a_named_symmetric_matrix_is_the_one_that_entries_have():
    loss = mg.parse("P = W @ W.T; R = X - X @ P; sum(R**2)", X="n d", W="d k")
    text = str(mg.derive(loss))
    assert "dP = −Xᵀ dR" in text
    assert "dW = (dP + dPᵀ) W" in text


def test_what_comes_later_is_not_known_yet():
    found = judged("attention", "S", "dQ @ K", given=["r", "dH", "dV", "dA"])
    assert (found["verdict"], found["heading"]) == ("unreadable", "dQ is not known yet")
    assert judged("attention", "K", "dSᵀ Q / √k", given=["dS"])["verdict"] == "right"


def test_what_nobody_asks_for_is_refused_in_words():
    for how in ({"of": "Zz", "answer": "1"}, {"of": 3, "answer": "1"}, {"of": "K"}, {"of": "K", "hint": 4},
                {"of": "K", "answer": "1" * 3000}):  # fmt: skip
        assert ask("attention", turn=how)["turn"]["error"]["message"].startswith("turn: ")


def test_hints_say_more_and_more():
    first, second, third = (
        ask("attention", turn={"of": "K", "hint": degree})["turn"]["hint"]["text"] for degree in (1, 2, 3)
    )
    assert first == "K stands in S = Q Kᵀ / √k. Through S: a matrix product."
    assert "dK has the shape of K, (n, k). It is made of Q (n, k), dS (n, n), k." in second
    assert third == "dK = dSᵀ □ / √k"


@pytest.mark.parametrize("id", EXAMPLES)
def test_a_blank_hides_a_part_of_each_formula(id):
    for line in ask(id, lines={})["lines"]:
        if line["pass"] == "backward":
            text = ask(id, turn={"of": line["id"], "hint": 3})["turn"]["hint"]["text"]
            assert text.count("□") == 1
            assert text != line["unicode"]
