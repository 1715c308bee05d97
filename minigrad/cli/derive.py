"""``minigrad derive``: the derivatives of an expression, in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import Any

import click

from minigrad.api import Derivation, Formula
from minigrad.api import derive as derivatives
from minigrad.api.derivation import FORMS
from minigrad.api.indexed import index_line
from minigrad.checking import Report
from minigrad.cli.derived_file import Asked, Ending, ending_of
from minigrad.cli.expression import Expression, by_cotangent, names_in, on_expression, parsed
from minigrad.cli.terminal import OF_VERDICT, Exit, report_table, say, tell, tell_json, width
from minigrad.errors import ArgumentError, DerivationError
from minigrad.files import path_in_words, write_whole
from minigrad.index.expr import referred
from minigrad.notation.text import ASCII
from minigrad.source import LANGUAGES


@click.command(cls=Expression)
@on_expression
@by_cotangent
@click.option(
    "--short-sums",
    is_flag=True,
    help="Sums over a tensor and its gradient as kernels take them: rowsum(O ⊙ dO) for O = P V.",
)
@click.option(
    "--order",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="1 for gradients and Jacobians, 2 for Hessians, 3 for third derivatives, and so on.",
)
@click.option(
    "--along",
    multiple=True,
    metavar="NAME",
    help="At order 2 and above: derive the gradients again along a change of this variable.",
)
@click.option(
    "--format",
    "style",
    show_default="unicode, or what the ending of FILE says",
    type=click.Choice(
        ["unicode", "ascii", "latex", "mathml", "typst", "index", "sympy", *LANGUAGES, "steps"]
    ),
    help="How the formulas are written.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write a file, as what its ending says: .txt, .md, .tex and .typ hold formulas, .py is source, "
    ".svg the graph, .html a page with all of it, .json facts for programs.",
)
@click.option(
    "--form",
    default="gradients",
    show_default=True,
    type=click.Choice(FORMS),
    help="As source: the formulas alone, or the result with them as its backward pass.",
)
@click.option("--expanded", is_flag=True, help="Write names out: one line in the variables alone.")
@click.option(
    "--check", "checked", is_flag=True, help="Check the formulas by independent witnesses."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, and only that.")
@click.pass_context
def derive(
    ctx: click.Context,
    text: str,
    variables: tuple[str, ...],
    wrt: tuple[str, ...],
    cotangent: str | None,
    short_sums: bool,
    order: int,
    along: tuple[str, ...],
    style: str | None,
    output: str | None,
    form: str,
    expanded: bool,
    checked: bool,
    as_json: bool,
) -> None:
    """Derive an expression in NumPy's notation, in closed form.

    A dim's name is its size, statements name intermediates, and dims that the expression forces need
    not be declared:

    \b
      minigrad derive "sum((A @ x - b)**2)" A:m,n --wrt x
      minigrad derive "x @ inv(S) @ x + logdet(S)" x:n S:n,n:spd --wrt S
      minigrad derive "S = Q @ K.T / sqrt(k); softmax(S) @ V" Q:n,k K:n,k V:n,e --wrt Q
      minigrad derive "P = softmax(Q @ K.T); O = P @ V; O" Q:n,k K:n,k V:n,e --cotangent dO
      minigrad derive "sum((U @ V.T - T)**2)" U:m,k V:n,k --wrt U --wrt V --order 2
      minigrad derive "logdet(X.T @ X)" X:m,n -o logdet.tex

    Assumptions: symmetric, spd, diagonal, orthogonal, simplex, onehot, 0/1, pm1, positive, unit, bool,
    index, invertible, nonzero.

    Exit codes: 0 right, 1 a check failed, 2 bad usage, 3 a check was inconclusive.
    """  # noqa: D301 (click wants the backspace itself)
    ending = None if output is None else ending_of(output)
    style = _style(style, ending, output, as_json)
    if expanded and style not in (*_EXPANDED, *_FACTS):
        raise ArgumentError(
            f"--expanded: names are written out as {', '.join(_EXPANDED)}, not as {style}"
        )
    if form != FORMS[0] and style not in LANGUAGES:
        raise ArgumentError(
            f"--form {form} is source, in the language of --format {', '.join(LANGUAGES)}; not {style}"
        )
    result = parsed(text, variables)
    derivation = derivatives(
        result,
        wrt=names_in(wrt),
        order=order,
        cotangent=cotangent,
        short_sums=short_sums,
        along=names_in(along, "--along"),
    )
    report, problem = _proof(derivation) if checked else (None, "")
    written = partial(_written, derivation, style, form, expanded)
    facts = partial(_facts, text, derivation, dict(result.inferred), report)
    told = ", ".join(f"{name}: {dims or 'scalar'}" for name, dims in result.inferred.items())
    if ending is not None and output is not None:
        asked = Asked(text, result, derivation, names_in(wrt), cotangent, written, facts)
        write_whole(output, ending.content(asked).encode())
    if as_json:
        tell_json(facts())
    else:
        if output is None:
            _tell(written(), style, told)
        else:
            _tell_inferred(told, err=True)
            tell(f"{path_in_words(output)}  {_count(derivation)}")
        if report is not None:
            click.echo()
            report_table(report)
    if problem:
        tell(f"inconclusive: {problem}", err=True)
    if checked:
        ctx.exit(OF_VERDICT[report.verdict] if report is not None else Exit.INCONCLUSIVE)


_FACTS = ("json",)


def _style(style: str | None, ending: Ending | None, file: str | None, as_json: bool) -> str:
    """The notation: what was asked for, or what stands in such a file, or what people read."""
    if ending is None:
        if as_json and style is not None:
            raise ArgumentError(f"--json prints JSON alone, --format {style} something else; leave one")
        return "json" if as_json else style or "unicode"
    if style is not None and style not in ending.formats:
        holds = f"holds {' or '.join(ending.formats)}" if ending.formats else "has a form of its own"
        raise ArgumentError(f"--format {style!r}: the file {file!r} {holds}; leave --format, or name another")
    return style or (ending.formats or (Path(file or "").suffix.removeprefix("."),))[0]


def _count(derivation: Derivation) -> str:
    return f"{len(derivation)} derivative{'s' * (len(derivation) != 1)}"


def _proof(derivation: Derivation) -> tuple[Report | None, str]:
    try:
        return derivation.check(), ""
    except DerivationError as error:
        return None, str(error)


def _written(derivation: Derivation, style: str, form: str, expanded: bool) -> str:
    if expanded:
        text = "\n".join(_EXPANDED[style](formula) for formula in derivation.values())
    elif style in LANGUAGES:
        text = derivation.source(style, form)
    else:
        text = _STYLES[style](derivation)
    return text.rstrip("\n")


def _tell(text: str, style: str, inferred: str) -> None:
    """Print the formulas; what people read is folded at the terminal's width, what programs read is not."""
    for_people = style in ("unicode", "ascii", "index", "steps")
    _tell_inferred(inferred, err=not for_people)
    (say if for_people else tell)(text)


