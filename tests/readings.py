"""Every reading of a derivation, judged: what is printed is well formed and is read back, what is written runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from xml.etree import ElementTree

import numpy as np
from page_readers import READERS, Writer

import minigrad as mg
from minigrad.errors import MinigradError
from minigrad.graph import Tensor
from minigrad.index.expr import referred
from minigrad.index.size import value_of
from minigrad.notation.printed_text import read_back

Misprint = Callable[[str], str]


@dataclass
class Read:
    """A derivation with the arrays of its variables, and what dims measure."""

    loss: Tensor
    derived: mg.Derivation
    arrays: Mapping[str, Any]
    sizes: Mapping[str, int]
    cotangent: str | None = None

    @cached_property
    def values(self) -> dict[Any, Any]:
        """The value of every formula."""
        return self.derived({**self.arrays, **self.sizes})

    @cached_property
    def kept(self) -> dict[str, Any]:
        """The arrays without the axes that formulas do not have."""
        lowered = self.derived.reading.lowered
        given = {k: lowered.leaf_array(k, a) for k, a in self.arrays.items() if k in lowered.leaves}
        return {**lowered.values(), **given}

    def read_back(self, formula: mg.Formula, text: str, ascii: bool) -> None:
        """What a reader of the text computes is the formula's value."""
        right = self.values[self.key_of(formula)]
        right = right.reshape([size for size in np.shape(right) if size != 1])
        named = referred(*(f.expr for f in self.derived.values()))
        shapes = {r.name: tuple(value_of(s, self.sizes) for s in r.sizes) for r in named}
        shapes[formula.line.name] = right.shape
        if ascii:
            assert text.isascii()
            shapes = {_in_ascii(name): shape for name, shape in shapes.items()}
        name = _in_ascii(formula.line.name) if ascii else formula.line.name
        back = read_back(text, self.kept, self.sizes, shapes, ascii)[name]
        np.testing.assert_allclose(back, right, rtol=1e-6, atol=1e-8, err_msg=text)

    def read_page(self, formula: mg.Formula, notation: str, style: str, misprint: Misprint = str) -> None:
        """What a reader of LaTeX, MathML or Typst computes is the formula's value."""
        right = np.asarray(self.values[self.key_of(formula)])
        right = right.reshape([size for size in right.shape if size != 1])
        refs = referred(formula.expr)
        lines = [*map(self.derived.reading.line_of, refs), formula.line]
        shapes = {r.name: tuple(value_of(s, self.sizes) for s in r.sizes) for r in refs}
        shapes[formula.line.name] = right.shape
        ndims = {name: np.ndim(array) for name, array in self.kept.items()}
        ndims |= {name: len(shape) for name, shape in shapes.items()}
        writer = Writer(ndims, [*self.kept, *(r.name for r in refs)], [*self.sizes])
        text = "\n".join(
            writer.line(
                READERS[notation](misprint(line.page(notation, style == "partial"))),
                len(shapes.get(line.name, ())),
            )
            for line in lines
        )
        back = read_back(text, self.kept, self.sizes, shapes)
        assert formula.line.name in back, text
        np.testing.assert_allclose(
            back[formula.line.name], right, rtol=1e-6, atol=1e-8, err_msg=text
        )

    def key_of(self, formula: mg.Formula) -> Any:
        return next(key for key, other in self.derived.items() if other is formula)


def _in_ascii(name: str) -> str:
    return name.replace("∂²", "d2").replace("∂", "d").replace("²", "2")


def _balanced(latex: str) -> None:
    depth = 0
    for brace in re.findall(r"[{}]", re.sub(r"\\[{}]", "", latex)):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, latex
    assert depth == 0, latex
    assert len(re.findall(r"\\left\b", latex)) == len(re.findall(r"\\right\b", latex)), latex


# -- of one formula --------------------------------------------------------------------------------


def _text(read: Read, formula: mg.Formula) -> None:
    read.read_back(formula, str(formula), ascii=False)


