"""What commands on an expression share: its text, its variables, and by what it is differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from minigrad.api.parse import parse
from minigrad.cli.variables import METAVAR, declared_variables
from minigrad.errors import ArgumentError
from minigrad.parsing import Parsed


class Expression(click.Command):
    """A command whose text may begin with a minus sign, as in ``-sum(y * log(p))``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Tell a negative expression from an option: an option is one letter, or two dashes."""
        options = {name for parameter in self.params for name in parameter.opts}
        valued = {
            name
            for p in self.params
            if isinstance(p, click.Option) and not p.is_flag
            for name in p.opts
        }
        before = ["", *args]  # what follows an option is its value, whatever it begins with
        words = [
            f" {word}" if _is_negative(word, options) and last not in valued else word
            for last, word in zip(before, args, strict=False)
        ]
        return super().parse_args(ctx, words)


def _is_negative(word: str, options: set[str]) -> bool:
    return len(word) > 2 and word[0] == "-" and word[1] != "-" and word[:2] not in options


def on_expression(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments TEXT and variables, and the option --wrt."""
    for decorate in (
        click.option(
            "--wrt",
            metavar="NAME[,NAME]",
            multiple=True,
            help="By what; may be given several times. All variables by default.",
        ),
        click.argument("variables", nargs=-1, metavar=METAVAR),
        click.argument("text"),
    ):
        command = decorate(command)
    return command


def by_cotangent(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --cotangent."""
    told = "For a result with axes: what the gradient by it is called; asks for the pullback, in its terms."
    return click.option("--cotangent", metavar="NAME", help=told)(command)


def parsed(text: str, variables: Sequence[str]) -> Parsed:
    """The tensor that the words of a command line mean."""
    return parse(text.strip(), **declared_variables(variables))


def names_in(words: Sequence[str], option: str = "--wrt") -> list[str] | None:
    """The names after an option; None where there are none.

    Raises
    ------
    ArgumentError
        When a name is empty or stands there twice.
    """
    if not words:
        return None
    names = [name.strip() for word in words for name in word.split(",")]
    if "" in names:
        raise ArgumentError(f"{option}: an empty name; write {option} X or {option} X,w")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ArgumentError(f"{option}: {twice!r} is given twice; leave one")
    return names
