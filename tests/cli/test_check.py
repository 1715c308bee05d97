"""``minigrad check``: what it prints, its JSON, and how it ends."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from minigrad.cli import main

ATTENTION = (
    "Q = X @ Wq; K = X @ Wk; V = X @ Wv; S = Q @ K.T / sqrt(k); A = softmax(S); H = A @ V; "
    "sum(H**2)"
)
DECLARED = ("X:n,d", "Wq:d,k", "Wk:d,k", "Wv:d,e")
DS = "A * (dA - sum(A * dA, axis=1, keepdims=True))"


def run(*arguments: str, columns: int = 80) -> Result:
    return CliRunner().invoke(main, ["check", *arguments], env={"COLUMNS": str(columns)})


def judged(text: str, *more: str) -> Result:
    return run(ATTENTION, *DECLARED, "--wrt", "Wq", "--against", text, *more)


def test_an_expression_is_judged_by_all_witnesses() -> None:
    result = run("sum((A @ x - b)**2)", "A:m,n", columns=120)
    assert result.exit_code == 0
    for witness in ("finite differences", "complex step", "rational arithmetic", "9 properties"):
        assert witness in result.stdout
    assert "inferred  x: n, b: m" in result.stdout
    assert result.stdout.rstrip().endswith("pass ✓")


def test_a_right_derivation_is_right() -> None:
    result = judged("X.T @ dS @ K / sqrt(k)", "--given", f"dS = {DS}")
    assert result.exit_code == 0
    assert "✓ dS: right" in result.stdout
    assert "✓ dWq: right" in result.stdout


SLIPS = [
    ("X.T @ dS @ K", "off by a factor √k: 1/√k is missing"),
    ("-X.T @ dS @ K / sqrt(k)", "the sign is wrong"),
    ("(X.T @ dS @ K / sqrt(k)).T", "it is transposed"),
    ("X.T @ dS.T @ K / sqrt(k)", "dS is transposed in dQ"),
    ("X.T @ (A * dA) @ K / sqrt(k)", "the rowsum term rowsum(A ⊙ dA) is missing in dS"),
    ("X.T @ dS @ Q / sqrt(k)", "Q stands in dQ where K is meant"),
    (
        "X.T @ (A * (dA - sum(A * dA, axis=0, keepdims=True))) @ K / sqrt(k)",
        "colsum where rowsum is meant",
    ),
    ("X.T @ dA @ K / sqrt(k)", "the derivative of softmax is missing in dS"),
]


@pytest.mark.parametrize(("text", "slip"), SLIPS, ids=[slip for _, slip in SLIPS])
def test_a_wrong_derivation_is_told_its_slip(text: str, slip: str) -> None:
    result = CliRunner().invoke(
        main, ["check", ATTENTION, *DECLARED, "--wrt", "Wq", "--against", text, "--json"]
    )
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert slip in finding["slip"]
    assert finding["right"].startswith("dWq = Xᵀ dQ")


def test_a_wrong_piece_is_blamed_and_not_what_follows_from_it() -> None:
    result = judged("X.T @ dS @ K / sqrt(k)", "--given", "dS = A * dA")
    assert result.exit_code == 1
    assert "✗ dS: wrong, the rowsum term" in result.stdout
    assert "✗ dWq: wrong, only because of dS" in result.stdout


def test_several_derivations_name_their_variables() -> None:
    loss = ("sum((A @ x - b)**2)", "A:m,n")
    result = run(
        *loss, "--against", "dx = 2 * A.T @ (A @ x - b)", "--against", "b = -2*(A @ x - b)"
    )
    assert result.exit_code == 0
    assert result.stdout.count(": right") == 2
    assert run(*loss, "--against", "x = A", "--against", "dx = A").exit_code == 2
    assert run(*loss, "--against", "A", "--against", "dx = A").exit_code == 2


def test_numbers_are_given_as_json_and_a_kink_decides_nothing() -> None:
    result = run("sum(relu(x))", "x:n", "--given", "x=[0.0, 1.0, 2.0]")
    assert result.exit_code == 3
    assert "not differentiable here" in result.stdout
    assert "✗" not in result.stdout


def test_a_hessian_is_judged() -> None:
    result = run("x @ A @ x", "A:n,n", "x:n", "--wrt", "x", "--order", "2")
    assert result.exit_code == 0
    assert "differences of the gradient" in result.stdout


def test_json_stands_alone_and_says_all() -> None:
    result = run("sum(x**3)", "x:n", "--json", "--seeds", "3", "--seed", "5")
    report: dict[str, Any] = json.loads(result.stdout)
    assert report["verdict"] == "pass"
    assert {"comparisons", "findings", "suspects", "notes"} <= set(report)
    assert {c["quantity"] for c in report["comparisons"]} >= {"value", "x"}


def test_a_time_budget_leaves_out_and_says_so() -> None:
    result = run(ATTENTION, *DECLARED, "--budget", "0.000001", columns=200)
    assert "the time was used up" in result.stdout
    assert result.exit_code in (0, 3)


WRONG_USAGE = [
    (["sum(x", "x:n"], "was never closed"),
    (["sum(x)", "x:n", "--wrt", "y"], "no tensor of this graph is named 'y'"),
    (["sum(x)", "x:n", "--against", "ones(n"], "was never closed"),
    (["sum(x)", "x:n", "--against", "q"], "no variable is named 'q'"),
    (["sum(x)", "x:n", "--given", "x"], "write NAME=TEXT"),
    (["sum(x)", "x:n", "--given", "q=3"], "given names 'q'"),
    (["sum(x)", "x:n", "--given", "x=[[1.0]]"], "has shape (1, 1)"),
    (["sum(x)", "x:n", "--given", "x=1", "--given", "x=2"], "given twice"),
    (["sum(x)", "x:n", "--budget", "-1"], "not in the range"),
    (["sum(x)", "x:n", "--seeds", "0"], "not in the range"),
    (["sum(x)", "x:n", "--order", "0"], "not in the range"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_USAGE)
def test_bad_usage_is_told_in_a_line(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_nothing_is_wider_than_a_narrow_terminal() -> None:
    result = run(ATTENTION, *DECLARED, "--wrt", "Wq", "--against", "X.T @ dS @ K", columns=60)
    assert max(len(line) for line in result.stdout.splitlines()) <= 60


def test_help_names_every_option() -> None:
    result = run("--help")
    for option in ("--wrt", "--against", "--given", "--order", "--seeds", "--budget", "--json"):
        assert option in result.stdout


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "check-a-hand-derivation.md"


def test_the_pages_commands_print_what_stands_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(
        r"^```console\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert blocks
    for block in blocks:
        code = None
        for command, output in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
            if command == "echo $?":
                assert output == f"{code}\n"
                continue
            words = shlex.split(command.replace("\\\n", " "))
            quietly = words[-2] == ">"
            result = run(*(words[2:-2] if quietly else words[2:]))
            code = result.exit_code
            assert rounded("" if quietly else result.stdout) == rounded(output)


def rounded(text: str) -> str:
    """Samples, and what is zero but for rounding, are other numbers on every machine."""
    return re.sub(r"-?\d+\.\d+", "number", re.sub(r"\de-1\d ✓", "tiny ✓", text))
