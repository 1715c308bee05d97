"""Commands that take an expression as their first word."""

from __future__ import annotations

import click


class Expression(click.Command):
    """A command whose text may begin with a minus sign, as in ``-sum(y * log(p))``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Tell a negative expression from an option: options have one letter, or two dashes."""
        return super().parse_args(ctx, [f" {a}" if _is_negative(a) else a for a in args])


def _is_negative(word: str) -> bool:
    return len(word) > 2 and word[0] == "-" and word[1] != "-"
