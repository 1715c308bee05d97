"""Figures and the report: one page that holds everything, loads nothing, and escapes names."""

from __future__ import annotations

import base64
import hashlib
import re
import xml.etree.ElementTree as ET
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad.drawing import style as look
from minigrad.errors import ArgumentError, RenderError
from minigrad.report import Section, beside, curves, heads, heatmap, page

SVG = "{http://www.w3.org/2000/svg}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
HTML = "{http://www.w3.org/1999/xhtml}"
# What makes a browser fetch something, whatever the element.
FETCHING = {
    "src",
    "href",
    "srcset",
    "data",
    "poster",
    "action",
    "background",
    "{http://www.w3.org/1999/xlink}href",
}


def parsed(svg_or_html: str) -> ET.Element:
    return ET.fromstring(svg_or_html.removeprefix("<!DOCTYPE html>"))


def attention_loss(name: str = "Wq") -> mg.Tensor:
    rng = np.random.default_rng(0)
    X = mg.tensor(rng.normal(size=(3, 2)), name="X", dims="n d")
    W = mg.tensor(rng.normal(size=(2, 2)), name=name, dims="d k", requires_grad=True)
    A = mg.nn.functional.softmax((X @ W @ X.T).named("S")).named("A")
    return (A @ X).sum().named("L")


def attention_page(name: str = "Wq", title: str = "Attention") -> str:
    loss = attention_loss(name)
    derivation = mg.derive(loss)
    return page(
        title,
        f"about {title}",
        derivation=derivation,
        drawing=mg.draw(loss, backward=True, title=title),
        sections=[
            Section("Training", (curves({"loss": [3.0, 2.0, 1.0]}, title="Loss"),)),
            Section("Attention", (heatmap(np.eye(2), ["a", "<b>"], ["c", "d"]),)),
            Section("Proof", (derivation.check(),)),
            Section("Words", ("x < y & z",)),
        ],
    )


@pytest.fixture(scope="module")
def text() -> str:
    return attention_page()


@pytest.fixture(scope="module")
def tree(text: str) -> ET.Element:
    return parsed(text)


# -- the page --------------------------------------------------------------------------------------


def outside_references(tree: ET.Element) -> list[str]:
    found = [f"{e.tag} {key}" for e in tree.iter() for key in e.attrib if key in FETCHING]
    styles = "".join(e.text or "" for e in tree.iter(f"{HTML}style"))
    styles += "".join(e.attrib.get("style", "") for e in tree.iter())
    found += re.findall(r"url\(|@import", styles)
    return found + [e.tag for e in tree.iter() if e.tag.endswith(("}link", "}iframe", "}img"))]


def test_the_page_refers_to_nothing_outside(tree: ET.Element) -> None:
    assert outside_references(tree) == []
    script = "".join(tree.itertext())
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|new Image|localStorage", script)


@pytest.mark.parametrize(
    "lie",
    [
        '<img src="x.png"/>',
        '<a href="x"/>',
        "<style>@import 'x';</style>",
        '<p style="background:url(x)"/>',
    ],
)
def test_a_planted_reference_is_seen(text: str, lie: str) -> None:
    assert outside_references(parsed(text.replace("<main>", f"<main>{lie}")))


def test_the_browser_is_told_to_load_nothing(tree: ET.Element) -> None:
    metas = tree.findall(f"{HTML}head/{HTML}meta")
    (policy,) = (m.attrib["content"] for m in metas if "http-equiv" in m.attrib)
    assert policy.startswith("default-src 'none';")


def test_every_step_stands_on_the_page_and_points_to_its_card(tree: ET.Element) -> None:
    derivation = mg.derive(attention_loss())
    lists = [e for e in tree.iter(f"{HTML}ol") if "data-pass" in e.attrib]
    ids = [e.attrib["id"] for e in tree.iter() if "id" in e.attrib]
    assert len(ids) == len(set(ids))
    assert [e.attrib["data-pass"] for e in lists] == ["forward", "backward"]
    items = [item for e in lists for item in e]
    start = items.pop(len(lists[0]))  # ∂L/∂L = 1
    assert (start.attrib["data-card"], start.attrib["data-text"]) == ("node_L", "∂L/∂L = 1")
    assert len(items) == len(derivation.steps) >= 6
    for item, step in zip(items, derivation.steps, strict=True):
        of = step.line.name if step.forward else step.line.of
        assert item.attrib["data-card"] == f"node_{of}"
        assert item.attrib["data-card"] in ids
        assert item.find(f".//{MATHML}math") is not None
        assert step.rule in "".join(item.itertext())


