"""A study's gradients in other languages, and its derivation for a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from minigrad.api import Derivation
from minigrad.errors import MinigradError
from minigrad.page.question import Question
from minigrad.page.study import Study

_Text = Callable[[Derivation], str]


def _source(language: str, derivation: Derivation) -> str:
    return str(derivation.source(language))


_LANGUAGES: dict[str, tuple[str, _Text]] = {
    "numpy": ("NumPy", partial(_source, "numpy")),
    "jax": ("JAX", partial(_source, "jax")),
    "torch": ("PyTorch", partial(_source, "torch")),
    "latex": ("LaTeX", lambda derivation: derivation.latex),
    "typst": ("Typst", lambda derivation: derivation.typst),
}


def sources(study: Study, question: Question, how: Mapping[str, Any]) -> dict[str, Any]:
    """The part `sources` of an answer; a language in which it cannot be said has an error in its place."""
    return {key: _told(label, text, study) for key, (label, text) in _LANGUAGES.items()}


def _told(label: str, text: _Text, study: Study) -> dict[str, Any]:
    try:
        return {"label": label, "text": text(study.derivation)}
    except MinigradError as error:
        return {"label": label, "error": {"message": str(error)}}
