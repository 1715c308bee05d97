"""Numbers for variables that have none, drawn from what is assumed of them and where they are used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import cycle, islice, permutations
from typing import Any

import numpy as np

from minigrad.graph import Node
from minigrad.symbolic.lower import sizes_in

# Small, all different and mostly prime, so that no axis, factor or root can pass for another.
_SIZES = (3, 5, 2, 7, 4, 6)
_MOST_ORDERS = 24
_LONGER = (4, 16)
# Data are often drawn with the seeds 0, 1, ...: a direction with the same numbers would be no random one.
_SALT = 0x6D67
Shape = tuple[int, ...]
Rng = np.random.Generator


def generator(*key: int) -> Rng:
    """Random numbers that depend on the key alone, and are nobody else's."""
    return np.random.default_rng((_SALT, *key))


def _spd(rng: Rng, shape: Shape) -> Any:
    x = rng.normal(size=shape)
    return x @ x.swapaxes(-1, -2) / shape[-1] + np.eye(shape[-1])


def _symmetric(rng: Rng, shape: Shape) -> Any:
    x = rng.normal(size=shape)
    return (x + x.swapaxes(-1, -2)) / 2


def _orthogonal(rng: Rng, shape: Shape) -> Any:
    return np.linalg.qr(rng.normal(size=shape))[0]


def _simplex(rng: Rng, shape: Shape) -> Any:
    e = np.exp(rng.normal(size=shape))
    return e / e.sum(-1, keepdims=True)


def _real(rng: Rng, shape: Shape) -> Any:
    """Of the size that keeps products of several matrices near 1, so that no function saturates."""
    return rng.normal(size=shape) / np.sqrt(shape[-2] if len(shape) > 1 else 1)


def _nonzero(rng: Rng, shape: Shape) -> Any:
    return rng.uniform(0.5, 2.0, size=shape) * rng.choice([-1.0, 1.0], size=shape)


# The first word that a variable has decides; those that say more stand first. They are the words of
# assumptions and of the rows' domains.
DRAWS: dict[str, Callable[[Rng, Shape], Any]] = {
    "spd": _spd,
    "diagonal": lambda rng, shape: _nonzero(rng, shape) * np.eye(shape[-1]),
    "symmetric": _symmetric,
    "orthogonal": _orthogonal,
    "invertible": lambda rng, shape: rng.normal(size=shape) + 3 * np.eye(shape[-2], shape[-1]),
    "onehot": lambda rng, shape: np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])],
    "simplex": _simplex,
    "0/1": lambda rng, shape: rng.integers(2, size=shape).astype(float),
    "bool": lambda rng, shape: rng.integers(2, size=shape).astype(bool),
    "pm1": lambda rng, shape: rng.choice([-1.0, 1.0], size=shape),
    "index": lambda rng, shape: rng.integers(2, size=shape),
    "unit": lambda rng, shape: rng.uniform(0.1, 0.9, size=shape),
    "(-1, 1)": lambda rng, shape: rng.uniform(-0.9, 0.9, size=shape),
    "above 1": lambda rng, shape: rng.uniform(1.2, 3.0, size=shape),
    "large": lambda rng, shape: rng.uniform(3.0, 5.0, size=shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 2.0, size=shape),
    "noninteger": lambda rng, shape: rng.integers(-3, 3, size=shape) + rng.uniform(0.1, 0.9, shape),
    "nonzero": _nonzero,
    "real": _real,
}


# What is drawn for unrestricted numbers where a step further on is undefined, as a logarithm of a sum.
MOODS: tuple[Callable[[Rng, Shape], Any], ...] = (
    DRAWS["real"],
    DRAWS["positive"],
    lambda rng, shape: 0.1 * rng.normal(size=shape),
    lambda rng, shape: rng.uniform(0.01, 0.1, size=shape),
)


def draw(words: Iterable[str], shape: Shape, rng: Rng, mood: int = 0) -> Any:
    """An array with every element where the strictest of the words allows it."""
    known = set(words)
    chosen = next((word for word in DRAWS if word in known), "real")
    return (MOODS[mood] if chosen == "real" else DRAWS[chosen])(rng, _padded(shape)).reshape(shape)


def _padded(shape: Shape) -> Shape:
    """The shape of a matrix whose axes of size 1 may have been left out."""
    return (1,) * (2 - len(shape)) + tuple(shape)


