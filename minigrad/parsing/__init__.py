"""Text and SymPy expressions become the graph that the same calls would record."""

from minigrad.parsing.infer import Parsed, derived_name, parsed
from minigrad.parsing.sympy_input import read_sympy

__all__ = ["Parsed", "derived_name", "parsed", "read_sympy"]