def test_names_with_underscores_and_many_axes_have_their_cards() -> None:
    x = mg.tensor(np.ones((2, 3, 4)), name="x_in", dims="b n d")
    W = mg.tensor(np.ones((4, 4)), name="W_1", dims="d d", requires_grad=True)
    loss = ((x @ W).named("h_1") ** 2).sum().named("L")
    tree = parsed(page("t", derivation=mg.derive(loss), drawing=mg.draw(loss)))
    cards = [item.attrib.get("data-card") for e in tree.iter(f"{HTML}ol") for item in e]
    assert cards == ["node_h_1", "node_L", "node_L", "node_h_1", "node_W_1"]


def test_without_a_script_everything_is_shown_and_no_dead_button(text: str) -> None:
    bare = parsed(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert not [e for e in bare.iter() if "hidden" in e.attrib or e.tag == f"{HTML}button"]
    assert len(list(bare.iter(f"{SVG}svg"))) == 3


def test_the_browser_is_told_which_script_to_run(tree: ET.Element) -> None:
    (script,) = (e.text or "" for e in tree.iter(f"{HTML}script"))
    assert "graphView" in script
    assert "<![CDATA[" not in script  # XML's own mark, which a browser reads as a comment
    text = attention_page()
    (inside,) = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text


def test_every_colour_of_a_figure_is_known_in_the_dark() -> None:
    figures = [heatmap([[-1.0, np.nan, 1.0]], digits=1, palette=p).svg for p in ("blue", "grey", "signed")]
    figures.append(curves({"loss": [1.0, 2.0]}, title="Loss", x="epoch").svg)
    figures.append(curves({f"loss {k}": [1.0, k] for k in range(len(look.CURVES))}).svg)
    for svg in figures:
        styled = next(parsed(svg).iter(f"{SVG}style")).text or ""
        colours = set(re.findall(r'(?:fill|stroke)="(#\w+)"', svg.replace(styled, "")))
        assert len(colours) >= 3
        assert not [colour for colour in colours if f'="{colour}"]' not in styled]


def test_the_page_has_graph_formulas_curve_heatmap_and_proof(tree: ET.Element) -> None:
    headings = [e.text for e in tree.iter(f"{HTML}h2")]
    expected = [
        "Graph",
        "Step by step",
        "Training",
        "Attention",
        "Proof",
        "Words",
    ]
    assert headings == expected
    words = "".join(tree.itertext())
    assert "forward ~ meaning" in words
    assert "✓ pass" in words
    assert "x < y & z" in words


def test_names_and_titles_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    tree = parsed(attention_page(title=evil))
    assert len(list(tree.iter(f"{HTML}script"))) == 1
    assert tree.find(f"{HTML}head/{HTML}title").text == evil  # type: ignore[union-attr]
    assert evil in "".join(tree.find(f"{HTML}body/{HTML}header").itertext())  # type: ignore[union-attr]


def test_tensor_names_are_escaped_too() -> None:
    x = mg.tensor([1.0, 2.0], name='<b onclick="1">&', requires_grad=True)
    loss = (x * x).sum().named("L")
    text = page("t", derivation=mg.derive(loss), drawing=mg.draw(loss))
    tree = parsed(text)
    assert not [e for e in tree.iter() if "onclick" in e.attrib]


def test_without_graphviz_the_page_holds_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> dict[str, bytes]:
        raise RenderError("no Graphviz here")

    monkeypatch.setattr("minigrad.drawing.drawing.render", refuse)
    words = "".join(parsed(attention_page()).itertext())
    assert "no Graphviz here" in words
    assert "digraph minigrad" in words


# -- figures ---------------------------------------------------------------------------------------


def cells(figure: ET.Element) -> list[ET.Element]:
    return [e for e in figure.iter(f"{SVG}rect") if e.find(f"{SVG}title") is not None]


def test_a_heatmap_shades_by_value() -> None:
    shades = [c.attrib["fill-opacity"] for c in cells(parsed(heatmap([[0.0, 0.5, 1.0]]).svg))]
    assert [float(shade) for shade in shades] == [0.03, 0.5, 1.0]


def test_a_heatmap_names_rows_columns_and_values() -> None:
    tree = parsed(heatmap([[0.25, 1]], ["wind"], ["Death", "is"], digits=2, title="A").svg)
    assert [c.find(f"{SVG}title").text for c in cells(tree)] == [  # type: ignore[union-attr]
        "wind → Death: 0.25",
        "wind → is: 1",
    ]
    words = [e.text for e in tree.iter(f"{SVG}text")]
    assert words == ["A", "Death", "is", "wind", "0.25", "1.00"]


def test_signed_values_have_zero_in_the_middle() -> None:
    shown = cells(parsed(heatmap([[-1.0, 0.0, 2.0]]).svg))
    assert [c.attrib["fill-opacity"] for c in shown] == ["0.5", "0.03", "1"]
    assert shown[0].attrib["fill"] != shown[2].attrib["fill"]
    assert heatmap([[-0.001]], digits=2).svg.count("−0.00") == 0


def test_masked_scores_say_so_and_nan_is_empty() -> None:
    tree = parsed(heatmap([[1.0, -np.inf, np.nan]], digits=1).svg)
    assert [e.text for e in tree.iter(f"{SVG}text")] == ["1.0", "−∞"]
    assert cells(tree)[1].attrib["fill"] == cells(tree)[2].attrib["fill"]


def test_a_heatmap_takes_a_tensor() -> None:
    assert heatmap(mg.tensor([[1.0, 2.0]])).svg == heatmap([[1.0, 2.0]]).svg


def test_each_head_has_a_heatmap_of_its_own() -> None:
    row = heads(np.full((2, 3, 3), 1 / 3), ["a", "<b>", "c"], title="A")
    assert row.html.count("<svg") == 2
    words = ["".join(parsed(figure.svg).itertext()) for figure in row.figures]  # type: ignore[union-attr]
    assert "A, head 1" in words[0]
    assert "A, head 2" in words[1]
    assert all("a → <b>: 0.3333" in w and "query" in w and "key" in w for w in words)
    assert "head" not in heads(np.eye(2)).html


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: heads(np.zeros(3)), "needs weights of shape (heads, n, n), not (3,)"),
        (lambda: heatmap(np.zeros(3)), "needs a matrix, not shape (3,)"),
        (lambda: heatmap(np.zeros((0, 3))), "needs a matrix, not shape (0, 3)"),
        (lambda: heatmap(np.zeros((2, 2)), ["a"]), "1 labels for 2 rows"),
        (lambda: heatmap(np.zeros((2, 2)), columns="abc"), "3 labels for 2 columns"),
        (lambda: heatmap(np.zeros((2, 2)), palette="red"), "no palette 'red'"),
        (lambda: curves({}), "no finite number"),
        (lambda: curves({"a": [np.nan]}), "no finite number"),
        (lambda: curves({"a": [0.0]}, logarithmic=True), "no finite number"),
        (lambda: curves({"a": np.eye(2)}), "'a' has shape (2, 2)"),
    ],
)
def test_errors_say_what_is_wrong(call: object, words: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(words)):
        call()  # type: ignore[operator]


