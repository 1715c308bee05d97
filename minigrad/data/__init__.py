"""Data to learn from, and how to deal it out: ``mg.data``."""

from __future__ import annotations

from minigrad.data.batches import minibatches, split
from minigrad.data.handwritten import digits

__all__ = ["digits", "minibatches", "split"]
