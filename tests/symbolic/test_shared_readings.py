"""Work that is done once: readings of shared parts, orders of summation, sums inside SymPy's forms."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import sympy

import minigrad as mg
from minigrad.notation import reduction
from minigrad.notation.reader import Reader
from minigrad.notation.text import text

DEEP = [
    ("nansum((std(w) - w), axis=0)", {"w": "2 n m 3"}, "w"),
    (
        "sum(std(((square(x) / mean(y, axis=3)) * nansum((z @ C)))))",
        {"y": "2 2 2 1", "x": "2 2 2", "z": "2 2 3", "C": "3 2"},
        "x",
    ),
]


@pytest.mark.parametrize(("program", "declared", "wrt"), DEEP)
def test_a_part_is_reduced_once(
    program: str, declared: dict[str, str], wrt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each took over 5,000 attempts when every choice of subscripts around a part read it again."""
    attempts = 0
    fork = reduction.SeriesParallel.fork

    def counted(self: Any) -> Any:
        nonlocal attempts
        attempts += 1
        return fork(self)

    monkeypatch.setattr(reduction.SeriesParallel, "fork", counted)
    derivation = mg.derive(mg.parse(program, **declared), wrt=wrt)
    assert str(derivation)
    assert derivation[wrt].expanded
    assert attempts < 5_000


def test_a_remembered_reading_avoids_the_letters_in_use() -> None:
    sizes = {"T": "3 3 3", "x": "3", "y": "3", "z": "3"}
    program = mg.parse("sum(T * x[:, None, None] * y[None, :, None] * z)", **sizes)
    node = mg.derive(program, wrt="x")["x"].inlined
    for used, said in ((set(), "Σ_i y_i"), ({"i"}, "Σ_j y_j"), ({"k"}, "Σ_i y_i"), (set(), "Σ_i y_i")):
        reader = Reader()
        reader.used = set(used)
        assert text(reader.read(node, (None,))) == f"{said} T[:,{said[2]}] z"
        assert reader.used == used | {said[2]}


@pytest.mark.parametrize(
    ("program", "declared"),
    [
        ("sum(silu((round(w) - mean((u + u)))))", {"u": "3", "w": "d k"}),
        ("sum(exp(w - mean(exp(u))))", {"u": "n", "w": "d k"}),
        ("-log((var((w + W), axis=1) @ ((z * z))**0.5))", {"W": "2 n", "w": "2 n", "z": "2 1"}),
    ],
)
def test_sums_in_sympys_forms_wait_for_numbers(program: str, declared: dict[str, str]) -> None:
    for formula in mg.derive(mg.parse(program, **declared)).values():
        assert str(formula.sympy)


def test_a_sum_is_carried_out_once_its_bounds_are_numbers() -> None:
    form = mg.derive(mg.parse("log(sum(exp(x)))", x="n"), wrt="x")["x"].sympy
    (total,) = form.atoms(sympy.Sum)
    n = sympy.Symbol("n", integer=True, positive=True)
    assert total.doit() == total
    x = sympy.MatrixSymbol("x", 2, 1)
    there = total.xreplace({n: sympy.Integer(2)})
    assert there.doit() == sympy.exp(x[0, 0]) + sympy.exp(x[1, 0])
    numbers = there.xreplace({x: sympy.Matrix([0.5, 0.25])})
    assert float(numbers) == pytest.approx(2.93274668731)
    assert pickle.loads(pickle.dumps(total)) == total


def test_a_quotient_by_zero_stays_as_it_is() -> None:
    assert str(mg.derive(mg.parse("[v, v, S] / (v - v)", S="2 n")))
    assert str(mg.derive(mg.parse("x / ((x + y) * (x + y) - x*x - 2*x*y - y*y)", x="", y="")))


def test_a_sum_over_no_elements_is_no_mean() -> None:
    program = "sum((v.std() / where(W < W, W, U))[[], :, :])"
    assert str(mg.derive(mg.parse(program, W="n k 1", U="n k 1", v="3 d")))
