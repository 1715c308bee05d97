"""What a model is to say of an example: one of some classes, or a number.

A target knows how cells become what is learnt, what the loss is, and what may be said without a model:
the commonest class or the mean of the training part, beside which every measure is read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from minigrad.data import Table, classes, known_labels, two_classes
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor
from minigrad.nn.functional import bce_with_logits, cross_entropy, mse_loss
from minigrad.ops.functional import sigmoid, softmax
from minigrad.training.settings import Settings

# So many different whole numbers are read as names of classes; more are read as numbers.
_FEW = 10
_FEWEST = 3


class Classes:
    """Labels: two by one logit z and σ(z), more by a logit for each and softmax(z).

    Parameters
    ----------
    labels
        What 0, 1, 2 and so on stand for.
    shares
        How often each occurs in the training part.
    """

    kind: ClassVar[str] = "classes"

    def __init__(self, labels: Sequence[str], shares: Sequence[float]) -> None:
        self.labels, self.shares = tuple(labels), tuple(map(float, shares))
        if len(set(self.labels)) != len(self.labels) or len(self.labels) != len(self.shares):
            raise ArgumentError("the labels are not different from each other, with a share for each")

    @property
    def outputs(self) -> int:
        """Numbers that the model gives."""
        return 1 if len(self.labels) == 2 else len(self.labels)

    def loss(self, z: Tensor, y: Any) -> Tensor:
        """The mean cross-entropy."""
        return bce_with_logits(z, y) if self.outputs == 1 else cross_entropy(z, y)

    def learnt(self, y: NDArray[Any]) -> NDArray[Any]:
        """Positions in ``labels`` as the loss takes them."""
        return y.astype(float) if self.outputs == 1 else y.astype(np.int64)

    def read(self, cells: Sequence[str], source: str) -> NDArray[Any]:
        """Cells as positions in ``labels``, the strange ones refused."""
        return known_labels(cells, self.labels, source=source).astype(np.int64)

    def said(self, z: Tensor) -> NDArray[np.float64]:
        """Probabilities of the labels, shape (examples, labels)."""
        if self.outputs > 1:
            return softmax(z).numpy().astype(np.float64)
        p = sigmoid(z).numpy().astype(np.float64)
        return np.stack([1 - p, p], axis=-1)

    def measured(self, loss: float, right: float) -> dict[str, float]:
        """The measures of a part, by their names."""
        return {"loss": loss, "accuracy": right}

    def baseline(self, y: NDArray[Any]) -> tuple[str, dict[str, float]]:
        """What always saying the commonest label would get, in words and in the same measure."""
        best = int(np.argmax(self.shares))
        return f"always {self.labels[best]}", {"accuracy": float(np.mean(y == best))}

    def plain(self) -> dict[str, Any]:
        """Labels and their shares."""
        return {"kind": self.kind, "labels": list(self.labels), "shares": list(self.shares)}

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """The inverse of :meth:`plain`."""
        return cls(facts["labels"], facts["shares"])


class Numbers:
    """A number, standardised by the training part: y = mean + std · z.

    Parameters
    ----------
    mean, std
        Of the training part.
    """

    kind: ClassVar[str] = "numbers"
    outputs: ClassVar[int] = 1
    labels: ClassVar[tuple[str, ...]] = ()

    def __init__(self, mean: float, std: float) -> None:
        self.mean, self.std = float(mean), float(std)

    def loss(self, z: Tensor, y: Any) -> Tensor:
        """The mean of (z − y)², of standardised numbers."""
        return mse_loss(z, y)

    def learnt(self, y: NDArray[Any]) -> NDArray[Any]:
        """Numbers as the loss takes them."""
        return (y - self.mean) / self.std

    def said(self, z: Tensor) -> NDArray[np.float64]:
        """The numbers, shape (examples, 1)."""
        return self.mean + self.std * z.numpy().astype(np.float64)[:, None]

    def measured(self, loss: float, right: float) -> dict[str, float]:
        """The measures of a part: the error is in the target's own unit."""
        return {"loss": loss, "error": self.std * math.sqrt(max(loss, 0.0))}

    def baseline(self, y: NDArray[Any]) -> tuple[str, dict[str, float]]:
        """What always saying the mean of the training part would get."""
        error = self.std * math.sqrt(float(np.mean(y**2)))
        return f"always {self.mean:.6g}, the mean", {"error": error}

    def plain(self) -> dict[str, Any]:
        """Mean and deviation."""
        return {"kind": self.kind, "mean": self.mean, "std": self.std}

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """The inverse of :meth:`plain`."""
        return cls(facts["mean"], facts["std"])


Target = Classes | Numbers


def target_of(facts: dict[str, Any]) -> Target:
    """The target that ``plain()`` described."""
    kinds: dict[str, type[Target]] = {kind.kind: kind for kind in (Classes, Numbers)}
    return kinds[facts["kind"]].of(facts)


# -- what stands in a column -------------------------------------------------------------------------


def read_target(table: Table, settings: Settings) -> tuple[NDArray[Any], tuple[str, ...] | None, str]:
    """The cells of the label's column as positions in labels, or as numbers where those are None.

    Returns
    -------
    y, labels, note
        The note says how the column was taken where nobody had said so.

    Raises
    ------
    ArgumentError
        When a cell is empty, or the column holds neither classes nor numbers that can be learnt.
    """
    cells = table.filled(settings.label)
    source = f"{settings.data}: column {settings.label!r}"
    if settings.task == Numbers.kind or (settings.task is None and _are_numbers(cells, settings)):
        if settings.positive is not None:
            raise ArgumentError(
                f"{source}: positive={settings.positive!r} belongs to two classes, not to numbers"
            )
        note = f"{settings.label!r} holds amounts, and is learnt as a number; --task classes takes it as labels"
        return table.numbers([settings.label])[:, 0], None, "" if settings.task else note
    labels: tuple[str, ...]
    if settings.positive is None:
        y, labels = classes(cells, source=source)
    else:
        two, labels = two_classes(cells, positive=settings.positive, source=source)
        y = two.astype(np.int64)
    return y, labels, ""


def _are_numbers(cells: Sequence[str], settings: Settings) -> bool:
    """Whether these are amounts rather than names: numbers, and many of them, or not whole."""
    try:
        values = {float(cell) for cell in cells}
    except ValueError:
        return False
    whole = all(value.is_integer() for value in values)
    return len(values) > (_FEW if whole else 2) and settings.positive is None


def refuse_rare(y: NDArray[Any], labels: Sequence[str], source: str) -> None:
    """Refuse labels that could not stand in the training, the validation and the test part.

    Raises
    ------
    ArgumentError
        When there are fewer than three of one; it lists them.
    """
    counts = np.bincount(y.astype(int), minlength=len(labels))
    rare = [f"{labels[k]!r} ({n})" for k, n in enumerate(counts) if n < _FEWEST]
    if rare:
        shown = ", ".join([*rare[:8], *(["…"] if len(rare) > 8 else [])])
        raise ArgumentError(
            f"{source}: training, validation and test part need an example of each label, so at least "
            f"{_FEWEST}; {len(rare)} of the {len(labels)} labels have fewer: {shown:.600}"
        )
