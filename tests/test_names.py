"""Names of tensors, dims, scopes, symbols, columns and operations: what may be one, and what it cannot do."""

from __future__ import annotations

import ast
import builtins
import html
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import hostile_names
import numpy as np
import pytest
import sympy
from long import share
from source_cases import CASES, Case

import minigrad as mg
from minigrad.cli import terminal
from minigrad.errors import (
    ArgumentError,
    DerivationError,
    MinigradError,
    NameClashError,
    NamingError,
)
from minigrad.index import heads
from minigrad.markup import printable
from minigrad.names import checked_name, from_formula, in_formula, parted
from minigrad.primitive import REGISTRY
from minigrad.source.dialects import DIALECTS
from minigrad.source.names import RESERVED, Identifiers, identifier
from minigrad.training import checkpoint

DOORS: dict[str, Callable[[str], Any]] = {
    "tensor": lambda name: mg.tensor([1.0], name=name),
    "named": lambda name: mg.tensor([1.0]).named(name),
    "dims": lambda name: mg.tensor([1.0], dims=[name]),
    "scope": lambda name: mg.scope(name).__enter__(),
    "symbols": lambda name: mg.symbols(f"{name}: n"),
    "a size": lambda name: mg.symbols(f"X: {name}" if name.strip() else "X: ()"),
    "parse": lambda name: mg.parse("sum(x)", **{name: "n"}),
    "SymPy's symbol": lambda name: mg.from_sympy(sympy.Symbol(name)),
    "SymPy's matrix": lambda name: mg.from_sympy(sympy.MatrixSymbol(name, 2, 2)),
    "SymPy's size": lambda name: mg.from_sympy(
        sympy.MatrixSymbol("A", sympy.Symbol(name, integer=True), 2)
    ),
    "elementwise": lambda name: mg.elementwise(name, np.sin, (None,)),
    "primitive": lambda name: mg.primitive(name, np.sin, (None,)),
    "a module's dictionary": lambda name: _module(name),
    "a module's attribute": lambda name: setattr(mg.nn.Module(), name, _parameter()),
}


def _parameter() -> mg.Tensor:
    return mg.tensor([1.0], requires_grad=True)


def _module(key: str) -> Any:
    module = mg.nn.Module()
    module.parts = {key: mg.nn.Linear(2, 2), "own": _parameter()}
    return module


# Space around a name, and between sizes, is no part of it where a text declares them.
IN_TEXT = {"symbols", "a size"}
THROUGH = [
    (door, name)
    for door in DOORS
    for name in hostile_names.REFUSED
    if door not in IN_TEXT or name == "".join(name.split())
]


@pytest.mark.parametrize(("door", "name"), THROUGH, ids=lambda text: ascii(text)[:30])
def test_a_door_refuses_in_words(door: str, name: str) -> None:
    with pytest.raises(MinigradError) as caught:
        DOORS[door](name)
    assert caught.value.args[0].isprintable() or "\n" not in name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x\n", "a line break, U\\+000A"),
        ("x\x1b", "a control character, U\\+001B"),
        ("\ud800", "half of a surrogate pair, U\\+D800"),
        ("\u202ex", "an invisible character"),
        ("x\u3164", "an invisible character"),
        ("x\u1160", "an invisible character"),
        ("", "non-empty"),
        ("\u2800", "non-empty"),
        (" \ufe0f\u200d", "non-empty"),
        ("b" * 1001, "at most 1,000 characters.* has 1,001; shorten it"),
        (3, "a non-empty str, not 3"),
    ],
)
def test_the_error_says_what_is_wrong(name: Any, said: str) -> None:
    with pytest.raises(NamingError, match=said):
        checked_name(name)
    assert issubclass(NamingError, TypeError)
    assert issubclass(NamingError, ArgumentError)


def test_letters_of_every_script_are_names() -> None:
    for name in ("σ²", "名前", "می\u200cخواهم", "👩\u200d🔬", "☕\ufe0f", "⠁\u2800⠃", "a\u00a0b", "b" * 1000):
        assert mg.tensor([1.0], name=name).name == name


@pytest.mark.parametrize("name", [name for name in hostile_names.ALLOWED if len(name) == 1000])
def test_names_of_1000_characters_stand_inside_each_other(name: str, tmp_path: Path) -> None:
    """What a module holds under such keys is named, drawn, checked and saved under its whole path."""

    class Net(mg.nn.Module):
        def __init__(self) -> None:
            self.parts = {name: {name: mg.nn.Linear(2, 2)}}
            self.own = {name: _parameter()}

        def forward(self, x: mg.Tensor) -> mg.Tensor:
            return mg.sum(self.parts[name][name](x) * self.own[name])

    net = Net()
    state = net.state_dict()
    assert f"parts.{name}.{name}.W" in state
    net.load_state_dict(state)
    checkpoint.save(tmp_path / "net.safetensors", state, {})
    assert sorted(checkpoint.load(tmp_path / "net.safetensors").arrays) == sorted(state)
    loss = net(mg.tensor([1.0, 2.0]))
    derivation = mg.derive(loss)
    assert derivation.check(seeds=1).verdict == "pass"
    compile(derivation.source(), "<shipped>", "exec")
    ElementTree.fromstring(mg.draw(loss).svg)


