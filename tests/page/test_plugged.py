"""Numbers plugged into formulas: each written sum is its number, and frames hold all that it depends on."""

import re
from math import exp, inf, log, nan, sqrt, tanh

import numpy as np
import pytest

from minigrad.page import answer
from minigrad.page.cells import places
from minigrad.page.digits import digits, read, significant

_LAYER_NORM = "m = mean(X, axis=-1, keepdims=True)\nC = X - m\nS = sqrt(mean(C ** 2, axis=-1, keepdims=True))\nL = sum(C / S * G)"
# Programs, their variables, and how many of their lines must be told cell by cell at least.
PROGRAMS = [
    ("Q = X @ Wq\nK = X @ Wk\nS = Q @ K.T / sqrt(k)\nA = softmax(S)\np = sigmoid(A @ X @ w)\nL = binary_cross_entropy(p, y)",
     {"X": "n d", "Wq": "d k", "Wk": "d k", "w": "d", "y": "n | 0/1"}, 1, 10),
    (_LAYER_NORM, {"X": "n d", "G": "n d"}, 1, 4),
    ("m = mean(X, axis=-1, keepdims=True)\nC = X - m\nL = sum(C ** 2)", {"X": "n n"}, 1, 3),
    ("Y = reshape(X, (6,))\nL = sum(Y ** 3)", {"X": "2 3"}, 1, 4),
    ("h = tanh(x)\nL = sum(h ** 3)", {"x": "n"}, 1, 3),
    ("z = X @ w\nL = mean(log(1 + exp(-y * z)))", {"X": "m n", "w": "n", "y": "m | pm1"}, 2, 2),
    ("s = softmax(x)", {"x": "n"}, 1, 1),
    ("H = relu(X @ A + b)\nL = sum(H @ v)", {"X": "m n", "A": "n k", "b": "k", "v": "k"}, 1, 3),
    ("Y = kron(A, B)\nL = sum(Y * Y)", {"A": "2 2", "B": "2 2"}, 1, 1),
    ("Y = A[:, None, :] * B[None, :, :]\nL = sum(Y ** 2)", {"A": "2 3", "B": "2 3"}, 1, 1),
    ("y = x[idx]\nL = sum(y * y)", {"x": "5", "idx": "3 | index"}, 1, 1),
    ("Y = conv1d(x, w)\nL = sum(Y * Y)", {"x": "1 2 6", "w": "2 2 3"}, 1, 0),
    ("Y = inv(A) @ B\nL = trace(Y)", {"A": "n n", "B": "n n"}, 1, 2),
    ("m = max(x)\nL = m * sum(x)", {"x": "n"}, 1, 2),
    ("L = logdet(A) + norm(x)", {"A": "n n | spd", "x": "n"}, 1, 1),
    ("Y = cumsum(x)\nL = sum(Y ** 2)", {"x": "n"}, 1, 1),
    ("Y = where(X > 0, X, 2 * X)\nL = sum(Y @ Y.T)", {"X": "n d"}, 1, 1),
    ("L = logsumexp(A @ x)", {"A": "m n", "x": "n"}, 2, 1),
]  # fmt: skip


def asked(program, variables, order=1, **more):
    question = {"program": program, "variables": variables, "order": order, "ask": {"plugged": {}, "values": {}}}
    found = answer({**question, **more})
    assert found["ok"], found["error"]
    assert "error" not in found.get("plugged", {}), found["plugged"]
    return found


def worth(text):
    """What a reader computes from a written sum, None for one that is not whole."""
    if "…" in text or "max" in text or "[" in text or "|" in text:
        return None
    text = text.replace("−", "-").replace("×", "*").replace("·", "*").replace("e^", "E**")
    text = re.sub(r"√([\d.]+)", r"sqrt(\1)", text).replace("√(", "sqrt(")
    text = re.sub(r"log ([\d.e+-]+)", r"log(\1)", text)
    text = text.replace("²", "**2").replace("³", "**3").replace("⁻¹", "**-1")
    names = {"E": exp(1), "σ": lambda x: 1 / (1 + exp(-x)), "relu": lambda x: max(x, 0), "sqrt": sqrt, "log": log}
    try:
        return eval(text, {"__builtins__": {}}, {**names, "exp": exp, "tanh": tanh})
    except (NameError, SyntaxError):
        return None


