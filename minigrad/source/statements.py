"""The statements of a generated function: what is named, shared, or too long for one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from minigrad.index.size import AnySize, Size, named_sizes
from minigrad.program import Program, Value, in_order
from minigrad.program.operations import ATOMS, BUILT_UP, VIEWS
from minigrad.source.arrays import indices_text
from minigrad.source.axes import shape_text
from minigrad.source.dialect import Dialect
from minigrad.source.dialects import DIALECTS, NUMPY
from minigrad.source.elementwise import is_python, scaled_by
from minigrad.source.layout import INDENT, WIDTH, Layout, Result
from minigrad.source.names import Identifiers
from minigrad.source.pieces import ATOM, Text, call, size_text
from minigrad.source.places import places_text, scattered_text, window_text
from minigrad.source.texts import expression
from minigrad.symbolic.budget import ask_for_time

# Views that are written again wherever they are used, as what is shorter than a name for it is.
_AGAIN = {"permute", "expand"}
# What is shorter than this is not worth a name, even where a line is too long.
_LEAST_NAMED = 12


class Statements:
    """Writes values in place or as statements, arguments before what uses them."""

    def __init__(self, program: Program, results: Sequence[Result], layout: Layout) -> None:
        self.results, self.layout = results, layout
        self.dialect: Dialect = DIALECTS[layout.language]
        self.names = Identifiers(self.dialect.reserved)
        self.reachable = list(in_order([r.value for r in results]))
        self.arguments = self._arguments()
        self.called = self._called(program)
        self.dims = {d: self.names.unique(d) for d in self._dim_names()}
        self.uses = self._uses()
        self.texts: dict[Value, Text] = {}
        self.assigned: set[Value] = set()
        self.lines: list[str] = []
        self.needed_dims: set[str] = set()
        self.needed_helpers: dict[tuple[str, str], tuple[str, str]] = {}  # called, and defined so
        self.needs_dtype = self.needs_device = self.needs_numpy = False

    def _arguments(self) -> dict[str, str]:
        """Variables that the program reads, with their argument names."""
        read = dict.fromkeys(v.params[0] for v in self.reachable if v.op == "variable")
        usual = (*self.layout.variables, *self.layout.saved)
        order = dict.fromkeys((*self.layout.arguments, *(n for n in usual if n in read), *read))
        names = {name: self.names.unique(name) for name in order}
        self.constants = {n: names.pop(n) for n in self.layout.constants if n in names}
        return names

    def _called(self, program: Program) -> dict[Value, str]:
        """The names of values that the user or the derivation named, first made first."""
        read = set(self.reachable)
        known = {name: value for value, name in program.names.items() if value in read}
        self.known = known
        order = dict.fromkeys((*self.layout.forward, *self.layout.backward, *known))
        return {known[name]: self.names.unique(name) for name in order if name in known}

    def _dim_names(self) -> list[str]:
        shapes = tuple(self.layout.variables.values())
        read = [(tuple(value.sizes), value.params) for value in self.reachable]
        return sorted({name for size in named_sizes(*shapes, *read) for name in size.names()})

    def _uses(self) -> Counter[Value]:
        uses: Counter[Value] = Counter(r.value for r in self.results)
        for value in reversed(self.reachable):
            times = uses[value] if value.op in _AGAIN else 1
            for arg in value.args:
                uses[arg] += times
        return uses

    def text(self, value: Value) -> Text:
        return self.texts[value]

    def is_inline(self, value: Value) -> bool:
        return value not in self.assigned and value.op not in ATOMS

    def spoken(self, value: Value) -> Dialect:
        if not is_python(value):
            return self.dialect
        self.needs_numpy = True
        return NUMPY

    def helper(self, name: str, dialect: Dialect) -> str:
        key = name, dialect.language
        if key not in self.needed_helpers:
            self.needed_helpers[key] = self.names.unique(name), dialect.helper_text(name)
        return self.needed_helpers[key][0]

    def size(self, size: AnySize) -> Text:
        if isinstance(size, Size):
            self.needed_dims |= size.names()
        return size_text(size, self.dims)

    def dtype(self) -> str:
        self.needs_dtype = True
        return "dtype"

    def device(self) -> str:
        self.needs_device = True
        return "device"

    def visit(self, value: Value) -> None:
        """Write the value in place or as a statement."""
        ask_for_time()
        if value.op == "variable":
            name = value.params[0]
            self.texts[value] = Text(self.arguments.get(name) or self.constants[name])
            self.needs_dtype |= name in self.constants and value.kind == "float"
            return
        if value.op in BUILT_UP and not self._is_matrix_diagonal(value):
            self.build_up(value)
            return
        name = self.called.get(value)
        self.texts[value] = self.fitted(value, len(name or "") + 3)
        shared = self.uses[value] > 1 and value.op not in ATOMS | _AGAIN
        if name is not None or shared:
            self.assign(value, name or self.names.fitting(value))

    def fitted(self, value: Value, left: int) -> Text:
        """The value's expression, parts of it named until it fits the line: the longest ones first."""
        room = WIDTH - len(INDENT) - left
        while True:
            text = self.rendered(value)
            excess = len(text.text) - room
            parts = sorted(set(self._inline_parts(value)), key=self._length_of)
            named = 0
            while excess > 0 and parts and len(self.texts[parts[-1]].text) >= _LEAST_NAMED:
                longest = parts.pop()
                excess -= len(self.texts[longest].text)
                self.assign(longest, self.names.fitting(longest))
                named += 1
            if not named:
                return text
            self._refresh(value)

    def _length_of(self, value: Value) -> tuple[int, int]:
        return len(self.texts[value].text), -value.serial

    def _inline_parts(self, value: Value) -> Iterator[Value]:
        for arg in value.args:
            if arg in self.assigned or arg.op in ATOMS:
                continue
            if arg.op in _AGAIN:
                yield from self._inline_parts(arg)
            else:
                yield arg

    def _refresh(self, value: Value) -> None:
        """Views in place are written again, since what they view has a name now."""
        for arg in value.args:
            if arg.op in _AGAIN and arg not in self.assigned:
                self._refresh(arg)
                self.texts[arg] = expression(arg, self)

    def assign(self, value: Value, name: str) -> None:
        self.lines.append(f"{name} = {self.texts[value].text}")
        self.texts[value] = Text(name)
        self.assigned.add(value)

    def rendered(self, value: Value) -> Text:
        if value.op == "embed":
            return self._matrix_diagonal(value)
        return expression(value, self)

    def _is_matrix_diagonal(self, value: Value) -> bool:
        if value.op != "embed" or value.ndim != 2:
            return False
        places = zip(value.params[0], value.sizes, strict=True)
        return all(place == ("axis", 0, 0, 1, size) for place, size in places)

    def _matrix_diagonal(self, value: Value) -> Text:
        inner = value.args[0]
        if inner.ndim == 1:
            return call(self.dialect.function("diag"), self.text(inner).text)
        eye = self.dialect.created("eye", [self.size(value.sizes[0]).text], "float", self)
        if inner.op == "number" and inner.params[0] == 1:
            return eye
        return scaled_by(inner, eye, self)

    def build_up(self, value: Value) -> None:
        """Zeros, or a base, and what stands in it."""
        name = self._in_place(value) if self.dialect.in_place else self._at_once(value)
        self.texts[value] = Text(name)
        self.assigned.add(value)

    def _at_once(self, value: Value) -> str:
        """In one statement, where nothing is changed."""
        name = self.name_of_built(value)
        if value.op == "embed_add":
            base, part = self.texts[value.args[0]], value.args[1]
        else:
            base, part = self._zeros(value), value.args[0]
        if value.op == "scatter":
            places = [indices_text(index, self).text for index in value.args[1:]]
        else:
            places = places_text(value.params[0], value.sizes, self)
        if len(self.texts[part].text) > WIDTH // 2 and self.is_inline(part):
            self.assign(part, self.names.fitting(part))
        text = self.dialect.as_part(self.texts[part], part, self).text
        added = value.op != "embed"
        self.lines.append(f"{name} = {self.dialect.put(base.within(ATOM), places, text, added)}")
        return name

    def _zeros(self, value: Value) -> Text:
        return self.dialect.created("zeros", [shape_text(value.sizes, self)], "float", self)

    def _in_place(self, value: Value) -> str:
        """Zeros, or a base of its own, and assignments."""
        if value.op == "embed_add":
            base, part = value.args
            name = self.base_to_add_to(value, base)
            self.put(window_text(name, value.params[0], value.sizes, self), "+=", part)
        else:
            name = self.name_of_built(value)
            self.lines.append(f"{name} = {self._zeros(value).text}")
            if value.op == "scatter":
                self.lines.append(scattered_text(name, value, self))
            else:
                window = window_text(name, value.params[0], value.sizes, self)
                self.put(window, "=", value.args[0])
        return name

    def put(self, target: str, sign: str, part: Value) -> None:
        """One assignment; what makes it too long gets a line of its own before it."""
        room = WIDTH - len(INDENT) - len(target) - len(sign) - 2
        if len(self.texts[part].text) > room and self.is_inline(part):
            self.assign(part, self.names.fitting(part))
        self.lines.append(f"{target} {sign} {self.texts[part].text}")

    def base_to_add_to(self, value: Value, base: Value) -> str:
        """The name of an array of its own that starts as the base."""
        text, strength = self.texts[base]
        if base.op in BUILT_UP and base in self.assigned and self.uses[base] == 1:
            if base not in self.called and value not in self.called:
                return text
        name = self.name_of_built(value)
        # a product may be written as its factor alone, where signs cancel: -(-p) is p itself
        fresh = strength < ATOM or "(" in text
        fresh = fresh and base not in self.assigned and base.op not in VIEWS | ATOMS
        self.lines.append(f"{name} = {text}" if fresh else f"{name} = np.array({text})")
        return name

    def name_of_built(self, value: Value) -> str:
        """The name that it was given, or the result's own for what is built up into one."""
        if value in self.called:
            return self.called[value]
        for result in self.results:
            top = result.value
            while top is not value and top.op == "embed_add":
                top = top.args[0]
            if top is value and result.name.isidentifier():
                return self.names.unique(result.name)
        return self.names.fitting(value)
