"""Rewrites of sums and products of elements: numbers and small arrays are multiplied before they are spread."""

from __future__ import annotations

import math

from minigrad.compiled.parts import CONTRACTIONS, expanded, multiplied, scaled
from minigrad.compiled.rewriting import Rewriting
from minigrad.compiled.sized import elements, power
from minigrad.index.numbers import times
from minigrad.program.value import Value, broadcast


def numbers_first(at: Rewriting, value: Value) -> Value | None:
    """X · 2 · √3 has one coefficient; the numbers among factors join it."""
    coef, exponents = value.params
    parts = list(zip(value.args, exponents, strict=True))
    numbers = [(v, e) for v, e in parts if v.op == "number"]
    arrays = [(v, e) for v, e in parts if v.op != "number"]
    if not numbers or not any(v.kind == "float" for v, _ in arrays):
        return None
    for v, e in numbers:
        coef = times(coef, power(v.params[0], e))
    if not math.isfinite(coef):
        return None
    sizes, kind = value.sizes, value.kind
    made = tuple(v for v, _ in arrays), (coef, tuple(e for _, e in arrays))
    return at.builder.make("multiply", *made, sizes, kind)


def products_flat(at: Rewriting, value: Value) -> Value | None:
    """(c · A · B) · C is one product, where the inner one is used only here and has all the axes."""
    coef, exponents = value.params
    parts = list(zip(value.args, exponents, strict=True))
    for k, (v, e) in enumerate(parts):
        if v.op == "multiply" and e == 1 and at.once(v) and v.sizes == value.sizes and len(parts) > 1:
            inner, powers = v.params
            inside = list(zip(v.args, powers, strict=True))
            both = [*parts[:k], *inside, *parts[k + 1 :]]
            made = tuple(x for x, _ in both), (times(coef, inner), tuple(x for _, x in both))
            return at.builder.make("multiply", *made, value.sizes, value.kind)
        if v.op == "multiply" and len(parts) == 1 and v.params[1] != () and e == 1 and at.once(v):
            inner, powers = v.params
            return at.builder.make("multiply", v.args, (times(coef, inner), powers), value.sizes)
    return None


def number_on_fewest(at: Rewriting, value: Value) -> Value | None:
    """The product c (A B) is (c A) B where A has no more elements than A B."""
    coef, exponents = value.params
    if len(value.args) != 1 or exponents != (1,) or coef in (1, -1):
        return None
    (inner,) = value.args
    if not at.once(inner) or any(arg.kind != "float" for arg in inner.args[:1]):
        return None
    if inner.op in ("permute", "reshape", "expand"):
        moved = scaled(at, coef, inner.args[0])
        return at.builder.make(inner.op, (moved,), inner.params, inner.sizes)
    if inner.op not in CONTRACTIONS:
        return None
    k = min(range(2), key=lambda n: _reach(at, inner.args[n]))
    small = inner.args[k]
    if _reach(at, small) > elements(inner) or small.kind != "float":
        return None
    args = list(inner.args)
    args[k] = scaled(at, coef, small)
    return at.builder.make(inner.op, args, inner.params, inner.sizes)


def _reach(at: Rewriting, value: Value) -> int:
    """How many elements a number has to be multiplied with, when it goes down from the value."""
    least = elements(value)
    while at.once(value) and value.op in ("permute", "reshape", "expand", *CONTRACTIONS):
        value = min(value.args[:2], key=elements)
        least = min(least, elements(value) if value.kind == "float" else least)
    return least


def number_on_row(at: Rewriting, value: Value) -> Value | None:
    """The product c · A · r has (c r) where r has fewer elements than the product."""
    coef, exponents = value.params
    if coef in (1, -1) or len(value.args) < 2:
        return None
    floats = [k for k, (v, e) in enumerate(zip(value.args, exponents, strict=True))
              if v.kind == "float" and e == 1]  # fmt: skip
    if not floats:
        return None
    # of two alike the later one: what is made of the earlier one without the number may be wanted too
    k = min(floats, key=lambda n: (elements(value.args[n]), -value.args[n].serial))
    small = value.args[k]
    if elements(small) >= elements(value):
        return None
    if small.op == "expand":
        made = scaled(at, coef, small.args[0])
        made = at.builder.make("expand", (made,), small.params, small.sizes)
    else:
        made = scaled(at, coef, small)
    args = [made if n == k else v for n, v in enumerate(value.args)]
    return at.builder.make("multiply", args, (1, exponents), value.sizes)


