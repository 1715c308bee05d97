"""The sums of SymPy forms; this module loads SymPy and is imported where one is made."""

from __future__ import annotations

from typing import Any

from minigrad.index.heads import sympy


class Sum(sympy().Sum):  # type: ignore[misc]
    """SymPy's sum, which ``doit()`` carries out once its bounds are numbers, and not before.

    SymPy would look for a closed form of a sum over elements of arrays, which have none, for minutes; it
    does so even where a product of matrices with such a sum inside is printed.
    """

    def doit(self, **hints: Any) -> Any:
        bounds = [bound for _, *both in self.limits for bound in both]
        return super().doit(**hints) if all(bound.is_Integer for bound in bounds) else self

    def _eval_evalf(self, prec: int) -> Any:
        return sympy().Sum(*self.args)._evalf(prec)  # SymPy's table of numbers knows its own class
