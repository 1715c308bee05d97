"""Lengths at which rows go other ways: of axes of length 1, and above 8, some are wrong and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from minigrad.checking.distributions import dims_of
from minigrad.checking.hearing import Hearing
from minigrad.checking.meaning import operations
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn, is_drawn
from minigrad.checking.subject import Subject
from minigrad.errors import MinigradError
from minigrad.symbolic.lower import graph_order

# Sums by pairs, blocks and unrolled loops begin above 8.
_LENGTHS = {"at lengths of 1": (1, 1), "at lengths above 8": (9, 11, 10, 13, 12)}
_MOST_OPERATIONS = 200_000


@dataclass(frozen=True)
class Otherwise:
    """A sample of such lengths, and what the report calls them."""

    name: str
    sample: Sample


def otherwise(subject: Subject, seed: int) -> Iterator[Otherwise]:
    """Samples in which every dim without a number has such a length, where the program is defined there."""
    nodes = graph_order([subject.output])
    if not is_drawn(subject) or subject.lowered is None or not dims_of(nodes):
        return
    for name, lengths in _LENGTHS.items():
        sample = Hearing([]).tried(partial(drawn, subject, seed, lengths))
        if sample is None or sample.trouble or not set(sample.sizes.values()) & set(lengths):
            continue
        try:
            if operations(sample) <= _MOST_OPERATIONS:
                yield Otherwise(name, sample)
        except MinigradError:
            continue
