"""The neural operations, against their definitions in NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.linalg

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812  (as users write it)
from engine_cases.case import (
    BATCH,
    SPD,
    SQUARE,
    Case,
    M,
    V,
    X,
    away,
    distinct,
    generator,
    normal,
    sample,
)


def _each(function: Any) -> Any:
    """A function of every matrix of a stack."""
    return lambda stack: np.stack([function(matrix) for matrix in stack])


P = sample("unit", (3, 4), generator("p"))
T = sample("unit", (3, 4), generator("t"))
LABELS = np.array([0, 3, 1])
IMAGE = normal(2, 2, 5, 6)
KERNEL = normal(3, 2, 2, 3)


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _direct_conv(x: np.ndarray, w: np.ndarray, s: Any, p: Any, d: Any) -> np.ndarray:
    """Convolution from its definition, one output at a time."""
    x = np.pad(x, ((0, 0), (0, 0), (p[0], p[0]), (p[1], p[1])))
    rows = (x.shape[2] - d[0] * (w.shape[2] - 1) - 1) // s[0] + 1
    columns = (x.shape[3] - d[1] * (w.shape[3] - 1) - 1) // s[1] + 1
    y = np.zeros((x.shape[0], w.shape[0], rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * s[0], j * s[1]
            window = x[
                :,
                :,
                top : top + d[0] * (w.shape[2] - 1) + 1 : d[0],
                left : left + d[1] * (w.shape[3] - 1) + 1 : d[1],
            ]
            y[:, :, i, j] = np.einsum("nckl,ockl->no", window, w)
    return y


def _layer_norm(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def _bce(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def _huber(e: np.ndarray, delta: float) -> np.ndarray:
    return np.where(abs(e) <= delta, e * e / 2, delta * (abs(e) - delta / 2))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _pooled(x: np.ndarray) -> np.ndarray:
    return np.stack(
        [
            np.stack([x[..., i : i + 3, 2 * j : 2 * j + 2].max((-2, -1)) for j in range(3)], -1)
            for i in (0, 2)
        ],
        -2,
    )


def _attention(q: Any, k: Any, v: Any, mask: Any) -> np.ndarray:
    s = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    return _softmax(np.where(mask, s, -np.inf), -1) @ v


MASK = np.tril(np.ones((3, 3), bool))
CASES: list[Case] = [
    Case("nn.softmax", "last", F.softmax, (M,), lambda x: _softmax(x, -1)),
    Case("nn.softmax", "first", lambda x: F.softmax(x, axis=0), (M,), lambda x: _softmax(x, 0)),
    Case("nn.softmax", "large", F.softmax, (M * 600,), lambda x: _softmax(x, -1)),
    Case(
        "nn.log_softmax",
        "axis",
        lambda x: F.log_softmax(x, 1),
        (X,),
        lambda x: np.log(_softmax(x, 1)),
    ),
    Case(
        "special.logsumexp",
        "axes",
        lambda x: mg.special.logsumexp(x, axis=(0, -1), keepdims=True),
        (X,),
        lambda x: np.log(np.exp(x).sum((0, -1), keepdims=True)),
    ),
    Case("special.logsumexp", "all", mg.special.logsumexp, (X,), lambda x: np.log(np.exp(x).sum())),
    Case(
        "nn.softplus",
        "beta",
        lambda x: F.softplus(x, 3.0),
        (M,),
        lambda x: np.log1p(np.exp(3 * x)) / 3,
    ),
    Case(
        "nn.elu",
        "alpha",
        lambda x: F.elu(x, 0.7),
        (away(3, 4),),
        lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)),
    ),
    Case(
        "nn.gelu",
        "tanh",
        lambda x: F.gelu(x, approximate="tanh"),
        (M,),
        lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    Case(
        "nn.glu", "axis", lambda x: F.glu(x, axis=1), (M,), lambda x: x[:, :2] * _sigmoid(x[:, 2:])
    ),
    Case("nn.mse_loss", "mean", F.mse_loss, (P, T), lambda x, y: ((x - y) ** 2).mean()),
    Case(
        "nn.l1_loss",
        "sum",
        lambda x, y: F.l1_loss(x, y, "sum"),
        (P, T + 1),
        lambda x, y: np.abs(x - y).sum(),
    ),
    Case(
        "nn.huber_loss",
        "both pieces",
        lambda x, y: F.huber_loss(x, y, delta=0.3),
        (P, 2 * T),
        lambda x, y: _huber(x - y, 0.3).mean(),
    ),
    Case(
        "nn.smooth_l1_loss",
        "both pieces",
        lambda x, y: F.smooth_l1_loss(x, y, beta=0.3),
        (P, 2 * T),
        lambda x, y: _huber(x - y, 0.3).mean() / 0.3,
    ),
    Case(
        "nn.kl_div",
        "sum",
        lambda x, y: F.kl_div(x, y, reduction="sum"),
        (M, P),
        lambda x, y: (y * (np.log(y) - x)).sum(),
    ),
    Case(
        "nn.kl_div",
        "log target",
        lambda x, y: F.kl_div(x, y, log_target=True),
        (M, normal(3, 4, key="k")),
        lambda x, y: (np.exp(y) * (y - x)).mean(),
    ),
    Case(
        "nn.binary_cross_entropy",
        "mean",
        F.binary_cross_entropy,
        (P, T),
        lambda p, y: _bce(p, y).mean(),
    ),
    Case(
        "nn.binary_cross_entropy",
        "weighted",
        lambda p, y: F.binary_cross_entropy(p, y, weight=V**2, reduction="sum"),
        (P, T),
        lambda p, y: (_bce(p, y) * V**2).sum(),
    ),
    Case(
        "nn.bce_with_logits",
        "mean",
        F.bce_with_logits,
        (M, T),
        lambda x, y: _bce(_sigmoid(x), y).mean(),
    ),
    Case(
        "nn.bce_with_logits",
        "vector",
        F.bce_with_logits,
        (V, T[0]),
        lambda x, y: _bce(_sigmoid(x), y).mean(),
    ),
    Case(
        "nn.bce_with_logits",
        "weights",
        lambda x, y: F.bce_with_logits(x, y, weight=V**2, pos_weight=V**2 + 1, reduction="none"),
        (M, T),
        lambda x, y: (
            -(V**2) * ((V**2 + 1) * y * np.log(_sigmoid(x)) + (1 - y) * np.log(_sigmoid(-x)))
        ),
    ),
    Case(
        "nn.nll_loss",
        "weighted",
        lambda x: F.nll_loss(x, LABELS, weight=V**2),
        (M,),
        lambda x: -(x[np.arange(3), LABELS] * V[LABELS] ** 2).sum() / (V[LABELS] ** 2).sum(),
    ),
    Case(
        "nn.nll_loss",
        "ignored",
        lambda x: F.nll_loss(x, LABELS, ignore_index=3, reduction="none"),
        (M,),
        lambda x: -np.where(LABELS == 3, 0, x[np.arange(3), LABELS]),
    ),
    Case(
        "nn.cross_entropy",
        "labels",
        lambda x: F.cross_entropy(x, LABELS),
        (M,),
        lambda x: -np.log(_softmax(x, 1))[np.arange(3), LABELS].mean(),
    ),
    Case(
        "nn.cross_entropy",
        "probabilities",
        F.cross_entropy,
        (M, P),
        lambda x, y: -(np.log(_softmax(x, 1)) * y).sum(1).mean(),
    ),
    Case(
        "nn.cross_entropy",
        "smoothed",
        lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.2),
        (M,),
        lambda x: -(np.log(_softmax(x, 1)) * (0.8 * np.eye(4)[LABELS] + 0.05)).sum(1).mean(),
    ),
    Case("nn.linear", "bias", F.linear, (X, normal(5, 4), normal(5)), lambda x, w, b: x @ w.T + b),
    Case(
        "nn.embedding",
        "rows",
        lambda w: F.embedding(np.array([[0, 2], [2, 1]]), w),
        (M,),
        lambda w: w[[[0, 2], [2, 1]]],
    ),
    Case(
        "nn.layer_norm",
        "plain",
        lambda x: F.layer_norm(x, (4,)),
        (X,),
        lambda x: _layer_norm(x, (-1,), 1e-5),
    ),
    Case(
        "nn.layer_norm",
        "affine",
        lambda x, w, b: F.layer_norm(x, (3, 4), w, b, eps=0.5),
        (X, M, P),
        lambda x, w, b: _layer_norm(x, (-2, -1), 0.5) * w + b,
    ),
    Case(
        "nn.rms_norm",
        "scaled",
        lambda x, w: F.rms_norm(x, (4,), w, eps=0.5),
        (X, V),
        lambda x, w: x / np.sqrt((x * x).mean(-1, keepdims=True) + 0.5) * w,
    ),
    Case(
        "nn.cosine_similarity",
        "axis",
        lambda x, y: F.cosine_similarity(x, y, axis=-1),
        (M, P),
        lambda x, y: (x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1)),
    ),
    Case(
        "nn.scaled_dot_product_attention",
        "causal",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        (X, normal(2, 3, 4, key="kk"), normal(2, 3, 5)),
        lambda q, k, v: _attention(q, k, v, MASK),
    ),
    Case(
        "nn.scaled_dot_product_attention",
        "added mask",
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m),
        (X, normal(2, 3, 4, key="kk"), normal(2, 3, 5), normal(3, 3)),
        lambda q, k, v, m: _softmax(q @ k.swapaxes(1, 2) / 2 + m, -1) @ v,
    ),
    Case(
        "nn.conv2d",
        "plain",
        F.conv2d,
        (IMAGE, KERNEL),
        lambda x, w: _direct_conv(x, w, (1, 1), (0, 0), (1, 1)),
    ),
    Case(
        "nn.conv2d",
        "options",
        lambda x, w: F.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(2, 1)),
        (IMAGE, KERNEL),
        lambda x, w: _direct_conv(x, w, (2, 1), (1, 2), (2, 1)),
    ),
    Case(
        "nn.conv2d",
        "groups",
        lambda x, w: F.conv2d(x, w, groups=2),
        (IMAGE, normal(4, 1, 2, 2)),
        lambda x, w: np.concatenate(
            [
                _direct_conv(x[:, k : k + 1], w[2 * k : 2 * k + 2], (1, 1), (0, 0), (1, 1))
                for k in (0, 1)
            ],
            axis=1,
        ),
    ),
    Case(
        "nn.conv1d",
        "options",
        lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1, dilation=2),
        (normal(2, 3, 7), normal(2, 3, 2), normal(2)),
        lambda x, w, b: (
            _direct_conv(x[:, :, None], w[:, :, None], (1, 2), (0, 1), (1, 2))[:, :, 0] + b[:, None]
        ),
    ),
    Case(
        "nn.max_pool2d",
        "windows",
        lambda x: F.max_pool2d(x, (3, 2), stride=(2, 2)),
        (distinct(1, 2, 5, 6),),
        _pooled,
    ),
    Case(
        "nn.max_pool1d",
        "windows",
        lambda x: F.max_pool1d(x, 3, stride=2),
        (distinct(1, 2, 7),),
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 3, -1)[..., ::2, :].max(-1),
    ),
    Case(
        "nn.avg_pool1d",
        "windows",
        lambda x: F.avg_pool1d(x, 3, stride=2, padding=1),
        (normal(1, 2, 7),),
        lambda x: np.lib.stride_tricks.sliding_window_view(
            np.pad(x, ((0, 0), (0, 0), (1, 1))), 3, -1
        )[..., ::2, :].mean(-1),
    ),
    Case(
        "nn.avg_pool2d",
        "windows",
        lambda x: F.avg_pool2d(x, (3, 2), stride=(2, 2)),
        (normal(1, 2, 5, 6),),
        lambda x: np.lib.stride_tricks.sliding_window_view(x, (3, 2), (-2, -1))[..., ::2, ::2, :, :].mean((-2, -1)),
    ),
    Case("linalg.expm", "batch", mg.linalg.expm, (BATCH,), _each(scipy.linalg.expm)),
    Case("linalg.sqrtm", "batch", mg.linalg.sqrtm, (np.stack([SPD, 2 * SPD]),), _each(scipy.linalg.sqrtm)),
    Case(
        "linalg.solve_triangular",
        "lower",
        lambda a, b: mg.linalg.solve_triangular(a, b, lower=True),
        (SQUARE, normal(3, 2)),
        lambda a, b: np.linalg.solve(np.tril(a), b),
    ),
    Case(
        "linalg.solve_triangular",
        "transposed vector",
        lambda a, b: mg.linalg.solve_triangular(a, b, trans=1, unit_diagonal=True),
        (SQUARE, normal(3)),
        lambda a, b: np.linalg.solve((np.triu(a, 1) + np.eye(3)).T, b),
    ),
    Case(
        "linalg.solve_triangular",
        "batch",
        lambda a, b: mg.linalg.solve_triangular(a, b),
        (BATCH, normal(3, 2)),
        lambda a, b: np.linalg.solve(np.triu(a), b),
    ),
]
