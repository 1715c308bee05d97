"""The usual slips of a derivation by hand, tried one by one until one gives the answer at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from minigrad.checking.alterations import altered
from minigrad.checking.slip_names import GraphNames
from minigrad.checking.sweep import Sweep
from minigrad.ops.shape import unbroadcast

_SAME = 1e-6


@dataclass(frozen=True)
class Slip:
    """What went wrong in words, and the constant by which the answer is off besides (1 for none)."""

    text: str
    ratio: float | None


def find_slip(claim: Any, right: Any, sweep: Sweep, names: GraphNames) -> Slip | None:
    """The slip that turns the right gradient into the claimed one, the simplest first; None for none."""
    claim = np.asarray(claim, dtype=float)
    if not np.isfinite(claim).all() or not np.isfinite(right).all() or not claim.size:
        return None
    if not np.any(claim):
        return Slip("it is zero", None)
    whole = _proportional(claim, right)
    if whole is not None:
        return Slip(_factor_text(whole, names), whole)
    turned = _transposed(claim, right)
    if turned is not None:
        return Slip(_and_factor("it is transposed", turned, names), turned)
    best: Slip | None = None
    for text, changed in altered(sweep, names):
        for candidate, words in (
            (changed, text),
            (_swapped(changed), f"{text}, and it is transposed"),
        ):
            ratio = _proportional(claim, candidate)
            if ratio is None:
                continue
            if abs(ratio - 1) < _SAME:
                return Slip(words, None)
            if best is None and _factor_name(ratio, names.dims) is not None:
                best = Slip(_and_factor(words, ratio, names), None)
    return best or _reduced_wrongly(claim, right, sweep, names)


# -- constant factors --------------------------------------------------------------------------------


def _proportional(claim: Any, other: Any) -> float | None:
    """The constant r with claim = r other, or None."""
    other = np.asarray(other, dtype=float)
    if claim.shape != other.shape:
        return None
    norm = float(np.sum(other * other))
    if not norm or not np.isfinite(norm):
        return None
    r = float(np.sum(claim * other)) / norm
    if not r or float(np.abs(claim - r * other).max()) > _SAME * float(np.abs(claim).max()):
        return None
    return r


def _transposed(claim: Any, right: Any) -> float | None:
    swapped = _swapped(right)
    return None if swapped is right else _proportional(claim, swapped)


def _swapped(array: Any) -> Any:
    return array.swapaxes(-1, -2) if np.ndim(array) >= 2 else array


def _and_factor(text: str, ratio: float, names: GraphNames) -> str:
    if abs(ratio - 1) < _SAME:
        return text
    return f"{text}, and {_factor_text(ratio, names)}"


def _factor_text(ratio: float, names: GraphNames) -> str:
    if abs(ratio + 1) < _SAME:
        return "the sign is wrong"
    name = _factor_name(ratio, names.dims)
    sign = "the sign is wrong and " if ratio < 0 else ""
    if name is None:
        return f"it is {ratio:.6g} times the right one"
    if name in ("2", "1/2"):
        what = "is missing" if name == "1/2" else "is there that does not belong"
        return f"{sign}you are off by a factor {name}: a 2 {what}"
    if name.startswith("1/"):
        return f"{sign}you are off by a factor {name}: {name} is there that does not belong"
    return f"{sign}you are off by a factor {name}: 1/{name} is missing"


def _factor_name(ratio: float, dims: Mapping[str, int]) -> str | None:
    """The simplest product of sizes and their roots that is this number."""
    size = abs(ratio)
    single: list[tuple[str, float]] = [("2", 2.0)]
    single += [(f"√{d}", float(n) ** 0.5) for d, n in dims.items() if n > 1]
    single += [(d, float(n)) for d, n in dims.items() if n > 1]
    single += [(f"{d}²", float(n) ** 2) for d, n in dims.items() if n > 1]
    double = [(f"{a} {b}", x * y) for (a, x), (b, y) in combinations(single, 2)]
    for name, value in (*single[1:], single[0], *double):
        if abs(size - value) < _SAME * value:
            return name if " " not in name else f"({name})"
        if abs(size * value - 1) < _SAME:
            return f"1/{name}" if " " not in name else f"1/({name})"
    return None


def _reduced_wrongly(claim: Any, right: Any, sweep: Sweep, names: GraphNames) -> Slip | None:
    """A gradient that was left unsummed over what was broadcast, or that has another shape."""
    if claim.shape == right.shape:
        return None
    if claim.ndim > right.ndim:
        try:
            summed = unbroadcast(claim, right.shape)
        except ValueError:
            return None
        ratio = _proportional(np.asarray(summed), right)
        if ratio is not None:
            return Slip(_and_factor("what was broadcast is not summed", ratio, names), None)
    return Slip(f"its shape is {claim.shape}, the variable's is {right.shape}", None)
