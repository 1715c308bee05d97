"""One program for every device of a mesh: an axis that is cut into equal blocks, one block a device.

The dims in ``shard`` are cut: every axis whose size is a multiple of such a dim holds one block of it,
and what stands in the program is what a device does with its block. Where an index that is cut is summed,
the device sums its part, and a ``psum`` over the mesh axis adds the parts of all devices; where it is kept
it stays local. Nothing else is done: an operation that would need elements of another device's block (the
largest along the axis, a running sum, a sort, a place in it) is refused.

In the gradient of ``mean((X @ w - y)**2)``, X: b n, with b cut over "data"::

    r  = X w - y              r holds the device's rows: nothing to do
    dw = 2/b Xᵀ r             b is summed: psum(X_localᵀ r_local), and b is the local length times the
                              number of devices
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from minigrad.errors import DerivationError
from minigrad.index.size import AnySize, Size, dim, named_sizes, names_in, prod
from minigrad.program.lowering import Program
from minigrad.program.value import Value, in_order
from minigrad.program.value_builder import ValueBuilder

MeshAxes = str | tuple[str, ...]


class Cut(NamedTuple):
    """A dim that is cut, over which axes of the mesh."""

    dim: str
    over: MeshAxes


def sharded(program: Program, shard: Mapping[str, MeshAxes]) -> Program:
    """The program of one device, where the dims are cut over axes of the mesh.

    Raises
    ------
    DerivationError
        When an operation needs more of an axis than the device holds.
    """
    for cut in (Cut(name, over) for name, over in shard.items()):
        program = _Sharding(cut).of(program)
    return program


def cut_axes(sizes: Sequence[AnySize], shard: Mapping[str, MeshAxes]) -> list[MeshAxes | None]:
    """Per axis, over which axes of the mesh it is cut."""
    return [next((over for name, over in shard.items() if name in names_in(size)), None) for size in sizes]


class _Sharding:
    """Rewrites one program for one cut."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.builder = ValueBuilder()

    def of(self, program: Program) -> Program:
        done: dict[Value, Value] = {}
        for value in in_order(program.results):
            done[value] = self.local(value, [done[arg] for arg in value.args])
        names = {done[value]: name for value, name in program.names.items() if value in done}
        return Program(tuple(done[value] for value in program.results), names)

    def local(self, value: Value, args: list[Value]) -> Value:
        """What a device computes for the value."""
        axes = self.axes(value)
        if len(axes) > 1:
            self.refuse(value, "has two axes of it, of which a device needs one whole")
        if value.op == "size":
            return self.total(value.params[0])
        complaint = self.complaint(value)
        if complaint:
            self.refuse(value, complaint)
        made = self.builder.make(value.op, args, value.params, value.sizes, value.kind)
        if self.is_summed(value):
            return self.builder.make("psum", [made], (self.cut.over,), value.sizes, value.kind)
        return made

    def complaint(self, value: Value) -> str | None:
        """What the operation needs that a device does not have."""
        if value.op not in _VIEWS_OF_PLACES | {"scatter"} and any(map(self.counts, value.args)):
            return "computes with the places of it"
        cut = any(map(self.axes, (value, *value.args)))
        if cut and value.op not in _LOCAL:
            return _NEEDS[value.op](self, value) if value.op in _NEEDS else "has no rule for parts of it"
        if not cut and self.mentions(value.params):
            return "computes with its length where a place is meant"
        return None

    def counts(self, value: Value) -> bool:
        """Whether the value is the places of an axis that is cut, which are local ones."""
        while value.op in _VIEWS_OF_PLACES and value.args:
            value = value.args[0]
        return value.op == "arange" and bool(self.axes(value))

    def axes(self, value: Value) -> list[int]:
        """The axes that are cut; all of their sizes are multiples of the dim."""
        found = [k for k, size in enumerate(value.sizes) if self.cut.dim in names_in(size)]
        for k in found:
            size = value.sizes[k]
            if not isinstance(size, Size) or any(m.count(self.cut.dim) != 1 for m in size.terms):
                self.refuse(value, f"has an axis of {size}, which is no multiple of it")
        return found

    def mentions(self, params: tuple[Any, ...]) -> bool:
        return any(self.cut.dim in size.names() for size in named_sizes(*params))

    def is_summed(self, value: Value) -> bool:
        """Whether an index that is cut ends here."""
        return value.op in _SUMMING and any(map(self.axes, value.args)) and not self.axes(value)

    def total(self, size: AnySize) -> Value:
        """A size of the whole as a number: the local dim times the number of devices."""
        own = self.builder
        if not isinstance(size, Size) or self.cut.dim not in size.names():
            return own.size(size)
        devices = own.make("axis_size", (), (self.cut.over,), (), "weak")
        terms: list[tuple[int, Value]] = []
        for monomial, coefficient in size.terms.items():
            power = monomial.count(self.cut.dim)
            local = own.size(prod(map(dim, monomial)))
            terms.append((coefficient, own.multiply(1, [(local, 1), *([(devices, power)] if power else [])])))
        return own.add(terms)

    def refuse(self, value: Value, why: str) -> NoReturn:
        over = self.cut.over if isinstance(self.cut.over, str) else ", ".join(self.cut.over)
        shape = ", ".join(map(str, value.sizes))
        raise DerivationError(
            f"source: {self.cut.dim} is cut over {over!r}, and {value.op} of shape ({shape}) {why}; "
            "cut another dim, or leave this one whole"
        )


