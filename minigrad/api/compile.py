"""`compile`: a loss and its gradients as one step that runs as fast as its target can."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.api.arguments import type_name
from minigrad.api.cotangent import Cotangents
from minigrad.api.derivation import Derivation, derive
from minigrad.api.printed import Printed, taken_for_tensor
from minigrad.api.running import LibraryText, NumPyText, Written
from minigrad.api.step import Step
from minigrad.api.symbols import symbols
from minigrad.api.targets import Variable
from minigrad.compiled import Bound, numpy_step
from minigrad.errors import ArgumentError, DerivationError, DtypeError
from minigrad.graph import Tensor
from minigrad.index.expr import Expr, referred
from minigrad.index.size import AnySize
from minigrad.index.undefined import lacks_definition
from minigrad.program import in_order, program
from minigrad.program.binding import bound, check_sizes, sizes_asked
from minigrad.program.lowering import typical_size
from minigrad.source.constants import is_written_out
from minigrad.source.layout import Result
from minigrad.source.step import step_source
from minigrad.source.write import LANGUAGES as TARGETS
from minigrad.symbolic.definitions import undefined_in


class _Made:
    """What is compiled: a derivation, written for the sizes of arrays."""

    def __init__(self, derivation: Derivation, target: str) -> None:
        self.derivation, self.target = derivation, target
        self.lowered = lowered = derivation.reading.lowered
        leaves = {n: x for n, (x, _) in lowered.leaves.items() if x in lowered.views}
        self.constants = {
            name: lowered.leaf_array(name, node.value)
            for name, (node, _) in lowered.leaves.items()
            if node.name is None and not node.requires_grad and node.value is not None
        }
        self.variables = {name: lowered.views[node].sizes for name, node in leaves.items()}
        self.required = [name for name in self.variables if name not in self.constants]
        value, self.shape = _value(derivation)
        self.exprs = (value, *(f.expr for f in derivation.values()))
        for name in undefined_in(*self.exprs):
            raise DerivationError(f"compile: {lacks_definition(name)}")
        carried = {d for sizes in self.variables.values() for s in sizes for d in _dims(s)}
        self.dims = frozenset((carried | sizes_asked(self.exprs)) - self.variables.keys())
        self._texts: dict[tuple[tuple[str, int], ...], Written] = {}

    def takes(self) -> list[str]:
        return self.required

    def in_order(self) -> list[str]:
        return []

    def names(self) -> list[str]:
        return list(map(str, self.derivation))

    def written(self, arrays: Mapping[str, Any]) -> Written:
        """The text for the sizes of these arrays."""
        self.check_names(arrays)
        # only their shapes count, and they may be of another library
        empty = {n: np.broadcast_to(np.zeros((), int), np.shape(a)) for n, a in arrays.items()}
        dims = {n: a for n, a in arrays.items() if n not in self.variables}
        _, sizes = bound(self.lowered, {**empty, **dims})
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
        for name in arrays.keys() - set(self.required) - self.dims:
            lower = {known.lower(): known for known in self.required}
            near = get_close_matches(name.lower(), lower, n=1)
            hint = f"did you mean {lower[near[0]]}? " if near else ""
            raise ArgumentError(
                f"step: nothing is called {name!r}; {hint}it takes {', '.join(self.required)}"
            )

    def usual(self) -> Written:
        """The text before any call: for the sizes that are known, and usual ones for others."""
        sizes = dict(self.lowered.sizes or {})
        for d in sorted(self.dims):
            sizes.setdefault(d, typical_size(d))
        return self._text(sizes)

    def _text(self, sizes: Mapping[str, int]) -> Written:
        key = tuple(sorted(sizes.items()))
        if key not in self._texts:
            numpy = self.target == "numpy"
            self._texts[key] = self._numpy_text(sizes) if numpy else self._library_text(sizes)
        return self._texts[key]

    def _numpy_text(self, sizes: Mapping[str, int]) -> NumPyText:
        value, *gradients = program(self.exprs, dict(sizes)).results
        small = {n: a for n, a in self.constants.items() if is_written_out(a)}
        formulas = zip(self.derivation.items(), gradients, strict=True)
        bounds = [Bound(str(name), gradient, f.sizes) for (name, f), gradient in formulas]
        text = numpy_step(Bound("value", value, self.shape), bounds, self.variables, sizes, small)
        held = {n: a for n, a in self.constants.items() if n in text.arguments}
        return NumPyText(text.source, text.arguments, held, text.kinds)

    def _library_text(self, sizes: Mapping[str, int]) -> LibraryText:
        made = program(self.exprs, dict(self.lowered.sizes or {}))
        value, *gradients = made.results
        formulas = zip(self.derivation.items(), gradients, strict=True)
        results = [Result(name, f.name, gradient, f.sizes) for (name, f), gradient in formulas]
        results.insert(0, Result(None, "value", value, self.shape))
        summary = f"The value, and the gradients by {', '.join(self.names())}."
        text = step_source(made, results, self.target, self.variables, self.constants, summary)
        kinds = {v.params[0]: v.kind for v in in_order(made.results) if v.op == "variable"}
        held = {n: a for n, a in self.constants.items() if n in kinds}
        return LibraryText(text, self.target, kinds, held, sizes)


def _value(derivation: Derivation) -> tuple[Expr, tuple[AnySize, ...]]:
    """What a step returns beside gradients, and its shape: the output, also where its pullback is derived."""
    reading = derivation.reading
    lowered = reading.lowered
    if not lowered.cotangents:
        return reading.output, lowered.views[reading.node].sizes
    ((output, name),) = lowered.cotangents.values()
    named = [ref for ref in referred(reading.output) if ref.name == name]
    return named[0] if named else lowered.expr(output), lowered.views[output].sizes


def _dims(size: Any) -> set[str]:
    return set() if isinstance(size, int) else size.names()


class _Traced:
    """A function, traced on symbols of the shapes of each call's arrays."""

    def __init__(self, function: Callable[..., Any], wrt: Any, cotangent: Any, target: str) -> None:
        self.function, self.wrt, self.cotangent, self.target = function, wrt, cotangent, target
        self.parameters, self.optional = _parameters(function)
        self.dims: frozenset[str] = frozenset()  # its shapes are numbers
        self._made: dict[Any, _Made] = {}

    def names(self) -> list[str]:
        return self.parameters

    def takes(self) -> list[str]:
        return self.parameters

    def in_order(self) -> list[str]:
        return [*self.parameters, *self.optional]

    def usual(self) -> Written:
        raise ArgumentError(
            "step: the source of a compiled function is known when it has been called: its shapes are "
            "those of the arrays"
        )

    def written(self, arrays: Mapping[str, Any]) -> Written:
        missing = [name for name in self.parameters if name not in arrays]
        if missing:
            raise ArgumentError(
                f"step: no array is given for {', '.join(missing)}; the function takes "
                f"{', '.join(f'{name}=' for name in self.parameters)}"
            )
        given = {name: arrays[name] for name in self.in_order() if name in arrays}
        key = tuple((n, tuple(a.shape), str(a.dtype)) for n, a in given.items())
        if key not in self._made:
            output = self.function(**{name: _symbol(name, a) for name, a in given.items()})
            self._made[key] = _Made(derived(output, self.wrt, self.cotangent), self.target)
        made = self._made[key]
        # what the function makes no use of, the step does not ask for
        return made.written({n: a for n, a in arrays.items() if n in made.required or n not in given})