def _fractions(low: int, high: int, over: int) -> Callable[[Rng, Shape], Any]:
    """Any of low/over, ..., high/over, but 0."""
    choices = [Fraction(k, over) for k in range(low, high + 1) if k]

    def chosen(rng: Rng, shape: Shape) -> Any:
        out = np.empty(shape, dtype=object)
        for place in np.ndindex(shape):
            out[place] = choices[rng.integers(len(choices))]
        return out

    return chosen


_WHOLE = _fractions(-3, 3, 1)


def _exact_spd(rng: Rng, shape: Shape) -> Any:
    x = _WHOLE(rng, shape)
    return np.matmul(x, x.swapaxes(-1, -2)) + np.eye(shape[-1], dtype=int)


def _exact_symmetric(rng: Rng, shape: Shape) -> Any:
    x = _WHOLE(rng, shape)
    return x + x.swapaxes(-1, -2)


def _exact_simplex(rng: Rng, shape: Shape) -> Any:
    x = _fractions(1, 4, 1)(rng, shape)
    return x / x.sum(axis=-1, keepdims=True)


def _signed_permutation(rng: Rng, shape: Shape) -> Any:
    return np.eye(shape[-1], dtype=int)[rng.permutation(shape[-1])] * rng.choice([-1, 1])


_EXACT_DRAWS: dict[str, Callable[[Rng, Shape], Any]] = {
    "spd": _exact_spd,
    "diagonal": lambda rng, shape: _WHOLE(rng, shape) * np.eye(shape[-1], dtype=int),
    "symmetric": _exact_symmetric,
    "orthogonal": _signed_permutation,
    "invertible": lambda rng, shape: (
        _WHOLE(rng, shape) + 7 * np.eye(shape[-2], shape[-1], dtype=np.int64)
    ),
    "simplex": _exact_simplex,
    "unit": _fractions(1, 7, 8),
    "(-1, 1)": _fractions(-7, 7, 8),
    "above 1": _fractions(9, 16, 8),
    "large": _fractions(6, 10, 2),
    "positive": _fractions(1, 4, 2),
    "noninteger": lambda rng, shape: _WHOLE(rng, shape) + Fraction(1, 3),
    "nonzero": _WHOLE,
    "real": _WHOLE,
}


def rationals(words: Iterable[str], shape: Shape, rng: Rng) -> Any:
    """As :func:`draw`, in rational numbers of small height."""
    known = set(words)
    chosen = next((word for word in DRAWS if word in known), "real")
    if chosen in _EXACT_DRAWS:
        return _EXACT_DRAWS[chosen](rng, _padded(shape)).reshape(shape)
    return np.asarray(DRAWS[chosen](rng, _padded(shape))).astype(int).reshape(shape)


def words_of(order: Sequence[Node]) -> dict[Node, set[str]]:
    """What is assumed of every leaf, and the domains of the rows that read it."""
    words = {node: set(node.assume) for node in order if node.op is None}
    for node in order:
        domain = () if node.op is None else node.op.domain
        for k, x in enumerate(node.inputs):
            if isinstance(x, Node) and x in words and domain:
                words[x].add(domain[min(k, len(domain) - 1)])
    for node, known in words.items():
        if node.dtype.kind == "b":
            known.add("bool")
        elif node.dtype.kind in "iu":
            known.add("index")
    return words


def dims_of(nodes: Iterable[Node]) -> list[str]:
    """The dims of a program that have no number, in the order in which they are met."""
    sizes = [size for node in nodes for size in sizes_in(node)]
    return list(dict.fromkeys(name for size in sizes for name in sorted(size.names())))


def size_choices(
    names: Sequence[str],
    known: Mapping[str, int],
    sizes: Sequence[int] = (),
    taken: Collection[int] = (),
) -> Iterator[dict[str, int]]:
    """Sizes for dims, in one order after another: XᵀX has an inverse only where X has more rows.

    None is a length that is ``taken`` by an axis, which could pass for it.
    Then longer ones, for what reads places that no meaning tells of. A scalar that is named like a dim is bound to it elsewhere.
    """
    free = [name for name in names if name not in known]
    chosen = tuple(sizes or [size for size in _SIZES if size not in taken] or _SIZES)
    for order in islice(permutations(chosen[: max(len(free), 2)]), _MOST_ORDERS):
        cycled = (order[k % len(order)] for k in range(len(free)))
        yield {**dict(zip(free, cycled, strict=True)), **known}
    for longer in _LONGER if free else ():
        yield {name: longer * size for name, size in zip(free, cycle(_SIZES))} | dict(known)
