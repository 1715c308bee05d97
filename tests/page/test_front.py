"""The page's files as they stand: what holds without a browser."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources

from minigrad.drawing import style as look

FRONT = resources.files("minigrad.page") / "front"
REPORT = resources.files("minigrad.report")
_TOP = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+|\[[^\]]*\])", re.MULTILINE)


def test_names_of_all_modules_are_unique() -> None:
    """An export is one script, in which they stand side by side."""
    modules = [file for file in FRONT.iterdir() if file.name.endswith(".js")]
    modules += [REPORT / "graph.js", REPORT / "steps.js"]
    named = Counter(
        name
        for module in modules
        for found in _TOP.findall(module.read_text(encoding="utf-8"))
        for name in re.findall(r"\w+", found)
    )
    assert {name for name, count in named.items() if count > 1} == set()
    assert len(named) > 50


def test_the_page_finds_the_gradients_of_a_picture_by_their_colours() -> None:
    sheet = (FRONT / "reading.css").read_text(encoding="utf-8")
    found = {colour.upper() for colour in re.findall(r'"(#\w{6})" i', sheet)}
    assert found == {look.BACKWARD.upper(), look.GRADIENT.upper()}


def test_the_font_has_its_licence_beside_it() -> None:
    font = FRONT / "fonts" / "minigrad-math.woff2"
    assert font.read_bytes()[:4] == b"wOF2"
    assert len(font.read_bytes()) < 120_000
    assert "GUST Font License" in (FRONT / "fonts" / "LICENSE.txt").read_text(encoding="utf-8")
