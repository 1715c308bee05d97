"""Every row that means something: its derived gradient and Hessian are the engine's; others say so.

The calls are those of the engine's table. Two witnesses meet that share nothing but the forward graph:
the formulas never read a VJP, the engine never reads a meaning.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pytest
from engine_cases import CASES, Case
from engine_cases.elementwise import PATTERNS
from unjudged import NO_FORMULA, NO_NAMES

import minigrad as mg
from minigrad.errors import MinigradError
from minigrad.graph import Tensor
from minigrad.primitive import REGISTRY

NAMES = "XYZUVW"
# Elementwise rows broadcast alike: two patterns of shapes stand for all where it takes longer.
FEW = [
    case
    for case in CASES
    if "empty" not in case.label
    and (
        REGISTRY[case.row].kind != "elementwise"
        or case.label in ("column", "all-scalars")
        or case.label not in PATTERNS
    )
]


def cases(chosen: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", chosen, ids=[case.id for case in chosen])


def numbers(*key: object) -> np.random.Generator:
    return np.random.default_rng(sum(str(key).encode()))


def named_arguments(case: Case) -> list[Any]:
    """The call's arrays of floats as variables with names for all axes longer than 1."""
    found: list[Any] = []
    for k, array in enumerate(case.args):
        if array.dtype.kind != "f":
            found.append(array)
            continue
        dims = [
            f"{NAMES[k].lower()}{axis}" if s > 1 else None for axis, s in enumerate(array.shape)
        ]
        found.append(mg.tensor(array, name=NAMES[k], dims=dims, requires_grad=True))
    return found


def scalar_of(y: Tensor) -> Tensor:
    """A number that feels every element of y, with curvature of its own."""
    weights = mg.tensor(numbers(y.shape).normal(size=y.shape), name="C")
    return mg.sum(weights * y) + mg.sum(y * y) / 2


def told(case: Case, *tables: dict[str, str]) -> AbstractContextManager[Any]:
    """An error that says what the table says, where a table has the case; nothing where none has."""
    reasons = [table[case.id] for table in tables if case.id in table]
    return pytest.raises(MinigradError, match=reasons[0]) if reasons else nullcontext()


def variables(arguments: list[Any], loss: Tensor) -> list[Tensor]:
    """The arguments on which the result depends (a mesh depends on one of its vectors)."""
    mine = [x for x in arguments if isinstance(x, Tensor) and x.requires_grad]
    slopes = mg.gradients(loss, mine, allow_unused=True)
    return [x for x, slope in zip(mine, slopes, strict=True) if slope is not None]


@cases(CASES)
@pytest.mark.long("part")
def test_gradient(case: Case) -> None:
    arguments = named_arguments(case)
    y = case.run(*arguments)
    loss = scalar_of(y)
    wrt = variables(arguments, loss)
    with told(case, NO_FORMULA):
        derived = mg.derive(loss, wrt=wrt)
        assert str(derived)
        for x, expected in zip(wrt, mg.gradients(loss, wrt), strict=True):
            got = derived[x]()
            assert got.shape == x.shape
            np.testing.assert_allclose(got, expected.numpy(), rtol=1e-7, atol=1e-9)


@cases(FEW)
@pytest.mark.long("part")
def test_hessian(case: Case) -> None:
    arguments = named_arguments(case)
    loss = scalar_of(case.run(*arguments))
    wrt = variables(arguments, loss)[:2]
    with told(case, NO_FORMULA):
        derived = mg.derive(loss, wrt=wrt, order=2)
        slopes = mg.gradients(loss, wrt, create_graph=True)
        for x, slope in zip(wrt, slopes, strict=True):
            along = numbers("along", x.shape).normal(size=x.shape)
            other = mg.sum(slope * along)
            for z in wrt:
                expected = np.zeros(z.shape)
                if other.requires_grad:
                    (second,) = mg.gradients(other, [z], allow_unused=True)
                    expected = expected if second is None else second.numpy()
                got = np.tensordot(along, derived[x, z](), axes=x.ndim)
                np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)


SIZES = {2: "m", 3: "n", 4: "k", 5: "p", 6: "q", 7: "r"}


def judge_without_data(case: Case, sizes: dict[int, str]) -> Tensor:
    """The result of symbols of these sizes, whose derivatives are the engine's for the data then given."""
    with_data = named_arguments(case)
    y = case.run(*with_data)
    loss = mg.sum(y * y) / 2
    wrt = variables(with_data, loss)
    slopes = mg.gradients(loss, wrt)
    expected = {str(x.name): slope.numpy() for x, slope in zip(wrt, slopes, strict=True)}
    given = {NAMES[k]: a for k, a in enumerate(case.args) if a.dtype.kind == "f"}
    made = {
        name: mg.symbols(f"{name}: " + " ".join(sizes.get(s, str(s)) for s in a.shape))
        for name, a in given.items()
    }
    y = case.run(*(made.get(name, a) for name, a in zip(NAMES, case.args, strict=False)))
    derived = mg.derive(mg.sum(y * y) / 2, wrt=[made[name] for name in expected])
    found = derived({**given, **{name: size for size, name in sizes.items()}})
    assert found.keys() == expected.keys()
    for name, right in expected.items():
        np.testing.assert_allclose(found[name], right, rtol=1e-7, atol=1e-9)
    return y


