"""The report in a browser: wide and narrow, light and dark, by mouse, by finger and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.cli.attention.report import report_page
from minigrad.cli.attention.study import Study
from minigrad.report import Section, page

from .conftest import Opened

Opener = Callable[..., Opened]
TRAINED = {"P", "Wq", "Wk", "Wv", "w"}
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = Study(0)
    list(study.train(2))
    path = tmp_path_factory.mktemp("report") / "report.html"
    drawing = mg.draw(study.loss, backward=True, title="Self-attention")
    path.write_text(report_page(study, drawing), encoding="utf-8")
    return path


# What a page holds that stands out of it, and is not inside a box that scrolls or moves.
WIDER = """() => [...document.querySelectorAll("body *")].filter((e) => {
  const inside = e.closest(".formula, .inside, .view, .unseen, pre");
  return (!inside || inside === e) && e.getBoundingClientRect().right > innerWidth + 1;
}).map((e) => e.tagName + "." + e.className)"""

# Whether all of an element is seen, in the window and in every box that scrolls around it.
SEEN = """(e) => {
  const box = e.getBoundingClientRect();
  for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
    if (getComputedStyle(p).overflowY === "visible") continue;
    const around = p.getBoundingClientRect();
    if (box.top < around.top - 1 || box.bottom > around.bottom + 1) return false;
  }
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return box.top >= -1 && box.bottom <= innerHeight + 1 && (e === top || e.contains(top));
}"""


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_it_opens_quietly_and_fits(
    opened: Opener, report: Path, width: int, scheme: str
) -> None:
    shown = opened(report, width, scheme)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.page.evaluate(WIDER) == []
    ground = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, re.findall(r"\d+", ground)[:3])) > 3 * 128
    assert light == (scheme == "light")
    assert (shown.said, shown.asked) == ([], [])


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_each_step_lights_its_card_and_both_are_in_sight(
    opened: Opener, report: Path, width: int, scheme: str
) -> None:
    shown = opened(report, width, scheme)
    page = shown.page
    lit = []
    for k in range(page.locator(".steps > li").count()):
        page.keyboard.press("ArrowRight")
        item, card = page.locator("li.now"), page.locator(".card.now")
        assert item.evaluate(SEEN), f"step {k + 1} is out of sight"
        assert card.evaluate(SEEN), f"the card of step {k + 1} is out of sight"
        assert item.get_attribute("data-card") == card.get_attribute("id")
        if item.locator("xpath=..").get_attribute("data-pass") == "backward":
            lit.append(card.get_attribute("id").removeprefix("node_"))
    assert set(lit) >= TRAINED
    assert page.locator(".card.empty[class*=step]").count() == 0  # every gradient has been reached
    assert shown.said == []


def test_a_walk_hides_what_it_has_not_reached(opened: Opener, report: Path) -> None:
    page = opened(report).page
    page.get_by_role("button", name="Step 1", exact=True).click()
    assert page.locator("#node_L.later.empty").count() == 1
    page.locator("#node_A").click()  # a card leads to its step
    assert page.locator("li.now").get_attribute("data-card") == "node_A"
    assert page.locator(".later").evaluate_all("all => all.every((e) => e.tagName === 'LI')")
    for name, empty in (("A", False), ("p", False), ("L", False), ("S", True), ("X", True)):
        assert ("empty" in page.locator(f"#node_{name}").get_attribute("class")) == empty
    page.keyboard.press("Escape")
    assert page.locator(".now, .later, .empty").count() == 0


# -- the graph -------------------------------------------------------------------------------------


def scale(page: Any) -> float:
    """Pixels for each unit of the picture."""
    return float(page.evaluate(
        "(() => { const s = document.querySelector('.view svg');"
        "return s.clientWidth / s.viewBox.baseVal.width; })()"
    ))  # fmt: skip


def corner(page: Any) -> list[float]:
    found: str = page.locator(".view svg").get_attribute("viewBox")
    return [float(x) for x in found.split()[:2]]


def test_the_graph_fills_its_column_and_is_read_while_stepping(
    opened: Opener, report: Path
) -> None:
    page = opened(report).page
    drawn, room = page.evaluate(
        "[document.querySelector('.view svg').clientWidth, document.querySelector('.view').clientWidth]"
    )
    assert drawn == room
    assert scale(page) >= 0.6
    page.keyboard.press("ArrowRight")
    assert 12 * scale(page) >= 12  # a formula's letters, which are 12 units high, in pixels


def test_the_graph_zooms_and_moves(opened: Opener, report: Path) -> None:
    page = opened(report).page
    first, at = scale(page), corner(page)
    page.get_by_role("button", name="Zoom in").click()
    assert scale(page) == pytest.approx(1.3 * first, rel=1e-3)
    page.get_by_role("button", name="Zoom out").click()
    assert scale(page) == pytest.approx(first, rel=1e-3)
    page.get_by_role("button", name="Show the whole graph").click()
    whole = scale(page)
    assert whole < first
    page.get_by_role("button", name="Fit the width").click()
    assert (scale(page), corner(page)) == (pytest.approx(first), pytest.approx(at))

    box = page.locator(".view").bounding_box()
    x, y = box["x"] + 200, box["y"] + 200
    page.mouse.move(x, y)
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(50)
    assert scale(page) == pytest.approx(first)  # the wheel scrolls the page
    page.locator(".view").focus()
    page.mouse.move(x, y)
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(50)
    assert scale(page) > 1.2 * first
    before = corner(page)
    page.mouse.down()
    page.mouse.move(x - 60, y - 40, steps=4)
    page.mouse.up()
    after = corner(page)
    assert after[0] > before[0] + 20
    assert after[1] > before[1] + 20
    assert page.locator(".now").count() == 0  # the end of a drag is no click


def test_two_fingers_zoom(opened: Opener, report: Path) -> None:
    page = opened(report, 390).page
    page.locator(".view").scroll_into_view_if_needed()
    first, box = scale(page), page.locator(".view").bounding_box()
    page.context.new_cdp_session(page).send("Input.synthesizePinchGesture", {
        "x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2,
        "scaleFactor": 2, "gestureSourceType": "touch",
    })  # fmt: skip
    assert scale(page) > 1.5 * first
    assert page.evaluate("visualViewport.scale") == 1


# -- keyboard, screen readers, paper, scripts ------------------------------------------------------


def test_the_keyboard_is_enough(opened: Opener, report: Path) -> None:
    page = opened(report).page
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.ariaLabel"))
        if reached[-1] == "Next step (→)":
            break
    assert reached[:4] == ["Zoom out (−)", "Zoom in (+)", "Fit the width (0)", "Show the whole graph (w)"]
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")  # from the button, too
    assert page.locator(".said").inner_text().startswith("forward 2 of ")
    page.keyboard.press("End")
    assert "later" not in page.locator("ol.backward > li").last.get_attribute("class")
    first, at = scale(page), corner(page)
    page.keyboard.press("+")
    assert scale(page) > first
    page.keyboard.press("Shift+ArrowUp")
    assert corner(page)[1] < at[1] + 200
    page.keyboard.press("0")
    page.keyboard.press("Home")
    assert page.locator("li.now .number").get_attribute("aria-current") == "step"


def test_a_step_is_told(opened: Opener, report: Path) -> None:
    page = opened(report).page
    page.evaluate("location.hash = '#step18'")
    page.reload()
    told = page.get_by_role("status").inner_text()
    assert re.match(r"Step 18 of \d+: ∂L/∂S_b = A_b ⊙ \(.*\)\. Through A\. The softmax Jacobian", told)
    assert page.get_by_role("group", name="Graph").count() == 1
    assert page.get_by_role("list").count() >= 2
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button')].filter((b) => !b.ariaLabel).length"
    )
    assert unnamed == 0


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_nothing_stands_in_the_way_of_anybody(
    opened: Opener, report: Path, width: int, scheme: str
) -> None:
    """What axe finds: contrast, names, roles, what scrolls and cannot be reached."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    script = resources.files(axe).joinpath("axe.min.js").read_text(encoding="utf-8")
    page = opened(report, width, scheme).page
    page.evaluate(script)
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    # within a picture nothing has a role: it is one image, and axe is slow about its thousand parts
    found = page.evaluate("axe.run({exclude: ['svg *']})")["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []


def test_paper_gets_the_whole_graph_and_every_step(opened: Opener, report: Path) -> None:
    page = opened(report, scheme="dark").page
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    sizes = page.evaluate(
        "[...document.querySelectorAll('.passes, .stage, .panel')]"
        ".filter((e) => e.scrollHeight > e.clientHeight + 1).length"
    )
    assert sizes == 0
    view = page.locator(".view svg").evaluate("s => s.getBBox().width <= s.viewBox.baseVal.width")
    assert view
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(22, 50, 79)"
    faint = "[...document.querySelectorAll('.card, .card text')].filter((e) => getComputedStyle(e).opacity < 1).length"
    assert page.evaluate(faint) == 0


def test_hostile_names_stay_text(opened: Opener, tmp_path: Path) -> None:
    evil = '</script><img src=x onerror=alert(1)>"\'&'
    x = mg.tensor(np.ones(2), name=evil, requires_grad=True)
    loss = (x * x).sum().named("<b>L</b>")
    html = page(
        evil, evil, derivation=mg.derive(loss), drawing=mg.draw(loss, backward=True, title=evil),
        sections=[Section(evil, (evil,))],
    )  # fmt: skip
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    shown = opened(path)
    shown.page.keyboard.press("End")
    assert shown.page.locator("h1").inner_text() == evil
    assert shown.page.locator("img, main b").count() == 0
    assert (shown.said, shown.asked) == ([], [])
