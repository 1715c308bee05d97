"""The closed table of names that a text may use, each the operation that a program would call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from math import e, inf, nan, pi
from typing import Any

from minigrad.graph import apply
from minigrad.graph.call import OPERATIONS
from minigrad.graph.public import PUBLIC, TENSOR_METHODS, WORDS, by_numpy, numpy_names
from minigrad.index.matrix_row import MATRIX_ROWS
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
# The namespaces of public names, in the order in which a short name is looked for.
_INSIDE = ("linalg", "special", "nn")


def logdet(a: Any) -> Any:
    """Logarithm of the absolute determinant."""
    return apply(REGISTRY["linalg.slogdet"], (a,), {})


_OWN = {**_CREATE, "identity": create.eye, "logdet": logdet}


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
    if short in _OWN:
        return _OWN[short]
    if short in _NOT_CALLED:
        return None
    places = [f"{inside}.{short}"] if inside else _places(short)
    found = next((PUBLIC[place] for place in places if place in PUBLIC), None)
    if found is None and not inside:
        found = WORDS.get(short) or TENSOR_METHODS.get(short) or by_numpy(short)
    own = (place for place in (name, *places) if place in REGISTRY and not REGISTRY[place].builtin)
    return found or next((OPERATIONS[place] for place in own), None)


def of_matrices(name: str) -> bool:
    """Whether formulas know the function as one of matrices."""
    return name in MATRIX_ROWS


def by_meaning(text: str) -> Function | None:
    """The operation that is this expression of x, y, z in SymPy's words, or None."""
    return next((OPERATIONS[row.name] for row in REGISTRY.values() if row.meaning == text), None)


def _places(short: str) -> list[str]:
    return [short, *(f"{namespace}.{short}" for namespace in _INSIDE)]


def method(name: str) -> Function | None:
    """The operation that ``X.name(...)`` means, or None."""
    return function(name) if name in TENSOR_METHODS else None


def names() -> Iterator[str]:
    """Every name that may be called."""
    yield from _OWN
    yield from (name.rpartition(".")[2] for name in PUBLIC)
    yield from (*WORDS, *TENSOR_METHODS, *numpy_names())
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
    yield from (*filter(method, TENSOR_METHODS), "T", "mT", "shape", "ndim", "size")


# Functions of sizes, which stay sizes.
CREATING = frozenset(_CREATE.values())
