"""Modules, initial weights and self-attention."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ArgumentError, ShapeError
from minigrad.nn import Module, SelfAttention, SelfAttentionClassifier, functional, init


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# -- initial weights ------------------------------------------------------------------------------

VARIANCES = [
    (lambda s, g: init.normal(s, g, std=0.3), 0.3**2),
    (lambda s, g: init.uniform(s, g, bound=0.6), 0.6**2 / 3),
    (init.xavier_uniform, 2 / (300 + 500)),
    (init.xavier_normal, 2 / (300 + 500)),
    (lambda s, g: init.xavier_uniform(s, g, gain=2.0), 4 * 2 / (300 + 500)),
    (init.he_normal, 2 / 300),
    (init.he_uniform, 2 / 300),
    (init.lecun_normal, 1 / 300),
    (init.lecun_uniform, 1 / 300),
    (init.orthogonal, 1 / 500),
]


@pytest.mark.parametrize(("draw", "variance"), VARIANCES)
def test_initial_variance(draw: object, variance: float) -> None:
    W = draw((300, 500), rng(1))  # type: ignore[operator]
    # 150,000 draws: the sample variance is within 2 % with near certainty, the seed makes it sure.
    assert W.shape == (300, 500)
    assert W.var() == pytest.approx(variance, rel=0.02)
    assert abs(W.mean()) < 0.02 * math.sqrt(variance)
    assert (draw((300, 500), rng(1)) == W).all()  # type: ignore[operator]
    assert (draw((300, 500), rng(2)) != W).any()  # type: ignore[operator]


def test_uniform_weights_stay_within_their_bounds() -> None:
    assert abs(init.uniform(10_000, rng(), bound=0.6)).max() <= 0.6
    assert abs(init.xavier_uniform((60, 40), rng())).max() <= math.sqrt(6 / 100)
    assert abs(init.he_uniform((60, 40), rng())).max() <= math.sqrt(6 / 60)
    assert abs(init.lecun_uniform((60, 40), rng())).max() <= math.sqrt(3 / 60)


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (2, 3, 5), 4])
def test_orthogonal_weights_keep_lengths(shape: int | tuple[int, ...]) -> None:
    W = init.orthogonal(shape, rng(), gain=2.0)
    assert W.shape == ((shape,) if isinstance(shape, int) else shape)
    W = np.atleast_2d(W.T).T if W.ndim == 1 else W
    gram = W.mT @ W if W.shape[-2] >= W.shape[-1] else W @ W.mT
    np.testing.assert_allclose(
        gram, np.broadcast_to(4 * np.eye(gram.shape[-1]), gram.shape), atol=1e-12
    )


def test_constants() -> None:
    assert (init.zeros((2, 3), rng()) == 0).all()
    assert (init.ones((2, 3)) == 1).all()


@pytest.mark.parametrize(
    ("shape", "expected"), [(5, (5, 1)), ((5,), (5, 1)), ((3, 4), (3, 4)), ((2, 3, 4), (3, 4))]
)
def test_fans(shape: int | tuple[int, ...], expected: tuple[int, int]) -> None:
    assert init.fans(shape) == expected


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 0)])
def test_fans_of_nothing(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="connects nothing"):
        init.he(shape, rng())


def test_init_wants_a_generator() -> None:
    with pytest.raises(ArgumentError, match=r"init.normal: rng is 0; pass a generator"):
        init.xavier_normal((2, 2), 0)  # type: ignore[arg-type]


# -- modules --------------------------------------------------------------------------------------


class Layer(Module):
    def __init__(self, size: int) -> None:
        self.W = mg.tensor(np.eye(size), dims="d d", requires_grad=True)

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        return (x @ self.W).named("H")


class Model(Module):
    def __init__(self) -> None:
        self.first = Layer(2)
        self.blocks = [Layer(2), Layer(2)]
        self.b = mg.tensor(0.0, requires_grad=True)
        self.constant = mg.tensor([1.0, 2.0])
        self.last_result = (self.b * 2).named("result")

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return x.sum() + self.b


def test_parameters_are_named_by_attributes() -> None:
    model = Model()
    names = ["b", "first.W", "blocks.0.W", "blocks.1.W"]
    assert list(model.named_parameters().keys()) == names
    assert model.parameters() == [model.b, model.first.W, *(b.W for b in model.blocks)]
    assert model.first.W.name == "W"
    model.blocks[1] = model.first
    assert len(model.parameters()) == 3


def test_the_users_name_stays() -> None:
    layer = Layer(2)
    layer.bias = mg.tensor([0.0, 0.0], name="beta", requires_grad=True)
    assert layer.bias.name == "beta"
    assert "bias" in layer.named_parameters()


def test_repr_shows_shapes_and_counts() -> None:
    assert repr(Model()) == "\n".join(
        [
            "Model: 13 parameters",
            "  b    ()          1",
            "  first: Layer: 4 parameters",
            "    W  (d=2, d=2)  4",
            "  blocks.0: Layer: 4 parameters",
            "    W  (d=2, d=2)  4",
            "  blocks.1: Layer: 4 parameters",
            "    W  (d=2, d=2)  4",
        ]
    )


def test_graphs_carry_the_modules_names() -> None:
    model = Model()
    x = mg.tensor([[1.0, 2.0]], name="x")
    derivation = mg.derive(model(x), wrt=[model.first.W, model.blocks[1].W])
    assert set(derivation) == {"first.W", "blocks[1].W"}


def test_state_goes_round() -> None:
    model, other = Model(), Model()
    for parameter in model.parameters():
        parameter.assign(rng().normal(size=parameter.shape))
    state = model.state_dict()
    other.load_state_dict(state)
    assert all((other.state_dict()[name] == state[name]).all() for name in state)
    state["b"] += 1
    assert model.b.item() != state["b"]


def test_a_state_that_does_not_fit_is_refused_whole() -> None:
    model = Model()
    before = model.state_dict()
    state = model.state_dict() | {
        "extra": np.zeros(3),
        "first.W": np.zeros((2, 3)),
        "b": np.ones(()),
    }
    del state["blocks.1.W"]
    with pytest.raises(ArgumentError) as caught:
        model.load_state_dict(state)
    assert str(caught.value).splitlines() == [
        "load_state_dict: the state does not fit Model; "
        "load it into the model that it was saved from",
        "  mismatched: first.W has shape (2, 3), not (d=2, d=2)",
        "  missing: blocks.1.W (d=2, d=2)",
        "  unexpected: extra (3,)",
    ]
    assert all((model.state_dict()[name] == before[name]).all() for name in before)


def test_a_module_without_forward_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Module does not define forward"):
        Module()(1)


# -- self-attention -------------------------------------------------------------------------------


def by_hand(X: np.ndarray, Wq: np.ndarray, Wk: np.ndarray, Wv: np.ndarray) -> np.ndarray:
    """Self-attention of one sequence, element by element."""
    n, k = len(X), Wq.shape[1]
    H = np.zeros((n, Wv.shape[1]))
    for i in range(n):
        scores = [math.exp((X[i] @ Wq) @ (X[j] @ Wk) / math.sqrt(k)) for j in range(n)]
        for j in range(n):
            H[i] += scores[j] / sum(scores) * (X[j] @ Wv)
    return H


def test_self_attention_is_its_definition() -> None:
    g = rng()
    X, Wq, Wk, Wv = (g.normal(size=s) for s in [(2, 5, 3), (3, 4), (3, 4), (3, 6)])
    batch = mg.nn.self_attention(*map(mg.tensor, (X, Wq, Wk, Wv)))
    assert batch.shape == (2, 5, 6)
    for sequence, H in zip(X, batch.numpy(), strict=True):
        np.testing.assert_allclose(H, by_hand(sequence, Wq, Wk, Wv), rtol=1e-12)
        alone = mg.nn.self_attention(*map(mg.tensor, (sequence, Wq, Wk, Wv)))
        np.testing.assert_allclose(alone.numpy(), H, rtol=1e-12)


def test_scores_are_what_the_softmax_gets() -> None:
    attention = SelfAttention(3, 4, rng())
    X = mg.tensor(rng(1).normal(size=(5, 3)))
    V = X @ attention.Wv
    expected = functional.softmax(attention.scores(X)) @ V
    np.testing.assert_allclose(attention(X).numpy(), expected.numpy(), rtol=1e-14)


def batch(model: SelfAttentionClassifier, count: int = 4) -> tuple[mg.Tensor, mg.Tensor]:
    tokens, features = model.P.shape
    X0 = mg.tensor(rng(5).normal(size=(count, tokens, features)), name="X0", dims="b n d")
    return X0, mg.tensor(np.arange(count) % 2.0, name="y", dims="b")


def test_the_loss_for_formulas_is_the_loss_for_training() -> None:
    model = SelfAttentionClassifier(5, 3, 4, rng())
    X0, y = batch(model)
    named, stable = model.loss(X0, y), functional.bce_with_logits(model(X0), y)
    assert named.item() == pytest.approx(stable.item(), rel=1e-13)
    parameters = model.parameters()
    pairs = zip(mg.gradients(named, parameters), mg.gradients(stable, parameters), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-11, atol=1e-15)


def test_the_classifiers_gradients_read_like_a_derivation_by_hand() -> None:
    model = SelfAttentionClassifier(5, 3, 4, rng())
    loss = model.loss(*batch(model))
    derivation = mg.derive(loss, wrt=["Wq", "Wk", "Wv", "X", "w"])
    text = str(derivation)
    for line in [
        "X_b = X0_b + P",
        "S_b = Q_b K_bᵀ / √k",
        "dS_b = A_b ⊙ (dA_b − rowsum(A_b ⊙ dA_b))        (*)",
        "dX_b = dQ_b Wqᵀ + dK_b Wkᵀ + dV_b Wvᵀ",
    ]:
        assert line in text
    for line in ["dWq  = Σ_b X_bᵀ dQ_b", "dWk  = Σ_b X_bᵀ dK_b", "dWv  = Σ_b X_bᵀ dV_b"]:
        assert line in text
    assert derivation.check().verdict == "pass"
    assert mg.derive(loss, wrt=model.parameters()).check().verdict == "pass"


def test_the_classifiers_graph_lies_in_scopes() -> None:
    model = SelfAttentionClassifier(5, 3, 4, rng())
    scopes = set()
    stack, seen = [model.loss(*batch(model))._node], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node.name:
            scopes.add((node.name, node.scope))
        stack.extend(i for i in node.inputs if hasattr(i, "inputs"))
    assert {
        ("Wq", "attention"),
        ("Q", "attention.Query"),
        ("A", "attention.Attention scores"),
        ("h", "Pooling"),
        ("p", "Classifier head"),
        ("L", "Loss"),
    } <= scopes


def test_functional_is_the_engines() -> None:
    from minigrad.ops import functional as rows

    assert set(rows.__all__) < set(functional.__all__)
    assert all(getattr(functional, name) is getattr(rows, name) for name in rows.__all__)
