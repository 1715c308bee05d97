"""Running a row: compute on arrays, and record the step on the graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import numpy as np

from minigrad.errors import ArgumentError, DtypeError, GradientError, MinigradError, ShapeError
from minigrad.graph.context import Scope, WatchedScope, current_scope, is_recording
from minigrad.graph.create import holds_tensors, own, stacked
from minigrad.graph.dims import Count, Dim
from minigrad.graph.node import Node, leaf, next_id
from minigrad.graph.tensor import Tensor, WeakScalar, blank, said, wrap
from minigrad.index.size import Size, least
from minigrad.limits import check_elements
from minigrad.primitive import Primitive

_EMPTY: dict[str, Any] = {}
_Shape = Callable[[Primitive, tuple[Any, ...], Mapping[str, Any]], tuple[Any, ...]]
_symbolic_shape: list[_Shape] = []


def register_symbolic_shape(rule: _Shape) -> None:
    """Install the rule ``(op, inputs, params) -> shape`` for tensors without values."""
    _symbolic_shape[:] = [rule]


def record(
    op: Primitive,
    inputs: tuple[Any, ...],
    params: Mapping[str, Any],
    scope: Scope,
    y: Any,
    saved: tuple[Any, ...] | None,
) -> Tensor:
    """Enter one step into the graph; without saved arrays it carries structure alone."""
    result = blank()
    result._array = y
    result._node = node = Node()
    node.op = op
    node.inputs = inputs
    node.params = params
    node.shape = y.shape
    node.dtype = y.dtype
    node.context = scope
    node.id = next_id()
    node.requires_grad = saved is not None
    node.saved = saved
    node.facts = None
    return result


def seal(arrays: Iterable[Any]) -> None:
    """Make arrays read-only before a user's function sees them."""
    for array in arrays:
        if type(array) is np.ndarray:
            array.setflags(write=False)


def sealed(array: Any) -> Any:
    """What a user's function returned, as an array that nobody can write to any more."""
    if type(array) is np.ndarray:
        if array.base is not None:
            array = array.copy()
        array.setflags(write=False)
    return array


# Above this many elements it pays to forget what no rule reads.
LARGE = 1 << 14


def needed(op: Primitive, inputs: tuple[Any, ...], saved: tuple[Any, ...]) -> tuple[Any, ...]:
    """The saved arrays with those that no rule reads replaced by their shapes."""
    if op.reads is None:
        return saved
    read = "".join(
        reads
        for reads, parent in zip(op.reads, inputs, strict=False)
        if type(parent) is Node and parent.requires_grad
    )
    kept = [saved[0] if "y" in read else None]
    kept += [a if str(i) in read else _hollow(a) for i, a in enumerate(saved[1:])]
    return tuple(kept)


def _hollow(array: Any) -> Any:
    """An array of the same shape and dtype that holds a single 0."""
    if type(array) is not np.ndarray or array.size <= LARGE:
        return array
    zero = np.zeros(1, array.dtype)
    return np.ndarray(array.shape, array.dtype, zero, strides=(0,) * array.ndim)


