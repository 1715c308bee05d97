"""Random texts over the whole vocabulary: value, derivative and generated source by every way there is."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from array_expressions import NAMES, array_expressions, declared, shapes_in
from dense_reference import dense_value
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from source_cases import Case, arrays_for, compiled, engine_gradient

import minigrad as mg
from minigrad.checking.replay import Replay
from minigrad.errors import DerivationError, DtypeError, ShapeError
from minigrad.program.arithmetic import DIGITS_50, mpmath
from minigrad.program.binding import bound
from minigrad.program.evaluate import evaluate

DIMS = {name: size for size, name in NAMES.items()}
_MOST_DIGITS = 100  # elements that are worth 50 digits each


class Example:
    """A text, its derivative by one variable, and arrays to evaluate both at."""

    def __init__(self, text: str, wrt: str, order: int = 1, named: bool = False) -> None:
        shapes = shapes_in(text)
        self.arrays = arrays_for(text, shapes)
        self.case = Case(text, declared(shapes, named), wrt, order)
        self.output = mg.parse(text, **self.case.declared)
        self.formula = mg.derive(self.output, wrt=wrt, order=order)[wrt]
        self.values, self.sizes = bound(self.formula.reading.lowered, {**DIMS, **self.arrays})

    def by_engine(self) -> Any:
        """The output by the raw forward functions."""
        program = Replay(self.output._node, DIMS)
        own = {
            node: np.asarray(node.value if node.name is None else self.arrays[node.name])
            for node in program.leaves
        }
        return program.run(own)

    def at_50_digits(self) -> Any:
        number = np.frompyfunc(lambda value: mpmath().mpf(float(value)), 1, 1)
        with np.errstate(all="ignore"):
            exact = {
                name: number(array) if np.asarray(array).dtype.kind == "f" else array
                for name, array in self.values.items()
            }
        return np.asarray(evaluate(self.formula.expr, exact, self.sizes, DIGITS_50), dtype=float)

    def by_source(self, dtype: Any = float) -> Any:
        function = compiled(self.formula.source())
        wanted = inspect.signature(function).parameters
        return function(**{name: self.arrays[name].astype(dtype) for name in wanted})


def agree(example: Example) -> None:
    """Forward: program and engine. Derivative: dense, program, 50 digits, source and hand VJPs."""
    forward, formula = example.by_engine(), example.formula
    expected = np.asarray(dense_value(formula.expr, example.values, example.sizes))
    assert np.all(np.isfinite(forward))
    scale = 1e-9 * (1 + np.max(np.abs(expected), initial=0.0))
    again = evaluate(formula.reading.output, example.values, example.sizes)
    np.testing.assert_allclose(np.reshape(again, np.shape(forward)), forward, 1e-9, 1e-9)
    found = np.asarray(evaluate(formula.expr, example.values, example.sizes))
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=scale)
    if found.size <= _MOST_DIGITS:
        np.testing.assert_allclose(found, example.at_50_digits(), rtol=1e-7, atol=scale)
    assert max(map(len, formula.source().splitlines())) <= 100
    value = example.by_source()
    np.testing.assert_allclose(value, expected.reshape(np.shape(value)), rtol=1e-7, atol=scale)
    assert example.by_source(np.float32).dtype == np.float32
    n = np.ndim(value) - np.ndim(example.arrays[example.case.wrt])
    seed = np.random.default_rng(1).normal(size=np.shape(value)[:n]) if n else np.ones(())
    by_engine = engine_gradient(example.case, example.arrays, seed, DIMS)
    by_source = np.tensordot(seed, value, axes=n) if n else value
    np.testing.assert_allclose(by_source, by_engine, rtol=1e-6, atol=100 * scale)


# Each was once a crash or a wrong number.
FOUND = [
    ("sum(sum(sqrt(1 + Y3_4.T ** 2), axis=1) ** 2)", "Y3_4", 1),
    ("var(cumsum(X3_4.T, axis=0))", "X3_4", 1),
    ("sum(cumsum(X3_4, axis=1), axis=1)[1:] @ sin(mean(Y4_3, axis=0))[:-1]", "Y4_3", 1),
    ("trace(inv(Y3_3 + 4 * eye(3)) @ Y3_3.T)", "Y3_3", 2),
    ("prod(X3_4)", "X3_4", 1),
    ("prod(X3 @ Y3_4)", "Y3_4", 2),
    ("prod(X2_3_4, axis=(0, 2))", "X2_3_4", 1),
    ("sum(where(X3 > 0.41, X3, 0) ** 2)", "X3", 2),
    ("concatenate([(X1_2).T, (Z2_2).T], axis=1)", "X1_2", 1),
    ("exp(repeat(Y1_3, 2, axis=0))", "Y1_3", 1),
    ("sum(repeat(stack([Y], axis=0), 2, axis=0), axis=0)", "Y", 1),
    ("trace(reshape(X9, (3, 3)) @ Y3_3)", "X9", 1),
    ("trace(reshape(X9, (3, 3)))", "X9", 1),
    ("det(tanh(reshape(Y4, (2, 2))) + 4 * eye(2))", "Y4", 2),
    ("relu(Y - 0.37)", "Y", 1),
    ("bce_with_logits(minimum(-Y4, X), tile(X2_2 @ Z2, (2,)))", "Y4", 2),
    ("concatenate([take(Z4, [2], axis=0), logsumexp(X3_2, axis=-2)])", "Z4", 1),
    ("huber_loss(ravel(softplus(Y2_2)), sqrt(1 + hypot(Z1, 1 + X4) ** 2))", "X4", 2),
    ("maximum(Y3, Y3)", "Y3", 1),
    ("sum(where(tri(4, 2) > 0, Y4_2, -1))", "Y4_2", 1),
]


OF_NUMBERS = ("reshape", "eye", "tri", "repeat", "tile", "ravel")
WITH_NAMES = [found for found in FOUND if not any(mark in found[0] for mark in OF_NUMBERS)]


@pytest.mark.parametrize(
    ("text", "wrt", "order", "named"),
    [(*found, False) for found in FOUND] + [(*found, True) for found in WITH_NAMES],
)
def test_found_by_random_texts(text: str, wrt: str, order: int, named: bool) -> None:
    agree(Example(text, wrt, order, named))


# What has no formula, and says so.
REFUSED = (
    "is no polynomial of dims",
    "depends on which of",
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shape=st.sampled_from([(), (), (), (3,), (2, 3)]),
    named=st.booleans(),
    order=st.sampled_from([1, 1, 2]),
    data=st.data(),
)
def test_the_whole_vocabulary(
    shape: tuple[int, ...], named: bool, order: int, data: st.DataObject
) -> None:
    text = data.draw(array_expressions(shape, 2))
    shapes = shapes_in(text)
    assume(shapes and len(text) < 160)
    wrt = data.draw(st.sampled_from(sorted(shapes)))
    order = order if not shape and np.prod(shapes[wrt]) <= 12 else 1
    try:
        example = Example(text, wrt, order, named)
    except (DtypeError, ShapeError):  # a text that is no program, or names of dims that may differ
        reject()
    except DerivationError as error:
        if any(reason in str(error) for reason in REFUSED):
            reject()
        raise
    expected = dense_value(example.formula.expr, example.values, example.sizes)
    assume(np.all(np.isfinite(example.by_engine())))
    assume(np.max(np.abs(expected), initial=0.0) < 1e6)  # not so of what is not finite either
    agree(example)
