"""How a formula and a derivation are shown: as text, in ASCII, in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from minigrad.api.reading import Reading
from minigrad.errors import ArgumentError
from minigrad.notation.lines import PAGES, Line, block, html

STYLES = ("d", "partial")


class Printed(ABC):
    """What was derived; ``str`` is its text."""

    reading: Reading
    # what to write where it was taken for a tensor
    instead = 'go on with the tensor of a formula, mg.derive(loss, "x")["x"].tensor'

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise ArgumentError(taken_for_tensor(self))

    def format(self, ascii: bool = False, style: str = "d", notation: str = "text") -> str:
        """The formulas in a notation.

        Parameters
        ----------
        ascii
            Text in plain ASCII.
        style
            "d" writes the gradient by S as dS, "partial" as ∂L/∂S.
        notation
            "text", with what the names in it stand for, "latex", "mathml" or "typst".

        Raises
        ------
        ArgumentError
            When there is no such style or notation.
        """
        if not isinstance(ascii, bool):
            raise ArgumentError(
                f"format: ascii={ascii!r:.40} is neither True nor False; a notation is given by its name, "
                'notation="latex"'
            )
        if style not in STYLES:
            raise ArgumentError(
                f"format: style={style!r:.40} is none of {', '.join(map(repr, STYLES))}"
            )
        if notation == "text":
            return self._text(ascii, style == "partial")
        if notation not in PAGES or ascii:
            known = ", ".join(map(repr, ("text", *PAGES)))
            wrong = (
                "ascii=True is a form of text"
                if ascii
                else f"notation={notation!r:.40} is none of {known}"
            )
            raise ArgumentError(f"format: {wrong}")
        return self._page(notation, style == "partial")

    @abstractmethod
    def _text(self, ascii: bool, partial: bool) -> str: ...

    # whether pages write ∂L/∂S where text has dS
    partial = True

    @property
    @abstractmethod
    def _shown(self) -> list[Line]:
        """What a notebook shows: the formulas, and the lines of names in them that nobody gave."""

    @abstractmethod
    def _page(self, notation: str, partial: bool) -> str: ...

    @property
    def latex(self) -> str:
        """LaTeX for math mode: a formula's own line, a derivation as one ``aligned`` block."""
        return self._page("latex", True)

    @property
    def mathml(self) -> str:
        """Presentation MathML: one ``<math>`` element a line."""
        return self._page("mathml", True)

    @property
    def typst(self) -> str:
        """Typst for between two dollar signs: a formula's own line, a derivation as one aligned block."""
        return self._page("typst", True)

    def _repr_latex_(self) -> str:
        lines = self._shown
        legend = self.reading.legend(lines)
        if len(lines) == 1 and not legend:
            return f"$\\displaystyle {lines[0].page('latex', self.partial)}$"
        return f"$${block(lines, 'latex', self.partial, legend)}$$"

    def _repr_html_(self) -> str:
        lines = self._shown
        return html(lines, self.partial, self.reading.legend(lines))

    def __str__(self) -> str:
        return self.format()

    @property
    def ascii(self) -> str:
        """The text in plain ASCII."""
        return self.format(ascii=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """MathML and LaTeX for notebooks, text for terminals."""
        return {
            "text/plain": str(self),
            "text/latex": self._repr_latex_(),
            "text/html": self._repr_html_(),
        }

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self  # nothing changes what was derived


def taken_for_tensor(value: Any) -> str:
    """What to write instead of something that is no tensor; nothing where that is not known."""
    return (
        f"{type(value).__name__} is no tensor; {value.instead}"
        if isinstance(value, Printed)
        else ""
    )
