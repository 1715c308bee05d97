"""The engine of rewrites: rows of a table, tried on every value of a program until none applies.

A row has a name, a condition in words, and a function that gives a value in another form, or None where the
condition does not hold. The other form must be the same array: what a row does wrong, the witnesses find,
as they judge the source that runs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from minigrad.errors import MinigradError
from minigrad.program.value import Value, in_order
from minigrad.program.value_builder import ValueBuilder

# A program that still changes after so many passes stays as it is.
_MOST_PASSES = 12


@dataclass
class Rewriting:
    """What a row may ask: the builder of values, how often each value is used, and what is made."""

    builder: ValueBuilder
    uses: Counter[Value] = field(default_factory=Counter)
    users: dict[Value, set[str]] = field(default_factory=lambda: defaultdict(set))
    present: dict[tuple[str, tuple[Value, ...]], Value] = field(default_factory=dict)

    def once(self, value: Value) -> bool:
        """Whether nothing but what is rewritten uses the value."""
        return self.uses[value] <= 1


    def only_in(self, value: Value, op: str) -> bool:
        """Whether every use of the value, or of it transposed, is this operation."""
        return self.users[value] == {op}

    def made(self, op: str, args: tuple[Value, ...]) -> Value | None:
        """The value of this operation on these arguments, if the program has it."""
        return self.present.get((op, args))


Rewrite = Callable[[Rewriting, Value], Value | None]


@dataclass(frozen=True)
class Row:
    """One rewrite: what it is called, of which operations, when it holds, and what it gives."""

    name: str
    ops: tuple[str, ...]
    condition: str
    rewrite: Rewrite
    late: bool = False  # tried when no other row applies: it takes a form from which others are not seen


def rewritten(
    builder: ValueBuilder, results: Sequence[Value], rows: Sequence[Row]
) -> tuple[Value, ...]:
    """The results with every row applied wherever its condition holds."""
    found = tuple(results)
    early = [row for row in rows if not row.late]
    for chosen in (early, rows):
        for _ in range(_MOST_PASSES):
            before, found = found, _passed(builder, found, chosen)
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
    at = Rewriting(builder, present={(v.op, v.args): v for v in order if v.op == "matmul"})
    users = _users(order, results)
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
        at.users[new] |= users[value]
    return tuple(done[result] for result in results)


def _users(order: Sequence[Value], results: Sequence[Value]) -> dict[Value, set[str]]:
    """The operations that use each value, as it is or transposed."""
    users: dict[Value, set[str]] = defaultdict(set)
    for result in results:
        users[result].add("result")
    for value in reversed(order):
        for arg in value.args:
            users[arg] |= users[value] if value.op == "permute" else {value.op}
    return users
