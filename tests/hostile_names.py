"""Names that hostile people give, and what becomes of one: run in a process of its own and watched.

Run as a script it takes names as JSON from standard input and prints, as JSON, what it has seen.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

PAYLOAD = "__import__('os').system('echo pwned')"

# What may be a name, and does not get out of the place where it is written.
ALLOWED = (
    f'""" + {PAYLOAD} + """',
    f'\\"""; {PAYLOAD} #',
    f"x); {PAYLOAD}; (",
    PAYLOAD,
    "\\N{x}",
    "\\",
    '"',
    "'",
    "\\input/etc/passwd ",
    "\\href{javascript:alert(1)}{x}",
    "}",
    "{",
    "$",
    "%",
    "#",
    "&",
    "_",
    "^",
    "~",
    "$$",
    "e_}\\input{x}",
    "∂",
    "∂\\input{x}/∂y",
    "∂x_}\\input{x}",
    "<aaaaaaaaaaaaaaaaaaaaaaa>",
    '<a> label=<pwned> URL=<javascript:alert(1)> p="; q=<zzzzzzzzzzzzzzzzzzzz" r="w>',
    '"]; evil [label="x"]; y [z="',
    "</script><script>alert(1)</script>",
    "]]>",
    "-->",
    "&lt;b&gt;",
    "x' onclick='alert(1)",
    "[link=https://example.org]x[/link]",
    "[red]",
    "a[0].b[1]",
    ".",
    "..",
    ".x",
    "x.",
    "a b",
    "a/b",
    "1x",
    "-",
    "np",
    "float",
    "len",
    "range",
    "lambda",
    "match",
    "None",
    "__debug__",
    "dtype",
    "𝐢𝐟",
    "x²",
    "名前",
    "é" * 1000,
    "b" * 1000,
    "\\" * 1000,
    "<" * 1000,
    "x " * 500,
)

REFUSED = (
    "",
    " ",
    "\u200d",
    "x\n",
    "x\ny = 1",
    f'"""\n    {PAYLOAD}\n    """',
    "x\r",
    "x\x00",
    "\x1b[2J",
    "\x7f",
    "x\x85y",
    "x\u2028y",
    "\ud800",
    "\u202ex",
    "\u2066x",
    "\ufeffx",
    "\ue000",
    "\uffff",
    "b" * 1001,
)


def outputs(first: str, second: str) -> Iterator[tuple[str, str]]:
    """Everything that is written of a small loss whose tensors have the names."""
    import numpy as np

    import minigrad as mg
    from minigrad.report import Section, page

    x = mg.tensor([[0.5, 1.5]], name=first, requires_grad=True)
    w = mg.tensor([0.5, -1.5], name="plain", requires_grad=True)
    with mg.scope(second):
        h = mg.exp(x * w).named(second)
    loss = mg.sum(h / mg.sum(h)).named("loss")
    derivation = mg.derive(loss, wrt=[first, second])
    yield "text", str(derivation)
    yield "ascii", derivation.ascii
    yield "latex", derivation.latex
    yield "latex", next(iter(derivation.values())).latex
    yield "latex", mg.derive(h, wrt=first).latex
    yield "mathml", mg.derive(h, wrt=first).mathml
    yield "mathml", derivation.mathml
    yield "notebook", json.dumps(derivation._repr_mimebundle_())
    yield "steps", "\n".join(map(str, derivation.steps))
    yield "sympy", str(mg.derive(loss, wrt=first)[first].sympy)
    source = derivation.source()
    yield "source", source
    space: dict[str, Any] = {}
    exec(compile(source, "<shipped>", "exec"), space)
    values = {first: x.numpy(), "plain": w.numpy()}
    arguments = {a: values[n] for a, n in source.arguments.items() if n in values}
    returned = space["gradients"](**arguments)
    assert list(returned) == [first, second], list(returned)
    np.testing.assert_allclose(returned[first], derivation(values)[first], atol=1e-12)
    report = mg.check(loss, wrt=first, seeds=1)
    assert report.verdict == "pass", str(report)
    yield "report", str(report)
    yield "svg", x._repr_html_()
    yield "mathml", report._repr_html_()
    drawing = mg.draw(loss, title=first)
    yield "dot", drawing.source
    yield "svg", drawing.svg
    sections = (Section(second, (first, derivation, report)),)
    yield "page", page(first, second, derivation=derivation, drawing=drawing, sections=sections)


