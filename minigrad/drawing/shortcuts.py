"""Edges that pass by what is in a frame stay in the frame.

Graphviz leads an edge that comes from above a frame to a card deep inside round the whole frame, as if it
had nothing to do with it. Here such an edge is drawn in until it runs between the frame's border and what
lies inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_SHAPES = ("_draw_", "_hdraw_", "_tdraw_")
# A point of a spline, "x,y", perhaps after "e," or "s,".
_POINT = re.compile(r"(-?\d[\d.e+-]*)(,-?\d[\d.e+-]*)")
# How far from the border: half of a frame's margin.
_GUTTER = 5.0


class _Span(NamedTuple):
    left: float
    right: float


def keep_inside(graph: dict[str, Any]) -> bool:
    """Draw in the edges of a layout, as Graphviz's format "json" gives it; whether there were any.

    What is drawn is moved, and the ``pos`` from which Graphviz would draw it again.
    """
    moved = False
    objects = {item["_gvid"]: item for item in graph.get("objects", [])}
    frames = [
        (
            members := frozenset(item["nodes"]),
            _frame(item),
            max(_height(objects[m]) for m in members),
        )
        for item in objects.values()
        if "nodes" in item and item.get("id", "").startswith("scope_")
    ]
    for edge in graph.get("edges", []):
        tail, head = objects[edge["tail"]], objects[edge["head"]]
        for members, frame, top in frames:
            if edge["head"] not in members:
                continue
            ends = [_extent(tail), _extent(head)]
            passes = top > _height(head) + 1
            if passes and all(frame.left <= end.left and end.right <= frame.right for end in ends):
                moved |= _draw_in(edge, ends, frame)
    return moved


def placed(graph: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Where all stands in a layout, as attributes of DOT: by name, an edge's by its id; "" is the graph."""
    found: dict[str, dict[str, str]] = {"": {name: graph[name] for name in ("bb", "lp") if name in graph}}
    for item in graph.get("objects", []):
        known = {name: item[name] for name in ("pos", "bb", "lp") if name in item}
        found[item["name"]] = known
    for edge in graph.get("edges", []):
        if "id" in edge and "pos" in edge:
            found[edge["id"]] = {"pos": edge["pos"]}
    return found


def _draw_in(edge: dict[str, Any], ends: list[_Span], frame: _Span) -> bool:
    """Bring what lies beyond the cards at both ends nearer to them, as far as the frame asks."""
    xs = [point[0] for shape in _curves(edge) for point in shape["points"]]
    if not xs:
        return False
    inner = _Span(min(end.left for end in ends), max(end.right for end in ends))
    right = _scale(max(xs) - inner.right, frame.right - _GUTTER - inner.right)
    left = _scale(inner.left - min(xs), inner.left - frame.left - _GUTTER)

    def drawn_in(x: float) -> float:
        if x > inner.right:
            return inner.right + right * (x - inner.right)
        return inner.left - left * (inner.left - x) if x < inner.left else x

    for shape in _curves(edge):
        shape["points"] = [[drawn_in(x), y] for x, y in shape["points"]]
    edge["pos"] = _POINT.sub(
        lambda point: f"{drawn_in(float(point[1])):.5g}{point[2]}", edge["pos"]
    )
    return (left, right) != (1.0, 1.0)


def _scale(reach: float, room: float) -> float:
    return room / reach if reach > max(room, 0.0) else 1.0


def _curves(edge: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (shape for key in _SHAPES for shape in edge.get(key, ()) if "points" in shape)


def _frame(item: dict[str, Any]) -> _Span:
    left, _, right, _ = (float(number) for number in item["bb"].split(","))
    return _Span(left, right)


def _height(card: dict[str, Any]) -> float:
    return float(card["pos"].split(",")[1])


def _extent(card: dict[str, Any]) -> _Span:
    middle, half = float(card["pos"].split(",")[0]), 36 * float(card["width"])
    return _Span(middle - half, middle + half)
