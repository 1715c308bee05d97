"""Graphviz in a process of its own: DOT on standard input, one file per format.

Started by ``render`` as a script, never imported. Graphviz is C code that is not thread-safe,
reads its font settings once per process and prints to standard error; here none of that reaches
the program that draws.
"""

from __future__ import annotations

import sys


def main(engine: str, settings: str, *targets: str) -> None:
    """Lay a graph out once, and write it to every file of ``targets``; extensions say how.

    ``settings`` are attributes of the graph, as in ``dpi=144,splines=line``.
    """
    from pygraphviz import AGraph
    from pygraphviz import graphviz as gv

    graph = AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
    for setting in settings.split(","):
        name, value = setting.split("=")
        graph.graph_attr[name] = value
    context = gv.gvContextWithBuiltins()
    if gv.gvLayout(context, graph.handle, engine.encode()):
        raise SystemExit("Graphviz could not lay the graph out")
    for target in targets:
        error, data = gv.gvRenderData(context, graph.handle, target.rsplit(".")[-1].encode())
        if error:
            raise SystemExit(f"Graphviz could not write {target}")
        with open(target, "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
