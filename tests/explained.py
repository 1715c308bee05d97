"""What a reader of a printed derivation cannot know: names that nothing explains, or that have two meanings.

It reads the text alone, line by line, as a reader does: a where-list first, for that is where one looks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import minigrad as mg
from minigrad.names import tangent_name
from minigrad.notation.printed_text.grammar import Statement, SyntaxNode, statements
from minigrad.notation.printed_text.places import names_in
from minigrad.notation.printed_text.unicode_grammar import unicode_piece


def complaints(
    text: str, variables: Collection[str], dims: Collection[str], named: Collection[str], results: Collection[str]
) -> list[str]:
    """What is wrong with the names in a text.

    ``variables`` and ``dims`` need no explanation, ``named`` are tensors that the user named, and ``results``
    the left sides that were asked for.
    """
    lines = statements(text, [*variables, *dims], unicode_piece)
    found: list[str] = []
    known = {*variables, *dims}
    used: set[str] = set()
    letters: set[str] = set()
    spoken: set[str] = set()
    lefts = [line.name for line in lines]
    for line in lines:
        own = {p for place in line.places if place is not None for p in names_in(place)}
        bound = own | {*_bound(line.piece)}
        letters |= bound
        names = {*_names(line.piece, frozenset(own), known)}
        found += [f"{name} is not explained before {line.name}" for name in sorted(names - known)]
        spoken |= names & {*dims}
        used |= names - {line.name}
        if line.name in known:
            found.append(f"{line.name} has two meanings")
        known.add(line.name)
        if (other := _renamed(line)) in {*lefts} - {*named} - {*results}:
            elsewhere = any(other in _names(o.piece, frozenset(), known) for o in lines if o is not line)
            if line.name not in {*results, *named} or not elsewhere:
                found.append(f"{line.name} merely renames {other}")
    found += [f"{name} is not used" for name in lefts if name not in used.union(results, named)]
    meant = {*variables, *lefts, *spoken}
    found += [f"{letter} is an index and means something else" for letter in sorted(letters & meant)]
    return found


def of_derivation(derived: mg.Derivation, dims: Collection[str] = ()) -> list[str]:
    """What is wrong with the names that a derivation prints, whole and formula by formula."""
    reading = derived.reading
    variables = list(reading.lowered.leaves)
    variables += [str(tangent.name) for tangent in reading.tangents]
    named = {*reading.names_by_user, *reading.outputs}
    named |= {reading.names.gradient(name) for name in named}
    named |= {tangent_name(name) for name in named}
    dims = {*dims, *reading.names.dims}
    results = [formula.name for formula in derived.values()]
    found = complaints(str(derived), variables, dims, named, results)
    for formula in derived.values():
        found += complaints(str(formula), variables, dims, named, [formula.name])
    return found


def _renamed(line: Statement) -> str:
    piece = line.piece
    piece = piece.parts[0] if piece.kind == "at" else piece
    return str(piece.value) if piece.kind == "name" else ""


def _bound(piece: SyntaxNode) -> Iterator[str]:
    """The letters that sums bind."""
    if piece.kind == "Σ":
        yield from piece.value  # type: ignore[misc]
    for part in piece.parts:
        yield from _bound(part)


def _placed(piece: SyntaxNode) -> Iterator[str]:
    """The letters and dims that stand as places."""
    if piece.kind in ("at", "put"):
        for place in piece.value:  # type: ignore[attr-defined]
            yield from names_in(place) if place is not None else ()
    for part in piece.parts:
        yield from _placed(part)


def _names(piece: SyntaxNode, bound: frozenset[str], known: Collection[str]) -> Iterator[str]:
    """The names that a piece speaks of, without letters that are bound where they stand."""
    if piece.kind == "Σ":
        bound |= {*piece.value}  # type: ignore[misc]
    if piece.kind == "name":
        name = str(piece.value)
        if name in known or not {*name} <= bound:
            yield from () if name in bound else (name,)
    if piece.kind in ("at", "put"):
        for place in piece.value:  # type: ignore[attr-defined]
            yield from (n for n in names_in(place or "") if n not in bound)
    if piece.kind == "unit" and isinstance(piece.value, str):
        yield from (n for n in names_in(piece.value) if n not in bound)
    for part in piece.parts:
        yield from _names(part, bound, known)
