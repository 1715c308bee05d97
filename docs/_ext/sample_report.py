"""The report of ``minigrad attention``, made when the pages are built, so that one can look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minigrad.api import draw
from minigrad.cli.attention.report import report_page
from minigrad.cli.attention.study import Study

FOLDER = Path(__file__).parent.parent / "_made"
EPOCHS = 30


def write_report(*_: Any) -> None:
    """Train, and write the page that the site links to."""
    study = Study(seed=0)
    for _epoch in study.train(EPOCHS):
        pass
    FOLDER.mkdir(exist_ok=True)
    drawing = draw(study.loss, backward=True, title="Self-attention with binary cross-entropy")
    (FOLDER / "report.html").write_text(report_page(study, drawing), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Write the report when a build begins."""
    # before Sphinx looks whether the folder is there
    app.connect("config-inited", write_report, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
