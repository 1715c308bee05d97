"""Formulas as source code: what a generated function is called, says of itself, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from minigrad.api.reading import Derived, Key, Reading
from minigrad.errors import ArgumentError
from minigrad.index.expr import Ref, referred
from minigrad.index.size import AnySize
from minigrad.notation.lines import backward_rank
from minigrad.source import Asked, Shard, Written, pair_of, source_of

# A docstring lists so many variables, and counts more.
_MOST_LISTED = 16


def formula_source(formula: Derived, reading: Reading, language: str) -> str:
    """One standalone function that returns the formula's array."""
    kind = _kind(formula)
    name = f"{kind}_{formula.of}" if formula.of else kind
    what = f"by {formula.of}" if formula.of else f"({formula.name})"
    summary = _summary(kind, reading, what)
    return _written([(None, formula)], reading, language, name, summary)


def derivation_source(
    formulas: Mapping[Key, Derived],
    reading: Reading,
    language: str,
    name: str = "",
    shard: Shard | None = None,
) -> str:
    """One standalone function that returns the arrays of all formulas by name.

    With ``shard`` it is a step on many devices, and returns the value as well where that is a number.
    """
    kind = _kind(next(iter(formulas.values())))
    word, by = kind if len(formulas) == 1 else f"{kind}s", f"by {_listed(formulas)}"
    summary, usual = _summary(word, reading, by), f"{kind}s"
    valued = shard is not None and kind == "gradient" and not reading.lowered.cotangents
    if valued:
        usual, summary = "step", f"{reading.output_name or 'The output'} and its {word} {by}."
    return _written(
        list(formulas.items()), reading, language, name or usual, summary, shard, valued
    )


def _written(
    formulas: Sequence[tuple[Key | None, Derived]],
    reading: Reading,
    language: str,
    name: str,
    summary: str,
    shard: Shard | None = None,
    valued: bool = False,
) -> str:
    forward, backward = _statements(reading, [formula for _, formula in formulas])
    written = [_part(key, formula) for key, formula in formulas]
    if valued:
        written.insert(0, (None, reading.output_name or "value", reading.output, ()))
    return source_of(
        written,
        language,
        name=name,
        summary=summary,
        variables=_variables(reading),
        forward=forward,
        backward=backward,
        sizes=reading.lowered.sizes,
        constants=_constants(reading),
        shard=shard,
        valued=valued,
    )


def function_source(
    formulas: Mapping[Key, Derived], reading: Reading, language: str, name: str
) -> str:
    """One function whose backward pass the formulas are, which are those of a pullback.

    Raises
    ------
    ArgumentError
        When a variable is computed: a function has the gradients by its arguments.
    """
    lowered = reading.lowered
    computed = [key for key in formulas if key not in lowered.leaves]
    if computed:
        raise ArgumentError(
            f"source: a function has the gradients by its arguments, and {computed[0]} is computed; derive by "
            "variables, or write the gradients alone: form=\"gradients\""
        )
    before, after = _statements(reading, [*formulas.values()])
    seeds = {lowered.names[c]: lowered.views[c].sizes for c in lowered.cotangents}
    outputs = [
        (None, output.name, reading.outputs[output.name], lowered.views[output.node].sizes)
        for output in lowered.cotangents.values()
    ]
    variables = {n: sizes for n, sizes in _variables(reading).items() if n not in seeds}
    asked = Asked(
        outputs,
        [_part(key, formula) for key, formula in formulas.items()],
        seeds,
        variables,
        before,
        after,
        lowered.sizes or {},
        _constants(reading),
        _summary("gradient" if len(formulas) == 1 else "gradients", reading, f"by {_listed(formulas)}"),
    )
    return pair_of(asked, language, name)


def _part(key: Key | None, formula: Derived) -> Written:
    return key, formula.name, formula.expr, formula.sizes


def _statements(reading: Reading, formulas: Sequence[Derived]) -> tuple[list[str], list[str]]:
    """The names of tensors and of gradients, in the order in which their statements stand."""
    refs = referred(*(formula.expr for formula in formulas))
    forward = sorted((r for r in refs if r.of is None), key=lambda r: reading.rank.get(r.name, 0))
    return [ref.name for ref in forward], _backward([r for r in refs if r.of is not None], reading)


def _variables(reading: Reading) -> dict[str, tuple[AnySize, ...]]:
    lowered = reading.lowered
    return {
        name: lowered.views[node].sizes
        for name, (node, _) in lowered.leaves.items()
        if node in lowered.views  # a mask whose positions are written in is no variable
    }


def _constants(reading: Reading) -> dict[str, Any]:
    lowered = reading.lowered
    return {
        name: lowered.leaf_array(name, node.value)
        for name, (node, _) in lowered.leaves.items()
        if node.name is None and not node.requires_grad and node.value is not None
    }


def _backward(refs: Sequence[Ref], reading: Reading) -> list[str]:
    rank = backward_rank({ref.name: ref for ref in reading.definitions})
    return [ref.name for ref in sorted(refs, key=lambda ref: rank.get(ref.of or "", (0, 0, 0)))]


def _listed(keys: Collection[Key]) -> str:
    if len(keys) > _MOST_LISTED:
        return f"{len(keys)} variables"
    texts = [" and ".join(dict.fromkeys(k)) if isinstance(k, tuple) else k for k in keys]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _kind(formula: Derived) -> str:
    if len(formula.axes) > 2:
        return "hessian" if len(formula.axes) == 3 else "derivative"
    return "jacobian" if formula.axes[0] else "gradient"


def _summary(kind: str, reading: Reading, what: str) -> str:
    lowered = reading.lowered
    if reading.tangents:
        moved = [f"{lowered.names[node]} moves along {t.name}" for t, node in reading.tangents.items()]
        return f"The change of the {kind} of {reading.output_name or 'the output'} {what}, where {' and '.join(moved)}."
    if not lowered.cotangents:
        return f"The {kind} of {reading.output_name or 'the output'} {what}."
    seeds = [f"{lowered.names[c]} is the gradient by {o.name}" for c, o in lowered.cotangents.items()]
    return f"The {kind} {what}, where {' and '.join(seeds)}."
