"""Each operation of a program as a NumPy expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from string import ascii_lowercase
from typing import Any, Protocol

from minigrad.errors import DerivationError
from minigrad.index.expr import Number
from minigrad.index.numbers import times
from minigrad.index.size import AnySize, prod
from minigrad.source.pieces import (
    ADD,
    ATOM,
    COMPARE,
    MATMUL,
    MULTIPLY,
    POWER,
    UNARY,
    Part,
    Text,
    number_text,
    product_text,
    sum_text,
)
from minigrad.symbolic.program import Value

_SIGNS = {
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
}
# Functions that NumPy does not have, or not under one name.
_WITH_HELPER = {"sigmoid", "erf", "gammaln", "digamma"}


class Context(Protocol):
    """What the writer of a function offers to the text of one operation."""

    def text(self, value: Value) -> Text:
        """The text of an argument: a name, or an expression to put in place."""

    def is_inline(self, value: Value) -> bool:
        """Whether the argument is written in place, and only here."""

    def helper(self, name: str) -> str:
        """The name of a helper function, which will be defined."""

    def size(self, size: AnySize) -> Text:
        """A size as Python."""

    def dtype(self) -> str:
        """The name of the result's element type."""


def expression(value: Value, at: Context) -> Text:
    """The value as one Python expression."""
    if value.op not in _TEXTS:
        raise DerivationError(f"{value.op}: this operation has no NumPy text")
    return _TEXTS[value.op](value, at)


def call(function: str, *args: str) -> Text:
    return Text(f"{function}({', '.join(args)})")


def shape_text(sizes: Sequence[AnySize], at: Context) -> str:
    inner = ", ".join(at.size(size).text for size in sizes)
    return f"({inner},)" if len(sizes) == 1 else f"({inner})"


def axis_text(axes: Sequence[int], ndim: int) -> str:
    """An axis argument; the last axis is -1."""
    if len(axes) == 1:
        return str(-1 if axes[0] == ndim - 1 and ndim > 1 else axes[0])
    return f"({', '.join(map(str, axes))})"


# -- scalars and elementwise -------------------------------------------------------------------------------


def _number(value: Value, at: Context) -> Text:
    return number_text(value.params[0])


def _constant(value: Value, at: Context) -> Text:
    return Text({"pi": "np.pi", "E": "np.e"}[value.params[0]])


def _size(value: Value, at: Context) -> Text:
    return at.size(value.params[0])


def _add(value: Value, at: Context) -> Text:
    terms = [_term(c, arg, at) for c, arg in _terms(1, value, at)]
    return sum_text(terms)


def _terms(sign: Number, value: Value, at: Context) -> list[tuple[Number, Value]]:
    """The terms of a sum, sums written in place among them opened."""
    found: list[tuple[Number, Value]] = []
    for coef, arg in zip(value.params[0], value.args, strict=True):
        coef = coef * sign
        if arg.op == "add" and at.is_inline(arg) and abs(coef) == 1:
            found.extend(_terms(coef, arg, at))
        else:
            found.append((coef, arg))
    return found


def _term(coef: Number, value: Value, at: Context) -> Text:
    if value.op == "number":
        return number_text(coef * value.params[0])
    if value.op == "multiply" and at.is_inline(value):
        inner, parts = _factors(value, at)
        return _product(coef * inner, parts, at)
    return product_text(coef, [_part(value, 1, at)])


def _multiply(value: Value, at: Context) -> Text:
    coef, parts = _factors(value, at)
    return _product(coef, parts, at)


def _factors(value: Value, at: Context) -> tuple[Number, list[tuple[Value, Any]]]:
    """The factors of a product, products written in place among them opened."""
    coef, exponents = value.params
    found: list[tuple[Value, Any]] = []
    for arg, exponent in zip(value.args, exponents, strict=True):
        whole = arg.ndim in (0, value.ndim)  # vectors are multiplied before they are repeated
        opens = exponent == 1 or (exponent == -1 and arg.params[0] == 1)
        if arg.op == "multiply" and at.is_inline(arg) and whole and opens:
            inner, parts = _factors(arg, at)
            coef = coef * inner
            found.extend((v, e * exponent) for v, e in parts)
        else:
            found.append((arg, exponent))
    return coef, found


