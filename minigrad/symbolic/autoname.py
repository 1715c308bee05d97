"""Names that the user did not give: for what a reader would name, and only where that shortens.

Before a derivation, outputs of functions and quotients get names, so that their gradients can be
written by them (softmax by its own output, a quotient by itself). Afterwards a name that is used once,
or that saves nothing, is taken back, and what is still repeated is named.

In Σ_i c_i tanh(Σ_j A_ij x_j), with A of 2 × 3, the output of tanh is named before the gradient is derived.
The gradient is written by it, where the name pays for its definition:

>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.choose import printed_length
>>> from minigrad.notation.matrix import index_text
>>> from minigrad.symbolic.derive import adjoints
>>> from minigrad.symbolic.exponentials import function
>>> A, x, c = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("c", (2,))
>>> h = Map(function("tanh(x)", "tanh"), (contract("i", [(A, "ij"), (x, "j")]),))
>>> names = FreeNames()
>>> loss = named(contract("", [(c, "i"), (h, "i")]), names)
>>> index_text(loss)
'Σ_i c_i h_i'
>>> gradient = finished([adjoints(loss, [x], names=names)[x]])
>>> index_text(gradient[0])
'Σ_j A_ji (1 − h_j²) c_j'
>>> index_text(settled(gradient, names, printed_length)[0])
'Σ_j A_ji (1 − tanh(Σ_k A_jk x_k)²) c_j'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import cache

from minigrad.errors import DerivationError
from minigrad.index.expr import (
    LINES,
    READ,
    Bound,
    Composite,
    Expr,
    Map,
    MatrixFunction,
    Product,
    Ref,
    Sum,
    postorder,
)
from minigrad.index.rebuild import transformed, with_children
from minigrad.symbolic.byname import folded_by_names, is_quotient, written_by
from minigrad.symbolic.repetitions import Length, read_times, repetitions_named, saved_by_name
from minigrad.symbolic.simplify import finished

# A formula with more parts or levels than this is not written without names.
_MOST_WHOLE_WEIGHT, _MOST_WHOLE_HEIGHT = 4_000, 64
# A program of more operations than this is read line by line: names come early, and stay where they stand
# for what is used more than once, without a look at what each of them saves.
_MOST_OPERATIONS = 400
# For second derivatives the same is counted for each pair of variables; beyond the last they are refused.
_MOST_SECOND, _LAST_SECOND = 64, 20_000
# Taking names back can make others useless; after so many times they stay as they are.
_MOST_ROUNDS = 16
# Comparisons and cases are read in place.
_UNNAMED_HEADS = {"greater", "greater_equal", "equal", "step", "where", "abs"}

class FreeNames:
    """Free names, by what they stand for.

    ``bound`` says beyond what a part of a program of so many ``operations`` has a name.
    """

    def __init__(self, taken: Collection[str] = (), operations: int = 0) -> None:
        self.own = frozenset(taken)  # what the user named
        self.taken = set(taken)
        self.operations = operations
        self.bound = READ if operations <= _MOST_OPERATIONS else LINES
        self.given: set[str] = set()
        self._next: Counter[str] = Counter()  # the first number not tried yet, by letter

    def expect_second(self, variables: int) -> None:
        """Second derivatives by so many variables: a formula for each pair, each as long as the program.

        Raises
        ------
        DerivationError
            When they are too many to be derived.
        """
        self.taken.add("H")  # what a Hessian is called
        pairs = variables**2
        if self.operations * pairs > _LAST_SECOND:
            raise DerivationError(
                f"derive: order 2 by {variables} variables is {pairs:,} formulas through "
                f"{self.operations:,} operations each; up to {_LAST_SECOND:,} operations in all are derived: say by which "
                "variables, wrt=, or take the numbers from mg.hessian"
            )
        if self.operations * pairs > _MOST_SECOND:
            self.bound = LINES

    def fresh(self, node: Expr) -> str:
        """A letter that fits the node: capital for a matrix, small for a vector or number."""
        letter = _letter(node)
        letter = letter.upper() if node.ndim >= 2 else letter
        k = self._next[letter]
        name = f"{letter}{k}" if k else letter
        while name in self.taken or f"d{name}" in self.taken:
            k += 1
            name = f"{letter}{k}"
        self._next[letter] = k + 1
        self.taken |= {name, f"d{name}"}
        self.given |= {name, f"d{name}"}
        return name

    def ref(self, node: Expr) -> Ref:
        """The node behind a fresh name."""
        return Ref(self.fresh(node), node)


def _letter(node: Expr) -> str:
    match node:
        case Composite():
            usual = "p" if "positive" in node.definition.facts else "t"
            return node.definition.letter or usual
        case Map():
            return {"exp": "e", "special.expit": "p", "tanh": "h"}.get(node.head.name, "u")
        case MatrixFunction():
            return "y"
        case Sum():
            return "r"
        case Product() if any(f.exponent < 0 for f in node.factors):
            return "g"
    return "t"


def named(root: Expr, names: FreeNames) -> Expr:
    """``root`` with names for outputs of functions and for quotients, what has a name left alone."""
    own = {node.node for node in postorder(root) if isinstance(node, Ref)}
    done: dict[Expr, Expr] = {}
    for node in postorder(root):
        children = node.children()
        new = [done[child] for child in children]
        same = all(a is b for a, b in zip(children, new, strict=True))
        built = node if same else with_children(node, new)
        worth = node not in own and node is not root and _worth_naming(built)
        done[node] = names.ref(built) if worth else built
    return done[root]


def _worth_naming(node: Expr) -> bool:
    match node:
        case Composite():
            return node.ndim > 0
        case Map():
            return node.head.name not in _UNNAMED_HEADS
        case MatrixFunction():
            return node.ndim > 0 and node.ndim == node.arg.ndim
        case Product():
            return is_quotient(node)
    return False


# -- afterwards --------------------------------------------------------------------------------------


def settled(exprs: Sequence[Expr], names: FreeNames, length: Length) -> list[Expr]:
    """The expressions with useless automatic names taken back and repetitions named.

    A name stays where without it there would be more in one place than anybody reads.
    """
    known = [ref for ref in postorder(*exprs) if isinstance(ref, Ref) and ref.of is None]
    quotients = [r for r in known if isinstance(r.node, Product) and is_quotient(r.node)]
    result = folded_by_names(written_by(exprs, quotients), known)
    length = cache(length)
    needed: set[str] = set()
    simple: tuple[dict[Expr, Expr], dict[Expr, Expr]] = {}, {}
    for _ in range(_MOST_ROUNDS):
        refs = [ref for ref in _automatic(result, names) if ref.name not in needed]
        uses = read_times(result)
        useless = [r for r in refs if uses[r] == 1]
        if names.bound is READ:
            useless = useless or [r for r in refs if _saves_nothing(r, uses[r], length)]
        if not useless:
            break
        opened = Opened({ref.name for ref in useless}, names.bound)
        result = finished([opened(expr) for expr in result], simple)
        needed |= opened.kept
    if names.bound is not READ:
        return result
    return repetitions_named(_lettered(result, names), names.ref, length)


def _lettered(exprs: Sequence[Expr], names: FreeNames) -> list[Expr]:
    """The expressions with names for what a reader knows by a letter of its own."""
    known = {ref.node for ref in postorder(*exprs) if isinstance(ref, Ref)}
    found = [
        node
        for node in postorder(*exprs)
        if isinstance(node, Composite) and node.definition.letter and node not in known
    ]
    return folded_by_names(exprs, [names.ref(node) for node in found]) if found else list(exprs)


def without_names(root: Expr) -> Expr:
    """``root`` with all names replaced by what they stand for.

    Raises
    ------
    DerivationError
        When that is longer, or nested deeper, than anybody reads.
    """
    weight, height = _whole(root)
    if weight > _MOST_WHOLE_WEIGHT or height > _MOST_WHOLE_HEIGHT:
        raise DerivationError(
            f"written in the variables alone, this formula has {_rounded(weight)} parts, nested "
            f"{_rounded(height)} deep; up to {_MOST_WHOLE_WEIGHT} and {_MOST_WHOLE_HEIGHT} are written: "
            "read it by its names (print it)"
        )
    return transformed(root, lambda node: node.node if isinstance(node, Ref) else node)


def _whole(root: Expr) -> tuple[int, int]:
    """Weight and height of an expression without its names."""
    sizes: dict[Expr, tuple[int, int]] = {}
    for node in postorder(root):
        below = [sizes[child] for child in node.children()]
        if isinstance(node, Ref):
            sizes[node] = below[0]
            continue
        weight = node.weight - sum(child.weight for child in node.children())
        height = 1 + max((h for _, h in below), default=-1)
        # beyond the limit the number itself does not matter, and it can have thousands of digits
        sizes[node] = min(weight + sum(w for w, _ in below), 10**12), height
    return sizes[root]


def _rounded(count: int) -> str:
    return f"more than {count:,}" if count == 10**12 else f"{count:,}"


class Opened:
    """Expressions with certain names replaced by what they stand for, where that is not too long.

    One object opens all expressions that belong together; ``kept`` are the names that had to stay.
    """

    def __init__(self, names: Collection[str], bound: Bound) -> None:
        self.names, self.bound = names, bound
        self.kept: set[str] = set()
        self._done: dict[Expr, Expr] = {}

    def __call__(self, root: Expr) -> Expr:
        return transformed(root, self._opened, self._done)

    def _opened(self, node: Expr) -> Expr:
        if not isinstance(node, Ref) or node.name not in self.names:
            return node
        if not self.bound.is_passed(node.node):
            return node.node
        self.kept.add(node.name)
        return node


def _automatic(exprs: Sequence[Expr], names: FreeNames) -> list[Ref]:
    """Automatic names in use, outer ones first."""
    refs = [n for n in postorder(*exprs) if isinstance(n, Ref) and n.name in names.given]
    return refs[::-1]


def _saves_nothing(ref: Ref, uses: int, length: Length) -> bool:
    return saved_by_name(ref.node, uses, length) <= (uses + 1) * (len(ref.name) - 1)
