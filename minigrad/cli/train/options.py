"""The options of ``minigrad train``: each is a field of the settings, with its default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from minigrad.training.settings import DTYPES, OPTIMIZERS, SCHEDULES, TASKS, Settings

_DEFAULTS = {field.name: field.default for field in fields(Settings)}
_COUNT = click.IntRange(min=1)
_PART = click.FloatRange(0, 1, min_open=True, max_open=True)


def _names(text: str) -> tuple[str, ...]:
    """``a, b`` as ``("a", "b")``."""
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not names:
        raise click.BadParameter("name at least one column")
    return names


def _patience(text: Any) -> int | None:
    """A count of epochs; 0 as None, no end of patience."""
    return click.IntRange(min=0).convert(text, None, None) or None


def _norm(text: Any) -> float | None:
    """A positive number; 0 as None, no bound."""
    return click.FloatRange(min=0).convert(text, None, None) or None


# name, type, metavar, help
_ROWS: list[tuple[str, Any, str | None, str]] = [
    ("data", str, "FILE", "'digits' (even or odd), or a CSV file whose first row names columns."),
    ("text", str, "COLUMN", "Learn from the words of this column; else from columns of numbers."),
    ("label", str, "COLUMN", "The column to predict: labels, or numbers."),
    ("task", click.Choice(TASKS), None, "What it holds; by default as it looks: more than 10 amounts are numbers."),
    ("positive", str, "VALUE", "Of two labels the one that is class 1; by default the later or larger."),
    ("features", _names, "COLUMN,...", "The columns of numbers; by default all but the label."),
    ("delimiter", str, "CHAR", "Between cells; 'tab' for the tabulator."),
    ("encoding", str, "NAME", "Of the CSV file, for example latin-1."),
    ("max_length", _COUNT, "WORDS", "Words to a text; by default as the longest one, at most 128."),
    ("max_words", _COUNT, "WORDS", "Words to know; by default all of the training part."),
    ("heads", _COUNT, "N", "Attention heads."),
    ("layers", _COUNT, "N", "Transformer blocks."),
    ("dim", _COUNT, "N", "Features of a token, a multiple of the heads; by default about 32."),
    ("causal", bool, None, "Let each token attend to no later one."),
    ("dropout", click.FloatRange(0, 1, max_open=True), "X", "Probability to drop a feature."),
    ("epochs", _COUNT, "N", "How often each training example is seen."),
    ("batch_size", _COUNT, "N", "Examples to a step; by default 32, fewer of few data."),
    (
        "patience",
        _patience,
        "EPOCHS",
        "Stop when the validation loss has not fallen so long; 0 for never.",
    ),
    ("optimizer", click.Choice(OPTIMIZERS), None, "The rule of the steps."),
    ("lr", click.FloatRange(min=0, min_open=True), "X", "Learning rate."),
    ("weight_decay", click.FloatRange(min=0), "X", "Pull of the weights towards 0."),
    (
        "schedule",
        click.Choice(SCHEDULES),
        None,
        "Of the learning rate: cosine and linear fall to 0, step halves it every 10 epochs.",
    ),
    ("warmup", click.IntRange(min=0), "STEPS", "Steps in which the learning rate rises from 0."),
    ("clip", _norm, "NORM", "Largest norm of the gradients; 0 for none."),
    ("validation", _PART, "X", "Part of the data that is watched to choose the best weights."),
    ("test", _PART, "X", "Part of the data that only the final test sees."),
    ("seed", click.IntRange(min=0), "N", "Decides parts, first weights, order and dropout."),
    ("dtype", click.Choice(DTYPES), None, "Of all numbers."),
]


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each field of the settings."""
    for name, kind, metavar, text in reversed(_ROWS):
        default = _DEFAULTS[name]
        command = click.option(
            "--" + name.replace("_", "-"),
            name,
            type=None if kind is bool else kind,
            is_flag=kind is bool,
            default=default,
            show_default=default is not None and kind is not bool,
            metavar=metavar,
            help=text,
        )(command)
    return command


def given(ctx: click.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that the user wrote, and no defaults."""
    source = click.core.ParameterSource.DEFAULT
    return {name: v for name, v in values.items() if ctx.get_parameter_source(name) != source}