def test_a_column_may_not_be_named_so(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    for header in ('"a\nb"', "a\x1b[2J", "b" * 1001):
        file.write_text(f"{header},label\n1,2\n", encoding="utf-8")
        with pytest.raises(NamingError, match=r"table.csv: the header"):
            mg.data.read_csv(file)

@pytest.mark.parametrize("name", ["-", "a b", "xᵀ", "x²", "lambda", "ﬁ", '"', "a\\b", "∂x/∂y", "学", "block[0].W", "x."])
def test_a_name_reads_as_one(name: str) -> None:
    """In quotes where it is no word, so that both prints are read back, and what is read is judged."""
    assert from_formula(in_formula(name)) == name
    x, plain = mg.symbols("x: n", "plain: n")
    output = (x.named(name) * plain).sum()
    report = mg.check(output, wrt="plain", against=in_formula(name), seeds=1)
    assert report.verdict == "pass", report
    rows = [row for row in mg.check(output, wrt=["plain", name], seeds=1).rows if "printed" in row.second]
    assert [row.verdict for row in rows] == ["pass", "pass"], rows


@pytest.mark.parametrize("way", hostile_names.WAYS)
@pytest.mark.long("part")
def test_nothing_that_a_name_says_is_done(way: str) -> None:
    """In a process that is watched: no command, no code, no tag, no attribute, no macro of a name's."""
    done = subprocess.run(
        [sys.executable, hostile_names.__file__, way],
        input=json.dumps(share(hostile_names.ALLOWED)),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    "meaning",
    [
        hostile_names.PAYLOAD,
        "x.__class__",
        "(lambda: x)()",
        "[x for x in (1,)]",
        "exec('1')",
        "S('x')",
        "open(x)",
        "x if x else y",
        "x; y",
        "sqrt(x, evaluate=0)",
    ],
)
def test_the_meaning_of_a_row_is_a_formula(meaning: str) -> None:
    with pytest.raises(ArgumentError, match="is no formula"):
        mg.elementwise("hostile", np.sin, (lambda g, y, x: g * np.cos(x),), meaning=meaning)
    assert "hostile" not in REGISTRY
    head = heads.Head("hostile", meaning)
    with pytest.raises(DerivationError, match="cannot read its meaning"):
        heads.expression(head)


@pytest.mark.parametrize(
    "text",
    [
        hostile_names.PAYLOAD,
        "__import__('os')",
        "().__class__.__bases__",
        "sum(x.__class__)",
        "x.__init__.__globals__",
        "np.load('x')",
        "eval('1')",
        "sum(x) if open('x') else x",
        "[x for x in y]",
        "lambda: x",
    ],
)
def test_a_text_runs_nothing(text: str) -> None:
    with pytest.raises(MinigradError):
        mg.parse(text, x="n")


def test_the_terminal_takes_no_orders() -> None:
    assert terminal.plain("a\x1b[2Jb\rc\ud800\x9bd\n\te") == "a�[2Jb�c��d\n\te"
    assert terminal.plain("a\u202eb\u2066c\u2028d") == "a�b�c�d"


@pytest.mark.parametrize("cell", ["\x7f", "\x9b2J", "\u202ex", "\ud800", "\ufffe", "\r\n\0", "\ufffd😀", "\\u0041"])
def test_json_gives_back_what_the_terminal_does_not_see(
    cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.tell_json({cell: [cell]})
    said = capsys.readouterr().out
    assert terminal.plain(said) == said
    assert json.loads(said) == {cell: [cell]}


# -- identifiers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", hostile_names.ALLOWED, ids=lambda name: ascii(name)[:30])
def test_identifiers_are_ours(name: str) -> None:
    made = [Identifiers().unique(name), Identifiers().unique(name)]
    made += [n for names in [Identifiers()] for n in (names.unique(name), names.unique(name))]
    for text in made:
        assert len(text) < 70
        space: dict[str, Any] = {}
        exec(f"{text} = 1", space)
        assert space[text] == 1  # under this very name: Python normalises names
        assert text not in RESERVED
    assert made[2] != made[3]
    assert identifier(name).isidentifier()


def test_names_that_python_takes_for_one_stay_two() -> None:
    b = mg.tensor([1.0, 2.0], name="𝐧", requires_grad=True)
    x = mg.tensor([3.0, 4.0], name="n", requires_grad=True)
    source = mg.derive(mg.sum(mg.exp(x * b)), wrt=["n", "𝐧"]).source()
    space: dict[str, Any] = {}
    exec(source, space)
    given = {argument: {"n": x, "𝐧": b}[name].numpy() for argument, name in source.arguments.items()}
    found = space["gradients"](**given)
    assert list(found) == ["n", "𝐧"]
    np.testing.assert_allclose(found["n"], b.numpy() * np.exp(x.numpy() * b.numpy()))


@pytest.mark.parametrize("language", DIALECTS)
def test_what_helpers_use_is_reserved(language: str) -> None:
    for name, text in DIALECTS[language].helpers.items():
        read = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        known = {word for word in read if hasattr(builtins, word)} - {"_"}  # a shell's last result
        assert known <= RESERVED, name


def test_a_variable_named_like_a_builtin_does_not_hide_it() -> None:
    x = mg.tensor([[1.0, 2.0], [0.5, 4.0]], name="len", requires_grad=True)
    loss = mg.sum(mg.prod(x * mg.tensor([1.0, 2.0], name="range"), axis=1))
    assert mg.derive(loss).check().verdict == "pass"
    assert "len2" in mg.derive(loss).source()


@pytest.mark.parametrize("chosen", CASES, ids=lambda c: f"{c.text[:40]} by {c.wrt} {c.order}")
@pytest.mark.parametrize("language", DIALECTS)
@pytest.mark.long("part")
def test_what_a_function_reads_is_its_own_or_reserved(chosen: Case, language: str) -> None:
    output = mg.parse(chosen.text, **chosen.declared)
    tree = ast.parse(mg.derive(output, wrt=chosen.wrt, order=chosen.order).source(language))
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert {node.id for node in names} - own <= RESERVED | DIALECTS[language].reserved


@pytest.mark.parametrize("name", ["pi", "inf", "nan", "e", "I", "T", "sin", "self", "values", "seed"])
def test_a_variable_comes_before_what_else_its_name_means(name: str) -> None:
    output = mg.parse(f"sum(np.exp({name}))", **{name: "n"})
    for claim in (f"np.exp({name})", f"d{name} = np.exp({name}); d{name} * 1"):
        assert mg.check(output, against=claim, seeds=1).verdict == "pass"
    assert list(mg.derive(output)({name: np.zeros(2)})) == [name]


@pytest.mark.parametrize("name", ["ﬁ", "ℯ", "ſ", "\u212a", "𝐱", "µ"])
def test_a_name_that_python_normalises_is_known_in_a_derivation_by_hand(name: str) -> None:
    x = mg.tensor([1.0, 2.0], name=name, requires_grad=True)
    assert mg.check(mg.sum(mg.exp(x)), against=f"exp({name})", seeds=1).verdict == "pass"
    y = mg.tensor([1.0, 2.0], name=unicodedata.normalize("NFKC", name), requires_grad=True)
    assert mg.check(mg.sum(mg.exp(y) + x), wrt=y, against=f"exp({y.name})", seeds=1).verdict == "pass"


def test_two_names_that_python_normalises_to_one_are_told() -> None:
    x, y = (mg.tensor([1.0], name=name, requires_grad=True) for name in ("ﬁ", "𝐟𝐢"))
    with pytest.raises(MinigradError, match="'fi' may be each of ﬁ, 𝐟𝐢; rename one"):
        mg.check(mg.sum(x * y), wrt=x, against="fi")


@pytest.mark.parametrize("claim", ["nan", "inf", "zeros(3) * nan"])
def test_a_derivation_without_a_number_in_another_shape_fails(claim: str) -> None:
    assert mg.check(mg.parse("sum(exp(x))", x="n"), against=claim, seeds=1).verdict == "fail"


@pytest.mark.parametrize("name", ["matmul", "sum", "sort", "where", "power", "softmax", "clip"])
def test_a_function_of_sympys_is_one_of_numbers(name: str) -> None:
    A, i = sympy.IndexedBase("A"), sympy.Symbol("i", integer=True)
    for expression in (sympy.Function(name)(sympy.Symbol("x")), sympy.Function(name)(A[i])):
        with pytest.raises(MinigradError, match="from_sympy"):
            mg.from_sympy(expression)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"\x1b[2J": 1.0}, r"unexpected: '\\x1b\[2J'"),
        ({"x" * 10**6: 1.0}, "unexpected: 'xxx"),
        ({"W": [[1], [2, 3]]}, "W holds no array"),
        ([("W", 1.0)], "a mapping of names to arrays is wanted, not list"),
        (None, "not NoneType"),
    ],
)
def test_a_state_that_is_none_is_said_in_words(state: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said) as caught:
        mg.nn.Linear(2, 2).load_state_dict(state)
    assert str(caught.value).replace("\n", "").isprintable()
    assert len(str(caught.value)) < 1000


