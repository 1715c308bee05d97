"""A derivation's lines, in the order of a derivation by hand: forward, then backward from the loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from minigrad import markup
from minigrad.index.expr import Composite, Expr, Ref
from minigrad.notation.functions import mark_of
from minigrad.notation.latex import gradient_name, latex, latex_name, subscripted
from minigrad.notation.mathml import inner_mathml, mathml_gradient, mathml_name, wrapped
from minigrad.notation.matrix import matrix_form
from minigrad.notation.structural import Places
from minigrad.notation.text import ASCII, UNICODE, Marks, subscript, text
from minigrad.notation.tree import Name, Plus, Tree, parts_of

# Lines of several short formulas are filled up to this width, the widest that print and margins allow.
WIDTH = 88
_GAP = " " * 6


@dataclass(frozen=True)
class Line:
    """One formula: its left side (a name, perhaps with subscripts), its tree, and a remark.

    ``of`` is the tensor whose gradient it is, or None for a definition.
    """

    name: str
    places: Places
    tree: Tree
    of: str | None = None
    remark: str = ""

    def left(self, partial: bool = False) -> str:
        name = f"∂L/∂{self.of}" if partial and self.of else self.name
        return name + subscript(self.places)

    def text(self, marks: Marks = UNICODE, partial: bool = False, pad: int = 0) -> str:
        """``left = right`` with the left side padded."""
        remark = f"{_GAP}  {self.remark}" if self.remark else ""
        left = self.left(partial)
        if not marks.unicode:
            left = left.replace("∂²", "d2").replace("∂", "d").replace("²", "2")
        return f"{left:{pad}} = {text(self.tree, marks, partial)}{remark}"

    def latex(self, partial: bool = True) -> str:
        letters = subscript(self.places).strip("_[]")
        if self.of:
            left = gradient_name(self.of, partial, letters)
        else:
            left = subscripted(latex_name(self.name), letters)
        return f"{left} &= {latex(self.tree, partial)}" + (
            rf" \qquad \mathrm{{{markup.latex(self.remark)}}}" if self.remark else ""
        )

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex().replace('&=', '=')}$"

    def mathml(self, partial: bool = True) -> str:
        """The line as a ``<math>`` element."""
        left = mathml_gradient(self.of, partial) if self.of else mathml_name(self.name)
        if any(self.places):
            left = f"<msub>{left}<mi>{markup.xml(subscript(self.places).strip('_[]'))}</mi></msub>"
        remark = f'<mspace width="2em"/><mtext>{markup.xml(self.remark)}</mtext>' if self.remark else ""
        return wrapped(f"{left}<mo>=</mo>{inner_mathml(self.tree, partial)}{remark}")


def line(
    name: str, expr: Expr, of: str | None = None, remark: str = "", taken: Iterable[str] = ()
) -> Line:
    """The line ``name = formula``, with no subscript that is ``taken``."""
    places, tree = matrix_form(expr, taken)
    return Line(name, places, tree, of, remark)


def forward_lines(
    refs: Sequence[Ref], rank: Mapping[str, int], taken: Iterable[str] = ()
) -> list[Line]:
    """Definitions of named tensors, in the order in which the user made them."""
    ordered = sorted((r for r in refs if r.of is None), key=lambda r: rank.get(r.name, 0))
    return [line(ref.name, ref.node, taken=taken) for ref in ordered]


def backward_lines(
    refs: Sequence[Ref], forward: Sequence[Ref], taken: Iterable[str] = ()
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
    return [line(r.name, r.node, r.of, remarks.get(r.of or "", ""), taken) for r in adjoint]


def placed(own: Sequence[Line], backward: Sequence[Line]) -> list[Line]:
    """The backward lines, and each own line, inner ones given first, right before what first needs it."""
    first: dict[str, int] = {}
    needs = [tree_names(ln.tree) for ln in own]
    for k, ln in enumerate(backward):
        for name in tree_names(ln.tree):
            first.setdefault(name, k)
    for ln, names in zip(reversed(own), reversed(needs), strict=True):
        place = first.setdefault(ln.name, len(backward))
        for name in names:
            first[name] = min(place, first.get(name, place))
    before: list[list[Line]] = [[] for _ in range(len(backward) + 1)]
    for ln in own:
        before[first[ln.name]].append(ln)
    rows = [row for group, ln in zip(before, backward, strict=False) for row in (*group, ln)]
    return rows + before[-1]


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
    first: list[Line] = []
    chain: list[Line] = []
    last: list[Line] = []
    for ln in forward:
        group = chain if _mentions(ln, names) else first
        (last if ln.name in outputs else group).append(ln)
    rows = [row for group in (first, chain, last) for row in filled(group, marks, partial)]
    pad = max((len(ln.left(partial)) for ln in (*backward, *results)), default=0)
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
