"""Gradients against measured slopes: of many variables along one direction, of fewer where that disagrees.

Along directions dₖ of some variables a function has the slope Σₖ <∂f/∂xₖ, dₖ>, one share for each, and
one slope is measured for all of them: asking costs as much as the program is long, not that times the
number of its variables. Directions are random, so what a claim is off by in one variable is undone by no other
but by chance. Hence the bound that each variable gets: all claimed shares together miss the slope by ε, so
none of them is off by more than that, which is ε / |share| of itself. For it to say something of a share,
those that are asked together are of like size; a share 10⁻⁹ as large as another would drown.

Take f = Σᵢ xᵢ³ + Σᵢ yᵢ² at x = (1, 2), y = (3, 4), with ∂f/∂x = (3, 12), ∂f/∂y = (6, 8). Along
dx = (1, −1), dy = (1, 1) the shares are −9 and 14, and the slope measured is 5 ± 10⁻¹²: both are right to 10⁻¹².
A claim of ∂f/∂y = (6, 8.001) makes 5.001 of it. Then x and y are asked each by itself: −9 is x's slope,
14 is y's and not 14.001, so it is y's gradient that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDING, Measured, length, slopes_compared
from minigrad.checking.defined import ANOTHER_FUNCTION, contradicted, point, settled_slopes
from minigrad.checking.derivative import representable
from minigrad.checking.hearing import Hearing
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.steps import stuck_along_one
from minigrad.checking.tangent import along
from minigrad.checking.together import Group, told_apart
from minigrad.checking.witness import COMPLEX, Arrays, Witness
from minigrad.symbolic.budget import used_up

_DIRECTIONS = 3
# Variables of no more elements are asked for each of them, where that is wanted.
_EVERY = 64
# What slopes of an order leave of a gradient's digits, whatever they say of themselves.
_COARSER = {1: ROUNDING, 2: 1e-7}
# The largest share among those that are asked together, in terms of the least.
_SPAN = 100.0
# Shares below this part of the natural size are rounding, and as such alike.
_NOTHING = 1e-13

Known = Sequence[tuple[Witness, Arrays]]


class Slopes:
    """What slopes say of whole gradients that are ``known`` on one sample."""

    def __init__(
        self,
        sample: Sample,
        known: Known,
        hearing: Hearing,
        movements: Callable[[Sample, Witness], list[float]],
    ) -> None:
        heard = {w.name for w, _ in known}
        self.known = [(w, arrays) for w, arrays in known if w.of not in heard]
        self.sample, self.hearing, self.movements = sample, hearing, movements
        self.subject = sample.subject

    def compared(
        self, witness: Witness, variables: Iterable[int], every: bool
    ) -> Iterator[Comparison]:
        """Every claim about these variables against the slopes of one witness.

        ``every`` asks for elements one by one where a variable has few, not along directions.
        """
        def asked(group: Group, last: bool) -> list[Comparison]:
            if len(group.variables) > 1:
                return self._of_several(witness, group, last)
            return self._of_one(witness, group.variables[0], every)

        groups, who = self._groups(variables, every), self._called(witness)
        yield from told_apart(who, self.hearing, groups, asked, self.subject.names)

    # -- who is asked together -------------------------------------------------------------------------

    def _groups(self, variables: Iterable[int], every: bool) -> list[Group]:
        """Variables with the same claims, of like shares; those that cannot be joined alone."""
        groups: list[Group] = []
        alike: dict[Any, list[tuple[float, int]]] = {}
        for k in variables:
            claims, x = self._claims(k), self.sample.at(k)
            if not claims:
                continue
            shaped = x.size and all(np.shape(g) == x.shape for _, g in claims)
            # of second order a computed variable is cut loose from those that it is computed from
            joins = self.subject.order == 1 or self.subject.variables[k].op is None
            if self._by_element(k, every) or not (shaped and joins):
                groups.append(Group([k]))
            else:
                key = self.subject.nodes(k)[:-1], *(w.name for w, _ in claims)
                alike.setdefault(key, []).append((self._share(k), k))
        for shares in alike.values():
            groups.extend(_spanned(sorted(shares, key=lambda item: -item[0])))
        return groups

    def _by_element(self, k: int, every: bool) -> bool:
        return every and self.sample.at(k).size <= _EVERY and not self.subject.variables[k].assume

    def _claims(self, k: int) -> list[tuple[Witness, Any]]:
        return [(w, arrays[k]) for w, arrays in self.known if arrays[k] is not None]

    def _share(self, k: int) -> float:
        """How large a part of a slope the variable is claimed to have."""
        widths = self.sample.widths(k)
        share = max((length(np.asarray(g) * widths) for _, g in self._claims(k)), default=0.0)
        return max(share, _NOTHING * self.sample.natural) if np.isfinite(share) else np.inf

    # -- what they are asked ---------------------------------------------------------------------------

    def _of_several(self, witness: Witness, group: Group, last: bool) -> list[Comparison]:
        """Every claim about each of them; nothing where they cannot be asked together."""

        def compared() -> list[Comparison]:
            measured = self._along(witness, group.variables)
            claims = [w for w, _ in self._claims(group.variables[0])]
            return [c for w in claims for c in self._against(witness, group.variables, measured, w)]

        if last:
            names = group.called(self.subject.names)
            return self.hearing.ask(self._called(witness), names, compared) or []
        return self.hearing.tried(compared) or []

    def _of_one(self, witness: Witness, k: int, every: bool) -> list[Comparison]:
        """Every claim about it; nothing where the slopes are of another function."""
        sample, name, called = self.sample, self.subject.names[k], self._called(witness)
        single = self._by_element(k, every)
        question = partial(self._at_elements if single else self._along, witness, [k])
        measured = self.hearing.ask(called, name, question)
        if measured is None:
            return []
        found, alone = [], [(d, s) for (d,), s in measured]
        for claim, g in self._claims(k):
            pair = partial(self._against, witness, [k], measured, claim, single)
            for c in self.hearing.ask(f"{self._called(claim)} ~ {called}", name, pair) or []:
                if witness.name == COMPLEX and contradicted(c, sample, k, g, alone):
                    self.hearing.silent(COMPLEX, ANOTHER_FUNCTION, name)
                    return []
                stuck = partial(stuck_along_one, sample, k)
                c = representable(c, sample, (claim, g))
                found.append(settled_slopes(c, point(sample, k), g, alone, stuck))
        return found

    def _against(
        self,
        witness: Witness,
        variables: Sequence[int],
        measured: Measured,
        claim: Witness,
        single: bool = False,
    ) -> list[Comparison]:
        """One claim about some variables against the slopes that one witness measured."""
        arrays = dict(self.known)[claim]

        def noise() -> list[float]:
            moved = self.movements(self.sample, claim)
            return [moved[k] for k in variables]

        return slopes_compared(
            self._called(claim),
            self._called(witness),
            {self.subject.names[k]: arrays[k] for k in variables},
            measured,
            noise,
            self.sample.natural,
            single,
            max(claim.tolerance, _COARSER[min(self.subject.order, 2)]),
            lambda: witness.rounding(self.sample, variables[0]),
        )

    def _called(self, witness: Witness) -> str:
        return witness.called(self.subject.order)

    # -- measuring -------------------------------------------------------------------------------------

    def _along(self, witness: Witness, variables: Sequence[int]) -> Measured:
        """Slopes along random directions of these variables."""
        assert witness.slope is not None
        found: list[Any] = []
        if not any(self.sample.at(k).size for k in variables):
            return found
        for _ in range(_DIRECTIONS):
            if found and used_up():
                break
            for relative in (False, True):
                directions = {k: self._direction(k, relative) for k in variables}
                s = witness.slope(self.sample, directions)
                if np.isfinite(s.value):
                    break
            found.append((list(directions.values()), s))
        return found

    def _at_elements(self, witness: Witness, variables: Sequence[int]) -> Measured:
        """Slopes along each element of one variable."""
        assert witness.slope is not None
        (k,) = variables
        return [([d], witness.slope(self.sample, {k: d})) for d in self._elements(k)]

    def _direction(self, k: int, relative: bool) -> Any:
        assume = self.subject.variables[k].assume
        return along(assume, self.sample.direction(k, relative), self.sample.at(k))

    def _elements(self, k: int) -> Iterator[Any]:
        """A direction for each element that is a number."""
        widths = self.sample.widths(k)
        for place in np.ndindex(widths.shape):
            d = np.zeros(widths.shape)
            d[place] = widths[place]
            if d.any():
                yield d


def _spanned(shares: Sequence[tuple[float, int]]) -> Iterator[Group]:
    """Groups of the variables, the largest share first, none of them too small for its group."""
    group: list[int] = []
    largest = 0.0
    for share, k in shares:
        if group and share * _SPAN < largest:
            yield Group(group)
            group = []
        if not group:
            largest = share
        group.append(k)
    if group:
        yield Group(group)
