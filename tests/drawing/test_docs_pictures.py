"""The pictures in the docs are what docs/make_pictures.py draws."""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


def script() -> Any:
    spec = importlib.util.spec_from_file_location("make_pictures", DOCS / "make_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def said(svg: str) -> list[object]:
    """All that a picture says and in which colours, in order; where things stand is Graphviz's, to the point."""
    told: list[object] = []
    for element in ET.fromstring(svg).iter():
        kept = {k: v for k, v in element.items() if k in _KEPT}
        told.append((element.tag.removeprefix(SVG), kept, (element.text or "").strip()))
    return told


_KEPT = frozenset({"id", "class", "fill", "stroke", "font-weight", "font-style", "aria-label"})


@pytest.mark.parametrize("name", sorted(script().ALL))
def test_a_picture_in_the_docs_is_up_to_date(name: str) -> None:
    kept = (DOCS / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
    drawing = script().ALL[name]()
    assert said(kept) == said(drawing.svg), "run python docs/make_pictures.py"
    root = ET.fromstring(kept)
    width, height = (float(root.get(side, "").removesuffix("pt")) for side in ("width", "height"))
    other = ET.fromstring(drawing.svg)
    for side, length in (("width", width), ("height", height)):
        now = float(other.get(side, "").removesuffix("pt"))
        assert now == pytest.approx(length, rel=0.05), "run python docs/make_pictures.py"


def test_the_docs_have_no_other_pictures() -> None:
    drawn = {f"{name}.svg" for name in script().ALL}
    taken = {"live-page.png"}  # in a browser, by docs/make_page_picture.py
    assert {path.name for path in (DOCS / "pictures").iterdir()} == drawn | taken
