"""How a language says array operations: what the text of every operation asks instead of knowing NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from minigrad.errors import DerivationError
from minigrad.index.matrix_row import MatrixRow, matrix_row
from minigrad.index.size import AnySize
from minigrad.program import Value
from minigrad.source.layout import INDENT, WIDTH, indented
from minigrad.source.pieces import ATOM, Text, call
from minigrad.source.wrapping import filled, wrapped

# Functions of matrices that every library has under NumPy's name.
USUAL = frozenset(
    f"linalg.{name}"
    for name in ("cholesky", "det", "eigh", "eigvalsh", "inv", "matrix_power", "pinv", "qr", "slogdet", "svd")
)

class Context(Protocol):
    """What the writer of a function offers to the text of one operation."""

    dialect: Dialect

    def spoken(self, value: Value) -> Dialect:
        """Whose functions make the value: Python numbers are NumPy's in every language."""

    def text(self, value: Value) -> Text:
        """The text of an argument: a name, or an expression to put in place."""

    def is_inline(self, value: Value) -> bool:
        """Whether the argument is written in place, and only here."""

    def helper(self, name: str, dialect: Dialect) -> str:
        """The name of a helper function of the dialect, which will be defined."""

    def size(self, size: AnySize) -> Text:
        """A size as Python."""

    def dtype(self) -> str:
        """The name of the result's element type."""

    def device(self) -> str:
        """The name of the inputs' device, in a language whose arrays do not find it."""


@dataclass(frozen=True)
class Joint:
    """A forward and a backward function that are to be one function: what all of them are called.

    ``forward`` takes the inputs and returns the outputs, then what is saved of what it ``computed``; ``backward``
    takes what is ``read`` and returns the gradients by some inputs, in the order of ``gradients``. Between them
    lies what is ``saved``.
    """

    function: str
    forward: str
    backward: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    computed: Sequence[str]
    cotangents: Sequence[str]
    read: Sequence[str]
    saved: Sequence[str]
    gradients: Mapping[str, str]  # by input
    doc: Sequence[str]
    unique: Callable[[str], str]  # a name that is free

    @property
    def sent(self) -> dict[str, str]:
        """For each input its gradient, or None."""
        return {name: self.gradients.get(name, "None") for name in self.inputs}

    def definition(self, returned: str, *decorators: str) -> str:
        """The function that people call."""
        head = signature(self.function, self.inputs)
        body = [*self.doc, *wrapped(f"return {returned}", WIDTH - len(INDENT))]
        return "\n".join([*decorators, *head, *indented(body), ""])

    @property
    def first(self) -> str:
        """What picks the outputs out of all that the forward function returns."""
        if not self.computed:
            return ""
        return "[0]" if len(self.outputs) == 1 else f"[:{len(self.outputs)}]"


def as_tuple(names: Sequence[str]) -> str:
    """A tuple on either side of an assignment, or as it is returned."""
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names) or "()"


def as_result(names: Sequence[str]) -> str:
    """One array, or several, as they are returned."""
    return ", ".join(names)


def packed(names: Sequence[str]) -> str:
    """A tuple in brackets, as one argument or one result."""
    return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"


def as_one(names: Sequence[str]) -> str:
    """One array, or several in a tuple."""
    return names[0] if len(names) == 1 else packed(names)


def signature(name: str, arguments: Sequence[str]) -> list[str]:
    """The first line of a function, or where that is too long one for each argument."""
    line = f"def {name}({', '.join(arguments)}):"
    if len(line) <= WIDTH:
        return [line]
    return [f"def {name}(", *filled(arguments, WIDTH - len(INDENT)), "):"]