def from_sympy(first: str, second: str) -> Iterator[tuple[str, str]]:
    """The same of SymPy's symbols, whose sizes have names too."""
    import sympy as s

    import minigrad as mg

    n = s.Symbol(second, integer=True, positive=True)
    A, b = s.MatrixSymbol(first, n, n), s.MatrixSymbol("plain", n, 1)
    output = mg.from_sympy((b.T * A * b)[0, 0] / n * s.exp(s.Symbol(f"s{first}"[:1000])))
    derivation = mg.derive(output)
    yield "text", str(derivation)
    yield "latex", derivation.latex
    yield "mathml", derivation.mathml
    yield "index", "\n".join(f.index for f in derivation.values())
    source = derivation.source()
    yield "source", source
    exec(compile(source, "<shipped>", "exec"), {})
    yield "sympy", "\n".join(str(f.sympy) for f in derivation.values())
    assert derivation.check(seeds=1).verdict != "fail"
    yield "svg", mg.draw(output).svg


WAYS: dict[str, Callable[[str, str], Iterator[tuple[str, str]]]] = {
    "tensors": outputs,
    "sympy": from_sympy,
}
STEPS = {"tensors": 1, "sympy": 2}  # of two names in a row each is sent once, or as either of two


def fault(kind: str, text: str, name: str) -> str:
    """What is wrong with something written: "" where nothing is."""
    if kind in ("svg", "page", "mathml"):
        body = text.replace("<!DOCTYPE html>", "")
        try:
            root = ElementTree.fromstring(f"<all>{body}</all>")
        except ElementTree.ParseError as error:
            return f"no XML: {error}"
        for element in root.iter():
            tag = element.tag.rpartition("}")[2]
            if tag == "a" or any(k.startswith("on") or k.endswith("href") for k in element.attrib):
                return f"an active element {tag} {element.attrib}"
        if body.count("<script") > (kind == "page"):
            return "a script that is not the page's own"
        if kind != "mathml" and name not in "".join(root.itertext()):
            return "the name is not told whole"
    if kind == "latex":
        plain = text.replace("\\\\", "").replace(r"\{", "").replace(r"\}", "")
        depth = 0
        for character in plain:
            depth += (character == "{") - (character == "}")
            if depth < 0:
                return "a brace is closed that was not opened"
        if depth or any(word in plain for word in ("\\input", "\\href", "\\N")):
            return "a command of the name's, or an open brace"
        if any(plain.count(c) > plain.count(f"\\{c}") for c in "$%#"):
            return "a sign of TeX's own"
    return _fault_of_dot(text) if kind == "dot" else ""


def _fault_of_dot(text: str) -> str:
    """What Graphviz itself reads in a picture beside what we write."""
    from pygraphviz import AGraph

    graph = AGraph(string=text)
    parts = [*graph.nodes(), *graph.edges()]
    known = {"id", "label", "tooltip", "class", "group", "color", "dir", "arrowtail", "weight"}
    known |= {"constraint", "shape", "headport", "tailport", "fontname", "fontsize", "arrowsize", "penwidth", "style"}
    strange = {key for part in parts for key, value in part.attr.items() if value} - known
    alone = [n for n in graph.nodes() if not str(n.attr["id"]).startswith("node_")]
    return f"attributes {strange}, nodes {alone}" if strange or alone else ""


def main(way: str) -> None:
    """Send each pair of names the way, and tell what was wrong or executed."""
    from fuzz import guard

    names: list[str] = json.load(sys.stdin)
    faults: list[str] = []
    watching = False

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if not watching:
            return
        if event == "import" and str(args[0]).startswith(("pwned", "evil")):
            faults.append(f"import {args!r:.200}")
        code = args[0] if event == "exec" else None
        if getattr(code, "co_filename", "").startswith("<") and "__import__" in code.co_names:
            faults.append(f"exec {code!r:.200}")

    sys.addaudithook(hook)
    guard.listen()  # to commands, connections, and files opened for writing
    seconds = names[1:] + names[:1]
    for first, second in list(zip(names, seconds, strict=True))[:: STEPS[way]]:
        watching = True
        guard.heard.clear()
        try:
            for kind, text in WAYS[way](first, second):
                if found := fault(kind, text, first):
                    faults.append(f"{first!r:.60} {kind}: {found}")
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{where.filename}:{where.lineno}"
            faults.append(f"{first!r:.60}, {second!r:.60}: {type(error).__name__} {error!s:.300} {at}")
        watching = False
        faults += guard.heard
    json.dump(faults, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
