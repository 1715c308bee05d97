"""Proof without tolerance: rational arithmetic where it applies, SymPy's own ``diff`` elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from minigrad.checking.compare import judged
from minigrad.checking.digits import has_floats
from minigrad.checking.distributions import generator
from minigrad.checking.identity import UndecidedError, vanishes
from minigrad.checking.meaning import Meaning, operations
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Sample
from minigrad.errors import DerivationError
from minigrad.index import heads
from minigrad.index.expr import Expr, Head, Leaf, Map, Number, Product
from minigrad.index.matrix_row import MatrixRow
from minigrad.index.rebuild import parts_of
from minigrad.program.arithmetic import Exact, per_matrix
from minigrad.symbolic.budget import ask_for_time

RATIONAL, SYMPY = "rational arithmetic", "SymPy diff"
_MOST_SCALAR_OPERATIONS = 1500
# Powers and factorials beyond this have too many digits.
_LARGEST_EXPONENT = 1000
# SymPy walks an expression as a tree, however much of it is shared.
_MOST_NODES = 3_000
_DECIDED = 1e-30
_MOST_STEPS = 1000
_DISCRETE = {"symmetric", "spd", "diagonal", "orthogonal", "simplex", "onehot", "0/1", "pm1"}


class NotRationalError(DerivationError):
    """An expression leaves the rational numbers."""


class SingularError(DerivationError):
    """A matrix drawn for an inverse has none; others may do."""


# The digits of a product repeated at each of n steps double n times.
_MOST_BITS = 20_000


def _fraction(x: Any) -> Fraction:
    """An exact number; NumPy's whole numbers would overflow in it."""
    return x if type(x) is Fraction else Fraction(x.item() if isinstance(x, np.generic) else x)


def _bits(x: Fraction) -> int:
    """How long the number is, without its sign; 0 and 1 stay what they are in any power."""
    return max(abs(x.numerator).bit_length(), x.denominator.bit_length()) - 1


class Dual:
    """A rational number and its rate of change, a + b ε with ε² = 0: a derivative without a limit."""

    __slots__ = ("a", "b")

    def __init__(self, a: Any, b: Any = 0) -> None:
        self.a, self.b = _fraction(a), _fraction(b)
        if max(_bits(self.a), _bits(self.b)) > _MOST_BITS:
            raise NotRationalError(f"exact numbers would pass {_MOST_BITS:,} binary digits")

    def __add__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # the array then asks each of its elements
        y = _dual(other)
        return Dual(self.a + y.a, self.b + y.b)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        y = _dual(other)
        return Dual(self.a * y.a, self.a * y.b + self.b * y.a)

    def __pow__(self, n: int) -> Dual:
        if n == 0:
            return Dual(1)
        if abs(n) * _bits(self.a) > 2 * _MOST_BITS:
            raise NotRationalError(f"exact numbers would pass {_MOST_BITS:,} binary digits")
        return Dual(self.a**n, n * self.a ** (n - 1) * self.b)

    __radd__ = __add__
    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Any:
        return self + other * -1

    def __rsub__(self, other: Any) -> Any:
        return self * -1 + other

    def __eq__(self, other: object) -> Any:
        """Whether two numbers that stand still are one; of one that moves it is no rational function."""
        if isinstance(other, np.ndarray):
            return NotImplemented
        y = _dual(other)
        if self.b or y.b:
            raise NotRationalError("a comparison is not rational")
        return self.a == y.a

    def __bool__(self) -> bool:
        """Whether it is not 0, as a truth value is asked for that is not written as one."""
        return self != 0

    __hash__ = None  # type: ignore[assignment]


def _dual(x: Any) -> Dual:
    return x if isinstance(x, Dual) else Dual(x)


class Rationals:
    """Arrays of dual rational numbers."""

    exact = True

    def number(self, value: Number) -> Any:
        return Dual(Fraction(value))

    def constant(self, name: str) -> Any:
        raise NotRationalError(f"{name} is no rational number")

    def power(self, array: Any, exponent: int | Fraction) -> Any:
        if Fraction(exponent).denominator != 1:
            raise NotRationalError(f"the power {exponent} is not rational")
        return np.frompyfunc(lambda x: _dual(x) ** int(exponent), 1, 1)(array)

    def head(self, head: Head) -> Callable[..., Any]:
        raise NotRationalError(f"{head.name} is not rational")

    def eye(self, *shape: int) -> Any:
        return np.eye(*shape, dtype=np.int64).astype(object)

    def inverse(self, array: Any) -> Any:
        return per_matrix(lambda m: _eliminated(m)[1], array)

    def determinant(self, array: Any) -> Any:
        return per_matrix(lambda m: _eliminated(m)[0], array)

    def matrix_function(self, row: MatrixRow, array: Any) -> Any:
        if row.objects is None or row.inexact:
            raise NotRationalError(f"{row.name}: {row.inexact}")
        return row.counted(self, array)


