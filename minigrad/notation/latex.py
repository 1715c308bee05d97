"""Formulas as LaTeX."""

from __future__ import annotations

import re
from fractions import Fraction

from minigrad import markup
from minigrad.index.expr import Number
from minigrad.names import parted
from minigrad.notation.functions import written
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
_GREEK = {
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "kappa",
    "mu",
    "nu",
    "xi",
    "rho",
    "sigma",
    "tau",
    "phi",
    "chi",
    "psi",
    "omega",
}
_SPECIAL = {
    "𝟏": r"\mathbf{1}",
    "I": "I",
    "π": r"\pi",
    "δ": r"\delta",
    "lam": r"\lambda",
    "eps": r"\epsilon",
}
_RELATIONS = {"≥": r"\ge", "≤": r"\le", "≠": r"\ne"}


def latex(tree: Tree, partial: bool = True) -> str:
    """The formula as LaTeX; gradients are written as partial derivatives unless ``partial`` is false."""
    return _show(tree, _SUM, partial)


def latex_name(name: str) -> str:
    """A variable's name: Wq is W with subscript q, x1 is x with subscript 1, block[0].Q keeps its path."""
    if name.startswith("∂") and "/∂" in name:
        upper, _, lower = name.rpartition("/∂")
        return rf"\frac{{{_partials(upper)}}}{{{_partials(f'∂{lower}')}}}"
    if _SCIENTIFIC.fullmatch(name):
        return _power_of_ten(name)
    path, last = parted(name)
    if last in _SPECIAL:
        symbol = _SPECIAL[last]
    elif last in _GREEK:
        symbol = "\\" + last
    elif len(last) == 1:
        symbol = markup.latex(last)
    elif match := re.fullmatch(r"([A-Za-z])_?([A-Za-z]|\d+)", last):
        symbol = f"{match[1]}_{{{match[2]}}}"
    else:
        symbol = rf"\mathrm{{{markup.latex(last)}}}"
    return symbol + (rf"^{{\scriptscriptstyle\mathrm{{{markup.latex(path)}}}}}" if path else "")


_SCIENTIFIC = re.compile(r"(\d+(?:\.\d+)?)e([+-]?)0*(\d+)")


def _power_of_ten(number: str) -> str:
    """1e-05 as 10 to the power −5."""
    found = _SCIENTIFIC.fullmatch(number)
    if found is None:
        return number
    digits, sign, exponent = found.groups()
    power = f"10^{{{sign.replace('+', '')}{exponent}}}"
    return power if digits == "1" else rf"{digits} \cdot {power}"


def _partials(name: str) -> str:
    """One side of a derivative: ∂s, ∂s_i, ∂²L, ∂x²."""
    head, *rest = name.split("∂")[1:]
    square = head.startswith("²")
    parts = [head.removeprefix("²"), *rest]
    shown = [_partial_of(p.removesuffix("²")) + ("^{2}" if p.endswith("²") else "") for p in parts]
    return (r"\partial^{2} " if square else r"\partial ") + r" \, \partial ".join(shown)


def _partial_of(part: str) -> str:
    name, _, letters = part.rpartition("_")
    return subscripted(latex_name(name), letters) if name else latex_name(part)


def subscripted(symbol: str, letters: str) -> str:
    """A symbol with indices; LaTeX refuses two subscripts, so one that has its own gets braces."""
    if not letters:
        return symbol
    letters = markup.latex(letters.replace(" ", ""))
    if own := re.fullmatch(r"([A-Za-z])_\{(\w+)\}(\^.*)?", symbol):
        return f"{own[1]}_{{{own[2]},{letters}}}{own[3] or ''}"
    return f"{{{symbol}}}_{{{letters}}}" if "_" in symbol else f"{symbol}_{{{letters}}}"


def gradient_name(of: str, partial: bool, letters: str = "", loss: str = "L") -> str:
    """The gradient of the loss by a tensor, with its indices: a partial derivative, or dS."""
    name = subscripted(latex_name(of), letters)
    return (
        rf"\frac{{\partial {latex_name(loss)}}}{{\partial {name}}}"
        if partial
        else rf"\mathrm{{d}}{name}"
    )


def _show(tree: Tree, at_least: int, partial: bool) -> str:
    string, level = _render(tree, partial)
    return string if level >= at_least else rf"\left({string}\right)"


