"""What all tests share."""

from __future__ import annotations

import os

# One BLAS thread, before NumPy is imported: small matrices gain nothing from more, and where other
# work fills the cores, threads that wait for each other take ten times as long.
for _library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

from hypothesis import settings  # noqa: E402  (NumPy reads the environment once)

# The same examples in every run, so that a red run can be had again; no test reads a clock.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