def _eliminated(matrix: Any) -> tuple[Dual, Any]:
    """Determinant and inverse by Gauss and Jordan."""
    n = len(matrix)
    rows = [
        [_dual(x) for x in row] + [Dual(int(i == j)) for j in range(n)]
        for i, row in enumerate(matrix)
    ]
    determinant = Dual(1)
    for i in range(n):
        ask_for_time()
        pivot = next((r for r in range(i, n) if rows[r][i].a != 0), None)
        if pivot is None:
            raise SingularError("the matrix drawn is singular")
        if pivot != i:
            rows[i], rows[pivot] = rows[pivot], rows[i]
            determinant = determinant * -1
        determinant = determinant * rows[i][i]
        inverted = rows[i][i] ** -1
        rows[i] = [x * inverted for x in rows[i]]
        for r in range(n):
            if r != i:
                rows[r] = [x + rows[r][i] * y * -1 for x, y in zip(rows[r], rows[i], strict=True)]
    inverse = np.empty((n, n), dtype=object)
    for i in range(n):
        inverse[i, :] = rows[i][n:]
    return determinant, inverse


_RATIONALS: Any = Rationals()


def rational_proof(sample: Sample, variables: Sequence[int], formula: str) -> list[Comparison]:
    """Formulas against a derivative in dual rational numbers along a direction of all: equal, or not."""
    meaning = Meaning(sample, _RATIONALS, lambda array: _objects(array, _dual))
    _require_rational(meaning.output)
    points, derived = {}, Dual(0)
    for k, gradient in zip(variables, meaning.gradients(variables), strict=True):
        node = sample.subject.variables[k]
        x = meaning.point(node)
        # of so many numbers few are chosen for which errors would cancel
        d = generator(k).integers(1, _MOST_STEPS, size=x.shape)
        points[node] = np.frompyfunc(lambda a, b: _dual(a) + Dual(0, int(b)), 2, 1)(x, d)
        derived = derived + _dual(np.sum(gradient * d))
    measured = _dual(meaning.value(points)).b
    names = [sample.subject.names[k] for k in variables]
    return [_decided(formula, RATIONAL, q, derived.a, measured, sample) for q in names]


def _require_rational(root: Expr) -> None:
    """What would be met in the middle of a long computation is known beforehand."""
    for part in parts_of(root):
        if isinstance(part, Map):
            raise NotRationalError(f"{part.head.name} is not rational")
        if isinstance(part, Product):
            for factor in part.factors:
                if Fraction(factor.exponent).denominator != 1:
                    raise NotRationalError(f"the power {factor.exponent} is not rational")


def _multiplies_out(head: Head) -> bool:
    """Whether SymPy makes whole numbers of numbers that have as many digits as the argument says."""
    s, expr = heads.sympy(), heads.expression(head)
    return bool(expr.has(s.gamma, s.loggamma, s.factorial, s.polygamma, s.zeta)) or any(
        power.exp.free_symbols for power in expr.atoms(s.Pow)
    )


class _Readable(Exact):
    """SymPy's expressions as long as they are no larger than it can walk through in seconds."""

    def __init__(self) -> None:
        self.sizes: dict[Any, int] = {}

    def scalar_function(self, head: Head) -> Callable[..., Any]:
        apply, grows = super().scalar_function(head), _multiplies_out(head)

        def bounded(*values: Any) -> Any:
            if grows and any(x.is_Rational and abs(x) > _LARGEST_EXPONENT for x in values):
                raise DerivationError(f"{head.name}: SymPy would write out all digits")
            return apply(*map(self.checked, values))

        return bounded

    def checked(self, expr: Any) -> Any:
        """The expression itself, where it is small enough as a tree."""
        stack = [expr]
        while stack:
            ask_for_time()
            node = stack[-1]
            waiting = [arg for arg in getattr(node, "args", ()) if arg not in self.sizes]
            stack.extend(waiting)
            if not waiting:
                stack.pop()
                self.sizes[node] = 1 + sum(self.sizes[arg] for arg in getattr(node, "args", ()))
        if self.sizes[expr] > _MOST_NODES:
            raise DerivationError(f"{self.sizes[expr]:,} nodes are too large for SymPy")
        return expr


