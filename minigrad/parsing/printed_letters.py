"""The letters of a printed formula: how far they run, and the axes, places and sizes that it tells."""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, MinigradError
from minigrad.graph import Tensor
from minigrad.notation.printed_text.grammar import SyntaxNode
from minigrad.parsing.create import arange
from minigrad.parsing.printed_values import Value, elementwise

_DERIVATIVE = re.compile(r"∂²?([^∂/]*)/(∂.+)")
_INTEGER = re.compile(r"-?[0-9]+")
_SLICE = re.compile(r"(-?[0-9]*):(-?[0-9]*)(?::(-?[0-9]+))?")


class Letters(ABC):
    """The letters of one formula, by the arrays that carry them and the derivative whose name stands left."""

    def __init__(self, values: Mapping[str, Value], functions: Mapping[str, Any]) -> None:
        self.values, self.functions = values, functions
        self.lengths: dict[str, Any] = {}
        self.target: tuple[Any, ...] | None = None
        self.running: set[str] = set()

    @abstractmethod
    def value(self, piece: SyntaxNode) -> Value:
        """The value of a piece."""

    def target_of(self, name: str) -> tuple[Any, ...] | None:
        """The shape of a derivative by its name: dX has that of X, ∂y/∂x those of y and x; None where none is told."""
        for before in ("d", "grad_"):
            if name.startswith(before) and name.removeprefix(before) in self.values:
                return self.values[name.removeprefix(before)].sizes
        found = _DERIVATIVE.fullmatch(name)
        if found is None:
            return None
        of, *by = found[1], *re.findall(r"∂([^∂²]+)(²?)", found[2])
        shapes = [self.values[of].sizes] if of in self.values else []
        for variable, twice in by:
            if variable not in self.values:
                return None
            shapes += [self.values[variable].sizes] * (2 if twice else 1)
        is_whole = bool(shapes) and (of in self.values or name.startswith("∂²"))
        return tuple(size for shape in shapes for size in shape) if is_whole else None

    def ranges(self, piece: SyntaxNode) -> Iterable[tuple[str, Any]]:
        """How far each subscript runs, by the arrays that carry it."""
        if piece.kind == "at" and piece.parts[0].kind != "delta":
            yield from zip(piece.value, self.sizes_of(piece.parts[0]), strict=False)  # type: ignore[call-overload]
        for part in piece.parts:
            yield from self.ranges(part)

    def sizes_of(self, body: SyntaxNode) -> tuple[Any, ...]:
        if body.kind == "name":
            value = self.values.get(str(body.value))
            return () if value is None else value.sizes
        try:
            return self.value(body).sizes
        except MinigradError:  # it has indices of its own, which other arrays tell
            return ()

    def index(self, letter: str) -> Value:
        if letter not in self.lengths:
            raise ArgumentError(f"how far {letter} runs is not told by any array; a left side such as ∂L/∂X tells it")
        return Value(arange(self.lengths[letter]), 0, (letter,))

    def with_letters_first(self, value: Value, letters: list[str]) -> Value:
        """An axis for each letter of the left side, repeated along those that the right does not have."""
        for letter in letters:
            if letter not in value.letters:
                value = elementwise(lambda a, b: ops.add(a, ops.multiply(0.0, b)), [value, self.index(letter)])
        own = [len(letters) + k for k in range(value.rank)]
        order = (*(value.letters.index(p) for p in letters), *own)
        tensor = value.tensor if order == tuple(sorted(order)) else ops.transpose(value.tensor, order)
        return Value(tensor, value.rank, tuple(letters))

    def diagonal(self, value: Value, places: Any) -> Value:
        if len(places) == value.rank == 2:
            return Value(ops.diagonal(value.tensor), 0, (places[0],))
        raise ArgumentError("an index twice at one array of more than two axes is not read")

    def place(self, text: str) -> Any:
        if _INTEGER.fullmatch(text):
            return int(text)
        if found := _SLICE.fullmatch(text):
            return slice(*(int(part) if part else None for part in found.groups()))
        if text in self.values:
            return self.values[text].tensor
        raise ArgumentError(f"the place {text!r} is not read; write it in NumPy's notation")

    def sizes(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple):
            return tuple(map(self.sizes, node.elts))
        return self.size(ast.unparse(node))

    def size(self, text: str) -> Any:
        """A size: a dim's name, a number, or their polynomial."""
        return _polynomial(ast.parse(text, mode="eval").body, self.values)


def _polynomial(node: ast.expr, values: Mapping[str, Value]) -> Any:
    match node:
        case ast.Constant(int(value)):
            return value
        case ast.UnaryOp(ast.USub(), body):
            return -_polynomial(body, values)
        case ast.Name(name) if name in values and not isinstance(values[name].tensor, Tensor):
            return values[name].tensor
        case ast.BinOp(left, ast.Add(), right):
            return _polynomial(left, values) + _polynomial(right, values)
        case ast.BinOp(left, ast.Sub(), right):
            return _polynomial(left, values) - _polynomial(right, values)
        case ast.BinOp(left, ast.Mult(), right):
            return _polynomial(left, values) * _polynomial(right, values)
    raise ArgumentError(f"{ast.unparse(node)!r} is no size")