def defined(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    """A function of these lines."""
    rows = [row for line in lines for row in wrapped(line, WIDTH - 2 * len(INDENT))]
    return "\n".join([*signature(name, arguments), *indented(rows), ""])


Form = Callable[[Value, Context], Text]
Texts = Mapping[str, Form]  # by operation


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """An array library in NumPy's words, under the name of its own module.

    ``names`` holds the functions that are called otherwise: their names in full, or their calls with a
    place ``{}`` for each argument.
    ``helpers`` are functions that a generated function defines for itself, by name; ``along`` are the
    library's own stable functions of an array and axes. ``forms`` take the place of the usual text of
    an operation. ``reserved`` are the names that a text uses besides its own.
    """

    language: str
    called: str
    module: str
    imports: tuple[str, ...]
    names: Mapping[str, str]
    helpers: Mapping[str, str]
    reserved: frozenset[str]
    along: Mapping[str, str] = field(default_factory=dict)
    forms: Texts = field(default_factory=dict)
    axis: str = "axis"
    keepdims: str = "keepdims"
    pairs: str = "axes"  # of axes that are summed over in a tensor product
    in_place: bool = False  # whether arrays are built up by assignments
    steps_back: bool = True  # whether slices may have negative steps
    slices: bool = True  # whether what is put in place may be put by slices
    reads_all: bool = False  # whether a backward function takes all arguments of its forward function
    saves_inputs: bool = False  # whether all arguments are saved where something computed is
    mapped: str = ""  # how a function is mapped over an axis in front

    def function(self, name: str) -> str:
        """The function of that name in NumPy, as the language calls it."""
        return self.names.get(name) or f"{self.module}.{name}"

    def helper_text(self, name: str) -> str:
        """The definition of a helper; that of a matrix function stands in its row."""
        return self.helpers[name] if name in self.helpers else self.matrix_function(matrix_row(name))[1]

    # -- axes ----------------------------------------------------------------------------------------

    def over(self, axes: str, keepdims: bool = False) -> list[str]:
        """Arguments that say along which axes, "" for all of them, and whether these stay."""
        return [
            *([f"{self.axis}={axes}"] if axes else []),
            *([f"{self.keepdims}=True"] if keepdims else []),
        ]

    def reduced(self, name: str, array: Text, axes: str, keepdims: bool) -> Text:
        """A sum, product, mean or largest element over the axes, "" for all."""
        return call(self.function(name), array.text, *self.over(axes, keepdims))

    def permuted(self, array: Text, axes: Sequence[int]) -> Text:
        return Text(f"{array.within(ATOM)}.transpose({', '.join(map(str, axes))})")

    def reversed(self, array: Text, axis: int) -> Text:
        """The array backwards along an axis."""
        return Text(f"{array.within(ATOM)}[{', '.join([':'] * axis + ['::-1'])}]")

    def rolled(self, array: str, shift: str, axis: str) -> Text:
        return call(self.function("roll"), array, shift, *self.over(axis))

    def sorted(self, name: str, array: Text, axis: str) -> Text:
        """``sort`` or ``argsort``, equal elements in their order; the axis "" is the last."""
        return call(self.function(name), array.text, *self.over(axis))

    def summed_up(self, array: Text, axis: str, ndim: int) -> Text:
        """Running sums."""
        return call(self.function("cumsum"), array.text, *self.over(axis if ndim > 1 else ""))

    def solved(self, matrix: Text, right: Text, matrix_ndim: int, ndim: int) -> Text:
        """The solution of linear equations; one axis on the right is a vector, more are matrices."""
        return call(self.function("linalg.solve"), matrix.text, right.text)

    def matrix_function(self, row: MatrixRow) -> tuple[str, str]:
        """How the language writes a function of matrices, and the helper that this calls, or "".

        Raises
        ------
        DerivationError
            When the language has no form of it.
        """
        told = row.dialects.get(self.language, "")
        if told.startswith("def "):
            return f"{row.name}({{}})", told
        usual = row.text.removeprefix("np.")
        if told or (not row.helper and usual.partition("(")[0] in USUAL):
            return told or f"{self.module}.{usual}", ""
        raise DerivationError(
            f"source: {row.name} has no form in {self.called}; give one in the dialects= of its row, or "
            "ask for another language"
        )

    def taken(self, array: Text, index: str, axis: int, ndim: int) -> Text:
        """Rows of the array, along an axis other than the first."""
        return Text(f"{array.within(ATOM)}[{', '.join([':'] * axis + [index])}]")

    # -- arrays that are made ---------------------------------------------------------------------------

    def created(self, name: str, arguments: Sequence[str], kind: str, at: Context) -> Text:
        """A new array: ``kind`` "float" has the inputs' type, "int" and "bool" their own, "" the usual."""
        return call(self.function(name), *arguments, *self.typed(kind, at))

    def typed(self, kind: str, at: Context) -> list[str]:
        """Arguments that say of which type, and where, a new array is."""
        return [f"dtype={at.dtype() if kind == 'float' else self.type_name(kind)}"] if kind else []

    def type_name(self, kind: str) -> str:
        return kind

    def cast(self, array: Text, kind: str, at: Context, scalar: bool = False) -> Text:
        """The array in another type; ``scalar`` when it has no axes."""
        return Text(f"{array.within(ATOM)}.astype({at.dtype() if kind == 'float' else kind})")

    def indices(self, array: Text) -> Text:
        """Numbers as integers to index with."""
        return call(self.function("asarray"), array.text, "dtype=int")

    def repeated(self, array: Text, shape: str, scalar: bool) -> Text:
        """The array in a larger shape."""
        if scalar:
            return call(self.function("full"), shape, array.text)
        return call(self.function("broadcast_to"), array.text, shape)

    def own(self, array: Text) -> Text:
        """What shares memory with an argument, in memory of its own where that could be told."""
        return array

    def as_array(self, array: Text) -> Text:
        """What has no axes, as something to index."""
        return array

    def put(self, base: str, places: Sequence[str], part: str, add: bool) -> str:
        """The base with the part in these places, or added there; none are all of it."""
        raise NotImplementedError

    def position(self, text: str, at: Context) -> str:
        """A number as one place of an axis, beside arrays of them."""
        return text

    def as_part(self, text: Text, value: Value, at: Context) -> Text:
        """What is put in place, as an array."""
        return text

    # -- functions and element types --------------------------------------------------------------------

    def apply(self, name: str, args: Sequence[Text], values: Sequence[Value], at: Context) -> Text:
        """A function of every element of the values, whose texts ``args`` are."""
        if name in self.helpers:
            return call(at.helper(name, self), *(arg.text for arg in args))
        function = self.function(name)
        if "{}" in function:
            return Text(function.format(*(arg.text for arg in args)))
        return call(function, *(arg.text for arg in args))

    def type_lines(self, arrays: Sequence[str], dtype: bool, device: bool) -> list[str]:
        """The statements that say the element type, and the device, of the inputs."""
        of = ", ".join([*arrays, "0.0"])
        return [f"dtype = {self.function('result_type')}({of})"] if dtype else []

    def joined(self, joint: Joint) -> list[str]:
        """The definitions that make one function of a forward and a backward one."""
        return []
