"""Texts that are mended: nothing is offered that was not read first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from time import monotonic
from typing import Any

from minigrad.api import parse
from minigrad.errors import MinigradError, Place, nearest
from minigrad.parsing import derived_name, table

# Wq and Wk are two names, weights and weigths are one.
_ALIKE, _LONG_NAME = 0.84, 4
_MOST_FIXES = 3
_MOST_TRIED = 40
# What other notations write, on one line: what is found, what stands for it here, and how that is told.
_SIGNS = (
    (r"\^", "**", "Write ** for ^"),
    (r"[ᵀ⊤]", ".T", "Write .T for a transpose"),
    (r"(?<=\w)'", ".T", "Write .T for '"),
    (r"[×·⊙]", "*", "Write * for a product"),
    (r"[−–—]", "-", "Write - for a minus"),
    (r":=", "=", "Write ="),
    (r"\blambda\b", "lam", "Write lam for lambda"),
    (r"(?<![\w.])(\d+(?:\.\d+)?)\s*(?=[A-Za-z_(])", r"\1*", "Write * between the factors"),
    (r"\b([A-Za-z_]\w*)\s+([A-Za-z_][\w.]*)", r"\1(\2)", "Write parentheses"),
    (r"^(\s*)return\b\s*", r"\1", "Leave return out"),
)
_LETTERS = "nmdkpq"
_Tried = tuple[str, str, Mapping[str, str] | None]  # a label, a program, and variables that are mended


class Patience:
    """How long is looked for what would mend a program: who asked waits for the fault itself."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._end = monotonic() + seconds

    @property
    def is_out(self) -> bool:
        """Whether nothing more is tried."""
        return monotonic() >= self._end


@dataclass(frozen=True)
class _Fault:
    """A program that cannot be read, and where."""

    program: str
    variables: Mapping[str, str]
    error: MinigradError
    place: Place
    patience: Patience

    @property
    def lines(self) -> list[str]:
        return self.program.split("\n")

    @property
    def line(self) -> str:
        return self.lines[self.place.line - 1]

    @property
    def piece(self) -> str:
        """What stands at the place."""
        return self.line[self.place.column - 1 :][: self.place.length]

    @cached_property
    def names(self) -> set[str]:
        """What is declared, and what statements give."""
        return {*self.variables, *re.findall(r"^[ \t]*([^\W\d]\w*+)[ \t]*=(?!=)", self.program, re.M)}

    def with_line(self, line: str) -> str:
        lines = self.lines
        lines[self.place.line - 1] = line
        return "\n".join(lines)

    def with_piece(self, piece: str, at: Place | None = None) -> str:
        at = at or self.place
        return self.with_line(self.line[: at.column - 1] + piece + self.line[at.column - 1 + at.length :])


def fixes(
    error: MinigradError, program: str, variables: Mapping[str, str], patience: Patience
) -> list[dict[str, Any]]:
    """Whole programs that are read, each near the one that is not: ``{"label", "program"}``.

    What is mended beside the text, by a declaration, stands under ``"variables"``, all of them.
    """
    if error.place is None or error.place.line > program.count("\n") + 1:
        return []
    wrong = _Fault(program, variables, error, error.place, patience)
    found: list[dict[str, Any]] = []
    seen = {program}
    for tried, (label, mended, declared) in enumerate(_candidates(wrong)):
        if len(found) == _MOST_FIXES or tried == _MOST_TRIED or wrong.patience.is_out:
            break
        known = variables if declared is None else declared
        if (declared is None and mended in seen) or any(fix["label"] == label for fix in found):
            continue
        seen.add(mended)
        if _is_better(wrong, mended, known):
            more = {} if declared is None else {"variables": dict(known)}
            found.append({"label": label, "program": mended, **more})
    return found


def _is_better(wrong: _Fault, mended: str, variables: Mapping[str, str]) -> bool:
    """Whether a mended text is a program, or lacks only a declaration where it lacked more."""
    try:
        parse(mended, **variables)
    except (MinigradError, TypeError) as error:
        return bool(getattr(error, "about", "")) and not wrong.error.about
    return True


def is_read(program: str, variables: Mapping[str, str]) -> bool:
    """Whether a mended text is a program."""
    try:
        parse(program, **variables)
    except (MinigradError, TypeError):
        return False
    return True


def meant(name: str, known: Iterable[str]) -> str | None:
    """What was probably meant by a name that is new: K.T by Kt, Wq by wq, weights by weigths."""
    others = sorted({*known} - {name, ""})
    if derived := derived_name(name, others):
        return derived[2]
    folded = (other for other in others if len(name) > 1 and other.lower() == name.lower())
    return next(folded, nearest(name, others, _ALIKE) if len(name) >= _LONG_NAME else None)


def with_name(program: str, name: str, instead: str) -> str:
    """The text with another name wherever a name is read."""
    return re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", lambda _: instead, program)


# -- what is tried ---------------------------------------------------------------------------------------


def _candidates(wrong: _Fault) -> Iterator[_Tried]:
    """What may mend a program, the likeliest first."""
    for way in (_renamed, _transposed, _closed, _signs, _redeclared, _left_out, _as_a_dim, _declared):
        yield from way(wrong)