def _render(tree: Tree, partial: bool) -> tuple[str, int]:
    match tree:
        case Name(text, of):
            if of is not None:
                return gradient_name(of, partial), _ATOM
            if match := re.fullmatch(r"e_\(?([^()]+)\)?", text):
                return f"e_{{{_product(match[1])}}}", _ATOM
            return latex_name(text), _ATOM
        case Num(value):
            return _number(value)
        case Call(function, args):
            inner = ", ".join(_show(arg, _SUM, partial) for arg in args)
            how = written(function).latex
            if r"\cdot" in how:
                return how.replace(r"\cdot", f" {inner} "), _ATOM
            return rf"{how}\left({inner}\right)", _ATOM
        case Selection():
            return _render(tree.plain, partial)
        case Transposed(Inverse(body)):
            return _scripted(body, r"-\top", partial), _POSTFIX
        case Transposed(body):
            return _scripted(body, r"\top", partial), _POSTFIX
        case Inverse(body):
            return _scripted(body, "-1", partial), _POSTFIX
        case Norm(body):
            return rf"\left\lVert {_show(body, _SUM, partial)} \right\rVert", _ATOM
        case Power(body, exponent, elementwise):
            if exponent == Fraction(1, 2):
                return rf"\sqrt{{{_show(body, _SUM, partial)}}}", _ATOM
            return _scripted(
                body, (r"\odot " if elementwise else "") + str(exponent), partial
            ), _POSTFIX
        case MatMul(parts):
            return r" \, ".join(_show(part, _POSTFIX, partial) for part in parts), _PRODUCT
        case Hadamard(up, down):
            string = r" \odot ".join(_show(part, _POSTFIX, partial) for part in up) or "1"
            return string + "".join(
                rf" \oslash {_show(part, _POSTFIX, partial)}" for part in down
            ), _HADAMARD
        case Scaled():
            return _scaled(tree, partial)
        case Plus(terms):
            return _plus(terms, partial), _SUM
        case Indexed(Name(_, of), places) if of is not None:
            return gradient_name(of, partial, _places(places)), _ATOM
        case Indexed(body, places):
            return subscripted(_show(body, _ATOM, partial), _places(places)), _ATOM
        case BigSum(letters, body):
            return rf"\sum_{{{markup.latex(''.join(letters))}}} {_show(body, _HADAMARD, partial)}", _SCALED
        case Relation(sign, left, right):
            sign = _RELATIONS.get(sign, sign)
            return (
                rf"\left[{_show(left, _SUM, partial)} {sign} {_show(right, _SUM, partial)}\right]",
                _ATOM,
            )
    raise TypeError(f"no LaTeX for {tree!r}")


def _scripted(body: Tree, script: str, partial: bool) -> str:
    """A superscript; what already is tall or scripted gets parentheses."""
    string = _show(body, _ATOM, partial)
    if isinstance(body, Name) and body.of is not None and partial:
        string = rf"\left({string}\right)"
    if isinstance(body, Indexed) or "^" in string.split("{")[0]:
        return f"{{{string}}}^{{{script}}}"
    return f"{string}^{{{script}}}"


def _product(size: str) -> str:
    """A size, its factors side by side: n*d is n d."""
    return " ".join(map(markup.latex, size.replace("*", " ").split()))


def _places(places: tuple[str | None, ...]) -> str:
    if all(place is None for place in places[len([p for p in places if p]) :]):
        return "".join(place for place in places if place)
    return shown_places(places)


def _number(value: Number) -> tuple[str, int]:
    upper, lower = split_fraction(value)
    string = _power_of_ten(decimal(abs(upper))).replace("∞", r"\infty")
    if lower != 1:
        string = rf"\frac{{{string}}}{{{lower}}}"
    return (f"-{string}", _SCALED) if upper < 0 else (string, _ATOM)


def _scaled(tree: Scaled, partial: bool) -> tuple[str, int]:
    upper, lower = split_fraction(tree.coef)
    words = [_power_of_ten(decimal(abs(upper)))] if abs(upper) != 1 else []
    words += [_show(scalar, _POSTFIX, partial) for scalar in tree.up]
    below = ([str(lower)] if lower != 1 else []) + [_show(s, _POSTFIX, partial) for s in tree.down]
    factor = r" \, ".join(words)
    if below:
        factor = rf"\frac{{{factor or '1'}}}{{{r' '.join(below)}}}"
    if tree.body is None:
        string, level = factor or "1", _PRODUCT
    else:
        body = _show(
            tree.body, _POSTFIX if not isinstance(tree.body, MatMul) else _PRODUCT, partial
        )
        string, level = (rf"{factor} \, {body}" if factor else body), _PRODUCT
    return (f"-{string}", _SCALED) if upper < 0 else (string, level)


def _plus(terms: tuple[tuple[int, Tree], ...], partial: bool) -> str:
    pieces: list[str] = []
    for k, (sign, term) in enumerate(terms):
        string = _show(term, _SCALED, partial)
        if string.startswith("-"):
            sign, string = -sign, string[1:]
        mark = "+" if sign > 0 else "-"
        pieces.append((string if sign > 0 else f"-{string}") if k == 0 else f" {mark} {string}")
    return "".join(pieces)
