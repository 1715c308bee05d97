"""What is to be learnt: the data of a run, dealt into parts and encoded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.data import Standardizer, Table, Vocabulary, digits, read_csv, split
from minigrad.data import words as split_words
from minigrad.errors import ArgumentError
from minigrad.training.encoders import AnyEncoder, Arrays, Columns, Images, Words, as_dtype
from minigrad.training.settings import DIGITS, Settings
from minigrad.training.target import Classes, Numbers, Target, read_target, refuse_rare

Part = tuple[Arrays, NDArray[Any]]

# Texts are cut off there unless the user says otherwise: attention grows with the square.
_LONGEST = 128
_FEWEST_ROWS = 6


@dataclass(frozen=True, slots=True)
class Task:
    """Encoded data in three parts.

    Parameters
    ----------
    encoder
        What made arrays of the data, fitted on the training part.
    target
        What is to be said of an example.
    training, validation, test
        Pairs of inputs and targets.
    fingerprint
        Tells other data from these.
    notes
        What the user should know about how the data were read.
    """

    encoder: AnyEncoder
    target: Target
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
    y, labels, told = read_target(table, settings)
    # Every cell is looked at before rows are dealt out: few rows may have faults as well.
    if settings.text is not None:
        texts = _texts(table, settings)
        parts = _parts(y, labels, settings)
        encoder, arrays, notes = _words(texts, parts[0], settings)
    else:
        names, X = _numbers(table, settings)
        parts = _parts(y, labels, settings)
        encoder, arrays, notes = _columns(names, X, parts[0])
    target = _target(y[parts[0]], labels, settings)
    content = json.dumps([table.columns, table.rows]).encode()
    notes = ((told,) if told else ()) + notes
    return _task(encoder, target, arrays, y, parts, content, settings, notes)


def _digits(settings: Settings) -> Task:
    images, shown = digits()
    y, labels = shown % 2, ("even", "odd")
    parts = _parts(y, labels, settings)
    target = _target(y[parts[0]], labels, settings)
    return _task(Images(*images.shape[1:]), target, (images,), y, parts, images.tobytes(), settings)


def _target(y: NDArray[Any], labels: tuple[str, ...] | None, settings: Settings) -> Target:
    """What the training part says of the target."""
    if labels is not None:
        return Classes(labels, (np.bincount(y, minlength=len(labels)) / len(y)).tolist())
    with np.errstate(over="ignore", invalid="ignore"):
        target = Numbers(y.mean(), y.std())
    if not 0 < target.std < np.inf or not np.isfinite(target.mean):
        same = "are all the same" if y.min() == y.max() else "are too large, or too near to each other, to compare"
        raise ArgumentError(
            f"{settings.data}: column {settings.label!r}: the numbers {same} in the training part; "
            "there is nothing to learn"
        )
    return target


def _task(
    encoder: AnyEncoder,
    target: Target,
    arrays: Arrays,
    y: NDArray[Any],
    parts: Sequence[NDArray[np.int64]],
    content: bytes,
    settings: Settings,
    notes: tuple[str, ...] = (),
) -> Task:
    arrays, (y,) = as_dtype(arrays, settings.dtype), as_dtype((target.learnt(y),), settings.dtype)
    training, validation, test = [(tuple(a[part] for a in arrays), y[part]) for part in parts]
    fingerprint = hashlib.sha256(content).hexdigest()
    return Task(encoder, target, training, validation, test, fingerprint, notes)


def _parts(
    y: NDArray[Any], labels: tuple[str, ...] | None, settings: Settings
) -> list[NDArray[np.int64]]:
    """The positions of the training, validation and test examples, each with its share of every label."""
    if labels is not None:
        refuse_rare(y, labels, f"{settings.data}: column {settings.label!r}")
    elif len(y) < _FEWEST_ROWS:
        raise ArgumentError(
            f"{settings.data}: {len(y)} row{'s' * (len(y) != 1)}; training, validation and test part need "
            f"some each, so at least {_FEWEST_ROWS}"
        )
    # Parts have a generator of their own: they do not depend on how many weights were drawn.
    rng = np.random.default_rng(settings.seed)
    of_labels = y if labels is not None else None
    (rest,), (test,) = split(np.arange(len(y)), test=settings.test, rng=rng, stratify=of_labels)
    share = settings.validation / (1 - settings.test)
    of_rest = of_labels[rest] if of_labels is not None else None
    (training,), (validation,) = split(rest, test=share, rng=rng, stratify=of_rest)
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
    """Whether most cells hold letters, and not as 1e400 or nan do."""
    return sum(any(c.isalpha() for c in cell) and not _is_number(cell) for cell in cells) > len(cells) / 2


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


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
