"""The lines of a step: each kernel a call, and each array that stays where it is a line before all steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.compiled.kernels import LOWEST, TINY
from minigrad.compiled.memory import ELEMENTWISE, WRITERS, Layout, Pool, laid_out
from minigrad.compiled.sized import elements
from minigrad.index.size import AnySize
from minigrad.program.functions import OF_SCIPY
from minigrad.program.operations import ATOMS, BUILT_UP, VIEWS
from minigrad.program.value import Value, in_order, subscripts
from minigrad.source.axes import axis_text, shape_text
from minigrad.source.dialect import Dialect
from minigrad.source.dialects import NUMPY
from minigrad.source.names import Identifiers, quoted
from minigrad.source.pieces import ADD, ATOM, MULTIPLY, UNARY, Text, size_text
from minigrad.source.places import scattered_text, window_text
from minigrad.source.texts import expression

_SIGNS = {
    "add": ("+", ADD),
    "subtract": ("-", ADD),
    "multiply": ("*", MULTIPLY),
    "divide": ("/", MULTIPLY),
}


@dataclass(frozen=True)
class Bound:
    """One result: what it is called, its value, and the shape of its array."""

    name: str
    value: Value
    shape: tuple[AnySize, ...]


class Lines:
    """Writes each kernel as a line, and each array that stays where it is as a line before all steps."""

    dialect: Dialect = NUMPY

    def __init__(
        self,
        results: Sequence[Bound],
        variables: Mapping[str, Sequence[AnySize]],
        sizes: Mapping[str, int],
        constants: Mapping[str, Any],
    ) -> None:
        self.results, self.variables, self.sizes = results, variables, sizes
        self.constants = constants
        self.order = list(in_order([r.value for r in results]))
        self.layout: Layout = laid_out(self.order)
        self.names = Identifiers(NUMPY.reserved)
        self.names.taken |= {"prepare", "step", "special", LOWEST, TINY}
        self.fresh = {self.layout.bases[r.value] for r in results}
        self.last = self._last_uses()
        self.pool = Pool()
        self.slots: dict[Value, int] = {}
        self.texts: dict[Value, Text] = {}
        self.setup: list[str] = []
        self.body: list[str] = []
        self.helpers: dict[str, str] = {}
        self.arguments = self._arguments()
        self.numbers: dict[str, str] = {}

    def _last_uses(self) -> dict[Value, int]:
        last: dict[Value, int] = {}
        for k, value in enumerate(self.order):
            for arg in value.args:
                last[self.layout.bases[arg]] = k
        return last

    def _arguments(self) -> dict[str, str]:
        read = [v.params[0] for v in self.order if v.op == "variable"]
        order = dict.fromkeys((*(n for n in self.variables if n in read), *read))
        return {name: self.names.unique(name) for name in order}

    # -- what the text of an operation may ask -----------------------------------------------------------

    def text(self, value: Value) -> Text:
        return self.texts[value]

    def is_inline(self, value: Value) -> bool:
        return False

    def spoken(self, value: Value) -> Dialect:
        return NUMPY

    def helper(self, name: str, dialect: Dialect) -> str:
        return self.helpers.setdefault(name, self.names.unique(name))

    def size(self, size: AnySize) -> Text:
        return size_text(size, {})

    def dtype(self) -> str:
        return "dtype"

    def device(self) -> str:
        raise NotImplementedError  # NumPy has one

    # -- each value -----------------------------------------------------------------------------------------

    def visit(self, k: int, value: Value) -> None:
        self.texts[value] = self._written(k, value)
        for base in dict.fromkeys(self.layout.bases[arg] for arg in value.args):
            if self.last[base] == k and base in self.slots:
                slot = self.slots.pop(base)
                if slot not in self.slots.values():
                    self.pool.free.append(slot)

    def _written(self, k: int, value: Value) -> Text:
        if value.op == "variable":
            return Text(self.arguments[value.params[0]])
        if value.op == "ones":
            name = self.names.unique("ones")
            self.setup.append(f"{name} = np.ones({value.sizes[0]}, dtype)")
            return Text(name)
        if value.op == "tiny":
            return Text(TINY)
        if value.op in ATOMS or value.kind == "weak":
            return expression(value, self)
        if value.op in VIEWS:
            return self._view(value)
        if value.op == "ufunc" and value.ndim == 0:
            return self._local(value, self._scalar(value))
        if value.op in WRITERS and value.ndim and value not in self.fresh:
            return self._in_buffer(k, value)
        if value.op in WRITERS:
            return self._local(value, Text(self._call(value, None)))
        if value.op in BUILT_UP:
            return self._built_up(value)
        text = expression(value, self)
        if value.op == "matrix_function":  # some compute in double precision whatever they are given
            text = Text(f"{text.within(ATOM)}.astype(dtype, copy=False)")
        return self._local(value, text)

    def _local(self, value: Value, text: Text) -> Text:
        name = self.names.fitting(value)
        self.body.append(f"{name} = {text.text}")
        return Text(name)

    def _view(self, value: Value) -> Text:
        text = expression(value, self)
        base = self.layout.bases[value.args[0]]
        if base not in self.slots:
            return text
        if self.layout.is_view(value):
            name = self.names.fitting(value)
            self.setup.append(f"{name} = {text.text}")
            return Text(name)
        if value.op != "reshape" or value in self.fresh:
            return self._local(value, text)  # a copy, made now: the buffer is another array's soon
        target = self._placed(value)
        arg = value.args[0]
        shaped = f"{target}.reshape{shape_text(arg.sizes, self)}"
        name = self.names.fitting(value)
        self.setup.append(f"{name} = {shaped}")
        self.body.append(f"np.copyto({name}, {self.texts[arg].text})")
        return Text(target)

    def _placed(self, value: Value) -> str:
        """A new name for the value's place in a buffer."""
        self.slots[value] = slot = self.pool.taken(value)
        order = self.layout.order(value) if value.op != "reshape" else tuple(range(value.ndim))
        shape = [value.sizes[k] for k in order]
        count = elements(value)
        inner = ", ".join(map(str, shape))
        text = f"buffer_{slot}[:{count}].reshape({inner})"
        if list(order) != sorted(order):
            back = sorted(range(len(order)), key=lambda k: order[k])
            text += f".transpose({', '.join(map(str, back))})"
        name = self.names.fitting(value)
        self.setup.append(f"{name} = {text}")
        return name

    def _in_buffer(self, k: int, value: Value) -> Text:
        own = self._own_place(k, value)
        if own is not None:
            name = self.texts[own].text
            self.slots[value] = self.slots[self.layout.bases[own]]
        else:
            name = self._placed(value)
        self.body.append(self._call(value, name))
        return Text(name)

    def _own_place(self, k: int, value: Value) -> Value | None:
        """An argument that ends here, and whose place is right for the value."""
        if value.op not in ELEMENTWISE:
            return None
        mine = self.layout.arrays[value]
        for arg in value.args if value.op == "ufunc" else value.args[:1]:
            base = self.layout.bases[arg]
            theirs = self.layout.arrays[arg]
            if (
                base in self.slots
                and self.last[base] == k
                and arg.kind == value.kind
                and theirs.shape == mine.shape
                and theirs.strides == mine.strides
                and theirs.size == self.layout.arrays[base].size
            ):
                return arg
        return None

    # -- calls --------------------------------------------------------------------------------------------------

    def _scalar(self, value: Value) -> Text:
        """An operation on numbers as Python writes it."""
        (name,) = value.params
        args = [self.texts[arg] for arg in value.args]
        if name in _SIGNS:
            sign, strength = _SIGNS[name]
            return Text(f"{args[0].within(strength)} {sign} {args[1].within(UNARY)}", strength)
        return Text(self._call(value, None))

    def _call(self, value: Value, out: str | None) -> str:
        args = [self.texts[arg].text for arg in value.args]
        more = [] if out is None else [out]
        match value.op:
            case "ufunc":
                home = "special" if value.params[0] in OF_SCIPY else "np"
                if out is not None and value.params[0] in ("maximum", "minimum"):
                    more = [f"out={out}"]  # by place it is deprecated for these two
                if value.ndim and all(v.op == "number" or v.kind == "float" for v in value.args):
                    pairs = zip(value.args, args, strict=True)
                    args = [self._number(v) if v.op == "number" else text for v, text in pairs]
                return f"{home}.{value.params[0]}({', '.join([*args, *more])})"
            case "reduce":
                return self._reduced(value, args[0], out)
            case "einsum":
                a, b, c = map(subscripts, value.params)
                more = [] if out is None else [f"out={out}"]
                return f"np.einsum({', '.join([quoted(f'{a},{b}->{c}'), *args, *more])})"
            case "choose":
                if out is None:
                    return f"np.where({args[1]}, {args[2]}, {args[0]})"
                if out != args[0]:
                    self.body.append(f"np.copyto({out}, {args[0]})")
                return f"np.copyto({out}, {args[2]}, where={args[1]})"
            case "exp_where":
                if out is None:
                    return f"np.where({args[2]}, 0, np.exp({args[0]}))"
                self.body.append(f"np.exp({args[0]}, {out}, where={args[1]})")
                return f"np.copyto({out}, 0, where={args[2]})"
        if value.op == "matmul" and all(arg.ndim <= 2 for arg in value.args):
            if out is None or self.layout.arrays[value].flags.c_contiguous:
                matrix, *others = args
                return f"{matrix}.dot({', '.join([*others, *more])})"
        return f"np.{value.op}({', '.join([*args, *more])})"

    def _number(self, value: Value) -> str:
        """A number beside arrays, as an array without axes: that spares NumPy to convert it at each call."""
        text = self.texts[value].text
        if text not in self.numbers:
            self.numbers[text] = self.names.unique("c")
        return self.numbers[text]

    def _reduced(self, value: Value, arg: str, out: str | None) -> str:
        name, axes, keep, start = value.params
        ndim = value.args[0].ndim
        axis = "None" if len(axes) == ndim else axis_text(axes, ndim)
        parts = [arg, axis, "None", out or "None", str(keep), start]
        if not start:
            parts.pop()
            if not keep:
                parts.pop()
                parts = parts if out else parts[:2]
        return f"np.{name}.reduce({', '.join(parts)})"

    def _built_up(self, value: Value) -> Text:
        """Zeros, or a base, and then what stands in it."""
        name = self.names.fitting(value)
        if value.op == "embed_add":
            base, part = value.args
            self.body.append(f"{name} = np.array({self.texts[base].text})")
            window = window_text(name, value.params[0], value.sizes, self)
            self.body.append(f"{window} += {self.texts[part].text}")
            return Text(name)
        self.body.append(f"{name} = np.zeros({shape_text(value.sizes, self)}, dtype)")
        if value.op == "scatter":
            self.body.append(scattered_text(name, value, self))
        else:
            window = window_text(name, value.params[0], value.sizes, self)
            self.body.append(f"{window} = {self.texts[value.args[0]].text}")
        return Text(name)
