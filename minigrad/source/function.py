"""One standalone Python function for an array program: what is named or shared is a statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minigrad.index.size import AnySize, Size
from minigrad.source.helpers import HELPERS, NEED_MATH
from minigrad.source.names import Names, identifier
from minigrad.source.numpy_text import (
    call,
    entry_text,
    expression,
    positions_text,
    shape_text,
    subscripts,
)
from minigrad.source.pieces import ATOM, Part, Text, product_text, size_text
from minigrad.symbolic.program import Program, Value, in_order

_INDENT = "    "
_WIDTH = 88
# Views, and what is shorter than a name for it: written again wherever it is used.
_VIEWS = {"permute", "expand"}
_ATOMS = {"variable", "number", "constant", "size"}
_BUILT_UP = {"embed", "embed_add", "scatter"}
# What shares memory with its argument.
_ALIASES = {"variable", "permute", "expand", "index", "reshape", "broadcast", "diagonal"}


@dataclass(frozen=True)
class Layout:
    """What a function is called and how it is laid out.

    ``variables`` holds every variable's sizes as its array has them, axes of length 1 included, in the
    order of the arguments. ``forward`` and ``backward`` are names in the order of their statements.
    ``constants`` are small arrays without a name of the user's, written out in the function.
    """

    name: str
    summary: str
    variables: Mapping[str, Sequence[AnySize]]
    forward: Sequence[str] = ()
    backward: Sequence[str] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One result: its key in what is returned, the name of its statement, its value and shape."""

    key: Any
    name: str
    value: Value
    shape: tuple[AnySize, ...]


