"""What a formula and a derivation share: they are read, printed and evaluated in the same ways."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from minigrad.api.reading import Reading


class Printed(ABC):
    """Text, ASCII, LaTeX, MathML and source of what was derived; ``str`` is its text."""

    reading: Reading

    @abstractmethod
    def format(self, ascii: bool = False, style: str = "d") -> str:
        """The text; ``style="partial"`` writes dS as ∂L/∂S."""

    @property
    @abstractmethod
    def latex(self) -> str:
        """As LaTeX."""

    @property
    @abstractmethod
    def mathml(self) -> str:
        """As presentation MathML."""

    @abstractmethod
    def source(self, language: str = "numpy") -> str:
        """As a standalone function in a language."""

    @abstractmethod
    def __call__(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
        """The value."""

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
