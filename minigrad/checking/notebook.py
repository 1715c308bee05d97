"""What a derivation by hand may speak of: tensors by name, dims, and dT for the gradient by T.

A piece is given as text in NumPy's notation or as formulas are printed, as a Python function of such names, as a SymPy expression or
as an array.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any
from unicodedata import normalize

import numpy as np

from minigrad.checking.lengths import by_name
from minigrad.checking.replay import Replay
from minigrad.checking.sample import Sample
from minigrad.errors import ArgumentError, MinigradError, ShapeError
from minigrad.graph import Node, Tensor, tensor
from minigrad.index.size import Size
from minigrad.names import differential_name
from minigrad.notation.lines import left_in, name_in
from minigrad.notation.printed_text import PrintedText
from minigrad.notation.text import ASCII, UNICODE
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

    @property
    def used(self) -> frozenset[str]:
        """The names whose values were asked for so far."""
        return frozenset(self._done)

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

    def evaluate(self, claim: Claim, what: str = "against", shape: Sequence[int] | None = None) -> Any:
        """The array that a claim says; its ``shape`` tells how far its letters run where it is an index formula.

        Raises
        ------
        ArgumentError
            When it names what the graph does not have, or cannot be evaluated.
        """
        try:
            with np.errstate(all="ignore"):
                return np.asarray(self._evaluated(claim, what, shape))
        except MinigradError as error:
            said = by_name(str(error), self.dims)
            error.args = (said if said.startswith("check: ") else f"check: {what}: {_said(said)}",)
            raise
        except Exception as error:
            raise ArgumentError(f"check: {what} raised {type(error).__name__}: {error}") from error

    def _evaluated(self, claim: Claim, what: str, shape: Sequence[int] | None) -> Any:
        if isinstance(claim, str):
            return self._text(claim, what, shape)
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

    def _text(self, text: str, what: str, shape: Sequence[int] | None) -> Any:
        """A program, or a formula as it is printed."""
        if not text.strip():
            raise ArgumentError("the text is empty")
        try:
            array = self._program(text)
        except (ArgumentError, ShapeError) as error:
            found = self._printed(text, what, shape)
            if found is None or (isinstance(error, ShapeError) and np.shape(found) != shape):
                raise
            return found
        if shape is not None and np.ndim(array) < len(shape) and text.isascii():
            # printed, x @ x.T is a column times a row, and 0 is as large as what it is compared with
            found = self._printed(text, what, shape)
            return array if np.shape(found) != tuple(shape) else found
        return array

    def _printed(self, text: str, what: str, shape: Sequence[int] | None) -> Any:
        """What a printed formula says, or of several the one for ``what``; None where ASCII is no such text."""
        for ascii in (True, False) if text.isascii() else (False,):
            try:
                return self._read(text, what, ascii, shape)
            except MinigradError:
                if not text.isascii():
                    raise
        return None

    def _read(self, text: str, what: str, ascii: bool, shape: Sequence[int] | None) -> Any:
        # a list behind "where" stands in the line or below it
        head, *below = re.split(r"\n\s*where\s*\n", re.sub(r"[ \t]+where[ \t]+", "   where ", text.strip()))
        first = head.splitlines()[0].partition("   where ")[0]
        head = head if re.search(r" +=(?!=) ", first) else f"{what} = {head}"
        written = "\n".join(line.strip() for part in (*below, head) for line in part.splitlines())
        marks = ASCII if ascii else UNICODE
        known = {name_in(marks, name): name for name in self.known()}
        read = PrintedText(written, tuple(known), ascii)
        names = [s.name for s in read.statements]
        wanted = left_in(marks, what)
        wanted = wanted if wanted in names else names[-1]
        values = {shown: self.value(name) for shown, name in known.items() if shown in read.names}
        arrays = {name: v for name, v in values.items() if not isinstance(v, int)}
        dims = {name_in(marks, name): size for name, size in self.dims.items()}
        functions = {name: f.values for name, f in self.sample.subject.functions.items()}
        if shape is not None and (found := self._without_ones(read, wanted, known, arrays, dims, shape)) is not None:
            return found
        # a gradient or a Jacobian's own axes, as the text may not say how far its letters run or how large 𝟏 is
        shapes = [] if shape is None else [(*self.sample.output.shape, *shape), tuple(shape)]
        sized = [{wanted: each} for each in dict.fromkeys(shapes)]
        # 𝟏 alone is as large as it is told to be; a vector that is told to be a matrix would be repeated
        left = next(s for s in read.statements if s.name == wanted)
        # how far the letters on the left run, a bracket that is 0 beyond does not tell
        open_size = re.search(r"𝟏|\bones\b", written) or any(left.places)
        for told in (*sized, {}) if open_size else ({}, *sized):
            found = read.values(arrays, dims, told, functions=functions)[wanted]
            if not isinstance(found, MinigradError):
                return found
        raise found

    def _without_ones(
        self,
        read: PrintedText,
        wanted: str,
        known: Mapping[str, str],
        arrays: Mapping[str, Any],
        dims: Mapping[str, int],
        shape: Sequence[int],
    ) -> Any:
        """What the text says of arrays without the axes of length 1 that formulas do not have; else None.

        Of V with shape (1, k) the Jacobian of V ⊙ V is printed as 2 diag(V), V being a vector there.
        """
        of = {**self.nodes, **{differential_name(name): node for name, node in self.nodes.items()}}
        nodes = {shown: of.get(known[shown]) for shown in arrays}
        ones = {
            shown: tuple(k for k, s in enumerate(node.shape) if isinstance(s, int) and s == 1)
            for shown, node in nodes.items()
            if node is not None
        }
        if not any(ones.values()):
            return None
        short = {shown: np.squeeze(a, axis=ones.get(shown, ())) for shown, a in arrays.items()}
        functions = {name: f.values for name, f in self.sample.subject.functions.items()}
        whole = (*self.sample.output.shape, *shape)
        # an index formula does not say how far its letters run
        for told in ({}, {wanted: tuple(s for s in whole if s != 1)}):
            found = read.values(short, dims, told, functions=functions)[wanted]
            if not isinstance(found, MinigradError):
                break
        if isinstance(found, MinigradError) or np.size(found) != prod(whole):
            return None
        return np.reshape(found, whole)

    def _program(self, text: str) -> Any:
        statements = ProgramText(text, self.sample.subject.functions)
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


def shape_of(sample: Sample, k: int) -> tuple[int, ...]:
    """The shape of derivative k, without the output's axes."""
    inner = [np.shape(sample.u[node]) for node in sample.subject.nodes(k)[:-1]]
    return tuple(size for part in (*inner, sample.at(k).shape) for size in part)


