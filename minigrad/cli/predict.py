"""``minigrad predict``: what a trained classifier says, and what it attended to."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from minigrad.cli.common import path
from minigrad.cli.terminal import say, table, tell, tell_json, width
from minigrad.data import digits, known_labels, read_csv
from minigrad.errors import ArgumentError
from minigrad.training import Prediction, Predictor
from minigrad.training.encoders import Images, Words
from minigrad.training.settings import DIGITS
from minigrad.training.target import Classes, Numbers
from minigrad.training.task import load_task

# Beside a table of many rows, words attended to would fill screens; these many are shown in full.
_IN_FULL = 5
_BAR = 20


@dataclass(frozen=True, slots=True)
class _Asked:
    """The examples, what to call each, and their labels where they are known."""

    names: list[str]
    predictions: list[Prediction]
    truths: list[Any] | None = None


@click.command()
@click.argument("checkpoint", type=path)
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option(
    "--data",
    metavar="FILE",
    help="A CSV file with the columns of the training, or 'digits': their test part.",
)
@click.option("--delimiter", metavar="CHAR", help="Between cells; by default as in training.")
@click.option("--encoding", metavar="NAME", help="Of the CSV file; by default as in training.")
@click.option(
    "--head",
    type=click.IntRange(min=0),
    help="Show the attention of one head, counted from 0; by default the mean over all.",
)
@click.option(
    "--layer",
    type=int,
    default=-1,
    show_default=True,
    help="Show the attention of this block, counted from 0; -1 is the last.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, and only that.")
def predict(
    checkpoint: Path,
    texts: tuple[str, ...],
    data: str | None,
    delimiter: str | None,
    encoding: str | None,
    head: int | None,
    layer: int,
    as_json: bool,
) -> None:
    """Predict labels or numbers with a trained model.

    CHECKPOINT is a checkpoint of `minigrad train`, or its folder. The examples are TEXTs, where a
    model reads texts ("-" reads one from each line of stdin), or the rows of a CSV file. Below each
    answer stands what was attended to, the part of the attention that each word or column received;
    which words the model never saw; and how often it was right on rows that it did not learn from.

    \b
    minigrad predict minigrad-train "what a film"
    minigrad predict minigrad-train --data more.csv --json
    """  # noqa: D301 (click wants the backspace itself)
    if texts and data is not None:
        raise click.UsageError("give TEXTs or --data, not both")
    predictor = Predictor.load(checkpoint)
    look = {"head": head, "layer": layer}
    if texts:
        asked = _of_texts(predictor, texts, look)
    elif data == DIGITS or (data is None and isinstance(predictor.encoder, Images)):
        asked = _of_digits(predictor, look)
    elif data is not None:
        asked = _of_file(predictor, data, delimiter, encoding, look)
    else:
        raise click.UsageError(
            f"there is nothing to predict; this model reads {predictor.describe()}: give "
            + ("TEXTs, or " if isinstance(predictor.encoder, Words) else "")
            + "--data FILE.csv"
        )
    if as_json:
        tell_json(_facts(predictor, asked))
    else:
        _tell(predictor, asked)


# -- examples -------------------------------------------------------------------------------------


def _of_texts(predictor: Predictor, texts: Sequence[str], look: dict[str, Any]) -> _Asked:
    if list(texts) == ["-"]:
        texts = [line.strip() for line in sys.stdin if line.strip()]
        if not texts:
            raise ArgumentError("predict: no line of stdin holds a text")
    return _Asked(list(texts), predictor.texts(texts, **look))


def _of_file(
    predictor: Predictor,
    data: str,
    delimiter: str | None,
    encoding: str | None,
    look: dict[str, Any],
) -> _Asked:
    settings = predictor.settings
    rows = read_csv(
        data, delimiter=delimiter or settings.delimiter, encoding=encoding or settings.encoding
    )
    predictions = predictor.table(rows, **look)
    encoder = predictor.encoder
    names = (
        rows.text(encoder.column)
        if isinstance(encoder, Words)
        else [f"row {i + 1}" for i in range(len(rows))]
    )
    truths: list[Any] | None = None
    if settings.label in rows.columns and any(map(str.strip, rows.text(settings.label))):
        source = f"{data}: column {settings.label!r}"
        if predictor.labels:
            y = known_labels(rows.filled(settings.label), predictor.labels, source=source)
            truths = [predictor.labels[int(label)] for label in y]
        else:
            truths = rows.numbers([settings.label])[:, 0].tolist()
    return _Asked(names, predictions, truths)


def _of_digits(predictor: Predictor, look: dict[str, Any]) -> _Asked:
    """The digits of the test part, which the model has not seen."""
    if not isinstance(predictor.encoder, Images):
        raise ArgumentError(f"this model reads {predictor.describe()}, not digits")
    (images,), y = load_task(predictor.settings).test
    shown = _digits_shown(np.asarray(images, np.float64))
    truths = [predictor.labels[int(label)] for label in y]
    return _Asked([f"a {digit}" for digit in shown], predictor.images(images, **look), truths)


def _digits_shown(images: Any) -> list[int]:
    """Which digit each image shows: the parity alone would say little."""
    every, shown = digits()
    known = {image.tobytes(): int(digit) for image, digit in zip(every, shown, strict=True)}
    return [known[image.tobytes()] for image in images]


# -- what is said ---------------------------------------------------------------------------------


def _facts(predictor: Predictor, asked: _Asked) -> dict[str, Any]:
    rows = []
    for i, (name, said) in enumerate(zip(asked.names, asked.predictions, strict=True)):
        answer = (
            {"value": said.value}
            if said.label is None
            else {"label": said.label, "probability": said.probability, "probabilities": said.probabilities}
        )
        row: dict[str, Any] = {
            "input": name,
            **answer,
            "attended": [{"token": token, "weight": weight} for token, weight in said.attended],
            "unknown": list(said.unknown),
        }
        rows.append(row if asked.truths is None else row | {"truth": asked.truths[i]})
    facts: dict[str, Any] = {"labels": list(predictor.labels), "predictions": rows}
    if predictor.measured is not None:
        measured = predictor.measured
        facts["validation"] = {"loss": measured.validation_loss, "accuracy": measured.validation_accuracy}
    if asked.truths is None:
        return facts
    return facts | ({"accuracy": _accuracy(asked)} if predictor.labels else {"error": _error(asked)})


def _accuracy(asked: _Asked) -> float:
    assert asked.truths is not None
    pairs = zip(asked.truths, asked.predictions, strict=True)
    return sum(truth == said.label for truth, said in pairs) / len(asked.truths)


def _error(asked: _Asked) -> float:
    """The root of the mean square."""
    assert asked.truths is not None
    pairs = zip(asked.truths, asked.predictions, strict=True)
    return math.sqrt(sum((truth - (said.value or 0.0)) ** 2 for truth, said in pairs) / len(asked.truths))


def _tell(predictor: Predictor, asked: _Asked) -> None:
    if len(asked.names) <= _IN_FULL:
        for name, said in zip(asked.names, asked.predictions, strict=True):
            say(_one_line(name))
            say(_answer(said), indent=2)
            _tell_attended(said)
            if said.known is not None:
                _tell_known(said, predictor)
            click.echo()
    else:
        _tell_table(asked)
    if asked.truths is not None and predictor.labels:
        right = round(_accuracy(asked) * len(asked.truths))
        tell(f"{right} of {len(asked.truths)} right: accuracy {_accuracy(asked):.3f}")
    elif asked.truths is not None:
        tell(f"error {_error(asked):.4g} on {len(asked.truths)} rows (root of the mean square)")
    else:
        _tell_measured(predictor)


def _answer(said: Prediction) -> str:
    if said.label is None:
        return f"{said.value:.6g}"
    others = sorted(said.probabilities.items(), key=lambda pair: -pair[1])[1:4]
    more = ", …" if len(said.probabilities) > 4 else ""
    beside = ", ".join(f"{label} {p:.3f}" for label, p in others)
    return f"{said.label}  (probability {said.probability:.3f}; {beside}{more})"


def _tell_measured(predictor: Predictor) -> None:
    """How sure all of it can be: what the same weights got on rows that they did not learn from."""
    measured = predictor.measured
    if measured is None or measured.validation_loss is None:
        return
    if isinstance(predictor.target, Numbers):
        error = predictor.target.measured(measured.validation_loss, 0.0)["error"]
        say(f"on rows that it did not learn from, it was off by {error:.4g} (root of the mean square)")
    else:
        say(f"on rows that it did not learn from, it was right {measured.validation_accuracy:.0%} of the time")


def _tell_attended(said: Prediction) -> None:
    """What was attended to in the order in which it was read, with bars."""
    longest = max((weight for _, weight in said.attended if weight > 0), default=1.0)
    tokens = max((len(token) for token, _ in said.attended), default=0)
    bar = min(_BAR, max((width() or 100) - 24, 0))
    column = max(min(tokens, (width() or 100) - bar - 14), 4)
    for token, weight in said.attended:
        shown = token if len(token) <= column else token[: column - 1] + "…"
        filled = "█" * (round(bar * weight / longest) if weight > 0 else 0)
        tell(f"    {shown:<{column}}  {weight:.3f}  {filled}".rstrip())


def _tell_known(said: Prediction, predictor: Predictor) -> None:
    """Which words the model never saw, and what that leaves."""
    if said.unknown:
        say(f"never saw: {', '.join(dict.fromkeys(said.unknown))}", indent=4)
    if said.known == 0 and isinstance(predictor.target, Classes):
        shares = zip(predictor.labels, predictor.target.shares, strict=True)
        usual = ", ".join(f"{label} {share:.2f}" for label, share in list(shares)[:4])
        say(f"knows no word of this: take it for a guess (in training {usual})", indent=4)
    elif said.known == 0:
        say("knows no word of this: take it for a guess", indent=4)
    elif said.unknown:
        say(f"knows {said.known} of {said.known + len(said.unknown)} words", indent=4)  # type: ignore[operator]


def _tell_table(asked: _Asked) -> None:
    """A line for each example, with what it attended to most."""
    header = ["input", "answer", "p", "attended most", "never saw"]
    rows = []
    for i, (name, said) in enumerate(zip(asked.names, asked.predictions, strict=True)):
        most = sorted(said.attended, key=lambda pair: -pair[1])[:3]
        answer = f"{said.value:.6g}" if said.label is None else said.label
        if asked.truths is not None and asked.truths[i] != said.label:
            answer += f" ({asked.truths[i]:.6g})" if said.label is None else " ✗"
        sure = "" if said.label is None else f"{said.probability:.3f}"
        row = [_one_line(name, 60), answer, sure, "  ".join(token for token, _ in most)]
        rows.append([*row, "  ".join(dict.fromkeys(said.unknown))])
    keep = [k for k in range(len(header)) if any(row[k] for row in rows)]
    table([[row[k] for k in keep] for row in rows], header=[header[k] for k in keep])


def _one_line(text: str, longest: int | None = None) -> str:
    line = " ".join(text.split())
    return line if longest is None or len(line) <= longest else line[: longest - 1] + "…"