def _product(
    coef: Number, parts: Sequence[tuple[Value, Any]], at: Context, kept: Sequence[int] | None = None
) -> Text:
    """A product; with ``kept``, these axes of what is reduced in it stay, with length 1."""
    coef, parts, means = _means(coef, parts, at, kept is not None)
    made = [Part(text, scalar=value.ndim == 0) for value, text in means]
    outer = _outer(parts, at) if kept is None else None
    if outer is not None:
        text, parts = outer
        made.append(Part(text))
    for value, exponent in parts:
        part = _part(value, exponent, at)
        text = kept_axes(value, kept, at) if kept is not None else part.text
        made.append(part._replace(text=text or part.text))
    return product_text(coef, made)


def _means(
    coef: Number, parts: Sequence[tuple[Value, Any]], at: Context, keepdims: bool
) -> tuple[Number, list[tuple[Value, Any]], list[tuple[Value, Text]]]:
    """Sums written in place that are divided by the sizes they run over."""
    left, found = list(parts), []
    for value, exponent in parts:
        if value.op != "sum" or exponent != 1 or not at.is_inline(value):
            continue
        sizes = [value.args[0].sizes[axis] for axis in value.params[0]]
        divisors = [
            next((p for p in left if p[0].op == "size" and p[0].params[0] == s and p[1] == -1), None)
            for s in sizes
            if not isinstance(s, int)
        ]
        count = prod(s for s in sizes if isinstance(s, int))
        quotient = Fraction(coef) * int(count) if not isinstance(coef, float) else None
        if None in divisors or len(set(divisors)) < len(divisors) or (
            count != 1 and (quotient is None or Fraction(coef).denominator % count)
        ):  # fmt: skip
            continue
        left = [p for p in left if p not in divisors and p != (value, exponent)]
        coef = coef if count == 1 or quotient is None else times(1, quotient)
        found.append((value, _reduction(value, at, keepdims, "mean")))
    return coef, left, found


def _outer(parts: Sequence[tuple[Value, Any]], at: Context) -> tuple[Text, list[tuple[Value, Any]]] | None:
    """A column times a row is an outer product."""
    columns = [v for v, e in parts if v.op == "expand" and v.ndim == 2 and v.args[0].ndim == 1 and e == 1]
    rows = [v for v, e in parts if v.ndim == 1 and e == 1]
    others = [(v, e) for v, e in parts if v not in columns and v not in rows]
    if len(columns) != 1 or len(rows) != 1 or any(v.ndim for v, _ in others):
        return None
    if rows[0].kind == "bool" or columns[0].kind == "bool":
        return None
    return call("np.outer", at.text(columns[0].args[0]).text, at.text(rows[0]).text), others


def _part(value: Value, exponent: Any, at: Context) -> Part:
    return Part(at.text(value), exponent, value.ndim == 0, value.kind == "weak", value.kind == "bool")


def _apply(value: Value, at: Context) -> Text:
    (name,) = value.params
    args = [at.text(arg) for arg in value.args]
    if name in _SIGNS:
        return Text(f"{args[0].within(ADD)} {_SIGNS[name]} {args[1].within(ADD)}", COMPARE)
    if name == "relu":
        return call("np.maximum", args[0].text, "0")
    if name == "softplus":
        return call("np.logaddexp", "0", args[0].text)
    if name == "logical_not" and value.args[0].kind == "bool":
        return Text(f"~{args[0].within(ATOM)}", UNARY)
    if name == "heaviside":
        return call("np.heaviside", args[0].text, "0.5")
    if name == "power":
        return Text(f"{args[0].within(ATOM)}**{args[1].within(POWER)}", POWER)
    function = at.helper(name) if name in _WITH_HELPER else f"np.{name}"
    text = call(function, *(arg.text for arg in args))
    # a choice between numbers, or a function of them, would be a float64 that widens its company
    numbers = value.args[1:] if name == "where" else value.args
    if all(arg.kind == "weak" for arg in numbers):
        return Text(f"{text.text}.astype({at.dtype()})") if value.ndim else call("float", text.text)
    return text


def _cast(value: Value, at: Context) -> Text:
    inner = at.text(value.args[0])
    if value.ndim == 0:
        return call("np.asarray", inner.text, f"dtype={at.dtype()}")
    return Text(f"{inner.within(ATOM)}.astype({at.dtype()})")


# -- axes -----------------------------------------------------------------------------------------------------


def _permute(value: Value, at: Context) -> Text:
    axes, inner = value.params[0], at.text(value.args[0]).within(ATOM)
    n = value.ndim
    if n == 2:
        return Text(f"{inner}.T")
    if axes == (*range(n - 2), n - 1, n - 2):
        return Text(f"{inner}.mT")
    return Text(f"{inner}.transpose({', '.join(map(str, axes))})")


