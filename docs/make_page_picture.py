"""The picture of the live page in README: `python docs/make_page_picture.py`, with the extra ``browser``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parent / "pictures" / "live-page.png"
_OPEN = [sys.executable, "-m", "minigrad", "open", "--no-browser", "--example", "attention"]


def main() -> None:
    """Open attention, go to the gradient through the softmax, and take the page as it stands."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    with subprocess.Popen(_OPEN, stdout=subprocess.PIPE, text=True) as command, sync_playwright() as driver:
        assert command.stdout is not None
        address = command.stdout.readline().strip()
        opened = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = opened.new_page(viewport={"width": 1280, "height": 1240}, reduced_motion="reduce")
        page.goto(address)
        page.locator("#badge", has_text="Checked").wait_for(timeout=60_000)
        page.locator('#formulas [data-line="dS"]').click()
        page.locator("#derivation table").first.wait_for()
        page.locator("#derivation table").first.locator("td").nth(9).hover()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=PICTURE)
        opened.close()
        command.terminate()


if __name__ == "__main__":
    main()
