"""What a text or a call would allocate is computed first, and refused beyond a limit."""

from __future__ import annotations

import math
import resource
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import minigrad as mg
from minigrad.cli import main
from minigrad.errors import ArgumentError, LimitError, MinigradError

# A text, its variables, and the sizes that the error names.
TEXTS = [
    ("eye(10**6)", {}, "(1000000, 1000000)"),
    ("ones((10**5, 10**5))", {}, "(100000, 100000)"),
    ("zeros(10**9)", {}, "(1000000000,)"),
    ("full((10**5, 10**4), 2)", {}, "(100000, 10000)"),
    ("arange(10**12)", {}, "(1000000000000,)"),
    ("tri(10**5)", {}, "(100000, 100000)"),
    ("tril(ones((10**5, 10**5)))", {}, "(100000, 100000)"),
    ("linspace(0, 1, 10**12)", {}, "(1000000000000,)"),
    ("repeat(x, 10**9)", {"x": "3"}, "(3000000000,)"),
    ("repeat(x, [1, 10**9, 2])", {"x": "3"}, "(1000000003,)"),
    ("tile(x, (10**9, 2))", {"x": "3"}, "(1000000000, 6)"),
    ("pad(x, 10**9)", {"x": "3"}, "(2000000003,)"),
    ("broadcast_to(x, (10**9, n))", {"x": "n"}, "1000000000"),
    ("kron(A, A)", {"A": "1000 1000"}, "(1000000, 1000000)"),
    ("outer(x, x)", {"x": "100000"}, "(100000, 100000)"),
    ("sum(x[:, None] - x[None, :])", {"x": "100000"}, "(100000, 100000)"),
    ("diag(x)", {"x": "20000"}, "(20000, 20000)"),
    ("stack([x, x])", {"x": "99999999"}, "(2, 99999999)"),
    ("sum(X)", {"X": "100000 100000"}, "(100000, 100000)"),
    ("sum(X)", {"X": "1" + "0" * 300}, "about 10**299"),
]


@pytest.mark.parametrize(("text", "variables", "named"), TEXTS, ids=[t[0] for t in TEXTS])
def test_a_text_is_refused_with_the_sizes_named(
    text: str, variables: dict[str, str], named: str
) -> None:
    with pytest.raises(LimitError) as refused:
        mg.parse(text, **variables)
    assert named in str(refused.value)
    assert "mg.limits(elements=" in str(refused.value)
    assert isinstance(refused.value, MemoryError)


A = np.ones((3000, 3000), np.float32)
CALLS = {
    "kron": lambda: mg.kron(A, A),
    "outer": lambda: mg.outer(A, A),
    "pad": lambda: mg.pad(A, 10**6),
    "repeat": lambda: mg.repeat(A, 10**9),
    "tile": lambda: mg.tile(A, 10**9),
    "linspace": lambda: mg.linspace(0, 1, 10**10),
    "jacobian": lambda: mg.jacobian(lambda x: x * 2)(np.ones(10**5)),
    "hessian": lambda: mg.hessian(lambda x: (x * x).sum())(np.ones(10**5)),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_refused_before_it_allocates(name: str) -> None:
    with pytest.raises(LimitError, match=r"takes [\d.]+ \w+, more than the limit of 2 GiB"):
        CALLS[name]()


def test_what_numpy_cannot_allocate_is_an_error_of_the_library() -> None:
    with pytest.raises(LimitError, match="there is not enough memory"):
        mg.broadcast_to(mg.tensor(1.0), (10**7, 10**7))


def test_a_dense_hessian_is_refused_when_it_is_evaluated() -> None:
    formula = mg.derive(mg.parse("sum(exp(x))", x="n"), order=2)["x", "x"]
    with pytest.raises(LimitError, match=r"\(100000, 100000\) takes 74.5 GiB"):
        formula(x=np.ones(10**5))


def test_a_check_is_refused_where_its_samples_would_be_too_large() -> None:
    loss = mg.parse("sum(X**2)", X="9000 9000")
    with pytest.raises(LimitError, match=r"check: all that the witnesses hold .* takes 4.83 GiB"):
        mg.check(loss, seconds=1)


def test_limits_are_set_for_a_while_or_for_good() -> None:
    with mg.limits(elements=math.inf):
        assert mg.symbols("X: 100000 100000").shape == (100000, 100000)
        with mg.limits(elements=10, bytes=100), pytest.raises(LimitError):
            mg.symbols("x: 11")
    with pytest.raises(LimitError):
        mg.symbols("X: 100000 100000")
    before = mg.limits()
    try:
        mg.limits(bytes=80)
        assert mg.repeat(np.ones(5), 2).shape == (10,)
        with pytest.raises(LimitError, match="88 bytes, more than the limit of 80 bytes"):
            mg.repeat(np.ones(11), 1)
    finally:
        before.__exit__(None, None, None)


@pytest.mark.parametrize("wrong", [0, -1, "2 GiB", math.nan])
def test_a_limit_is_positive(wrong: object) -> None:
    with pytest.raises(ArgumentError, match="positive number"):
        mg.limits(bytes=wrong)  # type: ignore[arg-type]


# Numbers that would take long to write out are refused where they arise.
NUMBERS = ["10**10**10", "2**10**6", "(10**60)**64**2", "9" * 10**5, "((n+m)**64)**64", "1e999"]


@pytest.mark.parametrize("text", NUMBERS, ids=[t[:20] for t in NUMBERS])
def test_numbers_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(MinigradError):
        mg.parse(f"sum(x) * ({text})", x="n m")


def test_dims_on_the_command_line() -> None:
    result = CliRunner().invoke(main, ["derive", "sum(X**2)", "X:100000,100000"])
    assert result.exit_code == 2
    assert "(100000, 100000)" in result.output


_LARGE = """
import minigrad as mg
for text in ("sum(tril(X)**2)", "sum(X[::-1, 5:] * 2)", "sum(cumsum(X, axis=0))", "sum(roll(X, 7, 0)**2)"):
    loss = mg.parse(text, X="9000 9000")
    print(mg.derive(loss))
"""


def test_deriving_makes_nothing_dense() -> None:
    """9,000 by 9,000 masks would take 648 MB each."""
    resource_limit = 700 * 2**20
    done = subprocess.run(
        [sys.executable, "-c", _LARGE],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_DATA, (resource_limit, resource_limit)
        ),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("dX") == 4


@pytest.mark.parametrize(
    "text", ["stack(b, axis=W)", "concatenate(b)", "vstack(b)", "hstack(b)", "column_stack(b)"]
)
def test_a_tensor_of_many_parts_is_not_joined_part_by_part(text: str) -> None:
    """Each part of a tensor without values would be a graph of its own."""
    with pytest.raises(LimitError, match=r"b \(107772,\) .* has 107,772 parts .* reshape or moveaxis"):
        mg.parse(text, b="107772", W="1 m 2")
    assert mg.parse("stack(b, axis=1)", b="3 2").shape == (2, 3)
    assert mg.stack(mg.tensor(np.zeros((2000, 2)))).shape == (2000, 2)
