"""One standalone Python function for an array program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from minigrad.index.size import AnySize
from minigrad.program import Value, in_order
from minigrad.program.operations import VIEWS
from minigrad.source.axes import shape_text
from minigrad.source.constants import constant_text
from minigrad.source.dialect import signature
from minigrad.source.dialects import NUMPY
from minigrad.source.dims import dim_lines, plain_dims, said_by
from minigrad.source.layout import INDENT, WIDTH, Result, Source, indented
from minigrad.source.names import identifier, in_docstring, quoted
from minigrad.source.pieces import ATOM, Text
from minigrad.source.statements import Statements
from minigrad.source.wrapping import wrapped

_WORD, _QUOTED = re.compile(r"\w+"), re.compile(r'"[^"]*"')


class Function(Statements):
    """The statements with what stands around them: signature, docstring, sizes, helpers, result."""

    def write(self) -> Source:
        """The whole source."""
        definition = self.definition()
        source = Source("\n".join([*self.imports(), "", "", definition]))
        source.arguments = {argument: name for name, argument in self.arguments.items()}
        return source

    def definition(self) -> str:
        """The function alone."""
        forward = [v for v, _ in self._in_named_order(self.layout.forward)]
        backward = [v for v, _ in self._in_named_order(self.layout.backward)]
        for value in in_order(forward):
            self.visit(value)
        cut = len(self.lines)
        for value in in_order([*backward, *(r.value for r in self.results)]):
            if value not in self.texts:
                self.visit(value)
        return self.laid_out(cut if backward else 0, self.returned())

    def _in_named_order(self, names: Sequence[str]) -> list[tuple[Value, str]]:
        return [(self.known[name], name) for name in names if name in self.known]

    def returned(self) -> str:
        """The expression that the function returns: a dict by key, or without keys one array or several."""
        if len(self.results) == 1 and self.results[0].key is None:
            return self.final(self.results[0]).text
        return self.by_key(self.results)

    def by_key(self, results: Sequence[Result]) -> str:
        """A dict of the results."""
        items: list[str] = []
        for result in results:
            text = self.final(result).text
            if not text.isidentifier() or text in self.arguments.values():
                name = self.names.unique(result.name)
                self.lines.append(f"{name} = {text}")
                text = name
            items.append(text if result.key is None else f"{key_text(result.key)}: {text}")
        keyed = any(result.key is not None for result in self.results)
        return "{" + ", ".join(items) + "}" if keyed else ", ".join(items)

    def final(self, result: Result) -> Text:
        """A result in the shape that its variable has, in memory of its own."""
        value, text = result.value, self.texts[result.value]
        if self._is_view_of_argument(value):
            text = self.dialect.own(text)
        if value.kind == "weak":
            return self.dialect.created(
                "full", [shape_text(result.shape, self), text.text], "float", self
            )
        if len(result.shape) > value.ndim:
            ones = ["None" if size == 1 else ":" for size in result.shape]
            text = self.dialect.as_array(text) if value.ndim == 0 else text
            text = Text(f"{text.within(ATOM)}[{', '.join(ones)}]")
        return text

    def _is_view_of_argument(self, value: Value) -> bool:
        while value.op in VIEWS:
            value = value.args[0]
        return value.op == "variable"

    def laid_out(self, cut: int, returned: str) -> str:
        dims, squeezes = self.dim_lines([*self.lines, returned])
        helpers = self.helper_blocks()
        constants = self.constant_lines()
        setup = [*dims, *squeezes, *self.type_lines(), *constants]
        body = [block for block in (setup, self.lines[:cut], self.lines[cut:]) if block]
        parts = indented(self.docstring())
        for helper in helpers:
            parts += ["", *indented(helper)]
        for block in body:
            parts += ["", *(row for line in block for row in _indented(line))]
        if helpers and not body:
            parts.append("")
        parts += _indented(f"return {returned}")
        return "\n".join([*self.signature(), *parts, ""])

    def sizes_of(self, name: str) -> Sequence[AnySize]:
        """The shape of an argument."""
        return self.layout.variables.get(name) or self.layout.saved.get(name, ())

    def signature(self) -> list[str]:
        return signature(identifier(self.layout.name), [*self.arguments.values()])

    def docstring(self) -> list[str]:
        summary = in_docstring(self.layout.summary)
        shapes = []
        for name, argument in self.arguments.items():
            sizes = self.sizes_of(name)
            shape = in_docstring(", ".join(map(str, sizes)) + ("," if len(sizes) == 1 else ""))
            shapes.append(f"{argument} ({shape})" if sizes else f"{argument} a number")
        if not shapes:
            return [f'"""{summary}"""']
        lines, row = [], "Shapes: "
        for k, shape in enumerate(shapes):
            piece = shape + ("," if k < len(shapes) - 1 else ".")
            if len(row) + len(piece) > WIDTH - len(INDENT):
                lines.append(row.rstrip())
                row = ""
            row += piece + " "
        return [f'"""{summary}', "", *lines, row.rstrip(), '"""']

    def helper_blocks(self) -> list[list[str]]:
        blocks = []
        for (name, _), (called, text) in sorted(self.needed_helpers.items()):
            blocks.append(text.replace(f"def {name}(", f"def {called}(").rstrip().split("\n"))
        return blocks

    def imports(self) -> list[str]:
        """What the text reads: the language's own modules, NumPy for Python numbers, math for helpers."""
        texts = [text for _, text in self.needed_helpers.values()]
        lines = ["import math", ""] if any("math." in text for text in texts) else []
        others = [line for line in NUMPY.imports if self.needs_numpy]
        return [*lines, *dict.fromkeys([*self.dialect.imports, *others])]

    def dim_lines(self, body: Sequence[str]) -> tuple[list[str], list[str]]:
        """Dims read from the shapes of arguments, and axes of length 1 taken off."""
        # a size that a sum is divided by is written, and gone where that is a mean
        words = set(_WORD.findall(_QUOTED.sub("", "\n".join(body))))
        needed = {d for d in self.needed_dims if self.dims[d] in words}
        self._arguments_for_dims(set(needed))
        shapes = {a: self.sizes_of(n) for n, a in self.arguments.items()}
        lines = dim_lines(needed, shapes, self.dims)
        squeezes = []
        for name, argument in self.arguments.items():
            sizes = list(self.layout.variables.get(name, ()))
            if 1 in sizes:
                entries = ["0" if s == 1 else ":" for s in sizes]
                squeezes.append(f"{argument} = {argument}[{', '.join(entries)}]")
        return lines, squeezes

    def _arguments_for_dims(self, missing: set[str]) -> None:
        """Variables that are read only for their shape or element type."""
        read = [self.sizes_of(name) for name in self.arguments]
        plain = plain_dims(read)
        have = {d for sizes in read for d in said_by(sizes, plain)}
        left = missing - have
        for name, sizes in self.layout.variables.items():
            if name in self.layout.constants:
                continue
            carried = said_by(sizes, plain)
            if left & carried or ((self.needs_dtype or self.needs_device) and not self.arguments):
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
            f"{argument} = "
            + constant_text(self.layout.constants[name], kinds[name] == "float", self)
            for name, argument in self.constants.items()
        ]

    def type_lines(self) -> list[str]:
        read = {v.params[0] for v in self.reachable if v.op == "variable" and v.kind == "float"}
        floats = [a for n, a in self.arguments.items() if n in read] or list(
            self.arguments.values()
        )[:1]
        return self.dialect.type_lines(floats, self.needs_dtype, self.needs_device)


def _indented(line: str) -> list[str]:
    return indented(wrapped(line, WIDTH - len(INDENT)))


def key_text(key: Any) -> str:
    """A key of the returned dict, in double quotes."""
    if isinstance(key, tuple):
        return f"({', '.join(map(key_text, key))})"
    return quoted(str(key))
