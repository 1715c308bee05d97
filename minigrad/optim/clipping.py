"""Bounds on gradients, applied between ``backward`` and ``step``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError, NonFiniteError
from minigrad.graph.tensor import Tensor, describe, wrap
from minigrad.optim.groups import HasParameters

# Keeps the quotient finite where all gradients vanish.
_TINY = 1e-6


def clip_grad_norm(
    parameters: HasParameters | Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0
) -> float:
    """Scale all gradients by min(1, c / (‖g‖ + 10⁻⁶)), where g is all of them as one vector.

    Parameters
    ----------
    parameters
        A module, or parameters; those without a gradient are passed over.
    max_norm
        c, the largest norm that is left as it is.
    norm_type
        The order of the norm; infinity for the largest element.

    Returns
    -------
    ‖g‖, as it was.

    Raises
    ------
    ArgumentError
        When ``max_norm`` is negative, or ``norm_type`` is not positive.
    NonFiniteError
        When the norm is infinite or NaN; no gradient has changed.

    Notes
    -----
    R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks,
    ICML 2013, algorithm 1.
    """
    if not max_norm >= 0:
        raise ArgumentError(f"clip_grad_norm: max_norm={max_norm}, but it must be at least 0")
    if not norm_type > 0:
        raise ArgumentError(f"clip_grad_norm: norm_type={norm_type}, but it must be above 0")
    moving = [p for p in _listed(parameters) if p.grad is not None]
    total = _norm([np.abs(_gradient(p)) for p in moving], norm_type)
    if not math.isfinite(total):
        culprits = [describe(p) for p in moving if not np.isfinite(_gradient(p)).all()]
        raise NonFiniteError(
            f"clip_grad_norm: the norm of all gradients is {total}"
            + (f", because of {', '.join(culprits)}" if culprits else "")
            + "; find its first cause with minigrad.debug_nans()"
        )
    scale = max_norm / (total + _TINY)
    if scale < 1:
        for p in moving:
            g = _gradient(p)
            p.grad = wrap((g.astype(float) * scale).astype(g.dtype))
    return total


def clip_grad_value(parameters: HasParameters | Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Move every element of the gradients into [−c, c].

    Raises
    ------
    ArgumentError
        When c is negative.
    """
    if not clip_value >= 0:
        raise ArgumentError(f"clip_grad_value: clip_value={clip_value}, but it must be at least 0")
    for p in _listed(parameters):
        if p.grad is not None:
            p.grad = wrap(np.asarray(np.clip(_gradient(p), -clip_value, clip_value)))


def _listed(parameters: HasParameters | Tensor | Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        return [parameters]
    named = getattr(parameters, "named_parameters", None)
    return list(dict.fromkeys(named().values() if named is not None else parameters))  # type: ignore[arg-type]


def _gradient(parameter: Tensor) -> NDArray[Any]:
    gradient = parameter.grad
    assert gradient is not None
    return gradient.numpy()


def _norm(sizes: list[NDArray[Any]], order: float) -> float:
    top = max((float(a.max()) for a in sizes if a.size), default=0.0)
    if order == math.inf or not 0 < top < math.inf:
        return top
    # Divided by the largest first, in double precision: powers neither overflow nor vanish.
    powers = (float(np.sum(np.divide(a, top, dtype=float) ** order)) for a in sizes)
    return top * float(sum(powers) ** (1 / order))
