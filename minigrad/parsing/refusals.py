"""What a text may not say, and what to write instead."""

from __future__ import annotations

import ast
import inspect
import keyword
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from minigrad.parsing import table
from minigrad.parsing.variables import raised_letter
from minigrad.scripts import DIGITS, from_raised

_NO_FUNCTIONS = "a text defines no functions; name parts by assignments, 'S = X @ W; sum(S)'"
_NO_LOOPS = "a text has no loops; write the sum as an operation, for example with einsum"
_NO_IMPORTS = "nothing is imported; NumPy's names are known as they are"
_INSTEAD: dict[type[ast.AST], str] = {
    ast.BoolOp: "'and' and 'or' are not elementwise; write & and | with parentheses",
    ast.IfExp: "a choice is elementwise here; write where(condition, a, b)",
    ast.If: "a choice is elementwise here; write where(condition, a, b)",
    ast.Match: "a choice is elementwise here; write where(condition, a, b)",
    ast.Lambda: _NO_FUNCTIONS,
    ast.FunctionDef: _NO_FUNCTIONS,
    ast.ListComp: _NO_LOOPS,
    ast.SetComp: _NO_LOOPS,
    ast.DictComp: _NO_LOOPS,
    ast.GeneratorExp: _NO_LOOPS,
    ast.For: _NO_LOOPS,
    ast.While: _NO_LOOPS,
    ast.AugAssign: "a name is given once; write 'T = S + 1' with a new name",
    ast.AnnAssign: "declare variables beside the text, as in parse(text, X='m n')",
    ast.NamedExpr: "a name is given by a statement of its own; write 'S = X @ W; sum(S)'",
    ast.Import: _NO_IMPORTS,
    ast.ImportFrom: _NO_IMPORTS,
    ast.Return: "the last statement is the result; write it without return",
    ast.Delete: "a name stays what it is; leave the statement out",
    ast.BitXor: "^ is no power; write **, and for a transpose X.T",
    ast.FloorDiv: "// divides sizes only; write floor(a / b)",
    ast.LShift: "<< is no operation on tensors; write < to compare, * 2**k to scale",
    ast.RShift: ">> is no operation on tensors; write > to compare, / 2**k to scale",
    ast.Starred: "write the arguments one by one",
    ast.Dict: "a dict is no tensor; write its parts as statements",
    ast.Set: "a set has no order; write a list, [a, b]",
    ast.JoinedStr: "a text holds no formatted strings",
    ast.Is: "'is' compares no elements; write ==",
    ast.IsNot: "'is not' compares no elements; write !=",
    ast.In: "'in' compares no elements; write == and any size that fits",
    ast.NotIn: "'not in' compares no elements; write !=",
}
_TARGETS: dict[type[ast.AST], str] = {
    ast.Subscript: "an element cannot be given a value; build the whole with where or concatenate",
    ast.Attribute: "an attribute cannot be given a value; give the tensor a new name",
    ast.Starred: "a starred name takes any number of values; write the names one by one",
}
# Keywords by which other libraries call NumPy's.
_KEYWORDS = {"dims": "axis", "input": "a", "other": "b"}
_KEYWORD_ERROR = re.compile(r"unexpected keyword argument '(\w+)'")


def instead(node: ast.AST) -> str:
    """Why this piece of syntax is refused, and what says the same."""
    known = _INSTEAD.get(type(node))
    if known is not None:
        return known
    what = type(node).__name__.lower()
    return f"only expressions and assignments 'name = expression' are read, and {what!r} is neither"


def target(node: ast.AST) -> str:
    """Why this cannot stand on the left of an assignment."""
    return _TARGETS.get(type(node), "only a name can be given a value")


def keyword_hint(message: str, operation: Callable[..., Any]) -> str:
    """The keyword that was probably meant, or ""."""
    found = _KEYWORD_ERROR.search(message)
    if found is None:
        return ""
    wrong = found[1]
    if wrong in _KEYWORDS:
        return f"; NumPy's name for it is {_KEYWORDS[wrong]!r}"
    try:
        known = list(inspect.signature(operation).parameters)
    except (TypeError, ValueError):
        return ""
    near = get_close_matches(wrong, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def raised(text: str) -> tuple[str, str]:
    """A superscript or subscript outside of remarks, and what to write for it; or twice ""."""
    code = "\n".join(line.partition("#")[0] for line in text.splitlines())
    letter = raised_letter(code)
    if letter in ("ᵀ", "ᵗ"):
        return letter, "a transpose is written X.T"
    if letter == "⁻":
        return letter, "an inverse is written inv(X), a power with **"
    if letter and letter in DIGITS:
        return letter, f"a power is written **{from_raised(letter)}"
    return letter, "names have no raised or lowered letters; write x_i or x1" if letter else ""


def slip(text: str, message: str) -> str:
    """What is often meant where the grammar refuses a text."""
    primed = re.search(r"\b(\w++)['′″‴]++\s*\(", text)
    if primed:
        return f"; a derivative is written D({primed[1]})(x), of higher order D({primed[1]}, 2)(x)"
    if "'" in text and text.count("'") % 2:
        return "; a transpose is written X.T"
    for marks, written in _SIGNS:
        found = next((mark for mark in marks if mark in text), None)
        if found:
            return f"; write {written} for {found}"
    if re.search(r"\|\|[^|]+\|\|", text):
        return "; a norm is written norm(x)"
    if re.search(r"(^|[(*+/@=-])\s*\|[^|]+\|", text):
        return "; an absolute value is written abs(x)"
    if ":=" in text:
        return "; an assignment is written 'S = X @ W; sum(S)'"
    reserved = [w for w in re.findall(r"\b[a-z]+\b", text) if keyword.iskeyword(w)]
    if any(w not in _OPERATOR_WORDS for w in reserved):
        word = next(w for w in reserved if w not in _OPERATOR_WORDS)
        better = "lam" if word == "lambda" else f"{word}_"
        return f"; {word!r} is a word of Python's own and no name, write {better}"
    called = re.search(r"\b([A-Za-z_]\w*)\s+[\w(]", text)
    if called and table.function(called[1]) is not None and called[1] not in ("e", "pi"):
        return f"; a function is called with parentheses, {called[1]}(...)"
    if "decimal literal" in message or re.search(r"[\w)\]]\s+[\w(]", text):
        return "; a product is written with *, a matrix product with @"
    return ""


_OPERATOR_WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else", "for"})
_SIGNS = (
    ("−–—", "-"),
    ("·×⊙∘", "*"),
    ("÷⊘", "/"),
    ("√", "sqrt(x)"),
    ("Σ∑", "sum(x)"),
    ("‖", "norm(x)"),
    ("≥", ">="),
    ("≤", "<="),
    ("≠", "!="),
    ("∞", "inf"),
    ("𝟏", "ones(n)"),
    ("∂∇", "minigrad's derive"),
)