def in_its_shape(array: Any, sample: Sample, k: int) -> Any:
    """A claimed derivative in the shape of derivative k: of a tensor's, its product with the cotangent.

    A Hessian has the axes of its inner variable, then of the other; where a claim lacks or adds axes of
    size 1 these are mended.
    """
    shape = shape_of(sample, k)
    out = sample.output.shape
    array = np.asarray(array, dtype=float)
    if not array.ndim and array == 0:
        return np.zeros(shape)  # 0 is as large as what it is compared with
    if array.shape != shape and out and array.shape == (*out, *shape):
        return np.tensordot(sample.c, array, axes=len(out))
    squeezed = tuple(s for s in array.shape if s != 1)
    if array.shape != shape and squeezed == tuple(s for s in shape if s != 1):
        return array.reshape(shape)
    return array


def fitted(array: Any, sample: Sample, k: int) -> Any:
    """A claimed derivative as a gradient by variable k: a Hessian times the direction that witnesses take."""
    array = in_its_shape(array, sample, k)
    for seed in sample.seeds(k):
        (u,) = seed.values()
        if array.shape[: u.ndim] != u.shape:
            return array
        array = np.tensordot(u, array, axes=u.ndim)
    return array


def _said(message: str) -> str:
    """What an error says, without who read the text."""
    return message.removeprefix("parse: ").removeprefix("read_back: ")
