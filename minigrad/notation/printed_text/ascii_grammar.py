"""Formulas printed in ASCII, which have Python's grammar: ``*`` elementwise, ``@`` the matrix product."""

from __future__ import annotations

import ast
from fractions import Fraction
from functools import reduce

from minigrad.errors import ArgumentError
from minigrad.notation.printed_text.grammar import Introduced, Piece

_SIGNS: dict[type[ast.AST], str] = {
    ast.Gt: ">",
    ast.Lt: "<",
    ast.GtE: "≥",
    ast.LtE: "≤",
    ast.Eq: "=",
    ast.NotEq: "≠",
}
_OWN = {"inv": "inverse", "norm": "norm", "abs": "abs"}
_ATOMS = {"ones": "ones", "eye": "identity", "inf": "infinity"}
_NAMES = {"pi": "π"}


def ascii_piece(text: str, known: Introduced) -> Piece:
    """The formula's parts.

    Raises
    ------
    ArgumentError
        Where the text is no formula.
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ArgumentError(f"read_back: {error.msg}\n  {text}") from None
    return _Reader(text, known).piece(tree)


class _Reader:
    """One formula; names that are ``known`` are read whole, others may end in subscripts."""

    def __init__(self, text: str, known: Introduced) -> None:
        self.text, self.known = text, known

    def fail(self, node: ast.AST) -> ArgumentError:
        return ArgumentError(f"read_back: {ast.unparse(node)!r} cannot be read\n  {self.text}")

    def piece(self, node: ast.expr) -> Piece:
        match node:
            case ast.Constant(int() | float() as value):
                return Piece("number", (), Fraction(str(value)))
            case ast.Name(name):
                return self.name(name)
            case ast.UnaryOp(ast.USub(), body):
                return Piece("minus", (self.piece(body),))
            case ast.BinOp():
                return self.binary(node)
            case ast.Attribute(body, "T"):
                return Piece("transpose", (self.piece(body),))
            case ast.Subscript(body, index):
                return Piece("at", (self.piece(body),), tuple(self.places(index)))
            case ast.List([ast.Compare(left, [op], [right])]) if type(op) in _SIGNS:
                return Piece("relation", (self.piece(left), self.piece(right)), _SIGNS[type(op)])
            case ast.Call(ast.Name(function), arguments):
                return self.call(function, arguments)
            case ast.Tuple():
                return Piece("tuple", (), ast.unparse(node))
        raise self.fail(node)

    def binary(self, node: ast.BinOp) -> Piece:
        if isinstance(node.op, ast.Pow):
            try:
                exponent = Fraction(ast.unparse(node.right).replace(" ", ""))
            except ValueError:
                raise self.fail(node.right) from None
            return Piece("powers", (self.piece(node.left),), exponent)
        a, b = self.piece(node.left), self.piece(node.right)
        match node.op:
            case ast.Add():
                return Piece("sum", (a, b))
            case ast.Sub():
                return Piece("sum", (a, Piece("minus", (b,))))
            case ast.Mult():
                return Piece("hadamard", (a, b), ("⊙",))
            case ast.Div():
                return Piece("hadamard", (a, b), ("⊘",))
            case ast.MatMult():
                return Piece("product", (a, b))
        raise self.fail(node)

    def name(self, name: str) -> Piece:
        if name in self.known:
            return Piece("name", (), name)
        if name in _ATOMS:
            return Piece(_ATOMS[name])
        stem, _, letters = name.rpartition("_")
        if stem == "e":
            return Piece("unit", (self.name(letters),)) if letters.isalpha() else self.unit(letters)
        if stem:
            body = Piece("delta") if stem == "delta" else self.name(stem)
            return Piece("at", (body,), tuple(letters))
        return Piece("name", (), _NAMES.get(name, name))

    def unit(self, place: str) -> Piece:
        return Piece("unit", (), place)

    def places(self, index: ast.expr) -> list[str | None]:
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        texts = [ast.unparse(part) for part in parts]
        return [None if text == ":" else text for text in texts]

    def call(self, function: str, arguments: list[ast.expr]) -> Piece:
        if function == "e_":
            return self.unit(ast.unparse(arguments[0]))
        if function == "hstack" and len(arguments) == 1 and isinstance(arguments[0], ast.List):
            blocks = [self.piece(block) for block in arguments[0].elts]
            return reduce(lambda a, b: Piece("call", (a, b), "joined"), blocks)
        parts = tuple(self.piece(argument) for argument in arguments)
        before, _, letters = function.partition("_")
        if before == "sum" and letters:
            return Piece("Σ", parts, tuple(letters))
        if function == "sqrt":
            return Piece("power", parts, Fraction(1, 2))
        if function in _OWN:
            return Piece(_OWN[function], parts)
        return Piece("call", parts, {"trace": "tr", "sigmoid": "σ"}.get(function, function))
