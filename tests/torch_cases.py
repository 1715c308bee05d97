"""What minigrad and PyTorch both compute; the references come from make_torch_references.py."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

REFERENCES = Path(__file__).parent / "references"


def references(name: str) -> dict[str, Any]:
    """What PyTorch has computed."""
    found: dict[str, Any] = json.loads((REFERENCES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def wave(shape: tuple[int, ...], phase: float) -> np.ndarray:
    """Numbers without a pattern that matters: 0.9 sin(1.7 i + phase²)."""
    return 0.9 * np.sin(1.7 * np.arange(math.prod(shape)) + phase**2).reshape(shape)


# -- optimisers: Σ C cosh(W) + (b W₀₀ − 1)² + b² / 2 from a fixed start -----------------------------

START = wave((3, 2), 0.5)
WEIGHTS = 1.5 + wave((3, 2), 2)
B_START = 0.3
KEPT_STEPS = (1, 2, 10, 25)

# The name of the class, and its options; where it climbs, the loss is turned around.
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.05}),
    "SGD with decay": ("SGD", {"lr": 0.05, "weight_decay": 0.1}),
    "SGD with momentum": ("SGD", {"lr": 0.02, "momentum": 0.9}),
    "SGD with dampening": (
        "SGD",
        {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
    ),
    "SGD of Nesterov": (
        "SGD",
        {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ),
    "SGD upwards": ("SGD", {"lr": 0.05, "maximize": True, "weight_decay": 0.1}),
    "Adam": ("Adam", {}),
    "Adam, other numbers": ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3}),
    "Adam with decay": ("Adam", {"lr": 0.05, "weight_decay": 0.2}),
    "Adam, amsgrad": ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    "AdamW": ("AdamW", {"lr": 0.05}),
    "AdamW, amsgrad": ("AdamW", {"lr": 0.05, "weight_decay": 0.3, "amsgrad": True}),
    "AdamW upwards": ("AdamW", {"lr": 0.05, "weight_decay": 0.3, "maximize": True}),
    "RMSprop": ("RMSprop", {}),
    "RMSprop with momentum": ("RMSprop", {"lr": 0.02, "alpha": 0.9, "momentum": 0.5}),
    "RMSprop, centred": ("RMSprop", {"lr": 0.02, "centered": True, "eps": 1e-3}),
    "RMSprop, all": (
        "RMSprop",
        {
            "lr": 0.02,
            "alpha": 0.9,
            "centered": True,
            "momentum": 0.5,
            "weight_decay": 0.1,
            "maximize": True,
        },
    ),
    "Adagrad": ("Adagrad", {}),
    "Adagrad, all": (
        "Adagrad",
        {
            "lr": 0.2,
            "lr_decay": 0.1,
            "weight_decay": 0.1,
            "initial_accumulator_value": 0.3,
            "eps": 1e-3,
        },
    ),
    "Adagrad upwards": ("Adagrad", {"lr": 0.2, "maximize": True}),
}
RATE = 0.05
SCHEDULES = ("step", "cosine", "linear", "linear warm-up, then cosine")
CLIPS = ("norm", "largest element", "value")
