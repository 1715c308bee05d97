"""minigrad: tensor programs that run, differentiate, and show their gradients as formulas."""

from __future__ import annotations

import minigrad.start  # noqa: F401  # isort: skip  (before all that takes time)

import importlib.machinery
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigrad import data, nn, optim, training
    from minigrad.api.check import check
    from minigrad.api.compile import compile
    from minigrad.api.derivation import Derivation, derive
    from minigrad.api.draw import draw
    from minigrad.api.formula import Formula
    from minigrad.api.parse import from_sympy, parse
    from minigrad.api.step import Step
    from minigrad.api.symbols import function, symbols
    from minigrad.numeric.functional import hessian, hvp, jacobian, jvp, vjp
    from minigrad.numeric.mapped import vmap
    from minigrad.numeric.transforms import grad, value_and_grad
    from minigrad.ops.creation import (
        arange,
        eye,
        full,
        full_like,
        manual_seed,
        ones,
        ones_like,
        rand,
        randint,
        randn,
        zeros,
        zeros_like,
    )

from minigrad import ops as _ops
from minigrad.graph import (
    Dim,
    Tensor,
    composite,
    debug_nans,
    elementwise,
    enable_grad,
    no_grad,
    primitive,
    scope,
    tensor,
)
from minigrad.limits import limits
from minigrad.numeric import gradients
from minigrad.ops import *  # noqa: F403  (the rows publish their names)
from minigrad.ops.matrix_function import matrix_function
from minigrad.version import __version__

__all__ = [
    *_ops.__all__,
    "Derivation",
    "Dim",
    "Formula",
    "Step",
    "Tensor",
    "__version__",
    "arange",
    "check",
    "compile",
    "composite",
    "data",
    "debug_nans",
    "derive",
    "draw",
    "elementwise",
    "enable_grad",
    "eye",
    "from_sympy",
    "full",
    "full_like",
    "function",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "limits",
    "manual_seed",
    "matrix_function",
    "nn",
    "no_grad",
    "ones",
    "ones_like",
    "optim",
    "parse",
    "primitive",
    "rand",
    "randint",
    "randn",
    "scope",
    "symbols",
    "tensor",
    "training",
    "value_and_grad",
    "vjp",
    "vmap",
    "zeros",
    "zeros_like",
]

# Formulas, models and functions of functions are loaded when they are asked for, so that a program
# that only computes starts as soon as NumPy does.
_ROOMS = frozenset({"data", "nn", "optim", "training"})
_FACE = "Derivation", "Formula", "Step", "check", "compile", "derive", "draw", "from_sympy", "function", "parse", "symbols"
_MADE = (
    *("arange", "eye", "full", "full_like", "manual_seed", "ones", "ones_like"),
    *("rand", "randint", "randn", "zeros", "zeros_like"),
)
_LATER = {
    **dict.fromkeys(_FACE, "api"),
    **dict.fromkeys(_MADE, "ops.creation"),
    **dict.fromkeys(("hessian", "hvp", "jacobian", "jvp", "vjp"), "numeric.functional"),
    "vmap": "numeric.mapped",
    **dict.fromkeys(("grad", "value_and_grad"), "numeric.transforms"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _ROOMS:
            return importlib.import_module(f"minigrad.{name}")
        if name in _LATER:
            home = importlib.import_module(f"minigrad.{_LATER[name]}")
            value = globals()[name] = getattr(home, name)
            return value
        # Whoever imports a room of ours asks for it here first.
        if name[0] == "_" or importlib.machinery.PathFinder.find_spec(f"minigrad.{name}", globals()["__path__"]):
            raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
        from minigrad.ops.habits import of_module

        rooms = (room for room in ("nn", "optim", "data") if name in importlib.import_module(f"minigrad.{room}").__all__)
        return of_module(name, globals(), next(rooms, None))


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_LATER})
