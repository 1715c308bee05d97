"""A derivation as the checker sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minigrad.checking import GeneratedSource, Subject

if TYPE_CHECKING:
    from minigrad.api.derivation import Derivation


def subject_of(derivation: Derivation, given: Mapping[str, Any]) -> Subject:
    """The output, its variables, and what was derived and generated for them."""
    lowered = derivation.reading.lowered
    by_name = {name: node for node, name in lowered.names.items()}
    keys = [key if isinstance(key, tuple) else (key,) for key in derivation]
    formulas = list(derivation.values())
    return Subject(
        derivation.reading.node,
        [by_name[key[-1]] for key in keys],
        [", ".join(key) for key in keys],
        [f.expr for f in formulas],
        lowered,
        given,
        written=GeneratedSource(derivation.source),
        inner=[by_name[key[0]] for key in keys] if derivation.order == 2 else None,
    )