def _squares() -> mg.Tensor:
    x = mg.tensor([1.0, 2.0], name="x", requires_grad=True)
    return mg.sum(x * x)


QUOTING: dict[str, Callable[[str], Any]] = {
    "SymPy's function": lambda name: mg.from_sympy(sympy.Function(name)(sympy.Symbol("x"))),
    "SymPy's unknown": lambda name: mg.from_sympy(sympy.Integral(sympy.Symbol(name))),
    "wrt": lambda name: mg.derive(_squares(), wrt=name),
    "values": lambda name: mg.derive(_squares()).check({name: 1.0}),
    "against": lambda name: mg.check(_squares(), against={name: "2 * x"}),
    "given": lambda name: mg.check(_squares(), given={name: "x"}),
    "a text": lambda name: mg.parse(f"sum({name})", x="n"),
    "a claim": lambda name: mg.check(_squares(), against=name),
}


@pytest.mark.parametrize("name", ["x\x1b[2J", "\u202ex", "x\x9b2J", "x\u2066y"])
@pytest.mark.parametrize("way", QUOTING.values(), ids=QUOTING)
def test_an_error_quotes_no_orders(way: Callable[[str], Any], name: str) -> None:
    with pytest.raises(MinigradError) as caught:
        way(name)
    assert str(caught.value).replace("\n", "").isprintable()


