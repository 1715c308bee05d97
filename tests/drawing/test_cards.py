"""From a graph to cards: which tensors have one, and what it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import minigrad as mg
from minigrad.drawing import Drawing, Picture, Text, fold, picture_of
from minigrad.errors import NameClashError
from minigrad.graph import Tensor
from minigrad.graph.node import Node
from minigrad.nn.self_attention import SelfAttentionClassifier


def cards_of(*outputs: Tensor) -> Picture:
    return picture_of([output._node for output in outputs if output._node is not None])


def kinds(picture: Picture) -> dict[str, str]:
    return {card.id: card.kind for card in picture.cards}


def edges(picture: Picture) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in picture.edges}


def attention_loss() -> Tensor:
    rng = np.random.default_rng(0)
    model = SelfAttentionClassifier(8, 8, 4, rng)
    X0 = mg.tensor(rng.normal(size=(5, 8, 8)), name="X0", dims="b n d")
    y = mg.tensor(np.ones(5), name="y", dims="b")
    return model.loss(X0, y)


def test_the_cards_of_attention() -> None:
    loss = attention_loss()
    loss.backward()
    picture = cards_of(loss)
    assert kinds(picture) == {
        "P": "parameter",
        "Wq": "parameter",
        "Wk": "parameter",
        "Wv": "parameter",
        "w": "parameter",
        "X0": "input",
        "y": "input",
        **dict.fromkeys(["X", "Q", "K", "V", "S", "A", "H", "h", "z"], "computed"),
        "p": "prediction",
        "L": "loss",
    }
    expected = "P>X X0>X X>Q Wq>Q X>K Wk>K X>V Wv>V Q>S K>S S>A A>H V>H H>h h>z w>z z>p p>L y>L"
    assert edges(picture) == {tuple(pair.split(">")) for pair in expected.split()}
    assert {e.source for e in picture.edges if not e.gradient} == {"X0", "y"}
    by_id = {card.id: card for card in picture.cards}
    assert (by_id["S"].op, by_id["S"].shape) == ("matmul, divide", "5×8×8")
    assert (by_id["X0"].op, by_id["Wq"].op, by_id["L"].shape) == ("input", "", "scalar")
    assert by_id["S"].scope == by_id["A"].scope
    assert [by_id[name].step for name in ("L", "p", "z")] == [1, 2, 3]
    assert by_id["y"].step is None
    assert "[d k], float64\nvalue: min" in by_id["Wq"].tooltip
    assert "gradient: min" in by_id["Wq"].tooltip
    assert len(Drawing(picture).positions) == len(picture.cards)


def test_unnamed_tensors_have_a_card_where_they_are_shared() -> None:
    x = mg.tensor([1.0, 2.0], name="x", requires_grad=True)
    shared = mg.exp(x)
    picture = cards_of(mg.sum(mg.log(shared) * 2.0 + shared))
    assert kinds(picture) == {"x": "parameter", "v1": "computed", "L": "loss"}
    assert edges(picture) == {("x", "v1"), ("v1", "L")}
    assert picture.cards[2].op == "log, multiply, add, sum"


def test_numbers_avoid_the_names_that_are_taken() -> None:
    v1 = mg.tensor([1.0], name="v1", requires_grad=True)
    shared = mg.exp(v1)
    assert kinds(cards_of(shared * shared + mg.log(shared))).keys() == {"v1", "v2", "v3"}


@pytest.mark.parametrize(
    ("constant", "uses", "has_card"),
    [(2.0, 2, False), (np.ones(3), 1, False), (np.ones(3), 2, True), (np.ones((9, 3)), 1, True)],
)
def test_constants_have_a_card_where_they_are_shared_or_large(
    constant: object, uses: int, has_card: bool
) -> None:
    x = mg.tensor([1.0, 2.0, 3.0], name="x", requires_grad=True)
    c = mg.tensor(constant)
    total = x * c
    for _ in range(uses - 1):
        total = total + mg.exp(x) * c
    assert ("c1" in kinds(cards_of(total.named("t")))) == has_card


def test_a_prediction_is_what_the_loss_compares_with_an_input() -> None:
    X = mg.tensor(np.ones((4, 2)), name="X")
    w = mg.tensor(np.ones(2), name="w", requires_grad=True)
    y = mg.tensor(np.ones(4), name="y")
    fit = (X @ w).named("fit")
    assert kinds(cards_of(mg.mean((fit - y) ** 2)))["fit"] == "prediction"
    assert kinds(cards_of(mg.mean(fit**2)))["fit"] == "computed"
    assert kinds(cards_of(mg.exp(X @ w).named("y_hat")))["y_hat"] == "prediction"


def test_detached_paths_have_one_lane() -> None:
    x = mg.tensor([1.0, 2.0], name="x", requires_grad=True)
    u = mg.exp(x).named("u")
    picture = cards_of(mg.sum(u * mg.where(x > 1.0, x, 0.0)).named("L"))
    assert {(e.source, e.target): e.gradient for e in picture.edges} == {
        ("x", "u"): True,
        ("x", "L"): True,
        ("u", "L"): True,
    }
    mask = (x > 1.0).named("mask")
    lanes = {e.source: e.gradient for e in cards_of(mg.where(mask, u, 0.0).named("t")).edges}
    assert lanes["mask"] is False


def layer(h: Tensor) -> Tensor:
    with mg.scope("layer"):
        with mg.scope("inner"):
            a = mg.tanh(h).named("a")
        with mg.scope("inner"):
            b = mg.exp(a).named("b")
        return (h + b).named("h")


def test_runs_of_one_scope_are_regions_of_their_own_and_fold() -> None:
    h = mg.tensor([1.0], name="x", requires_grad=True)
    for _ in range(4):
        h = layer(h)
    picture = cards_of(mg.sum(h).named("L"))
    assert [card.scope for card in picture.cards[1:5]] == [
        ("layer[0]", "inner"),
        ("layer[0]", "inner"),
        ("layer[0]",),
        ("layer[1]", "inner"),
    ]
    folded = [card.symbol.plain for card in fold(picture).cards]
    assert folded == ["x", "layer[0].a", "layer[0].b", "layer[0].h", "layer[1] … layer[3]", "L"]


def test_one_name_for_two_tensors_is_an_error() -> None:
    x = mg.tensor([1.0], name="x", requires_grad=True)
    with pytest.raises(NameClashError, match="'u' is given twice"):
        cards_of(mg.exp(x).named("u") + mg.log(x).named("u"))


class Told:
    """Formulas by name."""

    def __init__(self, order: Sequence[Node], **gradients: str) -> None:
        self.order = order
        self.gradients = gradients

    def forward(self, node: Node) -> Text | None:
        return Text.of(f"formula of {node.name}")

    def gradient(self, node: Node) -> Text | None:
        text = self.gradients.get(node.name or "")
        return None if text is None else Text.of(text)

    def subscript(self, node: Node) -> str:
        return ""


def test_formulas_come_from_outside() -> None:
    X, w, y = mg.symbols("X: m n", "w: n", "y: m")
    r = (X @ w - y).named("r")
    L = mg.sum(r**2).named("L")
    order = [node for node in (L._node, r._node, w._node) if node is not None]
    assert L._node is not None
    picture = picture_of(L._node, Told(order, L="1", r="2 r", w="Xᵀ dr"), title="Least squares")
    shown = {card.id: card for card in picture.cards}
    assert picture.title == "Least squares"
    assert shown["w"].gradient is not None
    assert shown["w"].gradient.plain == "dw = Xᵀ dr"
    assert shown["w"].forward is None
    assert shown["r"].forward == Text.of("formula of r")
    assert [shown[name].step for name in ("L", "r", "w", "X")] == [1, 2, 3, None]
    lanes = {(e.source, e.target): (e.gradient, e.step) for e in picture.edges}
    assert lanes == {
        ("X", "r"): (False, None),
        ("w", "r"): (True, 3),
        ("y", "r"): (False, None),
        ("r", "L"): (True, 2),
    }
    assert shown["X"].shape == "m×n"


# -- a transformer block ---------------------------------------------------------------------------


def test_names_are_set_as_people_write_them() -> None:
    from minigrad.drawing.names import differential, indexed, symbol

    shown = {
        name: symbol(name).plain for name in ("bq", "W1", "gamma", "loss", "norm1.gamma", "up.Wq")
    }
    assert list(shown.values()) == ["b_q", "W_1", "γ", "loss", "norm1.γ", "up.W_q"]
    assert differential("block[0].Wq").plain == "block[0].dW_q"
    assert indexed(symbol("Wq"), "_h").plain == "W_q,h"
    assert indexed(symbol("Q"), "_bh").plain == "Q_bh"


def test_cards_of_a_block_speak_of_their_neighbours_by_short_names() -> None:
    class Stack(mg.nn.Module):
        def __init__(self) -> None:
            self.blocks = [
                mg.nn.TransformerBlock(4, 2, hidden=3, causal=True, rng=k) for k in (0, 1)
            ]

        def forward(self, X: Tensor) -> Tensor:
            for block in self.blocks:
                X = block(X)
            return X

    X = mg.tensor(np.random.default_rng(0).normal(size=(3, 4)), name="X", dims="n d")
    drawing = mg.draw((Stack()(X) ** 2).sum().named("L"))
    cards = {card.id: card for card in drawing.picture.cards}
    first, second = cards["blocks[0].Q"], cards["blocks[1].Q"]
    assert first.scope == ("blocks[0]", "attention", "Query")
    for card in (first, second):
        assert card.forward is not None
        assert card.forward.plain == "N_1 W_q,h + 1 b_q,hᵀ"
        assert card.gradient is not None
        assert card.gradient.plain == "dQ_h = dS_h K_h / √k"
    assert cards["blocks[1].A"].op == "where, softmax"
    assert cards["blocks[0].norm1.Z"].op == "layer norm"
    assert cards["blocks[1].R"].forward.plain == "blocks[0].Y + O"  # type: ignore[union-attr]
    assert cards["blocks[0].norm2.gamma"].gradient.plain == "dγ = colsum(Z ⊙ dN_2)"  # type: ignore[union-attr]
    assert "U^⊙2" in cards["blocks[0].U"].gradient.plain  # type: ignore[union-attr]


def test_a_card_uses_what_is_assumed_as_the_formula_in_text_does() -> None:
    """A symmetric S is its own symmetric part, and trace(Q'Q) of an orthogonal Q still has a gradient."""
    source = mg.draw(mg.parse("w = eigvalsh(S); sum(w**2)", S="n n | symmetric"), wrt="S").source
    assert "eigvalsh(<I>S</I>)" in source
    assert "eigenvectors(<I>S</I>)" in source
    source = mg.draw(mg.parse("trace(Q.T @ Q)", Q="n n | orthogonal"), wrt="Q").source
    assert "= 2 <I>Q</I>" in source


def test_a_gradient_stands_with_the_indices_that_the_text_has() -> None:
    loss = mg.parse("sum(conv1d(X, W)**2)", X="2 1 8", W="3 1 3")
    cards = {card.id: card for card in mg.draw(loss).picture.cards}
    for name, formula in mg.derive(loss).items():
        left = formula.expanded.partition(" = ")[0]  # a card has no room for names
        assert left != f"d{name}"
        assert cards[name].gradient.plain.startswith(f"{left} = ")
