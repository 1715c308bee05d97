"""After a build: no page may need a network to be read."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

# Elements that a browser fetches something for, and where they say what. A link is followed by hand.
FETCHING = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "object": "data",
}
OUTSIDE = re.compile(r"^(https?:)?//")
# A link that only tells a search engine something is not fetched.
NOT_FETCHED = {"canonical", "author", "license", "next", "prev"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element fetches from elsewhere."""
        values = dict(attrs)
        target = values.get(FETCHING.get(tag, "")) or ""
        if OUTSIDE.match(target) and (values.get("rel") or "") not in NOT_FETCHED:
            self.found.append(f"<{tag}> {target}")


def outside_references(folder: Path) -> list[str]:
    """What the pages and style sheets of a folder load from elsewhere."""
    found = []
    for page in sorted(folder.rglob("*.html")):
        reader = _Reader()
        reader.feed(page.read_text(encoding="utf-8"))
        found += [f"{page.relative_to(folder)}: {what}" for what in reader.found]
    for sheet in sorted(folder.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8")
        urls = re.findall(r"""url\(["']?((?:https?:)?//[^)"']+)""", text)
        found += [f"{sheet.relative_to(folder)}: {url}" for url in urls]
    return found


def check(app: Any, exception: Exception | None) -> None:
    """Fail the build where a page needs a network."""
    if exception is None and app.builder.format == "html":
        found = outside_references(Path(app.outdir))
        if found:
            raise RuntimeError("pages load from elsewhere:\n  " + "\n  ".join(found))


def setup(app: Any) -> dict[str, bool]:
    """Check when a build is over."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
