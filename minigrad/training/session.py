"""A training run in a folder: started, saved after each epoch, stopped, and gone on with."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.files import append_line, make_folder, remove, write_whole
from minigrad.training.checkpoint import Checkpoint, blaming, save
from minigrad.training.classifier import Classifier, build
from minigrad.training.loop import Epoch, Trainer
from minigrad.training.measure import evaluate
from minigrad.training.rules import make_optimizer
from minigrad.training.run_file import load_run
from minigrad.training.settings import Settings
from minigrad.training.task import Task, load_task
from minigrad.version import __version__

CHECKPOINT = "checkpoint.safetensors"
METRICS = "metrics.jsonl"

# What may change when a run goes on: how long, and where the same data now lie.
CHANGEABLE = ("epochs", "patience", "data")

_FEWEST_STEPS = 20
_BATCH = 32


class Session:
    """A run and the folder it lives in; :meth:`start` or :meth:`resume` make one.

    Attributes
    ----------
    settings, task, model, trainer
        What was asked for, the data, the model, and the loop.
    notes
        What the user should know.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.task: Task = load_task(settings)
        self.notes: list[str] = list(self.task.notes)
        self.model: Classifier = build(settings, self.task.encoder, self.task.target.outputs)
        size = len(self.task.training[1])
        batch_size = settings.batch_size or min(_BATCH, max(1, size // _FEWEST_STEPS))
        steps = -(-size // batch_size)
        self.trainer = Trainer(
            self.model,
            make_optimizer(settings, self.model.named_parameters(), steps),
            *self.task.training,
            batch_size=batch_size,
            rng=np.random.default_rng([settings.seed, 1]),
            loss=self.task.target.loss,
            classes=bool(self.task.target.labels),
            validation=self.task.validation,
            patience=settings.patience,
            clip=settings.clip,
        )

    @property
    def checkpoint(self) -> Path:
        """The checkpoint file."""
        return self.folder / CHECKPOINT

    @property
    def metrics(self) -> Path:
        """The file with a line of JSON for each epoch."""
        return self.folder / METRICS

    @classmethod
    def start(cls, settings: Settings, folder: Path, *, overwrite: bool = False) -> Session:
        """A new run in a folder that has none, or in the place of one.

        Raises
        ------
        ArgumentError
            When the data cannot be read, or a run lies there and ``overwrite`` is false.
        """
        if not overwrite:
            _spare(folder / CHECKPOINT)
        session = cls(settings, folder)
        make_folder(folder)
        write_whole(session.metrics, b"")
        # Until the first save there is nothing to resume, least of all the run that was here before.
        remove(session.checkpoint)
        return session

    @classmethod
    def resume(cls, folder: Path, wishes: Mapping[str, Any]) -> Session:
        """Go on with the run in a folder.

        Parameters
        ----------
        folder
            Where it lies.
        wishes
            Settings that were given this time.

        Raises
        ------
        ArgumentError
            When there is no whole checkpoint, the data are others than before, or wishes differ
            from what cannot change; it lists all of them.
        """
        path = folder / CHECKPOINT
        if not os.path.lexists(path):
            raise ArgumentError(
                f"there is no {str(path)!r} to go on from; name the folder of an earlier run "
                "(--out), or start a new one (without --resume)"
            )
        saved, before, *_ = load_run(path)
        settings = _with_wishes(before, wishes)
        session = cls(settings, folder)
        session._restore(saved)
        if settings.epochs != before.epochs and settings.schedule not in ("constant", "step"):
            session.notes.append(
                f"the {settings.schedule} schedule now ends with epoch {settings.epochs}; "
                "a run of that length from the start would have had other rates"
            )
        return session

    def _restore(self, saved: Checkpoint) -> None:
        with blaming(saved.source):
            if saved.facts["fingerprint"] != self.task.fingerprint:
                raise ArgumentError(
                    f"{self.settings.data!r} is not the data that this run began with; "
                    "put them back, or start anew"
                )
            self.trainer.load_state(saved.arrays, saved.facts["trainer"])
        lines = [_line(epoch) + "\n" for epoch in self.trainer.history]
        write_whole(self.metrics, "".join(lines).encode())

    # -- going on ------------------------------------------------------------------------------

    def run(self, stop: Callable[[Trainer], bool] = lambda trainer: False) -> Iterator[Epoch]:
        """Train to the last epoch, saving after each; when stopped, save where it stands."""
        for epoch in self.trainer.run(self.settings.epochs, stop):
            append_line(self.metrics, _line(epoch))
            self.save()
            yield epoch
        if not self.finished:
            self.save()

    @property
    def finished(self) -> bool:
        """Whether all epochs are over, or no patience is left."""
        return self.trainer.epoch >= self.settings.epochs or self.trainer.lost_patience

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        arrays, state = self.trainer.state()
        save(
            self.checkpoint,
            arrays,
            {
                "settings": self.settings.plain(),
                "encoder": self.task.encoder.plain(),
                "target": self.task.target.plain(),
                "fingerprint": self.task.fingerprint,
                "finished": self.finished,
                "trainer": state,
                "versions": versions(),
            },
        )

    # -- what came out -------------------------------------------------------------------------

    def result(self) -> dict[str, Any]:
        """Measures of the best weights on each part, beside what a guess would get, and facts of the run.

        Of classes there is an accuracy; of numbers an error, the root of the mean square in their own
        unit. The guess is the commonest class or the mean of the training part. The model has its best
        weights afterwards.
        """
        self.trainer.use_best()
        task, target = self.task, self.task.target
        parts = {"training": task.training, "validation": task.validation, "test": task.test}
        measured: dict[str, Any] = {}
        for name, (X, y) in parts.items():
            loss, right = evaluate(self.model, X, y, target.loss)
            measured[name] = {"examples": len(y), **target.measured(loss, right)}
        guess, baseline = target.baseline(task.test[1])
        return {
            "data": self.settings.data,
            "task": target.kind,
            "labels": list(target.labels),
            "parameters": sum(p.size for p in self.model.parameters()),
            "epochs": self.trainer.epoch,
            "best_epoch": self.trainer.best_epoch,
            "parts": measured,
            "baseline": {"says": guess, **baseline},
        }


def versions() -> dict[str, str]:
    """Of the programs whose numbers these are."""
    return {
        "minigrad": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _line(epoch: Epoch) -> str:
    facts = asdict(epoch)
    return json.dumps({"epoch": facts.pop("number"), **facts})


def _spare(path: Path) -> None:
    """Refuse to begin where a run lies, whether or not it is whole."""
    if not os.path.lexists(path):
        return
    replace = "replace it with --overwrite (overwrite=True), or name another folder"
    try:
        saved = load_run(path)[0]
    except ArgumentError as error:
        what = str(error).splitlines()[0]
        raise ArgumentError(f"{str(path.parent)!r} holds a checkpoint that is none ({what}); {replace}") from error
    done = len(saved.facts["trainer"]["history"])
    state, more = (
        ("a finished", "make it longer with --resume --epochs N (Session.resume)")
        if saved.facts["finished"]
        else ("an unfinished", "go on with --resume (Session.resume)")
    )
    raise ArgumentError(
        f"{str(path.parent)!r} holds {state} run, {done} epoch{'s' * (done != 1)} long; {more}, {replace}"
    )


def _with_wishes(before: Settings, wishes: Mapping[str, Any]) -> Settings:
    """The settings of a run with those that may change replaced."""
    fixed = {
        name: value
        for name, value in wishes.items()
        if name not in CHANGEABLE and getattr(before, name) != value
    }
    if fixed:
        lines = [
            f"{name}={value!r}, but it began with {getattr(before, name)!r}"
            for name, value in fixed.items()
        ]
        raise ArgumentError(
            "a run goes on as it began; leave these out, or start a new run\n  "
            + "\n  ".join(lines)
        )
    return replace(before, **{k: v for k, v in wishes.items() if k in CHANGEABLE})
