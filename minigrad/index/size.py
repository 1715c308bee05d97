"""Sizes of axes: an integer, or a polynomial in named dims such as ``n``, ``2 k`` or ``n + m``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

from minigrad.errors import SymbolicError
from minigrad.names import in_formula

Monomial = tuple[str, ...]  # the dims of one term, sorted, repeated as often as their power


class Size:
    """A polynomial with integer coefficients in named dims; a constant one is a plain ``int``."""

    __slots__ = ("_key", "terms")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms = {m: c for m, c in sorted(terms.items()) if c}
        self._key = tuple(self.terms.items())

    @property
    def name(self) -> str | None:
        """The dim's name when the size is just one dim, else None."""
        if len(self._key) == 1:
            (monomial, coefficient) = self._key[0]
            if coefficient == 1 and len(monomial) == 1:
                return monomial[0]
        return None

    def names(self) -> set[str]:
        return {name for monomial in self.terms for name in monomial}

    def value(self, sizes: Mapping[str, int]) -> int:
        """The size as a number; raises KeyError for a dim without one."""
        total = 0
        for monomial, coefficient in self.terms.items():
            for name in monomial:
                coefficient *= sizes[name]
            total += coefficient
        return total

    def solved(self, value: int, sizes: Mapping[str, int]) -> dict[str, int] | None:
        """The one dim that ``sizes`` lacks, such that the size is ``value``; None where it is not linear."""
        missing = sorted(self.names() - sizes.keys())
        if len(missing) != 1:
            return None
        (name,) = missing
        if any(monomial.count(name) > 1 for monomial in self.terms):
            return None
        at_zero = self.value({**sizes, name: 0})
        slope = self.value({**sizes, name: 1}) - at_zero
        if not slope or (value - at_zero) % slope or (value - at_zero) // slope < 1:
            return None
        return {name: (value - at_zero) // slope}

    def _number(self, *_: object) -> NoReturn:
        raise SymbolicError(
            f"the size {self} has only a name, and this operation needs numbers; give the axis a number, "
            "as in mg.symbols('X: 4 d'), or make the tensor with mg.tensor(data)"
        )

    __int__ = __index__ = _number
    __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = _number
    __lt__ = __le__ = __gt__ = __ge__ = _number

    def __add__(self, other: AnySize) -> AnySize:
        terms = dict(self.terms)
        for monomial, coefficient in _terms(other).items():
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return _normal(terms)

    def __mul__(self, other: AnySize) -> AnySize:
        terms: dict[Monomial, int] = {}
        for left, a in self.terms.items():
            for right, b in _terms(other).items():
                monomial = tuple(sorted(left + right))
                terms[monomial] = terms.get(monomial, 0) + a * b
        return _normal(terms)

    def __neg__(self) -> AnySize:
        return self * -1

    def __sub__(self, other: AnySize) -> AnySize:
        return self + (-other)

    def __rsub__(self, other: int) -> AnySize:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        # the constant last: n - 1
        ordered = sorted(self._key, key=lambda term: (not term[0], term[1] < 0, term[0]))
        return " + ".join(_monomial_text(m, c) for m, c in ordered).replace("+ -", "- ")

    def __repr__(self) -> str:
        return f"Size({str(self)!r})"


AnySize = int | Size


def is_at_least(size: AnySize, bound: int) -> bool | None:
    """Whether ``size`` is ``bound`` or more for every choice of its dims, which are 1 or more.

    None where that depends on the dims.
    """
    excess = _terms(size - bound)
    least = sum(excess.values())  # where every dim is 1
    if least >= 0 and all(c >= 0 for m, c in excess.items() if m):
        return True
    if least < 0 and all(c <= 0 for m, c in excess.items() if m):
        return False
    return None


def at_most(size: AnySize) -> AnySize:
    """A size that is never less than this one, nor less than 0: what is subtracted is left out."""
    return _normal({m: c for m, c in _terms(size).items() if c > 0})


def names_in(size: AnySize) -> set[str]:
    """The dims that a size is made of; a number has none."""
    return size.names() if isinstance(size, Size) else set()


def named_sizes(*values: object) -> Iterator[Size]:
    """The sizes without a number among values, and inside tuples and slices of them."""
    stack = list(values[::-1])
    while stack:
        value = stack.pop()
        if isinstance(value, Size):
            yield value
        elif isinstance(value, slice):
            stack += [value.step, value.stop, value.start]
        elif isinstance(value, tuple):
            stack += value[::-1]


def least(size: AnySize) -> int:
    """The smallest number that a size can be: its dims are 1 or more; 1 where it may be less."""
    if isinstance(size, int):
        return size
    at_one = sum(size.terms.values())
    return max(at_one, 1) if all(c > 0 for m, c in size.terms.items() if m) else 1


def divided_up(size: AnySize, step: int) -> AnySize | None:
    """``ceil(size / step)`` where that is a size again, else None."""
    terms = dict(_terms(size))
    constant = terms.pop((), 0)
    if any(c % step for c in terms.values()):
        return None
    return _normal({m: c // step for m, c in terms.items()}) + -(-constant // step)


def dim(name: str) -> Size:
    """The size that is the dim ``name``."""
    return Size({(name,): 1})


def prod(sizes: Iterable[AnySize]) -> AnySize:
    """The product of sizes; 1 for none."""
    total: AnySize = 1
    for size in sizes:
        total = total * size
    return total


def quotient(whole: AnySize, part: AnySize) -> AnySize | None:
    """``whole / part`` when it is a size again (``part`` being one term), else None."""
    divisor = _terms(part)
    if len(divisor) != 1:
        return 1 if whole == part else None
    ((monomial, coefficient),) = divisor.items()
    terms: dict[Monomial, int] = {}
    for names, c in _terms(whole).items():
        rest = list(names)
        for name in monomial:
            if name not in rest:
                return None
            rest.remove(name)
        if coefficient == 0 or c % coefficient:
            return None
        terms[tuple(rest)] = c // coefficient
    return _normal(terms)


def value_of(size: AnySize, sizes: Mapping[str, int]) -> int:
    """The number a size stands for, given the sizes of dims."""
    return size if isinstance(size, int) else size.value(sizes)


def _terms(size: AnySize) -> Mapping[Monomial, int]:
    if isinstance(size, Size):
        return size.terms
    return {(): int(size)} if size else {}


def _normal(terms: Mapping[Monomial, int]) -> AnySize:
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        return kept[()]
    return Size(kept)


def _monomial_text(monomial: Monomial, coefficient: int) -> str:
    names = "*".join(map(in_formula, monomial))
    if not names:
        return str(coefficient)
    if coefficient == 1:
        return names
    return f"-{names}" if coefficient == -1 else f"{coefficient}*{names}"


def unpaired(predictions: Sequence[AnySize], targets: Sequence[AnySize]) -> str | None:
    """Why a loss cannot pair predictions with targets, or None: they differ, and neither is one number."""
    p, y = tuple(predictions), tuple(targets)
    if p == y or not p or not y:
        return None
    if len(p) == len(y) and all(a == b or _named(a, b) for a, b in zip(p, y, strict=True)):
        return None  # Where dims meet under two names, that is what there is to say.
    longer, short, name = (p, y, "predictions") if len(p) > len(y) else (y, p, "targets")
    if longer == (*short, 1):
        cure = f"squeeze the last axis of the {name}"
    elif longer == (1, *short):
        cure = f"squeeze the first axis of the {name}"
    elif p == y[::-1]:
        cure = "transpose one of them"
    else:
        cure = "give every prediction a target of its own"
    return (
        f"predictions {written(p)} and targets {written(y)} have different shapes, and "
        f"broadcasting would compare predictions with the targets of others; {cure}"
    )


def _named(a: AnySize, b: AnySize) -> bool:
    return 1 not in (a, b) and (isinstance(a, Size) or isinstance(b, Size))


def unspread(weights: Sequence[AnySize], shape: Sequence[AnySize]) -> str | None:
    """Why weights do not weigh losses of a shape one by one, or None: they do not broadcast to it."""
    w, s = tuple(weights), tuple(shape)
    if len(w) <= len(s) and all(
        a in (1, b) or _named(a, b) for a, b in zip(w[::-1], s[::-1], strict=False)
    ):
        return None
    return f"weights {written(w)} do not broadcast to the shape {written(s)} of the losses"


def written(shape: Sequence[AnySize]) -> str:
    """A shape as Python writes it, with names where sizes have no numbers."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
