"""`source_of`: formulas as the text of one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from minigrad.errors import ArgumentError
from minigrad.index.expr import Expr, Leaf, postorder
from minigrad.index.size import AnySize
from minigrad.program import program
from minigrad.source.constants import is_written_out
from minigrad.source.dialects import DIALECTS
from minigrad.source.function import Function
from minigrad.source.layout import Layout, Result, Source
from minigrad.source.mesh import MeshFunction, Shard, checked_shard

LANGUAGES = tuple(DIALECTS)

Key = str | tuple[str, ...] | None
# key in the returned dict (None for a single array), name, expression, shape with axes of length 1
Written = tuple[Key, str, Expr, tuple[AnySize, ...]]


def source_of(
    formulas: Sequence[Written],
    language: str = "numpy",
    *,
    name: str = "gradients",
    summary: str = "",
    variables: Mapping[str, Sequence[AnySize]] | None = None,
    forward: Sequence[str] = (),
    backward: Sequence[str] = (),
    sizes: Mapping[str, int] | None = None,
    constants: Mapping[str, Any] | None = None,
    shard: Shard | None = None,
    valued: bool = False,
) -> Source:
    """The text of one standalone function that computes the formulas.

    Parameters
    ----------
    formulas
        Key, name, expression and shape of each. With the key None the function returns the array of the
        one formula, otherwise a dict of arrays by key.
    language
        "numpy", "jax" or "torch".
    name, summary
        The function's name, and the first line of its docstring.
    variables
        The sizes of every variable's array (axes of length 1 included), in the order of the arguments.
    forward, backward
        Names of intermediate tensors and gradients, in the order in which their statements should stand.
    sizes
        What dims measure, if known; it decides in which order products are contracted.
    constants
        Arrays of variables (without axes of length 1) that the user gave no name; small ones are written out.
    shard
        Dims that are cut over axes of a mesh of devices, in JAX; with ``valued`` the first formula is the
        value whose gradients the others are.

    Raises
    ------
    ArgumentError
        When the language is not known.
    DerivationError
        When an operation has no form in array operations.
    """
    check_language(language)
    made = program([expr for _, _, expr, _ in formulas], dict(sizes or {}))
    results = [
        Result(key, left, value, tuple(shape))
        for (key, left, _, shape), value in zip(formulas, made.results, strict=True)
    ]
    known = dict(variables or {})
    for node in postorder(*(expr for _, _, expr, _ in formulas)):
        if isinstance(node, Leaf) and node.kind == "data":
            known.setdefault(node.name, node.sizes)
    text = summary or f"{', '.join(left for _, left, _, _ in formulas)}."
    small = {n: a for n, a in (constants or {}).items() if is_written_out(a)}
    layout = Layout(name, text, known, forward, backward, small, language)
    if shard is None:
        return Function(made, results, layout).write()
    return MeshFunction(made, results, layout, checked_shard(shard, language, known), valued).write()


def check_language(language: str) -> None:
    """Raise where formulas are not written in the language."""
    if language not in LANGUAGES:
        near = get_close_matches(str(language), LANGUAGES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ArgumentError(
            f"source: {language!r} is no language that formulas are written in, known are "
            f"{', '.join(map(repr, LANGUAGES))}{hint}"
        )