def apply(op: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Tensor:
    """Run one row on tensors, arrays, numbers and sizes; record it where anything is tracked."""
    scope = current_scope()
    arrays: list[Any] = []
    parents: list[Any] = []
    tracked = symbolic = False
    weak = True
    for x in inputs:
        if isinstance(x, Tensor):
            node = x._node
            arrays.append(x._array)
            weak = weak and type(x) is WeakScalar
            if node is None:
                parents.append(x)
            else:
                tracked = True
                symbolic = symbolic or x._array is None
                parents.append(node)
        elif x is None and op.kind == "elementwise" and not op.optional:
            fail(op, inputs, params, TypeError("leave the operation out, write a number, or ask 'x is None'"))
        elif x is None or (type(x) in _NUMBERS and op.kind != "contraction"):
            arrays.append(x)
            parents.append(x)
        elif type(x) is Size:
            arrays.append(None)
            parents.append(x)
            tracked = symbolic = True
        elif type(x) is Dim:
            arrays.append(int(x))
            parents.append(x)
            tracked = True
        elif isinstance(x, list | tuple) and holds_tensors(x):
            return apply(op, tuple(stacked(x) for x in inputs), params)
        elif type(x) is Count:
            return apply(op, tuple(int(x) if type(x) is Count else x for x in inputs), params)
        else:
            array = own(x, what=op.name)
            arrays.append(array)
            parents.append(array)
            weak = False
    if symbolic:
        return record_symbolic(op, _constants(parents), params, scope)
    if op.kind == "general":
        arrays = _numbers_as_arrays(arrays)
    if not op.builtin:
        seal(arrays)
    try:
        y = op.forward(*arrays, **params)
    except Exception as error:
        fail(op, inputs, params, error)
    if not op.builtin:
        y = sealed(y)
    if type(scope) is WatchedScope:
        from minigrad.graph.watch import user_line, watch_forward

        watch_forward(op, inputs, arrays, params, y)
    if weak and np.ndim(y) == 0:
        return _weak(op, y, parents, params, scope, tracked)
    if type(y) is not np.ndarray and not isinstance(y, np.generic):
        y = np.asarray(y)
    if not tracked or not is_recording(scope):
        return wrap(y)
    links = _constants(parents)
    # Integers and booleans have no derivative, whatever made them.
    needs = y.dtype.kind == "f" and _differentiated(op, links)
    saved = (y, *arrays) if needs else None
    if saved is not None and y.size > LARGE and type(scope) is Scope:
        saved = needed(op, links, saved)
    result = record(op, links, params, scope, y, saved)
    if type(scope) is WatchedScope and result._node is not None:
        result._node.line = user_line()
    return result


_NUMBERS = frozenset({int, float, bool})


def _differentiated(op: Primitive, links: tuple[Any, ...]) -> bool:
    """Whether an input requires a gradient, which then has a rule to give it one.

    Raises
    ------
    GradientError
        When it has none: a gradient that is left out would be taken for 0.
    """
    needs = False
    for position, parent in enumerate(links):
        if type(parent) is Node and parent.requires_grad:
            if op.rule(position) is None:
                refuse(op.name, f"argument {position + 1}")
            needs = True
    return needs


def refuse(name: str, argument: str) -> NoReturn:
    """Say that an operation has no derivative by an argument that requires a gradient."""
    raise GradientError(
        f"{name}: is not differentiated by its {argument}, which requires a gradient; pass a plain "
        "number or array, or .detach() it"
    )


def option(name: str, argument: str, value: Any) -> Any:
    """The plain number or array of an argument that an operation is not differentiated by.

    Raises
    ------
    GradientError
        When it requires a gradient, which would be lost.
    SymbolicError
        When it has no value.
    """
    if not isinstance(value, Tensor):
        return value
    if value.requires_grad:
        refuse(name, argument)
    array = value._value(f"{name}: {argument}")
    return array.item() if np.ndim(array) == 0 and not isinstance(array, int | float) else array


def operands(op: Primitive, arrays: list[Any]) -> list[Any]:
    """Plain arrays and numbers as the forward and the rules of a row want them."""
    return _numbers_as_arrays(arrays) if op.kind == "general" else arrays


def _numbers_as_arrays(arrays: list[Any]) -> list[Any]:
    """Numbers among arrays as 0-d arrays that widen nobody: rules ask every argument for its shape."""
    if not any(type(x) in _NUMBERS for x in arrays):
        return arrays
    known = [x.dtype for x in arrays if isinstance(x, np.ndarray | np.generic)]
    return [
        np.asarray(x, np.result_type(x, *known)) if type(x) in _NUMBERS else x for x in arrays
    ]


def _node(
    op: Primitive,
    inputs: tuple[Any, ...],
    params: Mapping[str, Any],
    scope: Scope,
    shape: tuple[Any, ...],
    dtype: Any,
) -> Node:
    node = Node()
    node.op = op
    node.inputs = inputs
    node.params = params
    node.shape = shape
    node.dtype = dtype
    node.context = scope
    node.id = next_id()
    node.facts = None
    node.requires_grad = False
    node.saved = None
    return node


def constant(x: Any) -> Node:
    """The anonymous leaf that stands for an untracked tensor, made once."""
    try:
        known: Node = x._constant
    except AttributeError:
        known = x._constant = leaf(x._array)
    return known


def _constants(parents: list[Any]) -> tuple[Any, ...]:
    """Turn untracked tensors and arrays among the inputs into anonymous leaves."""
    inputs = []
    for parent in parents:
        if isinstance(parent, Tensor):
            parent = constant(parent)
        elif isinstance(parent, np.ndarray):
            parent = leaf(parent)
        inputs.append(parent)
    return tuple(inputs)


def _weak(
    op: Primitive,
    y: Any,
    parents: list[Any],
    params: Mapping[str, Any],
    scope: Scope,
    tracked: bool,
) -> Tensor:
    """Keep a number made of numbers and sizes a plain Python number."""
    result = WeakScalar.__new__(WeakScalar)
    result._array = y.item() if isinstance(y, np.generic | np.ndarray) else y
    result._node = None
    if tracked and is_recording(scope):
        dtype = np.asarray(result._array).dtype
        result._node = _node(op, _constants(parents), params, scope, (), dtype)
    return result


# What a parameter of an elementwise row may be, which its meaning is written with.
_OPTIONS = (int, float, str, np.number, type(None))
_OPERANDS = (Node, Size, Dim, int, float, np.generic)


def record_symbolic(
    op: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any], scope: Scope
) -> Tensor:
    """Enter one step without values; its shape follows from what the row means."""
    if not _symbolic_shape:
        raise MinigradError(f"{op.name}: symbolic tensors need minigrad's symbolic side")
    for position, x in enumerate(inputs):
        if not isinstance(x, _OPERANDS) and not (x is None and _may_be_left_out(op, position)):
            raise DtypeError(f"{op.name}: cannot compute with {said(x)}; pass numbers or tensors")
    if op.kind == "elementwise":
        for name, value in params.items():
            known = op.params.get(name, value)
            fits = isinstance(value, str) is isinstance(known, str) and (value is not None or known is None)
            if not isinstance(value, _OPTIONS) or not fits:
                raise ArgumentError(f"{op.name}: {name} is a plain number, not {said(value)}")
    shape = _symbolic_shape[0](op, inputs, params)
    smallest = [least(size) for size in shape]
    if min(smallest, default=0) < 0:
        raise ShapeError(f"{op.name}: a size is not negative, got ({', '.join(map(str, shape))})")
    check_elements(op.name, smallest)
    return wrap(None, _node(op, inputs, params, scope, shape, _symbolic_dtype(op, inputs, params)))


