"""What errors say to write in the place of a function that is not here computes that function."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn.elsewhere import FUNCTIONAL, TOLD

_RNG = np.random.default_rng(0)
_X, _Y, _SIGN = _RNG.normal(size=(5, 4)), _RNG.normal(size=(5, 4)), np.array([1.0, -1.0, 1.0, -1.0, -1.0])
_LONG, _NEAR = _RNG.normal(size=5), np.linspace(-1.5, 1.5, 5)


def _softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum()


def _cosine(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)


def _distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(((x - y) ** 2).sum(1))


def _celu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 2 * np.expm1(x / 2))


# Of each name what stands in the line, and its definition.
DEFINITIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "CELU": ({"x": _LONG, "alpha": 2.0}, _celu(_LONG)),
    "Hardsigmoid": ({"x": 4 * _NEAR}, np.clip(4 * _NEAR / 6 + 0.5, 0, 1)),
    "Tanhshrink": ({"x": _LONG}, _LONG - np.tanh(_LONG)),
    "Hardshrink": ({"x": _NEAR}, np.where(abs(_NEAR) > 0.5, _NEAR, 0)),
    "Softshrink": ({"x": _NEAR}, np.where(_NEAR > 0.5, _NEAR - 0.5, np.where(_NEAR < -0.5, _NEAR + 0.5, 0))),
    "Threshold": ({"x": _NEAR, "threshold": 0.2, "value": 7.0}, np.where(_NEAR > 0.2, _NEAR, 7)),
    "Softmin": ({"x": _LONG}, _softmax(-_LONG)),
    "CosineEmbeddingLoss": (
        {"x1": _X, "x2": _Y, "y": _SIGN, "margin": 0.1},
        np.where(_SIGN > 0, 1 - _cosine(_X, _Y), np.maximum(0, _cosine(_X, _Y) - 0.1)).mean(),
    ),
    "TripletMarginLoss": (
        {"a": _X, "p": _Y, "n": _Y[::-1], "margin": 1.0},
        np.maximum(_distance(_X, _Y) - _distance(_X, _Y[::-1]) + 1, 0).mean(),
    ),
    "MarginRankingLoss": (
        {"x1": _LONG, "x2": _NEAR, "y": _SIGN, "margin": 0.3},
        np.maximum(0, -_SIGN * (_LONG - _NEAR) + 0.3).mean(),
    ),
    "HingeEmbeddingLoss": (
        {"x": abs(_LONG), "y": _SIGN, "margin": 0.5},
        np.where(_SIGN > 0, abs(_LONG), np.maximum(0, 0.5 - abs(_LONG))).mean(),
    ),
    "SoftMarginLoss": ({"x": _LONG, "y": _SIGN}, np.log(1 + np.exp(-_SIGN * _LONG)).mean()),
    "GaussianNLLLoss": (
        {"x": _LONG, "y": _NEAR, "var": np.exp(_LONG)},
        (_LONG + (_LONG - _NEAR) ** 2 / np.exp(_LONG)).mean() / 2,
    ),
    "PoissonNLLLoss": ({"x": _LONG, "y": abs(_NEAR)}, (np.exp(_LONG) - abs(_NEAR) * _LONG).mean()),
    "hardsigmoid": ({"x": 4 * _NEAR}, np.clip(4 * _NEAR / 6 + 0.5, 0, 1)),
    "hardshrink": ({"x": _NEAR}, np.where(abs(_NEAR) > 0.5, _NEAR, 0)),
    "tanhshrink": ({"x": _LONG}, _LONG - np.tanh(_LONG)),
    "softmin": ({"x": _LONG}, _softmax(-_LONG)),
    "celu": ({"x": _LONG, "alpha": 2.0}, _celu(_LONG)),
    "prelu": ({"x": _LONG, "a": 0.2}, np.where(_LONG > 0, _LONG, 0.2 * _LONG)),
    "normalize": ({"x": _X}, _X / np.sqrt((_X**2).sum(1, keepdims=True))),
    "pairwise_distance": ({"x": _X, "y": _Y}, _distance(_X, _Y)),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_line_to_write_is_the_function(name: str) -> None:
    given, wanted = DEFINITIONS[name]
    line, _, where = {**TOLD, **FUNCTIONAL}[name].removeprefix("write ").partition(" with ")
    known = {name: mg.tensor(value) for name, value in given.items()}
    known |= {"mg": mg, **{f: getattr(mg.nn.functional, f) for f in ("relu6", "softmax", "elu")}}
    if where:
        exec(where, known)
    found = eval(re.sub(r"^lambda x: ", "", line), known)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-12)


def test_every_loss_that_is_told_has_its_definition_here() -> None:
    without = {"CTCLoss", "MultiLabelSoftMarginLoss"}  # there is none; it is a module
    assert {name for name in TOLD if name.endswith("Loss")} - without <= DEFINITIONS.keys()
    logits, labels = _X, (_Y > 0).astype(float)
    said = eval(TOLD["MultiLabelSoftMarginLoss"].removeprefix("write "), {"mg": mg})(logits, labels)
    each = [math.log1p(math.exp(-z if y else z)) for z, y in zip(logits.flat, labels.flat, strict=True)]
    assert said.item() == pytest.approx(np.mean(each), rel=1e-12)
