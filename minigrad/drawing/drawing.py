"""What ``draw`` returns: a picture that shows itself and writes itself to files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from minigrad.drawing.dot import to_dot, unique_names
from minigrad.drawing.model import Picture
from minigrad.drawing.render import DPI, render
from minigrad.drawing.shortcuts import keep_inside, placed
from minigrad.drawing.svg import positions, to_svg
from minigrad.errors import ArgumentError, RenderError
from minigrad.files import write_whole


class Drawing:
    """A computation graph as DOT, SVG, PNG and PDF; a notebook shows it by itself.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0], name="x", requires_grad=True)
    >>> drawing = mg.draw((x * x).sum().named("L"), backward=True)
    >>> drawing.save("graph.svg")  # doctest: +SKIP
    """

    def __init__(self, picture: Picture, *, backward: bool = True) -> None:
        self.picture = picture
        self.backward = backward

    @cached_property
    def source(self) -> str:
        """The picture in DOT, Graphviz's language; needs no Graphviz."""
        return to_dot(self.picture, backward=self.backward)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document.

        Raises
        ------
        RenderError
            When there is no Graphviz, or it fails.
        """
        return to_svg(self._layout, title=self.picture.title)

    @cached_property
    def png(self) -> bytes:
        """The picture as a PNG file, with 144 pixels to the inch."""
        return self.to_png()

    @cached_property
    def pdf(self) -> bytes:
        """The picture as a PDF file, with vector graphics and embedded fonts."""
        return self._drawn("pdf")

    @cached_property
    def positions(self) -> dict[str, tuple[float, float]]:
        """Where each card's centre lies, in points from the top left; keys are the SVG ids."""
        return positions(self._layout)

    @cached_property
    def ids(self) -> dict[str, str]:
        """The SVG id of each card, by the name of its tensor; needs no Graphviz."""
        names = [card.id for card in self.picture.cards]
        return {
            name: f"node_{unique}" for name, unique in zip(names, unique_names(names), strict=True)
        }

    @cached_property
    def _layout(self) -> bytes:
        return render(self.source, ["json"])["json"]

    def to_png(self, dpi: int = DPI) -> bytes:
        """The picture as a PNG file with ``dpi`` pixels to the inch."""
        return self._drawn("png", dpi)

    def _drawn(self, form: str, dpi: int = DPI) -> bytes:
        """The picture as Graphviz draws it, with edges where the SVG has them."""
        source, engine = self.source, "dot"
        graph = json.loads(self._layout)
        if keep_inside(graph):
            source, engine = to_dot(self.picture, backward=self.backward, placed=placed(graph)), "nop2"
        return render(source, [form], dpi=dpi, engine=engine)[form]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file; its extension says in which format.

        The file appears whole or not at all. Where the picture cannot be rendered, its DOT source
        is written beside, under the same name with ``.dot``, and the error says so.

        Raises
        ------
        ArgumentError
            When the extension is none of .svg, .png, .pdf, .dot, .gv, or the file cannot be written.
        RenderError
            When there is no Graphviz, or it fails.
        """
        target = Path(path)
        write = _WRITERS.get(target.suffix.lower())
        if write is None:
            raise ArgumentError(
                f"save: cannot draw to {target.name!r}: its extension is "
                f"{target.suffix or 'missing'!r}; use one of {', '.join(_WRITERS)}"
            )
        try:
            data = write(self)
        except RenderError as error:
            beside = target.with_suffix(".dot")
            write_whole(beside, self.source.encode("utf-8"))
            raise RenderError(f"{error}. The DOT source was written to {beside}") from error
        write_whole(target, data)
        return target

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg, "text/plain": repr(self)}
        except RenderError as error:
            return {"text/plain": f"{self!r}\n{error}"}

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        title = f" {self.picture.title!r}" if self.picture.title else ""
        passes = "forward and backward" if self.backward else "forward"
        cards, edges = len(self.picture.cards), len(self.picture.edges)
        return f"<Drawing{title}: {cards} cards, {edges} edges, {passes}>"


_WRITERS: Mapping[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda drawing: drawing.svg.encode("utf-8"),
    ".png": lambda drawing: drawing.png,
    ".pdf": lambda drawing: drawing.pdf,
    ".dot": lambda drawing: drawing.source.encode("utf-8"),
    ".gv": lambda drawing: drawing.source.encode("utf-8"),
}
