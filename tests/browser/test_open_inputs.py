"""What is changed on the live page: the program, its variables and numbers, examples, colours, parts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from minigrad.page import GALLERY, answer
from minigrad.page.server import Server

SPD = {
    "title": "A quadratic form",
    "program": "L = x @ A @ x * c",
    "variables": {"A": "n n | spd", "x": "n", "c": "| positive"},
    "sizes": {"n": 2},
    "values": {"A": [[2.0, 0.5], [0.5, 1.0]], "x": [1.0, -1.0], "c": 3.0},
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    posts = {"call": lambda asked: json.dumps(answer(asked)).encode(), "cancel": lambda asked: b"{}"}
    with Server(posts, {"start.json": {}, "gallery.json": [*GALLERY, SPD]}) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def opened(browser: Any, address: str, **kind: Any) -> Any:
    page = browser.new_context(reduced_motion="reduce", **kind).new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(address)
    page.locator(".var[data-name=X] td").first.wait_for()
    return page


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    made = opened(browser, address, viewport={"width": 1280, "height": 800})
    yield made
    faults = made.faults
    made.context.close()
    assert faults == []


def numbers(page: Any, name: str) -> list[str]:
    return page.locator(f".var[data-name={name}] td").all_inner_texts()


def until(page: Any, name: str, shown: list[str]) -> None:
    """Waits until the numbers of a variable are these."""
    page.wait_for_function(
        "([name, shown]) => [...document.querySelectorAll(`.var[data-name=${name}] td`)].map(c => c.textContent).join() === shown",
        arg=[name, ",".join(shown)],
    )


def select(page: Any, text: str) -> None:
    page.locator("#text").focus()
    page.evaluate(
        """text => { const area = document.getElementById("text"), at = area.value.indexOf(text);
        area.setSelectionRange(at, at + text.length); }""",
        text,
    )


def test_an_error_is_told_at_its_place_and_mended_by_its_button(page: Any) -> None:
    before = page.locator("#text").input_value()
    select(page, "K.T")
    page.keyboard.type("K")
    page.get_by_role("button", name="Transpose K").wait_for()
    assert "".join(page.locator(".shown .fault").all_inner_texts()) == "Q @ K"
    assert "line 4, column 5" in page.locator("#program-told").inner_text()
    assert "stale" in page.locator("body").get_attribute("class")
    page.get_by_role("button", name="Transpose K").click()
    assert page.locator("#text").input_value() == before
    page.locator("#program-told .tick").wait_for()
    page.keyboard.press("Control+z")  # what the button wrote is undone as if it were typed
    assert "Q @ K /" in page.locator("#text").input_value()


def test_a_new_name_is_accepted_or_mended(page: Any) -> None:
    select(page, "K.T")
    page.keyboard.type("Kt")
    page.get_by_role("button", name="Write K.T").click()
    page.locator(".chips .chip").wait_for(state="detached")
    select(page, "K.T")
    page.keyboard.type("Kt")
    page.get_by_role("button", name="Accept Kt").click()
    page.locator(".chips .chip").wait_for(state="detached")
    assert page.get_by_label("Dims and assumptions of Kt").input_value() == "k n"


def test_numbers_are_typed_dragged_stepped_and_flow_on(page: Any) -> None:
    loss = page.locator("#values").inner_text()
    cell = page.locator(".var[data-name=X] td").nth(1)
    cell.click()
    page.keyboard.type("2.5")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    assert numbers(page, "X")[:6] == ["1.00", "2.50", ".80", ".20", "1.50", "−1.00"]
    box = cell.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 35, box["y"] + 5, steps=4)
    page.mouse.up()
    assert numbers(page, "X")[1] == "3.00"
    page.locator(".var[data-name=y] td").nth(1).click()
    assert numbers(page, "y") == ["1", "1", "0", "1"]
    page.wait_for_function("loss => document.querySelector('#values').innerText !== loss", arg=loss)


def test_a_dim_is_resized_and_its_numbers_stay(page: Any) -> None:
    old = numbers(page, "X")
    page.get_by_role("button", name="n larger").click()
    page.locator(".var[data-name=X] td").nth(12).wait_for()
    assert numbers(page, "X")[:12] == old
    assert len(numbers(page, "y")) == 5
    page.get_by_role("button", name="n smaller").click()
    until(page, "X", old)


def test_what_breaks_an_assumption_is_refused_in_words(page: Any) -> None:
    page.keyboard.press("e")
    page.get_by_role("button", name="A quadratic form").click()
    page.locator(".var[data-name=A] td").first.wait_for()
    page.locator(".var[data-name=A] td").nth(1).click()
    page.keyboard.type("0.75")
    page.keyboard.press("Enter")
    until(page, "A", ["2.00", ".75", ".75", "1.00"])  # its other side follows
    page.locator(".var[data-name=c] td").click()
    page.keyboard.type("-1")
    page.keyboard.press("Enter")
    page.locator(".refused", has_text="c is positive").wait_for()
    until(page, "c", ["3"])
    assert numbers(page, "A")[1] == ".75"


def test_the_keys_of_the_page(page: Any) -> None:
    page.keyboard.press("e")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function("title => document.getElementById('title').value === title", arg=GALLERY[1]["title"])
    dark = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(dark)
    page.keyboard.press("d")
    assert page.evaluate(dark) != light
    page.keyboard.press("/")
    page.keyboard.press("Control+Home")
    page.keyboard.type("ed/ ")  # letters, while one types
    assert page.locator("#text").input_value().startswith("ed/ ")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "text"


def test_the_switch_is_stronger_than_the_system_and_is_kept(browser: Any, address: str) -> None:
    page = opened(browser, address, color_scheme="dark")
    paper = "getComputedStyle(document.querySelector('.panel')).backgroundColor"
    card = "getComputedStyle(document.querySelector('#picture .card path')).fill"
    page.locator("#picture .card").first.wait_for()
    dark = [page.evaluate(paper), page.evaluate(card)]
    page.locator("#theme").click()
    light = [page.evaluate(paper), page.evaluate(card)]
    assert all(one != other for one, other in zip(dark, light, strict=True))
    page.reload()
    page.locator("#picture .card").first.wait_for()
    assert [page.evaluate(paper), page.evaluate(card)] == light
    page.context.close()


def test_a_phone_shows_one_part_at_a_time(browser: Any, address: str) -> None:
    page = opened(browser, address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert not page.locator("#formulas").is_visible()
    page.locator("[data-part=steps]").tap()
    assert page.locator("#formulas").is_visible()
    assert not page.locator("#text").is_visible()
    page.locator("#stepbar").get_by_role("button", name="Next").tap()
    assert "forward 1 of 8" in page.locator("#stepbar").inner_text()
    page.get_by_role("button", name="More").tap()
    page.get_by_role("menuitem", name="Examples").tap()
    page.locator(".tile").nth(4).tap()
    page.locator("[data-part=program]").tap()
    page.locator(".var[data-name=w] td").first.wait_for()
    for part in ("program", "graph", "steps", "values", "turn", "source"):
        page.locator(f"[data-part={part}]").tap()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.faults == []
    page.context.close()
