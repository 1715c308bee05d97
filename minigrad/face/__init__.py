"""What users meet: symbols, derivations, formulas and checks."""

from minigrad.face.check import check
from minigrad.face.derivation import Derivation, derive
from minigrad.face.draw import draw
from minigrad.face.formula import Formula
from minigrad.face.parse import from_sympy, parse
from minigrad.face.symbols import symbols
from minigrad.graph import register_symbolic_shape
from minigrad.symbolic.shapes import shape_of

register_symbolic_shape(shape_of)

__all__ = ["Derivation", "Formula", "check", "derive", "draw", "from_sympy", "parse", "symbols"]
