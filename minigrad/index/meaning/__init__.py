"""What the rows mean: NumPy's operations in index notation, each with its row's own parameters.

A row names its meaning, and it is looked for in the modules here. What a matrix function means follows from its row.
"""

from collections.abc import Callable

from minigrad.index.meaning import convolution, indexing, linear, losses, reduction, shape, smooth
from minigrad.index.view import View

MODULES = convolution, indexing, linear, losses, reduction, shape, smooth


def __getattr__(name: str) -> Callable[..., View]:
    """The meaning of that name, from the module that defines it."""
    for module in MODULES:
        found: Callable[..., View] | None = vars(module).get(name)
        if found is not None and found.__module__ == module.__name__:
            return found
    raise AttributeError(f"no operation means {name!r}")
