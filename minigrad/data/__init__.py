"""Data to learn from, and how to deal it out: ``mg.data``."""

from __future__ import annotations

from minigrad.data.batches import minibatches, split
from minigrad.data.characters import Characters, next_tokens
from minigrad.data.csv_file import read_csv
from minigrad.data.handwritten import digits
from minigrad.data.labels import known_labels, two_classes
from minigrad.data.scale import Standardizer
from minigrad.data.table import Table
from minigrad.data.words import Vocabulary, words

__all__ = [
    "Characters",
    "Standardizer",
    "Table",
    "Vocabulary",
    "digits",
    "known_labels",
    "minibatches",
    "next_tokens",
    "read_csv",
    "split",
    "two_classes",
    "words",
]
