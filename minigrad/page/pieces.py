"""A formula as arrays, signs and parentheses in a row, and the same formula with a name for each array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from minigrad.errors import MinigradError
from minigrad.names import in_formula
from minigrad.notation.functions import parted_function, written
from minigrad.notation.layout import HADAMARD, LINE, PAGE, POSTFIX, SCALED, SUM, Layout
from minigrad.notation.mathml import mathml
from minigrad.notation.numerals import split_factor
from minigrad.notation.printed_text.functions import OF_ROWS
from minigrad.notation.printed_text.grammar import Introduced, Statement
from minigrad.notation.printed_text.statement import Evaluation
from minigrad.notation.printed_text.unicode_grammar import unicode_piece
from minigrad.notation.printed_text.values import Block, Value, plain, transpose
from minigrad.notation.text import text
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
    parts_of,
    with_parts,
)
from minigrad.page.numbers import told
from minigrad.scripts import raised

_FIRST = 0x3400  # names of pieces are single letters that nobody writes
_STATISTICS = {"sum", "mean", "max", "tr", "trace", "prod", "logsumexp"}
_HALF = Fraction(1, 2)


class Reader:
    """Evaluates trees on arrays by name, as a reader of their text does."""

    def __init__(self, known: Mapping[str, Value], sizes: Mapping[str, int]) -> None:
        self.known, self.sizes = known, {in_formula(name): size for name, size in sizes.items()}

    def evaluation(
        self,
        tree: Tree,
        places: Sequence[str | None] = (),
        shape: tuple[int, ...] | None = None,
        kind: type[Evaluation] = Evaluation,
        known: Mapping[str, Value] | None = None,
    ) -> Evaluation:
        """The statement that gives a tree's value."""
        arrays = self.known if known is None else known
        piece = unicode_piece(text(tree), Introduced([*arrays, *self.sizes]))
        own = tuple(places) if any(places) else ()
        return kind(arrays, self.sizes, Statement("x", own, piece), shape, {})

    def value(self, tree: Tree) -> Value | None:
        """The value of a tree by itself, None where it has none or more than one."""
        try:
            with np.errstate(all="ignore"):
                found = self.evaluation(tree).results()
        except (MinigradError, ValueError):
            return None
        if len(found) != 1 or (isinstance(found[0], Block) and any(found[0].free)):
            return None
        return found[0]


