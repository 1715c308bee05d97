"""The page's lines, program, graph, sources and verdict, over programs of every kind."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minigrad.page import answer
from minigrad.page.answer import PARTS
from minigrad.page.question import Question

ATTENTION = """Q = X @ Wq
K = X @ Wk
V = X @ Wv
S = Q @ K.T / sqrt(k)
A = softmax(S)
H = A @ V
p = sigmoid(H @ w)
L = binary_cross_entropy(p, y)"""
OF_ATTENTION = {"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d k", "w": "k", "y": "n | 0/1"}

# A program, its variables, what else is asked, and the ids of its lines.
GOOD = [
    (ATTENTION, OF_ATTENTION, {}, "Q K V S A H p L r dH dV dA dS dQ dK dX dWq dWk dWv dw"),
    (ATTENTION, OF_ATTENTION, {"wrt": ["w", "gone"]}, "Q K V S A H p L dw"),
    ("u = 2 * A\nL = sum((A @ x - b)**2)\nz = exp(L)", {"A": "m n"}, {"wrt": ["x", "u"]}, None),
    ("sum((A @ x - b)**2)", {"A": "m n"}, {"wrt": ["x"]}, "L dx"),
    ("sum((A @ x - b)**2)", {"A": "m n"}, {"wrt": ["x"], "order": 2}, "L dx H"),
    ("L = logsumexp(A @ x)", {"A": "m n"}, {"wrt": ["A", "x"], "order": 2}, None),
    ("Y = softmax(A @ x)", {"A": "m n"}, {}, "Y ∂Y/∂A ∂Y/∂x"),
    ("a * b + exp(a)", {"a": "", "b": ""}, {}, "L da db"),
    ("x", {"x": "n"}, {}, "∂x/∂x"),
    ("mu * sum(x**2) + lam", {"x": "n", "mu": "", "lam": ""}, {}, "L dx dmu dlam"),
    ("B = x @ W\nsum(B**2)", {"x": "b t n", "W": "n k"}, {}, "B L dB dx dW"),
    ("c = conv1d(x, h)\nsum(c**2)", {"x": "1 1 n", "h": "1 1 3"}, {}, None),
    ("\n\n  S = X @ W\n  sum(exp(S))\n", {"X": "n d", "W": "d k"}, {}, "S L dX dW"),
    ("s = x * 2; sum(s)", {"x": "n"}, {}, None),
    ("L = ‖A x − b‖²", {"A": "m n", "x": "n", "b": "m"}, {}, None),
]


def asked(program, variables, parts=("lines", "graph"), **more):
    told = answer({"program": program, "variables": variables, "ask": {part: {} for part in parts}, **more})
    json.dumps(told, allow_nan=False)
    return told


@pytest.mark.parametrize(("program", "variables", "more", "ids"), GOOD)
def test_every_program_is_told_line_by_line(program, variables, more, ids):
    told = asked(program, variables, **more)
    assert told["ok"], told["error"]
    lines = told["lines"]
    own = [line["id"] for line in lines]
    assert len({*own}) == len(own)
    if ids is not None:
        assert own == ids.split()
    assert {line["pass"] for line in lines} >= {"backward"}
    assert any(line["result"] for line in lines)
    statements = told["program"]["statements"]
    rows = program.split("\n")
    for line in lines:
        assert line["heading"]
        assert line["rule"].endswith((".", "…"))
        assert ": " not in line["heading"]
        for style in ("mathml", "mathmlPartial"):
            ElementTree.fromstring(line[style])
            assert f'data-symbol="{line["name"]}"' in line[style]
        if line["pass"] == "forward":
            place = statements[line["statement"]]
            start = place["column"] - 1
            written = rows[place["line"] - 1][start : start + place["length"]]
            assert written.strip() == written
            assert written.startswith(line["name"]) or "=" not in written
        assert line["card"] == told["graph"]["cards"].get(line["of"] or line["name"])
    assert told["graph"]["svg"].startswith("<svg")


def test_a_line_says_where_it_stands_and_what_it_uses():
    lines = {line["id"]: line for line in asked(ATTENTION, OF_ATTENTION, sizes={"n": 5})["lines"]}
    step = lines["dS"]
    assert (step["heading"], step["rule"]) == ("Through A", "The softmax Jacobian, ∂pᵢ/∂xⱼ = pᵢ (δᵢⱼ − pⱼ).")
    assert (step["statement"], step["uses"], step["shape"]) == (3, ["A", "dA"], [5, 5])
    assert step["partial"] == "∂L/∂S = A ⊙ (∂L/∂A − rowsum(A ⊙ ∂L/∂A))"
    assert "(*)" not in step["unicode"] + step["mathml"]
    assert lines["dX"]["statement"] is None  # three statements read it
    assert lines["dw"]["statement"] == 6
    # the transpose of dS is no transpose of S alone
    _, fence, transposed = lines["dK"]["mathml"].partition("<msup><mrow><mo")
    assert fence
    assert 'data-symbol="dS"' in transposed


def test_variables_stand_in_the_order_of_the_program():
    told = asked("S = X @ Wq\nL = sum(S * Z) + lam", {"X": "n d", "Wq": "d k", "lam": ""}, ())["program"]
    variables = told["variables"]
    assert [one["name"] for one in variables] == ["X", "Wq", "Z", "lam"]
    assert [one["new"] for one in variables] == [False, False, True, False]
    assert variables[2]["dims"] == ["n", "k"]
    assert told["output"] == {"name": "L", "shape": []}
    assert told["wrt"] == ["X", "Wq", "Z", "lam"]


@pytest.mark.parametrize(
    ("program", "variables", "instead", "mended"),
    [
        ("K = X @ W\nS = Q @ Kt\nsum(S @ K)", {"X": "n d", "W": "d k", "Q": "m k"}, "K.T", "S = Q @ K.T"),
        ("sum(weigths * x) + sum(weights)", {"weights": "n", "x": "n"}, "weights", "weights * x"),
        ("sum(X @ WQ + X @ Wq)", {"X": "n d", "Wq": "d k"}, "Wq", "sum(X @ Wq + X @ Wq)"),
        ("sum(X @ Wk) + sum(Wq)", {"X": "n d", "Wq": "d k", "Wk": "d k"}, None, ""),
    ],
)
def test_a_new_name_like_a_known_one_is_suspected(program, variables, instead, mended):
    told = asked(program, variables, ())
    slips = [one["suspect"] for one in told["program"]["variables"] if "suspect" in one]
    assert [slip["instead"] for slip in slips] == ([instead] if instead else [])
    assert all(mended in slip["program"] for slip in slips)


HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a\x00b", "x = '</math><script>'"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_is_text(text):
    for question in (
        {"program": text},
        {"program": "sum(x)", "variables": {text: "n", "x": "n"}},
        {"program": "sum(x)", "variables": {"x": text}},
        {"program": f"sum(x) # {text}", "variables": {"x": "n"}},
        {"program": "sum(x)", "variables": {"x": "n"}, "ask": {text: {}}},
    ):
        told = answer({"ask": {"lines": {}, "graph": {}}, **question})
        json.dumps(told, allow_nan=False)
        shown = [line["mathml"] for line in told.get("lines", [])] + [told.get("graph", {}).get("svg", "")]
        assert not any("<script" in part or "onerror" in part for part in shown)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([], "a question is []"),
        ({}, "no program"),
        ({"program": 3}, "program is 3"),
        ({"program": "x" * 20_001}, "at most 20,000"),
        ({"variables": ["x"]}, "an object"),
        ({"variables": {"x": 3}}, "declaration of x"),
        ({"wrt": "x"}, "a list of names"),
        ({"wrt": []}, "choose at least one"),
        ({"order": 3}, "1 or 2"),
        ({"order": True}, "1 or 2"),
        ({"sizes": {"n": 65}}, "from 1 to 64"),
        ({"sizes": {"n": 2.0}}, "from 1 to 64"),
        ({"values": []}, "an object"),
        ({"seed": -1}, "a whole number"),
        ({"start": "cold"}, '"random" or "0/1"'),
        ({"ask": ["lines"]}, "an object"),
        ({"ask": {"lines": 1}}, "what lines is asked with"),
    ],
)
def test_a_question_that_is_none_is_told_in_words(wrong, words):
    question = wrong if not isinstance(wrong, dict) or wrong == {} else {"program": "sum(x)", **wrong}
    told = answer(question)
    assert not told["ok"]
    assert words in told["error"]["message"]


def test_a_part_that_fails_leaves_the_others():
    told = asked("sum(x)", {"x": "n"}, ("lines", "nothing"))
    assert told["ok"]
    assert told["lines"]
    assert "there is no part 'nothing'" in told["nothing"]["error"]["message"]


def test_a_part_with_an_unforeseen_fault_leaves_the_others(monkeypatch):
    def graph(study, question, how):
        raise RuntimeError("something; unforeseen")

    monkeypatch.setitem(PARTS, "graph", graph)
    told = asked("sum(x)", {"x": "n"}, ("graph", "lines"))
    assert told["ok"]
    assert told["lines"]
    assert told["graph"]["error"]["heading"] == "A fault of minigrad's own (RuntimeError: something, unforeseen)"


@pytest.mark.parametrize("order", [1, 2])
def test_sources_and_verdict(order):
    told = asked("L = logsumexp(A @ x)", {"A": "m n"}, ("sources", "verdict"), order=order, wrt=["x"])
    sources = told["sources"]
    assert [*sources] == ["numpy", "jax", "torch", "latex", "typst"]
    assert all(source["label"] and source["text"] for source in sources.values())
    verdict = told["verdict"]
    assert verdict["verdict"] == "pass"
    exact = any("proved" in row["note"] for row in verdict["rows"])
    assert verdict["badge"] == ("Proved" if exact else "Checked")
    assert verdict["short"] == f"{len(verdict['rows'])} of {len(verdict['rows'])} comparisons agree"


def test_proved_is_said_where_every_formula_is():
    verdict = asked(ATTENTION, OF_ATTENTION, ("verdict",), wrt=["Wq", "X"])["verdict"]
    assert verdict["badge"] == "Checked"  # X is too large for exact mathematics
    assert any("proved" in line for line in verdict["shown"])


def test_the_call_is_told_part_by_part():
    guide = (Path(__file__).parents[2] / "docs/how-to/ask-the-live-page.md").read_text(encoding="utf-8")
    told = asked(ATTENTION, OF_ATTENTION, ("lines", "graph", "sources", "verdict"))
    keys = {*Question.__dataclass_fields__, *PARTS, *told["lines"][0], *told["program"], *told["verdict"], *told["sources"]}
    lacking = [key for key in keys - {"name", "of", "pass", "short"} if f"`{key}`" not in guide and f'"{key}"' not in guide]
    assert not lacking
