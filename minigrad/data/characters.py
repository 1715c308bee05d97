"""Texts as sequences of character ids, and the next character as what is to be learnt."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError


class Characters:
    """An alphabet: the characters of a text, sorted, and their ids from 0.

    Parameters
    ----------
    text
        Its distinct characters are the alphabet.

    Examples
    --------
    >>> import minigrad as mg
    >>> alphabet = mg.data.Characters("abracadabra")
    >>> alphabet.encode("cab").tolist(), alphabet.decode([2, 0, 1])
    ([2, 0, 1], 'cab')
    """

    def __init__(self, text: str) -> None:
        if not text:
            raise ArgumentError("Characters: an empty text has no characters")
        self.characters = "".join(sorted(set(text)))
        self._ids = {character: i for i, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> NDArray[np.int64]:
        """The ids of a text's characters, shape (characters,).

        Raises
        ------
        ArgumentError
            When the alphabet lacks characters; it lists them.
        """
        strangers = sorted(set(text) - set(self.characters))
        if strangers:
            raise ArgumentError(
                f"Characters: the alphabet has no {', '.join(map(repr, strangers))}"
            )
        return np.array([self._ids[character] for character in text], np.int64)

    def decode(self, ids: Iterable[int]) -> str:
        """The text that these ids spell."""
        return "".join(self.characters[i] for i in ids)


def next_tokens(
    ids: NDArray[np.int64], length: int, *, stride: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Windows of a sequence, and at each place the token that comes next: yᵢⱼ = xᵢ,ⱼ₊₁.

    Parameters
    ----------
    ids
        The sequence, shape (n,).
    length
        Tokens in a window.
    stride
        How far each window begins after the one before.

    Returns
    -------
    inputs, targets
        Both of shape (windows, length).

    Raises
    ------
    ArgumentError
        When the sequence is too short for a window and its last target.

    Examples
    --------
    >>> import minigrad as mg, numpy as np
    >>> inputs, targets = mg.data.next_tokens(np.arange(5), 3)
    >>> inputs.tolist(), targets.tolist()
    ([[0, 1, 2], [1, 2, 3]], [[1, 2, 3], [2, 3, 4]])
    """
    ids = np.asarray(ids)
    if ids.ndim != 1 or length < 1 or stride < 1 or len(ids) <= length:
        raise ArgumentError(
            f"next_tokens: ids of shape {ids.shape} make no window of length={length} with "
            f"stride={stride}; a sequence has one axis and more than `length` tokens"
        )
    windows = np.lib.stride_tricks.sliding_window_view(ids, length + 1)[::stride]
    return windows[:, :-1].copy(), windows[:, 1:].copy()
