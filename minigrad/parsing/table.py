"""The closed table of names that a text may use, each the operation that a program would call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from math import e, inf, nan, pi
from typing import Any

from minigrad import ops
from minigrad.graph.define import OPERATIONS
from minigrad.parsing import create
from minigrad.primitive import REGISTRY

Function = Callable[..., Any]

CONSTANTS = {"pi": pi, "inf": inf, "nan": nan}
# Letters that mean a constant to some and a variable to others: they are asked for.
AMBIGUOUS = {
    "e": "Euler's number is np.e, its powers exp(x)",
    "I": "the identity matrix is eye(n)",
    "E": "Euler's number is np.e, its powers exp(x)",
}

# Where a library lives is no part of an operation's name.
_PREFIXES = (
    *("np.", "numpy.", "mg.", "minigrad.", "scipy.", "jax.", "numpy.", "jnp.", "torch.", "F."),
    *("math.", "sp.", "anp.", "autograd."),
)
LIBRARIES = frozenset({*(prefix[:-1] for prefix in _PREFIXES), "linalg", "special", "nn"})
_ALIASES = {
    "absolute": "abs",
    "acos": "arccos",
    "acosh": "arccosh",
    "amax": "max",
    "amin": "min",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "concat": "concatenate",
    "flatten": "ravel",
    "identity": "eye",
    "permute_dims": "transpose",
    "pow": "power",
    "swish": "silu",
    "tr": "trace",
    "σ": "sigmoid",
}
_CREATE = {
    name: getattr(create, name)
    for name in (
        "arange",
        "eye",
        "full",
        "full_like",
        "ones",
        "ones_like",
        "tri",
        "zeros",
        "zeros_like",
    )
}
# Rows that serve operators and bookkeeping, and are not called by name.
_NOT_CALLED = {"astype", "getitem", "index_add", "setitem"}
# Functions that may also be written after a dot: X.sum(axis=1).
_METHODS = frozenset(
    {
        *("clip", "cumprod", "cumsum", "diagonal", "dot", "flatten", "max", "mean", "min", "prod"),
        *("ravel", "repeat", "reshape", "squeeze", "std", "sum", "swapaxes", "take", "trace"),
        *("transpose", "var"),
    }
)
_NAMESPACES = (ops, ops.linalg, ops.special, ops.functional)
_INSIDE = {"linalg": ops.linalg, "special": ops.special, "nn": ops.functional}


def logdet(a: Any) -> Any:
    """Logarithm of the absolute determinant."""
    return OPERATIONS["linalg.slogdet"](a)


def slogdet(a: Any) -> tuple[Any, Any]:
    """Sign and logarithm of the absolute determinant."""
    return ops.sign(ops.linalg.det(a)), logdet(a)


def mT(a: Any) -> Any:
    """The last two axes exchanged."""
    return ops.swapaxes(a, -1, -2)


_OWN = {**_CREATE, "logdet": logdet, "matrix_transpose": mT, "slogdet": slogdet}


def constant(dotted: str) -> float | None:
    """The number that a library's name means, or None: np.pi, math.e."""
    library, _, short = dotted.rpartition(".")
    if library not in LIBRARIES or library in _INSIDE:
        return None
    return {**CONSTANTS, "e": e}.get(short)


def function(name: str) -> Function | None:
    """The operation that a name means, or None."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    inside, _, short = name.replace("nn.functional.", "nn.").rpartition(".")
    short = _ALIASES.get(short, short)
    if inside and short not in _OWN:
        namespace = _INSIDE.get(inside)
        return getattr(namespace, short) if namespace and short in namespace.__all__ else None
    if short in _OWN:
        return _OWN[short]
    if short in _NOT_CALLED:
        return None
    for namespace in _NAMESPACES:
        if short in namespace.__all__ and callable(getattr(namespace, short)):
            found: Function = getattr(namespace, short)
            return found
    row = REGISTRY.get(name)
    return OPERATIONS[name] if row is not None and not row.builtin else None


def method(name: str) -> Function | None:
    """The operation that ``X.name(...)`` means, or None."""
    return function(name) if name in _METHODS else None


def names() -> Iterator[str]:
    """Every name that may be called."""
    yield from _OWN
    yield from _ALIASES
    for namespace in _NAMESPACES:
        yield from (n for n in namespace.__all__ if callable(getattr(namespace, n)))
    yield from (name for name, row in REGISTRY.items() if not row.builtin)


def nearest(name: str, among: Iterator[str] | None = None) -> str:
    """A hint at the name that was probably meant, or ""."""
    wanted = name.rpartition(".")[2]
    known = sorted(set(names() if among is None else among))
    small = {word.lower(): word for word in known}
    if wanted.lower() in small:
        return f"; did you mean {small[wanted.lower()]!r}?"
    near = get_close_matches(wanted, known, n=1, cutoff=0.6 if len(wanted) > 3 else 0.75)
    return f"; did you mean {near[0]!r}?" if near else ""


def method_names() -> Iterator[str]:
    """Every name that may stand after a dot."""
    yield from (*_METHODS, "T", "mT", "shape", "ndim", "size")


# Functions of sizes, which stay sizes.
CREATING = frozenset(_CREATE.values())
