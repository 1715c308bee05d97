"""Variables of a text: what is declared of them, and the symbolic tensors that they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph import Tensor, leaf, wrap
from minigrad.index.size import AnySize, Size, dim
from minigrad.symbolic.assume import checked_assumptions


class Declared(NamedTuple):
    """The sizes of a variable's axes, and what is assumed of its values."""

    sizes: tuple[AnySize, ...]
    assume: frozenset[str] = frozenset()

    def text(self) -> str:
        """The declaration as one writes it."""
        words = " ".join(map(str, self.sizes))
        facts = " and ".join(sorted(self.assume))
        return f"{words} | {facts}".strip() if facts else words


def declared(name: str, text: str) -> Declared:
    """Read ``"m n | spd"``: dims are names or numbers, assumptions stand after a bar.

    Raises
    ------
    ArgumentError
        When a size is neither, or an assumption is not known or does not fit.
    """
    dims, _, facts = text.partition("|")
    sizes = tuple(_size(name, word, text) for word in dims.split())
    words = facts.replace(",", " ").replace(" and ", " ").split()
    return Declared(sizes, checked_assumptions(name, words, sizes))


def _size(name: str, word: str, text: str) -> AnySize:
    if word.isdigit():
        return int(word)
    if not word.isidentifier():
        raise ArgumentError(
            f"parse: {name}={text!r}: {word!r} is no size; a size is a name or a number, and "
            f'assumptions stand after a bar, as in {name}="n n | spd"'
        )
    return dim(word)


def declarations(variables: Mapping[str, Any]) -> tuple[dict[str, Declared], dict[str, Tensor]]:
    """What the user declared, apart from the tensors that he passed as they are."""
    written: dict[str, Declared] = {}
    tensors: dict[str, Tensor] = {}
    for name, value in variables.items():
        if isinstance(value, Tensor):
            tensors[name] = value
        elif isinstance(value, str):
            written[name] = declared(name, value)
        else:
            raise ArgumentError(
                f"parse: {name}={value!r} declares nothing; write its dims, {name}='m n', "
                f"{name}='' for a scalar, or pass a tensor"
            )
    return written, tensors


def dims_of(variables: Iterable[Declared], tensors: Iterable[Tensor]) -> set[str]:
    """Every dim that occurs in the variables' shapes."""
    shapes = [*(v.sizes for v in variables), *(t.shape for t in tensors)]
    return {name for shape in shapes for s in shape if isinstance(s, Size) for name in s.names()}


def symbol(name: str, what: Declared) -> Tensor:
    """The tensor without values that a declaration means."""
    dtype = np.int64 if "index" in what.assume else np.float64
    return wrap(None, leaf(None, name=name, assume=what.assume, shape=what.sizes, dtype=dtype))
