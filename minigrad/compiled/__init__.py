"""Array programs as steps that run fast: rewritten, planned in memory, and written as NumPy's own calls."""

from minigrad.compiled.lines import Bound
from minigrad.compiled.text import StepText, numpy_step

__all__ = ["Bound", "StepText", "numpy_step"]
