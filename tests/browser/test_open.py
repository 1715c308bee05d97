"""The live page as it is used: the command starts it, a program is typed, its gradient read, written and judged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

PROGRAM = "r = X @ w - y\nL = mean(r ** 2)"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "minigrad", "open", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce", accept_downloads=True
    )
    made = context.new_page()
    faults: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.goto(address)
    made.locator("#formulas li").first.wait_for()
    yield made
    context.close()
    assert faults == []


def typed(page: Any, program: str) -> None:
    page.locator("#program textarea").fill(program)


def least_squares(page: Any) -> None:
    """Another program, in which X and w are what they were not: a button says so."""
    typed(page, PROGRAM)
    page.get_by_role("button", name="Find the dims of X anew").click()
    page.locator('#formulas [data-line="dr"]').wait_for()


def test_typed_seen_changed_judged(page: Any) -> None:
    least_squares(page)
    assert page.locator('#formulas [data-line="dw"]').count() == 1
    # a number is changed, and what follows from it changes with it
    loss = page.locator('#values table[aria-label="L"] td').first
    before = loss.inner_text()
    cell = page.locator("#variables table").first.locator("td").first
    cell.click()
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.wait_for_function("before => document.querySelector('#values table[aria-label=\"L\"] td').textContent !== before", arg=before)
    # the gradient is written: wrong, then right
    page.locator('#formulas [data-line="dw"]').click()
    answer = page.locator("#turn input")
    for text, heading in (("X @ dr", None), ("2 * X.T @ dr", "factor 2"), ("X.T @ dr", "Right")):
        answer.fill(text)
        answer.press("Enter")
        page.locator("#turn .judged h3", has_text=heading or "sizes").wait_for()
    # and it was checked
    page.locator("#badge", has_text="Proved").wait_for(timeout=60_000)


def test_another_site_and_a_guessed_address_are_refused(page: Any, address: str, browser: Any) -> None:
    wrong = address.replace(address.rstrip("/").split("/")[-1], "guessed")
    told = page.request.get(wrong)
    assert told.status == 403
    for headers in ({"Origin": "http://example.org"}, {"Host": "example.org"}):
        posted = page.request.post(
            f"{address}call", data={"program": "x", "ask": {}}, headers={"Content-Type": "application/json", **headers}
        )
        assert posted.status in (403, 421)


def test_names_and_texts_are_text(page: Any) -> None:
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    typed(page, 'z = "<img src=x onerror=alert(1)>"\nsum(x)')
    page.locator("#program .message, #program [role=alert], #program .fault").first.wait_for()
    assert page.locator("img").count() == 0
    typed(page, "sum(exp(w))")
    page.locator('#formulas [data-line="dw"]').wait_for()


def test_an_export_is_read_with_no_network(page: Any, browser: Any, tmp_path: Any) -> None:
    least_squares(page)
    page.get_by_role("button", name="Export").click()
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("menuitem").first.click()
    path = tmp_path / "export.html"
    download.value.save_as(path)
    context = browser.new_context(offline=True, reduced_motion="reduce")
    frozen = context.new_page()
    asked: list[str] = []
    frozen.on("request", lambda request: asked.append(request.url))
    frozen.goto(path.as_uri())
    frozen.locator('#formulas [data-line="dw"]').click()
    assert frozen.locator("#formulas [aria-current=step]").get_attribute("data-line") == "dw"
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_bars_anybody(browser: Any, address: str, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    script = resources.files(axe).joinpath("axe.min.js").read_text(encoding="utf-8")
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    made = context.new_page()
    made.goto(address)
    made.locator("#formulas li").first.wait_for(state="attached")
    made.locator("#badge", has_text="Checked").wait_for(timeout=60_000)
    made.evaluate(script)
    found = made.evaluate("axe.run({exclude: ['svg *']})")["violations"]
    serious = [(v["id"], [n["target"] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")]
    context.close()
    assert serious == []
