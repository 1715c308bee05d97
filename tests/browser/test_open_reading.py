"""What is read on the live page: graph, steps, formulas, values, the question that is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from minigrad.page import GALLERY, answer
from minigrad.page.server import Server

ATTENTION = next(example for example in GALLERY if example["id"] == "attention")


def answered(asked: dict[str, Any]) -> bytes:
    return json.dumps(answer(asked)).encode()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    posts = {"call": answered, "cancel": lambda asked: b"{}"}
    with Server(posts, {"start.json": ATTENTION, "gallery.json": []}) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    made = context.new_page()
    faults: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.goto(address)
    made.locator("#formulas li").nth(19).wait_for()
    yield made
    context.close()
    assert faults == []


def to(page: Any, line: str) -> None:
    page.locator(f'#formulas [data-line="{line}"]').click()


def test_a_step_lights_its_card_its_line_and_its_values(page: Any) -> None:
    to(page, "dS")
    assert page.locator("#picture .card.now").get_attribute("id") == "node_S"
    assert page.locator("#formulas [aria-current=step]").get_attribute("data-line") == "dS"
    assert page.locator("#values .one.now table").first.get_attribute("aria-label") == "S"
    assert "softmax Jacobian" in page.locator("#derivation .why").inner_text()
    assert "backward 5 of 12" in page.locator("#derivation .count").inner_text()


def test_the_track_is_a_slider(page: Any) -> None:
    track = page.get_by_role("slider", name="Step")
    track.focus()
    page.keyboard.press("End")
    last = int(track.get_attribute("aria-valuemax"))
    assert int(track.get_attribute("aria-valuenow")) == last
    page.keyboard.press("ArrowLeft")
    assert int(track.get_attribute("aria-valuenow")) == last - 1
    page.keyboard.press("Home")
    assert page.locator("#picture .card.now").count() == 0


def test_a_card_leads_to_its_step_by_key_and_pointer(page: Any) -> None:
    page.locator("#node_A").focus()
    page.keyboard.press("Enter")
    assert page.locator("#formulas [aria-current=step]").get_attribute("data-line") == "dA"
    page.locator("#node_A").click()
    assert page.locator("#formulas [aria-current=step]").get_attribute("data-line") == "A"


def test_a_symbol_is_lit_wherever_it_stands(page: Any) -> None:
    page.locator('#formulas [data-line="S"] [data-symbol="Q"]').hover()
    lit = page.locator('[data-symbol="Q"].lit')
    lit.first.wait_for()
    assert lit.count() == page.locator('[data-symbol="Q"]').count() > 3
    assert page.locator("#node_Q.lit").count() == 1
    page.locator("#brand, .brand").hover()
    assert page.locator(".lit").count() == 0


def test_a_step_is_in_view_as_a_whole(page: Any) -> None:
    page.keyboard.press("ArrowRight")
    for panel in ("#picture", "#derivation", "#formulas"):
        box = page.locator(panel).bounding_box()
        assert box["y"] >= 56
        assert box["y"] + box["height"] <= 800
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_gradients_are_written_both_ways(page: Any) -> None:
    line = page.locator('#formulas [data-line="dK"]')
    assert line.locator(".hidden").inner_text().startswith("∂L/∂K = ")
    page.get_by_role("button", name="dT", exact=True).click()
    assert line.locator(".hidden").inner_text().startswith("dK = ")


def test_a_hidden_answer_is_nowhere(page: Any) -> None:
    to(page, "dK")
    page.get_by_role("button", name="Hide the answer").click()
    formula = "dSᵀ Q"
    assert formula not in page.locator("body").aria_snapshot()
    assert "hidden" in page.locator("#source pre").inner_text()
    assert page.locator("#formulas [data-line=dK] math").count() == 0
    assert page.locator("#values .one", has=page.locator('table[aria-label="K"]')).locator("table").count() == 1
    assert page.locator("#node_K text").last.evaluate("e => getComputedStyle(e).visibility") == "hidden"
    page.get_by_role("button", name="Show the answer").click()
    assert page.locator("#formulas [data-line=dK] math").count() == 1


def test_rows_of_formulas_are_full(page: Any) -> None:
    spans = "(w) => import('./formulas.js').then(({ spansOf }) => spansOf(w, 600))"
    assert page.evaluate(spans, [100, 100, 100]) == [2, 2, 2]
    assert page.evaluate(spans, [250, 250]) == [3, 3]
    assert page.evaluate(spans, [390, 100, 900]) == [4, 2, 6]
    assert page.evaluate(spans, [900, 100]) == [6, 6]


def test_parentheses_are_set_in_the_font_of_the_page(page: Any) -> None:
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"Minigrad Math\"', 'x'))")
    names = "[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family.replaceAll('\"', ''))"
    assert "Minigrad Math" in page.evaluate(names)


def test_a_shared_question_opens_at_its_step_with_its_answer_hidden(page: Any, address: str) -> None:
    link = page.evaluate(
        """import('./address.js').then(({ written }) => written({ ...%s, step: 15, turn: { of: "dK", hide: true } }))"""
        % json.dumps(ATTENTION)
    )
    page.goto("about:blank")
    page.goto(f"{address}#{link}")
    page.locator("#derivation .veil").wait_for()
    assert page.locator("#turn select").input_value() == "dK"
    assert "backward 7 of 12" in page.locator("#derivation .count").inner_text()
    page.locator("#text").fill("L = sum(X ** 2)")
    page.locator('#formulas [data-line="dX"] math').wait_for()  # the question went with its program
    page.locator("#source pre", has_text="def gradients").wait_for()


def test_a_number_of_a_result_frames_what_it_comes_from(page: Any) -> None:
    to(page, "dS")
    result = page.locator(".pieces .result")
    result.wait_for()
    assert page.locator(".pieces .large").count() == 0  # arrays without a name are shown, too
    result.focus()
    page.keyboard.press("Home")
    assert page.locator(".sum").inner_text().startswith("row 1, column 1: ")
    assert result.locator("td.marked").count() == 1
    assert page.locator(".pieces td.marked").count() == 4
    assert "backward 5 of 12" in page.locator("#derivation .count").inner_text()
