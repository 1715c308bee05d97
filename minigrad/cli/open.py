"""``minigrad open``: the live page of a program."""

from __future__ import annotations

import json
import sys
import threading
import webbrowser
from http import HTTPStatus
from typing import Any

import click

from minigrad.cli.expression import Expression, names_in
from minigrad.cli.program_file import program_text
from minigrad.cli.terminal import tell, tell_json
from minigrad.cli.variables import METAVAR, declared_variables
from minigrad.errors import ArgumentError
from minigrad.files import path_in_words, write_whole


@click.command("open", cls=Expression)
@click.argument("text", required=False, default="")
@click.argument("variables", nargs=-1, metavar=METAVAR)
@click.option("--wrt", metavar="NAME[,NAME]", multiple=True, help="By what; all variables by default.")
@click.option(
    "--order",
    default=1,
    show_default=True,
    type=click.IntRange(1, 2),
    help="1 for gradients and Jacobians, 2 for Hessians.",
)
@click.option("--example", metavar="NAME", help="Begin with a program of the gallery.")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), metavar="N", help="Where; a free one by default."
)
@click.option("--no-browser", is_flag=True, help="Open no browser: its address is printed in any case.")
@click.option("--export", metavar="FILE.html", help="Write the page as one file that needs no minigrad; serve none.")
@click.option("--json", "as_json", is_flag=True, help="The address as JSON.")
def open_(
    text: str,
    variables: tuple[str, ...],
    wrt: tuple[str, ...],
    order: int,
    example: str | None,
    port: int,
    no_browser: bool,
    export: str | None,
    as_json: bool,
) -> None:
    """Open the live page of a program: formulas, graph, steps, numbers, verdict and source.

    Text and variables are those of `minigrad derive`. Or name a function of a file, which is read and
    not run: its assignments and its return are the program. The page begins with the gallery where
    nothing is named; Ctrl-C ends it.

    \b
      minigrad open
      minigrad open "S = X @ W; sum(softmax(S) * C)" X:n,d W:d,k C:n,k
      minigrad open model.py:forward X:n,d --no-browser --port 8000
      minigrad open "sum((X @ w - y)**2)" X:n,d w:d y:n --export least-squares.html

    Exit codes: 0 exported, 2 bad usage, 130 ended by Ctrl-C.
    """  # noqa: D301 (click wants the backspace itself)
    start = _start(text, variables, wrt, order, example)
    if export is None:
        _serve(start, port, browser=not no_browser, as_json=as_json)
    else:
        _write(start, export, as_json)


def _write(start: dict[str, Any], file: str, as_json: bool) -> None:
    """The page of a program, or of the first example, as a file."""
    from minigrad.page import GALLERY, answer
    from minigrad.page.export import exported

    asked = start or GALLERY[0]
    write_whole(file, exported({**asked, "state": {"title": asked.get("title", "")}}, answer).encode())
    if as_json:
        tell_json({"file": file})
    else:
        tell(path_in_words(file))


def _start(
    text: str, variables: tuple[str, ...], wrt: tuple[str, ...], order: int, example: str | None
) -> dict[str, Any]:
    """What the page begins with; a text with a fault is shown there, with what would mend it."""
    if example is not None:
        if text:
            raise ArgumentError(f"--example {example}: it is a program already; leave TEXT away")
        return _example(example)
    if not text:
        return {}
    return {
        "program": program_text(text),
        "variables": declared_variables(variables),
        "wrt": names_in(wrt),
        "order": order,
    }


def _example(name: str) -> dict[str, Any]:
    from minigrad.page import GALLERY

    found = {example["id"]: example for example in GALLERY}
    if name not in found:
        raise ArgumentError(f"--example: there is no {name!r}; there are {', '.join(found)}")
    return found[name]


def _serve(start: dict[str, Any], port: int, browser: bool, as_json: bool) -> None:
    from minigrad.page import GALLERY
    from minigrad.page.export import exported
    from minigrad.page.server import Refusal, Server
    from minigrad.page.worker import Workers

    with Workers() as workers:

        def cancel(asked: dict[str, Any]) -> bytes:
            lane = asked.get("lane")
            workers.cancel(str(asked.get("page")), None if lane is None else str(lane))
            return b"{}"

        def export(asked: dict[str, Any]) -> bytes:
            whose = {key: asked[key] for key in ("page", "number") if key in asked} | {"lane": "export"}
            try:
                page = exported(asked, lambda question: json.loads(workers.answer(question | whose)))
            except ArgumentError as error:
                raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
            return page.encode()

        posts = {"call": workers.answer, "cancel": cancel, "export": export}
        try:
            server = Server(posts, {"start.json": start, "gallery.json": GALLERY}, port)
        except OSError as error:
            raise ArgumentError(
                f"--port {port}: no page can be opened there ({error.strerror or error}); take another "
                "port, or none: then a free one is found"
            ) from None
        with server:
            tell(json.dumps({"url": server.url}) if as_json else server.url)
            sys.stdout.flush()
            if browser:  # one in the terminal stays until it is left, and asks meanwhile
                threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
            server.serve_forever()
