"""Drawings: what is in the picture, where it stands, and how it becomes a file."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long import examples

from minigrad.drawing import Card, Drawing, Edge, Picture, Region, RenderError, Style, Text, fold
from minigrad.drawing import drawing as drawing_module
from minigrad.drawing import render as render_module
from minigrad.drawing.arrange import arrange
from minigrad.drawing.dot import to_dot, unique_names
from minigrad.drawing.lines import elide, wrap
from minigrad.drawing.metrics import width
from minigrad.drawing.model import bold, italic, sub
from minigrad.drawing.names import differential, symbol
from minigrad.drawing.render import render
from minigrad.errors import ArgumentError, FileError

SVG = "{http://www.w3.org/2000/svg}"

# id, kind, region, what feeds it; every formula is short, and X's gradient is the longest.
ATTENTION = """
X input -
Wq parameter Query
Q computed Query X Wq
Wk parameter Key
K computed Key X Wk
Wv parameter Value
V computed Value X Wv
S computed Scores Q K
A computed Scores S
O computed Mix A V
w parameter Head
b parameter Head
z computed Head O w b
p prediction Head z
y input Loss
L loss Loss p y
"""


def picture(table: str, title: str = "Self-attention") -> Picture:
    cards, edges = [], []
    for row in table.strip().splitlines():
        name, kind, region, *sources = row.split()
        scope = () if region == "-" else tuple(region.split("/"))
        gradient = Text.of(differential(name), " = d", italic("T"), " ⊙ ", symbol("Wq"), "ᵀ")
        cards.append(
            Card(
                name.replace("~", " "),
                symbol(name),
                op="" if kind == "parameter" else "matmul",
                shape="8×8",
                forward=Text.of(*map(symbol, sources)) if sources else None,
                gradient=None if name == "y" else gradient,
                kind=kind,  # type: ignore[arg-type]
                scope=scope,
                step=len(cards),
                tooltip=f"{name}: 8×8\nmean 0.5",
            )
        )
        edges += [Edge(source, name, source != "y", 3) for source in sources]
    return Picture(tuple(cards), tuple(edges), title)


def blocks(count: int) -> Picture:
    rows, last = ["X input -"], "X"
    for i in range(count):
        rows += [
            f"W{i} parameter block[{i}]",
            f"a{i} computed block[{i}]/inner {last} W{i}",
            f"h{i} computed block[{i}] {last} a{i}",
        ]
        last = f"h{i}"
    return picture("\n".join([*rows, f"L loss - {last}"]))


@pytest.fixture(scope="module")
def attention() -> Drawing:
    return Drawing(picture(ATTENTION))


def groups(svg: str, role: str) -> dict[str, ET.Element]:
    """The groups of an SVG document with a class, by id."""
    root = ET.fromstring(svg)
    return {
        group.get("id", ""): group
        for group in root.iter(f"{SVG}g")
        if role in group.get("class", "").split()
    }


def words(group: ET.Element) -> str:
    return "".join(text.text or "" for text in group.iter(f"{SVG}text"))


# -- what is in the picture


def test_every_card_edge_and_region_is_in_the_svg(attention: Drawing) -> None:
    shown = attention.picture
    assert groups(attention.svg, "card").keys() == {f"node_{card.id}" for card in shown.cards}
    assert groups(attention.svg, "edge").keys() == {
        f"edge_{edge.source}_{edge.target}" for edge in shown.edges
    }
    regions = {card.scope[0] for card in shown.cards if card.scope}
    assert groups(attention.svg, "region").keys() == {f"scope_{region}" for region in regions}


def test_a_card_says_all_it_has_to_say(attention: Drawing) -> None:
    card = groups(attention.svg, "card")["node_Wq"]
    assert words(card).replace(" ", "") == "Wq8×8dWq=dT⊙Wqᵀ"
    assert card.get("class") == "card parameter step1"
    assert card.findtext(f"{SVG}title") == "Wq: 8×8\nmean 0.5"


def test_lanes_and_bands_follow_the_gradient(attention: Drawing) -> None:
    edges, cards = groups(attention.svg, "edge"), groups(attention.svg, "card")

    def strokes(edge: str) -> set[str | None]:
        return {path.get("stroke") for path in edges[edge].iter(f"{SVG}path")}

    assert strokes("edge_Q_S") == {"#3b6ea8", "#d1571b"}
    assert strokes("edge_y_L") == {"#3b6ea8"}
    assert "both" in edges["edge_Q_S"].get("class", "")
    assert "d" not in words(cards["node_y"])

    forward = Drawing(attention.picture, backward=False).svg
    assert 'fill="#d1571b"' not in forward.partition("</style>")[2]
    assert 'stroke="#d1571b"' in attention.svg.partition("</style>")[2]
    assert words(groups(forward, "card")["node_Wq"]).replace(" ", "") == "Wq8×8"


@pytest.mark.parametrize(
    ("region", "accent"), [("Query", "#3b6ea8"), ("Head", "#2f8f5b"), ("Loss", "#7b4fb5")]
)
def test_a_region_has_the_accent_of_what_it_holds(
    attention: Drawing, region: str, accent: str
) -> None:
    title = groups(attention.svg, "region")[f"scope_{region}"].find(f"{SVG}text")
    assert title is not None
    assert (title.text, title.get("fill")) == (region, accent)


def test_a_region_is_presented_as_told() -> None:
    told = {("Query",): Region("Queries & more", "#112233")}
    source = to_dot(replace(picture(ATTENTION), regions=told))
    assert "Queries &amp; more" in source
    assert "#1122330D" in source


def test_the_legend_names_the_loss() -> None:
    table = ATTENTION.replace("L loss", "cost loss")
    assert "∂cost/∂T" in re.sub("<[^>]*>", "", to_dot(picture(table)))
    assert "orange" not in to_dot(picture(table), backward=False)


# -- where it stands


def test_leaves_stand_beside_and_the_axis_is_straight(attention: Drawing) -> None:
    at = {name.removeprefix("node_"): place for name, place in attention.positions.items()}
    for leaf, consumer, side in (("Wq", "Q", -1), ("w", "z", -1), ("b", "z", 1), ("y", "L", -1)):
        assert at[leaf][1] == pytest.approx(at[consumer][1], abs=0.5)
        assert (at[leaf][0] - at[consumer][0]) * side > 0
    assert at["Q"][0] < at["K"][0] < at["V"][0]
    assert {round(at[name][0]) for name in "XKSAOzpL"} == {round(at["K"][0])}
    depth = [at[name][1] for name in "XKSAOzpL"]
    assert depth == sorted(depth)


def test_equal_branches_stand_evenly_under_their_origin() -> None:
    drawing = Drawing(picture("x input -\nu computed - x\nv computed - x\nL loss - u v"))
    at = drawing.positions
    assert at["node_x"][0] == pytest.approx((at["node_u"][0] + at["node_v"][0]) / 2, abs=2)


def test_a_region_that_the_flow_reenters_is_drawn_in_parts() -> None:
    table = "x input -\na computed R x\nb computed - a\nc computed R b\nL loss - c"
    regions = groups(Drawing(picture(table)).svg, "region")
    assert [words(region) for region in regions.values()] == ["R", "R"]


@st.composite
def dags(draw: st.DrawFn) -> Picture:
    """Any graph: leaves with several consumers, residual connections, nested regions."""
    regions = ["-", "r", "r/s", "t", "t/u/v"]
    rows: list[str] = []
    leaves: list[str] = []
    cards: list[str] = []
    count = draw(st.integers(1, 9))
    for i in range(count):
        region = draw(st.sampled_from(regions))
        sources = draw(st.lists(st.sampled_from(cards), max_size=3, unique=True)) if cards else []
        for _ in range(draw(st.integers(0, 3))):
            leaves.append(f"P{len(leaves)}")
            kind = draw(st.sampled_from(["parameter", "input"]))
            rows.append(f"{leaves[-1]} {kind} {region}")
            sources.append(leaves[-1])
        if leaves and draw(st.booleans()):
            sources.append(draw(st.sampled_from(leaves)))
        cards.append(f"c{i}")
        kind = "loss" if i == count - 1 else "computed"
        rows.append(f"c{i} {kind} {region} {' '.join(dict.fromkeys(sources))}")
    return picture("\n".join(rows))


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(dags())
def test_any_graph_has_one_arrangement_with_every_edge(graph: Picture) -> None:
    drawing, forward = Drawing(graph), Drawing(graph, backward=False)
    assert len(groups(drawing.svg, "edge")) == len(graph.edges)
    at, without = drawing.positions, forward.positions
    assert at.keys() == without.keys()
    assert len(at) == len(graph.cards)
    for name, place in at.items():
        # The frame includes the ends of curves, which arrowheads move by parts of a point.
        assert without[name] == pytest.approx(place, abs=0.5)
    for leaf, consumer in arrange(graph).beside.items():
        assert at[f"node_{leaf}"][1] == pytest.approx(at[f"node_{consumer}"][1], abs=0.5)


def test_text_never_leaves_its_card(attention: Drawing) -> None:
    for card in groups(attention.svg, "card").values():
        frame = [p for p in card.iter(f"{SVG}path") if p.get("fill") == "none"][-1]
        xs = [float(x) for x in re.findall(r"(-?[\d.]+),", frame.get("d", ""))]
        for text in card.iter(f"{SVG}text"):
            left = float(text.get("x", "nan"))
            assert min(xs) < left
            assert left + float(text.get("textLength", "nan")) < max(xs)


def test_widths_bound_what_graphviz_measures(attention: Drawing) -> None:
    layout = json.loads(render(attention.source, ["json"])["json"])
    measured = {
        operation["text"]: operation["width"]
        for item in layout["objects"]
        for operation in item.get("_ldraw_", ())
        if operation["op"] == "T"
    }
    assert 0 < measured[" = d"] <= width(Text.of(" = d"), 12) <= 1.1 * measured[" = d"]
    detail = "  matmul  8×8"
    assert 0 < measured[detail] <= width(Text.of(detail), 9) + 1


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("a computed - b\nb computed - a", "cycle"),
        ("a computed -\na computed -", "two cards have the id 'a'"),
        ("a computed - nowhere", "no card has that id"),
    ],
)
def test_what_is_no_graph_is_refused(table: str, problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem):
        to_dot(picture(table))


# -- names and lines

ODD = [
    "a<b&c",
    'say "hi"',
    "x:e",
    "node",
    "graph",
    "\\N\\G",
    "x~y",
    "Ωμέγα",
    "ab\x07c",
    "]]>",
    "-->",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_drawn(name: str) -> None:
    odd = Card(name, Text.of(italic(name)), op=name, tooltip=f"{name}\n{name}", scope=(name,))
    graph = Picture((odd, Card("L", symbol("L"))), (Edge(name, "L"),), name)
    drawing = Drawing(graph)
    card, other = groups(drawing.svg, "card").values()
    shown = name.replace("\\", "∖").replace("\x07", "\ufffd")
    assert words(card) == shown * 2
    assert words(other) == "L"
    assert card.findtext(f"{SVG}title") == f"{name}\n{name}".replace("\x07", "\ufffd")
    (region,) = groups(drawing.svg, "region").values()
    assert words(region) == shown
    assert len(groups(drawing.svg, "edge")) == 1


def test_ids_are_fit_for_css_and_unique() -> None:
    names = unique_names(["a b", "a_b", "a<b", "", "Ω", "a_b_2"])
    assert names == ["a_b", "a_b_2", "a_b_3", "card", "Ω", "a_b_2_2"]


def test_an_empty_symbol_and_a_lone_card_are_drawn() -> None:
    assert len(groups(Drawing(Picture((Card("", Text()),), ())).svg, "card")) == 1
    assert Drawing(Picture((), ())).svg.startswith("<svg")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Wq", "W_q"),
        ("x12", "x_12"),
        ("y_hat", "y_hat"),
        ("loss", "loss"),
        ("X", "X"),
        ("tanh", "tanh"),
    ],
)
def test_symbols(name: str, plain: str) -> None:
    assert symbol(name).plain == plain
    assert differential(name).plain == f"d{plain}"


def test_mathematical_letters_become_styles() -> None:
    assert Text.of("𝟏ᵀ", bold("𝑥")).runs == (
        *Text.of(bold("1"), "ᵀ").runs,
        *Text.of(bold("x")).styled(Style.ITALIC).runs,
    )


FORMULA = Text.of(
    *[part for k in range(12) for part in ("exp(", italic("X"), sub(str(k)), " + b) ⊙ ")]
)


@given(st.lists(st.text("ab +⊙()", max_size=9), max_size=30), st.integers(40, 300))
def test_wrapping_loses_nothing_and_stays_within(words: list[str], limit: int) -> None:
    text = Text.of(" ".join(words))
    lines = wrap(text, 12, limit, 10_000)
    assert "".join(line.plain for line in lines).replace(" ", "") == text.plain.replace(" ", "")
    assert all(width(line, 12) <= limit + 1 for line in lines)


def test_long_formulas_break_outside_parentheses_and_end_in_the_tooltip() -> None:
    lines = wrap(FORMULA, 12, 330, 3)
    assert len(lines) == 3
    assert lines[-1].plain.endswith("…")
    assert all(line.plain.count("(") == line.plain.count(")") for line in lines[:2])
    assert elide(Text.of("short"), 12, 100).plain == "short"
    many = Text.of(*[FORMULA] * 30)
    for formula, cut in ((FORMULA, False), (many, True)):
        card = Card("a", symbol("a"), forward=formula, tooltip="value: 1")
        (shown,) = groups(Drawing(Picture((card,), ())).svg, "card").values()
        assert ("…" in words(shown)) == cut
        told = f"\n{formula.plain}" if cut else ""
        assert shown.findtext(f"{SVG}title") == f"value: 1{told}"


# -- folding


def test_repeats_fold_into_one_card() -> None:
    folded = fold(blocks(12))
    names = [card.symbol.plain for card in folded.cards]
    assert names == ["X", "W_0", "a_0", "h_0", "block[1] … block[11]", "L"]
    assert folded.cards[4].op == "×11, each like block[0]"
    assert [(e.source, e.target) for e in folded.edges][-2:] == [
        ("h0", "block[1]_block[11]"),
        ("block[1]_block[11]", "L"),
    ]
    assert len(fold(blocks(12), repeats=False).cards) == len(blocks(12).cards)
    assert len(fold(blocks(2)).cards) == len(blocks(2).cards)


def test_depth_folds_what_lies_deeper() -> None:
    flat = fold(blocks(2), depth=0)
    assert [card.symbol.plain for card in flat.cards] == ["X", "block[0]", "block[1]", "L"]
    assert flat.cards[1].op == "2 steps, 1 parameter"
    assert all(edge.gradient for edge in flat.edges)
    assert len(Drawing(flat).svg) < len(Drawing(blocks(2)).svg)


def test_folding_never_closes_a_cycle() -> None:
    table = """
    x input -
    a computed A x
    b computed B a
    c computed B x
    d computed A c
    L loss - b d
    """
    assert Drawing(fold(picture(table), depth=0)).positions


# -- files


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.svg", b"<svg "), ("a.PNG", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.dot", b"digraph"),
     ("a.gv", b"digraph")],
)  # fmt: skip
def test_saved_files_are_what_their_names_say(
    attention: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, start: bytes
) -> None:
    monkeypatch.setenv("PATH", "")
    assert attention.save(tmp_path / name) == tmp_path / name
    assert (tmp_path / name).read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [name]


def test_rendering_leaves_no_trace_beside_the_fonts(attention: Drawing) -> None:
    folder = Path(render_module.FONT_FOLDER)
    before = sorted(os.listdir(folder))
    attention.to_png(48)
    assert sorted(os.listdir(folder)) == before


def test_an_unknown_extension_names_the_formats(attention: Drawing, tmp_path: Path) -> None:
    for name in ("a.jpeg", "a"):
        with pytest.raises(ArgumentError, match=r"\.svg, \.png, \.pdf, \.dot, \.gv"):
            attention.save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_failed_save_leaves_the_old_file(
    attention: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.dot"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(drawing_module.os, "replace", full)
    with pytest.raises(FileError, match="disk full") as told:
        attention.save(target)
    assert isinstance(told.value, OSError)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.dot"]


def without_pygraphviz(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr(render_module, "find_spec", lambda name: None)


def test_without_graphviz_the_source_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pygraphviz(monkeypatch, "")
    drawing = Drawing(picture(ATTENTION))
    with pytest.raises(RenderError, match=r"pip install pygraphviz.*written to .*a\.dot"):
        drawing.save(tmp_path / "a.svg")
    assert os.listdir(tmp_path) == ["a.dot"]
    assert (tmp_path / "a.dot").read_text(encoding="utf-8") == drawing.source
    assert drawing._repr_mimebundle_().keys() == {"text/plain"}


FAKE_DOT = """#!{python}
import sys
source = sys.stdin.read()
assert source.startswith("digraph") and sys.argv[1:3] == ["-Kdot", "-Gdpi=144"]
for option in sys.argv[3:]:
    if option.startswith("-o"):
        open(option[2:], "w").write('{{"bb": "0,0,9,9"}}')
{last}
"""


def fake_dot(folder: Path, last: str) -> None:
    dot = folder / "dot"
    dot.write_text(FAKE_DOT.format(python=sys.executable, last=last))
    dot.chmod(dot.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(sys.platform == "win32", reason="needs scripts that run by their first line")
def test_dot_on_the_path_is_the_second_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pygraphviz(monkeypatch, str(tmp_path))
    fake_dot(tmp_path, "")
    assert Drawing(picture(ATTENTION)).svg.startswith("<svg")


@pytest.mark.skipif(sys.platform == "win32", reason="needs scripts that run by their first line")
@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ("print('Error: lost a b edge', file=sys.stderr)", "lost a b edge"),
        ("sys.exit(7)", "code 7"),
        ("import os; os.abort()", "code -6"),
    ],
)
def test_what_graphviz_cannot_draw_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str, problem: str
) -> None:
    without_pygraphviz(monkeypatch, str(tmp_path))
    fake_dot(tmp_path, last)
    monkeypatch.setattr(render_module, "_ATTEMPTS", ({},))
    with pytest.raises(RenderError, match=problem):
        render("digraph {}", ["json"])


def test_a_notebook_shows_the_drawing(attention: Drawing) -> None:
    bundle = attention._repr_mimebundle_()
    assert bundle["image/svg+xml"] == attention._repr_svg_() == attention.svg
    assert bundle["text/plain"] == (
        "<Drawing 'Self-attention': 16 cards, 17 edges, forward and backward>"
    )