def _expand(value: Value, at: Context) -> Text:
    (inner,), (axes,) = value.args, value.params
    kept = kept_axes(inner, axes, at)
    if kept is not None:
        return kept
    entries = ["None" if k in axes else ":" for k in range(value.ndim)]
    return Text(f"{at.text(inner).within(ATOM)}[{', '.join(entries)}]")


def kept_axes(value: Value, axes: Sequence[int], at: Context) -> Text | None:
    """The value with axes of length 1 where a reduction written in place has just summed them."""
    if value.ndim == 0:
        return at.text(value)
    if not at.is_inline(value):
        return None
    if value.op in ("sum", "max"):
        arg = value.args[0]
        n = arg.ndim
        if value.params[0] != tuple(axes):
            return None
        return _reduction(value, at, keepdims=True) if n else None
    if value.op == "multiply":
        coef, parts = _factors(value, at)
        if any(kept_axes(v, axes, at) is None for v, _ in parts):
            return None
        return _product(coef, parts, at, axes)
    if value.op == "add":
        found = []
        for coef, arg in _terms(1, value, at):
            text = kept_axes(arg, axes, at)
            if text is None:
                return None
            found.append(
                number_text(coef * arg.params[0]) if arg.op == "number"
                else _kept_term(coef, arg, axes, at)
            )  # fmt: skip
        return sum_text(found)
    return None


def _kept_term(coef: Number, value: Value, axes: Sequence[int], at: Context) -> Text:
    if value.op == "multiply" and at.is_inline(value):
        inner, parts = _factors(value, at)
        return _product(coef * inner, parts, at, axes)
    return product_text(coef, [Part(kept_axes(value, axes, at) or at.text(value))])


def _broadcast(value: Value, at: Context) -> Text:
    inner = value.args[0]
    shape = shape_text(value.sizes, at)
    if inner.ndim == 0:
        more = [f"dtype={at.dtype()}"] if inner.kind == "weak" else []
        return call("np.full", shape, at.text(inner).text, *more)
    return call("np.broadcast_to", at.text(inner).text, shape)


def _diagonal(value: Value, at: Context) -> Text:
    (labels,) = value.params
    if labels == (0, 0):
        return call("np.diagonal", at.text(value.args[0]).text)
    return call("np.einsum", f'"{subscripts(labels)}->{subscripts(range(value.ndim))}"',
                at.text(value.args[0]).text)  # fmt: skip


def subscripts(labels: Sequence[int]) -> str:
    letters = ascii_lowercase[8:] + ascii_lowercase[:8]  # i, j, k, ... as people write them
    return "".join(letters[label] for label in labels)


def _reshape(value: Value, at: Context) -> Text:
    sizes = ", ".join(at.size(size).text for size in value.sizes)
    return Text(f"{at.text(value.args[0]).within(ATOM)}.reshape({sizes})")


def _roll(value: Value, at: Context) -> Text:
    shift, axis = value.params
    axis_part = [] if value.ndim == 1 else [f"axis={axis_text((axis,), value.ndim)}"]
    return call("np.roll", at.text(value.args[0]).text, str(shift), *axis_part)


def _index(value: Value, at: Context) -> Text:
    inner = value.args[0]
    entries = [
        entry_text(entry, size, at)
        for entry, size in zip(value.params[0], inner.sizes, strict=True)
    ]
    while len(entries) > 1 and entries[-1] == ":":
        entries.pop()
    return Text(f"{at.text(inner).within(ATOM)}[{', '.join(entries)}]")


def entry_text(entry: Any, size: AnySize, at: Context) -> str:
    """One axis of a basic index: a position, a slice, or all of it."""
    if entry is None:
        return ":"
    if not isinstance(entry, tuple):
        return at.size(entry).text
    start, step, length = entry
    if start == 0 and step == 1 and length == size:
        return ":"
    final = start + step * (length - 1)  # the last position that is taken
    backwards = step < 0
    first = "" if start == (size - 1 if backwards else 0) else at.size(start).text
    if backwards:
        last = "" if final == 0 else at.size(final - 1).text
    else:
        last = "" if start + step * length == size else at.size(final + 1).text
        last = "" if isinstance(size, int) and final == size - 1 else last
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


