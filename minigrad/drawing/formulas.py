"""The formulas of both passes as a card's own text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from minigrad.drawing.model import Run, Text, sub, sup
from minigrad.drawing.names import differential, indexed, symbol
from minigrad.graph import Node
from minigrad.index.expr import Expr, Ref, Sum, referred
from minigrad.names import differential_name
from minigrad.notation.lines import backward_rank
from minigrad.notation.matrix import matrix_form
from minigrad.notation.structural import Places
from minigrad.notation.text import UNICODE, Printer, subscript
from minigrad.notation.tree import Name, Power, Tree
from minigrad.symbolic import derivatives
from minigrad.symbolic.lower import Lowered, freed

# Marks around a name and around a subscript in printed text, from the private use area.
_NAME, _GRADIENT, _SUBSCRIPT, _END = "\ue000", "\ue001", "\ue002", "\ue003"
_SUPERSCRIPT = "\ue004"
# A card's few lines end before so many terms do.
_MOST_TERMS = 16


class GraphFormulas:
    """The formulas of a lowered graph, in the drawing's own text."""

    def __init__(self, output: Node, lowered: Lowered, variables: Sequence[Node]) -> None:
        self.output, self.lowered = output, lowered
        self._forms: dict[Node, tuple[Places, Tree, str]] = {}
        # Q has a gradient in trace(Q'Q), which is n for an orthogonal Q.
        free = freed(lowered, output, variables)
        by_expr = {free.expr(node): node for node in free.names if node in free.views}
        on_the_way = _reaching([free.expr(v) for v in variables], free.expr(output))
        targets = [node for expr, node in by_expr.items() if expr in on_the_way]
        found = derivatives(lowered, output, [] if output.shape else targets)
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
        return self._styled(matrix_form(short)[1], node) + rest

    def gradient(self, node: Node) -> Text | None:
        """The loss's gradient by a tensor, without its left side."""
        expr, name = self.gradients.get(node), self.lowered.names.get(node, "")
        if isinstance(expr, Ref) and expr.name == differential_name(name):  # whatever arrives there
            return Text.of("∂L/∂", symbol(name))
        form = self._gradient_form(node)
        return None if form is None else self._styled(form[1], node) + form[2]

    def _styled(self, tree: Tree, node: Node) -> Text:
        marked = _Marked(node.scope, self.lowered.automatic.given)
        return Text.of(*_pieces(marked.show(tree)))

    def subscript(self, node: Node) -> str:
        """The indices that the gradient's formula holds fixed: _b of dS_b, [:,i] of dX[:,i]."""
        form = self._gradient_form(node)
        return "" if form is None else subscript(form[0])

    def _gradient_form(self, node: Node) -> tuple[Places, Tree, str] | None:
        expr = self.gradients.get(node)
        if expr is not None and node not in self._forms:
            short, rest = _beginning(expr)
            self._forms[node] = (*matrix_form(short), rest)
        return self._forms.get(node)


def _beginning(expr: Expr) -> tuple[Expr, str]:
    """An expression as far as a card has room for it, and the mark of what is left out."""
    if isinstance(expr, Sum) and len(expr.terms) > _MOST_TERMS:
        return Sum(expr.terms[:_MOST_TERMS]), " + …"
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


class _Marked(Printer):
    """Text in which names and subscripts are marked; names near ``home`` need less of a path.

    A ``cut`` name stands for what was too long to read, and has no card that says what it is.
    """

    def __init__(self, home: str, cut: Collection[str]) -> None:
        super().__init__(UNICODE, False)
        self.home, self.cut = home.split("."), cut

    def name(self, tree: Name) -> str:
        """A name between marks that say whether it is a tensor or a gradient."""
        if tree.text in self.cut:
            return "…"
        if tree.of is not None:
            return f"{_GRADIENT}{self.from_home(tree.of)}{_END}"
        return f"{_NAME}{self.from_home(tree.text)}{_END}" if tree.text[:1].isalpha() else tree.text

    def from_home(self, name: str) -> str:
        """The name without the scopes that it shares with the card on which it stands."""
        parts = name.split(".")
        shared = 0
        while shared < min(len(parts) - 1, len(self.home)) and parts[shared] == self.home[shared]:
            shared += 1
        return ".".join(parts[shared:])

    def big_sum(self, letters: tuple[str, ...]) -> str:
        """A sum sign with its letters set low."""
        return f"Σ{_SUBSCRIPT}{''.join(letters)}{_END}"

    def indexed(self, body: Tree, places: tuple[str | None, ...]) -> str:
        """Subscripts set low where they are single letters in front."""
        plain = super().indexed(body, places)
        name, bar, letters = plain.rpartition("_")
        if bar and letters.isalnum() and name.endswith((_END, ")")):
            return f"{name}{_SUBSCRIPT}{letters}{_END}"
        return plain

    def power(self, tree: Power) -> tuple[str, int]:
        """An elementwise power set high."""
        shown, binding = super().power(tree)
        body, mark, exponent = shown.rpartition("^")
        if not mark or not tree.elementwise:
            return shown, binding
        return f"{body}{_SUPERSCRIPT}{exponent}{_END}", binding


_MARKS = _NAME + _GRADIENT + _SUBSCRIPT + _SUPERSCRIPT
_PIECE = re.compile(f"([{_MARKS}])([^{_END}]*){_END}|([^{_MARKS}]+)")


def _pieces(marked: str) -> list[str | Run | Text]:
    pieces: list[str | Run | Text] = []
    for mark, inside, plain in _PIECE.findall(marked):
        before = pieces[-1] if pieces else None
        if mark == _NAME:
            pieces.append(symbol(inside))
        elif mark == _GRADIENT:
            pieces.append(differential(inside))
        elif mark == _SUPERSCRIPT:
            pieces.append(sup(inside))
        elif mark == _SUBSCRIPT and isinstance(before, Text):
            pieces[-1] = indexed(before, f"_{inside}")
        else:
            pieces.append(sub(inside) if mark else plain)
    return pieces
