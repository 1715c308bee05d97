"""SymPy's scalar expressions as graphs, element by element.

An index of a sum is an axis of its own while the body is read, so that ``Sum(X[i, j] w[j], ...)`` becomes
elementwise products, reduced at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import pi
from typing import Any

from minigrad import ops
from minigrad.errors import DerivationError
from minigrad.graph import Tensor
from minigrad.index.size import AnySize, Size, dim
from minigrad.names import checked_name, name_in_words
from minigrad.parsing import create, table
from minigrad.parsing.sympy_sizes import dims_in, kinds, shape_in_words, size_of
from minigrad.parsing.variables import Declared, symbol

Axes = list[tuple[Any, AnySize]]  # the index symbols in force, each with its range, outermost first

_RELATIONS = {
    "StrictGreaterThan": ops.greater,
    "GreaterThan": ops.greater_equal,
    "StrictLessThan": ops.less,
    "LessThan": ops.less_equal,
    "Equality": ops.equal,
    "Unequality": ops.not_equal,
    "And": ops.logical_and,
    "Or": ops.logical_or,
}


class Elements:
    """Reads scalars; a variable met twice is one tensor."""

    def __init__(self, root: Any) -> None:
        self.variables: dict[str, Tensor] = {}
        self.sizes = dims_in(root)

    # -- variables ---------------------------------------------------------------------------------

    def variable(self, name: str, sizes: Sequence[AnySize], positive: bool = False) -> Tensor:
        """The tensor of a name: a vector where its second size is 1."""
        kept = tuple(sizes[:1] if len(sizes) == 2 and sizes[1] == 1 else sizes)
        known = self.variables.get(name)
        if known is None:
            assume = frozenset({"positive"} if positive else ())
            known = self.variables[name] = symbol(name, Declared(kept, assume))
        if tuple(known.shape) != kept:
            raise DerivationError(
                f"from_sympy: {name!r} has two shapes, {shape_in_words(known.shape)} and {shape_in_words(kept)}; rename one"
            )
        return known

    def matrix(self, expression: Any) -> Tensor:
        """The tensor of two axes that a matrix expression is; who reads those says how."""
        raise NotImplementedError

    def whole(self, expression: Any, axes: Axes) -> Tensor:
        """A matrix inside a sum, which is one for all values of the indices in force."""
        met = expression.free_symbols & {index for index, _ in axes}
        if met:
            raise DerivationError(
                f"from_sympy: a matrix inside depends on the index {min(map(str, met))}, and a stack of "
                "matrices has no counterpart here; write the sum by whole matrices"
            )
        return self.matrix(expression)

    # -- scalars: tensors with an axis for every index in force, or none ---------------------------

    def scalar(self, e: Any, axes: Axes, given: dict[Any, Tensor] | None = None) -> Tensor:
        """One element, for all values of the indices at once."""
        if given and e in given:
            return given[e]
        own = kinds(e)
        if "Symbol" in own:
            return self.scalar_symbol(e, axes)
        if e.is_Number or e.is_NumberSymbol:
            return _number(e)
        for kind in own:
            rule: Callable[[Any, Axes], Tensor] | None = getattr(
                self, _SCALAR_RULES.get(kind, ""), None
            )
            if rule is not None:
                return rule(e, axes)
        if e.is_Add:
            return reduce(ops.add, (self.scalar(a, axes, given) for a in e.as_ordered_terms()))
        if e.is_Mul:
            return reduce(
                ops.multiply, (self.scalar(a, axes, given) for a in e.as_ordered_factors())
            )
        if e.is_Pow:
            return self.power_of(self.scalar(e.base, axes, given), e.exp, axes, given)
        return self.function(e, axes, given)

    def scalar_symbol(self, e: Any, axes: Axes) -> Tensor:
        for place, (index, size) in enumerate(axes):
            if e == index:
                return _placed(create.arange(size), [place], len(axes))
        if e.name in self.sizes:
            return ops.positive(dim(e.name))
        return self.variable(e.name, (), bool(e.is_positive))

    def power_of(
        self, base: Tensor, exponent: Any, axes: Axes, given: dict[Any, Tensor] | None = None
    ) -> Tensor:
        if exponent.is_Integer and exponent < 0:
            lower = base if exponent == -1 else ops.power(base, int(-exponent))
            return ops.divide(create.number(1), lower)
        if exponent.is_Integer:
            return ops.power(base, int(exponent))
        if exponent.is_Rational and (exponent.p, exponent.q) == (1, 2):
            return ops.sqrt(base)
        return ops.power(base, self.scalar(exponent, axes, given))

    def function(self, e: Any, axes: Axes, given: dict[Any, Tensor] | None) -> Tensor:
        name = checked_name(type(e).__name__, "from_sympy")
        if name == "Piecewise":
            return self.piecewise(e, axes, given)
        args = [self.scalar(a, axes, given) for a in e.args]
        if name in _RELATIONS:
            return reduce(_RELATIONS[name], args)
        if name in ("Max", "Min"):
            return reduce(ops.maximum if name == "Max" else ops.minimum, args)
        if name == "Not":
            return ops.logical_not(*args)
        if name == "Heaviside":
            x, at_zero = args
            return ops.where(ops.greater(x, 0), 1.0, ops.where(ops.equal(x, 0), at_zero, 0.0))
        operation = _operation(e, name) if e.is_Function and e.args else None
        row = getattr(operation, "primitive", None)
        # A function of SymPy's is one of numbers: what sums or sorts would take the axes of an index for its own.
        if operation is None or row is None or row.kind != "elementwise" or row.arity != len(args):
            raise unknown(e)
        result: Tensor = operation(*args)
        return result

    def piecewise(self, e: Any, axes: Axes, given: dict[Any, Tensor] | None) -> Tensor:
        *pieces, (last, condition) = e.args
        if condition != True:  # noqa: E712 (SymPy's true is not Python's)
            raise DerivationError(
                f"from_sympy: {e}: the last piece must hold otherwise, (value, True)"
            )
        result = self.scalar(last, axes, given)
        for value, holds in reversed(pieces):
            result = ops.where(
                self.scalar(holds, axes, given), self.scalar(value, axes, given), result
            )
        return result

    def trace(self, e: Any, axes: Axes) -> Tensor:
        return ops.trace(self.whole(e.args[0], axes))

    def determinant(self, e: Any, axes: Axes) -> Tensor:
        determinant: Tensor = ops.linalg.det(self.whole(e.args[0], axes))
        return determinant

    def sum(self, e: Any, axes: Axes) -> Tensor:
        return self.over(e, axes, ops.sum)

    def product(self, e: Any, axes: Axes) -> Tensor:
        return self.over(e, axes, ops.prod)

    def over(self, e: Any, axes: Axes, reduction: Callable[..., Tensor]) -> Tensor:
        """A sum or product over indices, each an axis of its own until it is reduced."""
        bounds: Axes = []
        for index, first, last in e.limits:
            if first != 0:
                raise DerivationError(
                    f"from_sympy: {e}: sums and products run from 0 to a size minus 1; shift the index"
                )
            bounds.append((index, size_of(last + 1)))
        inner = [*axes, *bounds]
        body = self.scalar(e.function, inner)
        whole = ops.broadcast_to(body, tuple(size for _, size in inner))
        return reduction(whole, axis=tuple(range(len(axes), len(inner))))

    def element(self, e: Any, axes: Axes) -> Tensor:
        parent, *places = e.args
        if kinds(parent)[0] == "MatrixSymbol" and parent.shape[1] == 1:
            tensor, places = (
                self.variable(str(parent.name), [size_of(s) for s in parent.shape]),
                places[:1],
            )
        else:
            tensor = self.whole(parent, axes)
        return self.at(tensor, places, axes, e)

    def indexed(self, e: Any, axes: Axes) -> Tensor:
        base, *places = e.args
        ranges = dict(axes)
        if base.shape is None and any(p not in ranges for p in places):
            raise DerivationError(
                f"from_sympy: {e}: give {base} a shape, IndexedBase(name, shape=(n,))"
            )
        shape = base.shape or [ranges[p] for p in places]
        sizes = [s if isinstance(s, int | Size) else size_of(s) for s in shape]
        name = str(base.label)
        tensor = self.variables.setdefault(name, symbol(name, Declared(tuple(sizes))))
        return self.at(tensor, places, axes, e)

    def delta(self, e: Any, axes: Axes) -> Tensor:
        ranges = dict(axes)
        i, j = e.args
        if i in ranges and j in ranges and ranges[i] == ranges[j]:
            return self.at(create.eye(ranges[i]), [i, j], axes, e)
        return ops.where(ops.equal(self.scalar(i, axes), self.scalar(j, axes)), 1.0, 0.0)

    def at(self, tensor: Tensor, places: Sequence[Any], axes: Axes, e: Any) -> Tensor:
        """Elements of a tensor, with every index in force as an axis in its place."""
        order = [index for index, _ in axes]
        if any(p not in order and not p.is_Integer for p in places):
            raise DerivationError(
                f"from_sympy: {e}: an index is a number or the index of a sum; write a shift as a slice"
            )
        fixed = tuple(int(p) if p.is_Integer and p not in order else slice(None) for p in places)
        if any(isinstance(f, int) for f in fixed):
            tensor = ops.getitem(tensor, fixed)
        letters = [order.index(p) for p in places if p in order]
        if len(set(letters)) < len(letters):
            (label,) = set(letters)
            tensor, letters = ops.einsum("ii->i", tensor), [label]
        return _placed(tensor, letters, len(axes))


def _operation(e: Any, name: str) -> Callable[..., Any] | None:
    """The row whose meaning this function is; what SymPy does not define goes by its name.

    SymPy's own functions do not: its sinc(x) is sin(x)/x, NumPy's sin(πx)/(πx).
    """
    meant = table.by_meaning(f"{name}({', '.join('xyz'[: len(e.args)])})")
    own = str(type(e).__module__).startswith("sympy.functions.")
    return meant if meant is not None or own else table.function(name)


def _placed(tensor: Tensor, places: Sequence[int], count: int) -> Tensor:
    """The tensor's axes at ``places`` of ``count``, size 1 elsewhere."""
    ordered = sorted(places)
    if list(places) != ordered:
        tensor = ops.transpose(tensor, tuple(places.index(p) for p in ordered))
    if not places:
        return tensor
    return ops.getitem(tensor, tuple(slice(None) if k in places else None for k in range(count)))


_SCALAR_RULES = {
    "Trace": "trace",
    "Determinant": "determinant",
    "Sum": "sum",
    "Product": "product",
    "MatrixElement": "element",
    "Indexed": "indexed",
    "KroneckerDelta": "delta",
}


def _number(e: Any) -> Tensor:
    if e.is_Integer:
        return create.number(int(e))
    if e.is_Rational:
        return ops.divide(create.number(int(e.p)), int(e.q))
    return create.number(pi if str(e) == "pi" else float(e))


def unknown(expression: Any) -> DerivationError:
    return DerivationError(
        f"from_sympy: {type(expression).__name__} has no counterpart here ({name_in_words(str(expression)[:80])}); rewrite "
        "it with matrix symbols, products, sums, inverses, traces and elementwise functions"
    )