def paths(svg: str) -> list[str]:
    return [
        e.attrib["d"] for e in parsed(svg).iter(f"{SVG}path") if e.find(f"{SVG}title") is not None
    ]


def test_curves_stay_inside_and_gaps_stay_open() -> None:
    figure = curves({"a": [1.0, np.nan, 5.0, 7.0], "<b>": [2.0, 2.0]}, width=300, height=200)
    first, second = paths(figure.svg)
    assert first.count("M") == 2
    assert second.count("M") == 1
    for x, y in re.findall(r"[ML]([\d.]+),([\d.]+)", first + second):
        assert 0 <= float(x) <= 300
        assert 0 <= float(y) <= 200


def test_a_constant_and_a_single_number_can_be_drawn() -> None:
    assert len(paths(curves({"a": [0.0]}).svg)) == 1
    assert len(paths(curves({"a": [3.0, 3.0, 3.0]}).svg)) == 1


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    words = [
        e.text for e in parsed(curves({"a": [1e-3, 1e2]}, logarithmic=True).svg).iter(f"{SVG}text")
    ]
    assert "10⁻³" in words
    assert "10²" in words


def test_a_figure_is_saved_whole(tmp_path: Path) -> None:
    figure = heatmap(np.eye(2), caption="a < b")
    assert parsed(figure.save(tmp_path / "a.svg").read_text(encoding="utf-8")).tag == f"{SVG}svg"
    assert "a &lt; b" in figure.html
    assert beside(figure, figure).html.count("<svg") == 2


def test_what_scrolls_sideways_has_no_bar_beside_it() -> None:
    """Where one direction scrolls, CSS lets the other one scroll, too: a fraction is taller than its box."""
    css = resources.files("minigrad.report").joinpath("page.css").read_text(encoding="utf-8")
    formulas = [line for line in css.splitlines() if line.startswith(".formula {")]
    assert len(formulas) == 1
    assert "overflow: auto hidden" in formulas[0]


def test_the_page_speaks_of_the_colours_that_drawings_have() -> None:
    """The page finds lanes, bands and paper of a drawing by their colours."""
    folder = resources.files("minigrad.report")
    sheets = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in ("graph.css", "theme.css")}
    drawn = {colour.upper() for colour in (look.FORWARD, look.BACKWARD, look.GRADIENT)}
    assert {colour.upper() for colour in re.findall(r"#[0-9a-fA-F]{6}", sheets["graph.css"])} == drawn
    found = re.findall(r'\[(?:fill|stroke)="(#\w+)"', sheets["theme.css"])
    assert [colour.upper() for colour in found] == [look.PAPER.upper()]
    assert f"--ink: light-dark({look.TEXT}," in sheets["theme.css"]
    assert f"--orange-tint: light-dark({look.BAND}," in sheets["theme.css"]
