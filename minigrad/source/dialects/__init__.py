"""The languages that formulas are written in, one file each."""

from minigrad.source.dialect import Dialect
from minigrad.source.dialects.jax import JAX
from minigrad.source.dialects.numpy import NUMPY
from minigrad.source.dialects.torch import TORCH

DIALECTS: dict[str, Dialect] = {d.language: d for d in (NUMPY, JAX, TORCH)}

__all__ = ["DIALECTS", "NUMPY", "Dialect"]
