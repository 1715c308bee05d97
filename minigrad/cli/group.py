"""The group of commands, and what becomes of errors and interruptions.

A command lives in a module of its own and is listed once, below.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

import click

from minigrad import __version__
from minigrad.cli.attention.command import attention
from minigrad.cli.check import check
from minigrad.cli.derive import derive
from minigrad.cli.draw import draw
from minigrad.cli.predict import predict
from minigrad.cli.terminal import Exit, open_streams, speak_unicode
from minigrad.cli.train.command import train
from minigrad.errors import MinigradError
from minigrad.markup import plain

COMMANDS = (attention, derive, check, draw, train, predict)


class BadUsage(click.ClickException):
    """An error that the user can mend, in one line on stderr."""

    exit_code = Exit.USAGE


class Commands(click.Group):
    """A group whose commands end with an exit code and a sentence, never with a traceback."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line, and see that all of its output could be written."""
        open_streams()
        try:
            try:
                return super().main(*args, **options)
            finally:
                sys.stdout.flush()
        except OSError as error:
            _silence(sys.stdout)
            if error.errno == errno.EPIPE:  # who reads has read enough
                sys.exit(Exit.RIGHT)
            try:
                click.echo(f"Error: cannot write the output ({error.strerror or error})", err=True)
            except OSError:  # nor can this be said
                _silence(sys.stderr)
            sys.exit(Exit.USAGE)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except MinigradError as error:
            raise BadUsage(plain(str(error))) from error
        except KeyboardInterrupt:
            click.echo("interrupted: nothing more was written", err=True)
            ctx.exit(Exit.INTERRUPTED)


def _silence(stream: TextIO) -> None:
    """Let a stream lead nowhere: what could not be written is not tried again when Python ends."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@click.group(
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
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
