"""Formulas as presentation MathML, which browsers show without any script."""

from __future__ import annotations

import re
from fractions import Fraction

from minigrad.index.expr import Number
from minigrad.markup import xml
from minigrad.names import parted
from minigrad.notation.functions import written
from minigrad.notation.greek import GREEK
from minigrad.notation.text import decimal, shown_places, split_fraction
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
)

_SUM, _SCALED, _HADAMARD, _PRODUCT, _POSTFIX, _ATOM = range(6)
_SUBSCRIPTED = re.compile(r"([A-Za-z])_?([a-z]|\d+)")
# Invisible times, with the thin space that a matrix product has in print.
_INVISIBLE = '<mo lspace="0.1em" rspace="0.1em">&#x2062;</mo>'


def inner_mathml(tree: Tree, partial: bool = True) -> str:
    """The formula without the outermost element."""
    return _show(tree, _SUM, partial)


def wrapped(inner: str, display: bool = True) -> str:
    """MathML in its outermost element."""
    shape = "block" if display else "inline"
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{shape}">{inner}</math>'


def mathml_name(name: str) -> str:
    """A variable: Wq as W with subscript q, other words upright; ∂s/∂x as a fraction."""
    if name.startswith("∂") and "/∂" in name:
        upper, _, lower = name.rpartition("/∂")
        return f"<mfrac>{_partials(upper)}{_partials(f'∂{lower}')}</mfrac>"
    path, last = parted(name)
    if match := _SUBSCRIPTED.fullmatch(last):
        symbol = f"<msub><mi>{match[1]}</mi><mi>{match[2]}</mi></msub>"
    else:
        symbol = f"<mi>{xml(GREEK.get(last, last))}</mi>"
    return f"<msup>{symbol}<mtext>{xml(path)}</mtext></msup>" if path else symbol


def _partials(name: str) -> str:
    """One side of a derivative: ∂s, ∂s_i, ∂²L, ∂x²."""
    head, *rest = name.split("∂")[1:]
    square = head.startswith("²")
    first = "<msup><mo>∂</mo><mn>2</mn></msup>" if square else "<mo>∂</mo>"
    shown = first + _partial_of(head.removeprefix("²"))
    return f"<mrow>{shown}{''.join(f'<mo>∂</mo>{_partial_of(part)}' for part in rest)}</mrow>"


def _partial_of(part: str) -> str:
    name, _, letters = part.removesuffix("²").rpartition("_")
    if not name:
        symbol = mathml_name(letters)
    else:
        symbol = f"<msub>{mathml_name(name)}<mi>{xml(letters)}</mi></msub>"
    return f"<msup>{symbol}<mn>2</mn></msup>" if part.endswith("²") else symbol


def mathml_gradient(of: str, partial: bool, loss: str = "L") -> str:
    """The gradient of the loss by a tensor: a fraction of partials, or dS."""
    if not partial:
        return f"<mrow><mi mathvariant='normal'>d</mi>{mathml_name(of)}</mrow>"
    upper, lower = mathml_name(loss), mathml_name(of)
    return f"<mfrac><mrow><mo>∂</mo>{upper}</mrow><mrow><mo>∂</mo>{lower}</mrow></mfrac>"


def _show(tree: Tree, at_least: int, partial: bool) -> str:
    string, level = _render(tree, partial)
    return string if level >= at_least else _bracketed(string)


def _bracketed(string: str, left: str = "(", right: str = ")") -> str:
    return f"<mrow><mo>{left}</mo>{string}<mo>{right}</mo></mrow>"


def _row(parts: list[str]) -> str:
    return f"<mrow>{''.join(parts)}</mrow>" if len(parts) != 1 else parts[0]


