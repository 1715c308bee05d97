"""A backward function written by hand, as kernels have them, is judged in its own precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking import Finding, Report
from minigrad.errors import ArgumentError, ShapeError

N, D = 6, 4
Arrays = tuple[Any, ...]


def qkv(dtype: Any = np.float64) -> Arrays:
    rng = np.random.default_rng(0)
    return tuple(rng.normal(size=(N, D)).astype(dtype) for _ in range(3))


def attention(q: Any, k: Any, v: Any) -> Any:
    s = q @ k.T / np.sqrt(q.shape[1])
    p = np.exp(s - s.max(axis=1, keepdims=True))
    return (p / p.sum(axis=1, keepdims=True)) @ v


def saved(q: Any, k: Any, v: Any) -> Arrays:
    """The output and the log-sum-exp of every row."""
    s = q @ k.T / np.sqrt(q.shape[1])
    return attention(q, k, v), np.log(np.exp(s).sum(axis=1))


def attention_backward(dO: Any, q: Any, k: Any, v: Any, o: Any, lse: Any) -> Arrays:
    """By blocks one would write this line for line: D = rowsum(dO ⊙ O) stands for rowsum(A ⊙ dA)."""
    scale = 1 / np.sqrt(q.shape[1])
    p = np.exp(q @ k.T * scale - lse[:, None])
    delta = (dO * o).sum(axis=1, keepdims=True)
    ds = p * (dO @ v.T - delta) * scale
    return ds @ k, ds.T @ q, p.T @ dO


def finding(report: Report, quantity: str) -> Finding:
    (found,) = [f for f in report.findings if f.quantity == quantity]
    return found


def test_a_kernels_backward_passes() -> None:
    report = mg.check(
        attention, qkv(), wrt=["q", "k", "v"], backward=attention_backward, residuals=saved
    )
    assert report.verdict == "pass"
    heard = {c.second for c in report.comparisons}
    assert {"hand VJPs", "derived formula", "finite differences", "complex step"} <= heard


def test_cotangent_and_residuals_may_be_arrays() -> None:
    dO = np.random.default_rng(1).normal(size=(N, D))
    report = mg.check(
        attention, qkv(), backward=attention_backward, cotangent=dO, residuals=saved(*qkv())
    )
    assert report.verdict == "pass"


def test_residuals_may_be_what_the_forward_returns_beside_its_result() -> None:
    def forward(q: Any, k: Any, v: Any) -> Arrays:
        return (attention(q, k, v), *saved(q, k, v))

    assert mg.check(forward, qkv(), backward=attention_backward).verdict == "pass"


def test_arguments_are_passed_by_name_where_the_names_agree() -> None:
    def backward(q: Any, k: Any, v: Any, o: Any, lse: Any, dO: Any) -> Arrays:
        return attention_backward(dO, q, k, v, o, lse)

    assert mg.check(attention, qkv(), backward=backward, residuals=saved).verdict == "pass"


def test_gradients_may_come_by_name() -> None:
    def backward(dO: Any, q: Any, k: Any, v: Any, o: Any, lse: Any) -> dict[str, Any]:
        dq, dk, dv = attention_backward(dO, q, k, v, o, lse)
        return {"dv": dv, "dq": dq, "dk": dk}

    report = mg.check(attention, qkv(), wrt=["v", "q"], backward=backward, residuals=saved)
    assert report.verdict == "pass"


def wrong(change: Any) -> Any:
    def backward(dO: Any, q: Any, k: Any, v: Any, o: Any, lse: Any) -> Arrays:
        return change(dO, q, k, v, o, lse)  # type: ignore[no-any-return]

    return backward


def without_delta(dO: Any, q: Any, k: Any, v: Any, o: Any, lse: Any) -> Arrays:
    return attention_backward(dO, q, k, v, 0 * o, lse)


def without_scale(dO: Any, q: Any, k: Any, v: Any, o: Any, lse: Any) -> Arrays:
    dq, dk, dv = attention_backward(dO, q, k, v, o, lse)
    return dq * np.sqrt(D), dk, dv


def with_transposed_probabilities(dO: Any, q: Any, k: Any, v: Any, o: Any, lse: Any) -> Arrays:
    dq, dk, _ = attention_backward(dO, q, k, v, o, lse)
    return dq, dk, np.exp(q @ k.T / np.sqrt(D) - lse[:, None]) @ dO


def off_in_one_element(dO: Any, q: Any, k: Any, v: Any, o: Any, lse: Any) -> Arrays:
    dq, dk, dv = attention_backward(dO, q, k, v, o, lse)
    dk = dk.copy()
    dk[3, 1] *= 1 + 1e-5
    return dq, dk, dv


WRONG = [
    (without_delta, "dq", "the term rowsum(dO ⊙ O) is missing"),
    (without_delta, "dk", "the term rowsum(dO ⊙ O) is missing"),
    (without_scale, "dq", "off by a factor √q.shape[1]"),
    (with_transposed_probabilities, "dv", "transposed"),
    (off_in_one_element, "dk", ""),
]


@pytest.mark.parametrize(("change", "quantity", "slip"), WRONG)
def test_a_wrong_backward_fails_with_its_slip(change: Any, quantity: str, slip: str) -> None:
    report = mg.check(attention, qkv(), backward=wrong(change), residuals=saved)
    assert report.verdict == "fail"
    found = finding(report, quantity)
    assert found.verdict == "fail"
    assert slip in found.slip


def test_the_one_wrong_element_is_shown() -> None:
    report = mg.check(attention, qkv(), backward=wrong(off_in_one_element), residuals=saved)
    worst = finding(report, "dk").worst
    assert worst is not None
    assert worst.index == (3, 1)
    assert finding(report, "dq").verdict == "pass"


# -- precision ---------------------------------------------------------------------------------------


def rounded(x: Any) -> Any:
    """To the eight bits of a bfloat16."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)


