"""Contraction paths: which pair of a product's factors is contracted next, so that the least work is done.

Exact by dynamic programming over subsets for as many factors as people write in one product; beyond
that the cheapest pair is taken each time. For factors 0, 1, 2 with labels {i, j}, {i, k}, {k}, of which j is
kept, the tree is (0, (1, 2)): the pair 1, 2 has no k left outside of it, so Σₖ is done there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import combinations

Label = Hashable
Tree = int | tuple["Tree", "Tree"]
Labels = frozenset[Label]
# (factors of the left part, of the right part, labels of each) -> multiplications
Cost = Callable[[frozenset[int], frozenset[int], Labels, Labels, Labels], float]

_MOST_EXACT = 7


def best_tree(factors: Sequence[Labels], keep: Labels, cost: Cost) -> Tree:
    """The cheapest path as nested pairs of factor numbers.

    Parameters
    ----------
    factors : the labels of each factor.
    keep : labels of the result; every other label is summed as soon as only one part carries it.
    cost : what it takes to multiply two parts and to sum out the labels that are done.
    """
    if len(factors) == 1:
        return 0
    if len(factors) > _MOST_EXACT:
        return _greedy(factors, keep, cost)
    whole = frozenset(range(len(factors)))
    best: dict[frozenset[int], tuple[float, Tree]] = {
        frozenset((k,)): (0.0, k) for k in range(len(factors))
    }
    for size in range(2, len(factors) + 1):
        for subset in map(frozenset, combinations(range(len(factors)), size)):
            best[subset] = min(
                _splits(subset, whole, factors, keep, cost, best), key=lambda found: found[0]
            )
    return best[whole][1]


def kept_labels(
    subset: frozenset[int], whole: frozenset[int], factors: Sequence[Labels], keep: Labels
) -> Labels:
    """What a partial product still carries: labels of the result, and of the other factors."""
    outside = keep.union(*(factors[k] for k in whole - subset))
    return frozenset().union(*(factors[k] for k in subset)) & outside


def _splits(
    subset: frozenset[int],
    whole: frozenset[int],
    factors: Sequence[Labels],
    keep: Labels,
    cost: Cost,
    best: dict[frozenset[int], tuple[float, Tree]],
) -> list[tuple[float, Tree]]:
    found: list[tuple[float, Tree]] = []
    _first, *rest = sorted(subset)
    result = kept_labels(subset, whole, factors, keep)
    # among equals the first is taken: all but the last factor on the left, as products are read
    for size in range(1, len(rest) + 1):
        for others in combinations(reversed(rest), size):
            right = frozenset(others)
            left = subset - right
            labels = [kept_labels(part, whole, factors, keep) for part in (left, right)]
            price = cost(left, right, labels[0], labels[1], result)
            total = best[left][0] + best[right][0] + price
            found.append((total, (best[left][1], best[right][1])))
    return found


def _greedy(factors: Sequence[Labels], keep: Labels, cost: Cost) -> Tree:
    """The cheapest pair each time, after what has the same labels is multiplied element by element."""
    whole = frozenset(range(len(factors)))
    alike: dict[Labels, list[int]] = {}
    for k, labels in enumerate(factors):
        alike.setdefault(labels, []).append(k)
    parts = {frozenset(group): _balanced(group) for group in alike.values()}
    while len(parts) > 1:

        def price(pair: tuple[frozenset[int], frozenset[int]]) -> float:
            left, right = pair
            labels = [kept_labels(p, whole, factors, keep) for p in (left, right, left | right)]
            return cost(left, right, labels[0], labels[1], labels[2])

        left, right = min(combinations(parts, 2), key=price)
        parts = {
            **{p: t for p, t in parts.items() if p not in (left, right)},
            left | right: (parts[left], parts[right]),
        }
    return next(iter(parts.values()))


def _balanced(group: Sequence[int]) -> Tree:
    """Factors in their order, in a tree that is not deep however many they are."""
    if len(group) == 1:
        return group[0]
    half = len(group) // 2
    return _balanced(group[:half]), _balanced(group[half:])
