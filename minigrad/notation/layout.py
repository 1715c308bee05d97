"""Where the pieces of a formula stand, made from its tree: the one place that knows what binds how tightly.

A style says the few things in which notations differ: whether a quotient stands in one line, and whether
what has a sign of its own is called by name, as ``inv(A)`` and ``A.T`` are in ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from minigrad.index.expr import Number
from minigrad.index.numbers import magnitude
from minigrad.names import in_formula, in_program
from minigrad.notation.boxes import (
    Applied,
    Box,
    Bracketed,
    Glyph,
    Over,
    Places,
    Root,
    Row,
    Scripts,
    Sign,
    Stacked,
    Summed,
    Symbol,
)
from minigrad.notation.functions import parted_function
from minigrad.notation.numerals import decimal, split_factor, split_fraction
from minigrad.notation.symbols import glyph, in_programs, indices, spelled, symbol
from minigrad.notation.tree import (
    BigSum,
    Blocks,
    Call,
    Hadamard,
    Indexed,
    Inverse,
    Kron,
    MatMul,
    Move,
    Name,
    Norm,
    Num,
    OwnSymbol,
    Plus,
    Power,
    Relation,
    Scaled,
    Transposed,
    Tree,
)

SUM, SCALED, HADAMARD, PRODUCT, POSTFIX, ATOM = range(6)
Level = int

_NEGATIVE, _OVER = Sign("negative"), Sign("over")
_HALF = Fraction(1, 2)
_SCIENTIFIC = re.compile(r"(\d+(?:\.\d+)?)e([+-]?)0*(\d+)")
_UNIT = re.compile(r"e_(?:\(([^()]*)\)|(.+))")


@dataclass(frozen=True)
class Style:
    """``flat``: in one line, names as they are; ``called``: roots, norms, inverses and sums are functions."""

    flat: bool = False
    called: bool = False


PAGE, LINE, PROGRAM = Style(), Style(flat=True), Style(flat=True, called=True)


class Layout:
    """Boxes of trees in one style; ``partial`` writes dS as ∂L/∂S, with ``symbols`` each says its name."""

    def __init__(self, style: Style, partial: bool = False, symbols: bool = False) -> None:
        self.style, self.partial, self.symbols = style, partial, symbols
        # in one line a transpose stands behind what else is raised: x²ᵀ
        self.tight = POSTFIX if style == LINE else ATOM

    def inside(self, tree: Tree, at_least: Level = SUM) -> Box:
        """The formula, in parentheses where it binds less tightly than its place needs."""
        box, level = self.of(tree)
        return box if level >= at_least else Bracketed(box)

    def of(self, tree: Tree) -> tuple[Box, Level]:
        """The formula and how tightly it binds."""
        match tree:
            case Name():
                return self.name(tree), ATOM
            case Num(value):
                return self.number(value)
            case Call(function, args):
                return Applied(*parted_function(function), tuple(map(self.inside, args))), ATOM
            case Indexed(body, places):
                return self.indexed(body, places), ATOM
            case MatMul(parts):
                return _joined("product", [self.inside(p, POSTFIX) for p in parts]), PRODUCT
            case Hadamard(up, down):
                return self.hadamard(up, down), HADAMARD
            case Scaled():
                return self.scaled(tree)
            case Plus(terms):
                return self.plus(terms), SUM
            case Kron(left, right) if self.style.called:
                sides = Row((self.inside(left), Sign("argument"), self.inside(right)))
                return _called("kron", sides), ATOM
            case Kron(left, right):
                return _joined("⊗", [self.inside(s, POSTFIX) for s in (left, right)]), HADAMARD
            case Blocks(parts, below):
                return Stacked(tuple(map(self.inside, parts)), below), ATOM
            case Transposed() | Inverse() | Power() | Norm():
                return self.marked(tree)
            case Move():
                return self.of(tree.plain)
            case BigSum(letters, body) if self.style.called:
                return Summed(letters, Bracketed(self.inside(body))), ATOM
            case BigSum(letters, body):
                return Summed(letters, self.inside(body, HADAMARD)), SCALED
            case Relation(sign, left, right):
                row = Row((self.inside(left), Sign(sign), self.inside(right)))
                return Bracketed(row, "[]"), ATOM
        raise TypeError(f"no layout for {tree!r}")

    # -- symbols -----------------------------------------------------------------------------------

    def name(self, tree: Name) -> Box:
        if self.style.flat:
            if isinstance(tree, OwnSymbol):
                return Symbol(tree.text, ascii=tree.ascii)
            if tree.letters or tree.arithmetic:
                return Symbol(tree.text, ascii=in_programs(tree.text))
            of = None if tree.of is None else in_formula(tree.of)
            return Symbol(in_formula(tree.text), of, in_formula(tree.loss), in_program(tree.text))
        if tree.of is not None:
            return self.gradient(tree.text, tree.of, loss=tree.loss)
        if tree.letters and "".join(tree.letters) == tree.text:
            return indices(tree.letters)  # km: one index, read from both
        if tree.letters or tree.arithmetic:
            return spelled(tree.text)
        if isinstance(tree, OwnSymbol) and (unit := _UNIT.fullmatch(tree.text)):
            return Scripts(glyph("e"), spelled(unit[1] or unit[2]))
        if isinstance(tree, OwnSymbol):
            return glyph(tree.text)  # Id is a word, and no I with a subscript
        return self.known(symbol(tree.text), tree.text)

    def known(self, box: Box, name: str) -> Box:
        """The symbol with the name by which a page finds it."""
        match box:
            case Glyph() | Over() if self.symbols:
                return replace(box, symbol=name)
            case Scripts(body):
                return replace(box, body=self.known(body, name))
        return box

    def gradient(self, name: str, of: str, places: Places = (), loss: str = "L") -> Box:
        """The gradient of the loss by a tensor: dS, or a fraction whose denominator has the indices."""
        if not self.partial:
            return scripted(self.known(symbol(of, gradient=True), name), places)
        return self.known(Over(self.partials([(loss, (), 1)]), self.partials([(of, places, 1)])), name)

    def derivative(self, upper: str, by: list[str], parts: list[Places]) -> Box:
        """∂s/∂x, ∂²L/∂x∂y, ∂³L/∂x²∂y; the indices of each stand on its symbol."""
        order = "" if len(by) == 1 else str(len(by))
        # ∂x² where nothing tells one x from the other
        same = groupby(zip(by, parts[1:], strict=True))
        lower = [(name, places, len([*equal])) for (name, places), equal in same]
        return Over(self.partials([(upper, parts[0], 1)], order), self.partials(lower))

    def partials(self, named: list[tuple[str, Places, int]], order: str = "") -> Box:
        """∂x_i ∂y², side by side."""
        mark: Box = Scripts(Sign("partial"), high=order) if order else Sign("partial")
        rows = []
        for name, places, power in named:
            box = scripted(symbol(name), places)
            if power > 1:
                scripts = box if isinstance(box, Scripts) else Scripts(box)
                box = replace(scripts, high=str(power))
            rows.append(Row((mark, box)))
        return _joined("product", rows)

    def indexed(self, body: Tree, places: Places) -> Box:
        """Indices on the symbol itself: dH_b, ∂L/∂H_b."""
        if isinstance(body, Name) and body.of is not None and not self.style.flat:
            return self.gradient(body.text, body.of, places, body.loss)
        box = self.inside(body, ATOM)
        return Scripts(box, places=places) if self.style.flat else scripted(box, places)

    # -- numbers and sums --------------------------------------------------------------------------

    def number(self, value: Number) -> tuple[Box, Level]:
        upper, lower = split_fraction(value)
        box, level = self.digits(magnitude(upper)), ATOM
        if lower != 1:
            box, level = self.over(box, self.digits(lower))
        return (Row((_NEGATIVE, box)), SCALED) if upper < 0 else (box, level)

    def digits(self, value: Number) -> Box:
        text = decimal(value)
        found = None if self.style.flat else _SCIENTIFIC.fullmatch(text)
        if found is None:
            return Glyph(text, "number")
        digits, sign, exponent = found.groups()
        power = Scripts(Glyph("10", "number"), high=sign.replace("+", "") + exponent)
        return power if digits == "1" else Row((Glyph(digits, "number"), Sign("times"), power))

    def over(self, upper: Box, lower: Box) -> tuple[Box, Level]:
        """A fraction holds itself together, a quotient in one line does not."""
        if self.style.flat:
            return Row((upper, _OVER, lower)), SCALED
        return Over(upper, lower), ATOM

    def scaled(self, tree: Scaled) -> tuple[Box, Level]:
        box, level = self.quotient(tree)
        return (Row((_NEGATIVE, box)), SCALED) if tree.coef < 0 else (box, level)

    def quotient(self, tree: Scaled) -> tuple[Box, Level]:
        """Numbers, scalars and the body, over what divides them; the sign is left out."""
        flat, body, matrices = self.style.flat, tree.body, isinstance(tree.body, MatMul)
        upper, lower = split_factor(tree.coef)
        words = [self.digits(magnitude(upper))] if magnitude(upper) != 1 else []
        # a fraction's bar holds together what stands alone above it or below it
        barred = not flat and (lower != 1 or bool(tree.down))
        alone = barred and not words and len(tree.up) + (body is not None) == 1
        words += [self.inside(part, SUM if alone else POSTFIX) for part in tree.up]
        below = [self.digits(lower)] if lower != 1 else []
        single = barred and len(below) + len(tree.down) == 1
        below += [self.inside(part, SUM if single else POSTFIX) for part in tree.down]
        if body is not None:
            box, level = self.of(body)
            if barred and _is_tall(box):
                factor = Over(_joined("scale", words or [self.digits(1)]), _joined("scale", below))
                return _joined("scale", [factor, self.inside(body, PRODUCT if matrices else POSTFIX)]), PRODUCT
            loose = SUM if alone else HADAMARD if matrices or not words else POSTFIX
            words.append(box if level >= loose else Bracketed(box))
        box = _joined("scale", words or [self.digits(1)])
        if not below:
            return box, PRODUCT if len(words) > 1 or matrices else POSTFIX
        joined = _joined("scale", below)
        return self.over(box, Bracketed(joined) if flat and len(below) > 1 else joined)

    def hadamard(self, up: tuple[Tree, ...], down: tuple[Tree, ...]) -> Box:
        parts: list[Box] = []
        for part in up:
            parts += [Sign("hadamard"), self.inside(part, POSTFIX)]
        parts = parts[1:] or [self.digits(1)]
        for part in down:
            parts += [Sign("divided"), self.inside(part, POSTFIX)]
        return Row(tuple(parts))

    def plus(self, terms: tuple[tuple[int, Tree], ...]) -> Box:
        parts: list[Box] = []
        for k, (sign, term) in enumerate(terms):
            box = self.inside(term, SCALED)
            if isinstance(box, Row) and box.parts[0] == _NEGATIVE:
                sign, box = -sign, Row(box.parts[1:])
            if k:
                parts.append(Sign("plus" if sign > 0 else "minus"))
            elif sign < 0:
                parts.append(_NEGATIVE)
            parts.append(box)
        return Row(tuple(parts))

    # -- what has a sign of its own ----------------------------------------------------------------

    def marked(self, tree: Tree) -> tuple[Box, Level]:
        called = self.style.called
        match tree:
            case Transposed(Inverse(body)) if not called:
                return self.raised(body, "-T"), POSTFIX
            case Transposed(body):
                return self.raised(body, "T", self.tight), POSTFIX
            case Inverse(body) if called:
                return _called("inv", self.inside(body)), ATOM
            case Inverse(body):
                return self.raised(body, "-1"), POSTFIX
            case Norm(body) if called:
                return _called("norm", self.inside(body)), ATOM
            case Norm(body):
                return Bracketed(self.inside(body), "‖‖"), ATOM
            case Power(body, exponent) if exponent == _HALF and called:
                return _called("sqrt", self.inside(body)), ATOM
            case Power(body, exponent) if exponent == _HALF:
                return Root(self.inside(body, ATOM if self.style.flat else SUM)), ATOM
            case Power(body, exponent, elementwise):
                return self.raised(body, ("⊙" if elementwise else "") + str(exponent)), POSTFIX
        raise TypeError(f"no layout for {tree!r}")

    def raised(self, body: Tree, high: str, at_least: Level = ATOM) -> Box:
        """A superscript, which joins the subscripts of a symbol; dS and what is tall get parentheses."""
        box = self.inside(body, at_least)
        if not self.style.flat and _is_open(box):
            box = Bracketed(box)
        if isinstance(box, Scripts) and not box.high:
            return replace(box, high=high)
        return Scripts(box, high=high)


def _is_open(box: Box) -> bool:
    """Whether a superscript could be taken for one of a part alone."""
    body = box.body if isinstance(box, Scripts) else box
    scripted = isinstance(box, Scripts) and box.high
    return bool(scripted) or isinstance(body, Over | Row) or (isinstance(body, Glyph) and body.gradient)


def scripted(box: Box, places: Places) -> Box:
    """With indices; a symbol's own subscript stays before them."""
    if not any(places):
        return box
    if isinstance(box, Over):
        box = Bracketed(box, "[]")
    if not isinstance(box, Scripts) or box.high:
        return Scripts(box, places=places)
    if any(place is not None and ":" in place for place in box.places):
        return Scripts(Bracketed(box), places=places)
    left = iter(places)  # T_i[2:] is T with i and 2: below it
    filled = tuple(next(left, None) if place is None else place for place in box.places)
    return replace(box, places=(*filled, *left))


def _is_tall(box: Box) -> bool:
    """Whether a fraction's bar is better beside it than below it: fractions and sums."""
    match box:
        case Row(parts):
            return any(map(_is_tall, parts))
        case Scripts(body) | Bracketed(body):  # the transpose of ∂L/∂S
            return _is_tall(body)
    return isinstance(box, Over | Summed)


def _joined(sign: str, parts: Sequence[Box]) -> Box:
    if len(parts) == 1:
        return parts[0]
    between: list[Box] = []
    for part in parts:
        between += [Sign(sign), part]
    return Row(tuple(between[1:]))


def _called(name: str, body: Box) -> Box:
    return Row((Glyph(name, "word"), Bracketed(body)))
