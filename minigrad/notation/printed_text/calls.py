"""Functions in printed formulas whose arguments are more than values: letters, places, sizes that nothing tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.index.undefined import read_name
from minigrad.notation.printed_text.functions import (
    CONVOLUTIONS,
    ONEHOT_OF,
    call,
    convolved,
    fitting,
    takes_matrices,
)
from minigrad.notation.printed_text.grammar import SyntaxNode
from minigrad.notation.printed_text.letters import UnsizedError
from minigrad.notation.printed_text.open_sizes import OpenSizes
from minigrad.notation.printed_text.ranges import letters_of
from minigrad.notation.printed_text.values import (
    Block,
    Value,
    elementwise,
    held,
    plain,
    whole_number,
)

# How many arguments the forms have whose sizes are read here.
FORMS: dict[str, Callable[..., Any]] = {
    "tril": lambda body, k=0: body,
    "triu": lambda body, k=0: body,
    "pad": lambda body, margins: body,
    "reshape": lambda body, shape: body,
    "tile": lambda body, counts: body,
    "onehot": lambda places: places,
}


class Calls(OpenSizes):
    """Evaluates calls; ``functions`` are what functions without a definition stand for."""

    functions: Mapping[str, Callable[..., Any]]
    oblong = 0  # how many triangles were guessed to have unlike sides

    def call(self, piece: SyntaxNode) -> Value:
        function = str(piece.value)
        name, counts = read_name(function) or (function, ())
        if name in self.functions:
            orders = [dict(counts).get(k + 1, 0) for k in range(len(piece.parts))]
            derived = partial(self.functions[name], tuple(orders))
            return elementwise(derived, [self.eval(part) for part in piece.parts])
        if function in CONVOLUTIONS:
            return self.convolution(piece)
        stem, _, letters = function.rpartition("_")
        if self.over_letters(function):
            return self.over(stem, letters, piece.parts)
        fitting(function, piece.parts, FORMS.get(function, lambda first, *rest: first))
        if function in ("tril", "triu") and piece.parts[0].kind == "ones":
            shape = self.guess(), self.guess()
            self.oblong += shape[0] != shape[1]
            offset = [whole_number(self.eval(part)) for part in piece.parts[1:2]]
            return Block((np.tril if function == "tril" else np.triu)(np.ones(shape), *offset))
        if function == "pad":
            return self.padded(*piece.parts)
        if function == "tile":
            return self.tiled(*piece.parts)
        if function == "reshape":
            return self.reshaped(*piece.parts)
        if function == "onehot" and (inner := piece.parts[0]).kind == "call" and len(inner.parts) == 1:
            placed = ONEHOT_OF.get(str(inner.value))
            if placed is not None:
                return placed(self.eval(inner.parts[0]))
        args = [self.eval(part) for part in piece.parts]
        if takes_matrices(function):
            args = [self.whole(arg) for arg in args]
        if function == "onehot":
            index, size = np.rint(plain(args[0])).astype(int), self.guess()
            if index.size and not -size <= index.min() <= index.max() < size:
                raise UnsizedError(f"no element {index.min()} or {index.max()} of {size}")
            # a negative place counts from the end
            return held((index[..., None] % max(size, 1) == np.arange(size)).astype(float))
        return call(function, args)

    def whole(self, value: Value) -> Value:
        """The argument of a function of matrices, which must have sizes."""
        if not isinstance(value, Block) or value.is_vector or not any(value.free):
            return value
        raise ArgumentError("read_back: a function of a matrix does not say how large 𝟏 is")

    def over(self, function: str, letters: str, parts: Sequence[SyntaxNode]) -> Value:
        """A function of what has more axes than a matrix, over letters of its own: prod_kl(X_ijkl)."""
        missing = [p for p in letters_of(letters) if p not in self.lengths]
        if missing:
            raise ArgumentError(f"read_back: the range of {', '.join(missing)} is not known")
        shape = [self.lengths[p] for p in letters_of(letters)]
        before, used = dict(self.letters), self.used
        grids = [np.zeros(shape) for _ in parts]
        for place in np.ndindex(*shape):
            self.letters, self.used = {**before, **dict(zip(letters_of(letters), place, strict=True))}, used
            for grid, part in zip(grids, parts, strict=True):
                grid[place] = plain(self.eval(part))
        self.letters = before
        return call(function, [held(grid) for grid in grids])

    def convolution(self, piece: SyntaxNode) -> Value:
        args = [self.eval(part) for part in piece.parts if part.kind != "keyword"]
        numbers: dict[str, list[int]] = {}
        for part in piece.parts:
            if part.kind == "keyword":
                key, text = cast(tuple[str, str], part.value)
                numbers[key] = [self.size(n) for n in text.strip("()").split(", ")]
        return convolved(*fitting(str(piece.value), args, lambda x, w: x), **numbers)

    def reshaped(self, body: SyntaxNode, shape: SyntaxNode) -> Value:
        """Row-major, as `numpy.reshape` has it."""
        return held(np.reshape(plain(self.eval(body)), self.several(shape)))

    def tiled(self, body: SyntaxNode, counts: SyntaxNode) -> Value:
        return held(np.tile(plain(self.eval(body)), self.several(counts)))

    def several(self, sizes: SyntaxNode) -> list[int]:
        """One size, or several in parentheses."""
        if sizes.kind == "tuple":
            return [self.size(text) for text in str(sizes.value).strip("()").split(", ")]
        return [whole_number(self.eval(sizes))]

    def put(self, piece: SyntaxNode) -> Value:
        """An array at some places of each axis, with zeros at the others; how many is not told."""
        array = plain(self.eval(piece.parts[0]))
        places = [slice(None) if p is None else self.place(p) for p in piece.value]  # type: ignore[attr-defined]
        if len(places) != array.ndim:
            raise ShapeError(f"{len(places)} places for {array.ndim} axes")
        whole = slice(None)
        shape = [n if p == whole else self.guess() for p, n in zip(places, array.shape, strict=True)]
        result = np.zeros(shape, np.result_type(array, float))
        if result[tuple(places)].shape != array.shape:
            raise UnsizedError(f"{array.shape} does not fit {piece.value} of {shape}")
        result[tuple(places)] = array
        return held(result)

    def padded(self, body: SyntaxNode, margins: SyntaxNode) -> Value:
        """Zeros before and after, as `numpy.pad` has them."""
        pairs = [
            part.split(", ") for part in re.findall(r"[^()]+, [^()]+(?=\))", str(margins.value))
        ]
        widths = [tuple(self.size(text.strip("(")) for text in pair) for pair in pairs]
        return held(np.pad(plain(self.eval(body)), widths if len(widths) > 1 else widths[0]))