@cases(FEW)
@pytest.mark.long("part")
def test_sizes_that_are_names(case: Case) -> None:
    """Derived without data: right for the data then given, or an error that says why not."""
    with told(case, NO_NAMES, NO_FORMULA):
        judge_without_data(case, SIZES)


@cases([case for case in FEW if case.id in NO_FORMULA | NO_NAMES])
@pytest.mark.long("part")
def test_sizes_that_are_numbers(case: Case) -> None:
    """What names do not allow is judged all the same."""
    with told(case, NO_FORMULA):
        assert judge_without_data(case, {}).shape == case.run(*case.args).shape


def test_what_depends_on_an_order_follows_the_values_given() -> None:
    """The order is part of the formula: other values, another order, in values and in source text."""
    x = mg.tensor(np.array([3.0, 1.0, 2.0]), name="x", requires_grad=True)
    c = mg.tensor(np.array([10.0, 20.0, 30.0]), name="c")
    formula = mg.derive(mg.sum(c * mg.sort(x)), wrt="x")["x"]
    assert str(formula) == "dx = onehot(argsort(x))ᵀ c"
    np.testing.assert_array_equal(formula(), [30, 10, 20])
    other = np.array([5.0, 7.0, 5.0])  # ties keep their order
    np.testing.assert_array_equal(formula({"x": other}), [10, 30, 20])
    space: dict[str, Any] = {}
    exec(formula.source("numpy"), space)
    np.testing.assert_array_equal(space["gradient_x"](other, c.numpy()), [10, 30, 20])


F, Y, M = mg.nn.functional, np.array([2, 0, 2]), np.array([[1, 0, 1], [1, 1, 0]], bool)
# Arrays that choose are variables too: then their sizes may be names, and the formula follows them.
CHOOSING: dict[str, tuple[Any, str, Any]] = {
    "labels": (lambda x, y: F.cross_entropy(x, y), "n | index", Y),
    "smoothed": (lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1), "n | index", Y),
    "ignored": (lambda x, y: F.cross_entropy(x, y, ignore_index=0), "n | index", Y),
    "ignored, smoothed": (
        lambda x, y: F.cross_entropy(x, y, ignore_index=0, label_smoothing=0.1), "n | index", Y
    ),
    "weighted": (lambda x, y: F.nll_loss(x, y, x[0] ** 2, 0), "n | index", Y),
    "rows": (lambda x, y: F.embedding(y, x) ** 2, "n | index", Y),
    "wrap": (lambda x, y: mg.take(x, y, axis=1, mode="wrap") ** 2, "n | index", Y),
    "written": (lambda x, y: mg.setitem(x, (slice(None), y), x[0, 0] ** 2), "k | index", Y),
    **{
        f.__name__: (lambda x, m, f=f: f(x**2, where=m), "n d | bool", M)
        for f in (mg.sum, mg.prod, mg.mean, mg.var, mg.std, mg.nansum, mg.nanmean)
    },
    "max": (lambda x, m: mg.max(x, axis=1, where=m, initial=0.1), "n d | bool", M),
    "average": (lambda x, w: mg.average(x**2, axis=0, weights=w), "n", np.array([1.0, 2.0, 4.0])),
}  # fmt: skip


@pytest.mark.parametrize("label", CHOOSING)
def test_arrays_that_choose_may_be_variables(label: str) -> None:
    call, dims, array = CHOOSING[label]
    data = numbers(label).normal(size=(len(array), 3))
    known = mg.tensor(data, name="X", requires_grad=True)
    (right,) = mg.gradients(mg.sum(call(known, array) ** 2), [known])
    kept = mg.tensor(np.flip(array), name="y")
    for x, y in (mg.symbols("X: n d", f"y: {dims}"), (known, kept)):
        formula = mg.derive(mg.sum(call(x, y) ** 2), wrt="X")["X"]
        np.testing.assert_allclose(formula({"X": data, "y": array}), right.numpy(), rtol=1e-9)


