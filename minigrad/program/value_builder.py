"""The value builder: each operation of a program is made once, in the form that combines best."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from minigrad.index.expr import Number
from minigrad.index.numbers import times
from minigrad.index.size import AnySize
from minigrad.program.functions import COMPARISONS
from minigrad.program.masks import masked_parts
from minigrad.program.value import Kind, Value, broadcast

# As many terms as one sum has at most.
_WIDEST = 64


class ValueBuilder:
    """Makes values; the same operation on the same arguments is made once."""

    def __init__(self, stable: bool = True) -> None:
        self.stable = stable  # whether forms for floats are wanted
        self._made: dict[tuple[Any, ...], Value] = {}
        self.names: dict[Value, str] = {}  # what the user, or the derivation, called a value
        self.symmetric: set[Value] = set()  # matrices that are their own transposes

    def make(
        self,
        op: str,
        args: Sequence[Value],
        params: tuple[Any, ...],
        sizes: Sequence[AnySize],
        kind: Kind = "float",
    ) -> Value:
        """The value of an operation, by its parts."""
        key = (op, tuple(args), params, tuple(sizes), kind)
        if key not in self._made:
            self._made[key] = Value(op, tuple(args), params, tuple(sizes), kind, len(self._made))
        return self._made[key]

    # -- scalars ------------------------------------------------------------------------------------

    def number(self, value: Number) -> Value:
        return self.make("number", (), (value,), (), "weak")

    def size(self, size: AnySize) -> Value:
        if isinstance(size, int):
            return self.number(size)
        return self.make("size", (), (size,), (), "weak")

    # -- elementwise --------------------------------------------------------------------------------

    def add(self, terms: Sequence[tuple[Number, Value]]) -> Value:
        """The sum of coefficient * value."""
        if len(terms) == 1:
            return self.multiply(terms[0][0], [(terms[0][1], 1)])
        complement = self._complement(terms) if len(terms) == 2 else None
        if complement is not None:
            return complement
        if len(terms) > _WIDEST:
            # in parts, so that neither memory nor a line of source holds thousands of terms at once
            start = self.add(terms[:_WIDEST])
            for k in range(_WIDEST, len(terms), _WIDEST - 1):
                start = self.add([(1, start), *terms[k : k + _WIDEST - 1]])
            return start
        values = [self.as_number(value) for _, value in terms]
        turned = self._common_permutation(values)
        if turned is not None:
            axes, inner = turned
            return self.permute(
                self.add([(c, v) for (c, _), v in zip(terms, inner, strict=True)]), axes
            )
        kind: Kind = "weak" if all(v.kind == "weak" for v in values) else "float"
        return self.make("add", values, (tuple(c for c, _ in terms),), broadcast(values), kind)

    def _complement(self, terms: Sequence[tuple[Number, Value]]) -> Value | None:
        """1 less a truth value is its negation."""
        for (a, mask), (b, one) in (terms, terms[::-1]):
            if mask.kind == "bool" and one.op == "number" and times(b, one.params[0]) == -a:
                return self.multiply(-a, [(self.negated(mask), 1)])
        return None

    def negated(self, mask: Value) -> Value:
        """The truth values turned round."""
        if mask.op == "apply" and mask.params[0] in COMPARISONS and mask not in self.names:
            return self.apply(COMPARISONS[mask.params[0]].negated, mask.args, truth=True)
        return self.apply("logical_not", [mask], truth=True)

    def multiply(self, coef: Number, parts: Sequence[tuple[Value, int | Fraction]]) -> Value:
        """The coefficient times the product of value ** exponent."""
        kept: list[tuple[Value, int | Fraction]] = []
        for value, exponent in parts:
            if value.op == "number" and exponent in (1, -1) and value.params[0] != 0:
                number = value.params[0]
                coef = times(coef, number if exponent == 1 else _inverse(number))
            elif self._is_reciprocal(value):
                kept.append((value.args[0], -exponent))
            else:
                kept.append((value, exponent))
        merged = _merged(kept)
        if broadcast([v for v, _ in merged]) == broadcast([v for v, _ in kept]):
            kept = merged
        if not kept:
            return self.number(coef)
        if coef == 1 and len(kept) == 1 and kept[0][1] == 1:
            return kept[0][0]
        found = masked_parts(kept) if self.stable else None
        if found is not None:
            return self.apply("where", [found[0], self.multiply(coef, found[1]), self.number(0)])
        # truth values stay as they are beside floats; where there are none, they become numbers
        if not any(v.kind == "float" for v, _ in kept) or any(
            e != 1 for v, e in kept if v.kind == "bool"
        ):
            kept = [(self.as_number(v), e) for v, e in kept]
        values = [value for value, _ in kept]
        # a reciprocal stays outermost, for products to divide by
        turned = None if coef == 1 and kept[1:] == [] and kept[0][1] == -1 else (
            self._common_permutation(values)
        )  # fmt: skip
        if turned is not None:
            axes, inner = turned
            product = self.multiply(coef, [(v, e) for v, (_, e) in zip(inner, kept, strict=True)])
            return self.permute(product, axes)
        kind: Kind = "weak" if all(v.kind == "weak" for v in values) else "float"
        exponents = tuple(exponent for _, exponent in kept)
        return self.make("multiply", values, (coef, exponents), broadcast(values), kind)

    def apply(self, function: Any, args: Sequence[Value], truth: bool = False) -> Value:
        """A function of every element; ``truth`` when its results are truth values."""
        turned = self._common_permutation(args)
        if turned is not None:
            return self.permute(self.apply(function, turned[1], truth), turned[0])
        if function == "where" and [v.op for v in args[1:]] == ["number", "number"]:
            choice = (args[1].params[0], args[2].params[0])
            if args[0].kind == "bool" and choice in ((1, 0), (0, 1)):
                yes = args[0]
                return yes if choice == (1, 0) else self.negated(yes)
        kind: Kind = "weak" if all(v.kind == "weak" for v in args) else "float"
        return self.make("apply", args, (function,), broadcast(args), "bool" if truth else kind)

    def concatenate(self, values: Sequence[Value], axis: int, sizes: Sequence[AnySize]) -> Value:
        """The values end to end along the axis."""
        turned = self._common_permutation(values)
        if turned is None or any(value.ndim < len(sizes) for value in turned[1]):
            return self.make("concatenate", values, (axis,), sizes)
        axes, inner = turned
        whole = [sizes[axes.index(k)] for k in range(len(axes))]
        return self.permute(self.concatenate(inner, axes[axis], whole), axes)

    def _common_permutation(
        self, values: Sequence[Value]
    ) -> tuple[tuple[int, ...], list[Value]] | None:
        """The permutation that all arrays among the values have in common, and what is permuted."""
        first = next((v for v in values if v.op == "permute"), None)
        if first is None:
            return None
        inner = [self._unpermuted(v, first.params[0]) for v in values]
        known = [v for v in inner if v is not None]
        return (first.params[0], known) if len(known) == len(values) else None

    def _unpermuted(self, value: Value, axes: tuple[int, ...]) -> Value | None:
        """The value that becomes this one by the permutation; vectors turn from rows to columns."""
        if not value.ndim:
            return value
        if value.op == "permute" and value.params == (axes,):
            return value.args[0]
        if axes != (1, 0):
            return None
        if value.ndim == 1:
            return self.expand(value, (1,))
        if value.op == "expand" and value.ndim == 2 and value.args[0].ndim == 1:
            return value.args[0]
        return None

    def as_number(self, value: Value) -> Value:
        """Truth values and indices as numbers to compute with."""
        if value.kind not in ("bool", "index"):
            return value
        return self.make("cast", (value,), (), value.sizes)

    def power(self, value: Value, exponent: int | Fraction) -> Value:
        """The value to a power; a negative one is the reciprocal of a positive one."""
        if exponent > 0:
            return self.multiply(1, [(value, exponent)])
        return self.multiply(1, [(self.multiply(1, [(value, -exponent)]), -1)])

    def _is_reciprocal(self, value: Value) -> bool:
        return value.op == "multiply" and value.params == (1, (-1,)) and value not in self.names

    # -- axes -----------------------------------------------------------------------------------------

    def permute(self, value: Value, axes: Sequence[int]) -> Value:
        axes = tuple(axes)
        if axes == tuple(range(value.ndim)) or (value in self.symmetric and axes == (1, 0)):
            return value
        if self._is_reciprocal(value):
            return self.power(self.permute(value.args[0], axes), -1)
        if value.op == "permute":
            inner: tuple[int, ...] = value.params[0]
            return self.permute(value.args[0], tuple(inner[a] for a in axes))
        return self.make("permute", (value,), (axes,), [value.sizes[a] for a in axes], value.kind)

    def expand(self, value: Value, axes: Sequence[int]) -> Value:
        """Axes of length 1 put in; leading ones are left to broadcasting."""
        axes = tuple(axes)
        lead = 0
        while lead in axes:
            lead += 1
        axes = tuple(a - lead for a in axes if a >= lead)
        if not axes:
            return value
        if self._is_reciprocal(value):
            return self.power(self.expand(value.args[0], axes), -1)
        sizes = list(value.sizes)
        for a in axes:
            sizes.insert(a, 1)
        return self.make("expand", (value,), (axes,), sizes, value.kind)

    def broadcast_to(self, value: Value, sizes: Sequence[AnySize]) -> Value:
        if tuple(sizes) == value.sizes:
            return value
        return self.make("broadcast", (self.as_number(value),), (tuple(sizes),), sizes)

    def diagonal(self, value: Value, labels: Sequence[Any]) -> Value:
        """Axes of one label merged."""
        names = {label: k for k, label in enumerate(dict.fromkeys(labels))}
        numbers = tuple(names[label] for label in labels)
        sizes = [value.sizes[numbers.index(k)] for k in range(len(names))]
        return self.make("diagonal", (value,), (numbers,), sizes, value.kind)

    def reshape(self, value: Value, sizes: Sequence[AnySize]) -> Value:
        if tuple(sizes) == value.sizes:
            return value
        if value.op == "reshape" and value not in self.names:
            return self.reshape(value.args[0], sizes)
        return self.make("reshape", (value,), (tuple(sizes),), sizes, value.kind)

    def embed(
        self, value: Value, axis: int, start: AnySize, step: int, size: AnySize
    ) -> Value:
        """Zeros of this size along the axis, the value in them at ``start`` and every ``step`` from there."""
        sizes = [size if k == axis else s for k, s in enumerate(value.sizes)]
        index_maps = tuple(
            ("axis", k, *((start, step) if k == axis else (0, 1)), length)
            for k, length in enumerate(value.sizes)
        )
        return self.make("embed", (self.as_number(value),), (index_maps,), sizes)

    # -- along axes: done before a permutation of the argument rather than after it ----------------------

    def reduce(self, op: str, value: Value, axes: Sequence[int]) -> Value:
        """``sum``, ``max``, ``prod`` or ``logsumexp`` over the axes."""
        if not axes:
            return value
        value = self.as_number(value)
        chosen = set(axes)
        if value.op == "permute":
            order: tuple[int, ...] = value.params[0]
            inner = self.reduce(op, value.args[0], [order[a] for a in axes])
            left = [order[k] for k in range(value.ndim) if k not in chosen]
            return self.permute(inner, [sorted(left).index(a) for a in left])
        sizes = [s for k, s in enumerate(value.sizes) if k not in chosen]
        params = (tuple(sorted(axes)),)
        return self.make(op, (value,), params, sizes)

    def along(
        self, op: str, value: Value, axes: Sequence[int], *more: Any, kind: Kind = "float"
    ) -> Value:
        """``softmax``, ``argmax``, ``others``, ``sort``, ``cumsum`` along the axes; the shape stays."""
        value = self.as_number(value)
        if value.op == "permute":
            order: tuple[int, ...] = value.params[0]
            inner = self.along(op, value.args[0], [order[a] for a in axes], *more, kind=kind)
            return self.permute(inner, order)
        return self.make(op, (value,), (tuple(sorted(axes)), *more), value.sizes, kind)

    def index(self, value: Value, axis: int, entry: Any) -> Value:
        """An index, or ``(start, step, length)``, on one axis."""
        if isinstance(entry, tuple) and entry == (0, 1, value.sizes[axis]):
            return value
        if value.op == "permute":
            order: tuple[int, ...] = value.params[0]
            inner = self.index(value.args[0], order[axis], entry)
            if isinstance(entry, tuple):
                return self.permute(inner, order)
            left = [a for k, a in enumerate(order) if k != axis]
            return self.permute(inner, [a - (a > order[axis]) for a in left])
        if value.op == "index" and value not in self.names:
            joined = self._joined_index(value, axis, entry)
            if joined is not None:
                return joined
        entries: list[Any] = [None] * value.ndim
        entries[axis] = entry
        sizes = list(value.sizes)
        if isinstance(entry, tuple):
            sizes[axis] = entry[2]
        else:
            del sizes[axis]
        return self.make("index", (value,), (tuple(entries),), sizes, value.kind)

    def _joined_index(self, value: Value, axis: int, entry: Any) -> Value | None:
        """An index of an index as one, when they are on different axes."""
        (entries,) = value.params
        kept = [k for k, e in enumerate(entries) if e is None or isinstance(e, tuple)]
        if entries[kept[axis]] is not None:
            return None
        both = tuple(entry if k == kept[axis] else e for k, e in enumerate(entries))
        sizes = list(value.sizes)
        sizes[axis : axis + 1] = [entry[2]] if isinstance(entry, tuple) else []
        return self.make("index", value.args, (both,), sizes, value.kind)


def _merged(parts: Sequence[tuple[Value, Any]]) -> list[tuple[Value, Any]]:
    """Powers of one value joined."""
    powers: dict[Value, Any] = {}
    for value, exponent in parts:
        if value.kind == "bool" and value in powers:
            continue
        powers[value] = powers.get(value, 0) + exponent
    return [(v, int(e) if Fraction(e).denominator == 1 else e) for v, e in powers.items() if e]


def _inverse(value: Number) -> Number:
    return 1 / value if isinstance(value, float) else times(1, Fraction(1) / value)
