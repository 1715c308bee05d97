"""The checkpoint of a training run: what its facts must be, judged before a model is built."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from minigrad.errors import ArgumentError
from minigrad.training import schema as s
from minigrad.training.checkpoint import Checkpoint, load
from minigrad.training.encoders import AnyEncoder, Columns, encoder_of
from minigrad.training.encoders import Words as WordEncoder
from minigrad.training.settings import LARGEST, Settings
from minigrad.training.target import Target, target_of
from minigrad.training.tensor_file import Layout

_EPOCH = s.record(
    number=s.whole(1),
    loss=s.real(),
    accuracy=s.optional(s.real(0)),
    validation_loss=s.optional(s.real()),
    validation_accuracy=s.optional(s.real(0)),
    lr=s.optional(s.real(0)),
)
_SIZE = s.whole(1, LARGEST)
FACTS = s.record(
    settings=s.mapping,  # Settings has rules of its own
    encoder=s.kinds(
        images=s.record(tokens=_SIZE, features=_SIZE),
        columns=s.record(
            names=s.listed(s.text(), 1), mean=s.listed(s.real()), std=s.listed(s.real(0))
        ),
        words=s.record(column=s.text(), words=s.listed(s.text(), 1), tokens=_SIZE),
    ),
    target=s.kinds(
        classes=s.record(labels=s.listed(s.text(), 2), shares=s.listed(s.real(0), 2)),
        numbers=s.record(mean=s.real(), std=s.real(0)),
    ),
    fingerprint=s.text(1000),
    finished=s.truth,
    trainer=s.record(
        history=s.listed(_EPOCH),
        best_epoch=s.whole(),
        done=s.whole(),
        losses=s.real(),
        hits=s.whole(),
        random=s.record(order=s.mapping, model=s.mapping),  # generators judge their states
    ),
    versions=s.record(minigrad=s.text(100), numpy=s.text(100), python=s.text(100)),
)


def load_run(path: str | os.PathLike[str]) -> tuple[Checkpoint, Settings, AnyEncoder, Target]:
    """Read the checkpoint of a run, its settings, its encoder and its target.

    Raises
    ------
    ArgumentError
        When `load` refuses the file, or its facts are not those of a run whose model these arrays
        are; nothing has been built then, and no array read.
    """
    saved = load(path, _faults)
    return saved, *_described(saved.facts)


def _described(facts: Mapping[str, Any]) -> tuple[Settings, AnyEncoder, Target]:
    return Settings.of(facts["settings"]), encoder_of(facts["encoder"]), target_of(facts["target"])


def _faults(facts: dict[str, Any], layouts: Mapping[str, Layout]) -> Iterator[str]:
    wrong = s.first_faults(FACTS, facts)
    if wrong:
        yield from wrong
        return
    trainer = facts["trainer"]
    epochs = [epoch["number"] for epoch in trainer["history"]]
    if epochs != list(range(1, len(epochs) + 1)):
        yield "trainer.history does not count its epochs from 1"
    if trainer["best_epoch"] > len(epochs):
        yield f"trainer.best_epoch is {trainer['best_epoch']}, after {len(epochs)} epochs"
    try:
        settings, encoder, target = _described(facts)
    except ArgumentError as error:
        yield str(error)
        return
    layers, least = settings.layers, _fewest_numbers(settings, encoder, target)
    own = {name: layout for name, layout in layouts.items() if name.startswith("model.")}
    held = sum(layout.size for layout in own.values())
    if layers > len(own) or least > held:
        yield (
            f"the settings describe a model of {layers:,} layers and at least {least:,} numbers, but its "
            f"{len(own):,} arrays hold {held:,}"
        )


def _fewest_numbers(settings: Settings, encoder: AnyEncoder, target: Target) -> int:
    """A bound from below on what a model holds, near enough that building it costs what the file does."""
    width = settings.width
    rows = {
        WordEncoder: lambda e: len(e.vocabulary) + e.tokens,
        Columns: lambda e: 2 * e.tokens,
    }.get(type(encoder), lambda e: e.features + e.tokens)(encoder)
    return int(settings.layers * 12 * width * width + (rows + target.outputs) * width)
