"""The group of commands, and what becomes of errors and interruptions.

A command lives in a module of its own and is listed once, below.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TextIO

import click

from minigrad import __version__
from minigrad.cli.attention.command import attention
from minigrad.cli.check import check
from minigrad.cli.derive import derive
from minigrad.cli.draw import draw
from minigrad.cli.messages import meant, message_of
from minigrad.cli.open import open_
from minigrad.cli.predict import predict
from minigrad.cli.terminal import Exit, open_streams, speak_unicode, width
from minigrad.cli.train.command import train
from minigrad.errors import MinigradError
from minigrad.start import let_python_interrupt, let_the_system_interrupt

# click itself folds no help below 50 columns, two of which are a margin.
_NARROW = 52


class Commands(click.Group):
    """A group whose commands end with an exit code and a sentence, never with a traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line, see that all of its output could be written, and end the process.

        Not ``standalone_mode`` is click's own way for programs: it returns, and raises what goes wrong.
        """
        open_streams()
        words = list(sys.argv[1:] if args is None else args)
        name = prog_name or "minigrad"
        if not standalone_mode:
            return super().main(words, name, complete_var, False, **extra)
        self._main_shell_completion(extra, name, complete_var)
        try:
            let_python_interrupt()
            code = self._ended(words, name, **extra)
            sys.stdout.flush()
        except KeyboardInterrupt:
            code = _interrupted()
        except OSError as error:
            code = _unwritable(error)
        let_the_system_interrupt()  # all is written; nothing is left to clean up
        sys.exit(code)

    def _ended(self, words: Sequence[str], name: str, **extra: Any) -> int:
        """Run the chosen command; the exit code."""
        context: click.Context | None = None
        columns = width()
        if columns and columns < _NARROW:
            extra.setdefault("terminal_width", columns)
        try:
            with self.make_context(name, list(words), **extra) as context:
                self.invoke(context)
            return Exit.RIGHT
        except click.exceptions.Exit as end:
            return end.exit_code
        except (MinigradError, click.ClickException) as error:
            chosen = getattr(error, "ctx", None) or context
            command = chosen.command if chosen else self
            if command is self and chosen is not None:
                command = self.commands.get(chosen.invoked_subcommand or "", self)
            click.echo(message_of(error, words, command), err=True)
            return Exit.USAGE
        except (EOFError, click.Abort) as error:
            raise KeyboardInterrupt from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with its whole first sentence; click's own ends in dots where a line ends."""
        rows = [(name, self.commands[name].get_short_help_str(limit=10_000)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names, or the one that was probably meant, in an error."""
        word = args[0]
        if word not in self.commands and not word.startswith("-"):
            near = meant(word, self.commands) or f"; commands are {', '.join(self.commands)}"
            raise click.UsageError(f"there is no command {word!r}{near}", ctx)
        return super().resolve_command(ctx, args)


@click.command("help")
@click.argument("command", required=False)
@click.pass_context
def help_(ctx: click.Context, command: str | None) -> None:
    """Show this help, or that of a command."""
    above = ctx.parent
    assert above is not None
    if command is None:
        click.echo(above.get_help())
        return
    _, chosen, _ = main.resolve_command(above, [command])
    assert chosen is not None
    with click.Context(chosen, info_name=command, parent=above) as below:
        click.echo(below.get_help())


@click.command("version")
def version() -> None:
    """Show the version."""
    click.echo(f"minigrad {__version__}")


def _interrupted() -> int:
    """Ctrl-C, wherever it was met: what is written is whole, and what is not whole is gone."""
    with suppress(OSError):
        click.echo("interrupted: nothing more was written", err=True)
    return Exit.INTERRUPTED


def _unwritable(error: OSError) -> int:
    """Output that nobody takes: who reads from a pipe may have read enough, a full disk has not."""
    _silence(sys.stdout)
    if error.errno == errno.EPIPE:
        _silence(sys.stderr)
        return Exit.RIGHT
    try:
        click.echo(f"Error: cannot write the output ({error.strerror or error})", err=True)
    except OSError:  # nor can this be said
        _silence(sys.stderr)
    return Exit.USAGE


def _silence(stream: TextIO) -> None:
    """Let a stream lead nowhere: what could not be written is not tried again when Python ends."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


COMMANDS = (attention, derive, check, draw, open_, train, predict, help_, version)


@click.group(
    "minigrad",
    cls=Commands,
    commands={str(command.name): command for command in COMMANDS},
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="minigrad", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Run tensor programs, and read, prove and draw their gradients.

    Exit codes: 0 right, 1 a check failed, 2 bad usage, 3 a check was inconclusive.
    """
    speak_unicode()
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
