"""`compile`: a loss and its gradients as one step that runs as fast as its target can."""

from __future__ import annotations

import contextvars
import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.api.derivation import Derivation, derive
from minigrad.api.symbols import symbols
from minigrad.api.targets import Variable
from minigrad.compiled import Bound, numpy_step
from minigrad.errors import ArgumentError, DtypeError
from minigrad.graph import Tensor
from minigrad.program import program
from minigrad.program.binding import bound, check_sizes
from minigrad.program.lowering import typical_size
from minigrad.source.constants import is_written_out

TARGETS = ("numpy",)

Gradients = dict[str, Any]


class Step:
    """A compiled step: arrays in by name, ``(value, {name: gradient})`` out.

    ``source`` is the text that runs: for arrays of the sizes of the last call, and before any call of the
    sizes that are known, dims without a number being of a usual size. It is written anew for
    arrays of other sizes.

    What a call returns is never written to again. Threads may call one step at the same time: each has
    buffers of its own.
    """

    def __init__(self, made: _Made, dtype: np.dtype[Any] | None) -> None:
        self._made, self._dtype = made, dtype
        self._local = threading.local()
        self._last: _Written | None = None

    @property
    def source(self) -> str:
        """The text of the function that runs."""
        return (self._last or self._made.usual()).source

    def __call__(self, **arrays: Any) -> tuple[Any, Gradients]:
        """The value and the gradients at these arrays.

        Raises
        ------
        ArgumentError
            When an array is missing, or no variable has its name.
        ShapeError
            When a shape is not that of the variable, or one dim has two sizes.
        """
        try:
            given = [(a.shape, a.dtype) for a in arrays.values()]
            names, run = self._local.runs[*arrays, *given]
        except (AttributeError, KeyError):
            arrays = {name: _as_array(a) for name, a in arrays.items()}
            names, run = self._prepared(arrays)
        return run(*[arrays[name] for name in names])

    def _prepared(self, arrays: Mapping[str, Any]) -> tuple[Sequence[str], Any]:
        """What runs for arrays of these shapes and types, in this thread."""
        runs = self._local.__dict__.setdefault("runs", {})
        key = (*arrays, *((a.shape, a.dtype) for a in arrays.values()))
        if key not in runs:
            written = self._made.written(arrays)
            self._last = written
            run = written.prepared(arrays, self._dtype)
            # NumPy's warnings are off in a context of its own, which costs less than turning them off
            quiet = contextvars.copy_context()
            quiet.run(np.seterr, all="ignore")
            runs[key] = written.arguments, partial(quiet.run, run)
        return runs[key]

    def __repr__(self) -> str:
        return f"<Step of {', '.join(self._made.names())}>"


def _as_array(value: Any) -> Any:
    return value.numpy() if isinstance(value, Tensor) else np.asarray(value)


class _Written:
    """One text, and what runs of it."""

    def __init__(
        self, source: str, arguments: Sequence[str], held: Mapping[str, Any], kinds: Mapping[str, str]
    ) -> None:
        self.source, self.held, self.kinds = source, held, kinds
        self._all = tuple(arguments)
        self.arguments = [name for name in arguments if name not in held]
        scope: dict[str, Any] = {}
        exec(compile(source, "<minigrad step>", "exec"), scope)
        self._prepare: Callable[[Any], Callable[..., Any]] = scope["prepare"]

    def prepared(self, arrays: Mapping[str, Any], dtype: np.dtype[Any] | None) -> Callable[..., Any]:
        """The step with buffers of its own, for arrays of these types."""
        floats = [arrays[n].dtype for n in arrays if arrays[n].dtype.kind == "f"]
        dtype = dtype or (np.result_type(*floats) if floats else np.dtype(float))
        types = {"float": dtype, "bool": np.dtype(bool), "index": np.dtype(np.intp)}
        wanted = [types[self.kinds.get(name, "float")] for name in self._all]
        run = self._prepare(dtype)
        held = [
            self.held[name].astype(wanted[k]) if name in self.held else None
            for k, name in enumerate(self._all)
        ]
        given = [wanted[k] for k, name in enumerate(self._all) if name not in self.held]
        same = all(arrays[n].dtype == t for n, t in zip(self.arguments, given, strict=True))
        if same and not self.held:
            return run
        places = [k for k, each in enumerate(held) if each is None]

        def converted(*values: Any) -> Any:
            whole = list(held)
            for k, value, kind in zip(places, values, given, strict=True):
                whole[k] = value.astype(kind, copy=False)
            return run(*whole)

        return converted


