"""Pieces of Python text with their binding strength, and how products and sums of them are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from minigrad.index.expr import Number
from minigrad.index.numbers import as_float
from minigrad.index.size import AnySize, Size

COMPARE, ADD, MULTIPLY, MATMUL, UNARY, POWER, ATOM = range(7)


class Text(NamedTuple):
    """Python text and how strongly its outermost operation binds."""

    text: str
    strength: int = ATOM

    def within(self, strength: int) -> str:
        """The text where operands must bind at least that strongly."""
        return self.text if self.strength >= strength else f"({self.text})"


def call(function: str, *args: str) -> Text:
    return Text(f"{function}({', '.join(args)})")


class Part(NamedTuple):
    """A factor of a product: its text, its power, and what it is (scalars go first, truth values last)."""

    text: Text
    exponent: int | Fraction = 1
    scalar: bool = False
    weak: bool = False
    truth: bool = False


def number_text(value: Number, module: str) -> Text:
    """A number as Python: 1/3 stays a quotient, 0.1 a decimal; infinity is the module's."""
    if isinstance(value, Fraction):
        if not _is_decimal(value):
            quotient = f"{abs(value.numerator)} / {value.denominator}"
            return Text(f"-{quotient}" if value < 0 else quotient, MULTIPLY)
        value = float(value)
    if isinstance(value, int) and value.bit_length() > 63:
        value = as_float(value)  # NumPy would make an array of objects
    text = repr(value)
    if isinstance(value, int) and abs(value) >= 10**6 and text.endswith("000000"):
        digits = text.rstrip("0")
        text = f"{digits}e{len(text) - len(digits)}"
    if text in ("inf", "-inf", "nan"):
        sign, name = ("-", text[1:]) if text[0] == "-" else ("", text)
        return Text(f"{sign}{module}.{name}", UNARY if sign else ATOM)
    return Text(text, UNARY if value < 0 else ATOM)


def _is_decimal(value: Fraction) -> bool:
    return Fraction(repr(float(value))) == value


def size_text(size: AnySize, dims: Mapping[str, str]) -> Text:
    """A size as Python, by the names that dims have in the function."""
    if isinstance(size, int):
        return Text(str(size), ATOM if size >= 0 else UNARY)
    assert isinstance(size, Size)
    terms: list[tuple[int, str]] = []
    for monomial, coefficient in sorted(size.terms.items(), key=lambda term: not term[0]):
        factors = [dims[name] for name in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        terms.append((coefficient, " * ".join(factors)))
    terms.sort(key=lambda term: term[0] < 0)
    text = "-" + terms[0][1] if terms[0][0] < 0 else terms[0][1]
    text += "".join(f" {'-' if c < 0 else '+'} {t}" for c, t in terms[1:])
    strength = ADD if len(terms) > 1 else MULTIPLY if "*" in text else ATOM
    return Text(text, UNARY if strength == ATOM and text[0] == "-" else strength)


def product_text(coef: Number, parts: Sequence[Part], module: str) -> Text:
    """``coef * parts``, what has a negative power below the line; the module has square roots."""
    sign, coef = ("-", -coef) if coef < 0 else ("", coef)
    above, below = _ordered(parts)
    up, down = _coefficient(coef, module)
    texts = [up] if up is not None else []
    texts += [_powered(p, p.exponent, module) for p in above]
    scalars = [_powered(p, -p.exponent, module) for p in below if p.scalar]
    arrays = [_powered(p, -p.exponent, module) for p in below if not p.scalar]
    divisors = ([down] if down is not None else []) + scalars
    # a truth value over a number would be a float64; over an array it has the array's type
    truth = bool(above) and all(p.truth for p in above)
    early, arrays = (arrays, []) if truth else ([], arrays)
    below_line = early or divisors
    if sign and truth and up is None and below_line:  # nor has a truth value a negative
        sign, below_line[0] = "", Text(f"-{below_line[0].within(UNARY)}", UNARY)
    if not texts:
        texts = [Text("1")]
    if sign and texts[0].text.startswith("-") and texts[0].strength >= MULTIPLY:  # - -x
        negative = texts[0]
        strength = POWER if negative.strength == UNARY else negative.strength
        sign, texts[0] = "", Text(negative.text[1:], strength)
    # the first factor needs no brackets, but a matrix product with others beside it has them
    first = texts[0].within(MULTIPLY if len(texts) == 1 or texts[0].strength != MATMUL else UNARY)
    text = " * ".join([first, *(t.within(UNARY) for t in texts[1:])])
    text += "".join(f" / {d.within(UNARY)}" for d in early)
    if len(divisors) > 1:
        text += f" / ({' * '.join(d.within(UNARY) for d in divisors)})"
    elif divisors:
        text += f" / {divisors[0].within(UNARY)}"
    text += "".join(f" / {d.within(UNARY)}" for d in arrays)
    arrays = [*early, *arrays]
    if not sign and len(texts) == 1 and not divisors and not arrays:
        return texts[0]
    return Text(sign + text, UNARY if sign and len(texts) == 1 and not divisors + arrays and (
        texts[0].strength >= POWER) else MULTIPLY)  # fmt: skip


def _ordered(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Above and below the line; numbers and scalars first, truth values after a float."""
    above = [p for p in parts if p.exponent > 0]
    rank = sorted(above, key=lambda p: (p.truth, not p.scalar))
    return rank, [p for p in parts if p.exponent < 0]


def _coefficient(coef: Number, module: str) -> tuple[Text | None, Text | None]:
    """What stands above and below the line for a positive number."""
    if coef == 1:
        return None, None
    if isinstance(coef, Fraction):
        if coef.denominator <= 100 or not _is_decimal(coef):
            up = None if coef.numerator == 1 else Text(str(coef.numerator))
            return up, Text(str(coef.denominator))
        return number_text(coef, module), None
    return number_text(coef, module), None


def _powered(part: Part, exponent: int | Fraction, module: str) -> Text:
    if exponent == 1:
        return part.text
    if exponent == Fraction(1, 2) and not part.weak:
        return Text(f"{module}.sqrt({part.text.text})")
    return Text(f"{part.text.within(ATOM)}**{_exponent(exponent)}", POWER)


def _exponent(exponent: int | Fraction) -> str:
    if isinstance(exponent, Fraction) and not _is_decimal(exponent):
        return f"({exponent.numerator} / {exponent.denominator})"
    return repr(exponent if isinstance(exponent, int) else float(exponent))


def sum_text(terms: Sequence[Text]) -> Text:
    """Terms joined by + and -, a positive one first."""
    first = next((k for k, t in enumerate(terms) if not t.text.startswith("-")), 0)
    ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
    text = ordered[0].text
    for term in ordered[1:]:
        if term.text.startswith("-") and term.strength >= MULTIPLY:
            text += f" - {term.text[1:]}"
        else:
            text += f" + {term.within(MULTIPLY)}"
    return Text(text, ADD)
