"""`check`: a gradient judged by every witness that applies."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.checking import Options, Report, Subject, examine
from minigrad.checking.backward import Handwritten, Residuals, judge_backward
from minigrad.checking.judge import claims_for, judge
from minigrad.errors import ArgumentError, DerivationError, MinigradError, ShapeError
from minigrad.face.derivation import Derivation, derive
from minigrad.face.subject import subject_of
from minigrad.graph import Node, Tensor, tensor
from minigrad.symbolic.lower import graph_order
from minigrad.symbolic.names import names_in_graph


def check(
    subject: Tensor | Callable[..., Any],
    args: Any = None,
    *,
    wrt: Any = None,
    against: Any = None,
    given: Mapping[str, Any] | None = None,
    backward: Callable[..., Any] | None = None,
    cotangent: Any = None,
    residuals: Residuals = None,
    budget: float | None = None,
    order: int = 1,
    seed: int = 0,
    samples: int | None = None,
    seconds: float | None = None,
    witnesses: Sequence[str] | None = None,
    every: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Judge derivatives by independent witnesses: right, wrong (where, by how much, whose fault), or unknown.

    Parameters
    ----------
    subject
        A tensor, computed from data or from `symbols`; or a function of arrays.
    args
        For a function, its arguments; for a tensor, the same as ``wrt``.
    wrt
        Names or tensors; for a function names or positions. By default every variable that requires a
        gradient, or every named one; for a function every argument of real numbers.
    against
        A gradient derived by hand, to be judged: text in NumPy's notation, a Python function of named
        tensors, a SymPy expression or an array; for several variables a mapping of names to these. It may
        use the graph's names, dims as numbers, and dT for the gradient by a tensor T.
    given
        Arrays by variable name, in place of the graph's own data or of samples; with ``against`` also the
        pieces of the derivation, ``{"dS": "A * (dA - ...)"}``, each of which is judged.
    backward
        For a function: its VJP written by hand, ``backward(cotangent, *args, *residuals)``, which returns one
        gradient per variable. It runs in the precision of the arguments and is judged in float64.
    cotangent
        The gradient by the function's output; by default a random one.
    residuals
        What the forward pass saves for ``backward``: arrays, or a function of the arguments; by default what
        the function returns after its first result.
    budget
        The largest error of ``backward``, relative to the largest element; by default 1e-10 in float64,
        1e-4 in float32 and 3e-2 in float16.
    order
        1 for gradients, 2 for Hessians.
    seed, samples
        Of random samples, directions and cotangents, and how many of them.
    seconds
        A time budget; what it leaves out is noted.
    witnesses
        Names of the witnesses to hear; by default all.
    every
        Compare differences in every element, not along random directions.
    progress
        Called with what is being done, and with how much of how much is done.

    Returns
    -------
    Report
        Its ``verdict`` is "pass", "fail" or "inconclusive"; a failure names the primitive at fault, or the
        slip in the derivation given. What does not apply says so in its notes.

    Raises
    ------
    ArgumentError
        When a name is unknown, or a derivation cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> X, w, y = mg.symbols("X: m n", "w: n", "y: m")
    >>> loss = mg.mean((X @ w - y) ** 2)
    >>> mg.check(loss, wrt="w", against="2 * X.T @ (X @ w - y)").findings[0].slip
    'you are off by a factor m: 1/m is missing'
    """
    options = Options(seed, samples, seconds, witnesses, every, progress)
    values = {k: v for k, v in (given or {}).items() if not _is_piece(v)}
    pieces = {k: v for k, v in (given or {}).items() if _is_piece(v)}
    if isinstance(subject, Tensor):
        if backward is not None:
            raise ArgumentError(
                "check: backward belongs to a function; call check(forward, args, backward=...), or judge "
                "a tensor's gradient with against=..."
            )
        loss, chosen = subject, args if wrt is None else wrt
    elif callable(subject):
        function = _Function(subject, args)
        if backward is not None:
            return _backward(function, wrt, backward, cotangent, residuals, budget, options)
        loss, chosen = function.traced(function.chosen(wrt))
    else:
        raise ArgumentError(f"check: judges a tensor or a function, not {type(subject).__name__}")
    judged, derivation = _subject(loss, chosen, values, order)
    if against is None:
        return examine(judged, options)
    return judge(
        judged, claims_for(judged.names, against), pieces, _Right(loss, derivation), options
    )


def _is_piece(value: Any) -> bool:
    known = isinstance(value, str) or (callable(value) and not isinstance(value, Tensor))
    return known or type(value).__module__.partition(".")[0] == "sympy"


class _Right:
    """The right formula of a gradient by a name, as text."""

    def __init__(self, loss: Tensor, derivation: Derivation | None) -> None:
        self.loss, self.derivation = loss, derivation

    def __call__(self, name: str) -> str:
        if self.derivation is None:
            return ""
        try:
            formulas = self.derivation if name in self.derivation else derive(self.loss, name)
            return str(formulas[name].line.text())
        except MinigradError:
            return ""


