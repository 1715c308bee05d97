"""The engine of rewrites: rows of a table, tried on every value of a program until none applies.

A row has a name, a condition in words, and a function that gives a value in another form, or None where the
condition does not hold. The other form must be the same array: what a row does wrong, the witnesses find,
as they judge the source that runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from minigrad.errors import MinigradError
from minigrad.program.value import Value, in_order
from minigrad.program.value_builder import ValueBuilder

# A program that still changes after so many passes stays as it is.
_MOST_PASSES = 12


@dataclass
class Rewriting:
    """What a row may ask: the builder of values, and how often each value is used."""

    builder: ValueBuilder
    uses: Counter[Value] = field(default_factory=Counter)

    def once(self, value: Value) -> bool:
        """Whether nothing but what is rewritten uses the value."""
        return self.uses[value] <= 1


Rewrite = Callable[[Rewriting, Value], Value | None]


@dataclass(frozen=True)
class Row:
    """One rewrite: what it is called, of which operations, when it holds, and what it gives."""

    name: str
    ops: tuple[str, ...]
    condition: str
    rewrite: Rewrite


def rewritten(
    builder: ValueBuilder, results: Sequence[Value], rows: Sequence[Row]
) -> tuple[Value, ...]:
    """The results with every row applied wherever its condition holds."""
    found = tuple(results)
    for _ in range(_MOST_PASSES):
        before, found = found, _passed(builder, found, rows)
        if found == before:
            break
    return found


def _passed(
    builder: ValueBuilder, results: Sequence[Value], rows: Sequence[Row]
) -> tuple[Value, ...]:
    order = list(in_order(results))
    counted: Counter[Value] = Counter(results)
    for value in order:
        counted.update(value.args)
    at = Rewriting(builder)
    done: dict[Value, Value] = {}
    for value in order:
        args = tuple(done[arg] for arg in value.args)
        new = value
        if args != value.args:
            new = builder.make(value.op, args, value.params, value.sizes, value.kind)
        for row in rows:
            if new.op in row.ops and (other := row.rewrite(at, new)) is not None:
                if other.sizes != new.sizes:
                    raise MinigradError(
                        f"compile: the rewrite {row.name!r} made sizes {other.sizes} of {new.sizes}"
                    )
                new = other
        done[value] = new
        at.uses[new] += counted[value]
    return tuple(done[result] for result in results)
