"""Declarations of variables: the one reader of every face, and the tensors that they mean."""

from __future__ import annotations

import ast
import keyword
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import ArgumentError, NameClashError
from minigrad.graph import Tensor, leaf, wrap
from minigrad.graph.undefined import Function
from minigrad.index.assume import checked_assumptions
from minigrad.index.size import AnySize, Size, dim, least, prod
from minigrad.limits import check_elements
from minigrad.names import checked_name
from minigrad.notation.printed_text.functions import is_own
from minigrad.parsing import table

_LARGEST_POWER = 8


class Declared(NamedTuple):
    """The sizes of a variable's axes, and what is assumed of its values."""

    sizes: tuple[AnySize, ...]
    assume: frozenset[str] = frozenset()

    def text(self) -> str:
        """The declaration as one writes it."""
        words = " ".join(str(size).replace(" ", "") for size in self.sizes)
        facts = " and ".join(sorted(self.assume))
        return f"{words} | {facts}".strip() if facts else words


def declared(name: str, text: str) -> Declared:
    """Read ``"m n | spd"``: sizes are dims, numbers or their polynomials, ``2*k`` or ``n-1``.

    Raises
    ------
    ArgumentError
        When a size is none of these, or an assumption is not known or does not fit.
    """
    dims, _, facts = text.partition("|")
    sizes = tuple(_size(name, word) for word in dims.replace(",", " ").split())
    words = facts.replace(",", " ").replace(" and ", " ").split()
    return Declared(sizes, checked_assumptions(name, words, sizes))


def variable_name(name: str) -> str:
    """A variable's name as Python's grammar reads it: 𝑥 is x.

    Raises
    ------
    ArgumentError
        When it is no identifier, or would lose a raised or lowered letter: Xᵀ is no name.
    """
    plain = unicodedata.normalize("NFKC", checked_name(name, "name"))
    raised = raised_letter(name)
    if not plain.isidentifier() or raised:
        cause = f"{raised!r} cannot be part of a name" if raised else "a name is letters, digits, _"
        raise ArgumentError(f"{name!r} is no variable's name: {cause}; write X, w1 or W_q")
    return plain


def raised_letter(text: str) -> str:
    """The first superscript or subscript, which Python's grammar would read as a plain letter."""
    scripts = ("<super>", "<sub>")
    return next((c for c in text if unicodedata.decomposition(c).startswith(scripts)), "")


def _size(name: str, word: str) -> AnySize:
    try:
        size = _polynomial(ast.parse(word, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ArgumentError(
            f"{name}: {word[:40]!r} is no size; a size is a dim's name, a number, or their sum or product "
            f'without spaces (n-1, 2*k), and assumptions stand after a bar, as in {name}="n n | spd"'
        ) from None
    if isinstance(size, int) and size < 1:
        raise ArgumentError(f"{name}: an axis of size {size} holds nothing; a size is at least 1")
    return size


def _polynomial(node: ast.expr) -> AnySize:
    match node:
        case ast.Constant(int(value)) if not isinstance(value, bool):
            return value
        case ast.Name(label) if label.strip("_"):
            return dim(checked_name(label, "dims"))
        case ast.BinOp(left, ast.Add(), right):
            return _polynomial(left) + _polynomial(right)
        case ast.BinOp(left, ast.Sub(), right):
            return _polynomial(left) - _polynomial(right)
        case ast.BinOp(left, ast.Mult(), right):
            return _polynomial(left) * _polynomial(right)
        case ast.BinOp(left, ast.Pow(), ast.Constant(int(power))) if 0 < power <= _LARGEST_POWER:
            return prod([_polynomial(left)] * power)
    raise ValueError("no polynomial")


def is_function(text: str) -> bool:
    """Whether a declaration is that of a function without a definition."""
    return text.strip() == "function"


def function_named(name: str) -> Function:
    """The function without a definition that is called so.

    Raises
    ------
    ArgumentError
        When the name is no identifier.
    NameClashError
        When an operation is called so.
    """
    name = variable_name(name)
    operation = table.function(name) is not None
    if operation or is_own(name):
        what = "an operation, which has a definition" if operation else "a function of the notation"
        raise NameClashError(
            f"{name!r} is {what}; call a function without a definition otherwise, for example 'f' or 'my_{name}'"
        )
    return Function(name)


def declarations(
    variables: Mapping[str, Any],
) -> tuple[dict[str, Declared], dict[str, Tensor], dict[str, Function]]:
    """What the user declared: variables, tensors that he passed as they are, functions without a definition.

    Raises
    ------
    ArgumentError
        When a name or a declaration cannot be read.
    NameClashError
        When two names are one to Python's grammar.
    """
    written: dict[str, Declared] = {}
    tensors: dict[str, Tensor] = {}
    functions: dict[str, Function] = {}
    for given, value in variables.items():
        name = variable_name(given)
        if keyword.iskeyword(name):
            raise ArgumentError(
                f"parse: {name!r} is a word of Python's own and cannot name a variable of a text; write "
                f"{name[:3]} or {name}_"
            )
        if name in written or name in tensors or name in functions:
            raise NameClashError(f"parse: the variable {name!r} is declared twice; leave one")
        if isinstance(value, Tensor):
            tensors[name] = value
        elif isinstance(value, Function):
            functions[name] = value
        elif isinstance(value, str) and is_function(value):
            functions[name] = function_named(name)
        elif isinstance(value, str):
            written[name] = declared(name, value)
        else:
            raise ArgumentError(
                f"parse: {name}={value!r} declares nothing; write its dims, {name}='m n', "
                f"{name}='' for a scalar, {name}='function' for a function without a definition, or pass "
                "a tensor"
            )
    return written, tensors, functions


def dims_of(variables: Iterable[Declared], tensors: Iterable[Tensor]) -> set[str]:
    """Every dim that occurs in the variables' shapes."""
    shapes = [*(v.sizes for v in variables), *(t.shape for t in tensors)]
    return {name for shape in shapes for s in shape if isinstance(s, Size) for name in s.names()}


def symbol(name: str, what: Declared) -> Tensor:
    """The tensor without values that a declaration means."""
    check_elements(name, [least(size) for size in what.sizes])
    dtype = np.int64 if "index" in what.assume else np.float64
    return wrap(None, leaf(None, name=name, assume=what.assume, shape=what.sizes, dtype=dtype))
