"""What a case is, and random numbers that fit a domain."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[..., Any]
NumPyCase = tuple[str, str, Function, tuple[Any, ...]]


@dataclass(frozen=True, eq=False)
class Case:
    """One call: ``run`` takes the arrays in ``args``; ``reference`` computes it with NumPy."""

    row: str
    label: str
    run: Function
    args: tuple[Any, ...]
    reference: Function | None = None

    @property
    def id(self) -> str:
        return f"{self.row}-{self.label}"


def generator(*key: Any) -> np.random.Generator:
    """Random numbers that depend on the key alone."""
    return np.random.default_rng(abs(hash_of("/".join(map(str, key)))))


def hash_of(text: str) -> int:
    value = 0
    for character in text:
        value = (value * 131 + ord(character)) % (2**31)
    return value


def sample(domain: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random numbers away from the kinks and poles that the domain word excludes."""
    return np.asarray(_sample(domain, shape, rng))


def _sample(domain: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    size = rng.uniform(0.2, 1.5, shape)
    sign = rng.choice([-1.0, 1.0], shape)
    match domain:
        case "real" | "nonzero":
            return size * sign
        case "positive" | "nonnegative":
            return size
        case "unit":
            return rng.uniform(0.1, 0.9, shape)
        case "(-1, 1)":
            return rng.uniform(0.1, 0.9, shape) * sign
        case "above 1":
            return size + 1.1
        case "large":
            return (size + 3.0) * sign
        case "noninteger":
            return rng.integers(-4, 4, shape) + rng.uniform(0.1, 0.9, shape)
        case "bool":
            return rng.random(shape) < 0.5
        case "symmetric" | "spd":
            a = rng.normal(size=shape)
            s = a @ np.swapaxes(a, -1, -2)
            return s + np.eye(shape[-1]) if domain == "spd" else a + np.swapaxes(a, -1, -2)
        case "invertible":
            a = rng.normal(size=shape)
            return (
                a
                + 2
                * np.eye(*shape[-2:])
                * np.sign(np.trace(a, axis1=-2, axis2=-1))[..., None, None]
            )
    raise AssertionError(f"no sampler for domain {domain!r}")


def normal(*shape: int, key: str = "") -> np.ndarray:
    return generator("normal", shape, key).normal(size=shape)


def away(*shape: int, key: str = "") -> np.ndarray:
    return sample("nonzero", shape, generator("away", shape, key))


def distinct(*shape: int) -> np.ndarray:
    """Numbers without near ties, so that maxima and orders stay put under small steps."""
    rng = generator("distinct", shape)
    return rng.permutation(math.prod(shape)).reshape(shape) * 0.3 + rng.uniform(0, 0.1, shape)


X = normal(2, 3, 4)
M = normal(3, 4, key="m")
V = normal(4, key="v")
D = distinct(2, 3, 4)
SQUARE = sample("invertible", (3, 3), generator("square"))
BATCH = sample("invertible", (2, 3, 3), generator("batch"))
SPD = sample("spd", (3, 3), generator("spd"))
IDX = np.array([2, 0, 2])
