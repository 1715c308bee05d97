"""Deep, long and wide programs: every exit works without recursion over their depth, in linear work.

``PROGRAMS`` says how a program of n steps is built; the exits are what is done with it.
"""

from __future__ import annotations

import copy
import math
import pickle
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import stack
from typing import Any

import numpy as np
import pytest
import sympy

import minigrad as mg
from minigrad.checking import GeneratedSource
from minigrad.errors import ArgumentError, DerivationError, MinigradError, UnsupportedError
from minigrad.index import contract as room
from minigrad.index import rebuild
from minigrad.index.expr import Expr, Ref, Sum, postorder
from minigrad.index.size import dim
from minigrad.notation.printed_text import read_back
from minigrad.notation.reader import Reader
from minigrad.primitive import REGISTRY
from minigrad.program import in_order, program
from minigrad.program.partial_contraction import PartialContraction
from minigrad.symbolic import freenames, shapes

_TENSORS: dict[str, mg.Tensor] = {}  # the newest of each name


def tensor(name: str, *shape: int) -> mg.Tensor:
    values = np.linspace(0.4, 0.6, math.prod(shape)).reshape(shape)
    _TENSORS[name] = mg.tensor(values, name=name, requires_grad=True)
    return _TENSORS[name]


def chain(step: Callable[[Any, int], Any], start: Any, n: int) -> Any:
    y = start
    for k in range(n):
        y = step(y, k)
    return y


def _chain_of(step: Callable[..., Any], *shape: int) -> Callable[[int], mg.Tensor]:
    """Steps ``step(y, k, x, b, A)`` on one vector or matrix x, summed."""

    def built(n: int) -> mg.Tensor:
        x, b, a = tensor("x", *(shape or (3,))), tensor("b", 3), tensor("A", 3, 3)
        return mg.sum(chain(lambda y, k: step(y, k, x, b, a), x, n))

    return built


def _many(n: int) -> list[mg.Tensor]:
    return [tensor(f"x{k}", 3) for k in range(n)]


def _joined(parts: list[mg.Tensor]) -> mg.Tensor:
    return mg.sum(mg.sin(mg.concatenate([x * float(k + 1) for k, x in enumerate(parts)])))


def _layers(n: int) -> mg.Tensor:
    weights = [tensor(f"W{k}", 3, 3) for k in range(n)]
    return mg.sum(chain(lambda y, k: mg.tanh(weights[k] @ y), tensor("x", 3), n))


def _all_named(n: int) -> mg.Tensor:
    return mg.sum(chain(lambda y, k: mg.sin(y).named(f"h{k}"), tensor("x", 3), n))


def _product_of_all(n: int) -> mg.Tensor:
    xs = _many(n)
    return mg.sum(chain(lambda y, k: y * xs[k], tensor("y", 3), n))


PROGRAMS: dict[str, Callable[[int], mg.Tensor]] = {
    "functions": _chain_of(lambda y, k, x, b, a: mg.sin(y)),
    "a Jacobian": lambda n: chain(lambda y, k: mg.sin(y), tensor("x", 3), n),
    "sums and products": _chain_of(lambda y, k, x, b, a: y + b * mg.sin(y)),
    "quotients": _chain_of(lambda y, k, x, b, a: b / (1 + y)),
    "powers": _chain_of(lambda y, k, x, b, a: (1 + y) ** 0.5),
    "one matrix": _chain_of(lambda y, k, x, b, a: y @ a),
    "layers of one": _chain_of(lambda y, k, x, b, a: mg.tanh(a @ y + b)),
    "layers of many": _layers,
    "choices": _chain_of(lambda y, k, x, b, a: mg.maximum(y, b * (k % 3))),
    "softmaxes": _chain_of(lambda y, k, x, b, a: b * mg.nn.functional.softmax(y)),
    "reductions": _chain_of(lambda y, k, x, b, a: mg.tanh(y * mg.mean(y))),
    "axes": _chain_of(lambda y, k, x, b, a: mg.sin(y).T if k % 2 else y[::-1], 3, 3),
    "gathers": _chain_of(lambda y, k, x, b, a: y[np.array([2, 0, 1])]),
    "running sums": _chain_of(lambda y, k, x, b, a: mg.cumsum(y) * 0.5),
    "one variable": _chain_of(lambda y, k, x, b, a: mg.tanh(y * x)),
    "named steps": _all_named,
    "many terms": lambda n: mg.sum(sum(map(mg.sin, _many(n)), tensor("y", 3))),
    "many factors": _product_of_all,
    "many pieces": lambda n: _joined(_many(n)),
    "products of all": _chain_of(lambda y, k, x, b, a: y * mg.prod(y)),
    "maxima": _chain_of(lambda y, k, x, b, a: y - mg.max(y)),
    "spreads": _chain_of(lambda y, k, x, b, a: y / mg.std(y)),
    "norms": _chain_of(lambda y, k, x, b, a: b + y / mg.linalg.norm(y)),
    "inverses": _chain_of(lambda y, k, x, b, a: mg.linalg.inv(y + 3 * np.eye(3)), 3, 3),
    "means": _chain_of(lambda y, k, x, b, a: mg.tanh(y - mg.mean(y)) if k % 2 else b * y),
    "pieces": _chain_of(lambda y, k, x, b, a: mg.concatenate([mg.sin(y[1:]), y[:1]])),
    "reshapes": _chain_of(
        lambda y, k, x, b, a: mg.sin(y.T if k % 2 else mg.reshape(y[:, ::-1], (3, 3))), 3, 3
    ),
    "padding": _chain_of(lambda y, k, x, b, a: mg.sin(mg.pad(y[1:], ((0, 1),)) + b)),
    "wide sums": _chain_of(lambda y, k, x, b, a: y + mg.sin(x * float(k + 1))),
    "wide pieces": lambda n: _joined([tensor("x", 3)] * n),
    "squares": lambda n: mg.sum(chain(lambda y, k: y * y, tensor("x", 3), n)),
}


