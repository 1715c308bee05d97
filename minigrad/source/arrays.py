"""Views, moves and selections of arrays as expressions of an array library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.index.affine import Delta, OneHot, Reshape, Roll, Slice, Triangle
from minigrad.index.size import AnySize, is_at_least, prod
from minigrad.program import Value
from minigrad.program.value import subscripts, swapped_last
from minigrad.source.axes import axis_text, shape_text, upright
from minigrad.source.dialect import Context, Texts
from minigrad.source.elementwise import kept_axes
from minigrad.source.pieces import (
    ADD,
    ATOM,
    COMPARE,
    MULTIPLY,
    Text,
    call,
)


def _permute(value: Value, at: Context) -> Text:
    axes, inner = value.params[0], at.text(value.args[0]).within(ATOM)
    if axes == swapped_last(value.ndim):
        return Text(f"{inner}.{'T' if value.ndim == 2 else 'mT'}")
    return at.dialect.permuted(at.text(value.args[0]), axes)


def _expand(value: Value, at: Context) -> Text:
    (inner,), (axes,) = value.args, value.params
    kept = kept_axes(inner, axes, at)
    if kept is not None:
        return kept
    entries = ["None" if k in axes else ":" for k in range(value.ndim)]
    return Text(f"{at.text(inner).within(ATOM)}[{', '.join(entries)}]")


def _broadcast(value: Value, at: Context) -> Text:
    inner = value.args[0]
    shape = shape_text(value.sizes, at)
    if inner.kind == "weak":
        return at.dialect.created("full", [shape, at.text(inner).text], "float", at)
    return at.dialect.repeated(at.text(inner), shape, inner.ndim == 0)


def _diagonal(value: Value, at: Context) -> Text:
    (labels,) = value.params
    if labels == (0, 0):
        return call(at.dialect.function("diagonal"), at.text(value.args[0]).text)
    return call(at.dialect.function("einsum"), f'"{subscripts(labels)}->{subscripts(range(value.ndim))}"',
                at.text(value.args[0]).text)  # fmt: skip


def _reshape(value: Value, at: Context) -> Text:
    sizes = ", ".join(at.size(size).text for size in value.sizes)
    return Text(f"{at.text(value.args[0]).within(ATOM)}.reshape({sizes})")


def _roll(value: Value, at: Context) -> Text:
    shift, axis = value.params
    text, over = at.text(value.args[0]).text, axis_text((axis,), value.ndim)
    return at.dialect.rolled(text, str(shift), "" if value.ndim == 1 else over)


def _index(value: Value, at: Context) -> Text:
    inner = value.args[0]
    return _indexed(at.text(inner), value.params[0], inner.sizes, at)


def _indexed(
    array: Text, entries: Sequence[Any], sizes: Sequence[AnySize], at: Context
) -> Text:
    """A basic index; where a language has no step backwards, a step forwards, turned round."""
    turned, axis, texts = [], 0, []
    for entry, size in zip(entries, sizes, strict=True):
        if isinstance(entry, tuple) and entry[1] < 0 and not at.dialect.steps_back:
            start, step, length = entry
            entry = (start + step * (length - 1), -step, length)
            turned.append(axis)
        axis += entry is None or isinstance(entry, tuple)
        texts.append(entry_text(entry, size, at))
    while len(texts) > 1 and texts[-1] == ":":
        texts.pop()
    if texts != [":"] or not turned:
        array = Text(f"{array.within(ATOM)}[{', '.join(texts)}]")
    for axis in turned:
        array = at.dialect.reversed(array, axis)
    return array


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
        end = final - 1 - size  # counted from the end, a stop before the first position is no other
        if isinstance(final, int):
            last = "" if final == 0 else str(final - 1)
        elif isinstance(end, int):
            last = str(end)
        else:
            low = at.size(final)
            start_text = first or "None"
            return (
                f"slice({start_text}, {low.within(MULTIPLY)} - 1 if {low.text} else None, {step})"
            )
    else:
        last = "" if start + step * length == size else at.size(final + 1).text
        last = "" if isinstance(size, int) and final == size - 1 else last
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


def _helped(value: Value, at: Context) -> Text:
    """Softmax and its kin, by helper functions with an axis."""
    arg, axes = value.args[0], value.params[0]
    name = {"argmax": "where_largest", "others": "product_of_others"}.get(value.op, value.op)
    own = at.dialect.along.get(name)
    over = at.dialect.over(axis_text(axes, max(arg.ndim, 2)))
    if own is not None:
        return call(own, at.text(arg).text, *over)
    last = axes == (arg.ndim - 1,)
    return call(at.helper(name, at.dialect), at.text(arg).text, *([] if last else over))


def _sorted(value: Value, at: Context) -> Text:
    (axes,) = value.params
    arg = value.args[0]
    axis = "" if axes == (arg.ndim - 1,) else axis_text(axes, arg.ndim)
    return at.dialect.sorted(value.op, at.text(arg), axis)


def _cumsum(value: Value, at: Context) -> Text:
    (axis,), reverse = value.params
    inner, over = at.text(value.args[0]), axis_text((axis,), value.ndim)
    if not reverse:
        return at.dialect.summed_up(inner, over, value.ndim)
    turned = at.dialect.summed_up(at.dialect.reversed(inner, axis), over, value.ndim)
    return at.dialect.reversed(turned, axis)


def _tril(value: Value, at: Context) -> Text:
    k, upper = value.params
    more = [str(k)] if k else []
    return call(at.dialect.function("triu" if upper else "tril"), at.text(value.args[0]).text, *more)


def indices_text(value: Value, at: Context) -> Text:
    """An integer array to index with."""
    inner = at.text(value)
    root = value
    while root.op in ("expand", "permute", "index"):
        root = root.args[0]
    if root.kind == "index":
        return inner
    return at.dialect.indices(inner)


def _take(value: Value, at: Context) -> Text:
    (axis,) = value.params
    array, index = value.args
    if axis == 0:
        return Text(f"{at.text(array).within(ATOM)}[{indices_text(index, at).text}]")
    return at.dialect.taken(at.text(array), indices_text(index, at).text, axis, array.ndim)


def _points(value: Value, at: Context) -> Text:
    array, index = value.args
    (shared,) = value.params
    lead = []
    for k in range(shared):
        grid = at.dialect.created("arange", [at.size(array.sizes[k]).text], "", at).text
        lead.append(upright(grid, index.ndim - 1 - k))
    where = ", ".join([*lead, indices_text(index, at).text])
    return Text(f"{at.text(array).within(ATOM)}[{where}]")


def _arange(value: Value, at: Context) -> Text:
    start, steps = value.params
    return _combination(start, steps, value.sizes, at)


def _concatenate(value: Value, at: Context) -> Text:
    (axis,) = value.params
    parts = ", ".join(at.text(arg).text for arg in value.args)
    more = at.dialect.over(axis_text((axis,), value.ndim)) if axis else []
    return call(at.dialect.function("concatenate"), f"[{parts}]", *more)


def _relation(value: Value, at: Context) -> Text:
    """A 0/1 tensor as it is."""
    coefs, constant, relation, modulus, form = value.params
    made = at.dialect.created
    sizes = [at.size(size).text for size in value.sizes]
    match form:
        case Delta():
            return made("eye", sizes[:1], "float", at)
        case Triangle(k) if isinstance(k, int):
            sizes = sizes[:1] if sizes[0] == sizes[1] else sizes
            more = [f"k={k}"] if k else []
            return made("tri", [*sizes, *more], "float", at)
        case OneHot(place):
            chosen = f"{made('arange', sizes[:1], '', at).text} == {at.size(place).text}"
            return at.dialect.cast(Text(chosen, COMPARE), "float", at)
        case Slice(start, step):
            eye = made("eye", sizes[1:], "float", at)
            return _indexed(eye, [(start, step, value.sizes[0])], value.sizes[1:], at)
        case Roll(shift):
            return at.dialect.rolled(made("eye", sizes[:1], "float", at).text, str(shift), "0")
        case Reshape(before):
            whole = at.size(prod(value.sizes[:before])).text
            eye = made("eye", [whole], "float", at)
            return Text(f"{eye.text}.reshape({', '.join(sizes)})")
    total = _combination(constant, coefs, value.sizes, at).within(ADD)
    if relation == "≡":
        total = f"({total}) % {at.size(modulus).within(ATOM)}"
    sign = ">=" if relation == "≥" else "=="
    return at.dialect.cast(Text(f"{total} {sign} 0", COMPARE), "float", at)


def _pick(value: Value, at: Context) -> Text:
    index = indices_text(value.args[0], at).within(ATOM)
    size = at.size(value.sizes[-1])
    from_front = f"{index}[..., None] % {size.within(ATOM)}"  # -1 is the last place
    places = at.dialect.created("arange", [size.text], "", at).text
    return at.dialect.cast(Text(f"{from_front} == {places}", COMPARE), "float", at)


def _combination(
    start: AnySize, steps: Sequence[AnySize], lengths: Sequence[AnySize], at: Context
) -> Text:
    """``start`` plus multiples of indices that run over ``lengths``, each along an axis of its own."""
    text = None if start == 0 else at.size(start)
    for k, (step, length) in enumerate(zip(steps, lengths, strict=True)):
        negative = is_at_least(step, 0) is False
        size = -step if negative else step
        run = at.dialect.created("arange", [at.size(length).text], "", at)
        run = run._replace(text=upright(run.text, len(lengths) - 1 - k))
        if size != 1:
            run = Text(f"{at.size(size).within(MULTIPLY)} * {run.text}", MULTIPLY)
        if text is None:
            text = Text(f"-{run.text}", MULTIPLY) if negative else run
        else:
            text = Text(f"{text.text} {'-' if negative else '+'} {run.text}", ADD)
    return text or Text("0")


TEXTS: Texts = {
    "permute": _permute,
    "expand": _expand,
    "broadcast": _broadcast,
    "diagonal": _diagonal,
    "reshape": _reshape,
    "roll": _roll,
    "index": _index,
    "argmax": _helped,
    "others": _helped,
    "sort": _sorted,
    "argsort": _sorted,
    "softmax": _helped,
    "logsumexp": _helped,
    "cumsum": _cumsum,
    "tril": _tril,
    "take": _take,
    "points": _points,
    "arange": _arange,
    "concatenate": _concatenate,
    "relation": _relation,
    "pick": _pick,
}
