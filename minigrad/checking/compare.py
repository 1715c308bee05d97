"""Two witnesses on one quantity: how far apart, and how far apart rounding may put them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.checking.differences import EPS, Slope
from minigrad.checking.report import COARSEST, KINK, Comparison, Verdict, Worst

# What two computations of one number in double precision may differ by without further reason.
ROUNDING = 1e-10
# A witness may be off by this many times what it moves by when its data change in their last digit.
_NOISES = 50
# A rough estimate refutes only what it misses by this factor.
_CLEARLY = 20


def arrays_compared(
    first: str,
    second: str,
    quantity: str,
    a: Any,
    b: Any,
    noise: Callable[[], float],
    natural: float = 0.0,
    base: float = ROUNDING,
) -> Comparison:
    """The largest difference of two arrays, relative to their largest element.

    ``noise`` is asked, only where they differ by more than ``base``, how far rounding moves them;
    ``natural`` is the size that says when both are zero but for rounding.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        note = f"shapes {a.shape} and {b.shape}"
        return Comparison(first, second, quantity, float("nan"), base, note, "fail")
    a, b = a.astype(float), b.astype(float)
    if a.size == 0:
        return Comparison(first, second, quantity, 0.0, base, "empty")
    finite = np.isfinite(a), np.isfinite(b)
    if not (finite[0].all() and finite[1].all()):
        return _not_finite(first, second, quantity, a, b, base)
    gap = np.abs(a - b)
    place = np.unravel_index(int(gap.argmax()), gap.shape)
    largest = float(gap[place])
    scale = max(float(np.abs(a).max()), float(np.abs(b).max()))
    if largest <= base * scale:
        return Comparison(first, second, quantity, largest / scale if scale else 0.0, base)
    moved = _NOISES * max(noise(), EPS * natural)
    if scale <= moved and moved <= ROUNDING * natural:
        return Comparison(
            first, second, quantity, largest / natural, ROUNDING, "zero within rounding"
        )
    tolerance = max(base, moved / scale)
    verdict: Verdict = "pass" if largest <= tolerance * scale else "fail"
    if verdict == "pass" and tolerance > max(COARSEST, base):
        verdict = "inconclusive"
    worst = Worst(tuple(int(i) for i in place), float(a[place]), float(b[place]))
    note = "rounding drowns the difference" if verdict == "inconclusive" else ""
    return Comparison(first, second, quantity, largest / scale, tolerance, note, verdict, worst)


def _not_finite(first: str, second: str, quantity: str, a: Any, b: Any, base: float) -> Comparison:
    """Where one says a number and the other does not, one is wrong; where none does, nobody knows."""
    known = np.isfinite(a) != np.isfinite(b)
    if not known.any():
        return Comparison(first, second, quantity, float("nan"), base, "not finite", "inconclusive")
    place = tuple(int(i) for i in np.argwhere(known)[0])
    worst = Worst(place, float(a[place]), float(b[place]))
    return Comparison(
        first, second, quantity, float("nan"), base, "one is not finite", "fail", worst
    )


def _length(x: Any) -> float:
    """The Euclidean length, also of what is too large to be squared."""
    largest = float(np.abs(x).max(initial=0))
    return largest * float(np.linalg.norm(x / largest)) if largest else 0.0


def slopes_compared(
    first: str,
    second: str,
    quantity: str,
    gradient: Any,
    measured: list[tuple[Any, Slope]],
    noise: Callable[[], float],
    natural: float,
    single: bool = False,
    base: float = ROUNDING,
) -> Comparison:
    """A gradient against slopes along directions; the tolerance comes from the slopes' own uncertainty.

    ``single`` says that each direction is one element, which then can be named.
    """
    g = np.asarray(gradient, dtype=float)
    if measured and g.shape != measured[0][0].shape:
        note = f"shape {g.shape} for a variable of shape {measured[0][0].shape}"
        return Comparison(first, second, quantity, float("nan"), base, note, "fail")
    if g.size == 0:
        return Comparison(first, second, quantity, 0.0, ROUNDING, "empty")
    kinks = sum(s.kink for _, s in measured)
    smooth = [(d, s) for d, s in measured if not s.kink and np.isfinite([s.value, s.uncertainty]).all()]
    if not smooth:
        note = KINK if kinks else "differences are not finite here"
        return Comparison(first, second, quantity, float("nan"), 0.0, note, "inconclusive")
    # elements that no direction moves have no slope: what is not finite is no place to start from
    g = np.where(np.any([d != 0 for d, _ in measured], axis=0), g, 0.0)
    if not np.isfinite(g).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(g))[0])
        worst = Worst(place, float(g[place]), smooth[0][1].value if g.size == 1 else float("nan"))
        note = f"{first} is not finite"
        return Comparison(first, second, quantity, float("nan"), ROUNDING, note, "fail", worst)
    largest = max(_length(g * d) for d, _ in smooth)
    scale = max(largest, max(abs(s.value) for _, s in smooth))
    gaps = [(abs(float(np.sum(g * d)) - s.value), s, d) for d, s in smooth]
    allowed = max(8 * s.uncertainty for _, s in smooth)
    if max(gap for gap, _, _ in gaps) > allowed + base * scale:
        moved = noise() * float(np.abs(smooth[0][0]).sum())
        allowed += _NOISES * max(moved, EPS * natural)
    zero = scale <= allowed and allowed <= COARSEST * 1e-3 * natural
    if zero:
        scale = natural
    if not scale:
        return Comparison(first, second, quantity, 0.0, ROUNDING, "", "pass")
    gap, s, d = max(gaps, key=lambda item: item[0])
    tolerance = max(allowed / scale, base)
    error = gap / scale
    verdict: Verdict = "pass" if error <= tolerance else "fail"
    coarse = tolerance > max(COARSEST, base)
    if coarse and error <= _CLEARLY * tolerance:
        note = KINK if kinks else "differences are too uncertain here"
        return Comparison(first, second, quantity, error, tolerance, note, "inconclusive")
    element = None
    if single and verdict == "fail":
        index = tuple(int(i) for i in np.argwhere(d)[0])
        element = Worst(index, float(g[index]), s.value / float(d[index]))
    note = "zero within rounding" if zero else ""
    if verdict == "pass" and kinks:
        verdict, note = "inconclusive", f"{KINK} along {kinks} of {len(measured)} directions"
    return Comparison(first, second, quantity, error, tolerance, note, verdict, element)
