"""What is to be learnt: the data of a run, dealt into parts and encoded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.data import Standardizer, Table, Vocabulary, digits, read_csv, split, two_classes
from minigrad.data import words as split_words
from minigrad.errors import ArgumentError
from minigrad.training.encoders import AnyEncoder, Arrays, Columns, Images, Words, as_dtype
from minigrad.training.settings import DIGITS, Settings

Part = tuple[Arrays, NDArray[Any]]

# Texts are cut off there unless the user says otherwise: attention grows with the square.
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class Task:
    """Encoded data in three parts.

    Parameters
    ----------
    encoder
        What made arrays of the data, fitted on the training part.
    labels
        What 0 and 1 stand for.
    training, validation, test
        Pairs of inputs and targets.
    fingerprint
        Tells other data from these.
    notes
        What the user should know about how the data were read.
    """

    encoder: AnyEncoder
    labels: tuple[str, str]
    training: Part
    validation: Part
    test: Part
    fingerprint: str
    notes: tuple[str, ...] = ()


def load_task(settings: Settings) -> Task:
    """Read, deal out and encode the data that settings name.

    Raises
    ------
    ArgumentError
        When a file, column, cell or label is not what it should be.
    """
    if settings.data == DIGITS:
        return _digits(settings)
    table = read_csv(settings.data, delimiter=settings.delimiter, encoding=settings.encoding)
    source = f"{settings.data}: column {settings.label!r}"
    y, labels = two_classes(table.filled(settings.label), positive=settings.positive, source=source)
    # Every cell is looked at before rows are dealt out: few rows may have faults as well.
    if settings.text is not None:
        texts = _texts(table, settings)
        parts = _parts(y, settings)
        encoder, arrays, notes = _words(texts, parts[0], settings)
    else:
        names, X = _numbers(table, settings)
        parts = _parts(y, settings)
        encoder, arrays, notes = _columns(names, X, parts[0])
    content = json.dumps([table.columns, table.rows]).encode()
    return _task(encoder, labels, arrays, y, parts, content, settings, notes)


def _digits(settings: Settings) -> Task:
    images, shown = digits()
    y = (shown % 2).astype(float)
    encoder = Images(*images.shape[1:])
    labels = ("even", "odd")
    return _task(encoder, labels, (images,), y, _parts(y, settings), images.tobytes(), settings)


def _task(
    encoder: AnyEncoder,
    labels: tuple[str, str],
    arrays: Arrays,
    y: NDArray[Any],
    parts: Sequence[NDArray[np.int64]],
    content: bytes,
    settings: Settings,
    notes: tuple[str, ...] = (),
) -> Task:
    arrays, (y,) = as_dtype(arrays, settings.dtype), as_dtype((y,), settings.dtype)
    training, validation, test = [(tuple(a[part] for a in arrays), y[part]) for part in parts]
    fingerprint = hashlib.sha256(content).hexdigest()
    return Task(encoder, labels, training, validation, test, fingerprint, notes)


def _parts(y: NDArray[Any], settings: Settings) -> list[NDArray[np.int64]]:
    """The positions of the training, validation and test examples, stratified by label."""
    fewest = int(np.bincount(y.astype(int), minlength=2).min())
    if fewest < 3:
        raise ArgumentError(
            f"{settings.data}: one label has only {fewest} example{'s' * (fewest != 1)}; training, "
            "validation and test part need one each, so at least 3"
        )
    # Parts have a generator of their own: they do not depend on how many weights were drawn.
    rng = np.random.default_rng(settings.seed)
    (rest,), (test,) = split(np.arange(len(y)), test=settings.test, rng=rng, stratify=y)
    share = settings.validation / (1 - settings.test)
    (training,), (validation,) = split(rest, test=share, rng=rng, stratify=y[rest])
    return [training, validation, test]


_Encoded = tuple[AnyEncoder, Arrays, tuple[str, ...]]


def _numbers(table: Table, settings: Settings) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The columns of numbers to learn from, and what is in them."""
    names = settings.features or tuple(c for c in table.named() if c != settings.label)
    if not names:
        raise ArgumentError(
            f"{settings.data}: there is no column beside the label {settings.label!r} to learn from"
        )
    if settings.label in names:
        raise ArgumentError(f"features: {settings.label!r} is the label and cannot be a feature")
    try:
        return names, table.numbers(names)
    except ArgumentError as error:
        known = set(table.named())
        texts = [name for name in names if name in known and _is_text(table.text(name))][:5]
        if not texts:
            raise
        raise ArgumentError(
            f"{error}\n  {', '.join(map(repr, texts))} holds text: learn from it with "
            f"--text {texts[0]!r} (text={texts[0]!r}), or name the columns of numbers with --features"
        ) from error


def _is_text(cells: Sequence[str]) -> bool:
    """Whether most cells hold letters."""
    return sum(any(c.isalpha() for c in cell) for cell in cells) > len(cells) / 2


def _columns(
    names: tuple[str, ...], X: NDArray[np.float64], training: NDArray[np.int64]
) -> _Encoded:
    scale = Standardizer.fit(X[training])
    constant = [name for name, std in zip(names, scale.std, strict=True) if not std]
    told = f"constant in the training part, so ignored: {', '.join(constant)}"
    return Columns(names, scale), (scale(X),), (told,) if constant else ()


def _texts(table: Table, settings: Settings) -> list[str]:
    """The texts to learn from, none of them empty."""
    assert settings.text is not None
    if settings.text == settings.label:
        raise ArgumentError(f"text: {settings.text!r} is the label and cannot be the text")
    return table.filled(settings.text)


def _words(texts: list[str], training: NDArray[np.int64], settings: Settings) -> _Encoded:
    assert settings.text is not None
    vocabulary = Vocabulary.fit([texts[i] for i in training], max_words=settings.max_words)
    lengths = [len(split_words(text)) for text in texts]
    longest = max(lengths[i] for i in training)
    tokens = settings.max_length or min(max(longest, 1), _LONGEST)
    cut = sum(length > tokens for length in lengths)
    told = f"{cut} text{'s' * (cut != 1)} of more than {tokens} words cut off there"
    encoder = Words(settings.text, vocabulary, tokens)
    return encoder, encoder.encode(texts), (told,) if cut else ()
