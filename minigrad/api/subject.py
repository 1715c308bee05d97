"""A derivation as the checker sees it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from minigrad.api.reading import Derived, Key, Reading
from minigrad.api.source import derivation_source
from minigrad.checking import GeneratedSource, PrintedFormulas, Subject
from minigrad.notation.text import ASCII, UNICODE
from minigrad.source import LANGUAGES


def subject_of(
    reading: Reading, formulas: Mapping[Key, Derived], order: int, given: Mapping[str, Any]
) -> Subject:
    """The output, its variables, and what was derived and generated for them."""
    by_name = {name: node for node, name in reading.lowered.names.items()}
    paths = [key if isinstance(key, tuple) else (key,) * order for key in formulas]
    moved = (*reading.tangents.values(),)
    nodes = [tuple(by_name[name] for name in path) for path in paths]
    return Subject(
        reading.node,
        [path[-1] for path in nodes],
        [key if isinstance(key, str) else ", ".join(key) for key in formulas],
        [f.expr for f in formulas.values()],
        reading.lowered,
        given,
        written={
            language: GeneratedSource(partial(derivation_source, formulas, reading), language)
            for language in LANGUAGES
        },
        printed={
            marks.name: PrintedFormulas(
                partial(reading.whole, list(formulas.values()), not marks.unicode),
                [(f.name, f.expr) for f in formulas.values()],
                marks,
            )
            for marks in (UNICODE, ASCII)
        },
        inner=[moved or path[:-1] for path in nodes] if order > 1 else None,
        tangents=reading.tangents,
        times=order - 1 if moved else 0,
    )