@pytest.mark.parametrize("case", PROGRAMS, ids=[p[0][:30] for p in PROGRAMS])
def test_written_sums_are_the_numbers_they_stand_for(case):
    program, variables, order, told = case
    found = asked(program, variables, order)
    known = 0
    for id, line in found["plugged"].items():
        value = found["values"]["lines"][id]
        pieces, cells = line["pieces"], line["cells"]
        assert len(pieces) <= 12
        assert pieces[0]["data"] == value["data"]
        if cells is None:
            continue
        known += 1
        assert len(cells) == len(value["data"])
        for cell, number in zip(cells, value["data"], strict=True):
            said = cell["text"].partition(": ")[2] or cell["text"]
            head, equals, right = said.partition(" = ")
            assert head.split(" ")[0] == digits(number)
            result = worth(right) if equals else None
            if result is not None:
                assert digits(result) == head, (id, cell["text"])
            for piece, flat in cell["from"].items():
                assert max(flat) < len(pieces[int(piece)]["data"])
    assert known >= told, {id: line["cells"] is not None for id, line in found["plugged"].items()}


@pytest.mark.parametrize("case", PROGRAMS, ids=[p[0][:30] for p in PROGRAMS])
def test_what_lies_outside_of_a_frame_changes_nothing(case):
    """Of a line that reads variables alone: each element of each, changed in the question itself."""
    program, variables, order, _ = case
    found = asked(program, variables, order)
    arrays = found["values"]["arrays"]
    for id, line in found["plugged"].items():
        named = {str(k): p["name"] for k, p in enumerate(line["pieces"]) if k and p["kind"] == "array"}
        if line["cells"] is None or not set(named.values()) <= {*variables}:
            continue
        for name in {*named.values()} - {"idx"}:
            shape = arrays[name]["shape"]
            if name in variables and "spd" in variables[name]:
                continue
            for place in range(len(arrays[name]["data"])):
                data = np.array(arrays[name]["data"], dtype=float)
                data[place] += 0.37
                given = {n: np.reshape(a["data"], a["shape"]).tolist() for n, a in arrays.items() if n in variables}
                given[name] = data.reshape(shape).tolist()
                after = asked(program, variables, order, values=given, ask={"values": {}})["values"]["lines"][id]["data"]
                before = found["values"]["lines"][id]["data"]
                turned = _turned(place, shape)
                for k, cell in enumerate(line["cells"]):
                    framed = any(
                        (turned if _is_turned(line["pieces"][int(p)], shape) else place) in flat or place in flat
                        for p, flat in cell["from"].items() if named[p] == name
                    )
                    if not framed:
                        assert after[k] == pytest.approx(before[k], rel=1e-9, abs=1e-12), (id, name, place, k)


def _turned(place, shape):
    if len(shape) != 2:
        return place
    row, column = divmod(place, shape[1])
    return column * shape[0] + row


def _is_turned(piece, shape):
    return "⊤" in piece["label"] and len(shape) == 2


def test_a_product_frames_its_row_and_column():
    found = asked("Y = A @ B\nL = sum(Y)", {"A": "2 2", "B": "2 2"}, values={"A": [[1, 2], [3, 4]], "B": [[5, 6], [7, 8]]})
    line = found["plugged"]["Y"]
    assert [p["kind"] for p in line["pieces"]] == ["array", "text", "array", "text", "array"]
    assert line["cells"][2] == {"text": "row 2, column 1: 43 = 3·5 + 4·7", "from": {"2": [2, 3], "4": [0, 2]}}


def test_what_is_not_defined_is_said():
    found = asked("y = log(x)\nL = sum(y)", {"x": "n"}, values={"x": [0, 1]})
    assert [c["text"] for c in found["plugged"]["y"]["cells"]] == ["place 1: −∞ = log 0", "place 2: 0 = log 1"]


def test_large_results_have_no_cells():
    assert asked("Y = A * 2\nL = sum(Y)", {"A": "n n"}, sizes={"n": 13})["plugged"]["Y"]["cells"] is None


@pytest.mark.parametrize("value", [0.0791, -1.2, 0.5, 3.0, 0.0, 123.4, 4.1e-7, 0.09999, 1e9, inf, -inf, nan])
def test_digits_are_near_their_number(value):
    for text in (digits(value), significant(value, 5)):
        assert not text.startswith("0.")
        assert read(text) == pytest.approx(value, rel=0.06, nan_ok=True)


def test_places_looks_into_what_is_not_written():
    from minigrad.page.cells import leaf, opaque

    assert places(opaque([leaf((2, 1), 1.0)], 3.0)) == {(2, 1)}
