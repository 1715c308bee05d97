"""A function with its derivative: a forward and a backward function, and what a language joins them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from minigrad.errors import DerivationError
from minigrad.index.size import AnySize
from minigrad.program import Program, Value, program
from minigrad.program.split import split
from minigrad.source.constants import is_written_out
from minigrad.source.dialect import Joint
from minigrad.source.dialects import DIALECTS
from minigrad.source.function import Function
from minigrad.source.layout import INDENT, WIDTH, Layout, Result, Source
from minigrad.source.names import Identifiers, identifier, in_docstring
from minigrad.source.write import Written, check_language

# A docstring lists so many arrays, and counts more.
_MOST_LISTED = 16


@dataclass(frozen=True)
class Asked:
    """What is written: outputs and gradients, and the graph that they belong to.

    ``cotangents`` are the variables that stand for gradients by the outputs, and ``variables`` the sizes of all
    others in the order of the arguments. ``before`` and ``after`` are names in the order of their
    statements. ``summary`` is the first line of the backward function's docstring.
    """

    outputs: Sequence[Written]
    gradients: Sequence[Written]
    cotangents: Mapping[str, Sequence[AnySize]]
    variables: Mapping[str, Sequence[AnySize]]
    before: Sequence[str]
    after: Sequence[str]
    sizes: Mapping[str, int]
    constants: Mapping[str, Any]
    summary: str


def pair_of(asked: Asked, language: str, name: str = "") -> Source:
    """The text of a function whose backward pass is the derived one, in a language's own form of that.

    Raises
    ------
    ArgumentError
        When the language is not known.
    DerivationError
        When an operation has no form in the language, or a size is that of no argument.
    """
    check_language(language)
    return _Pair(asked, language, name).write()


class _Pair:
    def __init__(self, asked: Asked, language: str, name: str) -> None:
        self.asked, self.dialect = asked, DIALECTS[language]
        self.constants = {n: a for n, a in asked.constants.items() if is_written_out(a)}
        self.inputs = [n for n in asked.variables if n not in self.constants]
        written = [*asked.outputs, *asked.gradients]
        made = program([expr for _, _, expr, _ in written], dict(asked.sizes))
        count = len(asked.outputs)
        self.outputs, gradients = made.results[:count], made.results[count:]
        taken = Identifiers(self.dialect.reserved)
        known = dict(made.names)
        for each in (*asked.variables, *asked.cotangents, *known.values()):
            taken.unique(each)

        def called(value: Value) -> str:
            return known.get(value) or taken.fitting(value)

        self.parts = split(self.outputs, gradients, asked.cotangents, called)
        self.names = {**known, **self.parts.called}
        base = identifier(name) if name else ""
        own = Identifiers([*self.dialect.reserved, *self.inputs])
        prefix = f"{base}_" if base else ""
        self.forward, self.backward = (own.unique(f"{prefix}{w}") for w in ("forward", "backward"))
        self.function = own.unique(base or "function")

    def write(self) -> Source:
        forward, backward = self._forward(), self._backward()
        definitions = [forward.definition(), backward.definition()]
        self._require_sizes(forward, backward)
        joint = self._joint(forward, backward)
        definitions += self.dialect.joined(joint)
        imports = dict.fromkeys([*forward.imports(), *backward.imports()])
        source = Source("\n".join([*imports, "", "", "\n\n".join(definitions)]))
        source.arguments = {argument: name for name, argument in forward.arguments.items()}
        return source

    # -- the two functions ------------------------------------------------------------------------------

    def _forward(self) -> Function:
        results = [
            Result(None, left, value, tuple(shape))
            for (_, left, _, shape), value in zip(self.asked.outputs, self.outputs, strict=True)
        ]
        made = results + [Result(None, self.names[v], v, v.sizes) for v in self.returned]
        saved = [identifier(self.names[value]) for value in self.returned]
        summary = _listed([left for _, left, _, _ in self.asked.outputs])
        few = _listed(saved) if 0 < len(saved) <= _MOST_LISTED else f"{len(saved)} arrays"
        summary += f", and for the backward pass {few}." if saved else "."
        layout = self._layout(self.forward, summary, arguments=self.inputs)
        return Function(Program((), self.names), made, layout)

    def _backward(self) -> Function:
        results = [
            Result(None, left, value, tuple(shape))
            for (_, left, _, shape), value in zip(self.asked.gradients, self.parts.gradients, strict=True)
        ]
        computed = {v: copy for v, copy in self.parts.copies.items() if v not in self.parts.called}
        names = {copy: self.names[v] for v, copy in computed.items() if v in self.names}
        saved = {name: value.sizes for value, name in self.parts.called.items()}
        arguments = [*self.asked.cotangents, *self.inputs, *saved] if self.dialect.reads_all else ()
        layout = self._layout(self.backward, self.asked.summary, saved, arguments)
        return Function(Program((), names), results, layout)

    @property
    def returned(self) -> list[Value]:
        """What the forward function returns beside the outputs: an output that is saved is there already."""
        own = () if self.dialect.reads_all else self.outputs
        return [value for value in self.parts.saved if value not in own]

    def _layout(
        self,
        name: str,
        summary: str,
        saved: Mapping[str, Sequence[AnySize]] | None = None,
        arguments: Sequence[str] = (),
    ) -> Layout:
        asked = self.asked
        variables = {**asked.cotangents, **asked.variables}
        return Layout(
            name,
            summary,
            variables,
            asked.before,
            asked.after if saved is not None else (),
            self.constants,
            self.dialect.language,
            saved or {},
            arguments,
        )

    def _require_sizes(self, *functions: Function) -> None:
        arrays = {*self.inputs, *self.asked.cotangents, *self.parts.called.values()}
        unknown = [name for function in functions for name in function.arguments if name not in arrays]
        if unknown:
            raise DerivationError(
                f"source: a function of arrays knows the sizes of their axes, and {unknown[0]!r} is the size of "
                "none; give it a number, or write the gradients, which take it as an argument"
            )

    # -- what joins them -----------------------------------------------------------------------------------

    def _joint(self, forward: Function, backward: Function) -> Joint:
        own = Identifiers([*self.dialect.reserved, self.forward, self.backward, self.function])
        inputs = {name: own.unique(name) for name in self.inputs}
        outputs = [own.unique(left) for _, left, _, _ in self.asked.outputs]
        known = dict(zip(self.outputs, outputs, strict=True))
        returned = {value: own.unique(self.names[value]) for value in self.returned}
        saved = {self.names[v]: returned.get(v) or known[v] for v in self.parts.saved}
        cotangents = {name: own.unique(name) for name in self.asked.cotangents}
        called = {**inputs, **cotangents, **saved}
        gradients = {str(key): own.unique(left) for key, left, _, _ in self.asked.gradients}
        return Joint(
            self.function,
            self.forward,
            self.backward,
            list(inputs.values()),
            outputs,
            list(returned.values()),
            list(cotangents.values()),
            [called[name] for name in backward.arguments],
            [called[name] for part in self._kept(backward) for name in part],
            {inputs[name]: text for name, text in gradients.items()},
            self._doc(forward, backward),
            own.unique,
        )

    def _kept(self, backward: Function) -> tuple[list[str], list[str]]:
        """The arguments that are saved, and what was computed."""
        computed = [name for name in self.parts.called.values() if name in backward.arguments]
        whole = self.dialect.saves_inputs and self.returned
        return [n for n in self.inputs if whole or n in backward.arguments], computed

    def _doc(self, forward: Function, backward: Function) -> list[str]:
        """The docstring of the joint function: what it is, its shapes, and what its backward pass keeps."""
        arguments = forward.arguments
        own, computed = self._kept(backward)
        kept = [*(arguments[name] for name in own), *map(identifier, computed)]
        told = f"Saved for the backward pass: {_listed(kept)}." if kept else "Nothing is saved."
        if len(kept) > _MOST_LISTED:
            told = f"Saved for the backward pass: {len(own)} arguments, and {len(computed)} arrays."
        if computed:
            told += " What is elementwise in these, or a view, is computed again."
        wrt = {str(key) for key, _, _, _ in self.asked.gradients}
        held = [arguments[name] for name in self.inputs if name not in wrt]
        if held:
            told += f" No gradient is sent to {_listed(held)}."
        told += f" For more axes in front: {self.dialect.mapped.format(self.function)}."
        lines = fill(in_docstring(told), WIDTH - len(INDENT), break_long_words=False).split("\n")
        summary = f"{_listed([left for _, left, _, _ in self.asked.outputs])}, with the derived backward pass."
        shapes = forward.docstring()[2:-1]
        return [f'"""{in_docstring(summary)}', "", *shapes, *([""] if shapes else []), *lines, '"""']


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
