"""A cell written out with numbers: .079 = .93 × (.93 − .84)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from minigrad.page.cells import Cell, worth_with
from minigrad.page.digits import digits, read, significant
from minigrad.scripts import raised

SUM, QUOTIENT, PRODUCT, POWER, ATOM = range(5)
# Sums longer than this end in dots; of a text that is then still long, earlier.
_TERMS = (6, 4, 3, 2)
_LONGEST = 140
# More digits are written where fewer do not give the result that stands before them.
_MORE_DIGITS = (3, 4, 5, 6)
_WRITTEN_ALONE = ("leaf", "opaque")

Show = Callable[[float], str]


def written(cell: Cell, value_told: float) -> str:
    """The value as it stands in its array, and what it is made of."""
    value = digits(value_told)
    if cell.kind in _WRITTEN_ALONE or (cell.kind == "number" and cell.mark is None):
        return value
    for terms in _TERMS:
        short = _Writer(digits, terms)
        text = short.write(cell)
        if len(text) <= _LONGEST:
            break
    else:
        return value
    if short.cut:
        return f"{value} = {text}"
    ways: list[Show] = [digits, *(partial(_to, count) for count in _MORE_DIGITS)]
    for show in ways:
        text = _Writer(show, terms).write(cell)
        if digits(worth_with(cell, partial(_read, show))) == value:
            return f"{value} = {text}"
    return f"{value} ≈ {text}"


def _to(count: int, value: float) -> str:
    """So many digits, or as many as a cell has where those say the same."""
    usual = digits(value)
    return usual if read(usual) == value else significant(value, count)


def _read(show: Show, cell: Cell) -> float:
    """What a reader takes a number for."""
    return float(cell.value) if cell.mark and cell.kind == "number" else read(show(float(cell.value)))


class _Writer:
    """Writes cells; ``cut`` says that some sum was too long."""

    def __init__(self, show: Show, terms: int) -> None:
        self.show, self.terms, self.cut = show, terms, False

    def write(self, cell: Cell, at_least: int = SUM, loose: bool = True) -> str:
        """The text, in parentheses where its place needs them; ``loose`` products have a wide sign."""
        text, level = self.of(cell, loose)
        return text if level >= at_least else f"({text})"

    def of(self, cell: Cell, loose: bool) -> tuple[str, int]:
        """The text and how tightly it binds."""
        a = cell.parts[0] if cell.parts else cell
        match cell.kind:
            case "leaf" | "opaque" | "number":
                return self.number(cell)
            case "sum":
                return self.sum(cell.parts), SUM
            case "negative":
                return f"−{self.write(a, PRODUCT, loose)}", SUM
            case "product":
                sign = " × " if loose else "·"
                return self.listed(cell.parts, sign, PRODUCT + 1), PRODUCT
            case "quotient":
                upper, lower = cell.parts
                above = self.write(upper, PRODUCT, loose)
                return f"{above} / {self.write(lower, POWER, False)}", QUOTIENT
            case "power":
                exponent = raised(f"{cell.mark:g}") if cell.mark == int(cell.mark) else f"^{cell.mark:g}"
                return self.write(a, ATOM) + exponent, POWER
            case "root":
                return f"√{self.write(a, ATOM)}", POWER
            case "abs":
                return f"|{self.write(a, SUM, False)}|", ATOM
            case "relation":
                return f"[{self.listed(cell.parts, f' {cell.mark} ', PRODUCT)}]", ATOM
            case "where":
                chosen = cell.parts[1] if cell.parts[0].value else cell.parts[2]
                return self.of(chosen, loose)
            case "entropy":
                return self.entropy(*cell.parts)
        return self.call(cell)

    def number(self, cell: Cell) -> tuple[str, int]:
        if cell.kind == "number" and cell.mark is not None:
            return cell.mark, POWER if cell.mark.startswith("√") or cell.mark.isdigit() else SUM
        text = self.show(float(cell.value))
        return text, SUM if text.startswith("−") or "e" in text else ATOM

    def listed(self, parts: tuple[Cell, ...], between: str, level: int) -> str:
        """The parts with a sign between them, as many as fit."""
        shown = [self.write(part, level, False) for part in parts[: self.terms]]
        if len(parts) > self.terms:
            self.cut = True
            shown.append("…")
        return between.join(shown)

    def sum(self, terms: tuple[Cell, ...]) -> str:
        text = ""
        for k, term in enumerate(terms[: self.terms]):
            is_negative = term.kind == "negative"
            body = term.parts[0] if is_negative else term
            if k:
                own = self.write(body, QUOTIENT, False)
                text += f" {'−' if is_negative else '+'} {own}"
            else:
                text = f"−{self.write(body, QUOTIENT, False)}" if is_negative else self.write(term, SUM, False)
        if len(terms) > self.terms:
            self.cut = True
            text += " + …"
        return text

    def entropy(self, p: Cell, y: Cell) -> tuple[str, int]:
        """−log p where the label is 1, −log(1 − p) where it is 0."""
        this, other = f"log {self.write(p, ATOM)}", f"log(1 − {self.write(p, QUOTIENT, False)})"
        if y.value in (0, 1):
            return f"−{this if y.value else other}", SUM
        label = self.write(y, ATOM)
        return f"−({label}·{this} + (1 − {label})·{other})", SUM

    def call(self, cell: Cell) -> tuple[str, int]:
        name = cell.mark[0]
        if name == "exp":
            text, level = self.of(cell.parts[0], False)
            return f"e^{text if level >= POWER else f'({text})'}", POWER
        if len(cell.parts) == 1 and name == "log":
            text, level = self.of(cell.parts[0], False)
            return f"log {text}" if level == ATOM else f"log({text})", PRODUCT
        return f"{name}({self.listed(cell.parts, ', ', SUM)})", ATOM
