"""Variables on the command line: ``X:n,d``, ``S:n,n:spd``, ``lam`` for a scalar."""

from __future__ import annotations

from collections.abc import Iterable

from minigrad.errors import ArgumentError

METAVAR = "[NAME:DIM,DIM[:ASSUMPTION]]..."


def declared_variables(words: Iterable[str]) -> dict[str, str]:
    """The words as the declarations that `minigrad.parse` reads.

    Raises
    ------
    ArgumentError
        When a word has no name, too many parts, or a name that was there before.
    """
    declared: dict[str, str] = {}
    for word in words:
        name, *parts = word.split(":")
        if not name.isidentifier() or len(parts) > 2:
            raise ArgumentError(
                f"{word!r} declares no variable; write NAME:DIM,DIM, as in X:n,d, or with an assumption, "
                "S:n,n:spd; a scalar is lam, or lam::positive"
            )
        if name in declared:
            raise ArgumentError(f"the variable {name!r} is declared twice; leave one")
        dims, facts = (*parts, "", "")[:2]
        text = dims.replace(",", " ")
        declared[name] = f"{text} | {facts.replace(',', ' ')}" if facts else text
    return declared