class _Made:
    """What is compiled: a derivation, written for the sizes of arrays."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.lowered = lowered = derivation.reading.lowered
        leaves = {n: x for n, (x, _) in lowered.leaves.items() if x in lowered.views}
        self.constants = {
            name: lowered.leaf_array(name, node.value)
            for name, (node, _) in lowered.leaves.items()
            if node.name is None and not node.requires_grad and node.value is not None
        }
        self.variables = {name: lowered.views[node].sizes for name, node in leaves.items()}
        self.required = [name for name in self.variables if name not in self.constants]
        self.exprs = (derivation.reading.output, *(f.expr for f in derivation.values()))
        self._texts: dict[tuple[tuple[str, int], ...], _Written] = {}

    def names(self) -> list[str]:
        return list(map(str, self.derivation))

    def written(self, arrays: Mapping[str, Any]) -> _Written:
        """The text for the sizes of these arrays."""
        self.check_names(arrays)
        _, sizes = bound(self.lowered, arrays)
        check_sizes(self.exprs, sizes)
        return self._text(sizes)

    def check_names(self, arrays: Mapping[str, Any]) -> None:
        """Refuse arrays that are missing, or that nothing is called like."""
        missing = [name for name in self.required if name not in arrays]
        if missing:
            raise ArgumentError(
                f"step: no array is given for {', '.join(missing)}; it takes "
                f"{', '.join(f'{name}=' for name in self.required)} by name"
            )
        dims = {d for sizes in self.variables.values() for s in sizes for d in _dims(s)}
        for name in arrays.keys() - set(self.required) - dims:
            lower = {known.lower(): known for known in self.required}
            near = get_close_matches(name.lower(), lower, n=1)
            hint = f"did you mean {lower[near[0]]}? " if near else ""
            raise ArgumentError(
                f"step: nothing is called {name!r}; {hint}it takes {', '.join(self.required)}"
            )

    def usual(self) -> _Written:
        """The text before any call: for the sizes that are known, and usual ones for others."""
        sizes = dict(self.lowered.sizes or {})
        for shape in self.variables.values():
            for d in (d for size in shape for d in _dims(size)):
                sizes.setdefault(d, typical_size(d))
        return self._text(sizes)

    def _text(self, sizes: Mapping[str, int]) -> _Written:
        key = tuple(sorted(sizes.items()))
        if key not in self._texts:
            made = program(self.exprs, dict(sizes))
            value, *gradients = made.results
            reading = self.derivation.reading
            shape = self.lowered.views[reading.node].sizes
            small = {n: a for n, a in self.constants.items() if is_written_out(a)}
            text = numpy_step(
                Bound("value", value, shape),
                [
                    Bound(str(name), gradient, f.sizes)
                    for (name, f), gradient in zip(self.derivation.items(), gradients, strict=True)
                ],
                self.variables,
                sizes,
                small,
                made.names,
            )
            held = {n: a for n, a in self.constants.items() if n not in small}
            self._texts[key] = _Written(text.source, text.arguments, held, text.kinds)
        return self._texts[key]


def _dims(size: Any) -> set[str]:
    return set() if isinstance(size, int) else size.names()


class _Traced:
    """A function, traced on symbols of the shapes of each call's arrays."""

    def __init__(self, function: Callable[..., Any], wrt: Any) -> None:
        self.function, self.wrt = function, wrt
        self.parameters = list(inspect.signature(function).parameters)
        self._made: dict[Any, _Made] = {}

    def names(self) -> list[str]:
        return self.parameters

    def usual(self) -> _Written:
        raise ArgumentError(
            "step: the source of a compiled function is known when it has been called: its shapes are "
            "those of the arrays"
        )

    def written(self, arrays: Mapping[str, Any]) -> _Written:
        missing = [name for name in self.parameters if name not in arrays]
        if missing:
            raise ArgumentError(
                f"step: no array is given for {', '.join(missing)}; the function takes "
                f"{', '.join(f'{name}=' for name in self.parameters)}"
            )
        key = tuple((n, arrays[n].shape, arrays[n].dtype.kind) for n in self.parameters)
        if key not in self._made:
            inputs = {name: _symbol(name, arrays[name]) for name in self.parameters}
            output = self.function(**inputs)
            wrt = self.wrt
            if wrt is None:
                wrt = [n for n in self.parameters if arrays[n].dtype.kind == "f"]
            self._made[key] = _Made(derived(output, wrt))
        return self._made[key].written(arrays)


