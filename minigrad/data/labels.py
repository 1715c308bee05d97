"""Labels of classes: which values they have, and which one is 0, 1 and so on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError

_SHOWN = 8


def classes(
    values: Sequence[object], *, source: str = "labels"
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels yᵢ ∈ {0, …, k − 1} of k ≥ 2 distinct values, and the values that they stand for.

    Values are compared and ordered as by :func:`two_classes`.

    Parameters
    ----------
    values
        A label for each example.
    source
        Where the labels come from; errors name it.

    Raises
    ------
    ArgumentError
        When there are fewer than two distinct values, or one is NaN.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.data.classes(["red", "blue", "red", "green"])
    (array([2, 0, 2, 1]), ('blue', 'green', 'red'))
    """
    counts = _counted(values, source)
    if len(counts) < 2:
        raise ArgumentError(f"{source}: two classes or more are needed, but there is 1: {_listed(counts)}")
    names = tuple(sorted(counts, key=_order))
    return known_labels(values, names, source=source).astype(np.int64), names


def two_classes(
    values: Sequence[object], *, positive: str | None = None, source: str = "labels"
) -> tuple[NDArray[np.float64], tuple[str, str]]:
    """Labels yᵢ ∈ {0, 1} of two distinct values, and the values that 0 and 1 stand for.

    Numbers are compared as numbers (``1`` is ``1.0``), all else as text. The smaller number, or
    what comes first in the alphabet whatever its capitals, is 0: so 1 is ``1`` of 0 and 1, ``Yes``
    of no and Yes, ``pos`` of neg and pos, ``true`` of false and true.

    Parameters
    ----------
    values
        A label for each example.
    positive
        The value that is 1, where it is not the later one.
    source
        Where the labels come from; errors name it.

    Raises
    ------
    ArgumentError
        When there are not two distinct values, one is NaN, or ``positive`` is neither of them.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.data.two_classes(["no", "yes", "no"])
    (array([0., 1., 0.]), ('no', 'yes'))
    """
    counts = _counted(values, source)
    if len(counts) != 2:
        raise ArgumentError(
            f"{source}: labels of two classes are needed, but there "
            f"{'is' if len(counts) == 1 else 'are'} {len(counts)}: {_listed(counts)}"
        )
    zero, one = sorted(counts, key=_order)
    if positive is not None:
        wanted = _names([positive])[0]
        if wanted not in counts:
            raise ArgumentError(
                f"{source}: positive={positive!r} is no label; the labels are {zero!r} and {one!r}"
            )
        zero, one = (zero, one) if wanted == one else (one, zero)
    return known_labels(values, (zero, one), source=source), (zero, one)


def known_labels(
    values: Sequence[object], names: tuple[str, ...], *, source: str = "labels"
) -> NDArray[np.float64]:
    """Labels yᵢ, positions in ``names``, of values that are known to have these names.

    Raises
    ------
    ArgumentError
        When a value has none of the names.
    """
    found = _names(values)
    strangers = Counter(name for name in found if name not in names)
    if strangers:
        raise ArgumentError(
            f"{source}: the labels are {_joined(names)}, but here "
            f"{'is' if len(strangers) == 1 else 'are'} also {_listed(strangers)}"
        )
    positions = {name: float(k) for k, name in enumerate(names)}
    return np.array([positions[name] for name in found])


def _joined(names: tuple[str, ...]) -> str:
    shown = [repr(name) for name in names[:_SHOWN]] + (["…"] if len(names) > _SHOWN else [])
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _counted(values: Sequence[object], source: str) -> Counter[str]:
    counts = Counter(_names(values))
    if "nan" in counts:
        raise ArgumentError(f"{source}: {counts['nan']} labels are NaN; leave those rows out")
    return counts


def _names(values: Sequence[object]) -> list[str]:
    """The values as text; a number in its shortest form, so that 1 and 1.0 are one class."""
    texts = [str(value).strip() for value in values]
    numbers = [_number(text) for text in texts]
    return [text if x is None else _shortest(x) for text, x in zip(texts, numbers, strict=True)]


def _shortest(x: float) -> str:
    return str(int(x)) if x.is_integer() else repr(x)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _order(name: str) -> tuple[bool, float, str]:
    number = _number(name)
    return (True, 0.0, name.casefold()) if number is None else (False, number, "")


def _listed(counts: Counter[str]) -> str:
    shown = [
        f"{name!r} ({'once' if count == 1 else f'{count} times'})"
        for name, count in counts.most_common(_SHOWN)
    ]
    return ", ".join([*shown, "…"] if len(counts) > _SHOWN else shown)
