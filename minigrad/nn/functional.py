"""Neural operations as functions: ``mg.nn.functional``."""

from minigrad.elsewhere import of_module
from minigrad.nn.dropout import dropout
from minigrad.nn.elsewhere import FUNCTIONAL
from minigrad.nn.multi_head import multi_head_attention
from minigrad.nn.positions import sinusoids
from minigrad.nn.self_attention import self_attention
from minigrad.ops import functional as _rows
from minigrad.ops.functional import *  # noqa: F403  (the rows are listed once, in ops)

__all__ = [
    *_rows.__all__,
    "dropout",
    "multi_head_attention",
    "self_attention",
    "sinusoids",
]
__getattr__ = of_module(__name__, FUNCTIONAL, __all__)
