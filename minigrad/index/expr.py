"""The small language of index notation: a closed set of nodes, equal when their structure is.

A node has ``sizes``, one per axis. Its axes have no names of their own: a product names them where it
uses them. Nodes are made by the constructors of `contract`, which keep them in normal form; the
classes here only hold facts and compute a structural digest, so that equality, hashing and order are
the same in every process.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad.index.matrix_row import MatrixRow
from minigrad.index.size import AnySize

if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable

Number = int | Fraction | float
Labels = tuple[int, ...]


@functools.cache
def _hash() -> Callable[..., hashlib.blake2b]:
    """BLAKE2b, loaded on first use: with it comes OpenSSL, which takes as long as all the rows."""
    from hashlib import blake2b

    return blake2b


def digest_of(*parts: object) -> bytes:
    state = _hash()(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        state.update(len(data).to_bytes(4, "little"))
        state.update(data)
    return state.digest()


class Expr:
    """A node: ``sizes`` (one per axis), ``digest`` (its identity), and how much there is to read.

    ``weight`` counts what a reader meets, ``height`` how deep it is nested; a name is met as one thing, so
    neither looks behind it.
    """

    __slots__ = ("_symmetric", "digest", "height", "readings", "sizes", "weight")
    sizes: tuple[AnySize, ...]
    digest: bytes
    weight: int
    height: int
    _symmetric: bool  # filled in when it is first asked for
    readings: dict[Any, Any]  # likewise: how the node was read as notation

    @property
    def ndim(self) -> int:
        return len(self.sizes)

    def children(self) -> tuple[Expr, ...]:
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expr) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        shape = ", ".join(map(str, self.sizes))
        return f"<{type(self).__name__} ({shape})>"


class Leaf(Expr):
    """A variable.

    ``kind`` is "data" (given by the user), "size" (a dim used as a number) or "constant" (pi and the
    like, or a number that carries a fractional power).
    """

    __slots__ = ("assume", "kind", "name")

    def __init__(
        self,
        name: str,
        sizes: tuple[AnySize, ...] = (),
        assume: frozenset[str] = frozenset(),
        kind: str = "data",
    ) -> None:
        self.name, self.sizes, self.assume, self.kind = name, sizes, assume, kind
        self.weight = 0 if kind == "size" else 1  # 1/n is read at a glance
        self.height = 0
        self.digest = digest_of("leaf", name, [str(s) for s in sizes], sorted(assume), kind)

    def __repr__(self) -> str:
        return f"<Leaf {self.name} ({', '.join(map(str, self.sizes))})>"


class Factor(NamedTuple):
    """One factor of a product: a node, a label for each of its axes, an elementwise power."""

    node: Expr
    labels: Labels
    exponent: int | Fraction = 1


class Product(Expr):
    """``out[0..r) = coef * sum over labels >= r of prod node[labels] ** exponent``.

    Output axes are the labels 0..r-1, in order; every other label is summed. An output label that no
    factor carries is a broadcast axis.
    """

    __slots__ = ("coef", "factors", "label_sizes")

    def __init__(
        self,
        factors: tuple[Factor, ...],
        coef: Number,
        label_sizes: tuple[AnySize, ...],
        ndim: int,
        identity: bytes,
    ) -> None:
        self.factors, self.coef, self.label_sizes = factors, coef, label_sizes
        self.sizes = label_sizes[:ndim]
        self.weight = sum(
            f.node.weight + (f.exponent != 1 and f.node.weight > 0) for f in factors
        ) + (abs(coef) != 1 or not factors)
        self.height = _above(f.node for f in factors)
        self.digest = digest_of("product", ndim, str(coef), [str(s) for s in label_sizes], identity)

    def children(self) -> tuple[Expr, ...]:
        return tuple(f.node for f in self.factors)

    @property
    def summed(self) -> range:
        return range(len(self.sizes), len(self.label_sizes))


class Sum(Expr):
    """``sum of coef * node`` over nodes of one shape."""

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[tuple[Number, Expr], ...]) -> None:
        self.terms = terms
        self.sizes = terms[0][1].sizes
        self.weight = sum(node.weight + (abs(c) != 1 and not _is_one(node)) for c, node in terms)
        self.height = _above(node for _, node in terms)
        self.digest = digest_of("sum", sorted((node.digest, str(c)) for c, node in terms))

    def children(self) -> tuple[Expr, ...]:
        return tuple(node for _, node in self.terms)


class Head(NamedTuple):
    """An elementwise function: its name, its parameters, and its meaning as SymPy text in x, y, z."""

    name: str
    text: str
    params: tuple[tuple[str, Number], ...] = ()


class Map(Expr):
    """``out[i] = head(a[i], b[i], ...)`` for arguments of one shape."""

    __slots__ = ("args", "head")

    def __init__(self, head: Head, args: tuple[Expr, ...]) -> None:
        self.head, self.args = head, args
        self.sizes = args[0].sizes
        self.weight = 1 + sum(a.weight for a in args)
        self.height = _above(args)
        self.digest = digest_of("map", head, [a.digest for a in args])

    def children(self) -> tuple[Expr, ...]:
        return self.args


class Pick(Expr):
    """``out[I, v] = [index[I] = v]``: gathers along, or scatters to, an axis of ``size``."""

    __slots__ = ("index",)

    def __init__(self, index: Expr, size: AnySize) -> None:
        self.index = index
        self.sizes = (*index.sizes, size)
        self.weight, self.height = 1 + index.weight, 1 + index.height
        self.digest = digest_of("pick", index.digest, str(size))

    def children(self) -> tuple[Expr, ...]:
        return (self.index,)


class Reduction(Expr):
    """A reduction over the last ``count`` axes that is no sum, or what its derivative or an order needs.

    ``kind`` is "max" (the largest element), "argmax" (where it is: 0/1, ties shared in equal parts, so
    that it sums to one), "prod" (the product), "others" (at each element, the product of the others),
    "sort" (ascending along one axis) or "argsort" (the places from which these come, ties in their order).
    """

    __slots__ = ("arg", "count", "kind")

    def __init__(self, kind: str, arg: Expr, count: int) -> None:
        self.kind, self.arg, self.count = kind, arg, count
        reduces = kind in ("max", "prod")
        self.sizes = arg.sizes[: arg.ndim - count] if reduces else arg.sizes
        self.weight, self.height = 1 + arg.weight, 1 + arg.height
        # digests order terms, so this word is seen in prints
        self.digest = digest_of("extremum", kind, count, arg.digest)

    def children(self) -> tuple[Expr, ...]:
        return (self.arg,)


class MatrixFunction(Expr):
    """A function of the last two axes; its row says which, and all that is known of it."""

    __slots__ = ("arg", "row")

    def __init__(self, row: MatrixRow, arg: Expr) -> None:
        self.row, self.arg = row, arg
        *batch, rows, columns = arg.sizes
        self.sizes = (*batch, *row.sizes(rows, columns))
        self.weight, self.height = 1 + arg.weight, 1 + arg.height
        self.digest = digest_of("matrix function", row.name, arg.digest)

    def children(self) -> tuple[Expr, ...]:
        return (self.arg,)


class Definition(NamedTuple):
    """What a composite means: ``build(*args)`` gives it in simpler nodes.

    ``facts`` says what is known of its values ("positive"; "symmetric"; "simplex", "centred": the last axis
    sums to one, to zero); ``owner`` tells apart two definitions of one name (a user may redefine his own row);
    ``letter`` is what a reader calls its value; ``adjoint(node, k, g, extra, output)`` is the adjoint by
    argument k where it has a form that is closed, and the definition's would not be read; ``operation`` is
    the one array operation that it is, along the last ``count`` axes of its argument.
    """

    name: str
    build: Callable[..., Expr]
    params: tuple[tuple[str, object], ...] = ()
    facts: frozenset[str] = frozenset()
    owner: object = None
    letter: str = ""
    adjoint: Callable[..., Expr] | None = None
    operation: str = ""


class Composite(Expr):
    """A function with a name of its own and a definition in simpler nodes (softmax, BCE, ...)."""

    __slots__ = ("args", "definition")

    def __init__(
        self, definition: Definition, args: tuple[Expr, ...], sizes: tuple[AnySize, ...]
    ) -> None:
        self.definition, self.args, self.sizes = definition, args, sizes
        self.weight = 1 + sum(a.weight for a in args)
        self.height = _above(args)
        self.digest = digest_of(
            "composite",
            definition.name,
            definition.params,
            [a.digest for a in args],
            [str(s) for s in sizes],
        )

    def children(self) -> tuple[Expr, ...]:
        return self.args

    def expand(self) -> Expr:
        return self.definition.build(*self.args)

    @property
    def reduced(self) -> range:
        """The axes of the argument that it runs along, where it is one over the last ``count``."""
        (x, *_) = self.args
        count = dict(self.definition.params)["count"]
        assert isinstance(count, int)
        return range(x.ndim - count, x.ndim)


class Ref(Expr):
    """A name for a node; simplification does not look behind it.

    ``of`` is the named tensor's name when the node is the loss's gradient by that tensor; ``kept`` are
    facts of the node, see `kept_by_names`. A ``free`` name is a variable: it may stand for anything of its
    shape, and no fact of its node is used.
    """

    __slots__ = ("free", "kept", "name", "node", "of")

    def __init__(self, name: str, node: Expr, of: str | None = None, free: bool = False) -> None:
        self.name, self.node, self.of, self.free = name, node, of, free
        self.kept: dict[str, Any] = {}
        self.sizes = node.sizes
        self.weight, self.height = 1, 0
        self.digest = digest_of("free ref" if free else "ref", name, node.digest)

    def children(self) -> tuple[Expr, ...]:
        return (self.node,)

    def __repr__(self) -> str:
        return f"<Ref {self.name} ({', '.join(map(str, self.sizes))})>"


def _above(nodes: Iterable[Expr]) -> int:
    return 1 + max((node.height for node in nodes), default=-1)


def _is_one(node: Expr) -> bool:
    return isinstance(node, Product) and not node.factors


def is_constant(node: Expr, value: Number | None = None) -> bool:
    """Whether the node is one number in every element (that number, if ``value`` is given)."""
    return isinstance(node, Product) and not node.factors and (value is None or node.coef == value)


def is_zero(node: Expr) -> bool:
    return is_constant(node, 0)


class Bound(NamedTuple):
    """What is longer or nested deeper than this is read by names for its parts.

    So what stands between two names is small whatever a program's depth, and passes that stay between names
    may recurse; those that go behind names use a stack of their own.
    """

    weight: int
    height: int
    factors: int
    summed: int
    bits: int = 64

    def is_passed(self, node: Expr) -> bool:
        """Whether there is more to read than anybody would without names for parts."""
        if node.weight > self.weight or node.height > self.height:
            return True
        if not isinstance(node, Product):
            return False
        if len(node.factors) > self.factors or len(node.summed) > self.summed:
            return True
        powers = (part for f in node.factors for part in f.exponent.as_integer_ratio())
        return max(map(int.bit_length, powers), default=0) > self.bits


# A program that can be read as a whole, and one that is read line by line.
READ, LINES = Bound(64, 16, 16, 8), Bound(12, 5, 3, 2)


def postorder(
    *roots: Expr, closed: Callable[[Expr], bool] = lambda node: False, seen: set[Expr] | None = None
) -> Iterator[Expr]:
    """Every node once, children before parents, without recursion.

    What is below a ``closed`` node is left out, and so is what is ``seen`` already.
    """
    seen = set() if seen is None else seen
    stack: list[tuple[Expr, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if not closed(node):
                children = reversed(node.children())
                stack.extend((child, False) for child in children if child not in seen)


def is_name(node: Expr) -> bool:
    return isinstance(node, Ref)


def is_definition(node: Expr) -> bool:
    """Whether the node is the name of a tensor of the user's, not of a gradient."""
    return isinstance(node, Ref) and node.of is None


def referred(*roots: Expr) -> list[Ref]:
    """Every name that the roots need and that is not a variable's own, what it stands on first."""
    return [
        node
        for node in postorder(*roots)
        if isinstance(node, Ref) and not (type(node.node) is Leaf and node.node.name == node.name)
    ]
