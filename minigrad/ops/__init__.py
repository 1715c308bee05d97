"""The rows: every operation, one place each.

Its own module says what an operation is and what it is called; here those modules are loaded, and
what they published is the namespace. Type checkers read the stubs, which ``docs/make_tables.py``
writes from the same tables.
"""

from minigrad.graph.public import namespace
from minigrad.ops import (  # noqa: F401  (each publishes its rows)
    activations,
    arithmetic,
    array_api,
    attention,
    classes,
    comparison,
    compositions,
    contraction,
    convolution,
    decompositions,
    eigen,
    einstein,
    elementary,
    indexing,
    joining,
    losses,
    matrices,
    normalization,
    norms,
    operators,
    piecewise,
    pooling,
    products,
    rearrange,
    reducing,
    regression,
    roots,
    scan,
    scipy_functions,
    shape,
    shaping,
    smooth,
    systems,
)
from minigrad.ops import functional as functional
from minigrad.ops import habits as _habits  # noqa: F401  (what else the rows are called)
from minigrad.ops import linalg as linalg
from minigrad.ops import special as special

_rows = namespace("")
globals().update(_rows)
__all__ = [*_rows, "linalg", "special"]
