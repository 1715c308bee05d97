"""What a derivation by hand may speak of: tensors by name, dims, and dT for the gradient by T.

A piece is given as text in NumPy's notation, as a Python function of such names, as a SymPy expression or
as an array.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from unicodedata import normalize

import numpy as np

from minigrad.checking.replay import Replay
from minigrad.checking.sample import Sample
from minigrad.errors import ArgumentError, MinigradError
from minigrad.graph import Node, Tensor, tensor
from minigrad.index.size import Size
from minigrad.numeric import gradients
from minigrad.parsing import read_sympy
from minigrad.parsing.program_text import ProgramText
from minigrad.symbolic.names import names_in_graph

Claim = Any


class Notebook:
    """The values of names in one sample; ``pieces`` are the user's own, and stand before the graph's."""

    def __init__(self, sample: Sample, pieces: Mapping[str, Claim]) -> None:
        self.sample, self.pieces = sample, dict(pieces)
        self._done: dict[str, Any] = {}
        self._open: list[str] = []

    # -- names ---------------------------------------------------------------------------------------

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """The tensors of the graph by name."""
        return {name: node for node, name in names_in_graph(self.sample.replay.order).items()}

    @cached_property
    def dims(self) -> dict[str, int]:
        """The sizes of dims."""
        sizes = dict(self.sample.sizes)
        for node in self.sample.replay.leaves:
            lengths = np.shape(self.sample.values[node])
            for label, length in zip(node.dims or (), lengths, strict=False):
                if label is not None:
                    sizes.setdefault(label, length)
        return sizes

    @cached_property
    def cotangents(self) -> dict[str, Any]:
        """The gradient of the output by every named tensor, by its name with a d before it."""
        sample = self.sample
        output, tensors = sample.recorded()
        wanted = {
            name: tensors[node]
            for name, node in self.nodes.items()
            if isinstance(tensors[node], Tensor) and tensors[node].requires_grad
        }
        if not wanted or not output.requires_grad:
            return {}
        c = tensor(np.asarray(sample.c, dtype=output.dtype))
        found = gradients([output], list(wanted.values()), cotangents=[c], allow_unused=True)
        return {
            f"d{name}": np.zeros(np.shape(t.numpy())) if g is None else g.numpy()
            for (name, t), g in zip(wanted.items(), found, strict=True)
        }

    def known(self) -> list[str]:
        """Every name that a piece may use."""
        return [*self.pieces, *self.nodes, *self.cotangents, *self.dims]

    def meant(self, name: str) -> str | None:
        """The known name that one in Python means, whose grammar reads ﬁ as fi and ℯ as e.

        Raises
        ------
        ArgumentError
            When it means two.
        """
        known = self.known()
        if name in known:
            return name
        twins = list(dict.fromkeys(other for other in known if normalize("NFKC", other) == name))
        if len(twins) > 1:
            raise ArgumentError(f"{name!r} may be each of {', '.join(twins)}; rename one")
        return twins[0] if twins else None

    def value(self, name: str) -> Any:
        """The value of a name: a piece, a tensor, a gradient or a size.

        Raises
        ------
        ArgumentError
            When pieces are given in terms of each other in a circle.
        """
        if name not in self._done:
            self._done[name] = self._found(name)
        return self._done[name]

    def _found(self, name: str) -> Any:
        if name in self.pieces:
            if name in self._open:
                circle = " → ".join([*self._open[self._open.index(name) :], name])
                raise ArgumentError(
                    f"check: these pieces are given in terms of each other: {circle}"
                )
            self._open.append(name)
            try:
                return self.evaluate(self.pieces[name], name)
            finally:
                self._open.pop()
        if name in self.nodes:
            return np.asarray(self.sample.values[self.nodes[name]])
        if name in self.cotangents:
            return self.cotangents[name]
        return self.dims[name]

    # -- claims ----------------------------------------------------------------------------------------

    def evaluate(self, claim: Claim, what: str = "against") -> Any:
        """The array that a claim says.

        Raises
        ------
        ArgumentError
            When it names what the graph does not have, or cannot be evaluated.
        """
        try:
            with np.errstate(all="ignore"):
                return np.asarray(self._evaluated(claim))
        except MinigradError as error:
            if not str(error).startswith("check: "):
                error.args = (f"check: {what}: {str(error).removeprefix('parse: ')}",)
            raise
        except Exception as error:
            raise ArgumentError(f"check: {what} raised {type(error).__name__}: {error}") from error

    def _evaluated(self, claim: Claim) -> Any:
        if isinstance(claim, str):
            return self._text(claim)
        if isinstance(claim, Tensor) and claim._array is not None:
            return claim.numpy()
        if isinstance(claim, Tensor):
            return self._symbolic(claim)
        if type(claim).__module__.partition(".")[0] == "sympy":
            return self._symbolic(read_sympy(claim))
        if callable(claim):
            return self._called(claim)
        array = np.asarray(claim)
        if array.dtype.kind not in "biuf":
            raise ArgumentError(
                f"a derivation is text, a Python function, a SymPy expression or an array of numbers, "
                f"not {type(claim).__name__}"
            )
        return array

    def _text(self, text: str) -> Any:
        statements = ProgramText(text)
        values: dict[str, Any] = {}
        for name in statements.free_names():
            meant = self.meant(name)
            if meant is not None:
                value = self.value(meant)
                values[name] = value if isinstance(value, int) else tensor(value, name=name)
        return self._symbolic(statements.run(values))

    def _called(self, function: Callable[..., Any]) -> Any:
        names = list(inspect.signature(function).parameters)
        meant = {name: self.meant(name) for name in names}
        values = [self.value(known) for known in meant.values() if known is not None]
        if len(values) < len(names):
            missing = next(name for name, known in meant.items() if known is None)
            raise ArgumentError(
                f"the function asks for {missing!r}; known names are {', '.join(self.known())}"
            )
        result = function(*values)
        return result.numpy() if isinstance(result, Tensor) else result

    def _symbolic(self, result: Tensor) -> Any:
        """A tensor of the parser, which holds numbers or waits for them."""
        if result._array is not None:
            return result.numpy()
        assert result._node is not None
        replay = Replay(result._node, self.dims)
        sizes = dict(self.dims)
        leaves: dict[Node, Any] = {}
        for node in replay.leaves:
            value = node.value if node.value is not None else self._shaped(node)
            for size, length in zip(node.shape, np.shape(value), strict=False):
                if isinstance(size, Size) and size.name is not None:
                    sizes[size.name] = length
            leaves[node] = value
        replay.sizes = sizes
        return replay.run(leaves)

    def _shaped(self, node: Node) -> Any:
        name = node.name or ""
        if name not in self.known():
            raise ArgumentError(
                f"no tensor of this graph is named {name!r}; known are {', '.join(self.known())}"
            )
        value = np.asarray(self.value(name))
        # SymPy's vectors are columns
        return (
            value
            if value.ndim == len(node.shape)
            else value.reshape(value.shape + (1,) * (len(node.shape) - value.ndim))
        )


def fitted(array: Any, sample: Sample, k: int) -> Any:
    """A claimed gradient in the variable's shape, where it is that gradient or a Jacobian."""
    shape, out = sample.at(k).shape, sample.output.shape
    array = np.asarray(array, dtype=float)
    if array.shape != shape and out and array.shape == (*out, *shape):
        return np.tensordot(sample.c, array, axes=len(out))
    squeezed = tuple(s for s in array.shape if s != 1)
    if array.shape != shape and squeezed == tuple(s for s in shape if s != 1):
        return array.reshape(shape)
    return array
