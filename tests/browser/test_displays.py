"""What notebooks show, in a browser: it fits, it is legible on white and on black, it says nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg

from .conftest import Opened

# The least contrast of a cell's text with its ground, in the measure of WCAG; tints lie on the page's own ground.
CONTRAST = """() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = ([r, g, b, a], [x, y, z]) => [[r, x], [g, y], [b, z]].map(([top, low]) => a * top + (1 - a) * low);
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => (c > 0.04045 ? ((c + 0.055) / 1.055) ** 2.4 : c / 12.92));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const ground = parse(getComputedStyle(document.body).backgroundColor);
  return Math.min(...[...document.querySelectorAll("td, math")].map((cell) => {
    const style = getComputedStyle(cell);
    const pair = [light(over(parse(style.backgroundColor), ground)), light(over(parse(style.color), ground))];
    return Math.max(...pair) / Math.min(...pair);
  }));
}"""


@pytest.mark.parametrize(("ground", "ink"), [("#fff", "#111"), ("#111", "#eee")])
def test_displays_fit_and_are_legible(
    opened: Callable[..., Opened], tmp_path: Path, ground: str, ink: str
) -> None:
    x = mg.tensor(np.linspace(-2, 2, 900).reshape(30, 30), name="X", requires_grad=True)
    loss = (x**2).sum().named("L")
    loss.backward()
    model = mg.nn.Sequential(mg.nn.Linear(3, 4, rng=np.random.default_rng(0)), mg.nn.ReLU())
    wide = mg.derive(
        mg.parse("log(det(A)) * sum(exp(A @ x) / (b + cos(A @ b)))", A="n n", x="n", b="n")
    )
    shown = (x, model, mg.optim.Adam(model), mg.check(loss, wrt="X", against="X"), wide, wide["A"])
    inside = "".join(f"<p>{thing._repr_html_()}</p>" for thing in shown)
    path = tmp_path / "displays.html"
    path.write_text(
        f'<!doctype html><meta charset="utf-8"><body style="background:{ground};color:{ink}">{inside}',
        encoding="utf-8",
    )
    page = opened(path, 390)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.page.evaluate(CONTRAST) >= 3.5
    assert (page.said, page.asked) == ([], [])