def numbers_of_terms(at: Rewriting, value: Value) -> Value | None:
    """In c A − d B the numbers belong to the terms, and the signs to the sum."""
    (coefs,) = value.params
    terms: list[tuple[object, Value]] = []
    for coef, arg in zip(coefs, value.args, strict=True):
        if arg.op == "multiply" and at.once(arg) and arg.params[0] != 1 and arg.kind == "float":
            inner, exponents = arg.params
            coef = times(coef, inner)
            arg = multiplied(at, 1, list(zip(arg.args, exponents, strict=True)), arg)
        if coef in (1, -1) or arg.op == "number":
            terms.append((coef, arg))
        else:
            terms.append((1 if coef > 0 else -1, scaled(at, abs(coef), arg)))
    made = tuple(v for _, v in terms), (tuple(c for c, _ in terms),)
    if made == (value.args, value.params):
        return None
    return at.builder.make("add", *made, value.sizes, value.kind)


def one_sign(at: Rewriting, value: Value) -> Value | None:
    """A sum of which every term is subtracted is subtracted as a whole."""
    (coefs,) = value.params
    if len(coefs) < 2 or any(c != -1 for c in coefs):
        return None
    whole = at.builder.make("add", value.args, ((1,) * len(coefs),), value.sizes)
    return scaled(at, -1, whole)


def number_into_sum(at: Rewriting, value: Value) -> Value | None:
    """The product c (A − B) P is (c A − c B) P where A and B have a factor of fewer elements."""
    coef, exponents = value.params
    if coef in (1, -1):
        return None
    for k, (v, e) in enumerate(zip(value.args, exponents, strict=True)):
        if v.op != "add" or e != 1 or not at.once(v):
            continue
        if all(_takes_number(arg, value) for arg in v.args):
            moved = [scaled(at, coef, arg) for arg in v.args]
            total = at.builder.make("add", moved, v.params, v.sizes)
            args = [total if n == k else x for n, x in enumerate(value.args)]
            return multiplied(at, 1, list(zip(args, exponents, strict=True)), value)
    return None


def _takes_number(value: Value, whole: Value) -> bool:
    """Whether a number costs the value less than it costs the whole."""
    inner = value.args[0] if value.op == "expand" else value
    if elements(inner) < elements(whole):
        return inner.kind == "float" and inner.op != "variable"
    return inner.op == "multiply" and any(
        elements(v) < elements(whole) and v.kind == "float" for v in inner.args
    )


def common_factor(at: Rewriting, value: Value) -> Value | None:
    """The sum r A − r B is r (A − B)."""
    if len(value.args) < 2 or any(a.op != "multiply" or not at.once(a) for a in value.args):
        return None
    parts = [list(zip(a.args, a.params[1], strict=True)) for a in value.args]
    shared = [part for part in parts[0] if all(part in other for other in parts[1:])]
    if not shared:
        return None
    rest = [[part for part in own if part not in shared] for own in parts]
    if any(not own for own in rest):
        return None
    terms = [multiplied(at, a.params[0], own) for a, own in zip(value.args, rest, strict=True)]
    total = at.builder.make("add", terms, value.params, broadcast(terms))
    return multiplied(at, 1, [*shared, (total, 1)], value)


def expand_inside(at: Rewriting, value: Value) -> Value | None:
    """Factors are given their axes of length 1 one by one, so that they can be found in other products."""
    (inner,), (axes,) = value.args, value.params
    if inner.op == "expand":
        kept = [k for k in range(value.ndim) if k not in axes]
        own = [kept[k] for k in inner.params[0]]
        return expanded(at, inner.args[0], tuple(sorted((*axes, *own))))
    if inner.op != "multiply" or not at.once(inner) or len(inner.args) < 2:
        return None
    kept = [k for k in range(value.ndim) if k not in axes]
    args = []
    for v in inner.args:
        first = kept[inner.ndim - v.ndim] if v.ndim else value.ndim
        args.append(expanded(at, v, tuple(k - first for k in axes if k > first)))
    return at.builder.make("multiply", args, inner.params, value.sizes)
