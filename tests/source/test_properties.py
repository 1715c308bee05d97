"""Random expressions: the generated function against the dense reference and against the engine."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from dense_reference import dense_value
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from long import examples
from random_expressions import DIMS, VARIABLES, expressions
from source_cases import Case, arrays_for, compiled, engine_gradient

import minigrad as mg
from minigrad.program.binding import bound
from minigrad.program.evaluate import evaluate

_QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def agree(chosen: Case, arrays: dict[str, Any], dims: dict[str, int]) -> None:
    """The derivative by four ways: dense, by the array program, by generated source, by VJPs."""
    output = mg.parse(chosen.text, **chosen.declared)
    formula = mg.derive(output, wrt=chosen.wrt, order=chosen.order)[chosen.wrt]
    values, sizes = bound(formula.reading.lowered, {**dims, **arrays})
    expected = np.asarray(dense_value(formula.expr, values, sizes))
    assume(np.all(np.isfinite(expected)) and np.max(np.abs(expected), initial=0.0) < 1e6)
    scale = 1e-10 * (1 + np.max(np.abs(expected), initial=0.0))
    found = np.asarray(evaluate(formula.expr, values, sizes))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=scale)
    function = compiled(formula.source())
    wanted = function.__code__.co_varnames[: function.__code__.co_argcount]
    given_arrays = {name: arrays[name] for name in wanted}
    value = function(**given_arrays)
    np.testing.assert_allclose(value, expected.reshape(np.shape(value)), rtol=1e-8, atol=scale)
    n = np.ndim(value) - np.ndim(arrays[chosen.wrt])
    seed = np.random.default_rng(1).normal(size=np.shape(value)[:n])
    by_engine = engine_gradient(chosen, arrays, seed if n else np.ones(()), dims)
    by_source = np.tensordot(seed, value, axes=n) if n else value
    np.testing.assert_allclose(by_source, by_engine, rtol=1e-6, atol=100 * scale)


@settings(max_examples=examples(300), **_QUIET)  # type: ignore[arg-type]
@given(text=st.one_of(expressions(), expressions(("n",), 2)), data=st.data())
def test_random_expressions(text: str, data: st.DataObject) -> None:
    used = [name for name in VARIABLES if re.search(rf"\b{name}\b", text)]
    assume(used)
    declared = {name: VARIABLES[name] for name in used}
    wrt = data.draw(st.sampled_from(used))
    shapes = {
        name: tuple(DIMS[d] for d in dims.partition("|")[0].split())
        for name, dims in declared.items()
    }
    agree(Case(text, declared, wrt), arrays_for(text, shapes), DIMS)


# -- structure: views and moves of a matrix, one after another ---------------------------------------

Step = tuple[str, tuple[int, ...]]


@st.composite
def steps(draw: st.DrawFn, shape: tuple[int, ...]) -> Step:
    """One structural operation on something of that shape, as text, and the shape it makes."""
    axis = draw(st.integers(0, len(shape) - 1))
    n = shape[axis]
    lead = ":, " * axis
    start = draw(st.integers(0, n - 2)) if n > 2 else 0
    with_axis = {k: list(shape) for k in ("slice", "twice", "step")}
    with_axis["slice"][axis] = n - start
    with_axis["twice"][axis] = 2 * n
    with_axis["step"][axis] = (n + 1) // 2
    without = shape[:axis] + shape[axis + 1 :]
    picked = draw(st.lists(st.integers(0, n - 1), min_size=2, max_size=4))
    options: list[Step] = [
        (f"{{}}[{lead}{start}:]", tuple(with_axis["slice"])),
        (f"{{}}[{lead}::-1]", shape),
        (f"flip({{}}, {axis})", shape),
        (f"roll({{}}, {draw(st.integers(-2, 3))}, axis={axis})", shape),
        (f"cumsum({{}}, axis={axis})", shape),
        (f"concatenate([{{}}, 2 * {{}}], axis={axis})", tuple(with_axis["twice"])),
        (f"take({{}}, {picked}, axis={axis})", (*shape[:axis], len(picked), *shape[axis + 1 :])),
        ("tanh({})", shape),
        (f"({{}} * sum({{}}, axis={axis}, keepdims=True))", shape),
        (f"reshape({{}}, ({int(np.prod(shape))},))", (int(np.prod(shape)),)),
    ]
    if n > 2:
        options.append((f"{{}}[{lead}::2]", tuple(with_axis["step"])))
        options.append((f"{{}}[{lead}{draw(st.integers(0, n - 1))}]", without))
    if len(shape) == 2:
        options += [
            ("({}).T", shape[::-1]),
            ("tril({}, %d)" % draw(st.integers(-1, 1)), shape),
            ("triu({}, %d)" % draw(st.integers(-1, 1)), shape),
            ("pad({}, ((1, 0), (0, 2)))", (shape[0] + 1, shape[1] + 2)),
            ("({} @ ({}).T)", (shape[0], shape[0])),
            ("stack([{}, {}], axis=1)", (shape[0], 2, shape[1])),
        ]
    if len(shape) == 1 and n % 2 == 0 and n > 2:
        options.append((f"reshape({{}}, (2, {n // 2}))", (2, n // 2)))
    if len(shape) == 1 and n > 1:
        options.append(("diag({})", (n, n)))
    options = [(t, s) for t, s in options if 1 < np.prod(s, initial=1) <= 64 and 1 not in s]
    return draw(st.sampled_from(options or [("{}", shape)]))


@st.composite
def moved(draw: st.DrawFn, most: int) -> tuple[str, tuple[int, ...]]:
    text, shape = "X", (4, 3)
    for _ in range(draw(st.integers(1, most))):
        if not shape:
            break
        step, shape = draw(steps(shape))
        text = step.replace("{}", text)
    return text, shape


@settings(max_examples=examples(600), **_QUIET)  # type: ignore[arg-type]
@given(made=moved(4), order=st.sampled_from([1, 1, 2]), whole=st.booleans())
def test_structure_is_used_not_made(made: tuple[str, tuple[int, ...]], order: int, whole: bool) -> None:
    """Slices, joins, triangles and gathers, alone (a Jacobian) or in a sum with its own weights."""
    inner, shape = made
    assume(shape)
    declared = {"X": "4 3"}
    shapes = {"X": (4, 3)}
    text = inner
    if not whole or order == 2:
        text = f"sum(C * sin({inner}))"
        declared["C"] = " ".join(map(str, shape))
        shapes["C"] = shape
    agree(Case(text, declared, "X", order), arrays_for(text, shapes), {})
