"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run, so that a red run can be had again; no test reads a clock.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
