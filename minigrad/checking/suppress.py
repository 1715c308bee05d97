"""Numbers that overflow or are undefined are evidence here, and no matter for a warning."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Within: neither NumPy's state nor a warning tells of what a report will say."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
