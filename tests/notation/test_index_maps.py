"""Index maps as people write them: each text with its right print, which is read back and evaluated too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.notation.printed_text import read_back
from minigrad.notation.text import ASCII

# all dims are of different sizes, and none is the product or the sum of others
SIZES = {"m": 2, "n": 7, "p": 3, "q": 5, "c": 4, "d": 6, "h": 8, "b": 9}
TABLE: list[tuple[str, Mapping[str, str], str]] = [
    (
        "sum(kron(A, B) * C)",
        {"A": "m m", "B": "p p", "C": "m*p m*p"},
        "dA_ij = sum(B ⊙ C[i*p:i*p + p,j*p:j*p + p])      dB_ij = sum(A ⊙ C[i::p,j::p])\ndC = A ⊗ B",
    ),
    ("sum(kron(A, x) * Z)", {"A": "m n", "x": "p", "Z": "m n*p"}, "dZ[:,i] = x[i % p] A[:,i // p]"),
    ("sum(repeat(X, 2, axis=1) * Z)", {"X": "m n", "Z": "m 2*n"}, "dX = rowsum(reshape(Z, (m, n, 2)))      dZ = repeat(X, 2, 1)"),
    ("sum(tile(X, (2, 1)) * Z)", {"X": "m n", "Z": "2*m n"}, "dX_i = colsum(Z[i::m])      dZ = tile(X, (2, 1))"),
    ("sum(tile(X, (1, 2)) * Z)", {"X": "m n", "Z": "m 2*n"}, "dZ = tile(X, (1, 2))"),
    (
        "sum(conv1d(X, W)**2)",
        {"X": "b c n", "W": "d c p"},
        "dX_bci = 2 (Σ_dj W_dcj Y[b,d,i - j])      dW_dci = 2 (Σ_bj X[b,c,j + i] Y_bdj)   where Y = conv1d(X, W)",
    ),
    (
        "sum(conv1d(X, W, stride=2, padding=1)**2)",
        {"X": "b c 9", "W": "d c 3"},
        "dX_bci = 2 (Σ_jd W[d,c,i + 1 - 2*j] Y_bdj)",
    ),
    ("sum(conv1d(X, W, dilation=2) * G)", {"X": "b c n", "W": "d c 3", "G": "b d n-4"}, "dG = conv1d(X, W, dilation=2)"),
    (
        "sum(conv2d(X, W) * G)",
        {"X": "m c n q", "W": "d c p m", "G": "m d n-p+1 q-m+1"},
        "dG = conv2d(X, W)",
    ),
    ("sum(roll(X, 1, axis=1) * Y)", {"X": "n m d", "Y": "n m d"}, "dX_n = roll(Y_n, −1, 0)"),
    (
        "w @ kron(A, B) @ w",
        {"w": "m*p", "A": "m m", "B": "p p"},
        "dw = reshape(A W Bᵀ, m*p) + reshape(Aᵀ W B, m*p)      dA = W B Wᵀ      dB = Wᵀ A W   "
        "where W = reshape(w, (m, p))",
    ),
    (
        "sum((A @ reshape(x, (m, n)) @ B)**2)",
        {"x": "m*n", "A": "p m", "B": "n q"},
        "dA = 2 A X B Bᵀ Xᵀ      dB = 2 Xᵀ Aᵀ A X B   where X = reshape(x, (m, n))",
    ),
    ("trace(kron(A, B) @ C)", {"A": "m m", "B": "p p", "C": "m*p m*p"}, "dC = (A ⊗ B)ᵀ"),
    ("sum(exp(kron(A, B)))", {"A": "m n", "B": "p q"}, "dB_ij = sum(A ⊙ E[i::p,j::q])   where E = exp(A ⊗ B)"),
    (
        "sum(reshape(X @ W, (n, h, p)) * G)",
        {"X": "n d", "W": "d h*p", "G": "n h p"},
        "dX = reshape(G, (n, h*p)) Wᵀ      dW = Xᵀ reshape(G, (n, h*p))\ndG = reshape(X W, (n, h, p))",
    ),
    ("sum(repeat(X, 2, axis=0) * Z)", {"X": "m n", "Z": "2*m n"}, "dX_i = colsum(Z[2*i:2*i + 2])      dZ = repeat(X, 2, 0)"),
    (
        "sum(tanh(reshape(X, (m, n*p)) @ W))",
        {"X": "m n p", "W": "n*p d"},
        "dX = reshape(R Wᵀ, (m, n, p))      dW = reshape(X, (m, n*p))ᵀ R   "
        "where R = 1 − tanh(reshape(X, (m, n*p)) W)^⊙2",
    ),
    (
        "sum(sum(reshape(X, (b, m, 4)), axis=2)**2)",
        {"X": "b 4*m"},
        "dX = 2 repeat(rowsum(reshape(X, (b, m, 4))), 4, 1)",
    ),
    ("sum(kron(A, B) @ x)", {"A": "m n", "B": "p q", "x": "n*q"}, "dx = colsum(A) ⊗ colsum(B)"),
    ("sum(kron(x, y) * z)", {"x": "m", "y": "p", "z": "m*p"}, "dz = x ⊗ y"),
    (
        "cross_entropy(reshape(X @ W + u, (p*q, c)), y)",
        {"X": "p q d", "W": "d c", "u": "c", "y": "p*q | index"},
        "du = colsum(R) / (p q)\nwhere R = softmax(reshape(X, (p*q, d)) W + u) − onehot(y)",
    ),
    ("sum(roll(x, 1) * y)", {"x": "n", "y": "n"}, "dx = roll(y, −1)      dy = roll(x, 1)"),
    ("sum(roll(x, -2)**3)", {"x": "n"}, "dx = 3 roll(roll(x, −2)^⊙2, 2)"),
    ("sum(roll(X, 1, axis=0) * Y)", {"X": "n d", "Y": "n d"}, "dX = roll(Y, −1, 0)      dY = roll(X, 1, 0)"),
    ("sum(roll(X, 1, axis=1) * Y)", {"X": "n d", "Y": "n d"}, "dX = roll(Y, −1, 1)      dY = roll(X, 1, 1)"),
    ("sum(tile(x, 3) * y)", {"x": "n", "y": "3*n"}, "dy = tile(x, 3)"),
    ("sum(repeat(x, 3) * y)", {"x": "n", "y": "3*n"}, "dy = repeat(x, 3)"),
    ("sum(repeat(M @ z, 3) * y)", {"M": "m n", "z": "n", "y": "3*m"}, "dy = repeat(M z, 3)"),
    (
        "sum((x*c + concatenate([-x[d:], x[:d]])*s)*g)",
        {"x": "2*d", "c": "2*d", "s": "2*d", "g": "2*d"},
        "dx = c ⊙ g + [(s ⊙ g)[d:]; −(s ⊙ g)[:d]]",
    ),
    ("sum(concatenate([x, y])**2)", {"x": "n", "y": "m"}, "dx = 2 x      dy = 2 y"),
    ("sum(relu(concatenate([x, y])))", {"x": "n", "y": "m"}, "dx = [x > 0]      dy = [y > 0]"),
    ("sum(concatenate([x, y])*z)", {"x": "n", "y": "m", "z": "n+m"}, "dx = z[:n]      dy = z[n:]      dz = [x; y]"),
    (
        "sum(concatenate([x, 2*y, -w])*z)",
        {"x": "n", "y": "m", "w": "p", "z": "n+m+p"},
        "dz = [x; 2 y; −w]",
    ),
    ("sum(concatenate([X, Y])*Z)", {"X": "n d", "Y": "m d", "Z": "n+m d"}, "dZ = [X; Y]"),
    ("sum(concatenate([X, Y], axis=1)*Z)", {"X": "d n", "Y": "d m", "Z": "d n+m"}, "dZ = [X, Y]"),
    ("sum(x[1::2]**2)", {"x": "2*h"}, "dx = 2 put[1::2](x[1::2])"),
    ("sum(x[::2]*x[1::2])", {"x": "2*h"}, "dx = put[::2](x[1::2]) + put[1::2](x[::2])"),
    ("sum(X[::2]*Y)", {"X": "2*h d", "Y": "h d"}, "dX = put[::2,:](Y)      dY = X[::2]"),
    ("sum(x[:h] * x[h:] * y)", {"x": "2*h", "y": "h"}, "dx = [y ⊙ x[h:]; y ⊙ x[:h]]"),
    ("sum(stack([A, B]) * T)", {"A": "m n", "B": "m n", "T": "2 m n"}, "dA = T_0      dB = T_1"),
    ("glu(x) @ g", {"x": "2*n", "g": "n"}, "dx = [p ⊙ g; p ⊙ (1 − p) ⊙ g ⊙ x[:n]]"),
    ("sum(X * roll(X, 1, axis=0))", {"X": "m n"}, "dX = roll(X, 1, 0) + roll(X, −1, 0)"),
    (
        "q = x[:h]; r = x[h:]; z = concatenate([q*c - r*s, q*s + r*c]); z @ k",
        {"x": "2*h", "c": "h", "s": "h", "k": "2*h"},
        "dq = c ⊙ dz[:h] + s ⊙ dz[h:]\ndr = c ⊙ dz[h:] − s ⊙ dz[:h]",
    ),
    ("sum((reshape(z, (m, n)) @ x)**2)", {"z": "m*n", "x": "n"}, "dx = 2 Zᵀ Z x   where Z = reshape(z, (m, n))"),
    ("sum(X[:,1::2]*Y)", {"X": "d 2*h", "Y": "d h"}, "dX = put[:,1::2](Y)      dY = X[:,1::2]"),
    # pooling, whose windows are blocks
    ("sum(avg_pool1d(X, 2)**2)", {"X": "b 6"}, "dX = repeat(rowsum(reshape(X, (b, 3, 2))), 2, 1) / 2"),
    ("sum(avg_pool2d(X, 2) * G)", {"X": "b c 4 6", "G": "b c 2 3"}, "dX_bcij = G[b,c,i // 2,j // 2] / 4"),
    ("sum(avg_pool1d(X, 3, stride=1) * G)", {"X": "b c 6", "G": "b c 4"}, "dX_bci = (Σ_j G[b,c,i - j] [j ≤ 2]) / 3"),
    # places that progress evenly are no array of places
    ("sum(x[[0, 2, 4]] * y)", {"x": "6", "y": "3"}, "dx = put[::2](y)      dy = x[::2]"),
    ("sum(x[[[0, 1, 2], [1, 2, 3], [2, 3, 4]]] * K)", {"x": "5", "K": "3 3"}, "dx_i = Σ_j K[i - j,j]      dK_i = x[i:i + 3]"),
]  # fmt: skip


def values_of(variables: Mapping[str, str]) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    found = {}
    for name, declaration in variables.items():
        dims, _, fact = declaration.partition("|")
        shape = [eval(dim, {}, SIZES) for dim in dims.split()]
        index = fact.strip() == "index"
        found[name] = rng.integers(0, 2, shape) if index else rng.normal(size=shape)
    return found


@pytest.mark.parametrize(("text", "variables", "right"), TABLE, ids=[row[0] for row in TABLE])
def test_an_index_map_prints_as_people_write_it(
    text: str, variables: Mapping[str, str], right: str
) -> None:
    derived = mg.derive(mg.parse(text, **variables))
    assert right in str(derived)
    assert "mod" not in str(derived)
    values = values_of(variables)
    for print_, ascii_ in ((str(derived), False), (derived.ascii, True)):
        found = read_back(print_, values, SIZES, ascii=ascii_)
        for name in derived:
            want = np.asarray(derived[name](values))
            np.testing.assert_allclose(found[f"d{name}"], want, rtol=1e-9, atol=1e-12)
        for name, formula in derived.items():
            # with no names, several maps meet in one product
            line = formula.expanded_line
            print_ = line.text(ASCII) if ascii_ else line.text()
            want = np.asarray(formula(values))
            if "conv" in text and "Σ" in line.text():
                continue  # how many windows there are, a convolution written out does not tell
            back = read_back(print_, values, SIZES, {f"d{name}": want.shape}, ascii_)[f"d{name}"]
            np.testing.assert_allclose(back, want, rtol=1e-9, atol=1e-12, err_msg=print_)
    assert derived.latex
    assert derived.mathml


POOLS = [
    ("sum(avg_pool1d(X, 2)**2)", {"X": "b c 6"}, "dX_bci = Y[b,c,i // 2]   where Y_bci = sum(X[b,c,2*i:2*i + 2]) / 2"),
    (
        "sum(avg_pool2d(X, 2)**2)",
        {"X": "4 6"},
        "dX = repeat(repeat(Y, 2, 1), 2, 0) / 2   where Y_ij = sum(X[2*i:2*i + 2,2*j:2*j + 2]) / 4",
    ),
    (
        "sum(max_pool2d(X, 2) * G)",
        {"X": "4 6", "G": "2 3"},
        "dX_ij = onehot(argmax(T[i // 2,j // 2]))[i % 2,j % 2] G[i // 2,j // 2]\ndG_ij = max(T_ij)\n"
        "where T_ij = X[2*i:2*i + 2,2*j:2*j + 2]",
    ),
    (
        "sum(max_pool2d(X, 3, 2) * G)",
        {"X": "7 7", "G": "3 3"},
        "dX_ij = Σ_kl M[k,l,i - 2*k,j - 2*l] G_kl      dG_ij = max(T_ij)   "
        "where T_ij = X[2*i:2*i + 3,2*j:2*j + 3], M_ij = onehot(argmax(T_ij))",
    ),
    ("sum(avg_pool2d(X[:4, :6], 2) * G)", {"X": "5 7", "G": "2 3"}, "G_mp [k ≤ 1] [l ≤ 1]) / 4"),
]


@pytest.mark.parametrize(("text", "variables", "right"), POOLS)
def test_pooling_prints_windows_and_the_mask_of_the_maximum(text: str, variables: dict[str, str], right: str) -> None:
    derived = mg.derive(mg.parse(text, **variables))
    assert right in str(derived)
    values = values_of(variables)
    sizes = {dim: SIZES[dim] for dim in "bc"}  # no other size lends its letter to a name
    for name, formula in derived.items() if "avg" in text else ():
        want = np.asarray(formula(values))
        back = read_back(formula.expanded, values, sizes, {f"d{name}": want.shape})[f"d{name}"]
        np.testing.assert_allclose(back, want, rtol=1e-9, atol=1e-12)
    report = derived.check()
    assert {c.verdict for c in report.comparisons if "printed" in str(c)} == {"pass"}
    assert report.verdict == "pass"


HEADS = (
    "Q = swapaxes(reshape(X @ Wq, (n, h, k)), 0, 1); K = swapaxes(reshape(X @ Wk, (n, h, k)), 0, 1); "
    "V = swapaxes(reshape(X @ Wv, (n, h, k)), 0, 1); A = softmax(Q @ swapaxes(K, 1, 2) / sqrt(k)); "
    "O = reshape(swapaxes(A @ V, 0, 1), (n, h*k)); sum((O @ Wo) * G)"
)
HEADS_SIZES = {"X": "n d", "Wq": "d h*k", "Wk": "d h*k", "Wv": "d h*k", "Wo": "h*k d", "G": "n d"}


def test_an_index_that_is_taken_apart_and_put_together_is_itself() -> None:
    derived = mg.derive(mg.parse(HEADS, **HEADS_SIZES), wrt=["Wo", "Wq"])
    rng, dims = np.random.default_rng(0), {"n": 4, "d": 5, "h": 3, "k": 2}
    values = {
        name: rng.normal(size=[eval(dim, {}, dims) for dim in declared.split()])
        for name, declared in HEADS_SIZES.items()
    }
    for name, formula in derived.items():
        want = np.asarray(formula({**values, **dims}))
        shapes = {f"d{name}": want.shape}
        back = read_back(formula.expanded, values, dims, shapes)[f"d{name}"]
        np.testing.assert_allclose(back, want, rtol=1e-9, atol=1e-12, err_msg=formula.expanded)
    assert derived["Wo"].expanded.endswith(" X Wv[:,i]")


def test_a_place_within_a_place_has_parentheses() -> None:
    loss = mg.parse("sum(G * max(reshape(x, (m, 2)), axis=1))", x="2*m", G="m")
    index = mg.derive(loss, wrt="x")["x"].index
    assert index == "dx_i = [argmax(x[2*(i // 2):2*(i // 2) + 2]) = i % 2] G[i // 2]"
