"""A trained classifier, loaded from its checkpoint: probabilities, and what was attended to."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.data import Table
from minigrad.errors import ArgumentError
from minigrad.graph import no_grad, tensor
from minigrad.training.checkpoint import blaming, part
from minigrad.training.classifier import Classifier, build
from minigrad.training.encoders import AnyEncoder, Arrays, Columns, Words, as_dtype
from minigrad.training.loop import Epoch
from minigrad.training.run_file import load_run
from minigrad.training.session import CHECKPOINT
from minigrad.training.settings import Settings
from minigrad.training.target import Target

_AT_A_TIME = 256
# what `minigrad attention` leaves, and no run
_STUDY = ("weights.npz", "metrics.json")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a classifier says of one example.

    Parameters
    ----------
    label
        The likeliest label; None of a number.
    probabilities
        Of each label, as the model has them; none of a number.
    value
        The number; None of a label.
    attended
        The tokens, words or columns, each with the part of the attention that it received; the
        parts sum to 1.
    unknown
        The words that did not stand in the training part, in the order in which they were read.
    known
        How many words did; None where no words are read. Where it is 0, little but chance speaks.
    """

    label: str | None
    probabilities: Mapping[str, float]
    value: float | None = None
    attended: tuple[tuple[str, float], ...] = ()
    unknown: tuple[str, ...] = ()
    known: int | None = None

    @property
    def probability(self) -> float:
        """The probability of the label that is said."""
        return self.probabilities[self.label] if self.label is not None else math.nan


