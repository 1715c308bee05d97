"""What a witness is, and what a proof is: what each reads, when it does not apply, and what it says.

A witness knows whole gradients (an array per variable), measures slopes (one number per direction), or
proves a formula in an arithmetic of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.checking.compare import ROUNDING
from minigrad.checking.differences import Slope
from minigrad.checking.report import DIGITS, EXACT, Comparison
from minigrad.checking.sample import Directions, Sample
from minigrad.errors import MinigradError

VJP, FORMULA, SOURCE = "hand VJPs", "derived formula", "NumPy source"
PRINTED = {"Unicode": "printed formula", "ASCII": "printed in ASCII"}
DIFFERENCES, COMPLEX = "finite differences", "complex step"
OF_GRADIENT = "differences of the gradient"
# Claims of the user's that a witness can be asked about beside formulas.
DERIVATION, BACKWARD = "a derivation by hand", "a backward function"

# An array for each variable; None, or an error that says why, where there is no claim.
Arrays = list[Any]
# Those of which a witness speaks that says nothing else.
ORDERS = tuple(range(1, 9))


def exact(sample: Sample, k: int) -> float:
    """The rounding of values that are not subtracted from each other."""
    return 0.0


def never(sample: Sample) -> str:
    """A witness that always applies."""
    return ""


@dataclass(frozen=True)
class Witness:
    """One row of the table of witnesses.

    ``refuses`` says why the witness does not apply to a sample, "" where it does; ``gradients`` gives an
    array or None per variable, ``slope`` the derivative along directions of some variables at once, and
    ``rounding`` how far rounding moves the values that it is the difference of.
    ``tolerance`` is what its own precision allows; ``orders`` are those of which it speaks, and one that is
    heard ``again`` is asked once per order. ``judges`` names claims of the user's that it is asked about, and
    ``part`` what is at fault where it alone is wrong, and no primitive is. ``language`` is that of the
    source that it runs, for which it has to be asked where it is not NumPy. One that is ``of`` another
    shows what that one knows, and is held against it alone where both are heard. One that is ``made_from``
    another is wrong where that one is.
    """

    name: str
    reads: str
    refuses: Callable[[Sample], str] = never
    gradients: Callable[[Sample], Arrays] | None = None
    slope: Callable[[Sample, Directions], Slope] | None = None
    rounding: Callable[[Sample, int], float] = exact
    tolerance: float = ROUNDING
    orders: tuple[int, ...] = ORDERS
    again: bool = False
    judges: tuple[str, ...] = ()
    part: str = ""
    language: str = ""
    of: str = ""
    made_from: str = ""

    def called(self, order: int) -> str:
        """Its name in reports about derivatives of that order."""
        if order == 1 or not self.again:
            return self.name
        return f"{self.name}, {'twice' if order == 2 else f'{order} times'}"


@dataclass(frozen=True)
class Proof:
    """A witness of the formula alone, on numbers of its own choice.

    ``run`` compares the formulas of some variables, a line for each, and raises DerivationError where it
    does not apply; ``together`` says that it takes one direction for all, so that where one is wrong none
    holds. ``most`` is the size, in scalar operations, beyond which dims are made small; ``exact`` asks
    for rational numbers.
    """

    name: str
    reads: str
    run: Callable[[Sample, Sequence[int], str], list[Comparison]]
    most: int
    exact: bool
    together: bool
    orders: tuple[int, ...] = (1, 2)

    @property
    def shows(self) -> str:
        """What its agreement shows."""
        return EXACT if self.exact else DIGITS


def untold(arrays: Arrays) -> bool:
    """Whether some of these are no claims."""
    return any(a is None or isinstance(a, MinigradError) for a in arrays)
