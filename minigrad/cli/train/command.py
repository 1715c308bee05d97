"""``minigrad train``: the command."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from minigrad.cli.common import path
from minigrad.cli.interruption import Interruption
from minigrad.cli.terminal import Exit, heading, table, tell, tell_json
from minigrad.cli.train.options import given, settings_options
from minigrad.cli.train.progress import progress
from minigrad.report import curves
from minigrad.training.session import Session
from minigrad.training.settings import Settings
from minigrad.training.target import Classes

LOSSES = "loss.svg"
_SHOWN = 10


@click.command()
@settings_options
@click.option(
    "--out",
    default="minigrad-train",
    show_default=True,
    metavar="FOLDER",
    type=path,
    help="Where checkpoint and metrics go.",
)
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
@click.option("--overwrite", is_flag=True, help="Replace the run in the folder, finished or not.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and only that.")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    out: Path,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Train a transformer to tell classes apart, or to predict a number.

    It learns from handwritten digits (even or odd), or from a CSV file of numbers or texts: two classes
    or more by their cross-entropy, amounts by their mean square, as the column of labels has them. Each
    epoch is saved in the folder, checkpoint.safetensors and metrics.jsonl, and loss.svg shows its loss;
    Ctrl-C saves where it stands, and --resume goes on to the same numbers. The weights with the lowest validation loss
    are tested at the end, and are those that `minigrad predict` uses.

    \b
    minigrad train --heads 4
    minigrad train --data reviews.csv --text review --label liked
    minigrad predict minigrad-train "what a film"
    """  # noqa: D301 (click wants the backspace itself)
    if resume and overwrite:
        raise click.UsageError("--resume goes on with a run, --overwrite starts anew; give one")
    wishes = given(ctx, values)
    session = (
        Session.resume(out, wishes)
        if resume
        else Session.start(Settings(**values), out, overwrite=overwrite)
    )
    before = session.trainer.epoch
    with Interruption() as interruption:
        tell(_overview(session), err=True)
        for note in session.notes:
            tell(f"note: {note}", err=True)
        with progress(session) as shown:
            for epoch in session.run(lambda trainer: interruption.wished):
                shown.epoch(epoch)
    _draw_losses(session)
    if not session.finished:
        _tell_interrupted(session, as_json)
        ctx.exit(Exit.INTERRUPTED)
    if resume and session.trainer.epoch == before:
        tell(f"note: {_nothing_left(session)}", err=True)
    result = _result(session)
    if as_json:
        tell_json(result)
    else:
        _tell(result)


def _overview(session: Session) -> str:
    task = session.task
    sizes = " + ".join(f"{len(y):,}" for _, y in (task.training, task.validation, task.test))
    target = task.target
    learnt = (
        f"label 0 is {target.labels[0]}, 1 is {target.labels[1]}"
        if len(target.labels) == 2
        else f"{len(target.labels)} labels: {_listed(target.labels)}"
        if isinstance(target, Classes)
        else f"a number, {target.mean:.4g} ± {target.std:.4g} in the training part"
    )
    return f"{session.settings.data}: {sizes} examples to train, validate and test\n{learnt}"


def _listed(labels: Sequence[str]) -> str:
    return ", ".join([*labels[:_SHOWN], *(["…"] if len(labels) > _SHOWN else [])])


def _draw_losses(session: Session) -> None:
    """The losses of both parts over the epochs, as a picture beside the checkpoint."""
    history = session.trainer.history
    if not history:
        return
    lines = {"training": [epoch.loss for epoch in history]}
    validation = [epoch.validation_loss for epoch in history]
    lines["validation"] = [math.nan if loss is None else loss for loss in validation]
    what = "cross-entropy" if session.task.target.labels else "mean square, standardised"
    picture = curves(lines, title="Loss by epoch", x="epoch", y=what, start=1)
    picture.save(session.folder / LOSSES)


def _files(session: Session) -> list[str]:
    files = [session.checkpoint, session.metrics]
    return [str(file) for file in [*files, *([session.folder / LOSSES] if session.trainer.history else [])]]


def _result(session: Session) -> dict[str, Any]:
    status = "finished" if session.trainer.epoch >= session.settings.epochs else "stopped early"
    return {"status": status} | session.result() | {"files": _files(session)}


def _nothing_left(session: Session) -> str:
    if session.trainer.lost_patience:
        return (
            f"the run had stopped early after epoch {session.trainer.epoch}; "
            "a larger --patience lets it go on"
        )
    return f"all {session.trainer.epoch} epochs were over; a larger --epochs lets it go on"


def _tell_interrupted(session: Session, as_json: bool) -> None:
    trainer = session.trainer
    done, size = trainer.done, len(trainer.targets)
    where = f"in epoch {trainer.epoch + 1}, after {done} of {size} examples"
    folder = shlex.quote(str(session.folder))
    tell(
        f"interrupted {where}; saved in {session.checkpoint}\n"
        f"go on with: minigrad train --resume --out {folder}",
        err=True,
    )
    if as_json:
        facts = {"status": "interrupted", "epochs": trainer.epoch, "examples_of_next_epoch": done}
        tell_json(facts | {"files": _files(session)})


def _tell(result: dict[str, Any]) -> None:
    heading("Summary")
    baseline = result["baseline"]
    measure = next(name for name in baseline if name != "says")
    unit = {"accuracy": "", "error": " (root of the mean square)"}[measure]
    rows = [
        (
            f"{name} {measure}",
            f"{part[measure]:.4g}{unit} on {part['examples']:,} examples, loss {part['loss']:.3f}",
        )
        for name, part in reversed(result["parts"].items())
    ]
    rows.insert(1, ("beside it", f"{baseline[measure]:.4g} by a guess: {baseline['says']}"))
    labels = [("labels", _listed(result["labels"]))] if result["labels"] else []
    table(
        [
            *rows,
            ("epochs", f"{result['epochs']} ({result['status']}), best {result['best_epoch']}"),
            ("parameters", f"{result['parameters']:,}"),
            *labels,
            ("files", "\n".join(result["files"])),
        ]
    )
