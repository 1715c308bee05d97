"""Neural operations as functions: ``mg.nn.functional``."""

from minigrad.ops.functional import *  # noqa: F403  (the rows are listed once, in ops)
from minigrad.ops.functional import __all__ as __all__
