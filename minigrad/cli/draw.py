"""``minigrad draw``: the computation graph of an expression, forward and backward."""

from __future__ import annotations

import click

from minigrad.api import draw as drawing_of
from minigrad.cli.expression import Expression, by_cotangent, names_in, on_expression, parsed
from minigrad.cli.terminal import tell, tell_json
from minigrad.errors import ArgumentError
from minigrad.files import path_in_words


@click.command(cls=Expression)
@on_expression
@by_cotangent
@click.option(
    "-o",
    "--output",
    default="graph.svg",
    show_default=True,
    metavar="FILE",
    help="Where to; the extension says as what: .svg, .png, .pdf, .dot, .gv. '-' prints DOT.",
)
@click.option("--forward", is_flag=True, help="Draw the forward pass alone.")
@click.option("--title", default="", help="What stands above the picture.")
@click.option("--depth", type=click.IntRange(min=0), help="How many levels of scopes are opened.")
@click.option("--unfold", is_flag=True, help="Draw what repeats every time.")
@click.option("--json", "as_json", is_flag=True, help="Tell file, cards and edges as JSON.")
def draw(
    text: str,
    variables: tuple[str, ...],
    wrt: tuple[str, ...],
    cotangent: str | None,
    output: str,
    forward: bool,
    title: str,
    depth: int | None,
    unfold: bool,
    as_json: bool,
) -> None:
    """Draw the computation graph of an expression, with the formulas of both passes.

    Text and variables are those of `minigrad derive`; names that statements give become cards.

    \b
      minigrad draw "S = X @ W; sum(softmax(S) * C)" X:n,d W:d,k C:n,k -o softmax.svg
      minigrad draw "sum((A @ x - b)**2)" A:m,n --wrt x -o - --forward

    Exit codes: 0 right, 2 bad usage, or no Graphviz: then the DOT source is written beside.
    """  # noqa: D301 (click wants the backspace itself)
    loss = parsed(text, variables)
    drawing = drawing_of(
        loss,
        backward=not forward,
        wrt=names_in(wrt),
        cotangent=cotangent,
        title=title,
        depth=depth,
        repeats=not unfold,
    )
    if output == "-":
        if as_json:
            raise ArgumentError("--json: DOT goes to stdout with -o -; name a file")
        tell(drawing.source)
        return
    path = drawing.save(output)
    picture = drawing.picture
    if as_json:
        facts = {"file": str(path), "cards": len(picture.cards), "edges": len(picture.edges)}
        tell_json(facts)
    else:
        tell(f"{path_in_words(path)}  {len(picture.cards)} cards, {len(picture.edges)} edges")