# -- reductions and scans -----------------------------------------------------------------------------------------


def _reduce(value: Value, at: Context) -> Text:
    return _reduction(value, at, keepdims=False)


def _reduction(value: Value, at: Context, keepdims: bool, function: str = "") -> Text:
    arg, (axes,) = value.args[0], value.params
    if value.op == "sum" and not function and arg.op == "diagonal" and arg.params[0] == (0, 0) and at.is_inline(arg):
        return call("np.trace", at.text(arg.args[0]).text)
    more = [] if len(axes) == arg.ndim else [f"axis={axis_text(axes, arg.ndim)}"]
    if keepdims:
        more.append("keepdims=True")
    return call(f"np.{function or value.op}", at.text(arg).text, *more)


def _helped(value: Value, at: Context) -> Text:
    """Softmax and its kin, by helper functions with an axis."""
    arg, axes = value.args[0], value.params[0]
    name = at.helper({"argmax": "where_largest"}.get(value.op, value.op))
    axis = axis_text(axes, max(arg.ndim, 2))
    more = [] if axes == (arg.ndim - 1,) else [f"axis={axis}"]
    return call(name, at.text(arg).text, *more)


def _cumsum(value: Value, at: Context) -> Text:
    (axis,), reverse = value.params
    inner = at.text(value.args[0])
    more = [] if value.ndim == 1 else [f"axis={axis_text((axis,), value.ndim)}"]
    if not reverse:
        return call("np.cumsum", inner.text, *more)
    flip = f"[{', '.join([':'] * axis + ['::-1'])}]"
    return Text(f"np.cumsum({inner.within(ATOM)}{flip}{''.join(', ' + m for m in more)}){flip}")


def _tril(value: Value, at: Context) -> Text:
    k, upper = value.params
    more = [str(k)] if k else []
    return call("np.triu" if upper else "np.tril", at.text(value.args[0]).text, *more)


# -- contractions ----------------------------------------------------------------------------------------------------


def _matmul(value: Value, at: Context) -> Text:
    a, b = value.args
    solved = _solve(a, b, at)
    if solved is not None:
        return solved
    left, right = at.text(a), at.text(b)
    return Text(f"{left.within(MATMUL)} @ {right.within(UNARY)}", MATMUL)


def _solve(a: Value, b: Value, at: Context) -> Text | None:
    """An inverse that is only multiplied is a system to solve."""
    found = _only_inverse(a, at)
    if found is not None:
        matrix, turned = found
        other = b
    else:
        found = _only_inverse(b, at) if a.ndim == 1 else None
        if found is None:
            return None
        (matrix, turned), other = found, a
        turned = not turned
    text = at.text(matrix)
    if turned:
        text = Text(f"{text.within(ATOM)}.{'T' if matrix.ndim == 2 else 'mT'}")
    return call("np.linalg.solve", text.text, at.text(other).text)


def _only_inverse(value: Value, at: Context) -> tuple[Value, bool] | None:
    """The matrix whose inverse the value is, and whether transposed, when nothing else uses it."""
    turned = value.op == "permute"
    if turned:
        n = value.ndim
        if value.params[0] != (*range(n - 2), n - 1, n - 2) or not at.is_inline(value):
            return None
        value = value.args[0]
    if value.op != "inv" or not at.is_inline(value):
        return None
    return value.args[0], turned


def _matvec(value: Value, at: Context) -> Text:
    return call("np.matvec", *(at.text(arg).text for arg in value.args))


def _tensordot(value: Value, at: Context) -> Text:
    a, b = value.args
    left, right = value.params
    n = len(left)
    plain = left == tuple(range(a.ndim - n, a.ndim)) and right == tuple(range(n))
    axes = str(n) if plain else f"({_tuple(left)}, {_tuple(right)})"
    return call("np.tensordot", at.text(a).text, at.text(b).text, f"axes={axes}")


def _tuple(axes: Sequence[int]) -> str:
    return f"({', '.join(map(str, axes))}{',' if len(axes) == 1 else ''})"


def _einsum(value: Value, at: Context) -> Text:
    a, b, out = map(subscripts, value.params)
    return call("np.einsum", f'"{a},{b}->{out}"', *(at.text(arg).text for arg in value.args))


def _inv(value: Value, at: Context) -> Text:
    return call("np.linalg.inv", at.text(value.args[0]).text)


def _det(value: Value, at: Context) -> Text:
    return call("np.linalg.det", at.text(value.args[0]).text)