class Predictor:
    """A classifier with its encoder and labels; :meth:`load` reads one from a checkpoint.

    Parameters
    ----------
    model
        Takes encoded inputs to logits.
    encoder
        Encodes what people have.
    target
        What is said of an example.
    settings
        How it was trained.
    measured
        The epoch whose weights these are, with what it measured on the validation part.
    """

    def __init__(
        self,
        model: Classifier,
        encoder: AnyEncoder,
        target: Target,
        settings: Settings,
        measured: Epoch | None = None,
    ) -> None:
        self.model, self.encoder, self.target, self.settings = model, encoder, target, settings
        self.measured = measured
        model.eval()

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes; none where numbers are said."""
        return self.target.labels

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Predictor:
        """Read the best weights from a checkpoint, or from the folder of a run.

        Before the first epoch is over there is no best, and the weights are the last ones. Nothing in the file is executed.

        Raises
        ------
        ArgumentError
            When there is no whole checkpoint; it lists every array that is missing, unexpected,
            mismatched or changed.
        """
        saved, settings, encoder, target = load_run(_checkpoint_in(Path(path)))
        model = build(settings, encoder, target.outputs)
        best = saved.facts["trainer"]["best_epoch"]
        weights = part(saved.arrays, "best." if best else "model.")
        with blaming(saved.source):
            model.load_state_dict(weights)
        if not all(np.isfinite(array).all() for array in weights.values()):
            raise ArgumentError(f"{saved.source}: the weights hold NaN or infinity and predict nothing")
        measured = Epoch(**saved.facts["trainer"]["history"][best - 1]) if best else None
        return cls(model, encoder, target, settings, measured)

    # -- numbers -------------------------------------------------------------------------------

    def answers(self, *inputs: NDArray[Any]) -> NDArray[np.float64]:
        """What is said of encoded inputs: probabilities of the labels, shape (examples, labels), or numbers."""
        arrays = as_dtype(inputs, self.settings.dtype)
        found = [self.target.said(self.model(*batch)) for batch in self._batches(arrays)]
        return np.concatenate([np.empty((0, max(len(self.labels), 1))), *found])

    def attended(
        self, *inputs: NDArray[Any], layer: int = -1, head: int | None = None
    ) -> NDArray[np.float64]:
        """The part of the attention that each token receives, shape (examples, tokens).

        It is Σᵢ Aᵢⱼ / n over the n tokens i that look, in one layer, averaged over the heads.

        Parameters
        ----------
        inputs
            Encoded inputs.
        layer
            Which; the last by default.
        head
            One head, from 0, instead of the mean over all.

        Raises
        ------
        ArgumentError
            When there is no such layer or head.
        """
        layers, heads = self.settings.layers, self.settings.heads
        if not -layers <= layer < layers:
            raise ArgumentError(f"layer={layer}: the model has {layers}, counted from 0")
        if head is not None and not 0 <= head < heads:
            raise ArgumentError(f"head={head}: the model has {heads} heads, counted from 0")
        arrays = as_dtype(inputs, self.settings.dtype)
        received = []
        for batch in self._batches(arrays):
            A = self.model.attention_weights(*batch)[layer].astype(np.float64)
            A = A.mean(axis=1) if head is None else A[:, head]
            looking = batch[1].numpy() if len(batch) > 1 else np.ones(A.shape[:2])
            total = (A * looking[:, :, None]).sum(axis=1)
            received.append(total / total.sum(axis=1, keepdims=True))
        return np.concatenate(received)

    def _batches(self, arrays: Arrays) -> Any:
        with no_grad():
            for start in range(0, len(arrays[0]), _AT_A_TIME):
                yield [tensor(a[start : start + _AT_A_TIME]) for a in arrays]

    # -- what people have ----------------------------------------------------------------------

    def texts(
        self, texts: Sequence[str], *, layer: int = -1, head: int | None = None
    ) -> list[Prediction]:
        """What the classifier says of texts, and the words it attended to.

        Raises
        ------
        ArgumentError
            When it was not trained on texts, or there is no such layer or head.
        """
        if not isinstance(self.encoder, Words):
            raise ArgumentError(f"this model was trained on {self.describe()} and reads no texts")
        inputs = self.encoder.encode(texts)
        weights = self.attended(*inputs, layer=layer, head=head)
        read = [self.encoder.words(text) for text in texts]
        names = [[word for word, _ in found] or ["(no word)"] for found in read]
        return [
            replace(said, unknown=tuple(word for word, known in found if not known), known=sum(known for _, known in found))
            for said, found in zip(self._predictions(inputs, names, weights), read, strict=True)
        ]

    def table(self, table: Table, *, layer: int = -1, head: int | None = None) -> list[Prediction]:
        """What the classifier says of the rows of a table, by the columns it was trained on.

        Raises
        ------
        ArgumentError
            When a column is missing or a cell is not what it should be.
        """
        if isinstance(self.encoder, Words):
            return self.texts(table.filled(self.encoder.column), layer=layer, head=head)
        if not isinstance(self.encoder, Columns):
            raise ArgumentError(f"this model was trained on {self.describe()} and reads no table")
        inputs = self.encoder.encode(table)
        weights = self.attended(*inputs, layer=layer, head=head)
        return self._predictions(inputs, [self.encoder.names] * len(table), weights)

    def images(
        self, images: NDArray[Any], *, layer: int = -1, head: int | None = None
    ) -> list[Prediction]:
        """What the classifier says of images, shape (images, rows, columns), by their rows."""
        names = [f"row {i + 1}" for i in range(self.encoder.tokens)]
        weights = self.attended(images, layer=layer, head=head)
        return self._predictions((images,), [names] * len(images), weights)

    def describe(self) -> str:
        """What the classifier reads, in words."""
        if isinstance(self.encoder, Words):
            return f"texts in a column {self.encoder.column!r}"
        if isinstance(self.encoder, Columns):
            return f"columns of numbers, {', '.join(map(repr, self.encoder.names))}"
        return "images of handwritten digits"

    def _predictions(
        self, inputs: Arrays, names: Sequence[Sequence[str]], weights: NDArray[np.float64]
    ) -> list[Prediction]:
        return [
            self._said(answer, tuple(zip(tokens, map(float, row), strict=False)))
            for answer, tokens, row in zip(self.answers(*inputs), names, weights, strict=True)
        ]

    def _said(self, answer: NDArray[np.float64], attended: tuple[tuple[str, float], ...]) -> Prediction:
        if not self.labels:
            return Prediction(None, {}, float(answer[0]), attended)
        probabilities = dict(zip(self.labels, map(float, answer), strict=True))
        return Prediction(self.labels[int(answer.argmax())], probabilities, None, attended)


def _checkpoint_in(place: Path) -> Path:
    """The checkpoint at a place: the file itself, or that of a run in a folder.

    Raises
    ------
    ArgumentError
        When there is none; it says what the folder is.
    """
    is_folder = os.path.isdir(place)
    folder = place if is_folder else place.parent
    if is_folder and os.path.lexists(folder / CHECKPOINT):
        return folder / CHECKPOINT
    if (is_folder or place.name in _STUDY) and all(os.path.lexists(folder / name) for name in _STUDY):
        raise ArgumentError(
            f"{str(place)!r} is of `minigrad attention`, a study of gradients whose model takes digits and no "
            f"other data: in Python it is mg.nn.SelfAttentionClassifier(8, 8, 8).load({str(folder / _STUDY[0])!r}); "
            "to predict here, train on digits or a CSV file with `minigrad train --out FOLDER`, and give that folder"
        )
    if is_folder:
        raise ArgumentError(f"{str(place)!r} holds no {CHECKPOINT}; give the folder of `minigrad train`")
    return place
