"""Multi-head attention: masks, shared keys, PyTorch's numbers, formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch_cases import references, wave

import minigrad as mg
from minigrad.errors import ArgumentError, DtypeError, ShapeError
from minigrad.nn import MultiHeadAttention, SelfAttention, TransformerBlock, functional

REFERENCES = references("layers")
PADDING = np.array([[True, True, True, True], [True, True, False, False]])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def sequence(*shape: int, seed: int = 0, name: str = "X") -> mg.Tensor:
    dims = "b n d" if len(shape) == 3 else "n d"
    return mg.tensor(rng(seed).normal(size=shape), name=name, dims=dims, requires_grad=True)


# -- the definition --------------------------------------------------------------------------------


def softmax(S: np.ndarray) -> np.ndarray:
    E = np.exp(S - S.max())
    return E / E.sum()


def by_hand(X: np.ndarray, Y: np.ndarray, layer: MultiHeadAttention) -> np.ndarray:
    """Attention of each query of X to Y, head by head and query by query."""
    Wq, Wk, Wv, Wo = (getattr(layer, name).numpy() for name in ("Wq", "Wk", "Wv", "Wo"))
    O = np.zeros((len(X), Wo.shape[-1]))  # noqa: E741
    for h in range(len(Wq)):
        for i, x in enumerate(X):
            scores = np.array([(x @ Wq[h]) @ (y @ Wk[h]) for y in Y]) / np.sqrt(Wq.shape[-1])
            O[i] += softmax(scores) @ (Y @ Wv[h]) @ Wo[h]
    return O


def test_self_attention_is_its_definition() -> None:
    layer = MultiHeadAttention(6, heads=3, rng=rng())
    X = sequence(2, 5, 6)
    output, weights = layer(X, need_weights=True)
    assert output.shape == (2, 5, 6)
    assert weights.shape == (2, 3, 5, 5)
    np.testing.assert_allclose(weights.numpy().sum(-1), 1, rtol=1e-14)
    for one, o in zip(X.numpy(), output.numpy(), strict=True):
        np.testing.assert_allclose(o, by_hand(one, one, layer), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(layer(mg.tensor(one)).numpy(), o, rtol=1e-12, atol=1e-14)


def test_cross_attention_is_its_definition() -> None:
    layer = MultiHeadAttention(6, heads=2, width=5, context=4, rng=rng())
    X, Y = sequence(3, 6), sequence(7, 4, seed=1, name="Y")
    output, weights = layer(X, Y, need_weights=True)
    assert weights.shape == (2, 3, 7)
    np.testing.assert_allclose(output.numpy(), by_hand(X.numpy(), Y.numpy(), layer), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "shapes"),
    [
        ({}, [(4, 8, 2), (4, 8, 2), (4, 8, 2), (4, 2, 8)]),
        ({"width": 3}, [(4, 8, 3), (4, 8, 3), (4, 8, 3), (4, 3, 8)]),
        ({"context": 5}, [(4, 8, 2), (4, 5, 2), (4, 5, 2), (4, 2, 8)]),
        ({"kv_heads": 2}, [(2, 2, 8, 2), (2, 8, 2), (2, 8, 2), (2, 2, 2, 8)]),
        ({"kv_heads": 1}, [(1, 4, 8, 2), (1, 8, 2), (1, 8, 2), (1, 4, 2, 8)]),
    ],
)
def test_head_shapes(options: dict[str, int], shapes: list[tuple[int, ...]]) -> None:
    layer = MultiHeadAttention(8, heads=4, rng=rng(), **options)
    assert [getattr(layer, name).shape for name in ("Wq", "Wk", "Wv", "Wo")] == shapes
    X = sequence(2, 3, 8)
    key = sequence(2, 6, options.get("context", 8), seed=1, name="Y")
    output, weights = layer(X, key, need_weights=True)
    assert output.shape == X.shape
    assert weights.shape == (2, 4, 3, 6)


def test_initial_weights_are_drawn_as_one_matrix_over_all_heads() -> None:
    layer = MultiHeadAttention(60, heads=10, width=30, rng=rng())
    for name in ("Wq", "Wk", "Wv", "Wo"):
        assert getattr(layer, name).numpy().var() == pytest.approx(2 / (60 + 300), rel=0.03)


@pytest.mark.parametrize("kv_heads", [1, 2])
@pytest.mark.parametrize("bias", [False, True])
def test_shared_keys_are_repeated_keys(kv_heads: int, bias: bool) -> None:
    grouped = MultiHeadAttention(8, heads=4, kv_heads=kv_heads, bias=bias, rng=rng())
    plain = MultiHeadAttention(8, heads=4, bias=bias, rng=rng())
    for name, p in grouped.named_parameters().items():
        p.assign(rng(len(name)).normal(size=p.shape))
        value = p.numpy()
        if name in ("Wk", "Wv", "bk", "bv"):
            value = np.repeat(value, 4 // kv_heads, axis=0)
        getattr(plain, name).assign(value.reshape(getattr(plain, name).shape))
    X = sequence(2, 5, 8)
    masks: dict[str, Any] = {"mask": rng(3).random((2, 4, 5, 5)) < 0.7, "causal": True}
    for options in ({}, masks, {"mask": rng(4).normal(size=(4, 5, 5))}):
        expected, weights = plain(X, need_weights=True, **options)
        output, shared = grouped(X, need_weights=True, **options)
        np.testing.assert_allclose(output.numpy(), expected.numpy(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(shared.numpy(), weights.numpy(), rtol=1e-12, atol=1e-14)


def test_one_head_is_self_attention() -> None:
    one = SelfAttention(6, 6, rng=0)
    many = MultiHeadAttention(6, heads=1)
    weights = {name: p.numpy()[None] for name, p in one.named_parameters().items()}
    many.load_state_dict(weights | {"Wo": np.eye(6)[None]})
    X = sequence(2, 4, 6)
    for masks in ({}, {"causal": True, "key_mask": PADDING}, {"mask": rng(1).normal(size=(4, 4))}):
        expected, A = many(X, need_weights=True, **masks)
        H, weights = one(X, need_weights=True, **masks)
        np.testing.assert_allclose(H.numpy(), expected.numpy(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(weights.numpy(), A.numpy()[:, 0], rtol=1e-12, atol=1e-15)
        alone = functional.self_attention(X, one.Wq, one.Wk, one.Wv, **masks)
        assert (alone.numpy() == H.numpy()).all()


# -- PyTorch's numbers -----------------------------------------------------------------------------


def split_heads(name: str, W: np.ndarray, heads: int) -> np.ndarray:
    """PyTorch's (out, in) matrices as ours, one for each head."""
    if name == "Wo":
        return W.T.reshape(heads, -1, len(W))
    if W.ndim == 1:
        return W if name == "bo" else W.reshape(heads, -1)
    return W.T.reshape(W.shape[1], heads, -1).swapaxes(0, 1)