def _symbol(name: str, array: Any) -> Tensor:
    kinds = {"f": "", "b": " | bool", "i": " | index", "u": " | index"}
    if array.dtype.kind not in kinds:
        raise DtypeError(f"step: {name} has elements of type {array.dtype}; pass real numbers")
    shape = " ".join(map(str, array.shape))
    made = symbols(f"{name}: {shape}{kinds[array.dtype.kind]}")
    assert isinstance(made, Tensor)
    return made


def derived(output: Any, wrt: Any) -> Derivation:
    """The gradients of one number.

    Raises
    ------
    ArgumentError
        When the output has axes: then there is a Jacobian, and no gradient.
    """
    if isinstance(output, Tensor) and output.shape:
        raise ArgumentError(
            f"compile: the output has shape {tuple(output.shape)}, and a step gives the gradients of one number; "
            "take its mean or sum"
        )
    return derive(output, wrt)


def compile_(
    output: Tensor | Callable[..., Any],
    wrt: Variable | Sequence[Variable] | None = None,
    *,
    target: str = "numpy",
    dtype: DTypeLike | None = None,
) -> Step:
    """A loss L and its gradients as one step: (x, …) ↦ (L, {"x": ∂L/∂x, …}).

    Parameters
    ----------
    output
        A scalar, computed from data or from `symbols`; or a function of tensors that returns one, which is
        traced for the shapes of each call's arrays.
    wrt
        Names or tensors, as for `derive`; of a function by default all its arguments of floats.
    target
        "numpy".
    dtype
        In which floats the step computes; by default those of the arrays.

    Returns
    -------
    Step
        Takes the arrays of all variables by name. Arrays of the graph that have no name and need no gradient
        are part of it.

    Raises
    ------
    ArgumentError
        When the target is not known, or the output has axes.
    DerivationError
        When an operation on the way has no meaning in index notation.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> X, w, y = mg.symbols("X: m n", "w: n", "y: m")
    >>> step = mg.compile(mg.sum((X @ w - y) ** 2), wrt="w")
    >>> value, gradients = step(X=np.eye(2), w=np.ones(2), y=np.zeros(2))
    >>> float(value), gradients["w"].tolist()
    (2.0, [2.0, 2.0])
    """
    if target not in TARGETS:
        near = get_close_matches(str(target), TARGETS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ArgumentError(
            f"compile: {target!r} is no target, known are {', '.join(map(repr, TARGETS))}{hint}"
        )
    kind = None if dtype is None else np.dtype(dtype)
    if kind is not None and kind.kind != "f":
        raise DtypeError(f"compile: dtype={kind} does not compute with fractions; give a type of floats")
    if isinstance(output, Tensor) or not callable(output):
        return Step(_Made(derived(output, wrt)), kind)
    return Step(_Traced(output, wrt), kind)  # type: ignore[arg-type]
