"""Formulas as source code: what a generated function is called, says of itself, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minigrad.api.reading import Derived, Key, Reading
from minigrad.index.expr import Ref, referred
from minigrad.notation.lines import backward_rank
from minigrad.source import Shard, Written, source_of

_STEP = "step"  # a function that returns the value too


def formula_source(formula: Derived, reading: Reading, language: str) -> str:
    """One standalone function that returns the formula's array."""
    kind = _kind(formula)
    name = f"{kind}_{formula.of}" if formula.of else kind
    what = f"by {formula.of}" if formula.of else f"({formula.name})"
    summary = _summary(kind, reading, what)
    return _written([(None, formula)], reading, language, name, summary)


def derivation_source(
    formulas: Mapping[Key, Derived], reading: Reading, language: str, shard: Shard | None = None
) -> str:
    """One standalone function that returns the arrays of all formulas by name.

    With ``shard`` it is a step on many devices, and returns the value as well where that is a number.
    """
    kind = _kind(next(iter(formulas.values())))
    texts = [" and ".join(dict.fromkeys(k)) if isinstance(k, tuple) else k for k in formulas]
    by = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
    word = kind if len(texts) == 1 else f"{kind}s"
    summary = _summary(word, reading, f"by {by}")
    name = f"{kind}s"
    if shard is not None and kind == "gradient" and not reading.lowered.cotangents:
        name, summary = _STEP, f"{reading.output_name or 'The output'} and its {word} by {by}."
    return _written(list(formulas.items()), reading, language, name, summary, shard)


def _written(
    formulas: Sequence[tuple[Key | None, Derived]],
    reading: Reading,
    language: str,
    name: str,
    summary: str,
    shard: Shard | None = None,
) -> str:
    lowered = reading.lowered
    refs = referred(*(formula.expr for _, formula in formulas))
    forward = sorted((r for r in refs if r.of is None), key=lambda r: reading.rank.get(r.name, 0))
    written: list[Written] = [(key, f.name, f.expr, f.sizes) for key, f in formulas]
    valued = name == _STEP
    if valued:
        written.insert(0, (None, reading.output_name or "value", reading.output, ()))
    return source_of(
        written,
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
        shard=shard,
        valued=valued,
    )


def _backward(refs: Sequence[Ref], reading: Reading) -> list[str]:
    rank = backward_rank({ref.name: ref for ref in reading.definitions})
    return [ref.name for ref in sorted(refs, key=lambda ref: rank.get(ref.of or "", (0, 0, 0)))]


def _kind(formula: Derived) -> str:
    if len(formula.axes) > 2:
        return "hessian"
    return "jacobian" if formula.axes[0] else "gradient"


def _summary(kind: str, reading: Reading, what: str) -> str:
    lowered = reading.lowered
    if not lowered.cotangents:
        return f"The {kind} of {reading.output_name or 'the output'} {what}."
    seeds = [f"{lowered.names[c]} is the gradient by {o.name}" for c, o in lowered.cotangents.items()]
    return f"The {kind} {what}, where {' and '.join(seeds)}."
