"""A derivation as the checker sees it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from minigrad.api.reading import Derived, Key, Reading
from minigrad.api.source import derivation_source
from minigrad.checking import GeneratedSource, Subject
from minigrad.source import LANGUAGES


def subject_of(
    reading: Reading, formulas: Mapping[Key, Derived], order: int, given: Mapping[str, Any]
) -> Subject:
    """The output, its variables, and what was derived and generated for them."""
    by_name = {name: node for node, name in reading.lowered.names.items()}
    keys = [key if isinstance(key, tuple) else (key,) for key in formulas]
    return Subject(
        reading.node,
        [by_name[key[-1]] for key in keys],
        [", ".join(key) for key in keys],
        [f.expr for f in formulas.values()],
        reading.lowered,
        given,
        written={
            language: GeneratedSource(partial(derivation_source, formulas, reading), language)
            for language in LANGUAGES
        },
        inner=[by_name[key[0]] for key in keys] if order == 2 else None,
    )
