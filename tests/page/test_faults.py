"""Errors of the page: their words, their place, and programs that mend them."""

import pytest

from minigrad.errors import ArgumentError
from minigrad.page import answer, mending

X, XW = {"X": "n d"}, {"X": "n d", "Wq": "d k", "Wk": "d k"}
V = {"x": "n"}
# A program with a fault, its variables, the heading, (line, column, length), and each fix with what it writes.
FAULTY = [
    ("Q = X @ Wq\nK = X @ Wk\nS = Q @ K / sqrt(k)\nsum(S)", XW, "The dims k and n differ", (3, 5, 5),
     {"Transpose K": "S = Q @ K.T / sqrt(k)", "Transpose Q": "S = Q.T @ K / sqrt(k)"}),
    ("S = X + Y\nsum(S)", X | {"Y": "d n"}, "The dims n and d differ", (1, 5, 5), {"Transpose Y": "S = X + Y.T"}),
    ("S = X.T @ w\nsum(S)", X | {"w": "d"}, "The dims n and d differ", (1, 5, 7), {"Do not transpose X": "S = X @ w"}),
    ("K = X @ Wq\nS = X @ Wk @ Kt\nsum(S)", XW, "Nothing in the expression says how large 'Kt' is", (2, 14, 2),
     {"Write K.T": "S = X @ Wk @ K.T", "Kt is a matrix, k × n": "Kt: k n"}),
    ("Q = X @ Wq\nsum(Qt @ X)", XW, None, None, {"Write Q.T": "Q.T"}),
    ("sum(weights * x) + sum(weigths)", V | {"weights": "n"}, None, (1, 24, 7), {"Write weights": "sum(weights)"}),
    ("y = sofmax(x)\nsum(y)", V, "No operation is named 'sofmax'", (1, 5, 6), {"Write softmax": "y = softmax(x)"}),
    ("y = x.sun()\ny", V, "x (n) has no method 'sun'", (1, 5, 5), {"Write sum": "x.sum()"}),
    ("s = sum(x\ns", V, "'(' was never closed", (1, 8, 1), {"Write ) at the end": "s = sum(x)"}),
    ("sum((x[0] # one", V, None, (1, 5, 1), {"Write )) at the end": None}),
    ("s = sum(x))\ns", V, "Unmatched ')'", (1, 11, 1), {"Leave the ) out": "s = sum(x)\n"}),
    ("sum(x^2)", V, "^ is no power", (1, 5, 3), {"Write ** for ^": "sum(x**2)"}),
    ("a = sum(x^2)\na + sum(x^3)", V, "^ is no power", (1, 9, 3), {"Write ** for ^": "sum(x**3)"}),
    ("L = sum(2x)", V, "Invalid decimal literal", (1, 9, 1), {"Write * between the factors": "sum(2*x)"}),
    ("sum(softmax x)", V, "'softmax' is a function", (1, 5, 7), {"Write parentheses": "sum(softmax(x))"}),
    ("lambda * sum(x)", V, "Invalid syntax", None, {"Write lam for lambda": "lam * sum(x)"}),
    ("L := sum(x)", V, "Invalid syntax", (1, 3, 1), {"Write =": "L = sum(x)"}),
    ("return sum(x)", V, None, (1, 1, 13), {"Leave return out": "sum(x)"}),
    ("import numpy as np\nnp.sum(x)", V, "Nothing is imported", (1, 1, 18), {"Leave the line out": "np.sum(x)"}),
    ("sum(x)\nsum(x**2)", V, "The value of this statement is not used", (1, 1, 6), {"Leave the line out": "sum(x**2)"}),
    ("sum(x) + b", {}, "Nothing in the expression says how large 'x' is", (1, 5, 1), {"x is a vector, n": "x: n"}),
    ("\n\n    y = sofmax(x)\n    sum(y)", V, None, (3, 9, 6), {"Write softmax": "    y = softmax(x)"}),
    ("Q = X @ Wq\nK = X @ Wk\nA = softmax(Q @ K.T / sqrt(k))\nsum(A @ v)", {}, None, (3, 28, 1),
     {"k is a dim, Wq is d × k": "Wq: d k", "k is a scalar": "k: "}),
    ("sum(x for x in X)", V, "A text has no loops", (1, 4, 14), {}),
    ("x + * y", V, "Invalid syntax", (1, 5, 1), {}),
    ("y = sofmax(x / sqrt(k))\nsum(y)", V, None, (1, 5, 6), {"Write softmax": "y = softmax(x / sqrt(k))"}),
    ("", {}, "The text is empty", None, {}),
    ("sum(y)", {"y": "n | 0/1"}, "There is nothing to differentiate by", None, {}),
    ("1 + 2", {}, "There is nothing to differentiate by", None, {}),
    ("sum(<script>alert(1)</script>)", V, None, None, {}),
]


