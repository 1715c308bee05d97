"""Views, moves and selections of arrays as NumPy expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.index.affine import Delta, OneHot, Reshape, Roll, Slice, Triangle
from minigrad.index.size import AnySize, is_at_least, prod
from minigrad.program import Value
from minigrad.source.context import Context, axis_text, call, shape_text, subscripts
from minigrad.source.numpy_elementwise import kept_axes
from minigrad.source.pieces import (
    ADD,
    ATOM,
    MULTIPLY,
    Text,
)

Texts = dict[str, Callable[[Value, Context], Text]]


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
    name = at.helper(
        {"argmax": "where_largest", "others": "product_of_others"}.get(value.op, value.op)
    )
    axis = axis_text(axes, max(arg.ndim, 2))
    more = [] if axes == (arg.ndim - 1,) else [f"axis={axis}"]
    return call(name, at.text(arg).text, *more)


def _sorted(value: Value, at: Context) -> Text:
    (axes,) = value.params
    arg = value.args[0]
    more = [] if axes == (arg.ndim - 1,) else [f"axis={axis_text(axes, arg.ndim)}"]
    return call(f"np.{value.op}", at.text(arg).text, *more, 'kind="stable"')


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


def indices_text(value: Value, at: Context) -> Text:
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
        return Text(f"{at.text(array).within(ATOM)}[{indices_text(index, at).text}]")
    return call("np.take", at.text(array).text, indices_text(index, at).text,
                f"axis={axis_text((axis,), array.ndim)}")  # fmt: skip


def _points(value: Value, at: Context) -> Text:
    array, index = value.args
    (shared,) = value.params
    lead = []
    for k in range(shared):
        entries = [":", *(["None"] * (index.ndim - 1 - k))]
        grid = f"np.arange({at.size(array.sizes[k]).text})"
        lead.append(grid if len(entries) == 1 else f"{grid}[{', '.join(entries)}]")
    where = ", ".join([*lead, indices_text(index, at).text])
    return Text(f"{at.text(array).within(ATOM)}[{where}]")


def _arange(value: Value, at: Context) -> Text:
    start, steps = value.params
    return _combination(start, steps, value.sizes, at)


def _concatenate(value: Value, at: Context) -> Text:
    (axis,) = value.params
    parts = ", ".join(at.text(arg).text for arg in value.args)
    more = [f"axis={axis_text((axis,), value.ndim)}"] if axis else []
    return call("np.concatenate", f"[{parts}]", *more)


def _relation(value: Value, at: Context) -> Text:
    """A 0/1 tensor as it is."""
    coefs, constant, relation, modulus, form = value.params
    dtype = at.dtype()
    sizes = [at.size(size).text for size in value.sizes]
    match form:
        case Delta():
            return call("np.eye", sizes[0], f"dtype={dtype}")
        case Triangle(k) if isinstance(k, int):
            sizes = sizes[:1] if sizes[0] == sizes[1] else sizes
            more = [f"k={k}"] if k else []
            return call("np.tri", *sizes, *more, f"dtype={dtype}")
        case OneHot(place):
            return Text(f"(np.arange({sizes[0]}) == {at.size(place).text}).astype({dtype})")
        case Slice(start, step):
            entry = entry_text((start, step, value.sizes[0]), value.sizes[1], at)
            return Text(f"np.eye({sizes[1]}, dtype={dtype})[{entry}]")
        case Roll(shift):
            return call("np.roll", f"np.eye({sizes[0]}, dtype={dtype})", str(shift), "axis=0")
        case Reshape(before):
            whole = at.size(prod(value.sizes[:before])).text
            return Text(f"np.eye({whole}, dtype={dtype}).reshape({', '.join(sizes)})")
    total = _combination(constant, coefs, value.sizes, at).within(ADD)
    if relation == "≡":
        total = f"({total}) % {at.size(modulus).within(ATOM)}"
    sign = ">=" if relation == "≥" else "=="
    return Text(f"({total} {sign} 0).astype({dtype})")


def _pick(value: Value, at: Context) -> Text:
    index = indices_text(value.args[0], at).within(ATOM)
    size = at.size(value.sizes[-1])
    from_front = f"{index}[..., None] % {size.within(ATOM)}"  # -1 is the last place
    return Text(f"({from_front} == np.arange({size.text})).astype({at.dtype()})")


def _combination(
    start: AnySize, steps: Sequence[AnySize], lengths: Sequence[AnySize], at: Context
) -> Text:
    """``start`` plus multiples of indices that run over ``lengths``, each along an axis of its own."""
    text = None if start == 0 else at.size(start)
    for k, (step, length) in enumerate(zip(steps, lengths, strict=True)):
        negative = is_at_least(step, 0) is False
        size = -step if negative else step
        later = ", ".join([":", *(["None"] * (len(lengths) - 1 - k))])
        run = call("np.arange", at.size(length).text)
        run = run if ", " not in later else Text(f"{run.text}[{later}]")
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
