"""What users spell out has the formula of its composite, and numbers that are right at ±1, ±40 and ±700."""

from __future__ import annotations

import inspect
import zlib
from typing import Any

import mpmath
import numpy as np
import pytest
import spellings
from source_cases import SIZES, compiled
from spellings import SPELLINGS, Spelling

import minigrad as mg
from minigrad.program.arithmetic import DIGITS_50
from minigrad.program.arithmetic import mpmath as own_context
from minigrad.program.binding import bound
from minigrad.program.evaluate import evaluate

# Every element of these is right by itself. The others are differences of what is close to 1, as σ(x) − y and
# g − pᵀ g are, or sums: these are right to the rounding of their terms.
RELATIVE = [
    *(spellings.SIGMOID + spellings.TANH + spellings.SOFTPLUS + spellings.LOGSIGMOID),
    *(spellings.GELU + spellings.RATIONAL),
]
# The second derivative of log(softplus(x)) is a difference of what is equal in all digits at −40.
CURVED = [
    row
    for row in spellings.SIGMOID + spellings.TANH + spellings.SOFTPLUS + spellings.LOGSIGMOID
    if row.declared.startswith("x: n") and "log(log(" not in row.text
]
WEIGHTS = ("g", "G", "c", "C")
SCALES = {np.float64: (1, 40, 700), np.float32: (1, 40, 80)}
ALLOWED = {np.float64: 1e-9, np.float32: 1e-3}
# 1 − σ(x) at 700 needs 304 digits, and so do differences of it.
_DIGITS, _STEP = 1000, 180
SPREAD = (1.0, -0.97, -0.31, 0.52)


def _declared(row: Spelling) -> dict[str, str]:
    pairs = (part.partition(":") for part in row.declared.split(","))
    return {name.strip(): dims.strip() for name, _, dims in pairs}


def _formula(row: Spelling, by: str | None = None, text: str | None = None) -> Any:
    variables = _declared(row)
    by = by or next(iter(variables))
    return mg.derive(mg.parse(text or row.text, **variables), wrt=by)[by]


def _shown(row: Spelling, text: str) -> str:
    return str(_formula(row, text=text))


@pytest.mark.parametrize("row", [r for r in SPELLINGS if r.like], ids=lambda r: r.text[:70])
@pytest.mark.long("part")
def test_the_formula_is_no_longer_than_that_of_the_composite(row: Spelling) -> None:
    assert row.like is not None
    assert len(_shown(row, row.text)) <= len(_shown(row, row.like))


@pytest.mark.parametrize("row", SPELLINGS, ids=lambda r: r.text[:70])
@pytest.mark.long("part")
def test_values_are_right_at_any_size(row: Spelling) -> None:
    """The gradient by the first variable, and by the weight: that is the function itself."""
    weights = [name for name in _declared(row) if name in WEIGHTS]
    for by in (next(iter(_declared(row))), *weights[:1]):
        formula = _formula(row, by)
        function = compiled(formula.source())
        for scale in sorted({*SCALES[np.float64], *SCALES[np.float32]}):
            arrays = _arrays(row, scale)
            right = _by_differences(formula, arrays, by)
            given = {name: arrays[name] for name in inspect.signature(function).parameters}
            short = {k: v if v.dtype == bool else v.astype(np.float32) for k, v in given.items()}
            of_terms = 0 if row in RELATIVE else scale
            with np.errstate(all="ignore"):
                if scale in SCALES[np.float64]:
                    _assert_right(function(**given), right, np.float64, of_terms)
                    _assert_right(formula(arrays), right, np.float64, of_terms)
                if scale in SCALES[np.float32]:
                    _assert_right(function(**short), right, np.float32, of_terms)


def _assert_right(found: Any, right: Any, dtype: Any, scale: float) -> None:
    """Relatively where the value is a number of that type, or to the rounding of terms of that scale."""
    info = np.finfo(dtype)
    found, right = np.asarray(found, float), np.asarray(right, float)
    spoken = np.abs(right) < info.max
    near = np.abs(found - right) <= 50 * info.eps * max(scale, 1) if scale else found == right
    tiny = (np.abs(right) < 4 * info.tiny) & (np.abs(found) < 1e3 * info.tiny)
    with np.errstate(all="ignore"):
        close = np.abs(found - right) <= ALLOWED[dtype] * np.abs(right)
    assert np.all(close | tiny | near | ~spoken), (found, right)


