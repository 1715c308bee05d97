"""Samples: the numbers at hand where there are some, others drawn, at the sizes at hand or at small ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from minigrad.checking.distributions import (
    MOODS,
    dims_of,
    draw,
    generator,
    rationals,
    size_choices,
    words_of,
)
from minigrad.checking.domain import Trouble, values_of
from minigrad.checking.lengths import Demand, lengthened
from minigrad.checking.replay import Replay, double
from minigrad.checking.sample import Sample, widths
from minigrad.checking.subject import Subject
from minigrad.checking.tangent import along
from minigrad.errors import ArgumentError, DerivationError
from minigrad.graph import Node
from minigrad.index.size import AnySize, Size, least, value_of
from minigrad.limits import check_bytes
from minigrad.symbolic.lower import Lowered, graph_order, sizes_in

_MOST_DRAWS = 48
# So many times all steps are held at once: forward, hand gradients, formula, source.
_WITNESSES = 4
# So many draws of one kind are tried before another kind is.
_PATIENCE = 12


def is_drawn(subject: Subject) -> bool:
    """Whether some leaf has no data of its own."""
    return any(subject.known(node) is None for node in subject.leaves)


def drawn(subject: Subject, seed: int, sizes: Sequence[int] = ()) -> Sample:
    """A sample in which leaves with data keep it, in double precision; ``sizes`` are preferred for dims.

    Others are drawn, again and again, and sizes with them where a matrix has too few rows, until every
    step of the program is defined; where nothing helps, ``trouble`` of the sample says which is not.

    Raises
    ------
    ArgumentError
        When a step is not defined on the numbers given.
    """
    return _Drawing(subject, generator(seed), sizes).sample()


class _Drawing:
    def __init__(self, subject: Subject, rng: np.random.Generator, preferred: Sequence[int]) -> None:
        self.subject, self.rng, self.preferred = subject, rng, preferred
        self.replay = Replay(subject.output, {})
        self.words = words_of(self.replay.order)
        self.is_drawn = is_drawn(subject)

    def sample(self) -> Sample:
        found, values = self._found()
        found.values = values
        shape = found.output.shape
        # the gradient of one element is printed as that of a number
        alone = all(size == 1 for size in self.subject.output.shape)
        found.c = np.ones(shape) if alone else self.rng.normal(size=shape)
        inner = {node: np.asarray(values[node]) for node in self.subject.inner_nodes}
        found.u = {
            node: along(node.assume, self.rng.normal(size=x.shape) * widths(x), x)
            for node, x in inner.items()
        }
        return found

    def _found(self) -> tuple[Sample, dict[Node, Any]]:
        names, known = dims_of([*self.replay.leaves, *self.replay.order]), self._known_sizes()
        asked = self.subject.demands if names else ()
        drawn = size_choices(names, known, self.preferred, self._lengths() | {*known.values()})
        choices = (lengthened(sizes, asked, known) for sizes in drawn)
        sizes = next(choices)
        if self.is_drawn:
            self._refuse_empty(sizes)
            self._refuse_too_large(sizes)
        for draws in range(_MOST_DRAWS):
            self.replay.sizes = sizes
            mood = draws // _PATIENCE % len(MOODS)
            leaves = {node: self._numbers(node, sizes, mood) for node in self.replay.leaves}
            try:
                values = values_of(self.replay, leaves, strict=self.is_drawn)
            except Trouble as trouble:
                last = trouble
                if not self.is_drawn:
                    raise ArgumentError(f"check: {trouble}, on the numbers given") from trouble
                sizes = next(choices, sizes) if trouble.rank else sizes
            else:
                return Sample(self.subject, sizes, leaves, self.rng), values
        found = Sample(self.subject, sizes, leaves, self.rng, trouble=str(last))
        return found, self._make_do(leaves)

    def _lengths(self) -> set[int]:
        """The lengths of axes that are numbers."""
        return {int(s) for node in self.replay.order for s in node.shape if not isinstance(s, Size)}

    def _known_sizes(self) -> dict[str, int]:
        """Dims have the sizes of the graph's data, and of the arrays that the caller gave."""
        lowered = self.subject.lowered
        measured = {} if lowered is None or lowered.sizes is None else lowered.sizes
        return {**measured, **self.subject.bound_sizes}

    def _refuse_empty(self, sizes: Mapping[str, int]) -> None:
        """Refuse sizes at which an axis of length n − 9 would hold nothing."""
        for node in self.replay.leaves:
            for size in node.shape:
                if isinstance(size, Size) and size.names() <= sizes.keys() and value_of(size, sizes) < 1:
                    at = ", ".join(f"{name} = {sizes[name]}" for name in sorted(size.names()))
                    raise ArgumentError(
                        f"check: {node.name or 'an input'} holds nothing along {size} where {at}; other sizes are needed"
                    )

    def _refuse_too_large(self, sizes: Mapping[str, int]) -> None:
        """Refuse sizes at which every witness would have to hold arrays beyond the limit."""

        def length(size: AnySize) -> int:
            known = isinstance(size, int) or size.names() <= sizes.keys()
            return value_of(size, sizes) if known else least(size)

        counts = [prod(length(s) for s in node.shape) for node in self.replay.order]
        check_bytes(
            "check: all that the witnesses hold at once, of the sizes declared,",
            (_WITNESSES, sum(counts)),
        )

    def _make_do(self, leaves: Mapping[Node, Any]) -> dict[Node, Any]:
        """No sample is defined everywhere: what is not finite then cannot be judged."""
        try:
            return values_of(self.replay, leaves, strict=False)
        except Trouble as trouble:
            raise ArgumentError(
                f"check: no sample of {', '.join(n.name or '?' for n in self.replay.leaves)} was found at "
                f"which every step is defined ({trouble}); pass numbers: given={{'X': array}}"
            ) from trouble

    def _numbers(self, node: Node, sizes: Mapping[str, int], mood: int) -> Any:
        known = self.subject.known(node)
        if known is not None:
            return double(known)
        shape = _shape(node, sizes)
        if not shape and node.name in sizes:
            return np.float64(sizes[node.name])
        return np.asarray(draw(self.words[node], shape, self.rng, mood))