def from_torch(arrays: dict[str, np.ndarray], prefix: str = "") -> dict[str, np.ndarray]:
    """Attention's weights (or their gradients) under our names."""
    W, b = arrays[f"{prefix}in_proj_weight"], arrays[f"{prefix}in_proj_bias"]
    found = dict(zip(("Wq", "Wk", "Wv"), np.split(W, 3), strict=True))
    found |= dict(zip(("bq", "bk", "bv"), np.split(b, 3), strict=True))
    found |= {"Wo": arrays[f"{prefix}out_proj.weight"], "bo": arrays[f"{prefix}out_proj.bias"]}
    return {name: split_heads(name, value, 2) for name, value in found.items()}


def torch_weights(reference: dict[str, Any]) -> dict[str, np.ndarray]:
    names = sorted(name for name in reference["gradients"] if name not in ("X", "Y"))
    shapes = {name: np.shape(reference["gradients"][name]) for name in names}
    return {name: wave(shapes[name], 10 + phase) for phase, name in enumerate(names)}


def assert_like(reference: dict[str, Any], output: mg.Tensor, gradients: dict[str, Any]) -> None:
    """The output and every gradient of Σ C ⊙ output are PyTorch's."""
    np.testing.assert_allclose(output.numpy(), reference["output"], rtol=0, atol=1e-12)
    found = mg.gradients(output, [t for t, _ in gradients.values()], wave(output.shape, 5))
    for name, gradient, (_, expected) in zip(gradients, found, gradients.values(), strict=True):
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("case", ["causal and padded attention", "cross attention"])
def test_attention_is_pytorchs(case: str) -> None:
    reference = REFERENCES[case]
    layer = MultiHeadAttention(6, heads=2, bias=True)
    layer.load_state_dict(from_torch(torch_weights(reference)))
    X = mg.tensor(wave((2, 4, 6), 0), requires_grad=True)
    Y = mg.tensor(wave((2, 3, 6), 1), requires_grad=True)
    if case == "cross attention":
        output, weights = layer(X, Y, need_weights=True)
    else:
        output, weights = layer(X, causal=True, key_mask=PADDING, need_weights=True)
    np.testing.assert_allclose(weights.numpy(), reference["A"], rtol=0, atol=1e-12)
    theirs = {name: np.array(g) for name, g in reference["gradients"].items()}
    expected = {name: theirs[name] for name in ("X", "Y") if name in theirs} | from_torch(theirs)
    ours = {"X": X, "Y": Y, **layer.named_parameters()}
    assert_like(reference, output, {name: (ours[name], g) for name, g in expected.items()})


