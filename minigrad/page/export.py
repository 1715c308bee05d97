"""The page as one file: an answer frozen into it, every line in numbers, nothing outside."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from minigrad.errors import ArgumentError
from minigrad.page.question import Question
from minigrad.report.bundle import bundle, digest, inline

_ALL: dict[str, dict[str, Any]] = {"lines": {}, "graph": {}, "values": {}, "sources": {}, "verdict": {}}
# What of a question and of the page's state the file begins with.
_STATE = ("program", "variables", "wrt", "order", "sizes", "values", "seed", "start")
_SHOWN = ("title", "step", "style")

_SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)"/>\n?')
_MODULE = re.compile(r'<script type="module" src="([^"]+)"></script>\n?')
_ADDRESS = re.compile(r'url\("([^")]+\.woff2)"\)')
# The file loads nothing and runs one script; its font is in its style.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src {}; img-src data:; font-src data:"

Ask = Callable[[dict[str, Any]], Mapping[str, Any]]


def exported(asked: Mapping[str, Any], ask: Ask) -> str:
    """A question's page as the text of one HTML file, which still steps.

    Parameters
    ----------
    asked
        The question; its ``state`` has the page's ``title``, ``step`` and ``style``.
    ask
        The one call.

    Raises
    ------
    ArgumentError
        When the program has a fault: there is nothing to freeze. Numbers that are refused are no fault: the
        file says why.
    """
    question = {key: asked[key] for key in Question.__dataclass_fields__ if key in asked and key != "ask"}
    told = dict(_answered(ask, question | {"ask": _ALL}))
    if not isinstance(told["lines"], list):
        raise ArgumentError(told["lines"]["error"]["message"])
    ids = [line["id"] for line in told["lines"]]
    plugged = _answered(ask, question | {"ask": {"plugged": {"lines": ids}}})["plugged"]
    if plugged.keys() != {*ids}:  # no line has numbers, and each says why
        plugged = dict.fromkeys(ids, plugged)
    state = asked.get("state")
    shown = {key: state[key] for key in _SHOWN if key in state} if isinstance(state, Mapping) else {}
    kept = {key: question[key] for key in _STATE if key in question}
    apart = {"numbers": told["values"], "sources": told["sources"], "verdict": told["verdict"]}
    answers = {"answer": told, "plugged": plugged, "refusal": told["values"].get("error"), **apart}
    return _page({"state": {**kept, **shown}, "answers": answers})


def _answered(ask: Ask, question: dict[str, Any]) -> Mapping[str, Any]:
    told = ask(question)
    if not told["ok"]:
        raise ArgumentError(told["error"]["message"])
    return told


def _page(frozen: Mapping[str, Any]) -> str:
    """The served page with its style sheets, its modules and an answer in their places."""
    text = _read("index.html")
    sheets = "\n".join(_ADDRESS.sub(_font, _read(name)) for name in _SHEET.findall(text))
    (entry,) = _MODULE.findall(text)
    script = inline(bundle(entry, _read))
    policy = _POLICY.format(digest(script))
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>\n'
    data = f'<script type="application/json" id="frozen">{_json(frozen)}</script>\n'
    text = _MODULE.sub("", _SHEET.sub("", text))
    text = text.replace('<meta charset="utf-8"/>\n', f'<meta charset="utf-8"/>\n{head}')
    text = text.replace("</head>", f"<style>{inline(sheets)}</style>\n</head>")
    return text.replace("</body>", f'{data}<script type="module">{script}</script>\n</body>')


def _read(address: str) -> str:
    """A text of the page, by its address there."""
    return _file(address).read_text(encoding="utf-8")


def _file(address: str) -> Any:
    address = address.removeprefix("./")
    if address.startswith("report/"):
        return files("minigrad.report") / address.removeprefix("report/")
    return files("minigrad.page") / "front" / address


def _font(found: re.Match[str]) -> str:
    data = b64encode(_file(found[1]).read_bytes()).decode("ascii")
    return f'url("data:font/woff2;base64,{data}")'


def _json(facts: Mapping[str, Any]) -> str:
    """Facts as JSON in which no tag can begin or end."""
    text = json.dumps(facts, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
