"""How a formula and a derivation are shown: as text, in ASCII, in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Printed(ABC):
    """What was derived; ``str`` is its text."""

    @abstractmethod
    def format(self, ascii: bool = False, style: str = "d") -> str:
        """The text; ``style="partial"`` writes dS as ∂L/∂S."""

    @abstractmethod
    def _repr_latex_(self) -> str: ...

    def __str__(self) -> str:
        return self.format()

    @property
    def ascii(self) -> str:
        """The text in plain ASCII."""
        return self.format(ascii=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """LaTeX for notebooks, text for terminals."""
        return {"text/plain": str(self), "text/latex": self._repr_latex_()}

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self  # nothing changes what was derived
