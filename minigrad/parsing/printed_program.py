"""A text in the notation that formulas print, as a program: ``S = X W``, ``L = ‖S‖²   where …``.

It is read by the grammar that reads prints back as a witness, and run on tensors as other texts are.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterable, Mapping
from keyword import iskeyword
from typing import Any

from minigrad.errors import ArgumentError, MinigradError, NameClashError, Place
from minigrad.graph import Tensor
from minigrad.notation.printed_text.ascii_grammar import ascii_piece
from minigrad.notation.printed_text.grammar import SyntaxNode, split_outside, statements
from minigrad.notation.printed_text.places import names_in
from minigrad.notation.printed_text.unicode_grammar import unicode_piece
from minigrad.parsing.caret import Source
from minigrad.parsing.printed_formula import CONSTANTS, FormulaReader
from minigrad.parsing.printed_values import held

_RESULT = "="  # what a formula without a left side is called: no name
_SIGN_OF_PRINT = re.compile(r"[ᵀ⊙⊘⊗√‖𝟏δΣ′″‴∂⁰¹²³⁴-⁹⁻−≥≤≠σ½∞]|[\w)\]] +[^\W\d]|[\w)\]] +\(")
_LOOKALIKE = str.maketrans({"∑": "Σ", "⊤": "ᵀ", "ᵗ": "ᵀ", "∥": "‖", "\u00a0": " ", "·": "·"})
_SPACED = re.compile(r"(?<=[^\s(\[,=^⊙⊘⊗+−/<>≥≤≠e]) *([+−⊙⊘⊗]|[<>≥≤≠]) *(?=\S)")


def is_printed(text: str) -> bool:
    """Whether a text that is none of Python's grammar may be one in the notation of prints."""
    return _SIGN_OF_PRINT.search(_without_remarks(text)) is not None


def _without_remarks(text: str) -> str:
    return "\n".join(line.partition("#")[0].rstrip() for line in text.splitlines())


class PrintedProgram:
    """The formulas of a text, to be run on tensors for its variables."""

    def __init__(
        self, text: str, known: Iterable[str], functions: Mapping[str, Any], *, ascii: bool = False
    ) -> None:
        origin, text = text, _without_remarks(text).strip("\n")
        self.source = Source(text, origin)
        self.functions, self.known = functions, {*known, *functions}
        try:
            self.statements = (
                statements(_ascii_laid_out(text), self.known, ascii_piece)
                if ascii
                else statements(_laid_out(text), self.known, unicode_piece)
            )
            self._free = self._free_names()
        except MinigradError as error:
            raise type(error)(str(error).replace("read_back:", "parse:")) from None
        except (ValueError, ArithmeticError) as error:  # a superscript that is no number, a power 1/0
            error = ValueError("a power is divided by 0") if isinstance(error, ArithmeticError) else error
            raise self.source.at(f"parse: {error}", 0) from None
        except (RecursionError, MemoryError):
            raise ArgumentError("parse: the formula is nested too deeply; name parts of it on lines above") from None
        if not self.statements:
            raise ArgumentError("parse: the text is empty; write a formula such as '‖A x − b‖²'")

    def free_names(self) -> dict[str, ast.Name]:
        """Names that the text reads and does not give."""
        return self._free

    def _free_names(self) -> dict[str, ast.Name]:
        """Names that are read before the text gives them; letters that run are none."""
        given: set[str] = {*self.functions}
        found: dict[str, ast.Name] = {}
        for statement in self.statements:
            letters = {p for p in statement.places if p} | set(_sum_letters(statement.piece))
            for name in _names(statement.piece):
                if (not name.isidentifier() or iskeyword(name)) and name not in self.known:
                    raise ArgumentError(f"parse: {name!r} is neither a name nor a sign of the notation")
                if name not in given and name not in letters and name not in CONSTANTS:
                    found.setdefault(name, self._node(name))
            given.add(statement.name)
        return found

    def _node(self, name: str) -> ast.Name:
        """Where the name stands first, for a message."""
        for row, line in enumerate(self.source.lines):
            at = line.find(name)
            if at >= 0:
                before = len(line[:at].encode())
                return ast.Name(
                    name, lineno=row + 1, end_lineno=row + 1,
                    col_offset=before, end_col_offset=before + len(name.encode()),
                )
        return ast.Name(name, lineno=1, end_lineno=1, col_offset=0, end_col_offset=0)

    def places(self) -> list[tuple[str, Place]]:
        """Each name that a formula gives, and the line that says it; the result may have none."""
        names = [statement.name for statement in self.statements]
        lines = self.source.lines
        return [
            ("" if n == _RESULT else n, self.source.placed(self._row(n), 0, len(lines[self._row(n)])))
            for n in names
        ]

    def _row(self, name: str) -> int:
        """The line that gives a name; a result without one is on the last that gives none."""
        begins = [k for k, line in enumerate(self.source.lines) if line.strip().startswith(name)]
        return begins[0] if begins else len(self.source.lines) - 1 if name == _RESULT else 0

    def _about(self, name: str, error: MinigradError) -> MinigradError:
        """What is wrong, and the line that says it."""
        where = "parse" if name == _RESULT else f"parse: {name}"
        row = self._row(name)
        error.args = (f"{where}: {error}",)
        return self.source.marked(error, row, 0, len(self.source.lines[row]))

    def run(self, variables: Mapping[str, Any]) -> Tensor:
        """The tensor that the last formula gives."""
        values = {name: held(tensor) for name, tensor in variables.items()}
        result: Any = None
        for statement in self.statements:
            if statement.name in values:
                raise NameClashError(f"parse: {statement.name!r} is given twice, or is a variable already; rename one")
            reader = FormulaReader(values, self.functions)
            try:
                value = reader.statement(statement)
            except RecursionError:
                raise ArgumentError("parse: the formula is nested too deeply; name parts of it") from None
            except MinigradError as error:
                self._about(statement.name, error)
                raise
            except (TypeError, ValueError, IndexError, ArithmeticError, AttributeError) as error:
                raise self._about(statement.name, ArgumentError(str(error))) from None
            result = value.tensor
            if isinstance(result, Tensor) and result.name is None and statement.name.isidentifier():
                result.named(statement.name)
            values[statement.name] = value
        return result


