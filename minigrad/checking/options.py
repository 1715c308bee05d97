"""How thorough a check is, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from minigrad.checking.source import require
from minigrad.checking.witness import Witness
from minigrad.checking.witnesses import WITNESSES, names
from minigrad.errors import ArgumentError
from minigrad.symbolic.budget import budget

FORWARD, MEANING, PROPERTIES = "forward", "meaning", "properties"
# Of the time for a check so much may be spent on formulas.
_FOR_FORMULAS = 0.6


@dataclass(frozen=True)
class Options:
    """How thorough a check is.

    ``seeds`` counts samples: by default one where all variables have data, else two. ``seconds`` ends
    the check early, after the cheapest witnesses; ``witnesses`` names those to hear; ``every`` asks for
    every element instead of random directions; ``progress`` is called with what is done and with counts;
    ``extra`` are witnesses that are not in the table, for whom no primitive is to blame; ``cotangent``
    takes the place of a random one; ``languages`` are those in which generated source is run.
    """

    seed: int = 0
    seeds: int | None = None
    seconds: float | None = None
    witnesses: Sequence[str] | None = None
    every: bool = False
    progress: Callable[[str, int, int], None] | None = None
    extra: tuple[Witness, ...] = ()
    cotangent: Any = None
    languages: Sequence[str] = ("numpy",)
    began: float = field(default_factory=monotonic, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.seed, int) or self.seed < 0:
            raise ArgumentError(
                f"check: seed={self.seed!r:.40}: a seed is a whole number, at least 0"
            )
        if self.seeds is not None and self.seeds < 1:
            raise ArgumentError(f"check: seeds counts random samples, at least 1; got {self.seeds}")
        if self.seconds is not None and not self.seconds > 0:
            raise ArgumentError(f"check: seconds is a time budget above 0; got {self.seconds}")
        languages = {w.name: w.language for w in WITNESSES if w.language}
        for language in (*self.languages, *(languages.get(n, "numpy") for n in self.witnesses or ())):
            require(language)
        known = [*names(), FORWARD, MEANING, PROPERTIES]
        for name in self.witnesses or ():
            if name not in (*known, *(w.name for w in self.extra)):
                raise ArgumentError(
                    f"check: no witness is named {name!r}; known are {', '.join(known)}"
                )

    @contextmanager
    def deriving(self) -> Iterator[None]:
        """Within: so long as is left for formulas, without which witnesses can still be heard."""
        with budget(None if self.seconds is None else _FOR_FORMULAS * self.seconds):
            yield

    @property
    def left(self) -> float | None:
        """The seconds left for witnesses when all is derived: a fifth at least, for the cheapest."""
        if self.seconds is None:
            return None
        return max(self.seconds - (monotonic() - self.began), self.seconds / 5)

    @property
    def is_over(self) -> bool:
        """Whether the time budget is used up."""
        return self.seconds is not None and monotonic() - self.began > self.seconds

    def wants(self, name: str) -> bool:
        """Whether a witness is to be heard."""
        if self.witnesses is not None:
            return name in self.witnesses
        return all(w.language in ("", *self.languages) for w in WITNESSES if w.name == name)

    def say(self, what: str, done: int, of: int) -> None:
        """Report progress to whoever asked for it."""
        if self.progress is not None:
            self.progress(what, done, of)

    def hearing(self, rows: Sequence[Witness], *extra: Witness) -> Options:
        """The same options for these witnesses alone, and for others that are not in the table."""
        heard = [w.name for w in rows if self.wants(w.name)]
        heard += [w.name for w in extra if w.name not in heard]
        return replace(self, witnesses=heard, extra=extra)
