"""Neural operations as functions: ``mg.nn.functional``."""

from typing import Any

from minigrad.elsewhere import absent
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


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise absent("mg.nn.functional", name, FUNCTIONAL, __all__)