# -- what an operation must not need; each returns what is wrong, or None ---------------------------------


def _whole_along(own: _Sharding, value: Value) -> str | None:
    """Operations along axes: those that are cut must be others."""
    axes = value.params[0] if isinstance(value.params[0], tuple) else (value.params[0],)
    return "runs along it" if set(own.axes(value.args[0])) & set(axes) else None


def _second_param(own: _Sharding, value: Value) -> str | None:
    if own.mentions(value.params[:1]):
        return "moves by its length"
    return "runs along it" if value.params[1] in own.axes(value) else None


def _whole_last_two(own: _Sharding, value: Value) -> str | None:
    if value.op == "tril" and own.mentions(value.params):
        return "counts by its length"
    arg = value.args[0] if value.args else value
    last = {arg.ndim - 1, arg.ndim - 2} | ({value.ndim - 1, value.ndim - 2})
    return "needs the whole matrix" if last & {*own.axes(arg), *own.axes(value)} else None


def _same_block(own: _Sharding, value: Value) -> str | None:
    """A reshape keeps the dim the leading one of its axis, and what lies before it."""
    (arg,) = value.args
    if not own.axes(arg):
        return "would cut an axis that is whole"
    (before,), after = own.axes(arg), own.axes(value)
    kept = after and prod(arg.sizes[:before]) == prod(value.sizes[: after[0]])
    return None if kept else "does not keep it the leading index of an axis"


def _whole_index(own: _Sharding, value: Value) -> str | None:
    """All of the axis; places of other axes must not count by its length."""
    cut, (entries,) = own.axes(value.args[0]), value.params
    if any(entries[k] is not None for k in cut):
        return "takes some places of it"
    return "counts by its length" if own.mentions(entries) else None


def _taken(own: _Sharding, value: Value) -> str | None:
    axis = value.params[0]
    return "looks places up in it" if axis in own.axes(value.args[0]) else None


def _placed(own: _Sharding, value: Value) -> str | None:
    """Parts put in place: along the axis that is cut, all of it."""
    for index_map, size in zip(value.params[0], value.sizes, strict=True):
        inside = own.cut.dim in names_in(size)
        if index_map[0] != "at" and (inside or own.cut.dim in names_in(index_map[4])):
            if index_map[2:] != (0, 1, size):
                return "has only some places of it"
        elif inside:
            return "puts something at one place of it"
    return None


def _scattered(own: _Sharding, value: Value) -> str | None:
    """Indices count the local places of the axis, or the axis ends here."""
    indices = value.args[1:]
    for index, size in zip(indices, value.sizes, strict=False):
        if own.cut.dim in names_in(size) and not _counts(index, size):
            return "looks places up in it"
    return None


def _counts(index: Value, size: AnySize) -> bool:
    while index.op in _VIEWS_OF_PLACES:
        index = index.args[0]
    return index.op == "arange" and index.params == (0, (1,)) and index.sizes == (size,)


def _picked(own: _Sharding, value: Value) -> str | None:
    return "is a place of it" if value.ndim - 1 in own.axes(value) else None


def _never(own: _Sharding, value: Value) -> str | None:
    return "tells places of it apart"


def _one_index(own: _Sharding, value: Value) -> str | None:
    """A part that is summed by itself is no whole, where another index of the dim is kept."""
    a, b, _ = value.params
    sizes = dict(zip((*a, *b), (*value.args[0].sizes, *value.args[1].sizes), strict=True))
    cut = [label for label, size in sizes.items() if own.cut.dim in names_in(size)]
    return "sums one index of it and keeps another" if len(cut) > 1 else None


_VIEWS_OF_PLACES = frozenset({"expand", "permute", "broadcast"})
_SUMMING = frozenset({"sum", "matmul", "matvec", "tensordot", "einsum", "scatter"})
# Each element, or each sum's part, needs what its own device has.
_LOCAL = frozenset(
    {"variable", "add", "multiply", "apply", "cast", "permute", "expand", "broadcast", "arange"}
    | {"diagonal", "sum", "matmul", "matvec", "tensordot", "psum"}
)
_NEEDS: dict[str, Callable[[_Sharding, Value], str | None]] = {
    **dict.fromkeys(
        ("max", "prod", "softmax", "logsumexp", "argmax", "others", "sort", "argsort",
         "cumsum", "concatenate"),
        _whole_along,
    ),
    "roll": _second_param,
    "tril": _whole_last_two,
    "matrix_function": _whole_last_two,
    "reshape": _same_block,
    "index": _whole_index,
    "take": _taken,
    "points": _taken,
    "embed": _placed,
    "embed_add": _placed,
    "scatter": _scattered,
    "relation": _never,
    "pick": _picked,
    "einsum": _one_index,
}  # fmt: skip