@pytest.mark.parametrize(("program", "variables", "heading", "place", "fixes"), FAULTY)
def test_an_error_says_where_and_how_to_mend_it(program, variables, heading, place, fixes):
    told = answer({"program": program, "variables": variables, "number": 3})
    assert told["ok"] is False
    assert told["number"] == 3
    error = told["error"]
    if heading is not None:
        assert error["heading"] == heading
    if place is not None:
        assert (error["line"], error["column"], error["length"]) == place
    found = {fix["label"]: fix for fix in error["fixes"]}
    assert len(found) == len(error["fixes"]) <= 3
    for label, written in fixes.items():
        (fix,) = (fix for known, fix in found.items() if known.startswith(label))
        shown = fix["program"] + "".join(f"{n}: {d}\n" for n, d in fix.get("variables", {}).items())
        assert written is None or written in shown
    if not fixes:
        assert not found
    for fix in error["fixes"]:  # each was read before it was offered
        again = answer({"program": fix["program"], "variables": fix.get("variables", variables)})
        left = again["error"]
        assert again["ok"] or left["line"] is None or "'k'" in left["heading"], left


def test_words_end_in_sentences_and_name_no_machinery():
    told = answer({"program": "S = Q @ K\nsum(S)", "variables": {"Q": "n k", "K": "n k"}})["error"]
    assert told["text"] == "Give both axes one name, or reshape one of them. Got Q (n, k) and K (n, k)."
    told = answer({"program": "L := sum(x)", "variables": V})["error"]
    assert told["text"] == "An assignment is written 'S = X @ W; sum(S)'."
    told = answer({"program": "sum(x)", "variables": {"x": "n | spdd"}})["error"]
    assert told["heading"].startswith("x: 'spdd' is no assumption")


def test_places_are_those_of_the_text_that_was_given():
    for program in ("ΣΣ = x * 2\nsum(ΣΣ @ W)", "\n\n  a = x * 2\n  sum(a @ W)\n"):
        error = answer({"program": program, "variables": V | {"W": "m k"}})["error"]
        line = program.split("\n")[error["line"] - 1]
        assert line[error["column"] - 1 :][: error["length"]].endswith("@ W")


@pytest.mark.parametrize("reads", [1, 2, 3])
def test_fixes_are_looked_for_as_long_as_patience_lasts(monkeypatch, reads):
    now = 0.0
    read = mending.parse

    def slow(*args, **variables):  # of which each reading takes 0.4 s
        nonlocal now
        now += 0.4
        return read(*args, **variables)

    monkeypatch.setattr(mending, "monotonic", lambda: now)
    monkeypatch.setattr(mending, "parse", slow)
    patience = mending.Patience(0.4 * reads)
    with pytest.raises(ArgumentError) as found:
        read("sum(x) + b")
    mending.fixes(found.value, "sum(x) + b", {"y": "m"}, patience)
    assert now == pytest.approx(0.4 * reads)
