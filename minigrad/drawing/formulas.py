"""The formulas of both passes as a card's own text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from minigrad.drawing.model import Text, sub, sup
from minigrad.drawing.names import differential, indexed, symbol
from minigrad.graph import Node
from minigrad.index.expr import Expr, Ref, Sum, referred
from minigrad.names import differential_name, parted
from minigrad.notation.boxes import (
    Applied,
    Box,
    Bracketed,
    Root,
    Row,
    Scripts,
    Stacked,
    Summed,
    Symbol,
)
from minigrad.notation.choose import form
from minigrad.notation.layout import LINE, Layout
from minigrad.notation.lines import backward_rank
from minigrad.notation.structural import Places
from minigrad.notation.text import TextRenderer, around, raised, subscript
from minigrad.notation.tree import Tree
from minigrad.symbolic import derivatives
from minigrad.symbolic.lower import Lowered, freed

# A card's few lines end before so many terms do.
_MOST_TERMS = 16


class GraphFormulas:
    """The formulas of a lowered graph, in the drawing's own text."""

    def __init__(self, output: Node, lowered: Lowered, variables: Sequence[Node]) -> None:
        self.output, self.lowered = output, lowered
        self.known = frozenset(lowered.names.values())
        self._forms: dict[Node, tuple[Places, Tree, str]] = {}
        # Q has a gradient in trace(Q'Q), which is n for an orthogonal Q.
        free = freed(lowered, output, variables)
        by_expr = {free.expr(node): node for node in free.names if node in free.views}
        on_the_way = _reaching([free.expr(v) for v in variables], free.expr(output))
        targets = [node for expr, node in by_expr.items() if expr in on_the_way]
        found = derivatives(lowered, output, [] if output.shape else targets)
        self.names = found.names
        self.gradients = {variable: e for (variable,), e in found.formulas.items()}
        refs = {ref.name: ref for ref in referred(found.output) if ref.of is None}
        self.definitions = {name: ref.node for name, ref in refs.items()}
        rank = backward_rank(refs)
        last = (len(rank) + 1, 0, 0)
        self._order = sorted(self.gradients, key=lambda n: (rank.get(lowered.names[n], last), n.id))

    @property
    def order(self) -> Sequence[Node]:
        """The tensors whose gradients are taken, from the loss back."""
        return self._order

    def forward(self, node: Node) -> Text | None:
        """The definition of a tensor, without its left side."""
        expr = self.lowered.expr(node)
        definition = expr.node if isinstance(expr, Ref) else expr
        short, rest = _beginning(self.definitions.get(self.lowered.names.get(node, ""), definition))
        return self._styled(form(short, self.names)[1], node) + rest

    def gradient(self, node: Node) -> Text | None:
        """The loss's gradient by a tensor, without its left side."""
        expr, name = self.gradients.get(node), self.lowered.names.get(node, "")
        if isinstance(expr, Ref) and expr.name == differential_name(name):  # whatever arrives there
            return Text.of("∂L/∂", symbol(name))
        found = self._gradient_form(node)
        return None if found is None else self._styled(found[1], node) + found[2]

    def _styled(self, tree: Tree, node: Node) -> Text:
        own, _ = parted(self.lowered.names.get(node, ""))
        home = {*node.scope.split("."), *own.split(".")}
        return _CardText(home, self.known, self.lowered.automatic.given).show(
            Layout(LINE).inside(tree)
        )

    def subscript(self, node: Node) -> str:
        """The indices that the gradient's formula holds fixed: _b of dS_b, [:,i] of dX[:,i]."""
        found = self._gradient_form(node)
        return "" if found is None else subscript(found[0])

    def _gradient_form(self, node: Node) -> tuple[Places, Tree, str] | None:
        expr = self.gradients.get(node)
        if expr is not None and node not in self._forms:
            short, rest = _beginning(expr)
            self._forms[node] = (*form(short, self.names), rest)
        return self._forms.get(node)


def _beginning(expr: Expr) -> tuple[Expr, str]:
    """An expression as far as a card has room for it, and how much is left out."""
    if isinstance(expr, Sum) and len(expr.terms) > _MOST_TERMS:
        return Sum(expr.terms[:_MOST_TERMS]), f" + {len(expr.terms) - _MOST_TERMS} more terms"
    return expr, ""


def _reaching(variables: Sequence[Expr], output: Expr) -> set[Expr]:
    """What lies between the variables and the output."""
    reached = set(variables)
    stack: list[tuple[Expr, bool]] = [(output, False)]
    seen: set[Expr] = set()
    while stack:
        node, ready = stack.pop()
        if ready:
            if any(child in reached for child in node.children()):
                reached.add(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((child, False) for child in node.children())
    return reached


class _CardText:
    """Writes boxes as runs: scripts set low and high, names near ``home`` with less of a path.

    A ``cut`` name stands for what was too long to read, and has no card that says what it is.
    """

    def __init__(
        self, home: Collection[str], known: Collection[str], cut: Collection[str]
    ) -> None:
        self.home, self.known, self.cut = home, known, cut

    def show(self, box: Box) -> Text:
        match box:
            case Row(parts):
                return Text.of(*map(self.show, parts))
            case Symbol():
                return self.symbol(box)
            case Scripts(body, _, places, high):
                below = indexed(self.show(body), subscript(places))
                return Text.of(below, sup(raised(high)[1:]) if high[:1] == "⊙" else raised(high))
            case Bracketed(body, kind):
                return Text.of(kind[0], self.show(body), kind[1])
            case Root(body):
                return Text.of("√", self.show(body))
            case Summed(letters, body):
                return Text.of("Σ", sub("".join(letters)), " ", self.show(body))
            case Applied(function, lower, args):
                before, after = around(function, lower)
                return Text.of(before, self.between(", ", args), after)
            case Stacked(parts, below):
                return Text.of("[", self.between("; " if below else ", ", parts), "]")
        return Text.of(TextRenderer().show(box))

    def symbol(self, box: Symbol) -> Text:
        """A tensor's name or a gradient's, in letters of its own; 𝟏 and sizes as they are."""
        if box.name in self.cut:
            return Text.of("…")
        if box.of is not None:
            return differential(self.from_home(box.of))
        return symbol(self.from_home(box.name)) if box.name[:1].isalpha() else Text.of(box.name)

    def between(self, comma: str, parts: tuple[Box, ...]) -> Text:
        listed: list[str | Text] = []
        for part in parts:
            listed += [comma, self.show(part)]
        return Text.of(*listed[1:])

    def from_home(self, name: str) -> str:
        """The name without the scopes in which the card stands, unless another tensor is called so."""
        short = name
        while (parts := short.partition("."))[1] and parts[0] in self.home:
            short = parts[2]
        return name if short in self.known else short