class Writer:
    """Writes the statements of one function."""

    def __init__(self, program: Program, results: Sequence[Result], layout: Layout) -> None:
        self.results, self.layout = results, layout
        self.names = Names()
        self.reachable = list(in_order([r.value for r in results]))
        self.arguments = self._arguments()
        self.called = self._called(program)
        self.dims = {d: self.names.unique(d) for d in self._dim_names()}
        self.uses = self._uses()
        self.texts: dict[Value, Text] = {}
        self.assigned: set[Value] = set()
        self.lines: list[str] = []
        self.needed_dims: set[str] = set()
        self.needed_helpers: dict[str, str] = {}
        self.needs_dtype = False

    def _arguments(self) -> dict[str, str]:
        """Variables that the program reads, with their argument names."""
        read = {v.params[0] for v in self.reachable if v.op == "variable"}
        order = [name for name in self.layout.variables if name in read]
        order += [v.params[0] for v in self.reachable if v.op == "variable" and v.params[0] not in order]
        names = {name: self.names.unique(name) for name in dict.fromkeys(order)}
        self.constants = {n: names.pop(n) for n in self.layout.constants if n in names}
        return names

    def _called(self, program: Program) -> dict[Value, str]:
        """The names of values that the user or the derivation named, first made first."""
        known = {name: value for value, name in program.names.items() if value in set(self.reachable)}
        order = [n for n in (*self.layout.forward, *self.layout.backward) if n in known]
        order += [n for n in known if n not in order]
        return {known[name]: self.names.unique(name) for name in order}

    def _dim_names(self) -> list[str]:
        sizes = [size for shape in self.layout.variables.values() for size in shape]
        sizes += [size for value in self.reachable for size in value.sizes]
        return sorted({name for size in sizes if isinstance(size, Size) for name in size.names()})

    def _uses(self) -> Counter[Value]:
        uses: Counter[Value] = Counter(r.value for r in self.results)
        for value in reversed(self.reachable):
            times = uses[value] if value.op in _VIEWS else 1
            for arg in value.args:
                uses[arg] += times
        return uses

    # -- what the text of an operation asks for ---------------------------------------------------------

    def text(self, value: Value) -> Text:
        return self.texts[value]

    def is_inline(self, value: Value) -> bool:
        return value not in self.assigned and value.op not in _ATOMS

    def helper(self, name: str) -> str:
        if name not in self.needed_helpers:
            self.needed_helpers[name] = self.names.unique(name)
        return self.needed_helpers[name]

    def size(self, size: AnySize) -> Text:
        if isinstance(size, Size):
            self.needed_dims |= size.names()
        return size_text(size, self.dims)

    def dtype(self) -> str:
        self.needs_dtype = True
        return "dtype"

    # -- statements --------------------------------------------------------------------------------------

    def write(self) -> str:
        """The whole source."""
        forward = [v for v, _ in self._in_named_order(self.layout.forward)]
        backward = [v for v, _ in self._in_named_order(self.layout.backward)]
        for value in in_order(forward):
            self.visit(value)
        cut = len(self.lines)
        for value in in_order([*backward, *(r.value for r in self.results)]):
            if value not in self.texts:
                self.visit(value)
        returned = self.returned()
        return self.laid_out(cut if backward else 0, returned)

    def _in_named_order(self, names: Sequence[str]) -> list[tuple[Value, str]]:
        wanted = {identifier(name): k for k, name in enumerate(names)}
        found = [(v, n) for v, n in self.called.items() if n in wanted]
        return sorted(found, key=lambda pair: wanted[pair[1]])

    def visit(self, value: Value) -> None:
        """Write the value in place or as a statement."""
        if value.op == "variable":
            name = value.params[0]
            self.texts[value] = Text(self.arguments.get(name) or self.constants[name])
            self.needs_dtype |= name in self.constants and value.kind == "float"
            return
        if value.op in _BUILT_UP and not self._is_matrix_diagonal(value):
            self.build_up(value)
            return
        name = self.called.get(value)
        self.texts[value] = self.fitted(value, len(name or "") + 3)
        shared = self.uses[value] > 1 and value.op not in _ATOMS | _VIEWS
        if name is not None or shared:
            self.assign(value, name or self.names.fitting(value))

    def fitted(self, value: Value, left: int) -> Text:
        """The value's expression, parts of it named until it fits the line."""
        while True:
            text = self.rendered(value)
            if len(text.text) + left + len(_INDENT) <= _WIDTH:
                return text
            candidates = list(self._inline_parts(value))
            if not candidates:
                return text
            longest = max(candidates, key=lambda v: (len(self.texts[v].text), -v.serial))
            if len(self.texts[longest].text) < 12:
                return text
            self.assign(longest, self.names.fitting(longest))
            self._refresh(value)

    def _inline_parts(self, value: Value) -> Iterator[Value]:
        for arg in value.args:
            if arg in self.assigned or arg.op in _ATOMS:
                continue
            if arg.op in _VIEWS:
                yield from self._inline_parts(arg)
            else:
                yield arg

    def _refresh(self, value: Value) -> None:
        """Views in place are written again, since what they view has a name now."""
        for arg in value.args:
            if arg.op in _VIEWS and arg not in self.assigned:
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

    # -- arrays that are built up ---------------------------------------------------------------------------

    def _is_matrix_diagonal(self, value: Value) -> bool:
        if value.op != "embed" or value.ndim != 2:
            return False
        sizes, places = value.params
        return all(p == ("axis", 0, 0, 1, size) for p, size in zip(places, sizes, strict=True))

    def _matrix_diagonal(self, value: Value) -> Text:
        inner = value.args[0]
        if inner.ndim == 1:
            return call("np.diag", self.text(inner).text)
        eye = call("np.eye", self.size(value.sizes[0]).text, f"dtype={self.dtype()}")
        if inner.op == "number" and inner.params[0] == 1:
            return eye
        return product_text(1, [Part(self.text(inner), 1, True, inner.kind == "weak"), Part(eye)])

    def build_up(self, value: Value) -> None:
        """Zeros, or a base, and then what stands in it."""
        if value.op == "embed_add":
            base, part = value.args
            name = self.base_to_add_to(value, base)
            self.put(self.window(name, value.params[0], value.sizes), "+=", part)
        else:
            name = self.name_of_built(value)
            self.lines.append(f"{name} = np.zeros({shape_text(value.sizes, self)}, dtype={self.dtype()})")
            if value.op == "scatter":
                self.lines.append(self.scattered(name, value))
            else:
                window = self.window(name, value.params[1], value.sizes)
                self.put(window, "=", value.args[0])
        self.texts[value] = Text(name)
        self.assigned.add(value)

    def put(self, target: str, sign: str, part: Value) -> None:
        """One assignment; what makes it too long gets a line of its own before it."""
        room = _WIDTH - len(_INDENT) - len(target) - len(sign) - 2
        if len(self.texts[part].text) > room and self.is_inline(part) and part.op not in _VIEWS:
            self.assign(part, self.names.fitting(part))
        self.lines.append(f"{target} {sign} {self.texts[part].text}")

    def base_to_add_to(self, value: Value, base: Value) -> str:
        """The name of an array of its own that starts as the base."""
        text = self.texts[base].text
        if base.op in _BUILT_UP and base in self.assigned and self.uses[base] == 1:
            if base not in self.called and value not in self.called:
                return text
        name = self.name_of_built(value)
        fresh = base not in self.assigned and base.op not in _ALIASES
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

    def window(self, name: str, places: Sequence[Any], sizes: Sequence[AnySize]) -> str:
        """The elements at the places, to assign or add to."""
        entries: list[str] = []
        labels: list[int] = []
        for place, size in zip(places, sizes, strict=True):
            if place[0] == "at":
                entries.append(self.size(place[1]).text)
            else:
                _, label, start, step, length = place
                entries.append(entry_text((start, step, length), size, self))
                labels.append(label)
        while entries and entries[-1] == ":":
            entries.pop()
        target = f"{name}[{', '.join(entries)}]" if entries else name
        if labels == sorted(set(labels)):
            return target if entries else f"{name}[...]"
        spec = f"{subscripts(labels)}->{subscripts(sorted(set(labels)))}"
        return f'np.einsum("{spec}", {target})[...]'

    def scattered(self, name: str, value: Value) -> str:
        part, *indices = value.args
        where = ", ".join(positions_text(index, self).text for index in indices)
        if len(indices) > 1:
            where = f"({where})"
        if value.params[1] == 0:
            return f"{name}[{where.strip('()')}] += {self.texts[part].text}"
        return f"np.add.at({name}, {where}, {self.texts[part].text})"

    # -- the whole ------------------------------------------------------------------------------------------

    def returned(self) -> str:
        """The expression that the function returns."""
        if len(self.results) == 1 and self.results[0].key is None:
            return self.final(self.results[0]).text
        items: list[str] = []
        for result in self.results:
            text = self.final(result).text
            if not text.isidentifier() or text in self.arguments.values():
                name = self.names.unique(result.name)
                self.lines.append(f"{name} = {text}")
                text = name
            items.append(f"{_key_text(result.key)}: {text}")
        return self._braced(items)

    def _braced(self, items: Sequence[str]) -> str:
        line = "{" + ", ".join(items) + "}"
        if len(line) + len("    return ") <= _WIDTH:
            return line
        inner = "".join(f"{_INDENT * 2}{item},\n" for item in items)
        return "{\n" + inner + _INDENT + "}"

    def final(self, result: Result) -> Text:
        """A result in the shape that its variable has, in memory of its own."""
        value, text = result.value, self.texts[result.value]
        if value.op in _ALIASES and self._is_view_of_argument(value):
            text = Text(f"{text.within(ATOM)}.copy()")
        if value.kind == "weak":
            return call("np.full", shape_text(result.shape, self), text.text, f"dtype={self.dtype()}")
        if len(result.shape) > value.ndim:
            ones = ["None" if size == 1 else ":" for size in result.shape]
            text = Text(f"np.asarray({text.text})" if value.ndim == 0 else text.within(ATOM))
            text = Text(f"{text.text}[{', '.join(ones)}]")
        return text

    def _is_view_of_argument(self, value: Value) -> bool:
        while value.op in _ALIASES and value.args:
            value = value.args[0]
        return value.op == "variable"

    def laid_out(self, cut: int, returned: str) -> str:
        dims, squeezes = self.dim_lines()
        helpers = self.helper_blocks()
        setup = [*dims, *squeezes]
        if self.needs_dtype:
            setup.append(self.dtype_line())
        setup += self.constant_lines()
        body = [block for block in (setup, self.lines[:cut], self.lines[cut:]) if block]
        imports = ["import numpy as np"]
        if NEED_MATH & self.needed_helpers.keys():
            imports.insert(0, "import math\n")
        parts = [f"{_INDENT}{line}" if line else "" for line in self.docstring()]
        for helper in helpers:
            parts += ["", *(f"{_INDENT}{line}" if line else "" for line in helper)]
        for block in body:
            parts += ["", *(f"{_INDENT}{line}" for line in block)]
        if helpers and not body:
            parts.append("")
        parts.append(f"{_INDENT}return {returned}")
        return "\n".join([*imports, "", "", *self.signature(), *parts, ""])

    def signature(self) -> list[str]:
        name = identifier(self.layout.name)
        arguments = list(self.arguments.values())
        line = f"def {name}({', '.join(arguments)}):"
        if len(line) <= _WIDTH:
            return [line]
        return [f"def {name}(", *(f"{_INDENT}{a}," for a in arguments), "):"]

    def docstring(self) -> list[str]:
        shapes = []
        for name, argument in self.arguments.items():
            sizes = self.layout.variables.get(name, ())
            shape = ", ".join(map(str, sizes)) + ("," if len(sizes) == 1 else "")
            shapes.append(f"{argument} ({shape})" if sizes else f"{argument} a number")
        if not shapes:
            return [f'"""{self.layout.summary}"""']
        lines, row = [], "Shapes: "
        for k, shape in enumerate(shapes):
            piece = shape + ("," if k < len(shapes) - 1 else ".")
            if len(row) + len(piece) > _WIDTH - len(_INDENT):
                lines.append(row.rstrip())
                row = ""
            row += piece + " "
        return [f'"""{self.layout.summary}', "", *lines, row.rstrip(), '"""']

    def helper_blocks(self) -> list[list[str]]:
        blocks = []
        for name in sorted(self.needed_helpers):
            text = HELPERS[name].replace(f"def {name}(", f"def {self.needed_helpers[name]}(")
            blocks.append(text.rstrip().split("\n"))
        return blocks

    def dim_lines(self) -> tuple[list[str], list[str]]:
        """Dims read from the shapes of arguments, and axes of length 1 taken off."""
        lines: list[str] = []
        missing = set(self.needed_dims)
        self._arguments_for_dims(missing)
        for name, argument in self.arguments.items():
            sizes = list(self.layout.variables.get(name, ()))
            new = [s.name for s in sizes if isinstance(s, Size) and s.name in missing]
            fresh = [s for s in dict.fromkeys(new) if s is not None]
            if len(sizes) > 1 and len(fresh) == len(sizes):
                lines.append(f"{', '.join(self.dims[d] for d in fresh)} = {argument}.shape")
            else:
                for d in fresh:
                    axis = next(k for k, s in enumerate(sizes) if isinstance(s, Size) and s.name == d)
                    lines.append(f"{self.dims[d]} = {argument}.shape[{axis}]")
            missing -= set(fresh)
        squeezes = []
        for name, argument in self.arguments.items():
            sizes = list(self.layout.variables.get(name, ()))
            if 1 in sizes:
                entries = ["0" if s == 1 else ":" for s in sizes]
                squeezes.append(f"{argument} = {argument}[{', '.join(entries)}]")
        return lines, squeezes

    def _arguments_for_dims(self, missing: set[str]) -> None:
        """Variables that are read only for their shape or element type."""
        have = {
            s.name for name in self.arguments for s in self.layout.variables.get(name, ())
            if isinstance(s, Size)
        }  # fmt: skip
        left = missing - have
        for name, sizes in self.layout.variables.items():
            if name in self.layout.constants:
                continue
            carried = {s.name for s in sizes if isinstance(s, Size)}
            if left & carried or (self.needs_dtype and not self.arguments):
                self._add_argument(name)
                left -= carried
        for d in sorted(left):
            self.arguments.setdefault(d, self.dims[d])

    def _add_argument(self, name: str) -> None:
        chosen = {**self.arguments, name: self.arguments.get(name) or self.names.unique(name)}
        order = [n for n in self.layout.variables if n in chosen]
        self.arguments = {n: chosen[n] for n in (*order, *(n for n in chosen if n not in order))}

    def constant_lines(self) -> list[str]:
        """Small arrays of the graph that have no name, as they are."""
        kinds = {v.params[0]: v.kind for v in self.reachable if v.op == "variable"}
        return [
            f"{argument} = np.array({self.layout.constants[name].tolist()}"
            + (", dtype=dtype)" if kinds[name] == "float" else ")")
            for name, argument in self.constants.items()
        ]

    def dtype_line(self) -> str:
        read = {v.params[0] for v in self.reachable if v.op == "variable" and v.kind == "float"}
        floats = [a for n, a in self.arguments.items() if n in read] or list(self.arguments.values())[:1]
        return f"dtype = np.result_type({', '.join([*floats, '0.0'])})"


def _key_text(key: Any) -> str:
    """A key of the returned dict, in double quotes."""
    if isinstance(key, tuple):
        return f"({', '.join(map(_key_text, key))})"
    return '"' + str(key).replace("\\", "\\\\").replace('"', '\\"') + '"'


__all__ = ["Layout", "Result", "Writer"]
