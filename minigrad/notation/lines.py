"""A derivation's lines, in the order of a derivation by hand: forward, then backward from the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from minigrad import display
from minigrad.index.expr import Composite, Expr, Ref
from minigrad.names import in_formula, in_program, without_dots
from minigrad.notation.boxes import Box, Glyph, Row, Sign
from minigrad.notation.functions import mark_of
from minigrad.notation.latex import latex
from minigrad.notation.layout import PAGE, Layout, scripted
from minigrad.notation.legend import Note
from minigrad.notation.mathml import inner, mathml
from minigrad.notation.matrix import matrix_form
from minigrad.notation.partials import derivative_name, raised_partial, sides
from minigrad.notation.structural import Places
from minigrad.notation.symbols import symbol
from minigrad.notation.text import ASCII, UNICODE, Marks, subscript, text
from minigrad.notation.tree import Name, Plus, Tree, parts_of
from minigrad.notation.typst import typst
from minigrad.scripts import from_raised
from minigrad.symbolic.freenames import FreeNames

# Lines of several short formulas are filled up to this width, the widest that print and margins allow.
WIDTH = 88
_GAP = " " * 6


@dataclass(frozen=True)
class Line:
    """One formula: its left side (a name, perhaps with subscripts), its tree, and a remark.

    ``of`` is the tensor whose gradient it is, of the ``loss``, or None for a definition. ``axes`` says of ∂s/∂x and ∂²L/∂x∂y
    how many places are the output's and each variable's; ``apart`` writes them there in text, too, ∂s_i/∂x_j.
    """

    name: str
    places: Places
    tree: Tree
    of: str | None = None
    remark: str = ""
    axes: tuple[int, ...] = ()
    apart: bool = False
    loss: str = "L"

    def left(self, partial: bool = False, marks: Marks = UNICODE) -> str:
        if self.apart and len(self._parts()) > 1:
            upper, *by = (
                f"{part}_{''.join(p for p in own if p)}" if any(own) else part
                for part, own in zip(map(in_formula, self._parts()), self._placed(), strict=True)
            )
            return left_in(marks, f"{raised_partial(len(by))}{upper}/∂{'∂'.join(by)}")
        name = derivative_name(self.loss, [self.of]) if partial and self.of else self.name
        return left_in(marks, name) + subscript(self.places)

    def text(self, marks: Marks = UNICODE, partial: bool = False, pad: int = 0) -> str:
        """``left = right`` with the left side padded."""
        remark = f"{_GAP}  {self.remark}" if self.remark else ""
        left = self.left(partial, marks)
        return f"{left:{pad}} = {text(self.tree, marks, partial)}{remark}"

    # -- on a page ---------------------------------------------------------------------------------

    def page(self, notation: str, partial: bool = True, aligned: bool = False) -> str:
        """The line in LaTeX, MathML or Typst, by itself or for a block that is aligned at its equals signs."""
        return PAGES[notation].write(self.box(partial, "aligned" if aligned else "equals"))

    def latex(self, partial: bool = True, aligned: bool = True) -> str:
        return self.page("latex", partial, aligned)

    def mathml(self, partial: bool = True, symbols: bool = False) -> str:
        """The line; with ``symbols``, each symbol is an element that says its name, ``data-symbol="dS"``."""
        return mathml(self.box(partial, symbols=symbols))

    def typst(self, partial: bool = True, aligned: bool = True) -> str:
        return self.page("typst", partial, aligned)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex(aligned=False)}$"

    def _repr_html_(self) -> str:
        return html([self])

    def box(self, partial: bool, equals: str = "equals", symbols: bool = False) -> Row:
        """The line as it is laid out."""
        layout = Layout(PAGE, partial, symbols)
        remark = (Sign("gap"), Glyph(self.remark, "text")) if self.remark else ()
        return Row((self._left(layout), Sign(equals), layout.inside(self.tree), *remark))

    def _left(self, layout: Layout) -> Box:
        if self.of is not None:
            return layout.gradient(self.name, self.of, self.places, self.loss)
        upper, *by = self._parts()
        if not by:
            return scripted(layout.known(symbol(self.name), self.name), self.places)
        return layout.known(layout.derivative(upper, by, self._placed()), self.name)

    def _parts(self) -> list[str]:
        """What is derived, and by what; a name alone where nothing is, or where names have signs of their own."""
        if len(self.axes) > 1 and self.name.startswith("∂") and "/∂" in self.name:
            (_, upper), (_, lower) = sides(self.name)
            parts = [part for part, power in (*upper, *lower) for _ in range(power)]
            if len(upper) == 1 and len(parts) == len(self.axes):
                return parts
        return [self.name]

    def _placed(self) -> list[Places]:
        """The places of each part."""
        ends = accumulate(self.axes)
        return [self.places[end - n : end] for n, end in zip(self.axes, ends, strict=True)]


class Page(NamedTuple):
    """How a notation writes one line, and what stands around and between the lines of a block.

    ``column`` leads to where the right sides stand.
    """

    write: Callable[[Box], str]
    begin: str = ""
    between: str = "\n"
    end: str = ""
    column: str = ""


PAGES = {
    "latex": Page(latex, "\\begin{aligned}\n", " \\\\\n", "\n\\end{aligned}", "& "),
    "mathml": Page(mathml),
    "typst": Page(typst, between=" \\\n", column="& "),
}


def block(
    lines: Sequence[Line], notation: str, partial: bool = True, legend: Sequence[Note] = ()
) -> str:
    """Lines below each other, and a legend in words below them."""
    page = PAGES[notation]
    formulas = [ln.page(notation, partial, True) for ln in lines]
    words = [page.column + page.write(note.box) for note in legend]
    return page.begin + page.between.join([*formulas, *words]) + page.end


def html(
    lines: Sequence[Line], partial: bool = True, legend: Sequence[Note] = (), words: str = ""
) -> str:
    """Lines below each other for a notebook, at one edge by their equals signs; a legend, and a paragraph."""
    parts = [line.box(partial).parts for line in lines]
    rows = [(inner(left), inner(Row(tuple(right)))) for left, *right in parts]
    rows += [("", inner(note.box)) for note in legend]
    return display.block(display.formulas(rows), *([display.paragraph(words)] if words else []))


def name_in(marks: Marks, name: str) -> str:
    """A variable's name or a dim's in these characters."""
    return in_formula(name) if marks.unicode else in_program(name)


def left_in(marks: Marks, name: str) -> str:
    """A left side in these characters: a name, or a derivative, whose names are written as they stand in formulas."""
    if not name.startswith("∂") or "/∂" not in name:
        return name_in(marks, name)
    return name if marks.unicode else without_dots(from_raised(name.replace("∂", "d")))


def line(
    name: str, expr: Expr, of: str | None = None, remark: str = "", names: FreeNames | None = None
) -> Line:
    """The line ``name = formula``, with no subscript that is one of the ``names`` of the derivation."""
    places, tree = matrix_form(expr, names)
    return Line(name, places, tree, of, remark, loss=names.loss if names else "L")


def forward_lines(
    refs: Sequence[Ref], rank: Mapping[str, int], names: FreeNames | None = None
) -> list[Line]:
    """Definitions of named tensors, in the order in which the user made them."""
    ordered = sorted((r for r in refs if r.of is None), key=lambda r: rank.get(r.name, 0))
    return [line(ref.name, ref.node, names=names) for ref in ordered]


def backward_lines(
    refs: Sequence[Ref], forward: Sequence[Ref], names: FreeNames | None = None
) -> list[Line]:
    """Gradients of named tensors: from the loss down, a path that ends sooner first."""
    by_name = {ref.name: ref for ref in forward if ref.of is None}
    rank = backward_rank(by_name)

    def key(ref: Ref) -> tuple[int, int, int]:
        return rank.get(ref.of or "", (0, 0, 0))

    adjoint = sorted((r for r in refs if r.of is not None), key=key)
    remarks = {
        c.name: mark
        for ref in by_name.values()
        if (mark := _mark(ref.node))
        for c in direct_names(ref.node)
    }
    return [line(r.name, r.node, r.of, remarks.get(r.of or "", ""), names) for r in adjoint]


def in_order(lines: Sequence[Line], results: Sequence[Line]) -> list[Line]:
    """The results, and each line that they need, in the order given but for what a line needs: that is before it."""
    by_name = {ln.name: ln for ln in (*lines, *results)}
    needs = {name: [other for other in by_name if other in names and other != name]
             for name, ln in by_name.items() if (names := tree_names(ln.tree))}  # fmt: skip
    reached = {ln.name for ln in results}
    waiting = list(reached)
    while waiting:
        new = set(needs.get(waiting.pop(), ())) - reached
        reached |= new
        waiting.extend(new)
    order: dict[str, Line] = {}
    stack = [name for name in reversed(by_name) if name in reached]
    opened: set[str] = set()
    while stack:
        name = stack[-1]
        further = [] if name in opened else [n for n in needs.get(name, ()) if n not in order]
        opened.add(name)
        if further:
            stack.extend(reversed(further))
        else:
            order.setdefault(name, by_name[stack.pop()])
    return [*order.values()]


def backward_rank(by_name: Mapping[str, Ref]) -> dict[str, tuple[int, int, int]]:
    """Where a tensor's gradient comes: by its distance from the loss, then by its height, then by age."""
    parents: dict[str, set[str]] = {name: set() for name in by_name}
    for name, ref in by_name.items():
        for child in direct_names(ref.node):
            parents[child.name].add(name)
    depth: dict[str, int] = {}
    for name in reversed(list(by_name)):
        depth[name] = 1 + max((depth[p] for p in parents[name] if p in depth), default=-1)
    height: dict[str, int] = {}
    for name, ref in by_name.items():
        height[name] = 1 + max((height[c.name] for c in direct_names(ref.node)), default=-1)
    return {name: (depth[name], height[name], k) for k, name in enumerate(by_name)}