BLOCK = {
    "norm1.weight": "norm1.gamma",
    "norm1.bias": "norm1.beta",
    "norm2.weight": "norm2.gamma",
    "norm2.bias": "norm2.beta",
    "linear1.weight": "mlp.W1",
    "linear1.bias": "mlp.b1",
    "linear2.weight": "mlp.W2",
    "linear2.bias": "mlp.b2",
}


def block_from_torch(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    attention = from_torch(arrays, "self_attn.").items()
    found = {f"attention.{name}": value for name, value in attention}
    return found | {ours: arrays[theirs].T for theirs, ours in BLOCK.items()}


def test_transformer_block_is_pytorchs() -> None:
    reference = REFERENCES["transformer block"]
    block = TransformerBlock(6, heads=2, hidden=10, causal=True)
    block.load_state_dict(block_from_torch(torch_weights(reference)))
    X = mg.tensor(wave((2, 4, 6), 0), requires_grad=True)
    theirs = {name: np.array(g) for name, g in reference["gradients"].items()}
    expected = {"X": theirs["X"]} | block_from_torch(theirs)
    ours = {"X": X, **block.named_parameters()}
    gradients = {name: (ours[name], g) for name, g in expected.items()}
    assert_like(reference, block(X, key_mask=PADDING), gradients)


# -- masks -----------------------------------------------------------------------------------------

LAYERS = {
    "one head": lambda: SelfAttention(8, 8, rng=0, causal=True),
    "attention": lambda: MultiHeadAttention(8, heads=2, causal=True, rng=0),
    "shared keys": lambda: MultiHeadAttention(8, heads=4, kv_heads=2, causal=True, rng=0),
    "block": lambda: TransformerBlock(8, heads=2, causal=True, rng=0),
    "block with rms": lambda: TransformerBlock(8, heads=2, norm="rms", causal=True, rng=0),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("name", LAYERS)
def test_no_position_sees_the_future_by_one_bit(name: str, size: float, dtype: type) -> None:
    layer = LAYERS[name]().astype(dtype)
    X = rng(1).normal(size=(2, 9, 8)).astype(dtype)
    before = layer(mg.tensor(X)).numpy()
    for t in (1, 4, 8):
        other = X.copy()
        other[:, t:] += (size * rng(2).normal(size=other[:, t:].shape)).astype(dtype)
        after = layer(mg.tensor(other)).numpy()
        assert (before[:, :t] == after[:, :t]).all()
        assert (before[:, t:] != after[:, t:]).any()


def test_without_the_mask_every_position_sees_the_future() -> None:
    layer = MultiHeadAttention(8, heads=2, rng=0)
    X = rng(1).normal(size=(5, 8))
    other = X.copy()
    other[-1] += 1e-3
    assert (layer(mg.tensor(X)).numpy()[0] != layer(mg.tensor(other)).numpy()[0]).any()


def test_padding_does_not_matter() -> None:
    layer = MultiHeadAttention(8, heads=2, causal=True, rng=0)
    X = rng(1).normal(size=(2, 4, 8))
    other = X.copy()
    other[1, 2:] = 1e3
    before, after = (layer(mg.tensor(x), key_mask=PADDING).numpy() for x in (X, other))
    assert (before[0] == after[0]).all()
    assert (before[1, :2] == after[1, :2]).all()
    short = layer(mg.tensor(X[1, :2])).numpy()
    np.testing.assert_allclose(before[1, :2], short, rtol=1e-12, atol=1e-15)


def test_all_masks_hold_at_once() -> None:
    layer = MultiHeadAttention(8, heads=2, rng=0)
    X = sequence(2, 4, 8)
    own = rng(3).random((2, 1, 4, 4)) < 0.8
    whole = own & PADDING[:, None, None, :] & np.tri(4, dtype=bool)
    _, weights = layer(X, mask=own, key_mask=PADDING, causal=True, need_weights=True)
    assert ((weights.numpy() > 0) == np.broadcast_to(whole, (2, 2, 4, 4))).all()
    together = layer(X, mask=whole).numpy()
    one_by_one = layer(X, mask=own, key_mask=PADDING, causal=True)
    np.testing.assert_array_equal(one_by_one.numpy(), together)


def test_masks_of_numbers_are_added() -> None:
    layer = MultiHeadAttention(8, heads=2, rng=0)
    X = sequence(2, 4, 8)
    keep = rng(3).random((4, 4)) < 0.6
    keep[2] = False
    shut = np.where(keep, 0.0, -np.inf)
    expected = layer(X, mask=keep).numpy()
    np.testing.assert_array_equal(layer(X, mask=shut).numpy(), expected)
    slope = rng(4).normal(size=(2, 4, 4))
    _, weights = layer(X, mask=slope, need_weights=True)
    _, plain = layer(X, need_weights=True)
    raised = plain.numpy() * np.exp(slope)
    np.testing.assert_allclose(weights.numpy(), raised / raised.sum(-1, keepdims=True), rtol=1e-12)


EMPTY = {
    "mask": {"mask": np.zeros((4, 4), bool)},
    "numbers": {"mask": np.full((4, 4), -np.inf)},
    "padding": {"key_mask": np.array([[False] * 4, [True] * 4])},
}


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("kv_heads", [2, 1])
def test_rows_masked_entirely_give_zero_and_take_no_gradient(name: str, kv_heads: int) -> None:
    layer = MultiHeadAttention(8, heads=2, kv_heads=kv_heads, rng=0)
    X = sequence(2, 4, 8)
    output, weights = layer(X, need_weights=True, **EMPTY[name])
    assert (output.numpy()[0] == 0).all()
    assert (weights.numpy()[0] == 0).all()
    found = mg.gradients(output[0].sum(), [X, *layer.parameters()])
    assert all((gradient.numpy() == 0).all() for gradient in found)
    second = mg.gradients((output * output).sum(), [X])[0].numpy()
    assert np.isfinite(second).all()
    assert (second[0] == 0).all()


def test_the_functional_form_has_no_nan_either() -> None:
    X = sequence(3, 4)
    mask = np.array([[True, False, False], [False] * 3, [True] * 3])
    H = functional.scaled_dot_product_attention(X, X, X, mask)
    assert (H.numpy()[1] == 0).all()
    assert np.isfinite(mg.gradients(H.sum(), [X])[0].numpy()).all()


def test_dropped_attention_is_drawn_anew_and_goes_in_evaluation() -> None:
    layer = MultiHeadAttention(8, heads=2, dropout=0.5, rng=0)
    X = sequence(2, 4, 8)
    assert (layer(X).numpy() != layer(X).numpy()).any()
    assert "dropout.rng" in layer.random_state()
    same = MultiHeadAttention(8, heads=2, rng=0)
    assert (layer.eval()(X).numpy() == same(X).numpy()).all()


# -- errors ----------------------------------------------------------------------------------------

X = mg.tensor(np.ones((2, 4, 8)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: MultiHeadAttention(8, heads=3), ArgumentError, "heads=3 does not divide features=8"),
        (lambda m: MultiHeadAttention(8, heads=4, kv_heads=3), ArgumentError, "kv_heads=3 does not"),
        (lambda m: MultiHeadAttention(8, heads=0), ArgumentError, "heads=0, but it must be a whole"),
        (lambda m: MultiHeadAttention(8, heads=2.0), ArgumentError, r"heads=2\.0, but it must be"),
        (lambda m: MultiHeadAttention(8, 2, dims="h d"), ArgumentError, "has 2 labels, but there are 3"),
        (lambda m: MultiHeadAttention(8, 2, dropout=1.5), ArgumentError, "p=1.5 is no probability"),
        (lambda m: MultiHeadAttention(8, 2, rng="a"), ArgumentError, "rng='a' is no source of random"),
        (lambda m: m(mg.tensor(np.ones((2, 4, 7)))), ShapeError, r"query: the last axis of .*must have size 8"),
        (lambda m: m(mg.tensor(np.ones(8))), ShapeError, r"must have the axes \(tokens, features\)"),
        (lambda m: m(X, mask=np.ones((4, 4), int)), DtypeError, "attention mask: a mask of dtype int64"),
        (lambda m: m(X, mask=np.ones((4, 5), bool)), ShapeError, r"does not broadcast.*\(2, 2, 4, 4\)"),
        (lambda m: m(X, mask=np.ones((3, 2, 4, 4), bool)), ShapeError, "does not broadcast"),
        (lambda m: m(X, key_mask=np.ones((2, 4))), DtypeError, "key_mask: dtype float64 is not bool"),
        (lambda m: m(X, key_mask=np.ones((2, 5), bool)), ShapeError, r"must have shape \(2, 4\)"),
        (lambda m: m(X, key_mask=np.ones(4, bool)), ShapeError, r"must have shape \(2, 4\)"),
        (lambda m: m(X, X, X[:, :3]), ShapeError, "must have as many tokens, because a key says"),
        (lambda m: m(X, X[:1]), ShapeError, "must be batches of one size"),
        (lambda m: TransformerBlock(8, 3), ArgumentError, "heads=3 does not divide features=8"),
        (lambda m: TransformerBlock(8, 2, norm="batch"), ArgumentError, r"norm='batch' is not one of \['layer', 'rms'\]"),
        (lambda m: TransformerBlock(8, 2, activation="x"), ArgumentError, "activation='x' is not one of"),
    ],
)  # fmt: skip
def test_errors_say_what_and_why(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(MultiHeadAttention(8, heads=2, rng=0))


# -- formulas --------------------------------------------------------------------------------------

BY_HAND = """\
Q_bh = X_b Wq_h      K_bh = X_b Wk_h      V_bh = X_b Wv_h
S_bh = Q_bh K_bhᵀ / √k      A_bh = softmax(where(M, S_bh, −∞))      H_bh = A_bh V_bh
O_b = Σ_h H_bh Wo_h      h_b = colmean(O_b)      z = h w
L = BCE(σ(z), y)

dz    = (σ(z) − y) / b
dh    = dz wᵀ
dO_b  = 𝟏 dh_bᵀ / n
dH_bh = dO_b Wo_hᵀ
dV_bh = A_bhᵀ dH_bh
dA_bh = dH_bh V_bhᵀ
dS_bh = M ⊙ A_bh ⊙ (dA_bh − rowsum(A_bh ⊙ dA_bh))        (*)
dQ_bh = dS_bh K_bh / √k
dK_bh = dS_bhᵀ Q_bh / √k
dWq_h = Σ_b X_bᵀ dQ_bh      dWk_h = Σ_b X_bᵀ dK_bh      dWv_h = Σ_b X_bᵀ dV_bh
dWo_h = Σ_b H_bhᵀ dO_b
dX_b  = Σ_h dQ_bh Wq_hᵀ + Σ_h dK_bh Wk_hᵀ + Σ_h dV_bh Wv_hᵀ"""

WEIGHTS = ("Wq", "Wk", "Wv", "Wo", "X")


def classified(O: mg.Tensor, w: mg.Tensor, y: mg.Tensor) -> mg.Tensor:  # noqa: E741
    z = (mg.mean(O, axis=1).named("h") @ w).named("z")
    return functional.bce_with_logits(z, y).named("L")


def head(size: int, labels: list[float]) -> tuple[mg.Tensor, mg.Tensor]:
    w = mg.tensor(rng(8).normal(size=size), name="w", dims="d", requires_grad=True)
    return w, mg.tensor(labels, name="y", dims="b")


def test_gradients_read_like_a_derivation_by_hand() -> None:
    layer = MultiHeadAttention(6, heads=3, causal=True, rng=0)
    loss = classified(layer(sequence(2, 4, 6)), *head(6, [0.0, 1.0]))
    assert str(mg.derive(loss, wrt=WEIGHTS)) == BY_HAND


def test_symbols_print_the_same() -> None:
    X, w, y = mg.symbols("X: b n d", "w: d", "y: b | 0/1")
    weights = mg.symbols("Wq: h d k", "Wk: h d k", "Wv: h d k", "Wo: h k d")
    M = mg.symbols("M: n n | bool")
    O, _ = functional.multi_head_attention(X, *weights, mask=M)  # noqa: E741
    assert str(mg.derive(classified(O, w, y), wrt=WEIGHTS)) == BY_HAND
    module = MultiHeadAttention(6, heads=3, rng=0)
    assert str(mg.derive(classified(module(X, mask=M), w, y), wrt=WEIGHTS)) == BY_HAND


def test_a_causal_mask_of_symbols_is_a_triangle() -> None:
    X, w, y, pad = mg.symbols("X: b n d", "w: d", "y: b | 0/1", "pad: b n | bool")
    layer = MultiHeadAttention(6, heads=3, causal=True, rng=0)
    text = str(mg.derive(classified(layer(X), w, y), wrt="Wq"))
    assert "M = tril(𝟏)" in text
    assert "dS_bh = M ⊙ A_bh ⊙ (dA_bh − rowsum(A_bh ⊙ dA_bh))" in text
    text = str(mg.derive(classified(layer(X, causal=False, key_mask=pad), w, y), wrt="Wq"))
    assert "A_bh = softmax(where(𝟏 pad_bᵀ, S_bh, −∞))" in text


CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "causal with biases": ({"causal": True, "bias": True}, {}),
    "causal and padded": ({"causal": True}, {"key_mask": PADDING[:, :3]}),
    "shared keys": ({"kv_heads": 1}, {}),
    "rows masked entirely": ({}, {"key_mask": np.array([[False] * 3, [True] * 3])}),
    "dropout": ({"dropout": 0.5}, {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_formulas_are_the_engines_gradients(name: str) -> None:
    options, masks = CALLS[name]
    layer = MultiHeadAttention(4, heads=2, rng=0, **options)
    X = sequence(2, 3, 4)
    loss = classified(layer(X, **masks), *head(4, [0.0, 1.0]))
    derivation = mg.derive(loss)
    found = mg.gradients(loss, [X, *layer.parameters()])
    for p, gradient in zip([X, *layer.parameters()], found, strict=True):
        np.testing.assert_allclose(derivation[p.name](), gradient.numpy(), rtol=1e-10, atol=1e-15)


def test_every_witness_agrees_on_masked_attention() -> None:
    layer = MultiHeadAttention(4, heads=2, causal=True, rng=0)
    loss = classified(layer(sequence(2, 3, 4)), *head(4, [0.0, 1.0]))
    assert mg.derive(loss, wrt=["Wq", "X"]).check().verdict == "pass"


def test_a_blocks_formulas_carry_its_names_and_are_right() -> None:
    class Stack(mg.nn.Module):
        def __init__(self) -> None:
            self.blocks = [TransformerBlock(4, 2, hidden=3, causal=True, rng=k) for k in range(2)]

        def forward(self, X: mg.Tensor) -> mg.Tensor:
            for block in self.blocks:
                X = block(X)
            return X

    model = Stack()
    loss = classified(model(sequence(1, 3, 4)), *head(4, [1.0]))
    derivation = mg.derive(loss, wrt=["blocks[0].Wq", "blocks[1].norm2.gamma", "blocks[0].b1"])
    text = str(derivation)
    assert "blocks[0].Q_bh = " in text
    assert "blocks[1].R = blocks[0].Y + blocks[1].O" in text
    parameters = [model.blocks[0].attention.Wq, model.blocks[1].norm2.gamma, model.blocks[0].mlp.b1]
    for formula, gradient in zip(derivation.values(), mg.gradients(loss, parameters), strict=True):
        np.testing.assert_allclose(formula(), gradient.numpy(), rtol=1e-9, atol=1e-14)