def _ascii(read: Read, formula: mg.Formula) -> None:
    read.read_back(formula, formula.ascii, ascii=True)


def _expanded(read: Read, formula: mg.Formula) -> None:
    text = formula.expanded
    assert " = " in text
    if read.derived.order == 1:  # without names a Hessian is long to read, term by term
        read.read_back(formula, text, ascii=False)


def _index(read: Read, formula: mg.Formula) -> None:
    assert " = " in formula.index


def _latex(read: Read, formula: mg.Formula) -> None:
    for latex in (formula.latex, formula._repr_latex_(), formula.expanded_line.latex()):
        assert "=" in latex
        _balanced(latex)
    for style in ("d", "partial"):
        read.read_page(formula, "latex", style)


def _mathml(read: Read, formula: mg.Formula) -> None:
    for mathml in (formula.mathml, formula.index_line.mathml()):
        assert ElementTree.fromstring(mathml).tag.endswith("math")
    for style in ("d", "partial"):
        read.read_page(formula, "mathml", style)


def _typst(read: Read, formula: mg.Formula) -> None:
    for style in ("d", "partial"):
        read.read_page(formula, "typst", style)


def _sympy(read: Read, formula: mg.Formula) -> None:
    assert formula.sympy is not None


def _source(read: Read, formula: mg.Formula) -> None:
    names: dict[str, Any] = {}
    exec(compile(formula.source("numpy"), "<source>", "exec"), names)
    *_, function = [value for value in names.values() if inspect.isfunction(value)]
    leaves = read.derived.reading.lowered.leaves
    held = {name: node.value for name, (node, _) in leaves.items()}
    known = {**held, **read.arrays, **read.sizes}
    wanted = {name: known[name] for name in inspect.signature(function).parameters}
    right = read.values[read.key_of(formula)]
    np.testing.assert_allclose(function(**wanted), right, rtol=1e-9, atol=1e-12)


# -- of all of them ----------------------------------------------------------------------------------


def _steps(read: Read) -> None:
    steps = read.derived.steps
    lines = [step.line for step in steps]
    assert all(formula.line in lines for formula in read.derived.values())
    assert lines[-1] in [formula.line for formula in read.derived.values()]
    for step in steps:
        assert step.rule
        assert step.line.text() in str(step)
        assert "does not depend" not in step.rule or step.line.text().endswith(" = 0"), str(step)


def _drawing(read: Read) -> None:
    source = mg.draw(read.loss, backward=True, cotangent=read.cotangent).source
    assert source.startswith("digraph")
    assert "∂" in source or re.search(r"\bd\w", source)


def _check(read: Read) -> None:
    report = read.derived.check()
    assert report.verdict == "pass", str(report)


OF_A_FORMULA: dict[str, Callable[[Read, mg.Formula], None]] = {
    "text": _text,
    "ascii": _ascii,
    "expanded": _expanded,
    "index": _index,
    "latex": _latex,
    "mathml": _mathml,
    "typst": _typst,
    "sympy": _sympy,
    "source": _source,
}
OF_ALL: dict[str, Callable[[Read], None]] = {"steps": _steps, "drawing": _drawing, "check": _check}


def readings(read: Read) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every reading by its name, to be asked for."""
    for formula in read.derived.values():
        for name, ask in OF_A_FORMULA.items():
            yield name, lambda ask=ask, formula=formula: ask(read, formula)  # type: ignore[misc]
    for name, asked in OF_ALL.items():
        yield name, lambda asked=asked: asked(read)  # type: ignore[misc]


def judge(read: Read, refused: Mapping[str, Collection[str]]) -> None:
    """Every reading is right, or is refused in words that ``refused`` has for it."""
    for name, ask in readings(read):
        try:
            ask()
        except MinigradError as error:
            if any(re.search(words, str(error)) for words in refused.get(name, ())):
                continue
            error.add_note(f"reading: {name}")
            raise
        except AssertionError as error:
            error.add_note(f"reading: {name}")
            raise