@contextmanager
def frames(count: int) -> Iterator[None]:
    """So many levels of calls are left for what stands within."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(stack(0)) + count)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def work(monkeypatch: pytest.MonkeyPatch, loss: mg.Tensor) -> Counter[str]:
    """How often products are put in normal form, nodes rebuilt and nodes read, and how long the text is."""
    counted: Counter[str] = Counter()

    def count(owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def counting(*args: Any) -> Any:
            counted[name] += 1
            return plain(*args)

        patch.setattr(owner, name, counting)

    with monkeypatch.context() as patch, frames(400):
        count(room._Contraction, "finish")
        count(rebuild, "with_children")
        count(Reader, "read")
        counted["text"] = len(str(mg.derive(loss)))
    return counted


@pytest.mark.parametrize("shape", PROGRAMS)
@pytest.mark.long("part")
def test_twice_the_depth_is_little_more_than_twice_the_work(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freenames, "_MOST_OPERATIONS", 0)  # as what is too long to be read as a whole
    few, many = (work(monkeypatch, PROGRAMS[shape](n)) for n in (80, 160))
    assert all(many[what] <= 2.5 * few[what] + 50 for what in many), (few, many)


def _terms(node: Expr) -> list[Expr]:
    return [term for _, term in node.terms] if isinstance(node, Sum) else [node]


@pytest.mark.parametrize("shape", ["functions", "layers of many", "named steps", "choices"])
def test_what_stands_between_two_names_is_small(shape: str) -> None:
    d = mg.derive(PROGRAMS[shape](150))
    roots = [f.expr for f in d.values()]
    names = [node for node in postorder(*roots) if isinstance(node, Ref)]
    # a gradient that many steps send something to is as wide as they are many, not as deep
    parts = [part for ref in names for part in _terms(ref.node)]
    assert max(part.weight for part in parts) < 200
    assert max(e.height for e in (*roots, *(ref.node for ref in names))) < 50
    assert max(Counter(r.name for r in set(names)).values()) == 1


def test_every_form_of_a_deep_formula() -> None:
    d = mg.derive(PROGRAMS["functions"](1000), wrt="x")
    f = d["x"]
    with frames(400):
        for text in (d.ascii, d.latex, d.mathml, f.index, f._repr_latex_(), repr(d)):
            assert "sin" in text or "dx" in text or "Derivation" in text
        assert "chain rule" in str(d.steps[-1])
        for form in ("expanded", "sympy"):
            with pytest.raises(DerivationError, match="nested"):
                getattr(f, form)


def test_a_name_stands_before_the_line_that_needs_it() -> None:
    d = mg.derive(PROGRAMS["named steps"](8), order=2)
    given = {"x", "L"}
    for line in str(d).replace("\n", "      ").split("      "):
        left, equals, right = line.partition(" = ")
        if equals and left.strip().isidentifier():
            assert not set(re.findall(r"\bd?h\d+\b", right)) - given, line
            given.add(left.strip())
    assert len(given) > 8


def test_second_derivatives_give_every_name_once() -> None:
    x = mg.symbols("x:")
    h = mg.derive(chain(lambda y, k: mg.sin(y * x), x, 12), order=2)["x"]
    names = {node for node in postorder(h.expr) if isinstance(node, Ref)}
    assert len({ref.name for ref in names}) == len(names)


def test_second_derivatives_of_deep_programs_are_right() -> None:
    x, a = variables = tensor("x", 3), tensor("A", 3, 3)
    loss = mg.sum(chain(lambda y, k: mg.tanh(a @ y + x) * mg.prod(y), x, 6))
    for (left, right), formula in mg.derive(loss, order=2).items():
        v, w = (next(t for t in variables if t.name == name) for name in (left, right))
        (first,) = mg.gradients(loss, [v], create_graph=True)
        u = np.linspace(-1, 1, first.numpy().size).reshape(first.shape)
        (wanted,) = mg.gradients(mg.sum(first * u), [w])
        found = np.tensordot(u, formula(), axes=u.ndim)
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-9, atol=1e-12)


def test_too_many_second_derivatives_are_refused_in_words() -> None:
    with pytest.raises(DerivationError, match=r"order 2 by 41 variables is 1,681 formulas"):
        mg.derive(_layers(40), order=2)
    assert mg.derive(_layers(40), wrt=["x"], order=2)["x"].expr.ndim == 2


def test_nested_softmaxes_are_refused_to_sympy() -> None:
    x, c = mg.symbols("x: 3", "c: 3")
    y = chain(lambda y, k: mg.nn.functional.softmax(y), x, 20) @ c
    with pytest.raises(DerivationError, match="definitions"):
        _ = mg.derive(y, wrt="c")["c"].sympy


@pytest.mark.parametrize(
    ("step", "n", "told"),
    [
        (lambda y: 2 * y, 5000, "binary digits"),
        (lambda y: y + y, 5000, "binary digits"),
        (lambda y: y * 0.5, 3000, "nearer to 0"),
        (lambda y: y / 1.7, 3000, "nearer to 0"),
        (lambda y: (0.5 * y) ** 3, 50, "nearer to 0"),
    ],
)
def test_numbers_that_no_float_holds_are_refused(
    step: Callable[[Any], Any], n: int, told: str
) -> None:
    with pytest.raises(DerivationError, match=told):
        mg.derive(chain(lambda y, k: step(y), mg.symbols("x: 3"), n).sum())


def test_factors_that_floats_hold_are_kept() -> None:
    x = mg.symbols("x: 3")
    decay = mg.derive(mg.sum(chain(lambda y, k: y * 0.9, x, 3000)))
    np.testing.assert_allclose(decay["x"](x=np.ones(3)), 0.9**3000, rtol=1e-9)
    assert str(mg.derive(mg.sum(chain(lambda y, k: 1 - y, x, 3000)))) == "dx = 𝟏"


# -- values, source, checks, pictures ------------------------------------------------------------------


@pytest.mark.parametrize("operations", [0, 400])
@pytest.mark.parametrize("shape", PROGRAMS)
@pytest.mark.long("part")
def test_values_and_source_are_right(
    shape: str, operations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the engine has them, in programs that are read as a whole and in those read line by line."""
    monkeypatch.setattr(freenames, "_MOST_OPERATIONS", operations)
    loss = PROGRAMS[shape](24)
    weights = np.linspace(0.5, 1.5, max(loss.numpy().size, 1)).reshape(loss.shape)
    d = mg.derive(loss)
    mg.sum(loss * weights).backward()
    arrays = {name: node.value for name, (node, _) in d.reading.lowered.leaves.items()}
    with frames(400):
        values = d()
        written = GeneratedSource(d.source).arrays(arrays, {})
    leaves = {name: t for name, t in _TENSORS.items() if name in values}
    for (name, value), text in zip(values.items(), written, strict=True):
        wanted = leaves[name].grad.numpy()
        for found in (value, text):
            by_loss = np.tensordot(weights, found, axes=loss.ndim)
            np.testing.assert_allclose(by_loss, wanted, rtol=1e-8, atol=1e-10)


