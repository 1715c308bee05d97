"""``minigrad check``: is a gradient right, and if not, what went wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import click

from minigrad.api.check import check as judged
from minigrad.api.parse import parse
from minigrad.checking import Finding, Report
from minigrad.checking.report import SIGNS
from minigrad.checking.status import status
from minigrad.cli.common import seed as seed_option
from minigrad.cli.expression import Expression
from minigrad.cli.terminal import OF_VERDICT, heading, report_table, say, tell_json
from minigrad.cli.variables import METAVAR, declared_variables
from minigrad.errors import ArgumentError

_ASSIGNED = re.compile(r"\s*(\w+)\s*=(?!=)(.*)", re.DOTALL)


@click.command(cls=Expression)
@click.argument("text")
@click.argument("variables", nargs=-1, metavar=METAVAR)
@click.option("--wrt", metavar="NAME[,NAME]", help="By what; all variables by default.")
@click.option(
    "--against",
    multiple=True,
    metavar="[NAME=]TEXT",
    help="A gradient derived by hand, to be judged; once for each variable.",
)
@click.option(
    "--given",
    multiple=True,
    metavar="NAME=TEXT",
    help="A piece of the derivation, dS=..., or numbers for a variable as JSON.",
)
@click.option(
    "--order",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="1 for gradients and Jacobians, 2 for Hessians, 3 for third derivatives, and so on.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many random samples are tried; 2 by default.",
)
@seed_option("The first random seed.")
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="A time budget; what it leaves out is noted.",
)
@click.option("--json", "as_json", is_flag=True, help="The whole report as JSON.")
@click.pass_context
def check(
    ctx: click.Context,
    text: str,
    variables: tuple[str, ...],
    wrt: str | None,
    against: tuple[str, ...],
    given: tuple[str, ...],
    order: int,
    seeds: int | None,
    seed: int,
    budget: float | None,
    as_json: bool,
) -> None:
    """Judge the gradients of an expression, or a derivation by hand, by independent witnesses.

    The expression and its variables are written as for derive. A derivation may use the names of the
    expression, dims as numbers, dT for the gradient by a tensor T, and its own pieces:

    \b
      minigrad check "logdet(X.T @ X)" X:m,n
      minigrad check "sum((A @ x - b)**2)" A:m,n --wrt x --against "2 * A.T @ (A @ x - b)"
      minigrad check "A = softmax(Q @ K.T / sqrt(k)); H = A @ V; sum(H**2)" \\
          Q:n,k K:n,k V:n,e --wrt Q --against "dS @ K / sqrt(k)" \\
          --given "dS = A * (dA - sum(A * dA, axis=1, keepdims=True))"

    Exit codes: 0 right, 1 wrong, 2 bad usage, 3 inconclusive.
    """  # noqa: D301 (click wants the backspace itself)
    declared = declared_variables(variables)
    output = parse(text.strip(), **declared)
    names = None if wrt is None else [name.strip() for name in wrt.split(",")]
    printed = {*declared, *output.inferred} if order > 1 or output.shape else None
    claims = _claims(against, names, printed)
    with status("checking") as progress:
        report = judged(
            output,
            wrt=list(claims) if isinstance(claims, dict) and names is None else names,
            against=claims,
            given=_pieces(given),
            order=order,
            seed=seed,
            seeds=seeds,
            seconds=budget,
            progress=progress,
        )
    if as_json:
        tell_json(report.json())
    else:
        _tell(report, dict(output.inferred))
    ctx.exit(OF_VERDICT[report.verdict])


def _claims(texts: tuple[str, ...], names: list[str] | None, known: set[str] | None) -> Any:
    """One derivation as it is, several by the variables they are for.

    A Hessian or a Jacobian is printed with a left side that is no variable of those ``known``.
    """
    if not texts:
        return None
    found: dict[str, str] = {}
    for text in texts:
        match = _ASSIGNED.match(text)
        if match is None:
            if len(texts) > 1:
                raise ArgumentError(
                    f"--against {text!r}: of several derivations each names its variable: Wq=..."
                )
            return text
        name = match[1]
        if known is not None and len(texts) == 1 and not {name, name[1:]} & known:
            return text
        if name.startswith("d") and len(name) > 1 and name not in (names or ()):
            name = name[1:]
        if name in found:
            raise ArgumentError(f"--against: {name} is given twice; leave one")
        found[name] = match[2].strip()
    return found


def _pieces(texts: Iterable[str]) -> dict[str, Any]:
    """Formulas as text, and what JSON reads as numbers."""
    found: dict[str, Any] = {}
    for text in texts:
        match = _ASSIGNED.match(text)
        if match is None:
            raise ArgumentError(f'--given {text!r}: write NAME=TEXT, as in "dS = A * dA"')
        if match[1] in found:
            raise ArgumentError(f"--given: {match[1]} is given twice; leave one")
        try:
            found[match[1]] = json.loads(match[2])
        except ValueError:
            found[match[1]] = match[2].strip()
    return found


# -- what is printed -----------------------------------------------------------------------------------


def _tell(report: Report, inferred: dict[str, str]) -> None:
    if inferred:
        say("inferred  " + ", ".join(f"{n}: {dims or 'scalar'}" for n, dims in inferred.items()))
        click.echo()
    report_table(report)
    if report.findings:
        heading("Derivation")
        for finding in report.findings:
            _tell_finding(finding)
    if report.notes:
        heading("Notes")
        for note in report.notes:
            say(note, indent=2)
    heading("Verdict")
    say(f"{report.verdict} {SIGNS[report.verdict]}", indent=2)


def _tell_finding(finding: Finding) -> None:
    first, *others = str(finding).splitlines()
    say(f"{SIGNS[finding.verdict]} {first}", indent=2)
    for line in others:
        say(line.strip(), indent=4 + 2 * (line.startswith("    ") and line.strip() != "where"))
