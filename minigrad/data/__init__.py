"""Data to learn from, and how to deal it out: ``mg.data``."""

from __future__ import annotations

from minigrad.data.batches import minibatches, split
from minigrad.data.characters import Characters, next_tokens
from minigrad.data.csv_file import read_csv
from minigrad.data.handwritten import digits
from minigrad.data.labels import classes, known_labels, two_classes
from minigrad.data.scale import Standardizer
from minigrad.data.table import Table
from minigrad.data.words import Vocabulary, words
from minigrad.elsewhere import of_module

__all__ = [
    "Characters",
    "Standardizer",
    "Table",
    "Vocabulary",
    "classes",
    "digits",
    "known_labels",
    "minibatches",
    "next_tokens",
    "read_csv",
    "split",
    "two_classes",
    "words",
]

_BATCHES = "write for x, y in mg.data.minibatches(X, Y, size=32, rng=rng), with arrays"
_ELSEWHERE = {
    "DataLoader": _BATCHES,
    **dict.fromkeys(("Dataset", "TensorDataset"), f"data are arrays: {_BATCHES}"),
    **dict.fromkeys(("random_split", "train_test_split"), "write mg.data.split"),
}
__getattr__ = of_module(__name__, _ELSEWHERE, __all__)
