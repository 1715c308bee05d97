"""Every row that means something: its derived gradient and Hessian are the engine's; others say so.

The calls are those of the engine's table. Two witnesses meet that share nothing but the forward graph:
the formulas never read a VJP, the engine never reads a meaning.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from engine_cases import CASES, Case
from engine_cases.elementwise import PATTERNS

import minigrad as mg
from minigrad.errors import DerivationError, MinigradError, UndefinedError
from minigrad.graph import Tensor
from minigrad.primitive import REGISTRY

NAMES = "XYZUVW"
# Formulas know no axis that holds nothing; one pattern of broadcasting stands for the others.
LEFT_OUT = {"empty", "outer"}
USED = [case for case in CASES if case.label not in LEFT_OUT and "empty" not in case.label]
# Rows whose values have no closed form here; what is built of them has none either.
WITHOUT = {
    name for name, row in REGISTRY.items() if row.meaning is None and row.kind != "composite"
}
# Elementwise rows broadcast alike: two patterns of shapes stand for all where it takes longer.
FEW = [
    case
    for case in USED
    if REGISTRY[case.row].kind != "elementwise"
    or case.label in ("column", "all-scalars")
    or case.label not in PATTERNS
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


@contextmanager
def meaning_or_its_absence() -> Iterator[None]:
    """An error is one that names a row without a meaning, or says what a formula cannot know."""
    try:
        yield
    except UndefinedError as error:  # an inverse stands in the formula, as in the Hessian of det
        if "ingular" not in str(error):
            raise
    except DerivationError as error:
        if str(error).partition(":")[0] not in WITHOUT | {"getitem", "setitem"}:
            raise


def variables(arguments: list[Any], loss: Tensor) -> list[Tensor]:
    """The arguments on which the result depends (a mesh depends on one of its vectors)."""
    mine = [x for x in arguments if isinstance(x, Tensor) and x.requires_grad]
    slopes = mg.gradients(loss, mine, allow_unused=True)
    return [x for x, slope in zip(mine, slopes, strict=True) if slope is not None]


@cases(USED)
def test_gradient(case: Case) -> None:
    arguments = named_arguments(case)
    y = case.run(*arguments)
    loss = scalar_of(y)
    wrt = variables(arguments, loss)
    with meaning_or_its_absence():
        derived = mg.derive(loss, wrt=wrt)
        assert str(derived)
        for x, expected in zip(wrt, mg.gradients(loss, wrt), strict=True):
            got = derived[x]()
            assert got.shape == x.shape
            np.testing.assert_allclose(got, expected.numpy(), rtol=1e-7, atol=1e-9)


@cases(FEW)
def test_hessian(case: Case) -> None:
    arguments = named_arguments(case)
    loss = scalar_of(case.run(*arguments))
    wrt = variables(arguments, loss)[:2]
    with meaning_or_its_absence():
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


# Why a case whose numbers are part of it cannot be had from names of sizes alone.
OF_NAMES = (
    "has only a name, and this operation needs numbers",
    "is symbolic and has no value",
    "give both axes one name",
    "give it another size, or its size a multiple",
    "has no meaning in index notation",
    "no polynomial of dims",
    "has no axis of a whole size left",
    "both vectors need three components",
    "must equal the last sizes",
    "counts do not fit the n elements",
    "a mask of shape",
    "weights of shape (4,) fit neither",
    "the output does not depend on",
)

SIZES = {2: "m", 3: "n", 4: "k", 5: "p", 6: "q", 7: "r"}


@cases(FEW)
def test_sizes_that_are_names(case: Case) -> None:
    """Derived without data: right for the data then given, or an error that says why not."""
    declared = [
        f"{NAMES[k]}: " + " ".join(SIZES.get(s, str(s)) for s in a.shape)
        for k, a in enumerate(case.args)
        if a.dtype.kind == "f"
    ]
    made = mg.symbols(*declared)
    names = iter((made,) if isinstance(made, Tensor) else made)
    arguments = [next(names) if a.dtype.kind == "f" else a for a in case.args]
    try:
        y = case.run(*arguments)
        derived = mg.derive(mg.sum(y * y) / 2, wrt=[a for a in arguments if isinstance(a, Tensor)])
        values = {NAMES[k]: a for k, a in enumerate(case.args)}
        found = derived(values)
    except MinigradError as error:
        if any(reason in str(error) for reason in OF_NAMES):
            return
        raise
    with_data = named_arguments(case)
    y = case.run(*with_data)
    floats = [x for x in with_data if isinstance(x, Tensor) and x.requires_grad]
    slopes = mg.gradients(mg.sum(y * y) / 2, floats, allow_unused=True)
    for x, slope in zip(floats, slopes, strict=True):
        expected = np.zeros(x.shape) if slope is None else slope.numpy()
        np.testing.assert_allclose(found[str(x.name)], expected, rtol=1e-7, atol=1e-9)


CALLED = sorted(WITHOUT & {case.row for case in USED})


@pytest.mark.parametrize("name", CALLED)
def test_rows_without_a_meaning_are_named(name: str) -> None:
    case = next(c for c in USED if c.row == name)
    loss = mg.sum(case.run(*named_arguments(case)))
    with pytest.raises(DerivationError, match="has no meaning in index notation") as error:
        mg.derive(loss)
    assert str(error.value).partition(":")[0] in WITHOUT


def test_a_false_meaning_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests can fail: a sine that means a cosine is seen."""
    lie = dataclasses.replace(REGISTRY["sin"], meaning="cos(x)")
    x = mg.tensor(np.array([0.3, 0.7]), name="X", requires_grad=True)
    loss = mg.sum(mg.sin(x))
    node = loss._node.inputs[0]  # type: ignore[union-attr]
    monkeypatch.setattr(node, "op", lie)
    right = mg.gradients(loss, [x])[0].numpy()
    assert not np.allclose(mg.derive(loss, wrt="X")["X"](), right)
