"""Functions of functions: gradients as a calculus book writes them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from minigrad.errors import ArgumentError, DtypeError, GradientError, KindError
from minigrad.graph.context import current_scope
from minigrad.graph.create import own
from minigrad.graph.node import Node, leaf, next_id
from minigrad.graph.tensor import Tensor, said, wrap
from minigrad.numeric.backward import leading_to, propagate, reachable
from minigrad.numeric.trees import leaves_of, map_leaves
from minigrad.ops.arithmetic import positive
from minigrad.ops.options import whole

Argnums = int | Sequence[int]
_F = TypeVar("_F", bound=Callable[..., Any])


def at_once(transform: _F) -> _F:
    """Let a transform of functions take the inputs too, ``jacobian(f, x)``, and give the value there."""
    name = transform.__name__

    @functools.wraps(transform)
    def run(f: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Any:
        if not callable(f):
            instead = f"; write mg.gradients(loss, {'x' if name == 'grad' else '...'})" * isinstance(f, Tensor)
            raise KindError(f"{name}: takes a function, not {said(f)}{instead}")
        if not isinstance(has_aux, bool | np.bool_):
            raise KindError(
                f"{name}: has_aux is True or False, not {said(has_aux)}; several inputs are one tuple, {name}(f, (x, y))"
            )
        real = (isinstance(x, Tensor | np.ndarray) and x.dtype.kind == "f" for x in leaves_of(argnums))
        if isinstance(argnums, int) or not any(real):
            _check_places(name, argnums)
            return transform(f, argnums, has_aux)
        many = isinstance(argnums, tuple)
        inputs = argnums if many else (argnums,)
        return transform(f, tuple(range(len(inputs))) if many else 0, has_aux)(*inputs)

    return run  # type: ignore[return-value]


def _check_places(name: str, argnums: Any) -> None:
    """Refuse what neither counts arguments nor is an input, before the function is called, if ever."""
    for number in argnums if isinstance(argnums, Sequence) and not isinstance(argnums, str) else (argnums,):
        try:
            whole(name, "argnums", number)
        except KindError as error:
            raise KindError(f"{error}; an input is a tensor or an array of real numbers, or write {name}(f)(x)") from None


@at_once
def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function x ↦ ∇f(x) of a function with a single real value.

    Parameters
    ----------
    f
        Takes tensors, arrays or numbers, also in dicts, lists and tuples; returns one element.
    argnums
        Which arguments to differentiate; a sequence gives a tuple of gradients.
    has_aux
        ``f`` returns ``(value, aux)``; the result is then ``(gradient, aux)``.

    Returns
    -------
    A function of the same arguments, returning gradients in the arguments' containers. With a tensor
    or an array, or a tuple of them, in place of ``argnums``, its value there.
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, g = both(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    return gradient


@at_once
def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function x ↦ (f(x), ∇f(x)); parameters as for :func:`grad`."""

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        traced, inputs = trace("grad", args, argnums)
        result = f(*traced, **kwargs)
        value = split_aux("grad", result, has_aux)[0]
        if not isinstance(value, Tensor) or np.size(value._array) != 1:
            raise GradientError(
                f"grad: the function must return one number, not {_kind(value)}; "
                "use jacobian for several, or has_aux=True when it also returns other things"
            )
        gradient = pull(value, None, inputs)
        return finished(result, inputs), gradient

    return both


def trace(name: str, args: tuple[Any, ...], argnums: Argnums) -> tuple[list[Any], Any]:
    """The arguments with fresh inputs of the graph in the chosen places, and those inputs."""
    places = argnums if isinstance(argnums, Sequence) else (argnums,)
    numbers = [whole(name, "argnums", n) for n in places]
    traced = list(args)
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise ArgumentError(
                f"{name}: argnums={argnums} but the function was called with {len(args)} arguments"
            )
        traced[n] = map_leaves(functools.partial(fresh, name), args[n])
    chosen = shadow(tuple(traced[n] for n in numbers))
    return traced, chosen if isinstance(argnums, Sequence) else chosen[0]


def shadow(inputs: Any) -> Any:
    """The same inputs in tensors of their own, which ``x[i] = v`` in a function cannot rebind."""
    return map_leaves(lambda x: wrap(x._array, x._node), inputs)


def fresh(name: str, x: Any) -> Tensor:
    """A new input of the graph with this value, linked to x where x is itself being traced."""
    if isinstance(x, Tensor):
        array, parent = x._value(name), x._node
    else:
        array, parent = own(x, what=name), None
        if array.dtype.kind != "f" and not isinstance(x, np.ndarray):
            array = array.astype(float)
    if array.dtype.kind != "f":
        raise DtypeError(
            f"{name}: cannot differentiate with respect to an argument of dtype {array.dtype}; "
            "pass real numbers, for example x.astype(float)"
        )
    if parent is None or not parent.requires_grad:
        node = leaf(array, requires_grad=True)
        if parent is not None:
            node.name, node.dims, node.assume = parent.name, parent.dims, parent.assume
        return wrap(array, node)
    node = Node()
    node.op = positive.primitive  # type: ignore[attr-defined]
    node.inputs = (parent,)
    node.params = {}
    node.shape, node.dtype = parent.shape, parent.dtype
    node.context, node.id = current_scope(), next_id()
    node.facts = None
    node.requires_grad = True
    node.saved = (array, array)
    return wrap(array, node)


def split_aux(name: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    """Separate a function's value from what else it returned."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise ArgumentError(f"{name}: with has_aux=True the function must return (value, aux)")
    return result


def _kind(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return f"{type(value).__name__}, which carries no gradient"


def finished(result: Any, inputs: Any) -> Any:
    """Results without their graph, except where something else may still be differentiated."""
    wanted = frozenset(x._node for x in leaves_of(inputs))

    def finish(x: Any) -> Any:
        if not isinstance(x, Tensor) or not x.requires_grad or x._node is None:
            return x
        outer = any(n.op is None and n not in wanted for n in reachable([x._node], frozenset()))
        return x if outer else x.detach()

    return map_leaves(finish, result)


def pull(output: Any, cotangent: Any, inputs: Any, recorded: bool | None = None) -> Any:
    """The cotangents of the inputs, in their containers; zeros where nothing depends on them.

    ``cotangent`` has the output's containers; None means 1. Whether the sweep is recorded is found
    out from the graph: it is where something else than the inputs may still be differentiated.
    """
    wanted = frozenset(x._node for x in leaves_of(inputs))
    all_outs = list(leaves_of(output))
    given = [None] * len(all_outs) if cotangent is None else list(leaves_of(cotangent))
    if len(given) != len(all_outs):
        raise ArgumentError(f"vjp: {len(all_outs)} outputs but {len(given)} cotangents were given")
    pairs = [
        (out, g)
        for out, g in zip(all_outs, given, strict=True)
        if isinstance(out, Tensor) and out.requires_grad
    ]
    outs, cotangents = [out for out, _ in pairs], [g for _, g in pairs]
    nodes = [out._node for out in outs if out._node is not None]
    among = reachable(nodes, frozenset())
    if recorded is None:
        traced = any(isinstance(g, Tensor) and g.requires_grad for g in cotangents)
        recorded = traced or any(n.op is None and n not in wanted for n in among)
    useful = leading_to(wanted, among)
    found = propagate(outs, nodes, cotangents, wanted, useful, recorded, "vjp")

    def gradient(x: Tensor) -> Tensor:
        assert x._node is not None
        g = found.get(x._node)
        return wrap(np.zeros(x._node.shape, x._node.dtype)) if g is None else g

    return map_leaves(gradient, inputs)
