"""The graph of a study as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minigrad.page.question import Question
from minigrad.page.study import Study


def graph(study: Study, question: Question, how: Mapping[str, Any]) -> dict[str, Any]:
    """The part `graph` of an answer: the SVG, and which of its cards shows a tensor."""
    return {"svg": study.drawing.svg, "cards": study.drawing.ids}