# -- tensors -----------------------------------------------------------------------------------------


def _subject(
    output: Tensor, wrt: Any, given: Mapping[str, Any], order: int
) -> tuple[Subject, Derivation | None]:
    """With formulas where the whole graph has a meaning, else for the numeric witnesses alone."""
    try:
        derivation = derive(output, wrt, order)
    except (DerivationError, ShapeError) as error:
        if order != 1:
            raise
        return _without_formula(output, wrt, given, str(error)), None
    return subject_of(derivation, given), derivation


def _without_formula(output: Tensor, wrt: Any, given: Mapping[str, Any], why: str) -> Subject:
    node = output._node
    if node is None:
        raise ArgumentError(
            "check: the output was computed from nothing that is tracked; let its inputs require a "
            "gradient: mg.tensor(data, requires_grad=True)"
        )
    order = graph_order([node])
    names = names_in_graph(order)
    variables = _chosen(order, names, wrt)
    called = [names.get(n) or f"x{k}" for k, n in enumerate(variables, start=1)]
    return Subject(node, variables, called, [None] * len(variables), None, given, why=why)


def _chosen(order: Sequence[Node], names: Mapping[Node, str], wrt: Any) -> list[Node]:
    leaves = [n for n in order if n.op is None]
    if wrt is None:
        return [n for n in leaves if n.requires_grad] or [n for n in leaves if n.name is not None]
    wanted = [wrt] if isinstance(wrt, str | Tensor) else list(wrt)
    by_name = {name: node for node, name in names.items()}
    found = []
    for item in wanted:
        node = item._node if isinstance(item, Tensor) else by_name.get(item)
        if node is None or node not in order:
            called = item.name if isinstance(item, Tensor) else repr(item)
            raise ArgumentError(
                f"check: the output does not depend on {called}; known are {', '.join(by_name)}"
            )
        found.append(node)
    return found


# -- functions ---------------------------------------------------------------------------------------


class _Function:
    """A function with its arguments and what they are called."""

    def __init__(self, function: Callable[..., Any], args: Any) -> None:
        self.function = function
        names = _parameters(function)
        if args is None:
            raise ArgumentError(
                "check: a function is judged on arguments; pass check(f, (x, y), ...)"
            )
        if isinstance(args, Mapping):
            self.names = list(args)
            args = list(args.values())
        else:
            args = list(args) if isinstance(args, tuple | list) else [args]
            self.names = [*names[: len(args)], *(f"x{k + 1}" for k in range(len(names), len(args)))]
        self.args = [a.numpy() if isinstance(a, Tensor) else a for a in args]

    def chosen(self, wrt: Any) -> list[int]:
        """The positions of the variables."""
        if wrt is None:
            return [k for k, a in enumerate(self.args) if np.asarray(a).dtype.kind == "f"]
        found = []
        for item in [wrt] if isinstance(wrt, str | int) else list(wrt):
            if isinstance(item, int) and -len(self.args) <= item < len(self.args):
                found.append(item % len(self.args))
            elif item in self.names:
                found.append(self.names.index(item))
            else:
                raise ArgumentError(
                    f"check: the function has no argument {item!r}; it has {', '.join(self.names)}"
                )
        return found

    def traced(self, wrt: Sequence[int], double: bool = False) -> tuple[Tensor, list[str]]:
        """The function's output as a graph, and the variables' names."""
        tensors = []
        for k, (name, value) in enumerate(zip(self.names, self.args, strict=True)):
            array = np.asarray(value)
            if k in wrt:
                dtype = np.float64 if double or array.dtype.kind != "f" else None
                tensors.append(tensor(array, name=name, requires_grad=True, dtype=dtype))
            elif isinstance(value, np.ndarray):
                tensors.append(
                    tensor(
                        array.astype(float) if double and array.dtype.kind == "f" else array,
                        name=name,
                    )
                )
            else:
                tensors.append(value)
        output = self.function(*tensors)
        output = output[0] if isinstance(output, tuple) else output
        if not isinstance(output, Tensor) or output._node is None:
            raise ArgumentError(
                f"check: the function returned {type(output).__name__}, which carries no graph; compute "
                "with minigrad's operations, or pass backward=... to judge one by values alone"
            )
        return output, [self.names[k] for k in wrt]


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional]


def _backward(
    function: _Function,
    wrt: Any,
    backward: Callable[..., Any],
    cotangent: Any,
    residuals: Residuals,
    budget: float | None,
    options: Options,
) -> Report:
    chosen = function.chosen(wrt)
    hand = Handwritten(
        function.function,
        function.args,
        function.names,
        chosen,
        backward,
        cotangent,
        residuals,
        budget,
    )
    try:
        output, names = function.traced(chosen, double=True)
        hand.reference, _ = _subject(output, names, {}, 1)
    except Exception as error:
        # a function of plain arrays need not run on tensors: differences judge it then
        hand.notes.append(
            f"the forward was not traced as a graph ({type(error).__name__}: {error})"
        )
    return judge_backward(hand, options)
