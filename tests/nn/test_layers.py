"""Layers: affine maps, tables, positions, norms, dropout, and modules one after another."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from torch_cases import references, wave

import minigrad as mg
from minigrad.errors import ArgumentError, DtypeError, ShapeError
from minigrad.nn import (
    MLP,
    Dropout,
    Embedding,
    LayerNorm,
    LearnedPositions,
    Linear,
    Module,
    MultiHeadAttention,
    RMSNorm,
    Sequential,
    SinusoidalPositions,
    functional,
    init,
)

REFERENCES = references("layers")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# -- affine maps and tables ------------------------------------------------------------------------


def test_linear_is_its_definition() -> None:
    layer = Linear(3, 2, rng=rng())
    layer.b.assign([1.0, -2.0])
    x = rng(1).normal(size=(4, 5, 3))
    np.testing.assert_allclose(
        layer(mg.tensor(x)).numpy(), x @ layer.W.numpy() + [1.0, -2.0], rtol=1e-14
    )
    plain = Linear(3, 2, bias=False, rng=rng())
    assert list(plain.named_parameters().keys()) == ["W"]
    assert (plain.W.numpy() == layer.W.numpy()).all()


def test_linear_takes_arrays_seeds_labels_and_other_weights() -> None:
    layer = Linear(3, 2, init=init.he_uniform, dims="d m", rng=4, dtype=np.float32)
    assert layer.W.dims == ("d", "m")
    assert layer.b.dims == ("m",)
    expected = init.he_uniform((3, 2), rng(4)).astype(np.float32)
    assert (layer.W.numpy() == expected).all()
    assert layer(np.ones((1, 3), np.float32)).dtype == np.float32


def test_embedding_picks_rows_and_sums_their_gradients() -> None:
    layer = Embedding(5, 3, rng=rng())
    tokens = np.array([[0, 4, 4], [2, 0, 4]])
    vectors = layer(tokens)
    assert (vectors.numpy() == layer.E.numpy()[tokens]).all()
    vectors.sum().backward()
    assert layer.E.grad.numpy()[:, 0].tolist() == [2, 0, 1, 0, 3]


# -- positions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("features", [1, 6, 7])
def test_sinusoids_are_those_of_the_paper(features: int) -> None:
    P = functional.sinusoids(9, features)
    for t in range(9):
        for k in range(features):
            angle = t / 10000 ** (2 * (k // 2) / features)
            assert P[t, k] == pytest.approx(np.cos(angle) if k % 2 else np.sin(angle), abs=1e-15)


def test_positions_are_added_to_every_sequence() -> None:
    X = rng().normal(size=(2, 4, 6))
    waves = SinusoidalPositions(6)
    assert waves.parameters() == []
    np.testing.assert_array_equal(waves(X).numpy(), X + functional.sinusoids(4, 6))
    longer = rng().normal(size=(50, 6))
    np.testing.assert_array_equal(waves(longer).numpy(), longer + functional.sinusoids(50, 6))
    learned = LearnedPositions(7, 6, rng=rng())
    np.testing.assert_array_equal(learned(X).numpy(), X + learned.P.numpy()[:4])
    learned(X).sum().backward()
    assert learned.P.grad.numpy()[:, 0].tolist() == [2, 2, 2, 2, 0, 0, 0]


# -- norms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), [("layer norm", LayerNorm), ("rms norm", RMSNorm)])
def test_norms_are_pytorchs(name: str, kind: type[LayerNorm] | type[RMSNorm]) -> None:
    reference = REFERENCES[name]
    layer = kind(6)
    names = {"weight": "gamma", "bias": "beta"}
    theirs = sorted(g for g in reference["gradients"] if g != "X")
    layer.load_state_dict({names[g]: wave((6,), 10 + phase) for phase, g in enumerate(theirs)})
    X = mg.tensor(wave((2, 4, 6), 0), requires_grad=True)
    output = layer(X)
    np.testing.assert_allclose(output.numpy(), reference["output"], rtol=0, atol=1e-12)
    ours = {"X": X} | {g: getattr(layer, names[g]) for g in theirs}
    found = mg.gradients(output, list(ours.values()), wave((2, 4, 6), 5))
    for g, gradient in zip(ours, found, strict=True):
        np.testing.assert_allclose(gradient.numpy(), reference["gradients"][g], rtol=0, atol=1e-12)


def test_norms_without_parameters() -> None:
    x = rng().normal(size=(3, 8))
    z = LayerNorm(8, eps=0.0, affine=False)(x).numpy()
    np.testing.assert_allclose((z.mean(-1), z.var(-1)), (np.zeros(3), np.ones(3)), atol=1e-12)
    z = RMSNorm(8, eps=0.0, affine=False)(x).numpy()
    np.testing.assert_allclose((z**2).mean(-1), 1, rtol=1e-12)


# -- dropout ---------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_scales_what_it_keeps() -> None:
    layer = Dropout(0.25, rng=rng())
    y = layer(np.ones(100_000)).numpy()
    assert set(np.unique(y)) == {0.0, 1 / 0.75}
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)


def test_dropouts_gradient_is_its_noise() -> None:
    x = mg.tensor(rng().normal(size=50), requires_grad=True)
    y = Dropout(0.5, rng=1)(x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.numpy() / x.numpy(), rtol=1e-14)


def test_dropout_is_the_identity_in_evaluation() -> None:
    x = mg.tensor(rng().normal(size=5))
    assert Dropout(0.5, rng=1).eval()(x) is x
    assert Dropout(0.0)(x) is x
    assert functional.dropout(x, 0.9, training=False, rng=rng()) is x
    assert (Dropout(1.0)(x).numpy() == 0).all()


def test_dropout_keeps_the_dtype() -> None:
    assert Dropout(0.5)(np.ones(3, np.float32)).dtype == np.float32


def test_one_seed_gives_one_noise_and_two_layers_two() -> None:
    x = np.ones(1000)
    shared = rng()
    first, second = Dropout(rng=shared), Dropout(rng=shared)
    assert (first(x).numpy() != second(x).numpy()).any()
    assert (Dropout(rng=3)(x).numpy() == Dropout(rng=3)(x).numpy()).all()


def test_dropout_does_not_change_initial_weights() -> None:
    with_, without = MLP(4, dropout=0.5, rng=0), MLP(4, rng=0)
    assert (with_.W1.numpy() == without.W1.numpy()).all()
    assert (with_.W2.numpy() == without.W2.numpy()).all()


@pytest.mark.parametrize(
    "bits", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64]
)
def test_noise_goes_on_where_it_was(bits: type) -> None:
    def model() -> Sequential:
        source = np.random.Generator(bits(5))
        return Sequential(Dropout(0.5, rng=source), Linear(20, 3, rng=0), Dropout(0.5, rng=source))

    x = np.ones((4, 20))
    one, other = model(), model()
    one(x)
    state = json.loads(json.dumps(one.random_state()))
    expected = [one(x).numpy() for _ in range(3)]
    other.load_random_state(state)
    assert set(state) == {"layers.0.rng", "layers.2.rng"}
    assert all((other(x).numpy() == e).all() for e in expected)


def test_a_random_state_that_does_not_fit_is_refused_whole() -> None:
    model = Sequential(Dropout(rng=0), Dropout(rng=1), Dropout(rng=2))
    before = model.random_state()
    state = model.random_state()
    state["layers.0.rng"] = np.random.Generator(np.random.MT19937(0)).bit_generator.state
    state["other.rng"] = state.pop("layers.1.rng")
    del state["layers.2.rng"]["uinteger"]
    with pytest.raises(ArgumentError) as caught:
        model.load_random_state(state)
    assert [line.split(",")[0] for line in str(caught.value).splitlines()[1:]] == [
        "  mismatched: layers.0.rng is no state of a PCG64 generator",
        "  mismatched: layers.2.rng has the entries ['bit_generator'",
        "  missing: layers.1.rng",
        "  unexpected: other.rng",
    ]
    assert model.random_state() == before


# -- modules in modules ----------------------------------------------------------------------------


def test_sequential_composes_modules_and_functions() -> None:
    model = Sequential(Linear(3, 4, rng=0), functional.relu, Linear(4, 2, rng=1))
    x = rng().normal(size=(5, 3))
    first, last = model[0], model[2]
    hidden = np.maximum(x @ first.W.numpy() + first.b.numpy(), 0)  # type: ignore[attr-defined]
    np.testing.assert_allclose(model(x).numpy(), hidden @ last.W.numpy(), rtol=1e-14)  # type: ignore[attr-defined]
    assert len(model) == 3
    assert list(model) == [first, functional.relu, last]
    assert list(model.named_parameters().keys()) == [
        "layers.0.W",
        "layers.0.b",
        "layers.2.W",
        "layers.2.b",
    ]
    assert repr(model).splitlines()[0] == "Sequential(Linear, relu, Linear): 26 parameters"


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (mg.nn.ReLU(), functional.relu),
        (mg.nn.GELU(), functional.gelu),
        (mg.nn.GELU("tanh"), lambda x: functional.gelu(x, approximate="tanh")),
        (mg.nn.SiLU(), functional.silu),
        (mg.nn.Sigmoid(), functional.sigmoid),
        (mg.nn.Tanh(), functional.tanh),
        (mg.nn.Softmax(), functional.softmax),
        (mg.nn.Softmax(0), lambda x: functional.softmax(x, axis=0)),
    ],
)
def test_activations_are_their_functions(layer: Module, function: Any) -> None:
    x = wave((3, 4), 0)
    assert (layer(x).numpy() == function(mg.tensor(x)).numpy()).all()


class Holder(Module):
    def __init__(self) -> None:
        self.layers: list[Module] = []
        self.layers.append(Linear(2, 2, rng=0))
        self.layers.append(Sequential(Linear(2, 2, rng=1), Dropout(0.5, rng=2)))
        self.heads = {"left": Linear(2, 1, rng=3), "right": Linear(2, 1, rng=4)}
        self.scales = [mg.tensor([1.0, 2.0], requires_grad=True)]

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        for layer in self.layers:
            x = layer(x)
        return (self.heads["left"](x) - self.heads["right"](x) * self.scales[0]).sum()


def test_lists_that_grow_and_dictionaries_hold_parameters() -> None:
    model = Holder().eval()
    names = list(model.named_parameters().keys())
    assert names[:2] == ["scales.0", "layers.0.W"]
    assert "layers.1.layers.0.W" in names
    assert "heads.left.W" in names
    x = mg.tensor([[1.0, 2.0]], name="x")
    wrt = ["layers[0].W", "layers[1].layers[0].W", "heads[right].W", "scales0"]
    derivation = mg.derive(model(x), wrt=wrt)
    assert set(derivation) == set(wrt)


def test_training_reaches_every_part() -> None:
    model = Holder()
    assert all(m.training for m in model.modules())
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert model.train().layers[1].layers[1].training  # type: ignore[attr-defined]
    assert list(model.named_modules().keys())[:4] == ["", "layers.0", "layers.1", "layers.1.layers.0"]


def test_conversion_keeps_tensors_names_and_labels() -> None:
    model = MultiHeadAttention(4, heads=2, rng=0)
    Wq, before = model.Wq, model.state_dict()
    assert model.astype(np.float32) is model
    assert model.Wq is Wq
    assert (Wq.name, Wq.dims, Wq.dtype) == ("Wq", ("h", "d", "k"), np.float32)
    assert model(np.ones((3, 4), np.float32)).dtype == np.float32
    model(np.ones((3, 4), np.float32)).sum().backward()
    assert Wq.grad.dtype == np.float32
    model.zero_grad()
    assert Wq.grad is None
    np.testing.assert_allclose(model.astype("float64").state_dict()["Wq"], before["Wq"], rtol=1e-6)
    with pytest.raises(DtypeError, match="astype: parameters need gradients and so real numbers"):
        model.astype(int)


def test_models_are_copied_and_pickled() -> None:
    model = mg.nn.TransformerBlock(4, 2, dropout=0.5, rng=0)
    x = rng().normal(size=(3, 4))
    twins = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    expected = model(x).numpy()
    for twin in twins:
        assert (twin(x).numpy() == expected).all()
        assert list(twin.named_parameters().keys()) == list(model.named_parameters().keys())
        assert twin.attention.Wq is not model.attention.Wq


def test_text_is_no_state() -> None:
    layer = Linear(1, 2, rng=0)
    with pytest.raises(
        ArgumentError, match="mismatched: b has dtype <U1, which holds no real numbers"
    ):
        layer.load_state_dict({"W": np.ones((1, 2)), "b": ["x", "y"]})


def test_repeated_calls_of_unnamed_modules_are_told_apart() -> None:
    layer = mg.nn.SelfAttention(3, 3, rng())
    X = mg.tensor(rng().normal(size=(2, 3)), name="X", dims="n d")
    derivation = mg.derive(layer(layer(X)).sum().named("L"), wrt=["Wq", "SelfAttention[1].A"])
    assert "dWq                 = Xᵀ SelfAttention[0].dQ + SelfAttention[0].Hᵀ" in str(derivation)


def test_a_model_learns_through_all_of_them() -> None:
    model = Sequential(
        Embedding(6, 8, rng=0),
        LearnedPositions(5, 8, rng=1),
        mg.nn.TransformerBlock(8, 2, dropout=0.1, rng=2),
        LayerNorm(8),
        Linear(8, 6, rng=3),
    )
    tokens = rng().integers(6, size=(16, 5))
    optimizer = mg.optim.AdamW(model.named_parameters(), lr=0.02)
    losses = []
    for _ in range(40):
        loss = functional.cross_entropy(model(tokens).swapaxes(1, 2), tokens[:, ::-1])
        model.zero_grad()
        loss.backward()
        mg.optim.clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    # Who knows nothing loses log 6 = 1.79 a token.
    assert losses[-1] < 1.0


# -- losses ----------------------------------------------------------------------------------------

z, y, w = wave((4, 3), 0), (wave((4, 3), 1) > 0).astype(float), 1 + wave((4, 3), 2) ** 2
p = 1 / (1 + np.exp(-z))
labels = np.array([0, 2, 1, 2])
log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
t = np.exp(wave((4, 3), 3))
t /= t.sum(1, keepdims=True)
bce = -(y * np.log(p) + (1 - y) * np.log(1 - p))
huber = np.where(abs(z - y) <= 0.5, (z - y) ** 2 / 2, 0.5 * (abs(z - y) - 0.25))
class_weights = np.array([1.0, 2.0, 0.5])
LOSSES: list[tuple[Module, Any, Any, Any]] = [
    (mg.nn.BCELoss(), p, y, bce.mean()),
    (mg.nn.BCELoss(w, "sum"), p, y, (bce * w).sum()),
    (mg.nn.BCEWithLogitsLoss(), z, y, bce.mean()),
    (mg.nn.BCEWithLogitsLoss(w), z, y, (bce * w).mean()),
    (mg.nn.BCEWithLogitsLoss(pos_weight=3.0), z, y, (bce * np.where(y > 0, 3, 1)).mean()),
    (mg.nn.CrossEntropyLoss(), z, labels, -log_p[range(4), labels].mean()),
    (
        mg.nn.CrossEntropyLoss(class_weights),
        z,
        labels,
        -(log_p[range(4), labels] * class_weights[labels]).sum() / class_weights[labels].sum(),
    ),
    (mg.nn.CrossEntropyLoss(ignore_index=2, reduction="sum"), z, labels, -log_p[[0, 2], [0, 1]].sum()),
    (
        mg.nn.CrossEntropyLoss(label_smoothing=0.3),
        z,
        labels,
        -(0.7 * log_p[range(4), labels] + 0.1 * log_p.sum(1)).mean(),
    ),
    (mg.nn.CrossEntropyLoss(), z, t, -(t * log_p).sum(1).mean()),
    (mg.nn.MSELoss(), z, y, ((z - y) ** 2).mean()),
    (mg.nn.MSELoss(weight=w), z, y, ((z - y) ** 2 * w).sum() / w.sum()),
    (mg.nn.MSELoss("none", w), z, y, (z - y) ** 2 * w),
    (mg.nn.HuberLoss(delta=0.5), z, y, huber.mean()),
    (mg.nn.HuberLoss("sum", 0.5, w), z, y, (huber * w).sum()),
    (mg.nn.KLDivLoss("batchmean"), log_p, t, (t * (np.log(t) - log_p)).sum() / 4),
    (mg.nn.KLDivLoss(log_target=True), log_p, np.log(t), (t * (np.log(t) - log_p)).mean()),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "input", "target", "expected"), LOSSES)
def test_losses_are_their_definitions(loss: Module, input: Any, target: Any, expected: Any) -> None:
    x = mg.tensor(input, requires_grad=True)
    value = loss(x, target)
    np.testing.assert_allclose(value.numpy(), expected, rtol=1e-12)
    value.sum().backward()
    step = 1e-6 * wave(x.shape, 4)
    ahead, behind = (loss(mg.tensor(input + s), target).sum().item() for s in (step, -step))
    assert (x.grad.numpy() * step).sum() * 2 == pytest.approx(ahead - behind, rel=1e-6, abs=1e-12)


def test_losses_say_their_options() -> None:
    assert repr(mg.nn.BCELoss()) == "BCELoss(reduction='mean'): 0 parameters"
    told = "CrossEntropyLoss(reduction='sum', weight=..., ignore_index=-100, label_smoothing=0.1)"
    loss = mg.nn.CrossEntropyLoss([1, 2], reduction="sum", label_smoothing=0.1)
    assert repr(loss) == f"{told}: 0 parameters"


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Linear(0, 2), ArgumentError, "Linear: inputs=0, but it must be a whole number above 0"),
        (lambda: Linear(3, 2)(np.ones((4, 5))), ShapeError, r"Linear: the last axis of .* must have size 3"),
        (lambda: Linear(3, 2)(1.0), ShapeError, "Linear: the last axis"),
        (lambda: mg.nn.GELU("erf"), ArgumentError, "approximate is 'none' or 'tanh', not 'erf'"),
        (lambda: functional.embedding([-1], np.ones((3, 2))), ShapeError, "they count from 0"),
        (lambda: Linear(3, 2, rng=-1), ArgumentError, "rng=-1 is no source of random numbers"),
        (lambda: Embedding(5, 2)([[0, 5]]), ShapeError, r"token 5 at \(0, 1\) is not one of the table's 5 tokens, 0 to 4; 1 of 2"),
        (lambda: Embedding(5, 2)([-1]), ShapeError, r"token -1 at \(0,\)"),
        (lambda: Embedding(5, 2)([0.5]), DtypeError, r"not float64; convert them with .astype\(int\)"),
        (lambda: LearnedPositions(3, 2)(np.ones((4, 2))), ShapeError, "has 4 tokens, but only 3 positions"),
        (lambda: LearnedPositions(3, 2)(np.ones(2)), ShapeError, "is no sequence"),
        (lambda: SinusoidalPositions(3)(np.ones((4, 2))), ShapeError, "must have size 3"),
        (lambda: LayerNorm(3)(np.ones((4, 2))), ShapeError, "LayerNorm: the last axis"),
        (lambda: LayerNorm(3, eps=-1), ArgumentError, "LayerNorm: eps=-1"),
        (lambda: RMSNorm(0), ArgumentError, "RMSNorm: features=0"),
        (lambda: Dropout(1.5), ArgumentError, "p=1.5 is no probability"),
        (lambda: Dropout(float("nan")), ArgumentError, "p=nan is no probability"),
        (lambda: Sequential(3), ArgumentError, "Sequential: 3 cannot be called"),
        (lambda: MLP(4, activation="step"), ArgumentError, "activation='step' is not one of"),
        (lambda: mg.nn.BCELoss(reduction="batchmean"), ArgumentError, "BCELoss: reduction must be one of"),
        (lambda: mg.nn.HuberLoss(delta=0.0), ArgumentError, "delta must be positive"),
        (lambda: mg.nn.CrossEntropyLoss(label_smoothing=2.0), ArgumentError, "label_smoothing=2.0"),
    ],
)  # fmt: skip
def test_errors_say_what_and_why(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


# -- labels ----------------------------------------------------------------------------------------


def test_two_sizes_of_one_model_have_two_labels() -> None:
    model = Sequential(MultiHeadAttention(8, 2, rng=0), MLP(8, 5, rng=1))
    model.layers += [
        MultiHeadAttention(8, 4, rng=2),
        MLP(8, 6, rng=3),
        MultiHeadAttention(8, 4, rng=4),
    ]
    X = mg.tensor(rng().normal(size=(3, 8)), name="X", dims="n d")
    loss = (model(X) ** 2).sum().named("L")
    first, second, third = (model[k] for k in (0, 2, 4))
    assert first.Wq.dims == ("h", "d", "k")  # type: ignore[attr-defined]
    assert second.Wq.dims == third.Wq.dims == ("h2", "d", "k2")  # type: ignore[attr-defined]
    assert model[3].W1.dims == ("d", "m2")  # type: ignore[attr-defined]
    derivation = mg.derive(loss, wrt=["layers[0].Wq", "layers[2].Wq"])
    assert "/ √k2" in str(derivation)
    found = mg.gradients(loss, [first.Wq, second.Wq])  # type: ignore[attr-defined]
    for formula, gradient in zip(derivation.values(), found, strict=True):
        np.testing.assert_allclose(formula(), gradient.numpy(), rtol=1e-9, atol=1e-14)


def test_the_users_labels_stay() -> None:
    class Scaled(Module):
        def __init__(self) -> None:
            self.attention = MultiHeadAttention(8, 2, rng=0)
            self.s = mg.tensor(np.ones(3), dims="k", requires_grad=True)
            self.mlp = MLP(8, 3, rng=1)

    model = Scaled()
    assert model.s.dims == ("k",)
    assert model.attention.Wq.dims == ("h", "d", "k2")
