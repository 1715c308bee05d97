"""Variables asked together: of many one question, of fewer where the answer does not hold for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from minigrad.checking.hearing import Hearing, listed
from minigrad.checking.report import Comparison
from minigrad.symbolic.budget import used_up

# How often groups are halved: each of few variables is told apart, and of hundreds that are wrong some.
_SPLITS = 32


@dataclass(frozen=True)
class Group:
    """Variables asked together; ``refuted`` that a larger group of which it is a part has failed."""

    variables: Sequence[int]
    refuted: bool = False

    def halves(self, refuted: bool) -> list[Group]:
        """Two groups of half as many."""
        middle = len(self.variables) // 2
        parts = self.variables[:middle], self.variables[middle:]
        return [replace(self, variables=part, refuted=refuted) for part in parts]

    def called(self, names: Sequence[str]) -> str:
        """The names of its variables, of many the first."""
        return listed(names[k] for k in self.variables)


def told_apart(
    who: str,
    hearing: Hearing,
    groups: Sequence[Group],
    asked: Callable[[Group, bool], list[Comparison]],
    names: Sequence[str],
) -> Iterator[Comparison]:
    """What is found of every variable, and a line about those that were not told apart.

    ``asked`` gives a line for each variable of a group and each claim about it; its second argument says
    that the group is asked for the last time, so that what hinders it is to be said.
    """
    waiting, splits = list(groups), _SPLITS
    total = sum(len(group.variables) for group in groups)
    while waiting:
        # what is wrong is looked for before what is uncertain
        group = waiting.pop(max(range(len(waiting)), key=lambda i: (waiting[i].refuted, i)))
        if used_up():
            hearing.left_out(who)
            return
        done = total - sum(len(other.variables) for other in (group, *waiting))
        hearing.say(f"{who}: {group.called(names)}", done, total)
        last = len(group.variables) == 1 or not splits
        found = asked(group, last)
        verdicts = {c.verdict for c in found}
        if verdicts == {"pass"} or len(group.variables) == 1:
            yield from found
        elif last:
            yield from _untold(found, ", ".join(names[k] for k in group.variables))
        else:
            splits -= 1
            waiting.extend(group.halves("fail" in verdicts))


def _untold(found: Sequence[Comparison], names: str) -> Iterator[Comparison]:
    """What holds of a group that is not looked into any further, and a line about what does not."""
    by_pair: dict[tuple[str, str], list[Comparison]] = {}
    for c in found:
        by_pair.setdefault((c.first, c.second), []).append(c)
    for of_pair in by_pair.values():
        worst = max(of_pair, key=lambda c: (c.verdict != "pass", c.error))
        if worst.verdict == "pass":
            yield from of_pair
            continue
        note = "not all of them hold, and they were not asked one by one"
        yield replace(worst, quantity=names, note=note, verdict="inconclusive", worst=None)