DEEP = {
    "functions": 600,
    "named steps": 500,
    "wide sums": 200,
    "layers of one": 100,
    "products of all": 200,
}


@pytest.mark.parametrize("shape", DEEP)
@pytest.mark.long("part")
def test_every_exit_of_a_deep_program(shape: str) -> None:
    loss = PROGRAMS[shape](DEEP[shape])
    d = mg.derive(loss)
    arrays = {name: node.value for name, (node, _) in d.reading.lowered.leaves.items()}
    with frames(400):
        assert all((str(d), d.ascii, d.latex, d.mathml, d.steps))
        for value, written in zip(
            d().values(), GeneratedSource(d.source).arrays(arrays, {}), strict=True
        ):
            np.testing.assert_allclose(written, value, rtol=1e-9, atol=1e-12)
        assert str(pickle.loads(pickle.dumps(d))) == str(d)
    assert len(mg.draw(loss).picture.cards) <= 300
    assert d.check(seconds=4).verdict != "fail"


@pytest.mark.parametrize("shape", PROGRAMS)
@pytest.mark.long("part")
def test_twice_the_depth_makes_about_twice_the_array_operations(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freenames, "_MOST_OPERATIONS", 0)
    counts = []
    for n in (30, 60):
        d = mg.derive(PROGRAMS[shape](n))
        made = program([f.expr for f in d.values()], d.reading.lowered.sizes)
        counts.append(sum(1 for _ in in_order(made.results)))
    assert counts[1] <= 2.3 * counts[0] + 20