def in_bfloat16(*arrays: Any) -> Arrays:
    return tuple(rounded(g) for g in attention_backward(*(rounded(a) for a in arrays)))


def test_float32_has_its_own_budget() -> None:
    report = mg.check(attention, qkv(np.float32), backward=attention_backward, residuals=saved)
    assert report.verdict == "pass"
    assert any("run in float32" in note and "1.0e-04" in note for note in report.notes)


def test_float32_errors_beyond_rounding_are_seen() -> None:
    def backward(*arrays: Any) -> Arrays:
        return tuple(g * np.float32(1.001) for g in attention_backward(*arrays))

    report = mg.check(attention, qkv(np.float32), backward=backward, residuals=saved)
    assert report.verdict == "fail"


def test_bfloat16_passes_only_with_a_stated_budget() -> None:
    args = qkv(np.float32)
    assert mg.check(attention, args, backward=in_bfloat16, residuals=saved).verdict == "fail"
    report = mg.check(attention, args, backward=in_bfloat16, residuals=saved, budget=3e-2)
    assert report.verdict == "pass"


# -- masks -------------------------------------------------------------------------------------------

MASK = np.tril(np.ones((N, N), bool))
MASK[2] = False


def probabilities(q: Any, k: Any, mask: Any, safe: bool) -> Any:
    s = np.where(mask, q @ k.T / np.sqrt(D), -np.inf)
    top = s.max(axis=1, keepdims=True)
    e = np.exp(s - np.where(np.isfinite(top), top, 0)) if safe else np.exp(s - top)
    total = e.sum(axis=1, keepdims=True)
    return e / np.where(total == 0, 1, total) if safe else e / total


def masked(q: Any, k: Any, v: Any, mask: Any) -> Any:
    return probabilities(q, k, mask, True) @ v


