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
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import count

from minigrad.errors import DerivationError
from minigrad.index.affine import has_windows, is_open_window
from minigrad.index.expr import (
    READ,
    Bound,
    Composite,
    Expr,
    Map,
    MatrixFunction,
    Product,
    Reduction,
    Ref,
    Sum,
    postorder,
    referred,
)
from minigrad.index.rebuild import rewritten, transformed, with_children
from minigrad.symbolic.byname import folded_by_names, is_quotient, with_one_name_each, written_by
from minigrad.symbolic.freenames import FreeNames
from minigrad.symbolic.matricised import matrices_named
from minigrad.symbolic.orientation import in_one_direction
from minigrad.symbolic.repetitions import Length, read_times, repetitions_named, saved_by_name
from minigrad.symbolic.simplify import finished, simplified

# A formula with more parts or levels than this is not written without names.
_MOST_WHOLE_WEIGHT, _MOST_WHOLE_HEIGHT = 4_000, 64
# Taking names back can make others useless; after so many times they stay as they are.
_MOST_ROUNDS = 16
# Comparisons and cases are read in place.
_UNNAMED_HEADS = {"greater", "greater_equal", "equal", "step", "where", "abs"}


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
            return is_quotient(node) or has_windows(node)  # how far their indices run, a name tells
    return False


# -- afterwards --------------------------------------------------------------------------------------


def settled(exprs: Sequence[Expr], names: FreeNames, length: Length) -> list[Expr]:
    """The expressions with useless automatic names taken back and repetitions named.

    A name stays where without it there would be more in one place than anybody reads.
    """
    known = [ref for ref in postorder(*exprs) if isinstance(ref, Ref) and ref.of is None]
    quotients = [r for r in known if isinstance(r.node, Product) and is_quotient(r.node)]
    result = with_one_name_each(folded_by_names(written_by(exprs, quotients), known), names.given)
    length = cache(length)
    needed: set[str] = set()
    simple: tuple[dict[Expr, Expr], dict[Expr, Expr]] = {}, {}
    for _ in range(_MOST_ROUNDS):
        refs = [
            ref
            for ref in _automatic(result, names)
            if ref.name not in needed and not has_windows(ref.node)
        ]
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
    result = _with_sums_opened(result, names)
    result, masks = _masks_named(result, names)
    result = matrices_named(_lettered(result, names), names.ref, length)
    result = repetitions_named(result, names.ref, length)
    uses = read_times(result)  # what is left of a name's places may be one, in another name's definition
    refs = [ref for ref in _automatic(result, names) if not has_windows(ref.node)]
    once = {ref.name for ref in refs if uses[ref] == 1} - masks
    result = list(map(Opened(once, names.bound), result))
    return [in_one_direction(expr) for expr in result]


def _with_sums_opened(exprs: list[Expr], names: FreeNames) -> list[Expr]:
    """Without names of gradients whose sum is known when they are written out: sum(dt) is −1 for dt = −e_3."""
    # each is tried where it stands before the whole is written anew
    alone = {
        ref
        for node in postorder(*exprs)
        for ref in _summed_alone(node)
        if simplified(_opened_here(node, ref)).weight <= node.weight
    }
    for ref in _automatic(exprs, names):
        if ref.of is None or ref not in alone:
            continue
        opened = finished(list(map(Opened({ref.name}, names.bound), exprs)))
        if _weight_of_all(opened, names) < _weight_of_all(exprs, names):
            exprs = opened
    return exprs


def _opened_here(node: Expr, ref: Ref) -> Expr:
    """The node with what one name stands for, and all other names as they are."""
    return rewritten(
        node, lambda each: ref.node if each == ref else each if isinstance(each, Ref) else None
    )


def _summed_alone(node: Expr) -> Iterator[Ref]:
    """The names in a product that are summed over an axis that nothing else in it has."""
    if isinstance(node, Product) and node.summed:
        carried = Counter(label for f in node.factors for label in {*f.labels})
        for f in node.factors:
            if isinstance(f.node, Ref) and any(k >= node.ndim and carried[k] == 1 for k in f.labels):
                yield f.node


def _weight_of_all(exprs: Sequence[Expr], names: FreeNames) -> int:
    """How much there is to read, with what the names that nobody gave stand for."""
    return sum(e.weight for e in exprs) + sum(r.node.weight for r in _automatic(exprs, names))


def _lettered(exprs: Sequence[Expr], names: FreeNames) -> list[Expr]:
    """The expressions with names for what a reader knows by a letter of its own."""
    known = {ref.node for ref in postorder(*exprs) if isinstance(ref, Ref)}
    found = [
        node
        for node in postorder(*exprs)
        if isinstance(node, Composite) and node.definition.letter and node not in known
    ]
    return folded_by_names(exprs, [names.ref(node) for node in found]) if found else list(exprs)


def _masks_named(exprs: list[Expr], names: FreeNames) -> tuple[list[Expr], set[str]]:
    """The expressions with names for masks of maxima of windows, and the names: what has one is 0 outside of its places."""
    found = dict.fromkeys(
        f.node
        for node in postorder(*exprs)
        if isinstance(node, Product) and any(map(is_open_window, node.factors))
        for f in node.factors
        if isinstance(f.node, Reduction) and f.node.kind == "argmax"
    )
    refs = [names.ref(node) for node in found]
    return (folded_by_names(exprs, refs) if refs else exprs), {ref.name for ref in refs}


def numbered_anew(exprs: Sequence[Expr], names: FreeNames) -> list[Expr]:
    """The expressions with the names that nobody gave counted from the first: r and r1, not r8 and r9."""
    refs = referred(*exprs)
    ours = [ref for ref in refs if ref.name in names.given and ref.of is None]
    taken = {*names.own, names.loss, "H", *(ref.name for ref in refs if ref not in ours)}
    called: dict[str, str] = {}
    for ref in ours:
        letter = ref.name.rstrip("0123456789")
        numbers = (f"{letter}{k or ''}" for k in count())
        called[ref.name] = next(n for n in numbers if n not in taken and f"d{n}" not in taken)
        taken.add(called[ref.name])
    names.given |= {*called.values()}

    def rule(node: Expr) -> Expr:
        if isinstance(node, Ref) and node.of is None and node.name in called:
            return Ref(called[node.name], node.node, node.of, node.free)
        return node

    # a gradient is called after its tensor, and so keeps it as it is
    if any(ref.of in called for ref in refs):
        return list(exprs)
    done: dict[Expr, Expr] = {}
    return [transformed(expr, rule, done) for expr in exprs]


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
    return _is_multiple(ref.node) or saved_by_name(ref.node, uses, length) <= (uses + 1) * (len(ref.name) - 1)


def _is_multiple(node: Expr) -> bool:
    """Whether the node is a number times one thing that is no sum: the number goes to where it stands."""
    if not isinstance(node, Product) or node.summed or len(node.factors) != 1:
        return False
    (f,) = node.factors
    return not isinstance(f.node, Sum) and f.exponent == 1 and sorted(f.labels) == [*range(node.ndim)]
