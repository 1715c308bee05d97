"""Elementwise functions: their meaning, derivative and range, by SymPy. The one place that loads it.

A head's meaning is text in x, y, z. SymPy parses it on first use and differentiates it; the answer is
rewritten in terms of the function's own output and of other known heads, because a gradient is read
(and computed) best from what the forward pass already has.
"""

from __future__ import annotations

import ast
import builtins
import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from minigrad.errors import DerivationError
from minigrad.index.expr import Head
from minigrad.index.undefined import is_undefined, of_symbols, orders_of, slope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from minigrad.index.expr import Number

_LARGE = 1000
_LARGEST_DEGREE = 16
ARGUMENTS = ("x", "y", "z", "u", "v", "w")
# Of so many heads it is kept what SymPy found: a parameter that changes with each call makes new ones without end.
KEPT = 1024
# Heads by name, filled by the rows; derivatives are folded back into these where they match.
KNOWN: dict[str, Head] = {}
GREATER = Head("greater", "Piecewise((1, x > y), (0, True))")
GREATER_EQUAL = Head("greater_equal", "Piecewise((1, x >= y), (0, True))")
EQUAL = Head("equal", "Piecewise((1, Eq(x, y)), (0, True))")
# Parameters that say what a function is at single points alone, and that nobody needs to read: values end
# there, though not the derivative; the share of x in exp x + exp y, σ(x − y), is 0 where both are −∞.
LEAST, SHARE = "least", "share"
# Functions that a meaning may name beside SymPy's own; it is then written by them.
PARTS = {
    "sigmoid": Head("special.expit", "1/(1 + exp(-x))"),
    "softplus": Head("softplus", "log(1 + exp(x))"),
    "share": Head("special.expit", "1/(1 + exp(-x))", ((SHARE, 1),)),
}
# ties of a maximum share the gradient
STEP = Head("step", "Heaviside(x - y, Rational(1, 2))")
# A function of its own, since SymPy's real numbers are finite: no simplification takes it away.
FINITE = Head("isfinite", "isfinite(x)")
WHERE = Head("where", "Piecewise((y, Ne(x, 0)), (z, True))")


@cache
def sympy() -> Any:
    """The module, loaded on first use."""
    import sympy as module

    return module


def zero_array(sizes: Sequence[Any]) -> Any:
    """SymPy's array of zeros, also of an axis without elements, of which it knows no other."""
    from sympy.tensor.array.expressions import ZeroArray

    return ZeroArray(*sizes)


@cache
def symbols() -> tuple[Any, ...]:
    """x, y, z, ... as real SymPy symbols."""
    return tuple(sympy().Symbol(name, real=True) for name in ARGUMENTS)


@cache
def output_symbol() -> Any:
    """The placeholder for the function's own value in its derivative."""
    return sympy().Symbol("output", real=True)


@cache
def _own_functions() -> dict[str, Any]:
    """Functions that a meaning may name and SymPy has not."""
    s = sympy()

    class isfinite(s.Function):  # type: ignore[misc, name-defined]  # noqa: N801
        """1 where the argument is a number, 0 where it is NaN or infinite; flat."""

        is_real = is_nonnegative = True

        @classmethod
        def eval(cls, x: Any) -> Any:
            if x.is_Number or x.is_NumberSymbol or x is s.zoo:
                return s.Integer(int(x not in (s.nan, s.oo, -s.oo, s.zoo)))
            return None

        def fdiff(self, argindex: int = 1) -> Any:
            return s.Integer(0)

    return {"isfinite": isfinite}


@lru_cache(KEPT)
def expression(head: Head) -> Any:
    """The head's meaning as a SymPy expression in x, y, z."""
    s = sympy()
    if is_undefined(head):
        return of_symbols(head, symbols(), s)
    names = {name: s.Function(f"head:{name}", real=True) for name in PARTS}
    names |= dict(zip(ARGUMENTS, symbols(), strict=True)) | _own_functions()
    for name, value in head.params:
        names[name] = exactly(value)
    try:
        return s.sympify(refuse_programs(head.text, names), locals=names)
    except (s.SympifyError, TypeError, SyntaxError, ValueError) as error:
        raise DerivationError(
            f"{head.name}: SymPy cannot read its meaning {head.text!r} ({error}); "
            "write it in the names x, y, z and SymPy's functions"
        ) from error