def step_without_values(
    op: Primitive, inputs: tuple[Any, ...], shape: tuple[Any, ...], **params: Any
) -> Node:
    """A step of a shape that is known, entered without values, whether or not its inputs have some."""
    return _node(op, inputs, params, current_scope(), shape, _symbolic_dtype(op, inputs, params))


def _may_be_left_out(op: Primitive, position: int) -> bool:
    """Whether an operand has None as its default: a bound of clip, a weight of a loss."""
    if op.kind == "elementwise":
        return True
    known = list(inspect.signature(op.forward).parameters.values())
    return position < len(known) and known[position].default is None


def _symbolic_dtype(
    op: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any]
) -> np.dtype[Any]:
    """What the elements would be: positions and truth values stay such where they are only moved."""
    known = [x.dtype for x in inputs if isinstance(x, Node)]
    if op.kind == "elementwise":
        try:
            empty = [np.zeros(0, x.dtype) if isinstance(x, Node) else x for x in inputs]
            return np.asarray(op.forward(*empty, **params)).dtype
        except (TypeError, ValueError, MinigradError):
            return np.dtype(float)
    moved = op.reads is not None and not any(op.reads) and len(known) == 1
    return known[0] if moved else np.dtype(float)


def fail(
    op: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any], error: Exception
) -> NoReturn:
    """Say an array library's error in terms of the operation, its operands and the cure."""
    from minigrad.graph.explain import explain

    explained = None if isinstance(error, MinigradError) else explain(op, inputs, params, error)
    try:
        if explained is None:
            raise error
        raise explained from error
    finally:
        # This frame is part of their tracebacks: without its references there is no cycle.
        del error, explained