class Pieces:
    """The pieces of one right side; what is deeper than ``deepest`` is one array with its formula above it."""

    def __init__(self, reader: Reader, first: int, deepest: int) -> None:
        self.reader, self.first, self.deepest = reader, first, deepest
        self.told: list[dict[str, Any]] = []
        self.values: dict[str, tuple[Value, int]] = {}  # by the name of a piece, with its number
        self.constants: dict[str, tuple[float, str]] = {}

    # -- what is told ------------------------------------------------------------------------------------

    def sign(self, sign: str) -> None:
        """Signs beside each other are one piece."""
        if self.told and self.told[-1]["kind"] == "text":
            self.told[-1]["text"] += f" {sign}"
        else:
            self.told.append({"kind": "text", "text": sign})

    def array(self, tree: Tree, value: Value) -> Tree:
        """An array with its formula above it."""
        number = self.first + len(self.told)
        own = Name(chr(_FIRST + number))
        self.values[own.text] = (value, number)
        label, name, gradient = tree, None, False
        while isinstance(label, Transposed | Indexed):
            label = label.body
        if isinstance(label, Name):
            name, gradient = label.text, label.of is not None
        self.told.append(array_piece(tree, value, name, gradient))
        return own

    def constant(self, tree: Tree) -> Tree:
        """A number, √2; and what has letters or no size of its own as it is."""
        numbered = self._numbered(tree)
        shown = text(numbered)
        self.sign(shown)
        value = None if _is_open(tree) else self.reader.value(tree)
        if value is None or np.ndim(plain(value)):
            return tree
        own = Name(chr(_FIRST + 256 + len(self.constants)))
        self.constants[own.text] = (float(plain(value)), shown)
        return own

    def _numbered(self, tree: Tree) -> Tree:
        if isinstance(tree, Name):
            size = self.reader.sizes.get(in_formula(tree.text))
            plain_name = not tree.letters and not isinstance(tree, OwnSymbol)
            return Num(size) if size is not None and plain_name else tree
        return with_parts(tree, self._numbered)

    # -- the walk ----------------------------------------------------------------------------------------

    def walk(self, tree: Tree, depth: int = 0, at_least: int = SUM) -> Tree:
        """The tree with names of pieces in place of what is told as one array or number."""
        if not self._has_arrays(tree):
            return self.constant(tree)
        found = self._as_one(tree, depth)
        if found is not None:
            return self.array(tree, found)
        if isinstance(tree, Move):
            return self.walk(tree.plain, depth, at_least)
        if isinstance(tree, Indexed) and isinstance(tree.body, Name):
            value = self.reader.known[in_formula(tree.body.text)]
            return Indexed(self.array(tree, value), tree.places)
        closed = Layout(LINE).of(tree)[1] < at_least
        if closed:
            self.told.append({"kind": "open"})
        result = self._inside(tree, depth + 1)
        if closed:
            self.told.append({"kind": "close"})
        return result

    def _has_arrays(self, tree: Tree) -> bool:
        if isinstance(tree, Name):
            return in_formula(tree.text) in self.reader.known and not isinstance(tree, OwnSymbol)
        return any(map(self._has_arrays, parts_of(tree.plain if isinstance(tree, Move) else tree)))

    def _as_one(self, tree: Tree, depth: int) -> Value | None:
        if isinstance(tree, Name):
            return self.reader.known[in_formula(tree.text)]
        if isinstance(tree, Transposed) and isinstance(tree.body, Name):
            return transpose(self.reader.known[in_formula(tree.body.text)])
        whole = isinstance(tree, Norm | Inverse) or (
            isinstance(tree, Call)
            and (tree.function in _STATISTICS or OF_ROWS.fullmatch(written(tree.function).text))
        )
        if depth and (whole or depth >= self.deepest) and not _is_open(tree):
            return self.reader.value(tree)
        return None

    def _inside(self, tree: Tree, depth: int) -> Tree:
        match tree:
            case MatMul(parts):
                return MatMul(self._row(parts, "·", depth, POSTFIX))
            case Hadamard(up, down):
                above = self._row(up, "⊙", depth, POSTFIX)
                if not up:
                    self.sign("1")
                below = []
                for part in down:
                    self.sign("⊘")
                    below.append(self.walk(part, depth, POSTFIX))
                return Hadamard(above, tuple(below))
            case Plus(terms):
                found = []
                for k, (sign, term) in enumerate(terms):
                    if k or sign < 0:
                        self.sign("+" if sign > 0 else "−")
                    found.append((sign, self.walk(term, depth, SCALED if not k else HADAMARD)))
                return Plus(tuple(found))
            case Scaled():
                return self._scaled(tree, depth)
            case Transposed(body) | Inverse(body):
                inner = self.walk(body, depth, POSTFIX)
                self.sign("⊤" if isinstance(tree, Transposed) else "⁻¹")
                return replace(tree, body=inner)
            case Power(body, exponent):
                if exponent == _HALF:
                    self.sign("√")
                inner = self.walk(body, depth, POSTFIX)
                if exponent != _HALF:
                    self.sign(raised(str(exponent)))
                return replace(tree, body=inner)
            case Norm(body):
                return Norm(self._between("‖", body, "‖", depth))
            case Indexed(body, places):
                inner = self.walk(body, depth, POSTFIX)
                self.sign(f"[{', '.join(p or ':' for p in places)}]")
                return Indexed(inner, places)
            case BigSum(letters, body):
                self.sign(f"Σ_{''.join(letters)}")
                return BigSum(letters, self.walk(body, depth, HADAMARD))
            case Relation(sign, left, right):
                self.sign("[")
                left, right = self._row((left, right), sign, depth, SUM)
                self.sign("]")
                return Relation(sign, left, right)
            case Kron(left, right):
                return Kron(*self._row((left, right), "⊗", depth, POSTFIX))
            case Blocks(parts, below):
                self.sign("[")
                inner_parts = self._row(parts, ";" if below else ",", depth, SUM)
                self.sign("]")
                return Blocks(inner_parts, below)
            case Call(function, args):
                name, low = parted_function(function)
                self.sign(written(name).text + low)
                self.told.append({"kind": "open"})
                inner_parts = self._row(args, ",", depth, SUM, kept=True)
                self.told.append({"kind": "close"})
                return Call(function, inner_parts)
        raise TypeError(f"no pieces for {tree!r}")

    def _row(
        self, parts: Sequence[Tree], sign: str, depth: int, at_least: int, kept: bool = False
    ) -> tuple[Tree, ...]:
        """Parts with a sign between them; numbers that are ``kept`` are shapes and places, and no operands."""
        found: list[Tree] = []
        for k, part in enumerate(parts):
            if k:
                self.sign(sign)
            if kept and not self._has_arrays(part):
                self.sign(text(self._numbered(part)))
                found.append(part)
            else:
                found.append(self.walk(part, depth, at_least))
        return tuple(found)

    def _between(self, before: str, body: Tree, after: str, depth: int) -> Tree:
        self.sign(before)
        inner = self.walk(body, depth)
        self.sign(after)
        return inner

    def _scaled(self, tree: Scaled, depth: int) -> Tree:
        upper, lower = split_factor(tree.coef)
        if upper not in (1, -1):
            self.sign(text(Num(upper)))
        elif upper < 0:
            self.sign("−")
        up = self._row(tree.up, "·", depth, POSTFIX)
        body = tree.body
        if body is not None:
            if tree.up or upper not in (1, -1):
                self.sign("·")
            body = self.walk(body, depth, HADAMARD if isinstance(body, MatMul) else POSTFIX)
        elif not tree.up and upper in (1, -1):
            self.sign("1")
        if lower != 1:
            self.sign(f"/ {lower}")
        down = []
        for part in tree.down:
            self.sign("/")
            down.append(self.walk(part, depth, POSTFIX))
        return replace(tree, up=up, body=body, down=tuple(down))


def array_piece(tree: Tree, value: Value, name: str | None, gradient: bool) -> dict[str, Any]:
    """An array as it is told; a transposed vector lies."""
    array = plain(value)
    if isinstance(value, Block) and value.kind == "row":
        array = array.reshape(1, -1)
    label = mathml(Layout(PAGE).inside(tree))
    return {"kind": "array", "name": name, "label": label, **told(array), "gradient": gradient}


def _is_open(tree: Tree) -> bool:
    """Whether a tree has letters, or what has no size of its own."""
    if isinstance(tree, OwnSymbol | BigSum | Move):
        return True
    if isinstance(tree, Name) and tree.letters:
        return True
    return isinstance(tree, Indexed) or any(map(_is_open, parts_of(tree)))
