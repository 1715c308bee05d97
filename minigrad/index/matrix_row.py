"""What a matrix function is: one row that states facts, from which every reading of it follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from minigrad.errors import ArgumentError, UnsupportedError

Rule = Callable[..., Any]
Kind = Literal["square", "symmetric", "tall", "any"]
_KINDS = ("square", "symmetric", "tall", "any")


def same(rows: Any, columns: Any) -> tuple[Any, ...]:
    """The shape of the matrix itself."""
    return rows, columns


def flipped(rows: Any, columns: Any) -> tuple[Any, ...]:
    """The shape of the transposed matrix."""
    return columns, rows


def scalar(rows: Any, columns: Any) -> tuple[Any, ...]:
    """No axes: a number for each matrix."""
    return ()


def per_column(rows: Any, columns: Any) -> tuple[Any, ...]:
    """A vector with an element for each column."""
    return (columns,)


def by_columns(rows: Any, columns: Any) -> tuple[Any, ...]:
    """A square matrix with a row for each column."""
    return columns, columns


class MatrixRow:
    """One function of the last two axes of an array, as formulas know it.

    ``sizes(rows, columns)`` gives the axes that take the place of these two. ``of`` says which matrices
    have the function: "square" ones, "symmetric" ones (of any other square matrix the symmetric part is
    taken), "tall" ones (no fewer rows than columns; of a wide one the function ``turned`` of the transposed
    matrix is taken) or "any". ``keeps`` says whether its value is symmetric where its argument is,
    ``inverts`` whether value and argument cancel. Formulas say ``name``; ``operation`` is the operation
    that has the function, "" where only a finished program has it.

    The derivative is told once: ``adjoint(rules)`` is what the differential leaves at dX, in the terms of
    `minigrad.index.matrices.rules.Rules`, and ``sentence`` says it in a step.

    The value is told for each arithmetic: ``floats(array)`` by NumPy; ``objects(arithmetic, array)`` by
    inverses, determinants, powers and sums of whatever the arithmetic counts with, or ``digits(mpmath,
    matrix)`` at 50 digits alone; ``inexact`` says why it is not rational where X is. ``single`` is the
    function of a 1 by 1 matrix, which has no axes in index notation, as an expression in x.

    ``latex`` is its name where that is not the default, ``letter`` what its value is called in
    source text, ``text`` how NumPy writes it and ``helper`` the function that this calls by the row's
    name; ``dialects`` says by language how others write it, or how they define a function of the row's
    name, where that is not NumPy's call in their module. ``sympy(sympy, matrix)`` is SymPy's object for
    it, where it has one.
    """

    __slots__ = (
        *("name", "operation", "sizes", "of", "turned", "keeps", "inverts", "adjoint", "sentence"),
        *("floats", "objects", "digits", "inexact", "single"),
        *("latex", "letter", "text", "helper", "dialects", "sympy"),
    )

    def __init__(
        self,
        name: str,
        floats: Rule,
        *,
        operation: str = "",
        sizes: Rule = same,
        of: Kind = "square",
        turned: str = "",
        keeps: bool = False,
        inverts: bool = False,
        adjoint: Rule,
        sentence: str,
        objects: Rule | None = None,
        digits: Rule | None = None,
        inexact: str = "",
        single: str = "",
        latex: str = "",
        letter: str = "y",
        text: str,
        helper: str = "",
        dialects: Mapping[str, str] | None = None,
        sympy: Rule | None = None,
    ) -> None:
        self.name, self.operation = name, operation
        self.sizes, self.of, self.turned = sizes, of, turned
        self.keeps, self.inverts = keeps, inverts
        self.adjoint, self.sentence = adjoint, sentence
        self.floats, self.objects, self.digits = floats, objects, digits
        self.inexact, self.single = inexact, single
        self.latex, self.letter, self.text = latex, letter, text
        self.helper, self.dialects, self.sympy = helper, dict(dialects or {}), sympy

    @property
    def ndim(self) -> int:
        """How many axes the value has in place of a matrix's two."""
        return len(self.sizes(1, 1))

    def counted(self, arithmetic: Any, array: Any) -> Any:
        """The value by ``objects``, of the shape that ``sizes`` says."""
        if self.objects is None:
            raise ArgumentError(f"{self.name}: {self.inexact}")
        value = self.objects(arithmetic, array)
        right = (*array.shape[:-2], *self.sizes(*array.shape[-2:]))
        if np.shape(value) != right:
            raise ArgumentError(
                f"{self.name}: objects= gives an array of shape {np.shape(value)}, and sizes= says {right}"
            )
        return value

    def missing(self) -> str | None:
        """What the facts lack, or where they contradict one another; None where all is said."""
        if self.of not in _KINDS:
            return f"of={self.of!r} is none of {', '.join(_KINDS)}"
        if not callable(self.adjoint) or not self.sentence:
            return (
                "a formula needs adjoint=, what the differential leaves at dX, and sentence=, which says it "
                "in a step; what has no formula is a mg.primitive"
            )
        if self.objects is None and not self.inexact:
            return (
                "give objects=, its value by products, sums, inverses and determinants, or say in inexact= why "
                "it is not rational where the matrix is"
            )
        if self.text.count("{}") != 1:
            return f"text={self.text!r} has not one place {{}} for the argument, as in 'np.linalg.inv({{}})'"
        calls = f"{self.name}(" in self.text
        if self.helper and not (calls and self.helper.startswith(f"def {self.name}(")):
            return f"helper= defines {self.name}(x), and text= calls it"
        for language, text in self.dialects.items():
            if text.count("{}") != 1 and not text.startswith(f"def {self.name}("):
                return (
                    f"dialects={{{language!r}: {text!r}}} is neither a call with one place {{}} for the "
                    f"argument nor a definition of {self.name}(x)"
                )
        if not self.helper and not self.text.startswith("np."):
            return f"text={self.text!r} is no function of NumPy's; give its definition as helper="
        return None

    def __repr__(self) -> str:
        return f"<matrix function {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return matrix_row, (self.name,)


MATRIX_ROWS: dict[str, MatrixRow] = {}


def matrix_row(name: str) -> MatrixRow:
    """The row of this name; what pickle keeps of a matrix function is its name."""
    if name not in MATRIX_ROWS:
        raise UnsupportedError(
            f"no matrix function is named {name!r} here; run the code that makes it with "
            "mg.matrix_function first"
        )
    return MATRIX_ROWS[name]