def test_what_is_missing_is_told_by_the_formula() -> None:
    """No array of which elements were missing at hand."""
    x = mg.tensor(np.array([1.0, 2.0]), name="x", requires_grad=True)
    formula = mg.derive(mg.sum(mg.fmax(x, 1.5) ** 2), wrt="x")["x"]
    assert "np.array" not in formula.source("numpy")


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_second_derivatives_of_a_determinant_need_no_inverse(rank: int) -> None:
    """A polynomial of degree n − 2 in the elements, also in the text of a function."""
    x = mg.symbols("X: n n")
    a, b = numbers(rank).normal(size=(2, 3, rank))
    matrix = a @ b.T
    formula = mg.derive(2 * mg.linalg.det(x) + mg.linalg.det(x) ** 2, wrt="X", order=2)["X"]
    known = mg.tensor(matrix, name="X", requires_grad=True)
    loss = 2 * mg.linalg.det(known) + mg.linalg.det(known) ** 2
    (slope,) = mg.gradients(loss, [known], create_graph=True)
    right = [mg.gradients(slope[place], [known])[0].numpy() for place in np.ndindex(3, 3)]
    space: dict[str, Any] = {}
    exec(formula.source("numpy"), space)
    for got in (formula({"X": matrix}), space["hessian"](matrix)):
        np.testing.assert_allclose(got.reshape(9, 3, 3), right, atol=1e-12)


WRITES = {  # index arrays in which a place is named twice, and from the end
    "one": (np.array([1, 3, -4, 0, 1]),),
    "grid": (np.array([[0], [-3]]), np.array([1, 2, 1])),
    "masked": (np.array([True, False, True]), np.array([2, 2])),
    "behind a slice": (slice(None), np.array([3, 0, -1])),
}


@pytest.mark.parametrize("label", WRITES)
def test_of_values_written_to_one_place_the_last_counts(label: str) -> None:
    rng, index = numbers(label), WRITES[label]
    x = mg.tensor(rng.normal(size=5 if len(index) == 1 else (3, 4)), name="X", requires_grad=True)
    value = mg.tensor(rng.normal(size=x.numpy()[index].shape), name="V", requires_grad=True)
    loss = mg.sum(mg.setitem(x, index, value) ** 3)
    derived = mg.derive(loss, wrt=[x, value])
    for variable, expected in zip((x, value), mg.gradients(loss, [x, value]), strict=True):
        np.testing.assert_allclose(derived[variable](), expected.numpy(), rtol=1e-12)


def test_places_that_have_a_name_may_be_others_later() -> None:
    x, v, i = mg.symbols("x: n", "v: k", "i: k | index")
    loss = mg.sum(mg.setitem(x, i, v) ** 2)
    derived = mg.derive(loss, wrt=[x, v])
    assert "t = last(i)" in str(derived)
    assert derived.check().verdict == "pass"
    given = {"x": np.arange(4.0), "v": np.array([5.0, 6, 7]), "i": np.array([1, -3, 0])}
    got = derived(given)
    np.testing.assert_array_equal(got["x"], [0, 0, 4, 6])
    np.testing.assert_array_equal(got["v"], [0, 12, 14])


def test_every_row_has_a_meaning() -> None:
    rows = [row for row in REGISTRY.values() if row.builtin and row.kind != "composite"]
    assert [row.name for row in rows if row.meaning is None] == []


@pytest.mark.parametrize("case", [case for case in CASES if "conv" in case.row], ids=lambda case: case.id)
@pytest.mark.parametrize("position", [0, 1])
def test_adjoints_that_nobody_calls(case: Case, position: int) -> None:
    """The engine's gradient of a convolution is made of rows of its own; their gradients are derived too."""
    arguments = named_arguments(case)
    result = case.run(*arguments)
    loss = mg.sum(result * result * numbers(case.label).normal(size=result.shape))
    (slope,) = mg.gradients(loss, [arguments[position]], create_graph=True)
    again = mg.sum(slope**2)
    derived = mg.derive(again, wrt=arguments[:2])
    for x, expected in zip(arguments, mg.gradients(again, arguments[:2]), strict=False):
        np.testing.assert_allclose(derived[x](), expected.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("options", [{"stride": 2, "padding": 1}, {"padding": 1, "dilation": 2}], ids=str)
def test_the_margin_of_a_pooled_image_is_below_every_element(options: dict[str, int]) -> None:
    """−∞ around the image is not multiplied by 0 inside: the gradient was nan."""
    x = mg.tensor(numbers("pool").normal(size=(1, 2, 5, 5)), name="X", requires_grad=True)
    loss = mg.sum(F.max_pool2d(x, 3, **options) ** 3)
    (expected,) = mg.gradients(loss, [x])
    np.testing.assert_allclose(mg.derive(loss, wrt="X")["X"](), expected.numpy(), rtol=1e-12)


def test_a_false_meaning_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests can fail: a sine that means a cosine is seen."""
    lie = REGISTRY["sin"].replaced(meaning="cos(x)")
    x = mg.tensor(np.array([0.3, 0.7]), name="X", requires_grad=True)
    loss = mg.sum(mg.sin(x))
    node = loss._node.inputs[0]  # type: ignore[union-attr]
    monkeypatch.setattr(node, "op", lie)
    right = mg.gradients(loss, [x])[0].numpy()
    assert not np.allclose(mg.derive(loss, wrt="X")["X"](), right)
