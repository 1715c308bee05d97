"""Whole gradients, an array for each variable: by hand VJPs, by formulas, by their texts and their source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minigrad.checking.hearing import RefutedError
from minigrad.checking.sample import Sample
from minigrad.checking.subject import Subject
from minigrad.checking.suppress import suppress_warnings
from minigrad.checking.witness import Arrays
from minigrad.errors import MinigradError, ShapeError
from minigrad.graph import Node, Tensor, tensor
from minigrad.numeric import gradients
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all


def hand_gradients(sample: Sample, c: Any = None) -> Arrays:
    """The engine's reverse sweep through the rows' own VJPs: first derivatives."""
    output, tensors = sample.recorded()
    cotangent = np.asarray(sample.c if c is None else c, dtype=output.dtype)
    subject = sample.subject
    chosen = [k for k in range(len(subject.variables)) if sample.differentiable(k)]
    targets = [tensors[subject.variables[k]] for k in chosen]
    if not output.requires_grad:
        return [np.zeros_like(sample.at(k)) for k in range(len(subject.variables))]
    found = gradients([output], targets, cotangents=[tensor(cotangent)], allow_unused=True)
    result: Arrays = [None] * len(subject.variables)
    for k, g in zip(chosen, found, strict=True):
        result[k] = np.zeros_like(sample.at(k)) if g is None else g.numpy()
    return result


def _hand_again(sample: Sample) -> Arrays:
    """The same sweep through the graph of what it has found, along one direction after another."""
    output, tensors = sample.recorded()
    known: dict[Any, Any] = {(): (output, sample.c)}
    result: Arrays = []
    for k in range(len(sample.subject.variables)):
        path: tuple[Node, ...] = ()
        for seed in sample.seeds(k):
            before, path = known[path], (*path, *seed)
            if path not in known:
                known[path] = slope_along(before, seed, tensors)
        (h,) = swept(known[path][0], [tensors[sample.subject.variables[k]]], known[path][1])
        result.append(np.zeros_like(sample.at(k)) if h is None else h.numpy())
    return result


def slope_along(
    before: tuple[Any, Any], seed: Mapping[Node, Any], tensors: Mapping[Node, Any]
) -> tuple[Any, Any]:
    """The slope of <c, output> along the directions, as an output with its c; None where there is none."""
    found = swept(before[0], [tensors[node] for node in seed], before[1], create_graph=True)
    terms = [(g * u).sum() for g, u in zip(found, seed.values(), strict=True) if g is not None]
    return (sum(terms[1:], terms[0]) if terms else None), np.ones(())


def swept(output: Any, targets: list[Any], c: Any, create_graph: bool = False) -> list[Any]:
    """Cotangents of the targets; None where the output does not depend on them."""
    if output is None or not output.requires_grad:
        return [None] * len(targets)
    cotangent = c if isinstance(c, Tensor) else tensor(c)
    return gradients(
        [output], targets, cotangents=[cotangent], create_graph=create_graph, allow_unused=True
    )


def hand(sample: Sample) -> Arrays:
    with suppress_warnings():
        if sample.subject.order > 1:
            return _hand_again(sample)  # rules of one's own need not run on tensors
        try:
            return hand_gradients(sample)
        except ShapeError as error:
            # a rule that gives another shape is a wrong rule
            raise RefutedError(str(error)) from error
        except (MinigradError, ArithmeticError, np.linalg.LinAlgError):
            raise  # the rule has no value at these numbers
        except Exception as error:
            # a rule that does not run
            raise RefutedError(f"{type(error).__name__}: {error}") from error


def _applied(sample: Sample, k: int, derivative: Any, ndim: Callable[[Node], int]) -> Any:
    """<c ⊗ u, derivative> over the axes before the variable's, which keeps its shape."""
    array = np.asarray(derivative, dtype=float)
    seeds = [(sample.c, sample.subject.output)]
    if not sample.subject.tangents:  # which the formulas hold
        seeds += [(u, a) for seed in sample.seeds(k) for a, u in seed.items()]
    for seed, node in seeds:
        axes = ndim(node)
        array = np.tensordot(np.reshape(seed, array.shape[:axes]), array, axes=axes)
    return array.reshape(sample.at(k).shape)


def _axes(subject: Subject) -> Callable[[Node], int]:
    """How many axes a tensor has in formulas, where axes of size 1 are none."""
    lowered = subject.lowered
    assert lowered is not None
    return lambda node: lowered.expr(node).ndim


def formula_gradients(sample: Sample) -> Arrays:
    """The derived formulas, evaluated on the sample's numbers; what disturbs the sample disturbs them."""
    formulas = sample.subject.formulas
    known = [expr for expr in formulas if expr is not None]
    environment = Environment(sample.leaf_values(), sample.sizes, disturb=sample.disturb)
    arrays = iter(evaluate_all(known, environment))
    return [
        None if expr is None else _applied(sample, k, next(arrays), _axes(sample.subject))
        for k, expr in enumerate(formulas)
    ]


def printed_gradients(sample: Sample, alphabet: str) -> Arrays:
    """What the printed text says, the cotangent applied."""
    subject = sample.subject
    try:
        found = subject.printed[alphabet].arrays(
            sample.leaf_values(),
            sample.sizes,
            sample.disturb,
            {name: function.values for name, function in subject.functions.items()},
        )
    except ShapeError as error:
        raise RefutedError(str(error)) from error  # what is printed is no formula for these sizes
    return [
        array if isinstance(array, MinigradError) else _applied(sample, k, array, _axes(subject))
        for k, array in enumerate(found)
    ]


def source_gradients(sample: Sample, language: str = "numpy") -> Arrays:
    """The arrays that the generated source returns, the cotangent applied."""
    arrays = sample.subject.written[language].arrays(sample.named_values(), sample.sizes)
    return [
        _applied(sample, k, array, lambda node: np.ndim(sample.values[node]))
        for k, array in enumerate(arrays)
    ]
