"""What is done with index notation: lowering, derivation, simplification, names."""

from minigrad.symbolic.pipeline import Derivatives, derivatives

__all__ = ["Derivatives", "derivatives"]