def _mark(node: Expr) -> str:
    return mark_of(node.definition.name) if isinstance(node, Composite) else ""


def direct_names(node: Expr) -> list[Ref]:
    """The named tensors that a formula mentions, without looking behind their names."""
    found: list[Ref] = []
    stack, seen = [node], set()
    while stack:
        top = stack.pop()
        if top in seen:
            continue
        seen.add(top)
        if isinstance(top, Ref):
            if top.of is None:
                found.append(top)
        else:
            stack.extend(reversed(top.children()))
    return found


# -- layout -----------------------------------------------------------------------------------------


def laid_out(
    forward: Sequence[Line],
    backward: Sequence[Line],
    results: Sequence[Line],
    outputs: Sequence[str],
    ascii: bool = False,
    partial: bool = False,
) -> str:
    """The derivation as text: first steps on one line, then the chain, the loss, and the gradients."""
    marks = ASCII if ascii else UNICODE
    names = {ln.name for ln in forward}
    inner = set[str]().union(*(tree_names(ln.tree) for ln in forward if ln.name not in outputs))
    first: list[Line] = []
    chain: list[Line] = []
    last: list[Line] = []
    for ln in forward:
        group = chain if _mentions(ln, names) else first
        (last if ln.name in outputs and ln.name not in inner else group).append(ln)
    rows = [row for group in (first, chain, last) for row in filled(group, marks, partial)]
    pad = max((len(ln.left(partial, marks)) for ln in (*backward, *results)), default=0)
    below = [ln.text(marks, partial, pad) for ln in backward]
    products: list[Line] = []
    for ln in results:
        if isinstance(ln.tree, Plus):
            below.extend(filled(products, marks, partial, pad))
            below.append(ln.text(marks, partial, pad))
            products = []
        else:
            products.append(ln)
    below.extend(filled(products, marks, partial, pad))
    return "\n".join(rows + ([""] if rows and below else []) + below)


def filled(lines: Sequence[Line], marks: Marks, partial: bool, pad: int = 0) -> list[str]:
    """Short formulas side by side, as many as fit."""
    rows: list[str] = []
    for ln in lines:
        string = ln.text(marks, partial, pad)
        if rows and len(rows[-1]) + len(_GAP) + len(string) <= WIDTH:
            rows[-1] += _GAP + string
        else:
            rows.append(string)
    return rows


def _mentions(ln: Line, names: set[str]) -> bool:
    return bool(names & tree_names(ln.tree))


def tree_names(tree: Tree) -> set[str]:
    """Every symbol in a tree."""
    own = {tree.text} if isinstance(tree, Name) else set()
    return own.union(*map(tree_names, parts_of(tree)))
