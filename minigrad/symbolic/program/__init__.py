"""Expressions as array programs: what is run on arrays, and what is written out as source."""

from minigrad.symbolic.program.build import Program, program
from minigrad.symbolic.program.run import run
from minigrad.symbolic.program.value import Value, in_order

__all__ = ["Program", "Value", "in_order", "program", "run"]