# What a meaning is made of. SymPy runs the text that it reads, so nothing else may be in it.
_GRAMMAR = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Tuple, ast.Name),
    *(ast.Constant, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop),
)
_ALIKE = ("abs", "pow")  # Python's own functions that SymPy's numbers know


def refuse_programs(text: str, own: Collection[str]) -> str:
    """The text, where it is a formula: names, numbers, operators, and calls of SymPy's functions."""
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        known = isinstance(node, _GRAMMAR)
        if isinstance(node, ast.Name):
            known = node.id in own or node.id in _ALIKE or not hasattr(builtins, node.id)
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Name) and not node.keywords
        if isinstance(node, ast.Constant):
            known = isinstance(node.value, int | float)
        if not known:
            raise ValueError(f"{ast.unparse(node)[:40]!r} is no part of a formula")
    return text


@lru_cache(KEPT)
def is_open(head: Head) -> bool:
    """Whether the meaning is written by other nodes: algebra, comparisons and logic, named parts."""
    s = sympy()
    expr = expression(head)
    return (
        is_algebra_expression(expr)
        or isinstance(expr, s.logic.boolalg.Boolean)
        or any(type(part).__name__.startswith("head:") for part in s.preorder_traversal(expr))
    )


def part(name: str) -> Head:
    """The head behind ``head:name``."""
    return KNOWN.get(name) or PARTS[name]


@lru_cache(KEPT)
def is_algebra(head: Head) -> bool:
    """Whether the meaning is only sums, products and fixed powers: then it needs no head."""
    return is_algebra_expression(expression(head))


def with_numbers(head: Head, numbers: Mapping[Any, Number]) -> Any:
    """The meaning with numbers put in for some of its symbols; None where SymPy had better not try.

    It compares nothing with what is not a number, and writes out Γ or ψ at large integers digit by digit.
    """
    values: list[Any] = list(numbers.values())
    if any(value != value or _LARGE <= abs(value) < math.inf for value in values):
        return None
    return expression(head).subs({symbol: exactly(value) for symbol, value in numbers.items()})


@lru_cache(KEPT)
def absent(head: Head, argument: int) -> float:
    """What an argument that is None stands for: the infinity that leaves the first argument's say."""
    s, names = sympy(), symbols()
    for value in (-s.oo, s.oo):
        if names[0] in expression(head).subs(names[argument], value).free_symbols:
            return float(value)
    raise DerivationError(
        f"{head.name}: argument {argument + 1} is missing and has no neutral value"
    )


def exactly(value: Number) -> Any:
    """The number in SymPy: a float as it is, what is exact exactly."""
    s = sympy()
    if isinstance(value, float):
        return s.Float(value)
    return s.Rational(value.numerator, value.denominator)


def is_algebra_expression(expr: Any) -> bool:
    if expr.is_Symbol or expr.is_Number:
        return True
    if expr.is_Add or expr.is_Mul:
        return all(is_algebra_expression(arg) for arg in expr.args)
    return bool(expr.is_Pow and expr.exp.is_Rational and is_algebra_expression(expr.base))


@lru_cache(KEPT)
def sign(head: Head) -> str:
    """The range that is sure: "positive", "unit", "0/1", "nonnegative" or "" (not known)."""
    s = sympy()
    expr = expression(head)
    if isinstance(expr, s.Piecewise) and all(value in (0, 1) for value, _ in expr.args):
        return "0/1"
    if head == FINITE:
        return "0/1"
    if expr.is_positive:
        return "unit" if s.cancel(s.together(1 - expr)).is_positive else "positive"
    return "nonnegative" if expr.is_nonnegative else ""


@lru_cache(KEPT)
def on_positive(head: Head) -> Any:
    """What a function of one argument is above zero, when that is its argument or a number; else None."""
    s = sympy()
    expr = expression(head)
    if head.params or expr.free_symbols != {symbols()[0]} or is_algebra(head):
        return None
    above = s.Dummy("x", positive=True)
    value = expr.subs(symbols()[0], above)
    return value.subs(above, symbols()[0]) if value == above or value.is_Integer else None