def test_no_line_of_source_holds_a_whole_sum() -> None:
    """Python's compiler recurses over an expression, so none is as deep as what it computes."""
    rows = mg.derive(PROGRAMS["wide sums"](500)).source().splitlines()
    assert max(map(len, rows)) <= 100
    statements = " ".join(rows).split(" = ")
    assert max(text.count(" + ") for text in statements) <= 130


def test_a_deep_picture_is_summarised_before_it_is_laid_out() -> None:
    picture = mg.draw(PROGRAMS["named steps"](1200)).picture
    shown = {card.symbol.plain for card in picture.cards}
    assert len(picture.cards) <= 300
    assert {"x", "h_0", "h_1", "h1198", "h1199"} <= shown
    assert any(card.kind == "folded" and "steps" in card.tooltip for card in picture.cards)


# -- pickle --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["functions", "layers of many", "named steps", "gathers"])
@pytest.mark.long("part")
def test_derivations_and_formulas_are_pickled_at_any_depth(shape: str) -> None:
    d = mg.derive(PROGRAMS[shape](150))
    with frames(250):
        back = pickle.loads(pickle.dumps(d))
        key, formula = next(iter(d.items()))
        alone = pickle.loads(pickle.dumps(formula))
    assert str(back) == str(d)
    assert list(map(str, back.steps)) == list(map(str, d.steps))
    assert str(alone) == str(formula)
    np.testing.assert_array_equal(alone(), formula())
    np.testing.assert_array_equal(back[key](), formula())
    assert copy.deepcopy(d) is d
    assert copy.copy(formula).expr is formula.expr


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_second_derivatives_with_scopes_are_pickled(protocol: int) -> None:
    x = mg.symbols("x: n")
    with mg.scope("a"), mg.scope("b"):
        y = mg.nn.functional.softmax(x).named("p")
    d = mg.derive(mg.sum(y**3), order=2)
    back = pickle.loads(pickle.dumps(d, protocol))
    assert str(back) == str(d)
    assert back["x", "x"].latex == d["x", "x"].latex
    assert list(back) == list(d)


def test_an_operation_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(mg.derive(mg.sum(mg.sin(mg.symbols("x: 3")))))
    monkeypatch.delitem(REGISTRY, "sin")
    with pytest.raises(UnsupportedError, match="'sin'"):
        pickle.loads(data)


# -- texts ---------------------------------------------------------------------------------------------

N = 10_000
DEEP_TEXTS = {
    "parentheses": "(" * N + "x" + ")" * N,
    "calls": "sin(" * N + "x" + ")" * N,
    "signs": "-" * N + "x",
    "terms": "x" + "+x" * N,
    "powers": "x" + "**x" * N,
    "transposes": "x" + ".T" * N,
    "indices": "x" + "[0]" * N,
    "lists": "[" * N + "x" + "]" * N,
    "choices": "x if x else " * N + "x",
}


@pytest.mark.parametrize("text", DEEP_TEXTS)
def test_deep_texts_are_read_or_refused_in_words(text: str) -> None:
    with pytest.raises(ArgumentError, match="nested too deeply"):
        mg.parse(DEEP_TEXTS[text], x="3")


def test_ten_thousand_statements_are_read() -> None:
    lines = ["h0 = x", *(f"h{k + 1} = sin(h{k})" for k in range(N)), f"h{N}"]
    assert mg.parse("\n".join(lines), x="3").shape == (3,)