def _logdet(value: Value, at: Context) -> Text:
    return Text(f"np.linalg.slogdet({at.text(value.args[0]).text})[1]")


# -- gathering and joining ----------------------------------------------------------------------------------------------


def positions_text(value: Value, at: Context) -> Text:
    """An integer array to index with."""
    inner = at.text(value)
    root = value
    while root.op in ("expand", "permute", "index"):
        root = root.args[0]
    if root.kind == "index":
        return inner
    return call("np.asarray", inner.text, "dtype=int")


def _take(value: Value, at: Context) -> Text:
    (axis,) = value.params
    array, index = value.args
    if axis == 0:
        return Text(f"{at.text(array).within(ATOM)}[{positions_text(index, at).text}]")
    return call("np.take", at.text(array).text, positions_text(index, at).text,
                f"axis={axis_text((axis,), array.ndim)}")  # fmt: skip


def _points(value: Value, at: Context) -> Text:
    array, index = value.args
    (shared,) = value.params
    lead = []
    for k in range(shared):
        entries = [":", *(["None"] * (index.ndim - 1 - k))]
        grid = f"np.arange({at.size(array.sizes[k]).text})"
        lead.append(grid if len(entries) == 1 else f"{grid}[{', '.join(entries)}]")
    where = ", ".join([*lead, positions_text(index, at).text])
    return Text(f"{at.text(array).within(ATOM)}[{where}]")


def _positions(value: Value, at: Context) -> Text:
    start, step, length = value.params
    text = call("np.arange", at.size(length).text)
    if abs(step) != 1:
        text = Text(f"{abs(step)} * {text.text}", MULTIPLY)
    if step < 0:
        return Text(f"{at.size(start).text} - {text.text}", ADD)
    return text if start == 0 else Text(f"{at.size(start).text} + {text.text}", ADD)


def _concatenate(value: Value, at: Context) -> Text:
    (axis,) = value.params
    parts = ", ".join(at.text(arg).text for arg in value.args)
    more = [f"axis={axis_text((axis,), value.ndim)}"] if axis else []
    return call("np.concatenate", f"[{parts}]", *more)


def _structural(value: Value, at: Context) -> Text:
    """A 0/1 tensor as it is."""
    kind, params = value.params
    dtype = at.dtype()
    sizes = [at.size(size).text for size in value.sizes]
    match kind:
        case "delta":
            return call("np.eye", sizes[0], f"dtype={dtype}")
        case "tri":
            return call("np.tri", *sizes, str(params[0]), f"dtype={dtype}")
        case "onehot":
            return Text(f"(np.arange({sizes[0]}) == {at.size(params[0]).text}).astype({dtype})")
        case "slice":
            entry = entry_text((params[0], params[1], value.sizes[0]), value.sizes[1], at)
            return Text(f"np.eye({sizes[1]}, dtype={dtype})[{entry}]")
        case "roll":
            return call("np.roll", f"np.eye({sizes[0]}, dtype={dtype})", str(params[0]), "axis=0")
        case "reshape":
            whole = at.size(prod(value.sizes[: params[0]])).text
            return Text(f"np.eye({whole}, dtype={dtype}).reshape({', '.join(sizes)})")
        case "pick":
            index = positions_text(value.args[0], at).within(ATOM)
            return Text(f"({index}[..., None] == np.arange({sizes[-1]})).astype({dtype})")
    raise DerivationError(f"{kind}: this structural tensor has no NumPy text")


_TEXTS: dict[str, Callable[[Value, Context], Text]] = {
    "number": _number,
    "constant": _constant,
    "size": _size,
    "add": _add,
    "multiply": _multiply,
    "apply": _apply,
    "cast": _cast,
    "permute": _permute,
    "expand": _expand,
    "broadcast": _broadcast,
    "diagonal": _diagonal,
    "reshape": _reshape,
    "roll": _roll,
    "index": _index,
    "sum": _reduce,
    "max": _reduce,
    "argmax": _helped,
    "softmax": _helped,
    "logsumexp": _helped,
    "cumsum": _cumsum,
    "tril": _tril,
    "matmul": _matmul,
    "matvec": _matvec,
    "tensordot": _tensordot,
    "einsum": _einsum,
    "inv": _inv,
    "det": _det,
    "logdet": _logdet,
    "take": _take,
    "points": _points,
    "positions": _positions,
    "concatenate": _concatenate,
    "structural": _structural,
}