@lru_cache(KEPT)
def derivative(head: Head, argument: int) -> Any:
    """D head / d argument, in x, y, z and `output_symbol`."""
    s = sympy()
    if is_undefined(head):
        return expression(slope(head, argument))
    expr, variable = expression(head), symbols()[argument]
    if not isinstance(expr, s.Expr):  # a truth value is flat wherever it is smooth
        return s.Integer(0)
    raw = expr.diff(variable)
    raw = _decided(raw.replace(s.DiracDelta, lambda *_: s.Integer(0)))
    # floor, ceiling and sign are flat wherever they are smooth
    for unevaluated in (s.Subs, s.Derivative):
        raw = raw.xreplace({e: s.Integer(0) for e in raw.atoms(unevaluated) if _is_flat(e)})
    if raw.has(s.Derivative, s.Subs):
        raise DerivationError(
            f"{head.name}: SymPy knows no derivative of {head.text!r} by {variable}; "
            "write its meaning in functions that SymPy differentiates"
        )
    return min(_forms(head, expr, raw, variable), key=_cost)


def _is_flat(unevaluated: Any) -> bool:
    s = sympy()
    inner = unevaluated
    while isinstance(inner, (s.Derivative, s.Subs)):
        inner = inner.expr
    return isinstance(inner, (s.floor, s.ceiling, s.sign))


def _decided(expr: Any) -> Any:
    """With the step of x - y beside it, the larger of x and y is x: also where both are equal."""
    s = sympy()

    def in_product(product: Any) -> Any:
        steps = [f for f in product.args if isinstance(f, s.Heaviside)]
        for step in steps:
            for extreme in product.atoms(s.Max, s.Min):
                if len(extreme.args) != 2:
                    continue
                for a, b in (extreme.args, extreme.args[::-1]):
                    above = a if isinstance(extreme, s.Max) else b
                    if step.args[0] == above - (b if above is a else a):
                        rest = s.Mul(*(f for f in product.args if f != step))
                        return in_product(step * rest.subs(extreme, a))
        return product

    return expr.replace(lambda e: e.is_Mul, in_product)


def _forms(head: Head, expr: Any, raw: Any, variable: Any) -> list[Any]:
    """Ways to write the derivative: as it came, by the output, by other heads."""
    s = sympy()
    forms = [raw, s.powsimp(raw)] if expr.is_Pow else [raw]  # y x^(y - 1) has no pole at 0
    if not expr.is_Symbol:
        forms.append(raw.subs(expr, output_symbol()))
        coefficient, core = expr.as_coeff_Mul()
        if coefficient != 1:
            forms.append(raw.subs(core, output_symbol() / coefficient))
    if raw.is_number or raw.has(s.Piecewise) or expr.has(s.Piecewise):
        return forms
    if raw.has(s.sign):  # sign(x) x is |x|
        size = s.Dummy("size", positive=True)
        whole = raw.replace(s.sign, lambda x: s.Abs(x) / x).subs(s.Abs(variable), size)
        forms.append(s.factor(whole).subs(size, s.Abs(variable)))
    candidates = [(expr, output_symbol())]
    for name, other in KNOWN.items():
        if (
            name != head.name
            and not other.params
            and expression(other).free_symbols == {symbols()[0]}
        ):
            if is_open(other) or expression(other).has(s.Piecewise):
                continue
            candidates.append(
                (expression(other).subs(symbols()[0], variable), applied(name, variable))
            )
    for value, stand_in in candidates:
        forms.extend(_by_kernel(raw, value, stand_in, variable))
    return forms + _by_difference(raw)


def _by_difference(raw: Any) -> list[Any]:
    """A function of x - y alone, by a head of one argument: exp(x)/(exp(x) + exp(y)) is sigmoid(x - y)."""
    s = sympy()
    x, y = symbols()[:2]
    if raw.free_symbols != {x, y} or not raw.has(s.exp):
        return []
    t = s.Dummy("t", real=True)
    shifted = s.cancel(s.expand(raw.subs(x, y + t), power_exp=True))
    if shifted.has(y):
        return []
    for name in ("share", "softplus"):
        for sign in (1, -1):
            if s.cancel(shifted - expression(PARTS[name]).subs(x, sign * t)) == 0:
                return [applied(name, sign * (x - y))]
    return []