def _renamed(wrong: _Fault) -> Iterator[_Tried]:
    """A name or a function that is nearly a known one."""
    name = wrong.error.about or wrong.piece
    if not re.fullmatch(r"[\w.]+", name):
        return
    behind = wrong.line[wrong.place.column - 1 + wrong.place.length :].lstrip()
    if behind.startswith("(") and not wrong.error.about:
        short = name.rpartition(".")[2]
        near = nearest(short, sorted({*table.names()}))
        if near is not None:
            yield f"Write {near}", wrong.with_piece(name.removesuffix(short) + near), None
    elif instead := meant(name, wrong.names):
        yield f"Write {instead}", with_name(wrong.program, name, instead), None


def _transposed(wrong: _Fault) -> Iterator[_Tried]:
    """One factor or operand turned, where its dims would then fit."""
    try:
        node = ast.parse(wrong.piece, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if not isinstance(node, ast.BinOp):
        return
    # what stands last is what people forget to turn, as K in Q @ K
    for part in reversed([*_operands(node)]):
        text = ast.get_source_segment(wrong.piece, part) or ""
        begins = len(wrong.piece.encode()[: part.col_offset].decode())
        place = Place(wrong.place.line, wrong.place.column + begins, len(text))
        if isinstance(part, ast.Attribute) and part.attr == "T":
            yield f"Do not transpose {text[:-2]}", wrong.with_piece(text.removesuffix(".T"), place), None
        else:
            turned = f"{text}.T" if isinstance(part, _ATOMS) else f"({text}).T"
            yield f"Transpose {text}", wrong.with_piece(turned, place), None


_ATOMS = (ast.Name, ast.Call, ast.Attribute, ast.Subscript)


def _operands(node: ast.BinOp) -> Iterator[ast.expr]:
    """The factors of a product, or the two sides of another operation; both as they stand in the text."""
    for side in (node.left, node.right):
        if isinstance(side, ast.BinOp) and type(side.op) is type(node.op) and side is node.left:
            yield from _operands(side)
        elif isinstance(side, _ATOMS):
            yield side


def _closed(wrong: _Fault) -> Iterator[_Tried]:
    """Brackets that are missing, or too many."""
    code, mark, remark = wrong.line.partition("#")
    open_: list[str] = []
    for at, sign in enumerate(code):
        if sign in "([":
            open_.append(")" if sign == "(" else "]")
        elif sign in ")]":
            if not open_ or open_.pop() != sign:
                label = f"Leave the {sign} out"
                yield label, wrong.with_line(code[:at] + code[at + 1 :] + mark + remark), None
                return
    if open_:
        missing, space = "".join(reversed(open_)), code[len(code.rstrip()) :]
        yield f"Write {missing} at the end", wrong.with_line(code.rstrip() + missing + space + mark + remark), None


def _signs(wrong: _Fault) -> Iterator[_Tried]:
    """Signs of other notations, on this line or wherever they stand."""
    for pattern, written, label in _SIGNS:
        if re.search(pattern, wrong.line):
            yield label, wrong.with_line(re.sub(pattern, written, wrong.line)), None
            lines = [re.sub(pattern, written, line) for line in wrong.lines]
            yield label, "\n".join(lines), None


def _left_out(wrong: _Fault) -> Iterator[_Tried]:
    """A statement whose value nobody uses."""
    whole = wrong.piece.strip() == wrong.line.partition("#")[0].strip() != ""
    if whole and wrong.place.line < len(wrong.lines):
        lines = wrong.lines
        del lines[wrong.place.line - 1]
        yield "Leave the line out", "\n".join(lines), None


def _redeclared(wrong: _Fault) -> Iterator[_Tried]:
    """Without what was declared of a variable of the line, or of all: their dims follow from the program."""
    names = [n for n in dict.fromkeys(re.findall(r"[^\W\d]\w*", wrong.line)) if n in wrong.variables]
    for dropped in [[name] for name in names] + ([names] if len(names) > 1 else []):
        if wrong.patience.is_out:
            return
        kept = {name: dims for name, dims in wrong.variables.items() if name not in dropped}
        if is_read(wrong.program, kept):
            yield f"Find the dims of {' and '.join(dropped)} anew", wrong.program, kept


def _as_a_dim(wrong: _Fault) -> Iterator[_Tried]:
    """A small letter as the last dim of a matrix that something is multiplied by: k in sqrt(k) beside X @ Wq."""
    letter = wrong.error.about
    if not re.fullmatch(r"[a-z]", letter):
        return
    weights = dict.fromkeys(re.findall(r"@ *([A-Z]\w*)(?![\w.])", wrong.program))
    taken = {letter, *wrong.names}
    rows = next((d for d in ("d", *_LETTERS) if d not in taken), "")
    for name in [name for name in weights if name not in wrong.names][:1]:
        declared = {**wrong.variables, name: f"{rows} {letter}"}
        yield f"{letter} is a dim, {name} is {rows} × {letter}", wrong.program, declared


def _declared(wrong: _Fault) -> Iterator[_Tried]:
    """The variable as a scalar, a vector or a matrix, of dims that are known or one that is new."""
    name = wrong.error.about
    if not name:
        return
    words = [w for d in wrong.variables.values() for w in d.partition("|")[0].replace(",", " ").split()]
    dims = [*dict.fromkeys(word for word in words if word.isidentifier())]
    taken = {*dims, *wrong.names, name}
    dims = [*dims[:3], *[letter for letter in _LETTERS if letter not in taken][:1]]
    kinds = ("a scalar", [()]), ("a vector", product(dims)), ("a matrix", product(dims, repeat=2))
    for kind, shapes in kinds:
        for shape in shapes:
            declared = {**wrong.variables, name: " ".join(shape)}
            label = f"{name} is {kind}" + (f", {' × '.join(shape)}" if shape else "")
            yield label, wrong.program, declared
