"""The progress of training: a few live lines on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from minigrad.cli.terminal import tell
from minigrad.training import Epoch
from minigrad.training.session import Session


@contextmanager
def progress(session: Session) -> Iterator[Lines | Bar]:
    """Tell the progress of a run on stderr."""
    clock = Clock(session)
    if not sys.stderr.isatty():
        yield Lines(session, clock)
        return
    console = Console(file=sys.stderr)
    bar = Bar(session, clock)
    with Live(console=console, refresh_per_second=8, get_renderable=bar.drawn):
        yield bar


class Clock:
    """How fast a run goes, in examples a second, and the seconds that are left."""

    def __init__(self, session: Session) -> None:
        self.trainer, self.epochs = session.trainer, session.settings.epochs
        self.size = len(self.trainer.targets)
        self.began, self.before = time.perf_counter(), self.seen

    @property
    def seen(self) -> int:
        """Examples learnt from, counting each epoch anew."""
        return self.trainer.epoch * self.size + self.trainer.done

    @property
    def speed(self) -> float:
        """Examples a second since this part of the run began."""
        return (self.seen - self.before) / max(time.perf_counter() - self.began, 1e-9)

    def left(self) -> str:
        """The time that is left, as 0:03 or 1:02:03."""
        rest = self.epochs * self.size - self.seen
        seconds = math.ceil(rest / self.speed) if self.speed else 0
        hours, minutes = divmod(seconds // 60, 60)
        return (
            f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
        )


class Lines:
    """A line for each epoch."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.epochs, self.clock = session.settings.epochs, clock

    def epoch(self, epoch: Epoch) -> None:
        """One line."""
        count = f"{epoch.number:{len(str(self.epochs))}}/{self.epochs}"
        tell(
            f"epoch {count}  {_numbers(epoch)}  {self.clock.speed:,.0f} examples/s  "
            f"{self.clock.left()} left",
            err=True,
        )


class Bar:
    """Three lines that stay in place: how far, how well, how well on the validation part."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.session, self.clock = session, clock
        self.last = session.trainer.history[-1] if session.trainer.history else None

    def epoch(self, epoch: Epoch) -> None:
        """Remember the numbers."""
        self.last = epoch

    def drawn(self) -> Group:
        """The lines as they are now."""
        trainer, epochs = self.session.trainer, self.session.settings.epochs
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        bar = ProgressBar(total=epochs * self.clock.size, completed=self.clock.seen)
        pace = f"{self.clock.speed:,.0f} examples/s {self.clock.left()} left"
        speed = pace if self.clock.speed else ""
        line.add_row(f"epoch {min(trainer.epoch + 1, epochs)}/{epochs}", bar, speed)
        if self.last is None:
            return Group(line)
        e = self.last
        rows = [f"training    loss {e.loss:.4f}{_accuracy(e.accuracy)}"]
        if e.validation_loss is not None:
            best = f"  (best: epoch {trainer.best_epoch})"
            rows.append(
                f"validation  loss {e.validation_loss:.4f}{_accuracy(e.validation_accuracy)}{best}"
            )
        return Group(line, Text("\n".join(rows)))


def _accuracy(value: float | None) -> str:
    """Of classes; numbers have none."""
    return "" if value is None else f"  accuracy {value:.3f}"


def _numbers(epoch: Epoch) -> str:
    text = f"loss {epoch.loss:.4f}" + _accuracy(epoch.accuracy).replace("  ", " ")
    if epoch.validation_loss is None:
        return text
    beside = "" if epoch.validation_accuracy is None else f" {epoch.validation_accuracy:.3f}"
    return f"{text}  validation {epoch.validation_loss:.4f}{beside}"
