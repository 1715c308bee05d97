"""Formulas as text: Unicode as one writes it, or ASCII for source files and old terminals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from minigrad.index.expr import Number
from minigrad.notation.functions import written
from minigrad.notation.tree import (
    BigSum,
    Call,
    Hadamard,
    Indexed,
    Inverse,
    MatMul,
    Name,
    Norm,
    Num,
    Plus,
    Power,
    Relation,
    Scaled,
    Selection,
    Transposed,
    Tree,
    transposes,
)

_SUM, _SCALED, _HADAMARD, _PRODUCT, _POSTFIX, _ATOM = range(6)
_SUPERSCRIPTS = str.maketrans("0123456789-/", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ")


@dataclass(frozen=True)
class Marks:
    """The characters in which the two styles differ."""

    minus: str = "−"
    times: str = "⊙"
    over: str = "⊘"
    transpose: str = "ᵀ"
    inverse: str = "⁻¹"
    unicode: bool = True


UNICODE = Marks()
ASCII = Marks("-", "*", "/", ".T", "inv", False)
_RELATIONS_ASCII = {"≥": ">=", "≤": "<=", "≠": "!=", "=": "=="}
_NAMES_ASCII = {"𝟏": "ones", "I": "eye", "π": "pi", "δ": "delta"}


def text(tree: Tree, marks: Marks = UNICODE, partial: bool = False) -> str:
    """The formula in one line; ``partial`` writes dS as ∂L/∂S."""
    return Printer(marks, partial).show(tree)


def cost(tree: Tree) -> tuple[int, int]:
    """What a formula costs its reader: transposes first, then length."""
    return transposes(tree), len(text(tree))


def decimal(value: Any) -> str:
    """A number that is not written as a quotient."""
    if isinstance(value, Fraction):
        return repr(float(value))
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, float):
        return repr(value)
    string = str(value)
    digits = string.rstrip("0")
    zeros = len(string) - len(digits)
    return f"{digits}e{zeros}" if zeros > 4 else string


def split_fraction(value: Number) -> tuple[Number, int]:
    """``value`` as (numerator, denominator) where a quotient reads better than a decimal."""
    if isinstance(value, Fraction):
        rest = value.denominator
        for prime in (2, 5):
            while rest % prime == 0:
                rest //= prime
        if (
            value.denominator <= 64
            and (value.numerator == 1 or rest != 1 or value.denominator <= 8)
            and not (rest == 1 and value.denominator % 5 == 0)
        ):
            return value.numerator, value.denominator
        if rest != 1:
            return value.numerator, value.denominator
    return value, 1


def shown_places(places: tuple[str | None, ...]) -> str:
    """An index as NumPy reads it: whole axes as colons, left out at the end."""
    last = max((k for k, place in enumerate(places) if place is not None), default=-1)
    return ",".join(":" if place is None else place for place in places[: last + 1])


def subscript(places: tuple[str | None, ...]) -> str:
    """What stands behind a name: "_ij" where all that is fixed is in front, "[:,i]" elsewhere."""
    leading = [place for place in places if place is not None]
    in_front = all(place is None for place in places[len(leading) :])
    if in_front and all(len(place) == 1 or place.isdigit() for place in leading):
        return f"_{''.join(leading)}" if leading else ""
    return f"[{shown_places(places)}]"


class Printer:
    """Writes trees as text; a subclass may set names and subscripts in its own way."""

    def __init__(self, marks: Marks, partial: bool) -> None:
        self.m, self.partial = marks, partial

    def show(self, tree: Tree, at_least: int = _SUM) -> str:
        """The text, in parentheses where it binds less tightly than its place needs."""
        string, level = self.render(tree)
        return string if level >= at_least else f"({string})"

    def render(self, tree: Tree) -> tuple[str, int]:
        m = self.m
        match tree:
            case Name():
                return self.name(tree), _ATOM
            case Num(value):
                return self.number(value)
            case Call(function, args):
                how = written(function)
                inner = ", ".join(self.show(arg, _SUM) for arg in args)
                name = how.text if m.unicode else how.ascii
                return name.replace("·", inner) if "·" in name else f"{name}({inner})", _ATOM
            case Selection():
                return self.render(tree.plain)
            case Transposed(Inverse(body)) if m.unicode:
                return self.show(body, _ATOM) + "⁻ᵀ", _POSTFIX
            case Transposed(body):
                return self.show(body, _POSTFIX if m.unicode else _ATOM) + m.transpose, _POSTFIX
            case Inverse(body):
                if not m.unicode:
                    return f"inv({self.show(body, _SUM)})", _ATOM
                return self.show(body, _ATOM) + m.inverse, _POSTFIX
            case Power():
                return self.power(tree)
            case Norm(body):
                return (
                    f"‖{self.show(body, _SUM)}‖" if m.unicode else f"norm({self.show(body, _SUM)})"
                ), _ATOM
            case MatMul(parts):
                return (" " if m.unicode else " @ ").join(
                    self.show(p, _POSTFIX) for p in parts
                ), _PRODUCT
            case Hadamard(up, down):
                return self.hadamard(up, down), _HADAMARD
            case Scaled():
                return self.scaled(tree)
            case Plus(terms):
                return self.plus(terms), _SUM
            case Indexed(body, places):
                return self.indexed(body, places), _ATOM
            case BigSum(letters, body) if not m.unicode:
                return f"{self.big_sum(letters)}({self.show(body, _SUM)})", _ATOM
            case BigSum(letters, body):
                return f"{self.big_sum(letters)} {self.show(body, _HADAMARD)}", _SCALED
            case Relation(sign, left, right):
                sign = sign if m.unicode else _RELATIONS_ASCII.get(sign, sign)
                return f"[{self.show(left, _SUM)} {sign} {self.show(right, _SUM)}]", _ATOM
        raise TypeError(f"no text for {tree!r}")

    def big_sum(self, letters: tuple[str, ...]) -> str:
        """A sum sign with the letters it runs over."""
        joined = ("" if all(len(letter) == 1 for letter in letters) else ",").join(letters)
        return f"{'Σ' if self.m.unicode else 'sum'}_{joined}"

    def name(self, tree: Name) -> str:
        if tree.of is not None and self.partial:
            return f"∂L/∂{tree.of}"
        if not self.m.unicode:
            return _NAMES_ASCII.get(tree.text, tree.text)
        return tree.text

    def number(self, value: Number) -> tuple[str, int]:
        upper, lower = split_fraction(value)
        string = decimal(abs(upper)) + (f" / {lower}" if lower != 1 else "")
        string = string if self.m.unicode else string.replace("∞", "inf")
        if upper < 0:
            return self.m.minus + string, _SCALED
        return string, _ATOM if lower == 1 else _SCALED

    def power(self, tree: Power) -> tuple[str, int]:
        exponent = Fraction(tree.exponent)
        if exponent == Fraction(1, 2):
            if not self.m.unicode:
                return f"sqrt({self.show(tree.body, _SUM)})", _ATOM
            return "√" + self.show(tree.body, _ATOM), _ATOM
        body = self.show(tree.body, _ATOM)
        if not self.m.unicode:
            shown = str(exponent) if exponent.denominator == 1 and exponent > 0 else f"({exponent})"
            return f"{body}**{shown}", _POSTFIX
        if tree.elementwise:
            # x^⊙2/3 would read as the square over 3
            shown = str(exponent) if exponent.denominator == 1 else f"({exponent})"
            return f"{body}^⊙{shown}", _POSTFIX
        return body + str(exponent).translate(_SUPERSCRIPTS), _POSTFIX

    def hadamard(self, up: tuple[Tree, ...], down: tuple[Tree, ...]) -> str:
        joined = f" {self.m.times} ".join(self.show(p, _POSTFIX) for p in up) or "1"
        for part in down:
            joined += f" {self.m.over} {self.show(part, _POSTFIX)}"
        return joined

    def scaled(self, tree: Scaled) -> tuple[str, int]:
        upper, lower = split_fraction(tree.coef)
        words: list[str] = []
        if abs(upper) != 1 or (not tree.up and tree.body is None):
            words.append(decimal(abs(upper)))
        words.extend(self.show(scalar, _POSTFIX) for scalar in tree.up)
        if tree.body is not None:
            alone = not words
            words.append(
                self.show(
                    tree.body, _HADAMARD if alone or isinstance(tree.body, MatMul) else _POSTFIX
                )
            )
        below = ([str(lower)] if lower != 1 else []) + [self.show(s, _POSTFIX) for s in tree.down]
        string = (" " if self.m.unicode else " * ").join(words)
        level = _PRODUCT if len(words) > 1 or isinstance(tree.body, MatMul) else _POSTFIX
        if below:
            joint = " " if self.m.unicode else " * "
            string += " / " + (below[0] if len(below) == 1 else f"({joint.join(below)})")
            level = _SCALED
        if upper < 0:
            return self.m.minus + string, _SCALED
        return string, level

    def plus(self, terms: tuple[tuple[int, Tree], ...]) -> str:
        pieces: list[str] = []
        for k, (sign, term) in enumerate(terms):
            string = self.show(term, _SCALED)
            if string.startswith(self.m.minus):
                sign, string = -sign, string[len(self.m.minus) :]
            if k == 0:
                pieces.append(string if sign > 0 else self.m.minus + string)
            else:
                pieces.append(f" {'+' if sign > 0 else self.m.minus} {string}")
        return "".join(pieces)

    def indexed(self, body: Tree, places: tuple[str | None, ...]) -> str:
        name = self.show(body, _ATOM)
        shown = subscript(places)
        # f(X)_ij is no Python, f(X)[i,j] is
        is_name = self.m.unicode or name.isidentifier()
        if is_name or not shown.startswith("_"):
            return name + shown
        return f"{name}[{shown_places(places)}]"