def masked_without_care(q: Any, k: Any, v: Any, mask: Any) -> Any:
    with np.errstate(all="ignore"):
        return probabilities(q, k, mask, False) @ v


def masked_backward(safe: bool) -> Any:
    def backward(dO: Any, q: Any, k: Any, v: Any, mask: Any) -> Arrays:
        with np.errstate(all="ignore"):
            p = probabilities(q, k, mask, safe)
            dp = dO @ v.T
            ds = p * (dp - (p * dp).sum(axis=1, keepdims=True)) / np.sqrt(D)
            return ds @ k, ds.T @ q, p.T @ dO

    return backward


def test_rows_that_are_masked_entirely_have_zero_output_and_gradient() -> None:
    report = mg.check(
        masked, (*qkv(), MASK), wrt=["q", "k", "v"], backward=masked_backward(safe=True)
    )
    assert report.verdict == "pass"


def test_nan_in_the_gradient_of_a_masked_row_fails() -> None:
    report = mg.check(
        masked, (*qkv(), MASK), wrt=["q", "k", "v"], backward=masked_backward(safe=False)
    )
    assert report.verdict == "fail"
    assert finding(report, "dq").slip == "a row that is masked entirely must give a zero gradient"
    worst = finding(report, "dq").worst
    assert worst is not None
    assert worst.index[0] == 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, of the NaN that is to be found
def test_nan_in_the_output_of_a_masked_row_fails() -> None:
    report = mg.check(
        masked_without_care, (*qkv(), MASK), wrt=["q"], backward=masked_backward(safe=True)
    )
    assert report.verdict == "fail"
    assert "must give zero" in str(report)


# -- functions of plain arrays, and misuse -----------------------------------------------------------


def test_a_forward_that_cannot_be_traced_is_judged_by_differences() -> None:
    def forward(x: Any) -> Any:
        y = np.array(x)  # plain NumPy: it copies and writes in place
        y[0] *= 3
        return y.sum() ** 2

    def backward(g: Any, x: Any) -> Any:
        scale = np.ones(x.shape)
        scale[0] = 3
        return 2 * g * (scale * x).sum() * scale

    x = np.random.default_rng(0).normal(size=(3, 2))
    report = mg.check(forward, (x,), backward=backward)
    assert report.verdict == "pass"
    assert any("not traced" in note for note in report.notes)
    assert mg.check(forward, (x,), backward=lambda g, x: 2 * g * x).verdict == "fail"


def test_a_backward_that_changes_its_arguments_fails() -> None:
    def backward(g: Any, x: Any) -> Any:
        result = 2 * g * x
        x *= 0
        return result

    x = np.random.default_rng(0).normal(size=3)
    assert mg.check(lambda x: (x * x).sum(), (x,), backward=backward).verdict == "fail"


def test_a_function_without_backward_is_traced_and_checked() -> None:
    assert mg.check(attention, qkv()).verdict == "pass"
    assert mg.check(lambda x: mg.sum(mg.exp(x)), {"x": np.ones(3)}, wrt="x").verdict == "pass"


def test_misuse_is_refused_with_the_cure() -> None:
    x = np.ones(3)
    with pytest.raises(ArgumentError, match=r"pass check\(f, \(x, y\)"):
        mg.check(attention)
    with pytest.raises(ArgumentError, match="no argument 'z'"):
        mg.check(attention, qkv(), wrt="z", backward=attention_backward)
    with pytest.raises(ShapeError, match=r"cotangent has shape \(3,\)"):
        mg.check(attention, qkv(), backward=attention_backward, residuals=saved, cotangent=x)
    with pytest.raises(ArgumentError, match="returned 3 gradients for 2 variables"):
        mg.check(lambda a, b: (a * b).sum(), (x, x), backward=lambda g, a, b: (g * b, g * a, g))
    with pytest.raises(ArgumentError, match="judges a tensor or a function"):
        mg.check(3.0)
