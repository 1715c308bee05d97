"""One program of the page, parsed and derived once, whatever is asked of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from minigrad.api import Derivation, derive, draw, parse
from minigrad.api.targets import DISCRETE, variables_of
from minigrad.checking.lengths import Demand, demands
from minigrad.checking.replay import Replay
from minigrad.drawing import Drawing, card_names, fold, picture_of
from minigrad.errors import ArgumentError, Place
from minigrad.graph import Node
from minigrad.notation.steps import Step, definition
from minigrad.notation.tree import Name
from minigrad.page.question import Question
from minigrad.parsing import Parsed

_KEPT = 16


@dataclass(frozen=True)
class Study:
    """A program with its derivation, and its lines by id in reading order.

    ``wrt`` are the names that were asked for and are reached in it, None for all variables.
    """

    program: str
    declared: Mapping[str, str]
    wrt: tuple[str, ...] | None
    output: Parsed
    derivation: Derivation

    @cached_property
    def lines(self) -> dict[str, Step]:
        """The steps by their ids: forward, then backward from the loss.

        An id is the line's own name, and where two lines share one, the name with a number behind it.
        """
        derivation = self.derivation
        every, _, _ = derivation.reading.lines([*derivation.values()], whole=True)
        # an output that is a variable is what it is
        forward = [line for line in every if not (isinstance(line.tree, Name) and line.tree.text == line.name)]
        backward = [step for step in derivation.steps if not step.forward]
        found: dict[str, Step] = {}
        for step in [*(definition(line, True) for line in forward), *backward]:
            name, k = step.line.name, 2
            while name in found:
                name, k = f"{step.line.name}:{k}", k + 1
            # a mark is for who reads lines without their rules
            found[name] = replace(step, line=replace(step.line, remark=""))
        return found

    @cached_property
    def statements(self) -> list[tuple[str, Place]]:
        """The name that each statement gives, and where it stands; the last one gives the output."""
        *first, (name, place) = self.output.places
        return [*first, (name or self.output_name, place)]

    @property
    def output_name(self) -> str:
        """What formulas call the output."""
        return next(iter(self.derivation.reading.outputs))

    @cached_property
    def variables(self) -> list[Node]:
        """The variables, in the order in which the program names them."""
        lowered = self.derivation.reading.lowered
        leaves = [node for node in lowered.names if node.op is None and node.name is not None]
        places = {m[0]: m.start() for m in reversed([*re.finditer(r"[^\W\d]\w*", self.program)])}
        return sorted(leaves, key=lambda node: places.get(lowered.names[node], len(self.program)))

    @cached_property
    def demands(self) -> Sequence[Demand]:
        """What its axes, slices and places ask of lengths, whatever the numbers are."""
        reading = self.derivation.reading
        return demands(reading.lowered.expr(reading.node), lambda name: None)

    @cached_property
    def cards(self) -> dict[str, str]:
        """The card of each tensor in the drawing, without what is written on it."""
        node = self.derivation.reading.node
        return Drawing(fold(picture_of([node], names=card_names([node])))).ids

    @cached_property
    def drawing(self) -> Drawing:
        """The picture of the graph."""
        lowered = self.derivation.reading.lowered
        smooth = {lowered.names[node] for node in variables_of(None, lowered)}
        wrt = [key for key in self.derivation if isinstance(key, str) and key in smooth]
        return draw(self.output, wrt=wrt or None)


def study_of(question: Question) -> Study:
    """The study of a question's program; the same program is derived once.

    Raises
    ------
    MinigradError
        When the text is no program, or has no derivative that is known.
    """
    return _study(question.program, tuple(question.variables.items()), question.wrt, question.order)


def forget() -> None:
    """Forget the studies that are kept, so that what is asked next is derived anew."""
    _study.cache_clear()


@lru_cache(maxsize=_KEPT)
def _study(
    program: str, variables: tuple[tuple[str, str], ...], wrt: tuple[str, ...] | None, order: int
) -> Study:
    declared = dict(variables)
    output = parse(program, **declared)
    # what was chosen in an earlier program, and is not reached in this one, is not asked for
    assert output._node is not None
    graph = Replay(output._node, {})
    reached = {node.name for node in (*graph.leaves, *graph.order)}
    present = tuple(name for name in wrt or () if name in reached) or None
    if not present and all(node.name is None or node.assume & DISCRETE for node in graph.leaves):
        raise ArgumentError(
            "open: there is nothing to differentiate by; the result depends on no variable that varies smoothly"
        )
    return Study(program, declared, present, output, derive(output, present, order))
