"""What users meet: symbols, derivations, formulas and checks."""

from minigrad.api.check import check
from minigrad.api.compile import compile
from minigrad.api.derivation import Derivation, derive
from minigrad.api.draw import draw
from minigrad.api.formula import Formula
from minigrad.api.parse import from_sympy, parse
from minigrad.api.step import Step
from minigrad.api.symbols import function, symbols
from minigrad.graph import register_symbolic_shape
from minigrad.symbolic.shapes import shape_of

register_symbolic_shape(shape_of)

__all__ = ["Derivation", "Formula", "Step", "check", "compile", "derive", "draw", "from_sympy", "function", "parse", "symbols"]