def _laid_out(text: str) -> str:
    """The text as prints lay it out: single spaces around signs, statements on lines, letters in plain form."""
    plain = "".join(
        unicodedata.normalize("NFKC", c) if unicodedata.decomposition(c).startswith("<font>") and c not in "𝟏𝟙" else c
        for c in unicodedata.normalize("NFC", text).translate(_LOOKALIKE).replace("𝟙", "𝟏")
    )
    plain = re.sub(r"(?<=\S) +where +", "   where ", plain)
    lines = [part for line in plain.splitlines() for part in _parts(line)]
    return "\n".join(map(_line, lines))


def _ascii_laid_out(text: str) -> str:
    """The text in Python's grammar with one formula on each line."""
    lines = []
    for statement in ast.parse(text).body:
        written = ast.unparse(statement)
        lines.append(f"{_RESULT} = {written}" if isinstance(statement, ast.Expr) else written)
    return "\n".join(lines)


def _parts(line: str) -> Iterable[str]:
    """Statements that a semicolon outside of brackets parts; a single one keeps its indentation."""
    parts = list(split_outside(line, ";"))
    return map(str.strip, parts) if len(parts) > 1 else [line.rstrip()]


def _line(line: str) -> str:
    if not line.strip() or line.startswith("where "):
        return line
    line = re.sub(r"‖ *([^‖]*[^‖ ]) *‖", r"‖\1‖", line)
    line = re.sub(r"(?<=ᵀ)(?=[^\W\d⁻ᵀ])", " ", line)
    line = re.sub(r"(^|= |\()-(?=[^\d\s])", r"\1−", _SPACED.sub(r" \1 ", line))
    equals = _equals(line)
    if equals < 0:
        return line if re.fullmatch(r"\S+ is .*", line) else f"{_RESULT} = {line.strip()}"
    return line if line[equals - 1 : equals + 2] == " = " else f"{line[:equals].strip()} = {line[equals + 1 :].strip()}"


def _equals(line: str) -> int:
    depth = 0
    for at, mark in enumerate(line):
        depth += (mark in "([") - (mark in ")]")
        if line.startswith("   where ", at):
            return -1
        if mark == "=" and not depth:
            return at
    return -1


def _names(piece: SyntaxNode) -> Iterable[str]:
    if piece.kind == "name":
        yield str(piece.value)
    if piece.kind == "at":
        places: Any = piece.value
        yield from (n for p in places if p and not p.isalpha() for n in names_in(p) if len(n) > 1)
    for part in piece.parts:
        yield from _names(part)


def _sum_letters(piece: SyntaxNode) -> Iterable[str]:
    if piece.kind == "Σ":
        letters: Any = piece.value
        yield from letters
    for part in piece.parts:
        yield from _sum_letters(part)
