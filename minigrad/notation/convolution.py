"""Convolutions by their name: Σ_cki [i = t + k] W_ock X_bci is conv1d(X, W).

>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.text import text
>>> X, W = Leaf("X", (2, 3, 8)), Leaf("W", (4, 3, 5))
>>> window = AffineRelation((1, 1, -1), -1, (6, 5, 8))
>>> node = contract("bot", [(X, "bci"), (W, "ock"), (window, "tki")])
>>> found = convolution(node)
>>> found.image == X, found.kernel == W, found.function, found.params
(True, True, 'conv1d', ['padding=1'])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from minigrad.index.affine import AffineRelation
from minigrad.index.expr import Expr, Factor, Product
from minigrad.index.size import AnySize


class Convolution(NamedTuple):
    """What is convolved with what, and by which numbers."""

    image: Expr
    kernel: Expr
    function: str
    params: list[str]


class _Window(NamedTuple):
    """[i = stride t + dilation k - padding]."""

    t: int
    k: int
    i: int
    numbers: tuple[AnySize, AnySize, AnySize]


def convolution(node: Expr) -> Convolution | None:
    """The convolution that a product is, if its windows lie as those of `minigrad.conv1d` do."""
    if not isinstance(node, Product) or node.coef != 1 or node.ndim < 3:
        return None
    windows = sorted(_windows(node))
    others = [f for f in node.factors if not isinstance(f.node, AffineRelation)]
    if [w.t for w in windows] != [*range(2, node.ndim)] or len(others) != 2:
        return None
    if len(windows) + 2 != len(node.factors) or not all(_fits(w, node.label_sizes) for w in windows):
        return None
    for image, kernel in (others, others[::-1]):
        (_, c, *_), after = image.labels, tuple(w.i for w in windows)
        if c >= node.ndim and _is(image, (0, c, *after)) and _is(kernel, (1, c, *(w.k for w in windows))):
            return Convolution(image.node, kernel.node, f"conv{node.ndim - 2}d", _params(windows))
    return None


def _windows(node: Product) -> Iterator[_Window]:
    for f in node.factors:
        if not isinstance(f.node, AffineRelation) or len({*f.labels}) != 3 or f.node.relation != "=":
            continue
        by = dict(zip(f.labels, f.node.coefs, strict=True))
        t = [label for label in by if label < node.ndim]
        i = [label for label, c in by.items() if c == -1 and label >= node.ndim]
        if len(t) == 1 and len(i) == 1:
            (k,) = by.keys() - {*t, *i}
            yield _Window(t[0], k, i[0], (by[t[0]], -f.node.constant, by[k]))


def _fits(window: _Window, sizes: Sequence[AnySize]) -> bool:
    """Whether there are as many windows as fit into the image and its margins."""
    stride, padding, dilation = window.numbers
    room = sizes[window.i] + 2 * padding - dilation * (sizes[window.k] - 1) - 1
    if stride == 1:
        return room + 1 == sizes[window.t]
    if isinstance(room, int) and isinstance(stride, int):
        return room // stride + 1 == sizes[window.t]
    return False


def _is(factor: Factor, labels: tuple[int, ...]) -> bool:
    return factor.labels == labels and factor.exponent == 1


def _params(windows: Sequence[_Window]) -> list[str]:
    """What is not as it is unless told, one number for all axes where it is the same."""
    found = []
    for name, usual, each in zip(
        ("stride", "padding", "dilation"), (1, 0, 1), zip(*(w.numbers for w in windows), strict=True), strict=True
    ):
        if any(number != usual for number in each):
            same = len({*map(str, each)}) == 1
            found.append(f"{name}={each[0] if same else '(' + ', '.join(map(str, each)) + ')'}")
    return found
