"""``minigrad train``: the command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from minigrad.cli.common import path
from minigrad.cli.interruption import Interruption
from minigrad.cli.terminal import Exit, heading, table, tell, tell_json
from minigrad.cli.train.options import given, settings_options
from minigrad.cli.train.progress import progress
from minigrad.training.session import Session
from minigrad.training.settings import Settings


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
@click.option("--overwrite", is_flag=True, help="Start over an unfinished run in the folder.")
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
    """Train a transformer to tell two classes apart.

    It learns from handwritten digits (even or odd), or from a CSV file of numbers or texts. Each
    epoch is saved in the folder, checkpoint.safetensors and metrics.jsonl; Ctrl-C saves where it
    stands, and --resume goes on to the same numbers. The weights with the lowest validation loss
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
    return (
        f"{session.settings.data}: {sizes} examples to train, validate and test\n"
        f"label 0 is {task.labels[0]}, 1 is {task.labels[1]}"
    )


def _result(session: Session) -> dict[str, Any]:
    files = [str(session.checkpoint), str(session.metrics)]
    status = "finished" if session.trainer.epoch >= session.settings.epochs else "stopped early"
    return {"status": status} | session.result() | {"files": files}


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
        tell_json(facts | {"files": [str(session.checkpoint), str(session.metrics)]})


def _tell(result: dict[str, Any]) -> None:
    heading("Summary")
    rows = [
        (
            f"{name} accuracy",
            f"{part['accuracy']:.3f} on {part['examples']:,} examples, loss {part['loss']:.3f}",
        )
        for name, part in reversed(result["parts"].items())
    ]
    labels = result["labels"]
    table(
        [
            *rows,
            ("epochs", f"{result['epochs']} ({result['status']}), best {result['best_epoch']}"),
            ("parameters", f"{result['parameters']:,}"),
            ("labels", f"0 is {labels['0']}, 1 is {labels['1']}"),
            ("files", "\n".join(result["files"])),
        ]
    )
