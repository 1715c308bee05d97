"""The usual slips of a derivation by hand, tried one by one until one gives the answer at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np

from minigrad.checking.lengths import by_name
from minigrad.checking.slip_names import GraphNames
from minigrad.ops.shape import unbroadcast

_SAME = 1e-6


@dataclass(frozen=True)
class Slip:
    """What went wrong in words, and the constant by which the answer is off besides (1 for none).

    ``factor`` is the constant's size in closed form, "√k", where it has one.
    """

    text: str
    ratio: float | None
    factor: str = ""


def find_slip(
    claim: Any, right: Any, candidates: Iterable[tuple[str, Any]], names: GraphNames
) -> Slip | None:
    """The slip that turns the right gradient into the claimed one, the simplest first; None for none.

    ``candidates`` are slips in words with what each of them gives, the likelier first. One explains a claim
    if it leaves next to nothing of what the claim is off by.
    """
    claim, right = np.asarray(claim, dtype=float), np.asarray(right, dtype=float)
    if not np.isfinite(claim).all() or not np.isfinite(right).all() or not claim.size:
        return None
    if not np.any(claim):
        return Slip("it is zero", None)
    allowed = left_over(claim, right)
    whole = _proportional(claim, right, allowed)
    # any number is a multiple of any other
    multiple = None
    if whole is not None and (claim.size > 1 or _is_told(whole, names)):
        multiple = Slip(_factor_text(whole, names), whole, _factor_name(whole, names) or "")
        if _is_told(whole, names):
            return multiple
    turned = _transposed(claim, right, allowed)
    if turned is not None and multiple is None:
        return Slip(_and_factor("it is transposed", turned, names), turned)
    best: Slip | None = None
    for text, changed in candidates:
        for candidate, words in (
            (changed, text),
            (_swapped(changed), f"{text}, and it is transposed"),
        ):
            ratio = _proportional(claim, candidate, allowed)
            if ratio is None:
                continue
            if abs(ratio - 1) < _SAME:
                return Slip(words, None)
            if best is None and multiple is None and claim.size > 1 and _factor_name(ratio, names) is not None:
                best = Slip(_and_factor(words, ratio, names), None)
    # a number that nobody would write says less than any slip that explains it
    return multiple or best or _reduced_wrongly(claim, right, names)


def left_over(claim: Any, right: Any) -> float:
    """What may be left of a claim that is explained: a part of what it is off by, and of its size."""
    size = float(np.abs(claim).max())
    if claim.shape != right.shape:
        return _SAME * size
    return min(_SAME * size, 1e-3 * float(np.abs(claim - right).max())) + 1e-13 * size


# -- constant factors --------------------------------------------------------------------------------


def _proportional(claim: Any, other: Any, allowed: float) -> float | None:
    """The constant r with claim = r other, up to what is allowed, or None."""
    other = np.asarray(other, dtype=float)
    if claim.shape != other.shape:
        return None
    norm = float(np.sum(other * other))
    if not norm or not np.isfinite(norm):
        return None
    r = float(np.sum(claim * other)) / norm
    return r if r and float(np.abs(claim - r * other).max()) <= allowed else None


def _transposed(claim: Any, right: Any, allowed: float) -> float | None:
    swapped = _swapped(right)
    return None if swapped is right or right.size < 2 else _proportional(claim, swapped, allowed)


def _swapped(array: Any) -> Any:
    return array.swapaxes(-1, -2) if np.ndim(array) >= 2 else array


def _and_factor(text: str, ratio: float, names: GraphNames) -> str:
    if abs(ratio - 1) < _SAME:
        return text
    return f"{text}, and {_factor_text(ratio, names)}"


def _is_told(ratio: float, names: GraphNames) -> bool:
    return abs(ratio + 1) < _SAME or _factor_name(ratio, names) is not None


def _factor_text(ratio: float, names: GraphNames) -> str:
    if abs(ratio + 1) < _SAME:
        return "the sign is wrong"
    name = _factor_name(ratio, names)
    sign = "the sign is wrong and " if ratio < 0 else ""
    if name is None:
        return f"it is {ratio:.{digits_of(ratio)}g} times the right one"
    if name in ("2", "1/2"):
        what = "is missing" if name == "1/2" else "is there that does not belong"
        return f"{sign}you are off by a factor {name}: a 2 {what}"
    if name.startswith("1/"):
        return f"{sign}you are off by a factor {name}: {name} is there that does not belong"
    over, _, under = name.partition("/")
    over = f"({over})" if " " in over else over
    return f"{sign}you are off by a factor {name}: {under or 1}/{over} is missing"


def digits_of(ratio: float) -> int:
    """As many digits as show that a ratio is not 1."""
    return 6 if abs(abs(ratio) - 1) > 1e-5 else 9 if abs(abs(ratio) - 1) > 1e-8 else 13


def _factor_name(ratio: float, names: GraphNames) -> str | None:
    """The simplest product of sizes and their roots, or quotient of two, that is this number.

    Where an axis of 4 is not computed with, a half is no 1/√n.
    """
    size = abs(ratio)
    likely = {d: n for d, n in names.dims.items() if d in names.computed_with}
    other = {d: n for d, n in names.dims.items() if d not in likely}
    single = [*_powers_of(likely), ("2", 2.0), *_powers_of(other)]
    double = [(" ".join(sorted((a, b), key="2".__ne__)), x * y) for (a, x), (b, y) in combinations(single, 2)]
    for name, value in (*single, *double):
        if abs(size - value) < _SAME * value:
            return name
        if abs(size * value - 1) < _SAME:
            return f"1/{name}" if " " not in name else f"1/({name})"
    # a sum for a mean whose 2 is forgotten: m/2
    for (a, x), (b, y) in permutations([*_powers_of(likely), ("2", 2.0)], 2):
        if abs(size - x / y) < _SAME * size:
            return f"{a}/{b}"
    return None


def _powers_of(dims: Mapping[str, int]) -> list[tuple[str, float]]:
    """√n, n and n² of sizes above 1."""
    found = [(f"√{d}", float(n) ** 0.5) for d, n in dims.items() if n > 1]
    found += [(d, float(n)) for d, n in dims.items() if n > 1]
    return found + [(f"{d}²", float(n) ** 2) for d, n in dims.items() if n > 1]


def _reduced_wrongly(claim: Any, right: Any, names: GraphNames) -> Slip | None:
    """A gradient that was left unsummed over what was broadcast, or that has another shape."""
    if claim.shape == right.shape:
        return None
    if claim.ndim > right.ndim:
        ratio = None
        with suppress(ValueError):  # it may be no broadcast of the variable
            summed = np.asarray(unbroadcast(claim, right.shape))
            ratio = _proportional(summed, right, _SAME * float(np.abs(summed).max()))
        if ratio is not None:
            return Slip(_and_factor("what was broadcast is not summed", ratio, names), None)
    words = f"its shape is {claim.shape}, the variable's is {right.shape}"
    return Slip(by_name(words, names.dims), None)