PRINTED = {
    "parentheses": "(" * N + "x" + ")" * N,
    "calls": "sin(" * N + "x" + ")" * N,
    "signs": "−" * N + "x",
    "brackets": "[" * N + "x" + "]" * N,
    "open": "(" * N,
    "digits": "1" * N,
    "norms": "‖" * N + "x" + "‖" * N,
}


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("text", PRINTED)
def test_deep_printed_texts_are_refused_in_words(text: str, ascii: bool) -> None:
    with pytest.raises(MinigradError):
        read_back(f"y = {PRINTED[text]}", {"x": np.ones(3)}, ascii=ascii)


def test_a_printed_text_of_many_lines_is_read_back() -> None:
    text = "y = " + " + ".join(f"a{k}" for k in range(2000)) + "   where "
    text += ", ".join(f"a{k} = {k} x" for k in range(2000))
    assert read_back(text, {"x": np.ones(1)})["y"] == sum(range(2000))


def test_deep_expressions_of_sympy_are_refused_in_words() -> None:
    x = sympy.Symbol("x")
    steps = (
        lambda e, k: sympy.sin(e, evaluate=False),
        lambda e, k: sympy.Add(e, 1, evaluate=False),
    )
    for step in steps:
        with pytest.raises(DerivationError, match="nested too deeply"):
            mg.from_sympy(chain(step, x, 2000))


def test_arrays_run_through_deep_graphs_without_recursion() -> None:
    def deep(x: Any) -> Any:
        return mg.sum(chain(lambda y, k: mg.sin(y), x, 2000))

    at = np.array([0.1, 0.2])
    with frames(150):
        x = mg.tensor(at, name="x", requires_grad=True)
        loss = deep(x)
        assert pickle.loads(pickle.dumps(loss)).shape == ()
        assert copy.deepcopy(loss).item() == loss.item()
        loss.backward()
        mg.grad(lambda z: mg.sum(mg.grad(deep)(z)))(at)
        mg.jvp(deep, (at,), (at,))
        mg.hvp(deep, (at,), (at,))
        del loss, x


# -- shapes of symbols --------------------------------------------------------------------------------

_STEPS: dict[str, Callable[[Any], Any]] = {
    "y/2 + 1": lambda y: y * 0.5 + 1,
    "log(1 + exp y)": lambda y: mg.log(1 + mg.exp(y)),
}


@pytest.mark.parametrize("step", _STEPS)
@pytest.mark.parametrize("of", ["symbols without sizes", "symbols", "an array that meets symbols"])
def test_a_long_chain_reads_the_shape_of_every_step_once(
    step: str, of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    shape_of = shapes.broadcast_sizes

    def counted(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        return shape_of(*args)

    monkeypatch.setattr(shapes, "broadcast_sizes", counted)
    length = 1500
    if of == "an array that meets symbols":
        y = mg.tensor(np.ones(4), name="c", dims="n", requires_grad=True)
    else:
        y = mg.symbols("x: n" if of == "symbols without sizes" else "x: 4")
    for k in range(length):
        y = _STEPS[step](y)
        if of == "an array that meets symbols" and k % 500 == 499:
            assert (y * mg.symbols("s: n")).shape == (dim("n"),)
    if of == "an array that meets symbols":
        y = y * mg.symbols("s: n")
    assert y.shape == ((4,) if of == "symbols" else (dim("n"),))
    steps = length * (2 if step == "y/2 + 1" else 3)
    assert asked <= 2 * steps + 2


@pytest.mark.parametrize("shape", ["gathers", "sorts", "pieces", "padding"])
def test_source_of_twice_the_depth_is_little_more_than_twice_the_work(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each name stands in places of the one before: what is behind it is not read to the end each time."""
    made = {
        "gathers": _chain_of(lambda y, k, x, b, a: mg.sin(y[np.array([2, 0, 1])])),
        "sorts": _chain_of(lambda y, k, x, b, a: mg.sin(mg.sort(y))),
        **PROGRAMS,
    }[shape]

    def asked(n: int) -> int:
        count = 0
        plain = PartialContraction.carried_elsewhere

        def counting(*args: Any) -> bool:
            nonlocal count
            count += 1
            return plain(*args)

        with monkeypatch.context() as patch:
            patch.setattr(PartialContraction, "carried_elsewhere", counting)
            mg.derive(made(n)).source()
        return count

    few, many = asked(60), asked(120)
    assert many <= 2.5 * few + 50, (few, many)
