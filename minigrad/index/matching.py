"""One product found among the factors of another."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

from minigrad.index.expr import Factor, Product

Found = tuple[set[int], dict[int, Hashable]]


def occurrences(
    factors: Sequence[Factor], body: Product, known: Mapping[int, Hashable] | None = None
) -> Iterator[Found]:
    """Where the body's factors lie: their places among ``factors``, and a label for each of the body's.

    ``known`` fixes labels of the body. Whether its summed labels occur elsewhere is the caller's question.
    """

    def extended(k: int, places: set[int], at: dict[int, Hashable]) -> Iterator[Found]:
        if k == len(body.factors):
            if all(label in at for label in range(body.ndim)):
                yield places, at
            return
        wanted = body.factors[k]
        for j, f in enumerate(factors):
            if j in places or f.node != wanted.node or f.exponent != wanted.exponent:
                continue
            grown = dict(at)
            pairs = zip(wanted.labels, f.labels, strict=True)
            if all(grown.setdefault(a, b) == b for a, b in pairs):
                yield from extended(k + 1, places | {j}, grown)

    if len(body.factors) <= len(factors):
        yield from extended(0, set(), dict(known or {}))
