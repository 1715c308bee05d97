"""Pictures of programs as people write them: whole, legible, and each name once."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from drawn_graphs import GRAPHS, blocks

import minigrad as mg
from minigrad.drawing import Card, Drawing, picture_of
from minigrad.drawing import style as look
from minigrad.drawing.dot import to_dot
from minigrad.drawing.render import render
from minigrad.drawing.shortcuts import keep_inside, placed
from minigrad.errors import ArgumentError

SVG = "{http://www.w3.org/2000/svg}"
# A letter reaches no higher above its line, and no lower below it, than these parts of its size.
ASCENT, DESCENT = 0.8, 0.24
Box = tuple[float, float, float, float]


@cache
def drawn(name: str) -> Drawing:
    return mg.draw(GRAPHS[name]())


@cache
def groups(name: str, role: str) -> dict[str, ET.Element]:
    root = ET.fromstring(drawn(name).svg)
    found = [g for g in root.iter(f"{SVG}g") if role in g.get("class", "").split()]
    return {g.get("id", ""): g for g in found}


def numbers(path: ET.Element) -> list[tuple[float, float]]:
    pairs = re.findall(r"(-?[\d.]+(?:e-?\d+)?),(-?[\d.]+(?:e-?\d+)?)", path.get("d", ""))
    return [(float(x), float(y)) for x, y in pairs]


def box(group: ET.Element) -> Box:
    points = [point for path in group.iter(f"{SVG}path") for point in numbers(path)]
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def text_box(text: ET.Element) -> Box:
    x, y, size, across = (float(text.get(k, "nan")) for k in ("x", "y", "font-size", "textLength"))
    return x, y - ASCENT * size, x + across, y + DESCENT * size


def inside(inner: Box, outer: Box, slack: float = 0.0) -> bool:
    return (
        outer[0] - slack <= inner[0]
        and outer[1] - slack <= inner[1]
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def cards(name: str) -> dict[str, Card]:
    return {card.id: card for card in drawn(name).picture.cards}


def no_two_cards_overlap(name: str) -> None:
    boxes = {key: box(group) for key, group in groups(name, "card").items()}
    assert len(boxes) == len(cards(name))
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, (one, other)


def no_text_leaves_its_card_or_its_frame(name: str) -> None:
    for role in ("card", "region"):
        for key, group in groups(name, role).items():
            for text in group.iter(f"{SVG}text"):
                assert inside(text_box(text), box(group)), (key, text.text)


def no_lines_of_a_card_overlap(name: str) -> None:
    for group in groups(name, "card").values():
        lines = [text_box(text) for text in group.iter(f"{SVG}text")]
        for a, b in combinations(lines, 2):
            across = min(a[2], b[2]) - max(a[0], b[0])
            down = min(a[3], b[3]) - max(a[1], b[1])
            # a script stands into the line above by less than half of its height
            assert across <= 0.5 or down <= 0.5 * (a[3] - a[1]), name


def every_name_stands_on_one_card(name: str) -> None:
    shown = Counter(card.symbol.plain for card in drawn(name).picture.cards)
    assert max(shown.values()) == 1, shown


def nothing_is_cut(name: str) -> None:
    for card in drawn(name).picture.cards:
        if card.kind != "folded":
            group = groups(name, "card")[drawn(name).ids[card.id]]
            assert "…" not in "".join(text.text or "" for text in group.iter(f"{SVG}text"))


def every_lane_is_drawn_and_every_parameter_has_its_gradient(name: str) -> None:
    known, picture = cards(name), drawn(name).picture
    if name == "several_outputs":  # nothing says what arrives at them
        assert not any(card.gradient for card in known.values())
        return
    (loss,) = [card for card in known.values() if card.kind == "loss"]
    assert loss.gradient is not None
    assert loss.gradient.plain == f"d{loss.symbol.plain} = 1"
    for card in known.values():
        assert card.kind != "parameter" or card.gradient is not None, card.id
    for edge in picture.edges:
        source = known[edge.source]
        assert edge.gradient == (source.gradient is not None or source.kind == "folded"), edge
    for edge in picture.edges:
        ends = (drawn(name).ids[end].removeprefix("node_") for end in (edge.source, edge.target))
        group = groups(name, "edge")["edge_" + "_".join(ends)]
        strokes = {path.get("stroke") for path in group.iter(f"{SVG}path")} - {"none"}
        lanes = [look.FORWARD, look.BACKWARD] if edge.gradient else [look.FORWARD]
        assert strokes == {colour.lower() for colour in lanes}


def an_edge_stays_in_the_frame_whose_cards_it_passes_by(name: str) -> None:
    frames = [box(group) for group in groups(name, "region").values()]
    boxes = {key: box(group) for key, group in groups(name, "card").items()}
    for key, group in groups(name, "edge").items():
        tail, head = (boxes[f"node_{end}"] for end in ends_of(key, boxes))
        for frame in frames:
            above = [b for b in boxes.values() if inside(b, frame) and b[3] < head[1]]
            below = frame[0] <= tail[0] and tail[2] <= frame[2]  # not beside it
            if inside(head, frame) and above and below:
                left, _, right, _ = box(group)
                assert frame[0] < left, key
                assert right < frame[2], key


def ends_of(edge: str, boxes: Mapping[str, Box]) -> tuple[str, str]:
    """The cards of an edge, whose id joins theirs."""
    parts = edge.removeprefix("edge_").split("_")
    splits = (("_".join(parts[:k]), "_".join(parts[k:])) for k in range(1, len(parts)))
    return next((a, b) for a, b in splits if f"node_{a}" in boxes and f"node_{b}" in boxes)


def query_key_and_value_stand_in_this_order(name: str) -> None:
    at = drawn(name).positions
    (q, y0), (k, y1), (v, y2) = (at[f"node_{letter}"] for letter in "QKV")
    assert q < k < v
    assert (y0, y1) == pytest.approx((y1, y2), abs=0.5)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_picture_is_whole_and_legible(name: str) -> None:
    no_two_cards_overlap(name)
    no_text_leaves_its_card_or_its_frame(name)
    no_lines_of_a_card_overlap(name)
    every_name_stands_on_one_card(name)
    nothing_is_cut(name)
    every_lane_is_drawn_and_every_parameter_has_its_gradient(name)
    an_edge_stays_in_the_frame_whose_cards_it_passes_by(name)
    if "node_Q" in drawn(name).positions:
        query_key_and_value_stand_in_this_order(name)


def test_query_key_and_value_are_in_some_picture() -> None:
    assert sum("node_Q" in drawn(name).positions for name in GRAPHS) >= 2


def test_each_layer_is_a_card_and_each_module_a_frame() -> None:
    model = mg.nn.Sequential(
        mg.nn.Linear(4, 8, rng=0), mg.nn.functional.relu, mg.nn.Linear(8, 1, rng=1)
    )
    X, Y = mg.symbols("X: n 4", "Y: n 1")
    picture = mg.draw(mg.nn.functional.mse_loss(model(X), Y)).picture
    assert {card.id: card.kind for card in picture.cards} == {
        "X": "input",
        **{f"layers[{k}].{p}": "parameter" for k in (0, 2) for p in "Wb"},
        "layers[0]": "computed",
        "layers[1]": "computed",
        "layers[2]": "prediction",
        "Y": "input",
        "L": "loss",
    }
    assert {path: region.kind for path, region in picture.regions.items()} == {
        ("layers[0]",): "Linear",
        ("layers[1]",): "relu",
        ("layers[2]",): "Linear",
    }
    told = {card.id: card.forward.plain for card in picture.cards if card.forward}
    assert told["layers[0]"] == "X W + b"
    assert told["layers[1]"] == "relu(layers[0])"
    assert told["L"] == "‖layers[2] − Y‖² / n"


def test_two_models_and_one_layer_twice_have_names_of_their_own() -> None:
    layer = mg.nn.Linear(4, 4, rng=0)
    twice = mg.nn.Sequential(layer, layer)
    X, Y = mg.symbols("X: n 4", "Y: n 4")
    picture = mg.draw(mg.nn.functional.mse_loss(twice(X) + twice(Y), Y)).picture
    shown = Counter(card.symbol.plain for card in picture.cards)
    assert max(shown.values()) == 1, shown
    assert mg.draw(mg.nn.functional.mse_loss(twice(X) + twice(Y), Y)).svg


def test_a_name_in_a_formula_is_the_name_of_one_card() -> None:
    """Y of the block is not the Y that it is compared with."""
    told = {c.id: c for c in mg.draw(blocks(1)).picture.cards}["layers[0].Shortcut.Y"]
    assert told.gradient is not None
    assert told.gradient.plain == "layers[0].Shortcut.dY = 2 (layers[0].Shortcut.Y − Y) / (d n)"


def nested() -> mg.Tensor:
    x, w = mg.symbols("x: n", "w: n")
    with mg.scope("outer"):
        with mg.scope("inner"):
            a = mg.exp(x * w).named("a")
            b = mg.tanh(a).named("b")
        c = mg.sin(b).named("c")
    return mg.sum(c).named("L")


@pytest.mark.parametrize(
    ("depth", "shown"),
    [
        (0, {"x": 0, "w": 0, "outer": 0, "L": 0}),
        (1, {"x": 0, "w": 0, "inner": 1, "c": 1, "L": 0}),
        (2, {"x": 0, "w": 0, "a": 2, "b": 2, "c": 1, "L": 0}),
    ],
)
def test_depth_is_how_many_levels_are_opened(depth: int, shown: dict[str, int]) -> None:
    found = {c.symbol.plain: len(c.scope) for c in mg.draw(nested(), depth=depth).picture.cards}
    assert found == shown
    for more in (None, 5):
        whole = mg.draw(nested(), depth=more).picture
        assert [card.id for card in whole.cards] == ["x", "w", "a", "b", "c", "L"]


def test_a_frame_too_deep_around_one_card_is_left_out() -> None:
    x = mg.symbols("x: n")
    with mg.scope("outer"):
        y = mg.exp(x).named("y")
    (card,) = [c for c in mg.draw(mg.sum(y), depth=0).picture.cards if c.id == "y"]
    assert (card.scope, card.kind) == ((), "computed")


@pytest.mark.parametrize("depth", [-1, 1.5, "1"])
def test_a_depth_that_is_none_is_refused(depth: Any) -> None:
    with pytest.raises(ArgumentError, match=r"depth=.* is no number of levels"):
        mg.draw(nested(), depth=depth)


def test_repeats_fold_and_unfold() -> None:
    folded = drawn("four_blocks").picture
    (rest,) = [card for card in folded.cards if card.kind == "folded"]
    assert (rest.symbol.plain, rest.op) == ("layers[1] … layers[3]", "×3, each like layers[0]")
    whole = mg.draw(blocks(4), repeats=False).picture
    assert not any(card.kind == "folded" for card in whole.cards)
    assert len(whole.cards) > 3 * len(folded.cards)


def test_who_waits_hears_of_each_card() -> None:
    heard: list[str] = []
    nodes = [GRAPHS["attention"]()._node]
    picture = picture_of(nodes, told=lambda step, done, of: heard.append(step))
    told = " ".join(heard)
    assert all(f"the gradient by {c.id}" in told for c in picture.cards)
    assert all(f"the card of {c.id}" in told for c in picture.cards)


def test_no_card_stands_for_more_operations_than_its_formula_shows() -> None:
    shown = [len(c.forward.plain) for c in cards("unnamed_chain").values() if c.forward]
    assert len(shown) == 6
    assert max(shown) < 60


def test_several_outputs_with_and_without_their_gradients() -> None:
    outputs = GRAPHS["several_outputs"]()
    told = {c.id: c for c in mg.draw(outputs, cotangent=("dmu", "dsigma")).picture.cards}
    assert told["W"].gradient is not None
    assert told["mu"].gradient is not None
    assert {name for name, card in told.items() if card.forward} == {"H", "mu", "sigma"}
    x = mg.tensor(np.ones(2), name="x", requires_grad=True)
    assert [c.id for c in mg.draw([mg.sum(x), mg.prod(x)]).picture.cards] == ["x", "L", "L_2"]
    with pytest.raises(ArgumentError, match="no output to draw"):
        mg.draw([])


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (GRAPHS["attention"], {"Wq", "Wk", "Wv", "w"}),
        (GRAPHS["masked_attention"], {"Wq", "Wk", "Wv", "w"}),
        (GRAPHS["gaussian_process"], {"s", "l", "t"}),
        (GRAPHS["recurrent_steps"], {"W", "U", "b"}),
        (GRAPHS["scalars"], set()),
        (GRAPHS["several_outputs"], {"W", "V", "U"}),
    ],
)
def test_symbols_that_count_no_data_are_parameters(
    make: Callable[[], mg.Tensor], parameters: set[str]
) -> None:
    found = {c.id for c in mg.draw(make()).picture.cards if c.kind == "parameter"}
    assert found == parameters


def test_colours_for_the_dark_belong_to_the_drawing_alone() -> None:
    style = ET.fromstring(drawn("attention").svg).findtext(f"{SVG}style") or ""
    assert style.startswith("svg.minigrad:root{color-scheme:light dark}@media screen{")
    assert all(
        rule.strip().startswith(".minigrad ") for rule in re.findall(r"[{}]([^{}]*){", style)[1:]
    )
    root = ET.fromstring(drawn("attention").svg)
    used = {e.get(k) for e in root.iter() for k in ("fill", "stroke")} - {None, "none"}
    assert used == {colour for colour in used if f'"{colour}"' in style}


class Residual(mg.nn.Module):
    def __init__(self) -> None:
        self.a, self.b = mg.nn.Linear(3, 3, rng=0), mg.nn.Linear(3, 3, rng=1)

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        return x + self.b(mg.nn.functional.relu(self.a(x)))


def width_of_png(data: bytes) -> float:
    """In points: 144 pixels are an inch."""
    return int.from_bytes(data[16:20], "big") / 2


def width_of_pdf(data: bytes) -> float:
    """In points, of its one page, which is not compressed."""
    found = re.search(rb"/MediaBox\s*\[\s*0 0 (\d+(?:\.\d+)?) ", data)
    assert found is not None
    return float(found[1])


def test_every_format_has_the_edges_where_the_svg_has_them() -> None:
    """Edges that were drawn in are placed again for formats that Graphviz writes."""
    x = mg.tensor(np.ones((2, 3)), name="x")
    drawing = mg.draw((mg.nn.Sequential(Residual(), Residual())(x) ** 2).sum().named("L"))
    layout = json.loads(render(drawing.source, ["json"])["json"])
    assert keep_inside(layout)
    source = to_dot(drawing.picture, placed=placed(layout))
    again = json.loads(render(source, ["json"], engine="nop2")["json"])
    for kind, key in (("objects", "name"), ("edges", "id")):
        wanted, found = ({e[key]: e for e in each[kind] if key in e} for each in (layout, again))
        common = [name for name in wanted if not name.startswith("%")]
        assert len(common) > 5
        moved = [places(wanted[n]) - places(found[n]) for n in common]
        # Graphviz may move the whole
        assert np.ptp(np.concatenate(moved), axis=0) == pytest.approx((0, 0), abs=1.5)
    detours = {form: render(drawing.source, [form])[form] for form in ("png", "pdf")}
    assert width_of_png(drawing.png) < width_of_png(detours["png"]) - 20
    assert width_of_pdf(drawing.pdf) < width_of_pdf(detours["pdf"]) - 20


def places(item: Mapping[str, Any]) -> Any:
    """The points of what Graphviz laid out."""
    words = item["pos"] if "pos" in item else item["bb"]
    return np.array([float(n) for n in re.findall(r"-?\d[\d.e+-]*", words)]).reshape(-1, 2)