# -- two tensors of one name ----------------------------------------------------------------------------


def _twice_in_scopes(last: str) -> mg.Tensor:
    """Two tensors called h in the scopes a and b, and one that has another's path for its name."""
    x = mg.tensor([1.0, 2.0], name="x", requires_grad=True)
    with mg.scope("a"):
        first = mg.exp(x).named("h")
    with mg.scope("b"):
        second = mg.sin(first).named("h")
    return mg.sum(mg.cos(second).named(last) * first * second)


@pytest.mark.parametrize("way", [mg.derive, mg.check, mg.draw], ids=lambda way: way.__name__)
def test_a_name_that_is_another_tensors_path_is_refused(way: Callable[[mg.Tensor], Any]) -> None:
    with pytest.raises(NameClashError, match=r"are called 'a\.h', .* rename one"):
        way(_twice_in_scopes("a.h"))
    way(_twice_in_scopes("a.k"))


# -- pictures -------------------------------------------------------------------------------------------


def test_a_tooltip_holds_long_names_whole() -> None:
    """Also where a formula of them is longer than Graphviz scans at once."""
    y = mg.exp(mg.tensor([1.0, 2.0], name="x", requires_grad=True)).named("y" * 1000)
    other = mg.sin(y).named("z" * 1000)
    total = mg.sum(mg.tanh(y * other) * mg.exp(y * other) * mg.log(y + other) * mg.sin(y - other))
    svg = mg.draw(total, title="\n").svg
    told = [html.unescape(text) for text in re.findall("<title>(.*?)</title>", svg, re.DOTALL)]
    assert max(map(len, told)) > 17_000
    assert all(any(name in text for text in told) for name in (y.name, other.name))


@pytest.mark.parametrize("title", ['<&"\\N\x01' * 5000, "w " * 20_000, "👩" * 5000, "\\" * 20_000])
def test_a_title_of_any_length_is_drawn_short_and_told_whole(title: str) -> None:
    x = mg.tensor([1.0], name="x", requires_grad=True)
    root = ElementTree.fromstring(mg.draw(mg.sum(x * x), title=title).svg)
    assert root.attrib["aria-label"] == printable(title)
    assert max(len(text.text or "") for text in root.iter() if text.tag.endswith("text")) < 500


# -- paths --------------------------------------------------------------------------------------------


def test_a_dot_at_an_end_parts_nothing() -> None:
    assert parted("block[0].Q") == ("block[0]", "Q")
    for name in (".", "..", ".x", "x.", "x"):
        assert parted(name) == ("", name)


def test_a_derivation_by_hand_names_the_gradient_of_the_longest_name() -> None:
    long = "b" * 1000
    W, x = mg.symbols("W: m k", "x: k")
    loss = mg.sum(mg.tanh(W @ x).named(long) ** 2)
    claim = f"d{long} = 2*{long}; dt = d{long}*(1-{long}**2); dt[:,None]*x[None,:]"
    assert mg.check(loss, wrt="W", against=claim).verdict == "pass"
