"""The names of one derivation: the user's tensors and dims, and every name and letter that is handed out.

Whoever needs a name asks here: a derivation for what nobody named, for the gradient by a tensor and for the
output, and the notation for its letters and its own symbols, which give way to what the user named.

>>> names = FreeNames(tensors=["L", "S", "dS"], dims=["n"])
>>> names.gradient("X"), names.gradient("S"), names.free("L", "F")
('dX', 'grad_S', 'F')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import count

from minigrad.errors import DerivationError
from minigrad.index.affine import AffineRelation, has_windows
from minigrad.index.expr import (
    LINES,
    READ,
    Composite,
    Expr,
    Leaf,
    Map,
    MatrixFunction,
    Product,
    Reduction,
    Ref,
    Sum,
)
from minigrad.names import differential_name, parted

# A program of more operations than this is read line by line: names come early, and stay where they stand
# for what is used more than once, without a look at what each of them saves.
_MOST_OPERATIONS = 400
# For second derivatives the same is counted for each pair of variables, for third ones for each triple;
# beyond the last they are refused.
_MOST_SECOND, _LAST_SECOND = 64, 20_000


class FreeNames:
    """The names of one derivation, by what they stand for.

    ``tensors`` and ``dims`` are what the user named, ``given`` what nobody did, ``loss`` is what is derived.
    ``bound`` says beyond what a part of a program of so many ``operations`` has a name.
    """

    def __init__(
        self, tensors: Collection[str] = (), dims: Collection[str] = (), operations: int = 0
    ) -> None:
        self.tensors, self.dims = frozenset(tensors), frozenset(dims)
        self.own = self.tensors | self.dims
        self.taken = set(self.own)
        self.operations = operations
        self.bound = READ if operations <= _MOST_OPERATIONS else LINES
        self.given: set[str] = set()
        self.loss = "L"
        self._next: Counter[str] = Counter()  # the first number not tried yet, by letter

    def copy(self) -> FreeNames:
        """The same names, to go on with in another way."""
        other = FreeNames(self.tensors, self.dims, self.operations)
        other.own, other.bound, other.loss = self.own, self.bound, self.loss
        other._next = Counter(self._next)
        other.taken, other.given = set(self.taken), set(self.given)
        return other

    def enter(self, tensors: Iterable[str]) -> None:
        """Tensors that come in later, as directions do."""
        self.tensors |= {*tensors}
        self.own |= self.tensors
        self.taken |= self.tensors

    def derive(self, output: str | None, has_axes: bool) -> None:
        """What is derived: by its name, or where it has none by a letter that is free."""
        self.loss = output or self.free(*("YFZ" if has_axes else "LFZ"))
        self.taken.add(self.loss)

    def expect_order(self, order: int, variables: int) -> None:
        """Derivatives by so many variables: a formula for each pair at order 2, each as long as the program.

        Raises
        ------
        DerivationError
            When they are too many to be derived.
        """
        self.taken.add("H")  # what a Hessian is called
        pairs = variables**order
        if self.operations * pairs > _LAST_SECOND:
            raise DerivationError(
                f"derive: order {order} by {variables} variables is {pairs:,} formulas through "
                f"{self.operations:,} operations each; up to {_LAST_SECOND:,} operations in all are derived: say by which "
                "variables, wrt=, or take the numbers from mg.hessian"
            )
        if self.operations * pairs > _MOST_SECOND:
            self.bound = LINES

    # -- names ---------------------------------------------------------------------------------------

    def free(self, *wanted: str) -> str:
        """The first of the names that means nothing to the user, or the last with a number."""
        return next(name for name in _with_numbers(wanted) if name not in self.own)

    def gradient(self, of: str) -> str:
        """What the gradient by a tensor is called: dS, or grad_S where the user's own tensor is called dS."""
        usual, (path, last) = differential_name(of), parted(of)
        other = f"{self.free('grad', 'gradient')}_{last}"  # of grad itself grad_i would be an element
        name = self.free(usual, f"{path}.{other}" if path else other)
        if name != usual:
            self.given.add(name)  # and is read only where it shortens
        return name

    def fresh(self, node: Expr, letter: str = "") -> str:
        """A letter that fits the node: capital for a matrix, small for a vector or number."""
        letter = letter or _letter(node)
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

    def ref(self, node: Expr, letter: str = "") -> Ref:
        """The node behind a fresh name."""
        return Ref(self.fresh(node, letter), node)

    # -- letters -------------------------------------------------------------------------------------

    @property
    def words(self) -> frozenset[str]:
        """What is no index: the names of tensors. A dim lends its name to indices, but not beside a tensor's."""
        return self.tensors.union(self.given) - self.dims


def _with_numbers(wanted: Collection[str]) -> Iterator[str]:
    yield from wanted
    last = [*wanted][-1]
    yield from (f"{last}{k}" for k in count(1))


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
        case Reduction(kind="argmax"):
            return "m"
        case Product() if has_windows(node):
            return "y"
        case Product() if node.ndim == 2 and (of := _matricised(node)) is not None and len(of) == 1:
            return of
        case Product() if any(f.exponent < 0 for f in node.factors):
            return "g"
    return "t"


def _matricised(node: Product) -> str | None:
    """The name of the vector that a product makes a matrix of."""
    variables = [f.node for f in node.factors if isinstance(f.node, Leaf | Ref)]
    maps = [f.node for f in node.factors if isinstance(f.node, AffineRelation)]
    of_one = len(variables) == len(maps) == 1 and variables[0].ndim == 1
    return variables[0].name if of_one else None
