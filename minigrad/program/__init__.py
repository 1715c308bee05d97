"""Expressions as array programs: what is run on arrays, and what is written out as source."""

from minigrad.program.lowering import Program, program
from minigrad.program.run import run
from minigrad.program.value import Value, in_order

__all__ = ["Program", "Value", "in_order", "program", "run"]