def _shape(node: Node, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(value_of(s, sizes) if isinstance(s, Size) else int(s) for s in node.shape)


# -- small ones, for arithmetics that take long ----------------------------------------------------------


def small(subject: Subject, seed: int, exact: bool, lengths: Sequence[int] = (2, 3)) -> Sample:
    """New numbers, rational ones for exact arithmetic, with ``lengths`` in turn for the dims.

    Dims that measure the same in the graph at hand stay equal, because they may meet there.
    """
    lowered = subject.lowered
    assert lowered is not None
    rng = generator(seed)
    sizes = _small_sizes(lowered, lengths, subject.demands)
    words = words_of(graph_order([subject.output]))
    if any(node not in words for node, _ in lowered.leaves.values()):
        raise DerivationError("a mask's positions are written in, and fit its own sizes only")
    leaves: dict[Node, Any] = {}
    for name, (node, kept) in lowered.leaves.items():
        if node not in lowered.views:
            continue
        # drawn in the axes that the formula has
        shape = tuple(value_of(s, sizes) for s in lowered.views[node].expr.sizes)
        check_bytes(f"check: a sample of {name}", shape)
        if not shape and name in sizes:
            array = np.asarray(sizes[name])
        else:
            array = np.asarray((rationals if exact else draw)(words[node], shape, rng))
        whole = [1] * len(node.shape)
        for axis, length in zip(kept, shape, strict=True):
            whole[axis] = length
        leaves[node] = array.reshape(whole)
    output = tuple(value_of(s, sizes) for s in lowered.expr(subject.output).sizes)
    c = rng.integers(1, 4, size=output) if exact else rng.normal(size=output)
    return Sample(subject, sizes, leaves, rng, c if output else np.asarray(1))


def _small_sizes(
    lowered: Lowered, lengths: Sequence[int], asked: Sequence[Demand]
) -> dict[str, int]:
    actual = lowered.sizes or {}
    names = dict.fromkeys(actual)
    for node, _ in lowered.leaves.values():
        if node not in lowered.views:
            continue  # a mask that only says which places are meant
        for size in lowered.views[node].expr.sizes:
            if isinstance(size, Size):
                names.update(dict.fromkeys(sorted(size.names())))
    for node in lowered.views:  # a size may also stand in a slice or as an operand alone
        names.update(dict.fromkeys(name for s in sizes_in(node) for name in sorted(s.names())))
    chosen: dict[int, int] = {}
    sizes: dict[str, int] = {}
    for name in names:
        small = lengths[len(chosen if actual else sizes) % len(lengths)]
        sizes[name] = chosen.setdefault(actual[name], small) if name in actual else small
    return _long_enough(sizes, actual, asked)


def _long_enough(
    sizes: dict[str, int], actual: Mapping[str, int], asked: Sequence[Demand]
) -> dict[str, int]:
    """The sizes, long enough for the places that are read; dims that measured the same still do."""
    longer = lengthened(sizes, asked)
    alike: dict[int, int] = {}
    for name, size in actual.items():
        alike[size] = max(alike.get(size, 0), longer[name])
    return longer | {name: alike[size] for name, size in actual.items()}