def _render(tree: Tree, partial: bool) -> tuple[str, int]:
    match tree:
        case Name(text, of):
            if of is not None:
                return mathml_gradient(of, partial), _ATOM
            if text == "𝟏":
                return "<mn>𝟏</mn>", _ATOM
            return mathml_name(text), _ATOM
        case Num(value):
            return _number(value)
        case Call(function, args):
            inner = "<mo>,</mo>".join(_show(arg, _SUM, partial) for arg in args)
            name = xml(written(function).text)
            return f"<mrow><mi>{name}</mi><mo>&#x2061;</mo>{_bracketed(inner)}</mrow>", _ATOM
        case Selection():
            return _render(tree.plain, partial)
        case Transposed(Inverse(body)):
            return _scripted(body, "<mrow><mo>−</mo><mo>⊤</mo></mrow>", partial), _POSTFIX
        case Transposed(body):
            return _scripted(body, "<mo>⊤</mo>", partial), _POSTFIX
        case Inverse(body):
            return _scripted(body, "<mrow><mo>−</mo><mn>1</mn></mrow>", partial), _POSTFIX
        case Norm(body):
            return _bracketed(_show(body, _SUM, partial), "‖", "‖"), _ATOM
        case Power(body, exponent, elementwise):
            if exponent == Fraction(1, 2):
                return f"<msqrt>{_show(body, _SUM, partial)}</msqrt>", _ATOM
            mark = "<mo>⊙</mo>" if elementwise else ""
            return _scripted(body, f"<mrow>{mark}<mn>{exponent}</mn></mrow>", partial), _POSTFIX
        case MatMul(parts):
            shown = [_show(part, _POSTFIX, partial) for part in parts]
            return _row([_INVISIBLE.join(shown)]), _PRODUCT
        case Hadamard(up, down):
            string = "<mo>⊙</mo>".join(_show(part, _POSTFIX, partial) for part in up)
            string = string or "<mn>1</mn>"
            for part in down:
                string += f"<mo>⊘</mo>{_show(part, _POSTFIX, partial)}"
            return f"<mrow>{string}</mrow>", _HADAMARD
        case Scaled():
            return _scaled(tree, partial)
        case Plus(terms):
            return _plus(terms, partial), _SUM
        case Indexed(body, places):
            leading = [place for place in places if place is not None]
            first = all(place is None for place in places[len(leading) :])
            index = "".join(leading) if first else shown_places(places)
            return f"<msub>{_show(body, _ATOM, partial)}<mi>{xml(index)}</mi></msub>", _ATOM
        case BigSum(letters, body):
            below = f"<munder><mo>∑</mo><mi>{xml(''.join(letters))}</mi></munder>"
            return f"<mrow>{below}{_show(body, _HADAMARD, partial)}</mrow>", _SCALED
        case Relation(sign, left, right):
            inside = (
                f"{_show(left, _SUM, partial)}<mo>{xml(sign)}</mo>{_show(right, _SUM, partial)}"
            )
            return _bracketed(inside, "[", "]"), _ATOM
    raise TypeError(f"no MathML for {tree!r}")


def _scripted(body: Tree, script: str, partial: bool) -> str:
    string = _show(body, _ATOM, partial)
    if isinstance(body, Name) and body.of is not None and partial:
        string = _bracketed(string)
    return f"<msup>{string}{script}</msup>"


def _number(value: Number) -> tuple[str, int]:
    upper, lower = split_fraction(value)
    string = f"<mn>{decimal(abs(upper))}</mn>"
    if lower != 1:
        string = f"<mfrac>{string}<mn>{lower}</mn></mfrac>"
    return (f"<mrow><mo>−</mo>{string}</mrow>", _SCALED) if upper < 0 else (string, _ATOM)


def _scaled(tree: Scaled, partial: bool) -> tuple[str, int]:
    upper, lower = split_fraction(tree.coef)
    words = [f"<mn>{decimal(abs(upper))}</mn>"] if abs(upper) != 1 else []
    words += [_show(scalar, _POSTFIX, partial) for scalar in tree.up]
    below = [f"<mn>{lower}</mn>"] if lower != 1 else []
    below += [_show(scalar, _POSTFIX, partial) for scalar in tree.down]
    factor = _INVISIBLE.join(words)
    if below:
        over = _row([factor or "<mn>1</mn>"])
        factor = f"<mfrac><mrow>{over}</mrow><mrow>{_INVISIBLE.join(below)}</mrow></mfrac>"
    if tree.body is None:
        string = factor or "<mn>1</mn>"
    else:
        level = _PRODUCT if isinstance(tree.body, MatMul) else _POSTFIX
        body = _show(tree.body, level, partial)
        string = f"{factor}{_INVISIBLE}{body}" if factor else body
    if upper < 0:
        return f"<mrow><mo>−</mo>{string}</mrow>", _SCALED
    return f"<mrow>{string}</mrow>", _PRODUCT


def _plus(terms: tuple[tuple[int, Tree], ...], partial: bool) -> str:
    pieces: list[str] = []
    for k, (sign, term) in enumerate(terms):
        string = _show(term, _SCALED, partial)
        if k or sign < 0:
            pieces.append(f"<mo>{'+' if sign > 0 else '−'}</mo>")
        pieces.append(string)
    return f"<mrow>{''.join(pieces)}</mrow>"