def applied(name: str, *arguments: Any) -> Any:
    """The head ``name`` as an undefined SymPy function, to be lowered back by its name."""
    return sympy().Function(f"head:{name}", real=True)(*arguments)


def _by_kernel(raw: Any, value: Any, stand_in: Any, variable: Any) -> list[Any]:
    """Write ``raw`` by ``stand_in`` (which is ``value``) where both are rational in one exponential."""
    s = sympy()
    t = s.Dummy("t", positive=True)
    exponentials = value.atoms(s.exp) | value.rewrite(s.exp).atoms(s.exp)
    if not exponentials:
        return []
    slopes = [e.exp.coeff(variable) for e in exponentials if e.exp.is_Mul or e.exp == variable]
    if not slopes or any(not slope.is_Rational for slope in slopes):
        return []
    unit = min(map(abs, slopes))
    if any(abs(e.exp.coeff(variable)) > _LARGEST_DEGREE * unit for e in raw.atoms(s.exp)):
        return []  # polynomials of such degrees take minutes to cancel, and nobody reads them

    def rational(expr: Any) -> Any:
        expr = expr.rewrite(s.exp).replace(
            lambda e: isinstance(e, s.exp) and (e.exp / variable).is_Rational,
            lambda e: t ** (e.exp / variable / unit),
        )
        return s.cancel(s.together(expr)) if not expr.has(s.exp) else None

    value_t, raw_t = rational(value), rational(raw)
    if (
        value_t is None
        or raw_t is None
        or not value_t.is_rational_function(t)
        or not raw_t.is_rational_function(t)
        # with the variable itself beside the exponential, solving for it divides by the variable
        or value_t.free_symbols != {t}
    ):
        return []
    numerator, denominator = s.fraction(value_t)
    y = s.Dummy("y")
    linear = s.Poly(s.expand(numerator - y * denominator), t)
    if linear.degree() != 1:
        return []
    (root,) = s.solve(linear.as_expr(), t)
    rewritten = s.cancel(s.together(raw_t.subs(t, root))).subs(y, stand_in)
    factored = s.factor(rewritten)
    return [rewritten, factored, _collected(factored, variable)]


def _collected(product: Any, variable: Any) -> Any:
    """Each sum of a product by powers of the variable, its constant positive: (1 + x (1 - s)) s."""
    s = sympy()
    signs, parts = 1, []
    for part in s.Mul.make_args(product):
        if part.is_Add and part.as_coeff_Add()[0].is_negative:
            signs, part = -signs, s.expand(-part)
        parts.append(s.collect(part, variable))
    return s.Mul(signs, *parts)


def _cost(expr: Any) -> tuple[int, int, int, int, int, str]:
    """Fewest poles, then function calls (the output costs none), then symbols; a product before a sum."""
    s = sympy()
    parts = list(s.preorder_traversal(expr))
    calls = len([e for e in parts if e.is_Function])
    symbols_read = len([e for e in parts if e.is_Symbol])
    # x in a denominator makes a smooth derivative undefined at 0
    poles = len([e for e in parts if e.is_Pow and e.exp.is_negative and e.base in symbols()])
    return (poles, calls, symbols_read, int(expr.is_Add), int(s.count_ops(expr)), str(expr))


@lru_cache(KEPT)
def numpy_function(head: Head) -> Callable[..., Any]:
    """The head's meaning as a function of NumPy arrays."""
    return sympy().lambdify(symbols()[: arity(head)], expression(head), modules=["scipy", "numpy"])


def with_text(text: str) -> Head | None:
    """The row's function that is this expression, where there is such a row."""
    return next((head for head in KNOWN.values() if head.text == text and not head.params), None)


@lru_cache(KEPT)
def arity(head: Head) -> int:
    if is_undefined(head):
        return len(orders_of(head))
    used = [i for i, symbol in enumerate(symbols()) if symbol in expression(head).free_symbols]
    return max(used, default=0) + 1
