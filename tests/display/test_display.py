"""What a notebook shows: every value, module, optimiser and report as HTML that escapes and fits."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.display import array_html, facts, folded, paragraph, table

EVIL = '<img src=x onerror="alert(1)">&'


def named(name: str) -> mg.Tensor:
    return mg.tensor([[1.0, -2.0], [0.0, 0.5]], name=name, dims="n d", requires_grad=True)


def module() -> mg.nn.Module:
    rng = np.random.default_rng(0)
    return mg.nn.Sequential(mg.nn.Linear(3, 4, rng=rng), mg.nn.ReLU(), mg.nn.Linear(4, 1, rng=rng))


def report(against: str = "2 * X") -> Any:
    return mg.check((named("X") ** 2).sum().named("L"), wrt="X", against=against)


def derived(name: str = "X") -> mg.Derivation:
    x = named(name)
    return mg.derive((mg.nn.functional.softmax(x) ** 2 * np.ones((2, 2))).sum().named("L"), wrt=x)


SHOWN: dict[str, Callable[[], Any]] = {
    "tensor": lambda: named("X"),
    "hostile": lambda: named(EVIL),
    "number": lambda: mg.tensor(1.5),
    "empty": lambda: mg.tensor(np.zeros((0, 3))),
    "truths": lambda: mg.tensor([True, False]),
    "many": lambda: mg.tensor(np.ones((2, 3, 40, 50))),
    "symbol": lambda: mg.symbols("X: n d"),
    "module": module,
    "optimiser": lambda: mg.optim.Adam(module()),
    "report": report,
    "wrong": lambda: report("X"),
    "derivation": derived,
    "formula": lambda: derived()["X"],
    "hostile formula": lambda: derived(EVIL)[EVIL],
    "differential": lambda: derived().differential,
    "step": lambda: derived().steps[-1],
    "line": lambda: derived()["X"].line,
}


def tree(html: str) -> ET.Element:
    return ET.fromstring(html)


def said(html: str) -> str:
    return " ".join("".join(tree(html).itertext()).split())


@pytest.mark.parametrize("what", SHOWN)
def test_it_is_well_formed_and_takes_any_paper(what: str) -> None:
    """No ground and no ink of its own but for verdicts, so that it is legible in the light and in the dark."""
    html = SHOWN[what]()._repr_html_()
    elements = list(tree(html).iter())
    assert not {e.tag for e in elements} & {"script", "style", "img", "b"}
    assert not [
        k for e in elements for k in e.attrib if k.startswith("on") or k in {"src", "href", "id"}
    ]
    styles = ";".join(e.attrib.get("style", "") for e in elements)
    assert set(re.findall(r"(?<![\w-])background:(\w+)", styles)) <= {"none", "rgba"}
    assert set(re.findall(r"(?<![\w-])color:(\w+)", styles)) <= {"var"}
    assert "overflow-x:auto" in elements[0].attrib["style"]  # what is wide scrolls in its own box


@pytest.mark.parametrize(
    "make", [facts, paragraph, lambda t: table((t,), [(t,)]), lambda t: folded(t, t)]
)
def test_every_part_escapes(make: Callable[[str], str]) -> None:
    html = make(EVIL)
    assert "<img" not in html
    assert EVIL in said(html)


def test_a_tensor_says_what_it_is_and_shows_its_numbers() -> None:
    x = named("X")
    assert said(x._repr_html_()).startswith("X (n=2, d=2) · float64 · requires a gradient")
    assert said(x._repr_html_()).endswith("1−200.5")
    assert "gradient" not in said(x._repr_html_()).partition("requires a gradient")[2]
    (x**2).sum().backward()
    assert said(x._repr_html_()).endswith("gradient2−401")
    assert said(mg.symbols("X: n d")._repr_html_()) == "X (n, d) · float64 · without numbers"
    assert repr(mg.symbols("X: n d")) == "symbol((n, d), name='X')"


def tints(html: str) -> list[tuple[str, float]]:
    """Hue and share of each cell; a cell without has none."""
    styles = [e.attrib["style"] for e in tree(html).iter("td")]
    found = [re.search(r"background:rgba\((\d+,\d+,\d+),([\d.]+)\)", style) for style in styles]
    return [(m[1], float(m[2])) if m else ("", 0.0) for m in found]


def test_deeper_is_larger_and_below_zero_is_grey() -> None:
    (small, s), (large, t), (below, u), nothing, gap = tints(
        array_html([0.5, 1.0, -1.0, 0.0, np.nan])
    )
    assert small == large != below
    assert s < t == u < 0.7
    assert nothing == gap == ("", 0.0)
    assert tints(array_html([1.0], gradient=True))[0][0] not in (small, below)


def test_a_large_array_shows_its_ends_and_which_part_it_is() -> None:
    html = array_html(np.arange(2 * 40 * 50).reshape(2, 40, 50))
    assert len(list(tree(html).iter("tr"))) == 11
    assert len(list(tree(html).iter("td"))) == 11 * 13
    assert "[0] of 2" in said(html)
    for end in ("0", "49", "1950", "1999"):
        assert f">{end}<" in html
    assert len(html) < 25_000


def test_numbers_are_short_and_whole_where_they_are_whole() -> None:
    words = [e.text for e in tree(array_html([1234567, -3])).iter("td")]
    assert words == ["1234567", "−3"]
    words = [e.text for e in tree(array_html([1 / 3, -0.0, -np.inf, np.nan, 1e-9])).iter("td")]
    assert words == ["0.333", "0", "−∞", "nan", "1e−09"]
    assert [e.text for e in tree(array_html([1 + 2j])).iter("td")] == ["1+2j"]


def test_a_module_is_a_tree_with_shapes_and_counts() -> None:
    html = module()._repr_html_()
    assert [e.find("summary/strong").text for e in tree(html).iter("details")] == [  # type: ignore[union-attr]
        "Sequential(Linear, ReLU, Linear)",
        "layers.0: Linear(3 to 4)",
        "layers.2: Linear(4 to 1)",
    ]
    rows = [["".join(cell.itertext()) for cell in row] for row in tree(html).iter("tr")]
    assert rows[:2] == [["W", "(3, 4)", "12", ""], ["b", "(4,)", "4", ""]]
    assert "21 parameters" in said(html)


def test_an_optimiser_says_its_settings_and_its_parameters() -> None:
    optimizer = mg.optim.SGD(module(), lr=0.5)
    html = optimizer._repr_html_()
    assert said(html).startswith(repr(optimizer).partition(":")[0])
    assert "object at" not in repr(optimizer)
    assert len(list(tree(html).iter("tr"))) == 1 + 4


def test_a_report_shows_its_verdict_and_its_table() -> None:
    right, wrong = report(), report("X")
    assert said(right._repr_html_()).startswith("✓ pass")
    assert said(wrong._repr_html_()).startswith("✗ fail")
    for found in (right, wrong):
        rows = list(tree(found._repr_html_()).iter("tr"))
        assert len(rows) == 1 + len(found.rows)
        for row, line in zip(rows[1:], found.rows, strict=True):
            assert row[0].text == line.pair
            assert ("--right" in row[-1].attrib["style"]) == (line.verdict == "pass")
    assert "right is dX = 2 X" in said(wrong._repr_html_())


MATH = "{http://www.w3.org/1998/Math/MathML}"


def lines(html: str) -> list[str]:
    """The formulas, each as its characters; both parts of one stand in one math element each."""
    grid = next(e for e in tree(html) if "grid" in e.attrib["style"])
    halves = ["".join(half.itertext()) for half in grid]
    return [
        (left + right).replace("\xa0", " ")
        for left, right in zip(halves[::2], halves[1::2], strict=True)
    ]


@pytest.mark.parametrize("what", ["derivation", "formula", "differential", "line"])
def test_formulas_are_the_lines_of_its_mathml(what: str) -> None:
    thing = SHOWN[what]()
    written = [thing.mathml()] if what == "line" else thing.mathml.splitlines()
    expected = ["".join(tree(line).itertext()).replace("\xa0", " ") for line in written]
    found = lines(thing._repr_html_())
    assert [line for line in found if line in expected] == expected
    # what names in a formula stand for, and arrays without a name, stand below it
    assert len(found) > len(expected) or what != "formula"
    assert all(
        math.attrib["display"] == "block" for math in tree(thing._repr_html_()).iter(f"{MATH}math")
    )


def test_formulas_say_what_their_names_stand_for() -> None:
    jacobian = mg.derive(mg.parse("softmax(x)", x="n"))["x"]
    shown = jacobian._repr_mimebundle_()
    assert lines(shown["text/html"]) == ["J=diag\u2061(p)−p\u2062p⊤", "p=softmax\u2061(x)"]
    plus = mg.derive((named("X") * np.ones((2, 2))).sum(), wrt="X")
    assert lines(plus["X"]._repr_html_())[-1].startswith(
        "c1 is an array without a name, of shape (2, 2)"
    )
    assert jacobian._repr_html_() == shown["text/html"]


def test_a_step_shows_its_line_and_its_rule() -> None:
    step = derived().steps[-1]
    assert lines(step._repr_html_()) == lines(step.line._repr_html_())
    assert said(step._repr_html_()).endswith(step.rule)


def test_a_notebook_takes_no_name_for_latex() -> None:
    """Between dollar signs its script would, but where these classes stand."""
    for what in SHOWN:
        classes = tree(SHOWN[what]()._repr_html_()).attrib["class"].split()
        assert {"tex2jax_ignore", "mathjax_ignore"} <= {*classes}
