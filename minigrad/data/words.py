"""Texts as sequences of word ids: splitting, a vocabulary, padding and masks."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError
from minigrad.limits import check_bytes

# A word with its apostrophes and hyphens, or one mark that is no space.
_WORD = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]")


def words(text: str) -> list[str]:
    """The words and punctuation marks of a text, without capitals.

    Characters are composed first (Unicode NFC), so that a letter with an accent is one however it
    was typed.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.data.words("It's a well-made film!")
    ["it's", 'a', 'well-made', 'film', '!']
    """
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


class Vocabulary:
    """Words and their ids; id 0 pads, id 1 stands for every unknown word.

    Parameters
    ----------
    words
        The known words in the order of their ids, which begin at 2; :meth:`fit` finds them.

    Examples
    --------
    >>> import minigrad as mg
    >>> vocabulary = mg.data.Vocabulary.fit(["a good film", "a bad film"])
    >>> ids, mask = vocabulary.encode(["a strange film", "good"])
    >>> ids.tolist(), mask.tolist()
    ([[2, 1, 3], [5, 0, 0]], [[True, True, True], [True, False, False]])
    """

    PADDING, UNKNOWN = 0, 1
    _SPECIAL = 2

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._ids = {word: i for i, word in enumerate(self.words, start=self._SPECIAL)}
        if len(self._ids) != len(self.words):
            repeated = [word for word, count in Counter(self.words).items() if count > 1]
            raise ArgumentError(f"Vocabulary: {', '.join(map(repr, repeated))} stand there twice")

    @classmethod
    def fit(
        cls, texts: Iterable[str], *, max_words: int | None = None, min_count: int = 1
    ) -> Vocabulary:
        """The words of texts, the most frequent first, and equally frequent ones by alphabet.

        Parameters
        ----------
        texts
            The training part, and nothing else: a word that is met only later is unknown.
        max_words
            How many words to keep.
        min_count
            How often a word must occur to be kept.

        Raises
        ------
        ArgumentError
            When no word is kept.
        """
        counts = Counter(word for text in texts for word in words(text))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        kept = [word for word in ranked if counts[word] >= min_count][:max_words]
        if not kept:
            raise ArgumentError(
                f"Vocabulary.fit: no word is left of {len(counts)} different ones "
                f"(max_words={max_words}, min_count={min_count})"
            )
        return cls(kept)

    def __len__(self) -> int:
        """The number of ids, with those for padding and unknown words."""
        return len(self.words) + self._SPECIAL

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def encode(
        self, texts: Sequence[str], length: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The ids of each text's words, and where they are words and not padding.

        Parameters
        ----------
        texts
            Any number of texts; one without words becomes a single unknown word.
        length
            Words to a row; what is longer is cut off at the end. As many as the longest text has,
            by default.

        Returns
        -------
        ids, mask
            Both of shape (texts, length).
        """
        if length is not None and length < 1:
            raise ArgumentError(f"encode: length={length}, but a row holds at least one word")
        rows = [[self._ids.get(word, self.UNKNOWN) for word in words(text)] for text in texts]
        rows = [row or [self.UNKNOWN] for row in rows]
        width = max(map(len, rows), default=1) if length is None else length
        check_bytes("encode", (len(rows), width))
        ids = np.full((len(rows), width), self.PADDING, np.int64)
        for line, row in zip(ids, rows, strict=True):
            line[: len(row)] = row[:width]
        return ids, ids != self.PADDING