def _tell_inferred(inferred: str, err: bool) -> None:
    if inferred:
        tell(f"inferred  {inferred}\n", err=err)


def _numbered(derivation: Derivation) -> str:
    """The steps, their rules as paragraphs of the terminal's width."""
    margin = " " * 5
    columns = width() or 10**6
    lines: list[str] = []
    for k, step in enumerate(derivation.steps, start=1):
        lines.append(f"{k}. {step.line.text()}")
        lines += wrap(step.rule, columns, initial_indent=margin, subsequent_indent=margin)
    return "\n".join(lines)


def _indexed(formulas: Sequence[Formula]) -> str:
    """The formulas by index, and below them what their names stand for."""
    names = referred(*(formula.expr for formula in formulas))
    lines = [index_line(ref.name, ref.node).text() for ref in reversed(names)]
    where = [f"where {lines[0]}", *(f"      {line}" for line in lines[1:])] if lines else []
    return "\n".join([formula.index_line.text() for formula in formulas] + where)


_STYLES: dict[str, Callable[[Any], str]] = {
    "unicode": str,
    "ascii": lambda d: d.ascii,
    "latex": lambda d: d.latex,
    "mathml": lambda d: d.mathml,
    "typst": lambda d: d.typst,
    "index": lambda d: _indexed(list(d.values())),
    "sympy": lambda d: "\n".join(str(f.sympy) for f in d.values()),
    "steps": _numbered,
}


_EXPANDED: dict[str, Callable[[Formula], str]] = {
    "unicode": lambda f: f.expanded,
    "ascii": lambda f: f.expanded_line.text(ASCII),
    "latex": lambda f: f.expanded_line.latex(aligned=False),
    "mathml": lambda f: f.expanded_line.mathml(),
    "typst": lambda f: f.expanded_line.typst(aligned=False),
    "sympy": lambda f: str(f.sympy),
}


def _facts(
    text: str, derivation: Derivation, inferred: dict[str, str], report: Report | None
) -> dict[str, Any]:
    """Everything as JSON: each formula in every notation that is text."""
    formulas = {
        key if isinstance(key, str) else ",".join(key): {
            "unicode": str(formula),
            "ascii": formula.ascii,
            "latex": formula.latex,
            "mathml": formula.mathml,
            "typst": formula.typst,
            "index": _indexed([formula]),
            "sympy": _or_none(lambda f: str(f.sympy), formula),
            "expanded": formula.expanded,
            "dims": list(formula.dims),
            "variables": formula.variables,
        }
        for key, formula in derivation.items()
    }
    facts: dict[str, Any] = {"text": text.strip(), "order": derivation.order}
    steps = [{"line": step.line.text(), "heading": step.heading, "rule": step.text} for step in derivation.steps]
    facts |= {"inferred": inferred, "formulas": formulas, "steps": steps}
    return facts if report is None else facts | {"verdict": report.verdict}


def _or_none(say: Callable[[Formula], str], formula: Formula) -> str | None:
    """A notation that not every formula has."""
    try:
        return say(formula)
    except DerivationError:
        return None
