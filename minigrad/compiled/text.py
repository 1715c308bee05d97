"""The text of a step: the buffers once, and then one call of NumPy's for each kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.compiled.kernels import LOWEST, TINY, kernels
from minigrad.compiled.lines import Bound, Lines
from minigrad.compiled.rewriting import rewritten
from minigrad.compiled.rows import ROWS
from minigrad.compiled.sized import sized
from minigrad.index.size import AnySize
from minigrad.program.operations import ATOMS, VIEWS
from minigrad.program.value import Value
from minigrad.program.value_builder import ValueBuilder
from minigrad.source.constants import constant_text
from minigrad.source.dialects import NUMPY
from minigrad.source.layout import INDENT, indented
from minigrad.source.names import quoted
from minigrad.source.pieces import ATOM


@dataclass(frozen=True)
class StepText:
    """A step as text: the function ``prepare(dtype)`` gives ``step``, which holds the buffers.

    ``arguments`` are the names of the variables, in the order in which the step takes them, and ``kinds``
    what elements they have.
    """

    source: str
    arguments: tuple[str, ...]
    kinds: Mapping[str, str]


def numpy_step(
    value: Bound,
    gradients: Sequence[Bound],
    variables: Mapping[str, Sequence[AnySize]],
    sizes: Mapping[str, int],
    constants: Mapping[str, Any],
) -> StepText:
    """The step that gives the value and the gradients, for arrays of these sizes."""
    builder = ValueBuilder()
    results = [value, *gradients]
    made = sized(builder, [result.value for result in results], sizes)
    made = kernels(builder, rewritten(builder, made, ROWS))
    bound = [Bound(r.name, v, r.shape) for r, v in zip(results, made, strict=True)]
    return _Function(bound, variables, sizes, constants).write()


class _Function(Lines):
    """The lines with what stands around them."""

    def write(self) -> StepText:
        """The whole text."""
        for k, value in enumerate(self.order):
            self.visit(k, value)
        returned = self.returned()
        names = tuple(name for name in self.arguments if name not in self.constants)
        kinds = {v.params[0]: v.kind for v in self.order if v.op == "variable"}
        return StepText(self.laid_out(returned), names, kinds)

    def returned(self) -> str:
        """The value, and the gradients by name."""
        shared: set[Value] = set()
        texts = [self._final(result, shared) for result in self.results]
        pairs = [f"{quoted(r.name)}: {t}" for r, t in zip(self.results[1:], texts[1:], strict=True)]
        return f"{texts[0]}, {{{', '.join(pairs)}}}"

    def _final(self, result: Bound, shared: set[Value]) -> str:
        """The result in the shape of its variable, in memory that nothing else has."""
        value, text = result.value, self.texts[result.value]
        shape = [
            s if isinstance(s, int) else s.value(self.sizes) for s in result.shape
        ]
        base = self.layout.bases[value]
        if value.ndim == 0 and not shape:
            return f"dtype.type({text.text})"
        written = text.text
        if value.ndim == 0:
            written = f"np.full({tuple(shape)}, {written}, dtype)"
        elif base.op in ATOMS or base in shared or value.op == "broadcast" or base.kind == "bool":
            written = f"np.array({written}, dtype)"
        elif value.op in VIEWS or base in self.slots:
            written = text.within(ATOM)
        shared.add(base)
        if len(shape) > value.ndim > 0:
            written = f"{written}.reshape{tuple(shape)}"
        return written

    def laid_out(self, returned: str) -> str:
        """Everything in its place."""
        buffers = [
            f"buffer_{k} = np.empty({size}, {'bool' if kind == 'bool' else 'dtype'})"
            for k, (size, kind) in enumerate(zip(self.pool.sizes, self.pool.kinds, strict=True))
        ]
        body = [*self._squeezes(), *self.body, f"return {returned}"]
        whole = "\n".join([*self.setup, *body])
        limits = []
        if LOWEST in whole:
            limits.append(f"{LOWEST} = np.finfo(dtype).min")
        if TINY in whole:
            limits.append(f"{TINY} = np.finfo(dtype).tiny")
        imports = ["import numpy as np"]
        if "special." in whole:
            imports.append("from scipy import special")
        numbers = [f"{name} = np.array({text}, dtype)" for text, name in self.numbers.items()]
        inner = [*limits, *numbers, *self._constants(), *buffers, *self.setup]
        helpers: list[str] = []
        for name, own in sorted(self.helpers.items()):
            text = NUMPY.helper_text(name).replace(f"def {name}(", f"def {own}(")
            helpers += ["", *text.rstrip().split("\n")]
        if "math." in "\n".join(helpers):
            imports.insert(0, "import math")
        lines = [*imports, "", "", "def prepare(dtype):", f'{INDENT}"""The step, with buffers of its own for elements of this type."""']
        lines += indented([*inner, *helpers])
        arguments = ", ".join(a for n, a in self.arguments.items() if n not in self.constants)
        lines += ["", f"{INDENT}def step({arguments}):"]
        lines += indented(indented(body))
        return "\n".join([*lines, "", f"{INDENT}return step", ""])

    def _squeezes(self) -> list[str]:
        lines = []
        for name, argument in self.arguments.items():
            sizes = list(self.variables.get(name, ()))
            if 1 in sizes and name not in self.constants:
                entries = ["0" if s == 1 else ":" for s in sizes]
                lines.append(f"{argument} = {argument}[{', '.join(entries)}]")
        return lines

    def _constants(self) -> list[str]:
        kinds = {v.params[0]: v.kind for v in self.order if v.op == "variable"}
        return [
            f"{argument} = " + constant_text(self.constants[name], kinds[name] == "float", self)
            for name, argument in self.arguments.items()
            if name in self.constants
        ]
