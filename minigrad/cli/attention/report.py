"""The report that ``minigrad attention`` leaves: the study as one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.cli.attention.study import Study
from minigrad.drawing import Drawing
from minigrad.graph import no_grad, tensor
from minigrad.nn.functional import sigmoid, softmax
from minigrad.report import Figure, Section, beside, curves, heads, heatmap, page
from minigrad.report.figure import Row

OF_EACH = 3


def report_page(study: Study, drawing: Drawing) -> str:
    """Graph, formulas, step-through, Jacobian, training, attention and proof, as one HTML file."""
    metrics = study.metrics()
    digits = metrics["train_examples"] + metrics["test_examples"]
    return page(
        "Self-attention with binary cross-entropy",
        f"{digits:,} handwritten digits: is the number odd? The 8 rows of an image are 8 tokens. "
        f"Test accuracy {metrics['test_accuracy']:.3f}; derivatives checked: {metrics['verdict']}.",
        derivation=study.walk,
        drawing=drawing,
        sections=(
            Section("The softmax Jacobian three ways", (study.jacobian,), wide=True),
            Section("Training", _training(study), wide=True),
            Section("Attention on test digits", _attention(study), wide=True),
            *(
                Section(f"Check of the derivatives of {output}, by independent witnesses", (found,))
                for output, found in study.reports.items()
            ),
        ),
    )


def _training(study: Study) -> tuple[Row]:
    loss = [epoch.loss for epoch in study.epochs]
    accuracy = [epoch.accuracy or 0.0 for epoch in study.epochs]
    return (
        beside(
            _curve("loss", loss, f"Loss per epoch, {loss[-1]:.3f} at the end"),
            _curve("accuracy", accuracy, f"Accuracy on the training part, {accuracy[-1]:.3f} at the end"),
        ),
    )


def _curve(name: str, values: Sequence[float], title: str) -> Figure:
    return curves({name: values}, title=title, x="epoch", y=name, start=1, width=430, height=230)


def _attention(study: Study) -> tuple[str | Row, ...]:
    images, labels = study.test
    # as many of one class as of the other
    shown = np.concatenate([np.flatnonzero(labels == label)[:OF_EACH] for label in (0, 1)])
    images, labels = images[shown], labels[shown]
    model = study.model
    with no_grad():
        X0 = tensor(images)
        weights = softmax(model.attention.scores(X0 + model.P)).numpy()
        p = sigmoid(model(X0)).numpy()
    pairs = []
    for image, label, A, chance in zip(images, labels, weights, p, strict=True):
        what = f"{'odd' if label else 'even'}, p(odd) = {chance:.2f}"
        pairs.append(_pair(image, A, what))
    return (
        "Left the image, whose rows are the tokens; right its attention A, one picture for each head: "
        "the row of a token, the query, shows which rows of the image, the keys, it reads. A "
        "deeper colour is more; a row adds up to 1.",
        beside(*pairs),
    )


def _pair(image: NDArray[Any], A: NDArray[Any], what: str) -> Row:
    rows = range(len(image))
    return beside(
        # blank labels keep the rows of the two pictures level
        heatmap(image, rows, [" "] * image.shape[1], title=what, axes=("row of the image", " "),
                palette="grey", cell=14),
        heads(A, rows, title=" ", cell=14),
    )  # fmt: skip
