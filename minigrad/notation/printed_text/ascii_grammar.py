"""Formulas printed in ASCII, which have Python's grammar: ``*`` elementwise, ``@`` the matrix product."""

from __future__ import annotations

import ast
from fractions import Fraction

from minigrad.errors import ArgumentError
from minigrad.index.undefined import shown_name
from minigrad.names import in_program
from minigrad.notation.functions import text_name
from minigrad.notation.printed_text.functions import CONVOLUTIONS
from minigrad.notation.printed_text.grammar import Introduced, SyntaxNode, symbol_kind

_SIGNS: dict[type[ast.AST], str] = {
    ast.Gt: ">",
    ast.Lt: "<",
    ast.GtE: "≥",
    ast.LtE: "≤",
    ast.Eq: "=",
    ast.NotEq: "≠",
}
_OWN = {"inv": "inverse", "norm": "norm", "abs": "abs"}
_BLOCKS = {"hstack": "joined", "concatenate": "stacked"}
_ATOMS = {"inf": "infinity"}
_NAMES = {"pi": "π"}


def ascii_piece(text: str, known: Introduced) -> SyntaxNode:
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


def _dotted(node: ast.expr) -> str:
    """The name that dots are part of, and numbers in brackets; "" where there is none."""
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):  # layers[0].W
        owner = _dotted(node.value)
        return f"{owner}[{node.slice.value!r}]" if owner else ""
    return node.id if isinstance(node, ast.Name) else ""


class _Reader:
    """One formula; names that are ``known`` are read whole, others may end in subscripts."""

    def __init__(self, text: str, known: Introduced) -> None:
        self.text, self.known = text, known

    def fail(self, node: ast.AST) -> ArgumentError:
        return ArgumentError(f"read_back: {ast.unparse(node)!r} cannot be read\n  {self.text}")

    def piece(self, node: ast.expr) -> SyntaxNode:
        match node:
            case ast.Constant(int() | float() as value):
                return SyntaxNode("number", (), Fraction(str(value)))
            case ast.Constant(str(name)):
                return SyntaxNode("name", (), in_program(name))
            case ast.Name(name):
                return self.name(name)
            case ast.UnaryOp(ast.USub(), body):
                return SyntaxNode("minus", (self.piece(body),))
            case ast.BinOp():
                return self.binary(node)
            case ast.Attribute() | ast.Subscript() if _dotted(node) in self.known:
                return SyntaxNode("name", (), _dotted(node))
            case ast.Attribute(body, "T"):
                return SyntaxNode("transpose", (self.piece(body),))
            case ast.Subscript(body, index):
                return SyntaxNode("at", (self.piece(body),), tuple(self.places(index)))
            case ast.List([ast.Compare(left, [op], [right])]) if type(op) in _SIGNS:
                return SyntaxNode(
                    "relation", (self.piece(left), self.piece(right)), _SIGNS[type(op)]
                )
            case ast.Call(ast.Subscript(ast.Name("put"), index), [body], []):
                return SyntaxNode("put", (self.piece(body),), tuple(self.places(index)))
            case ast.Call(ast.Name(name), arguments, keywords) if name in CONVOLUTIONS:
                named = [SyntaxNode("keyword", (), (k.arg, ast.unparse(k.value))) for k in keywords]
                return SyntaxNode("call", (*map(self.piece, arguments), *named), name)
            case ast.Call(ast.Subscript(ast.Name("sum"), index), [body], []):
                letters = index.elts if isinstance(index, ast.Tuple) else [index]
                return SyntaxNode("Σ", (self.piece(body),), tuple(map(ast.unparse, letters)))
            case ast.Call(ast.Name(function), arguments, []):
                return self.call(node, function, arguments)
            case ast.Call(ast.Call(ast.Name("D"), [ast.Name(function), *orders], []), arguments, []):
                return self.derivative(function, orders, arguments)
            case ast.Tuple():
                return SyntaxNode("tuple", (), ast.unparse(node))
        raise self.fail(node)

    def derivative(
        self, function: str, orders: list[ast.expr], arguments: list[ast.expr]
    ) -> SyntaxNode:
        """D(f)(x) is f′(x), D(f, 0, 1)(x, y) is ∂₂f(x, y)."""
        counts = [int(ast.unparse(order)) for order in orders] or [1]
        counts += [0] * (len(arguments) - len(counts))
        parts = tuple(self.piece(argument) for argument in arguments)
        return SyntaxNode("call", parts, shown_name(function, counts))

    def binary(self, node: ast.BinOp) -> SyntaxNode:
        if isinstance(node.op, ast.Pow):
            try:
                exponent = Fraction(ast.unparse(node.right).replace(" ", ""))
            except ValueError:
                raise self.fail(node.right) from None
            return SyntaxNode("powers", (self.piece(node.left),), exponent)
        a, b = self.piece(node.left), self.piece(node.right)
        match node.op:
            case ast.Add() | ast.Sub():
                # all terms together say how far a vector among them is repeated
                first = a.parts if isinstance(node.left, ast.BinOp) and a.kind == "sum" else (a,)
                last = b if isinstance(node.op, ast.Add) else SyntaxNode("minus", (b,))
                return SyntaxNode("sum", (*first, last))
            case ast.Mult():
                return SyntaxNode("hadamard", (a, b), ("⊙",))
            case ast.Mod():
                return SyntaxNode("%", (a, b))
            case ast.Div():
                return SyntaxNode("hadamard", (a, b), ("⊘",))
            case ast.MatMult():
                return SyntaxNode("product", (a, b))
        raise self.fail(node)

    def name(self, name: str) -> SyntaxNode:
        if name in self.known:
            return SyntaxNode("name", (), name)
        kind = _ATOMS.get(name) or symbol_kind(name)
        if kind:
            return SyntaxNode(kind)
        stem, _, letters = name.rpartition("_")
        if stem == "e" and stem not in self.known:
            return (
                SyntaxNode("unit", (self.name(letters),))
                if letters.isalpha()
                else self.unit(letters)
            )
        if stem:
            body = SyntaxNode("delta") if stem == "delta" else self.name(stem)
            return SyntaxNode("at", (body,), tuple(letters))
        return SyntaxNode("name", (), _NAMES.get(name, name))

    def unit(self, place: str) -> SyntaxNode:
        return SyntaxNode("unit", (), place)

    def places(self, index: ast.expr) -> list[str | None]:
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        texts = [ast.unparse(part) for part in parts]
        return [None if text == ":" else text for text in texts]

    def call(self, node: ast.Call, function: str, arguments: list[ast.expr]) -> SyntaxNode:
        before, _, letters = function.partition("_")
        of_one = function in ("e_", "sqrt", *_OWN) or (before == "sum" and letters)
        if not arguments or (of_one and len(arguments) > 1):
            raise self.fail(node)
        if function == "e_":
            return self.unit(ast.unparse(arguments[0]))
        if function in _BLOCKS and isinstance(arguments[0], ast.List) and arguments[0].elts:
            blocks = tuple(self.piece(block) for block in arguments[0].elts)
            return SyntaxNode("call", blocks, _BLOCKS[function])
        parts = tuple(self.piece(argument) for argument in arguments)
        if before == "sum" and letters:
            return SyntaxNode("Σ", parts, tuple(letters))
        if function == "sqrt":
            return SyntaxNode("power", parts, Fraction(1, 2))
        if function in _OWN:
            return SyntaxNode(_OWN[function], parts)
        return SyntaxNode("call", parts, text_name(function))
