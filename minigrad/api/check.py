"""The check of a derivative: of a graph, of a derivation by hand, or of a hand-written backward function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from minigrad.api.derivation import Derivation
from minigrad.api.judged import judged, right_derivative, right_second
from minigrad.api.printed import Printed, taken_for_tensor
from minigrad.checking import Options, Report, examine
from minigrad.checking.backward import judge_backward
from minigrad.checking.differential import judge_differential
from minigrad.checking.formula_slips import Right
from minigrad.checking.handwritten import Handwritten, Residuals
from minigrad.checking.judge import claims_for, judge
from minigrad.checking.status import heard
from minigrad.checking.suppress import suppress_warnings
from minigrad.checking.traced import Traced
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor
from minigrad.names import differential_name, name_in_words
from minigrad.symbolic.lower import graph_order
from minigrad.symbolic.names import names_in_graph


def check(
    subject: Tensor | Callable[..., Any],
    args: Any = None,
    *,
    wrt: Any = None,
    against: Any = None,
    given: Mapping[str, Any] | None = None,
    differential: Any = None,
    backward: Callable[..., Any] | None = None,
    cotangent: Any = None,
    residuals: Residuals = None,
    budget: float | None = None,
    order: int = 1,
    seed: int = 0,
    seeds: int | None = None,
    seconds: float | None = None,
    witnesses: Sequence[str] | None = None,
    languages: Sequence[str] = ("numpy",),
    every: bool = False,
    progress: Callable[[str, int, int], None] | bool | None = None,
    raise_on_failure: bool = False,
) -> Report:
    """Judge derivatives by independent witnesses: right, wrong (where, by how much, whose fault), or unknown.

    Parameters
    ----------
    subject
        A tensor, computed from data or from `symbols`; or a function of arrays. Of a function that returns
        several tensors each is judged.
    args
        For a function, its arguments; for a tensor, the same as ``wrt``.
    wrt
        Names or tensors; for a function names or positions. By default every variable that requires a
        gradient, or every named one; for a function every argument of real numbers.
    against
        A derivative by hand, to be judged: text in NumPy's notation or as it is printed, a Python function of named tensors, a
        SymPy expression or an array; for several variables a mapping of names to these. It may use the
        graph's names, dims as numbers, and dT for the gradient by a tensor T. At order 2 it is a Hessian
        with the axes of its two variables, for several a mapping of pairs of names.
    given
        Arrays by variable name, in place of the graph's own data or of samples; with ``against`` also the
        pieces of the derivation, ``{"dS": "A * (dA - ...)"}``, each of which is judged.
    differential
        The total differential derived by hand, to be judged: what ``against`` may be, with dT for a small
        change of T, "-inv(A) @ dA @ inv(A)" for the inverse of A.
    backward
        For a function: its VJP written by hand, ``backward(cotangent, *args, *residuals)``, which returns one
        gradient per variable. It runs in the precision of the arguments and is judged in float64.
    cotangent
        The gradient by the output; by default a random one, and 1 for a scalar. A name, "dO", makes it a
        variable of which the derivation speaks: what is judged is then the pullback.
    residuals
        What the forward pass saves for ``backward``: arrays, or a function of the arguments; by default what
        the function returns after its first result.
    budget
        The largest error of ``backward``, relative to the largest element; by default 1e-10 in float64,
        1e-4 in float32, 3e-2 in float16 and 6e-2 in bfloat16.
    order
        1 for gradients, 2 for Hessians.
    seed, seeds
        The first seed of random samples, directions and cotangents, and how many seeds are tried.
    seconds
        A time budget; what it leaves out is noted.
    witnesses
        Names of the witnesses to hear; by default all, of those that run source the ones in ``languages``.
    languages
        In which languages source is written and run: "numpy", "jax", "torch". The last two need the packages
        that ``pip install "minigrad[jax]"`` and ``"minigrad[torch]"`` bring.
    every
        Compare differences in every element, not along random directions.
    progress
        Called with what is being done, and with how much of how much is done. By default that is shown in a
        line on stderr, after a second and where that is a terminal; False shows nothing.
    raise_on_failure
        Raise where witnesses disagree, for use inside tests; an inconclusive report is returned.

    Returns
    -------
    Report
        Its ``verdict`` is "pass", "fail" or "inconclusive"; a failure names the primitive at fault, or the
        slip in the derivation given. What does not apply says so in its notes.

    Raises
    ------
    ArgumentError
        When a name is unknown, or a derivation cannot be read.
    MissingPackageError
        When the package of a language in ``languages`` is not installed.
    DtypeError, ShapeError
        When numbers in ``given`` or a cotangent do not fit.
    GradientError
        With the report as its message, when witnesses disagree and ``raise_on_failure`` is set.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> X, w, y = mg.symbols("X: m n", "w: n", "y: m")
    >>> loss = mg.mean((X @ w - y) ** 2)
    >>> mg.check(loss, wrt="w", against="2 * X.T @ (X @ w - y)").findings[0].slip
    'you are off by a factor m: 1/m is missing'
    """
    named = cotangent if isinstance(cotangent, str) else None
    cotangent = None if named else cotangent
    hand = _Hand(against, dict(given or {}), backward, residuals, budget, named, differential)
    hand.require_sense(subject, order)
    with suppress_warnings(), heard(progress) as say:
        options = Options(seed, seeds, seconds, witnesses, every, say, cotangent=cotangent, languages=languages)
        if isinstance(subject, Tensor):
            report = _of_tensor(subject, args if wrt is None else wrt, hand, order, options)
        else:
            report = _of_function(Traced(subject, args), wrt, hand, order, options)
    return report.raise_on_failure() if raise_on_failure else report


@dataclass(frozen=True)
class _Hand:
    """What the caller brings: a gradient or a backward function, pieces of it, and numbers."""

    against: Any
    given: dict[str, Any]
    backward: Callable[..., Any] | None
    residuals: Residuals
    budget: float | None
    cotangent: str | None = None
    differential: Any = None

    def require_sense(self, subject: Any, order: int) -> None:
        """Raise where arguments do not go together."""
        if isinstance(subject, Printed):
            raise ArgumentError(f"check: {taken_for_tensor(subject)}; what was derived is checked by d.check()")
        if not isinstance(subject, Tensor) and not callable(subject):
            hint = "; read text with mg.parse first" if isinstance(subject, str) else ""
            raise ArgumentError(
                f"check: judges a tensor or a function, not {type(subject).__name__}{hint}"
            )
        if self.backward is None:
            for name in ("residuals", "budget"):
                if getattr(self, name) is not None:
                    raise ArgumentError(f"check: {name}= belongs to backward=, which is not given")
        elif not callable(self.backward):
            raise ArgumentError(
                f"check: backward is a function, not {type(self.backward).__name__}; judge an array or "
                "text with against=..."
            )
        elif isinstance(subject, Tensor):
            raise ArgumentError(
                "check: backward belongs to a function; call check(forward, args, backward=...), or judge "
                "a tensor's gradient with against=..."
            )
        claims = {
            "against": self.against,
            "backward": self.backward,
            "differential": self.differential,
        }
        made = [f"{name}=" for name, claim in claims.items() if claim is not None]
        if len(made) > 1:
            raise ArgumentError(
                f"check: {' and '.join(made)} are several claims; judge one at a time"
            )
        if self.differential is not None and (order != 1 or self.cotangent is not None):
            other = f"order={order}" if order != 1 else f"cotangent={self.cotangent!r}"
            raise ArgumentError(
                f"check: differential= is a first derivative in terms of small changes; leave {other} out"
            )
        if self.budget is not None and not 0 < self.budget < np.inf:
            raise ArgumentError(f"check: budget is a relative error above 0; got {self.budget}")

    def pieces(self, names: Sequence[str]) -> dict[str, Any]:
        """Parts of a derivation: whatever is no array for a variable."""
        return {
            name: value
            for name, value in self.given.items()
            if _is_formula(value) or (self.against is not None and name not in names)
        }


def _is_formula(value: Any) -> bool:
    known = isinstance(value, str) or (callable(value) and not isinstance(value, Tensor))
    return known or type(value).__module__.partition(".")[0] == "sympy"


# -- tensors -----------------------------------------------------------------------------------------


def _of_tensor(output: Tensor, wrt: Any, hand: _Hand, order: int, options: Options) -> Report:
    pieces = hand.pieces(_variables(output))
    values = {name: value for name, value in hand.given.items() if name not in pieces}
    if pieces and hand.against is None:
        raise ArgumentError(
            f"check: given holds a formula for {', '.join(map(name_in_words, pieces))}, a piece of a derivation; pass the "
            "derivation as against=..., or an array"
        )
    with options.deriving():
        subject, derivation = judged(output, wrt, values, order, hand.cotangent)
    if hand.differential is not None:
        return judge_differential(subject, hand.differential, options)
    if hand.against is None:
        return examine(subject, options)
    claims = claims_for(subject.names, hand.against)
    right = _Right(output, derivation, hand.cotangent)
    if order != 1:
        right.known.update(right_second(derivation, subject.names))
    return judge(subject, claims, pieces, right, options)


def _variables(output: Tensor) -> list[str]:
    if output._node is None:
        return []
    order = graph_order([output._node])
    names = names_in_graph(order)
    return [names[node] for node in order if node.op is None]


class _Right:
    """The right derivation of a gradient by a name, its text without what the caller wrote himself."""

    def __init__(
        self, output: Tensor, derivation: Derivation | None, cotangent: str | None
    ) -> None:
        self.output, self.derivation, self.cotangent = output, derivation, cotangent
        self.known: dict[str, Right] = {}

    def __call__(self, name: str) -> Right:
        if name not in self.known:
            self.known[name] = self._found(name)
        return self.known[name]

    def _found(self, name: str) -> Right:
        if self.derivation is None:
            return Right(differential_name(name))
        return right_derivative(self.output, name, cotangent=self.cotangent)


# -- functions ---------------------------------------------------------------------------------------


def _of_function(function: Traced, wrt: Any, hand: _Hand, order: int, options: Options) -> Report:
    chosen = function.chosen(wrt)
    if hand.backward is not None:
        return _backward(function, chosen, hand, options)
    outputs, names = function.traced(chosen)
    if len(outputs) == 1:
        return _of_tensor(outputs[0], names, hand, order, options)
    if hand.against is not None or options.cotangent is not None:
        raise ArgumentError(
            f"check: the function returns {len(outputs)} results; judge one of them: lambda x: f(x)[0]"
        )
    reports = [_of_tensor(output, names, hand, order, options) for output in outputs]
    return _together(reports)


def _together(reports: Sequence[Report]) -> Report:
    """One report about several results."""
    return Report(
        [
            replace(c, quantity=f"{c.quantity} of result {k}")
            for k, report in enumerate(reports)
            for c in report.comparisons
        ],
        [s for report in reports for s in report.suspects],
        [f"result {k}: {note}" for k, report in enumerate(reports) for note in report.notes],
    )


def _backward(function: Traced, chosen: Sequence[int], hand: _Hand, options: Options) -> Report:
    assert hand.backward is not None
    written = Handwritten(
        function.function,
        function.args,
        function.names,
        chosen,
        hand.backward,
        options.cotangent,
        hand.residuals,
        hand.budget,
    )
    try:
        outputs, names = function.traced(chosen, double=True)
        written.reference, _ = judged(outputs[0], names, {}, 1)
        written.right = partial(right_derivative, outputs[0], seed=written.seed)
    except Exception as error:
        # a function of plain arrays need not run on tensors: differences judge it then
        written.notes.append(
            f"the forward was not traced as a graph ({type(error).__name__}: {error})"
        )
    return judge_backward(written, options)
