"""From what people have, images, numbers or texts, to the arrays that a model takes.

An encoder is fitted on the training part and saved with the model, so that what comes later is
encoded in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from minigrad.data import Standardizer, Table, Vocabulary
from minigrad.data import words as split_words
from minigrad.errors import ArgumentError

Arrays = tuple[NDArray[Any], ...]


class Images:
    """Images read row by row: a row is a token, its pixels are features. Nothing to fit."""

    kind: ClassVar[str] = "images"

    def __init__(self, tokens: int, features: int) -> None:
        self.tokens, self.features = tokens, features

    def plain(self) -> dict[str, Any]:
        """The sizes."""
        return {"kind": self.kind, "tokens": self.tokens, "features": self.features}

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """The inverse of :meth:`plain`."""
        return cls(facts["tokens"], facts["features"])


class Columns:
    """Columns of numbers, standardised: each column is a token of one feature.

    Parameters
    ----------
    names
        The columns.
    scale
        Their means and deviations in the training part.
    """

    kind: ClassVar[str] = "columns"

    def __init__(self, names: Sequence[str], scale: Standardizer) -> None:
        self.names, self.scale = tuple(names), scale

    @property
    def tokens(self) -> int:
        """One for each column."""
        return len(self.names)

    def encode(self, table: Table) -> Arrays:
        """The columns of a table, shape (rows, columns)."""
        return (self.scale(table.numbers(self.names)),)

    def plain(self) -> dict[str, Any]:
        """Names, means and deviations."""
        mean, std = self.scale.mean.tolist(), self.scale.std.tolist()
        return {"kind": self.kind, "names": list(self.names), "mean": mean, "std": std}

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """The inverse of :meth:`plain`."""
        names, scale = facts["names"], Standardizer(facts["mean"], facts["std"])
        if len(names) != len(scale.mean) or len(set(names)) != len(names):
            raise ArgumentError("the columns' names are not one for each mean")
        return cls(names, scale)


class Words:
    """Texts as word ids, padded to one length, and a mask of where words are.

    Parameters
    ----------
    column
        The column that held the texts.
    vocabulary
        The words of the training part.
    tokens
        Words to a text; the rest is cut off.
    """

    kind: ClassVar[str] = "words"

    def __init__(self, column: str, vocabulary: Vocabulary, tokens: int) -> None:
        self.column, self.vocabulary, self.tokens = column, vocabulary, tokens

    def encode(self, texts: Sequence[str]) -> Arrays:
        """Ids and mask, both of shape (texts, tokens)."""
        return self.vocabulary.encode(texts, self.tokens)

    def words(self, text: str) -> list[tuple[str, bool]]:
        """The words that the model reads, and which of them it knows."""
        found = split_words(text)[: self.tokens]
        return [(word, word in self.vocabulary) for word in found]

    def plain(self) -> dict[str, Any]:
        """Column, words and length."""
        words = list(self.vocabulary.words)
        return {"kind": self.kind, "column": self.column, "words": words, "tokens": self.tokens}

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """The inverse of :meth:`plain`."""
        return cls(facts["column"], Vocabulary(facts["words"]), facts["tokens"])


AnyEncoder = Images | Columns | Words


def encoder_of(facts: dict[str, Any]) -> AnyEncoder:
    """The encoder that ``plain()`` described; what the facts must be is said in ``run_file``.

    Raises
    ------
    ArgumentError
        When lists that belong together have different lengths, or names stand there twice.
    """
    kinds: dict[str, type[AnyEncoder]] = {kind.kind: kind for kind in (Images, Columns, Words)}
    return kinds[facts["kind"]].of(facts)


def as_dtype(arrays: Arrays, dtype: str) -> Arrays:
    """The arrays with their real numbers in a dtype; ids and masks stay."""
    return tuple(a.astype(dtype) if np.issubdtype(a.dtype, np.floating) else a for a in arrays)
