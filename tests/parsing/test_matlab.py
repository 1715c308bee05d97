"""Texts in MATLAB's signs mean what NumPy's say beside them; what cannot be read names what to write."""

import re
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking.replay import Replay
from minigrad.errors import MinigradError

DIMS = {"A": "m n", "B": "m n", "X": "m n", "S": "n n", "x": "n", "w": "n", "y": "m", "b": "m", "a": ""}
READ = [
    ("x'*S*x", "x @ S @ x"),
    ("y'*X*w", "y @ X @ w"),
    ("(A*x-b)'*(A*x-b)", "sum((A @ x - b)**2)"),
    ("sum(A.*B)", "sum(A * B)"),
    ("A./B", "A / B"),
    ("norm2(A*x - y)^2", "norm(A @ x - y)**2"),
    ("norm1(x')", "sum(abs(x))"),
    ("tr(X'*X)", "trace(X.T @ X)"),
    ("sum(log(exp(-y.*(X*w))+vector(1)))", "sum(log(exp(-y * (X @ w)) + 1))"),
    ("x'*inv(S)*x", "x @ inv(S) @ x"),
    ("log(det(S'*S))", "log(det(S.T @ S))"),
    ("logdet(S'*S)", "logdet(S.T @ S)"),
    ("x'*(S+eye)*w", "x @ S @ w + x @ w"),
    ("x*w'", "outer(x, w)"),
    ("x*w'*x", "x * (w @ x)"),
    ("a*x'*w", "a * (x @ w)"),
    ("2*a*A'", "2 * a * A.T"),
    ("sum((X*w)'.^3)/a", "sum((X @ w)**3) / a"),
    ("2.^(x') - a^2*x'", "2**x - a**2 * x"),
    ("r = A*x-b; r'*r", "sum((A @ x - b)**2)"),
    ("diag(x)*S'", "diag(x) @ S.T"),
    ("relu(A*x)'*y", "relu(A @ x) @ y"),
    ("abs(x')*S", "abs(x) @ S"),
    ("x''*w'", "outer(x, w)"),
    # nothing in these is MATLAB's alone
    ("A*B", "A * B"),
    ("2.*A", "2 * A"),
    ("tr(S*S)", "trace(S * S)"),
]
REFUSED = [
    ("x'*w'", r"write x'\*y for a number, x\*y' for a matrix, x\.\*y"),
    ("x.*w'", "a row and a column do not meet"),
    ("A + x'", "do not meet element by element"),
    ("A'^2", r"write \.\^, A\*A or inv\(A\)"),
    ("x'/w", r"write \./ or A\*inv\(B\)"),
    ("S\\b + A'", r"inv\(A\)\*b"),
    ("x.^w'", "write parentheses"),
    ("a^a^a*x'", "write parentheses"),
    ("mean(A')", "mean is not read in MATLAB's signs; det, .*NumPy's notation"),
    ("norm2(A')", r"sqrt\(tr\(A'\*A\)\)"),
    ("x'*S@x", r"a transpose is written X\.T"),
    ("x'*A*x", r"dims n and m differ[^\n]*\n  x'\*A\*x\n  \^\^\^\^ column 1"),
]


SIZES = {"m": 4, "n": 3}


def _declared(text: str) -> dict[str, str]:
    return {name: dims for name, dims in DIMS.items() if re.search(rf"\b{name}\b", text)}


def _value(output: mg.Tensor) -> Any:
    rng = np.random.default_rng(0)
    values = {name: rng.uniform(0.5, 2, [SIZES[d] for d in dims.split()]) for name, dims in DIMS.items() if name != "f"}
    program = Replay(output._node, SIZES)
    return program.run({leaf: np.asarray(values[leaf.name] if leaf.name else leaf.value) for leaf in program.leaves})


@pytest.mark.parametrize(("text", "numpy"), READ, ids=[text for text, _ in READ])
def test_it_is_what_numpy_says(text: str, numpy: str) -> None:
    ours, same = (mg.parse(t, **_declared(text)) for t in (text, numpy))
    assert ours.shape == same.shape
    np.testing.assert_allclose(_value(ours), _value(same), rtol=1e-12)


def test_a_function_without_a_definition_and_what_is_not_declared() -> None:
    assert str(mg.derive(mg.parse("f(x')*w", f="function", x="n", w="n"), "w")) == str(
        mg.derive(mg.parse("f(x) @ w", f="function", x="n", w="n"), "w")
    )
    assert mg.parse("norm2(A*x-y)^2", y="m").inferred == {"A": "m n", "x": "n"}


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_cannot_be_read_says_what_to_write(text: str, words: str) -> None:
    with pytest.raises(MinigradError, match=words):
        mg.parse(text, **_declared(text))