def _parameters(function: Callable[..., Any]) -> tuple[list[str], list[str]]:
    """The arguments that must be arrays, and those that may be: what has a default keeps it."""
    needed: list[str] = []
    optional: list[str] = []
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ArgumentError(
            f"compile: {function!r} does not say what its parameters are; write a function of named tensors"
        ) from None
    for parameter in found:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ArgumentError(
                f"compile: the function takes {parameter}, and arrays are known by name; write a function "
                "that names each of its arguments"
            )
        (needed if parameter.default is parameter.empty else optional).append(parameter.name)
    return needed, optional


def _symbol(name: str, array: Any) -> Tensor:
    kind = type_name(array)
    assumed = "" if "float" in kind else " | bool" if "bool" in kind else " | index"
    made = symbols(f"{name}: {' '.join(map(str, array.shape))}{assumed}")
    assert isinstance(made, Tensor)
    return made


def derived(output: Any, wrt: Any, cotangent: Any) -> Derivation:
    """The gradients of one number, or those that a gradient by the output passes on.

    Raises
    ------
    ArgumentError
        When the output has axes and no cotangent is given: then there is a Jacobian, and no gradient.
    """
    if cotangent is None and isinstance(output, Tensor) and output.shape:
        shape = ", ".join(map(str, output.shape))
        raise ArgumentError(
            f"compile: the output has shape ({shape}), and a step gives the gradients of one number; take its "
            'mean or sum, or say what the gradient that arrives at it is called: cotangent="dO"'
        )
    return derive(output, wrt, cotangent=cotangent)


def _float_type(dtype: Any) -> np.dtype[Any]:
    """The type of floats that ``dtype=`` says: NumPy's, or its name in any of the libraries."""
    try:
        kind = np.dtype(str(dtype).removeprefix("torch.") if "torch" in str(dtype) else dtype)
    except TypeError:
        near = get_close_matches(str(dtype), ("float16", "float32", "float64"), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DtypeError(f"compile: dtype={dtype!r} is no type that NumPy knows{hint}") from None
    if kind.kind != "f":
        raise DtypeError(f"compile: dtype={kind} does not compute with fractions; give a type of floats")
    return kind


def compile(
    output: Tensor | Callable[..., Any],
    wrt: Variable | Sequence[Variable] | None = None,
    *,
    cotangent: Cotangents | None = None,
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
        Names or tensors, as for `derive`: by default every variable that requires a gradient, as the parameters
        of a model that a function calls, or, where none does, every one of floats.
    cotangent
        What the gradient by a tensor output is called, as for `derive`; the step takes it among its arrays,
        and returns the output with what it passes on.
    target
        "numpy", "jax" or "torch". Steps of the last two take and return arrays of these libraries, and take
        NumPy's too; JAX compiles the text, PyTorch runs it without recording.
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
    kind = None if dtype is None else _float_type(dtype)
    floats = None if kind is None else kind.name
    if isinstance(output, Printed):
        raise ArgumentError(f"compile: {taken_for_tensor(output)}")
    if callable(output) and not isinstance(output, Tensor):
        return Step(_Traced(output, wrt, cotangent, target), floats)
    return Step(_Made(derived(output, wrt, cotangent), target), floats)
