"""Formulas as source code: what a generated function is called, says of itself, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from minigrad.index.expr import Ref
from minigrad.index.size import AnySize
from minigrad.notation.lines import backward_rank, referred
from minigrad.source import source_of

if TYPE_CHECKING:
    from minigrad.api.formula import Formula, Reading

Key = str | tuple[str, str]


def formula_source(formula: Formula, language: str) -> str:
    """One standalone function that returns the formula's array."""
    kind = _kind(formula)
    name = f"{kind}_{formula.of}" if formula.of else kind
    what = f"by {formula.of}" if formula.of else f"({formula.name})"
    summary = f"The {kind} of {_output(formula.reading)} {what}."
    return _written([(None, formula)], language, name, summary)


def derivation_source(formulas: Mapping[Key, Formula], language: str) -> str:
    """One standalone function that returns the arrays of all formulas by name."""
    first = next(iter(formulas.values()))
    kind = _kind(first)
    texts = [" and ".join(dict.fromkeys(k)) if isinstance(k, tuple) else k for k in formulas]
    by = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
    word = kind if len(texts) == 1 else f"{kind}s"
    summary = f"The {word} of {_output(first.reading)} by {by}."
    return _written(list(formulas.items()), language, f"{kind}s", summary)


def _written(
    formulas: Sequence[tuple[Key | None, Formula]],
    language: str,
    name: str,
    summary: str,
) -> str:
    reading = formulas[0][1].reading
    lowered = reading.lowered
    refs = referred([formula.expr for _, formula in formulas])
    forward = sorted((r for r in refs if r.of is None), key=lambda r: reading.rank.get(r.name, 0))
    return source_of(
        [(key, f.name, f.expr, _shape(f)) for key, f in formulas],
        language,
        name=name,
        summary=summary,
        variables={
            name: lowered.views[node].sizes
            for name, (node, _) in lowered.leaves.items()
            if node in lowered.views  # a mask whose positions are written in is no variable
        },
        forward=[ref.name for ref in forward],
        backward=_backward([ref for ref in refs if ref.of is not None], reading),
        sizes=lowered.sizes,
        constants={
            name: lowered.leaf_array(name, node.value)
            for name, (node, _) in lowered.leaves.items()
            if node.name is None and not node.requires_grad and node.value is not None
        },
    )


def _shape(formula: Formula) -> tuple[AnySize, ...]:
    return tuple(size for part in formula.axes for size in part)


def _backward(refs: Sequence[Ref], reading: Reading) -> list[str]:
    rank = backward_rank({ref.name: ref for ref in reading.definitions})
    return [ref.name for ref in sorted(refs, key=lambda ref: rank.get(ref.of or "", (0, 0, 0)))]


def _kind(formula: Formula) -> str:
    if len(formula.axes) > 2:
        return "hessian"
    return "jacobian" if formula.axes[0] else "gradient"


def _output(reading: Reading) -> str:
    return reading.lowered.names.get(reading.node) or "the output"