@pytest.mark.parametrize("row", CURVED, ids=lambda r: r.text[:70])
@pytest.mark.long("part")
def test_second_derivatives_are_right_at_any_size(row: Spelling) -> None:
    variables = _declared(row)
    formula = mg.derive(mg.parse(row.text, **variables), wrt="x", order=2)["x"]
    function = compiled(formula.source())
    for scale in SCALES[np.float64]:
        arrays = _arrays(row, scale)
        right = np.diag(_by_differences(formula, arrays, "x", 2))
        given = {name: arrays[name] for name in inspect.signature(function).parameters}
        with np.errstate(all="ignore"):
            _assert_right(function(**given), right, np.float64, 0)
            _assert_right(formula(arrays), right, np.float64, 0)


@pytest.mark.parametrize("row", SPELLINGS, ids=lambda r: r.text[:70])
@pytest.mark.long("part")
def test_a_right_gradient_is_not_failed(row: Spelling) -> None:
    report = mg.check(mg.parse(row.text, **_declared(row)), wrt=next(iter(_declared(row))))
    assert report.verdict == "pass", str(report)


def _arrays(row: Spelling, scale: float) -> dict[str, Any]:
    """The first variable at the scale in both signs, the others of ordinary size; floats of 32 bits."""
    result: dict[str, Any] = {}
    for k, (name, text) in enumerate(_declared(row).items()):
        dims, _, assumed = text.partition("|")
        shape = tuple(int(w) if w.isdigit() else min(SIZES[w], 3) for w in dims.split())
        array = np.random.default_rng(zlib.crc32(name.encode())).uniform(0.5, 1.5, shape)
        alternating = np.resize([1.0, 0.0], shape)
        if k == 0:
            array = scale * np.resize(SPREAD, shape)
        match assumed.strip():
            case "positive":
                array = np.abs(array)
            case "unit":
                array = array / 2
            case "0/1":
                array = alternating
            case "bool":
                array = alternating.astype(bool)
            case "pm1":
                array = 2 * alternating - 1
            case "simplex":
                halves = 0.5 ** np.arange(1, shape[-1] + 1)  # they add up to 1 in every precision
                array = np.broadcast_to([*halves[:-1], halves[-1] * 2], shape)
            case "onehot":
                array = np.zeros(shape)
                array[..., 0] = 1
        result[name] = array if array.dtype == bool else array.astype(np.float32).astype(float)
    return result


def _by_differences(formula: Any, arrays: dict[str, Any], by: str, order: int = 1) -> Any:
    """Central differences of the graph as it was recorded, in digits in which nothing is lost.

    At order 2 for each element by itself: all that a Hessian of elementwise functions has.
    """
    lowered, context = formula.reading.lowered, own_context()
    with context.workdps(order * _DIGITS):
        number = np.frompyfunc(lambda value: context.mpf(float(value)), 1, 1)
        values, sizes = bound(lowered, arrays)
        exact = {name: np.asarray(number(array), dtype=object) for name, array in values.items()}
        step, root = context.mpf(10) ** -_STEP, lowered.expr(formula.reading.node)

        def at(place: tuple[int, ...], steps: int) -> Any:
            moved = exact[by].copy()
            moved[place] += steps * step
            return np.asarray(evaluate(root, {**exact, by: moved}, sizes, DIGITS_50)).item()

        out = np.empty(exact[by].shape, dtype=object)
        for place in np.ndindex(*out.shape):
            above, below = at(place, 1), at(place, -1)
            if order == 1:
                out[place] = (above - below) / (2 * step)
            else:
                out[place] = (above - 2 * at(place, 0) + below) / step**2
        return np.vectorize(_as_float, otypes=[float])(out)


def _as_float(value: Any) -> float:
    return float(value) if abs(value) < mpmath.mpf(np.finfo(float).max) else np.inf