def sympy_proof(sample: Sample, variables: Sequence[int], formula: str) -> list[Comparison]:
    """Each formula against SymPy's derivative by one explicit element: their difference is 0."""
    return [_by_sympy(sample, k, formula, sample.subject.names[k]) for k in variables]


def _by_sympy(sample: Sample, k: int, formula: str, quantity: str) -> Comparison:
    s = heads.sympy()
    if operations(sample) > _MOST_SCALAR_OPERATIONS:
        raise DerivationError("too large for explicit SymPy matrices")
    exact = _Readable()
    meaning = Meaning(sample, exact, lambda array: _objects(array, _sympy_number))
    if has_floats(meaning.output):
        raise DerivationError("its constants are floats")
    (node,) = sample.subject.nodes(k)
    x = meaning.point(node)
    rng = generator(k)
    place = tuple(int(rng.integers(n)) for n in x.shape)
    at = x[place] if place else x.item()
    t = s.Symbol("t", positive=True) if at.is_positive else s.Symbol("t", real=True)
    moving = np.array(x, dtype=object)
    moving[place] = t
    value = exact.checked(meaning.value({node: moving}))
    if s.sympify(value).has(s.zoo, s.nan, s.oo, -s.oo):
        # a log 0 or log Γ(0) among the terms swallows the others, and their slopes with them
        raise ZeroDivisionError("the meaning has no value at the numbers drawn")
    measured = exact.checked(s.diff(value, t))
    target, moved = meaning.lowered.expr(node), {}
    if _DISCRETE & node.assume or not isinstance(target, Leaf):
        # the formula holds where the assumption does: at the point, not along it
        measured = measured.subs(t, at)
    else:
        moved = {target.name: moving}
    gradient = np.asarray(meaning.gradient(k, moved), dtype=object)
    derived = exact.checked(s.sympify(gradient[place] if place else gradient.item()))
    if _vanishes(derived - measured, t, at):
        return judged(formula, SYMPY, quantity, 0.0, 0.0, f"sizes {_sizes(sample)}")
    a, b = ([_number(e, t, at + s.Rational(j, 7)) for j in (1, 2)] for e in (derived, measured))
    size = max(abs(v) for v in (*a, *b))
    if max(abs(u - v) for u, v in zip(a, b, strict=True)) <= _DECIDED * size:
        raise DerivationError("equal to 30 digits, but SymPy's forms of both are not the same")
    return _decided(formula, SYMPY, quantity, a[0], b[0], sample)


def _vanishes(difference: Any, t: Any, at: Any) -> bool:
    """Whether a function of t is identically zero; one that is given by cases is taken at the point."""
    try:
        return vanishes(difference)
    except UndecidedError:
        pass
    try:
        # beside the number drawn, which may meet another exactly where two cases do
        return vanishes(difference.subs(t, at + heads.sympy().Rational(1, 7)).doit())
    except UndecidedError as error:
        raise DerivationError(f"not decided ({error})") from error


def _number(expr: Any, t: Any, value: Any) -> Any:
    number = expr.subs(t, value).evalf(40)
    if not number.is_number or not number.is_finite:
        raise DerivationError("no finite number at the point drawn")
    return number


def _decided(
    formula: str, who: str, quantity: str, derived: Any, measured: Any, sample: Sample
) -> Comparison:
    error = 0.0
    if derived != measured:
        # the quotient is exact: numbers that differ are never told as 0 apart
        error = float(abs(derived - measured) / max(abs(derived), abs(measured)))
    return judged(formula, who, quantity, error, 0.0, f"sizes {_sizes(sample)}")


def _sizes(sample: Sample) -> str:
    return ", ".join(f"{name} = {size}" for name, size in sample.sizes.items()) or "as they are"


def _objects(array: Any, convert: Callable[[Any], Any]) -> Any:
    array = np.asarray(array)
    out = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        out[place] = convert(array[place])
    return out


def _sympy_number(x: Any) -> Any:
    s = heads.sympy()
    exact = Fraction(x) if isinstance(x, Fraction | float) else Fraction(int(x))
    return s.Rational(exact.numerator, exact.denominator)
