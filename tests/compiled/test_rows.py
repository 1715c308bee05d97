"""Every rewrite: it applies where its example says, what it gives is right, and a lie in it is found."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking.replay import Replay
from minigrad.compiled import text
from minigrad.compiled.rewriting import Rewriting, Row
from minigrad.compiled.rows import ROWS
from minigrad.program.value import Value

SIZES = {"b": 3, "h": 2, "n": 6, "m": 5, "d": 4, "k": 7}
HEADS = "C: b h n k, A: b h n d, B: b h d k, r: b h n 1"
# An expression in which each row is needed, and what it is derived by.
EXAMPLES = {
    "numbers first": ("sum(A * 2 ** 0.5 * exp(A))", "A: n d", "A"),
    "products flat": ("sum(y * log(sigmoid(x)))", "x: n m, y: n m", "x"),
    "numbers of terms": ("sum(tanh(A @ B / 3 - C))", "A: n d, B: d k, C: n k", "A"),
    "one sign": ("-sum(y * log(sigmoid(x)) + (1 - y) * log(1 - sigmoid(x)))", "x: n m, y: n m", "x"),
    "common factor": ("sum(cos(C) * (r * A - r * B))", "C: n d, A: n d, B: n d, r: n 1", "C"),
    "whole place": ("sum(tanh(X + tanh(b)))", "X: 6 4, b: 4", "b"),
    "mask again": (
        "S = A @ B; P = softmax(where(M, S, -inf), axis=2); sum(tanh(P @ C))",
        "A: b n d, B: b d n, C: b n k, M: n n | bool", "A"
    ),
    "expand inside": ("sum(C * (A - mean(A, axis=1, keepdims=True)) / std(A, axis=1, keepdims=True))", "A: n d, C: n d", "A"),
    "constant out of a sum": ("T = r * A; sum(sum(T, axis=1)**2)", "A: n d, r: n 1", "A"),
    "sum of terms": ("T = A * B - tanh(A) * C; sum(T)", "A: n d, B: n d, C: n d", "A"),
    "sum at hand": (
        "sum(exp((einsum('bnd,dhk->bhnk', X, W) + c) @ K))",
        "X: b n d, W: d h 2, c: h 1 2, K: b h 2 m", ["c", "W"]
    ),
    "sum of products": ("T = tanh(A) * tanh(B); sum(tanh(sum(T, axis=1)))", "A: n d, B: n d", "A"),
    "sum through a product": ("T = tanh(A) @ B; sum(tanh(sum(T, axis=0)))", "A: n d, B: d k", "A"),
    "product at hand": ("sum(softmax(X @ Wq @ (X @ Wk).T, axis=1) @ x)", "X: n k, Wq: k k, Wk: k k, x: n", "Wq"),
    "transposed at hand": (
        "T = tanh(G); sum(tanh(einsum('bia,bij,bjc->ac', X, T, X)))"
        " + sum(cos(einsum('bja,bij,bic->ac', X, T, X)))", "G: b n n, X: b n d", "G"
    ),
    "vector before matrix": ("T = tanh(A) @ tanh(B); sum(tanh(T @ x))", "A: n d, B: d k, x: k", "A"),
    "number on a row": ("sum(cos(C) * (3 * exp(r) * A))", "C: n d, A: n d, r: n 1", "C"),
    "number into a sum": ("sum(cos(C) * 3 * (exp(r) * A - exp(s) * B))", "C: n d, A: n d, B: n d, r: n 1, s: n 1", "C"),
    "number on the fewest": ("sum(tanh(A @ B / 3))", "A: n d, B: d k", "A"),
    "stack of vectors": ("sum(tanh(einsum('bhij,bhj->bi', A, x)))", "A: b h n m, x: b h m", "x"),
    "scaled rows": ("T = exp(r) * exp(A); sum(tanh(T @ B))", "A: b n k, r: b n 1, B: b k d", "B"),
    "matrices in memory": ("T = tanh(A); sum(tanh(einsum('bhij,bi->bjh', T, x)))", "A: b h n m, x: b n", "x"),
    "one product": ("sum(tanh(einsum('bij,ijk->bk', A, B)))", "A: b n d, B: n d k", "A"),
    "one matrix for all": ("sum(tanh(tanh(A) @ B))", "A: b n d, B: d k", "A"),
}  # fmt: skip


def example(name: str) -> tuple[Any, Any, dict[str, Any]]:
    words, declared, wrt = EXAMPLES[name]
    declared = dict(part.split(":") for part in declared.split(", "))
    rng = np.random.default_rng(zlib.crc32(words.encode()))
    arrays = {
        n: rng.normal(size=[SIZES.get(d) or int(d) for d in dims.partition("|")[0].split()])
        for n, dims in declared.items()
    }
    arrays |= {n: arrays[n] > -1 for n, dims in declared.items() if "bool" in dims}
    if name == "whole place":  # an axis that has a name meets one of the same size that has none
        X = mg.tensor(arrays["X"], name="X")
        return mg.sum(mg.tanh(X + mg.tanh(mg.tensor(arrays["b"], name="b", dims="d")))), wrt, arrays
    return mg.parse(words, **declared), wrt, arrays


def by_engine(loss: Any, wrt: Any, arrays: dict[str, Any]) -> list[Any]:
    replay = Replay(loss._node, SIZES)
    leaves = {x: x.value if x.name is None else arrays[x.name] for x in replay.leaves}
    wanted = {x.name: x for x in replay.leaves if x.name is not None and x.name in wrt}
    value, tensors = replay.record(leaves, set(wanted.values()))
    value.backward()
    names = [wrt] if isinstance(wrt, str) else wrt
    return [value.numpy(), *(tensors[wanted[name]].grad.numpy() for name in names)]


def is_right(step: Any, expected: list[Any], arrays: dict[str, Any]) -> bool:
    value, gradients = step(**arrays)
    pairs = zip((value, *gradients.values()), expected, strict=True)
    return all(np.allclose(a, b, rtol=1e-10, atol=1e-12) for a, b in pairs)


def source_with(rows: Sequence[Row], loss: Any, wrt: Any, arrays: Any, patch: Any) -> tuple[Any, str]:
    patch.setattr(text, "ROWS", tuple(rows))
    step = mg.compile(loss, wrt=wrt)
    step(**arrays)
    return step, step.source


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_each_row_is_needed_right_and_judged(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, wrt, arrays = example(row.name)
    expected = by_engine(loss, wrt, arrays)
    others = [each for each in ROWS if each is not row]
    with_it, text_with = source_with(ROWS, loss, wrt, arrays, monkeypatch)
    without, text_without = source_with(others, loss, wrt, arrays, monkeypatch)
    assert text_with != text_without
    assert is_right(with_it, expected, arrays)
    assert is_right(without, expected, arrays)
    # a lie: what the row gives, and a little more
    told: set[Value] = set()

    def lie(at: Rewriting, value: Value) -> Value | None:
        if value in told or (made := row.rewrite(at, value)) is None:
            return None
        told.update((value, made))
        return at.builder.make("multiply", (made,), (1.001, (1,)), made.sizes)

    lying = [replace(each, rewrite=lie) if each is row else each for each in ROWS]
    step, _ = source_with(lying, loss, wrt, arrays, monkeypatch)
    assert not is_right(step, expected, arrays)


def test_the_examples_are_of_the_rows() -> None:
    assert EXAMPLES.keys() == {row.name for row in ROWS}
    assert all(row.condition for row in ROWS)
