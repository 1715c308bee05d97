"""Multi-head attention: of a sequence to itself or to another one, masked or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph import Tensor, scope
from minigrad.graph.call import worded
from minigrad.graph.tensor import describe
from minigrad.nn import init
from minigrad.nn.dropout import Dropout
from minigrad.nn.masks import Masks, same_sizes
from minigrad.nn.module import Module
from minigrad.nn.parameters import Rng, fitted, generator, parameter, positive
from minigrad.nn.self_attention import attended
from minigrad.ops import einsum, expand_dims, reshape

Array = NDArray[Any]


@worded("nn.multi_head_attention")
def multi_head_attention(
    query: Tensor,
    Wq: Tensor,
    Wk: Tensor,
    Wv: Tensor,
    Wo: Tensor,
    *,
    key: Tensor | None = None,
    value: Tensor | None = None,
    biases: tuple[Tensor, Tensor, Tensor, Tensor] | None = None,
    mask: Tensor | Array | None = None,
    key_mask: Tensor | Array | None = None,
    causal: bool = False,
    dropout: Dropout | None = None,
) -> tuple[Tensor, Tensor]:
    """O = Σ_h H_h Wo_h with H_h = softmax(Q_h K_hᵀ / √k) V_h and Q_h = X Wq_h, K_h, V_h likewise.

    The tensors on the way are named Q, K, V, S (scores), A (attention weights), H and O, and a
    mask M.

    Parameters
    ----------
    query
        A sequence X, shape (n, d), or a batch of them, (b, n, d).
    Wq, Wk, Wv
        Weights of shape (h, d, k), (h, d, k) and (h, d, v), one matrix for each head. Where r
        heads share keys and values, Wq has shape (g, r, d, k) and the others (g, d, k), (g, d, v).
    Wo
        The way back, shape (h, v, d) or (g, r, v, d).
    key, value
        Another sequence to attend to, (m, d) or (b, m, d); by default ``value`` is ``key``, and
        ``key`` is ``query``.
    biases
        What is added to queries, keys, values and the output: shapes (h, k), (h, k), (h, v), (d,).
    mask
        True where a query may attend to a key, or numbers to be added to the scores; broadcasts to
        (b, h, n, m).
    key_mask
        True where a key is there and not padding, shape (b, m).
    causal
        Whether a query attends to no later key. All masks hold at once; a query that may attend to
        nothing gets 0.
    dropout
        Acts on A.

    Returns
    -------
    O, shape (n, d) or (b, n, d), and A, shape (h, n, m) or (b, h, n, m).

    Raises
    ------
    ShapeError, DtypeError
        When a mask does not fit.

    Notes
    -----
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, section 3.2.2; shared keys and
    values: J. Ainslie et al., GQA, EMNLP 2023.
    """
    key = query if key is None else key
    value = key if value is None else value
    heads, shared = ("gr", "g") if len(Wq.shape) == 4 else ("h", "h")
    bq, bk, bv, bo = biases or (None, None, None, None)
    with scope("Query"):
        Q = _projected(query, Wq, bq, heads).named("Q")
    with scope("Key"):
        K = _projected(key, Wk, bk, shared).named("K")
    with scope("Value"):
        V = _projected(value, Wv, bv, shared).named("V")
    if heads != shared:
        K, V = expand_dims(K, -3), expand_dims(V, -3)
    H, A = attended(
        Q, K, V, Wq.shape[-1], lambda S: Masks(S, mask, key_mask, causal, len(heads)), dropout
    )
    with scope("Output"):
        O = einsum(f"...{heads}nv,{heads}vd->...nd", H, Wo)  # noqa: E741  (as in the formulas)
        O = (O if bo is None else O + bo).named("O")  # noqa: E741
    return O, A if heads == shared else _one_axis_of_heads(A)


def _projected(X: Tensor, W: Tensor, b: Tensor | None, heads: str) -> Tensor:
    """X W for every head, shape (..., h, n, k)."""
    Y = einsum(f"...nd,{heads}dk->...{heads}nk", X, W)
    return Y if b is None else Y + expand_dims(b, -2)


def _one_axis_of_heads(A: Tensor) -> Tensor:
    groups, each = A.shape[-4:-2]
    return reshape(A, (*A.shape[:-4], groups * each, *A.shape[-2:]))


class MultiHeadAttention(Module):
    """Several attentions side by side, each with its own weights, and a way back to d features.

    Parameters
    ----------
    features
        d, the features of a token, before and after.
    heads
        h, the number of heads.
    width
        k, the features of a head's queries, keys and values; by default d / h.
    kv_heads
        g, the number of heads of keys and values, which h / g heads of queries share; by default
        h. With fewer, Wq has shape (g, h/g, d, k).
    context
        The features of the tokens attended to, when they are not d.
    bias
        Whether queries, keys, values and the output have biases; the paper has none.
    causal
        Whether a token attends to no later one.
    dropout
        The probability with which an attention weight is dropped in training.
    dims
        The labels of heads, features and width in formulas, ``"h d k"``; with shared keys and
        values of groups, heads of a group, features and width, ``"g r d k"``.
    rng
        Draws the initial weights, Xavier uniform over all heads together, as one matrix (d, h k).
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When heads do not divide features and no width is given, kv_heads do not divide heads, or
        a size is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> attention = mg.nn.MultiHeadAttention(8, heads=2, causal=True, rng=0)
    >>> attention
    MultiHeadAttention(heads=2, causal): 256 parameters
      Wq  (h=2, d=8, k=4)  64
      Wk  (h=2, d=8, k=4)  64
      Wv  (h=2, d=8, k=4)  64
      Wo  (h=2, k=4, d=8)  64
    >>> O, A = attention(mg.tensor(np.ones((3, 5, 8))), need_weights=True)
    >>> O.shape, A.shape
    ((3, 5, 8), (3, 2, 5, 5))
    """

    def __init__(
        self,
        features: int,
        heads: int,
        width: int | None = None,
        *,
        kv_heads: int | None = None,
        context: int | None = None,
        bias: bool = False,
        causal: bool = False,
        dropout: float = 0.0,
        dims: str | None = None,
        rng: Rng = None,
        dtype: DTypeLike = float,
    ) -> None:
        name = "MultiHeadAttention"
        positive(name, features=features, heads=heads)
        width = _width(features, heads) if width is None else width
        kv_heads = heads if kv_heads is None else kv_heads
        context = features if context is None else context
        positive(name, width=width, kv_heads=kv_heads, context=context)
        if heads % kv_heads:
            raise ArgumentError(
                f"{name}: kv_heads={kv_heads} does not divide heads={heads}, so that heads cannot "
                "share keys and values evenly"
            )
        self.features, self.context, self.heads = int(features), int(context), int(heads)
        self.causal = bool(causal)
        rng = generator(rng)
        many = (heads,) if kv_heads == heads else (kv_heads, heads // kv_heads)
        h, d, k = _labels(dims, len(many))
        few, c = h.split()[0], d if context == features else "_"

        def weights(lead: tuple[int, ...], size: int, labels: str) -> Tensor:
            return parameter(_per_head(lead, size, width, rng), labels, dtype)

        self.Wq = weights(many, features, f"{h} {d} {k}")
        self.Wk = weights((kv_heads,), context, f"{few} {c} {k}")
        self.Wv = weights((kv_heads,), context, f"{few} {c} {k}")
        back = init.xavier_uniform((heads * width, features), rng)
        self.Wo = parameter(back.reshape(*many, width, features), f"{h} {k} {d}", dtype)
        if bias:
            self.bq = parameter(np.zeros((*many, width)), f"{h} {k}", dtype)
            self.bk = parameter(np.zeros((kv_heads, width)), f"{few} {k}", dtype)
            self.bv = parameter(np.zeros((kv_heads, width)), f"{few} {k}", dtype)
            self.bo = parameter(np.zeros(features), d, dtype)
        if dropout:
            self.dropout = Dropout(dropout, rng=rng)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        mask: Tensor | Array | None = None,
        key_mask: Tensor | Array | None = None,
        causal: bool | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Shape (n, d) or (b, n, d), kept; with ``need_weights`` a pair with A, (b, h, n, m).

        The parameters are those of :func:`multi_head_attention`; ``causal`` is the module's own
        unless it is given.
        """
        query = _sequence("query", query, self.features)
        key = query if key is None else _sequence("key", key, self.context)
        value = key if value is None else _sequence("value", value, self.context)
        _check_together(query, key, value)
        biases = (self.bq, self.bk, self.bv, self.bo) if "bq" in vars(self) else None
        output, weights = multi_head_attention(
            query,
            self.Wq,
            self.Wk,
            self.Wv,
            self.Wo,
            key=key,
            value=value,
            biases=biases,
            mask=mask,
            key_mask=key_mask,
            causal=self.causal if causal is None else causal,
            dropout=vars(self).get("dropout"),
        )
        return (output, weights) if need_weights else output

    def describe(self) -> str:
        """The heads, and what sets this attention apart."""
        facts = [f"heads={self.heads}"]
        if self.Wq.ndim == 4:
            facts.append(f"kv_heads={int(self.Wk.shape[0])}")
        return ", ".join([*facts, *(["causal"] if self.causal else [])])


def _width(features: int, heads: int) -> int:
    if features % heads:
        raise ArgumentError(
            f"MultiHeadAttention: heads={heads} does not divide features={features}, so that heads "
            "have no even width; choose other numbers, or give width"
        )
    return features // heads


def _labels(dims: str | None, lead: int) -> tuple[str, str, str]:
    words = ("h d k" if lead == 1 else "g r d k").split() if dims is None else dims.split()
    if len(words) != lead + 2:
        raise ArgumentError(
            f"MultiHeadAttention: dims={dims!r} has {len(words)} labels, but there are "
            f"{lead + 2} sizes: {'heads' if lead == 1 else 'groups, heads of a group'}, features "
            "and width"
        )
    return " ".join(words[:lead]), words[-2], words[-1]


def _per_head(lead: tuple[int, ...], features: int, width: int, rng: np.random.Generator) -> Array:
    """Weights of all heads, drawn as the one matrix (features, heads · width) that they are."""
    count = int(np.prod(lead))
    flat = init.xavier_uniform((features, count * width), rng).reshape(features, count, width)
    return flat.swapaxes(0, 1).reshape(*lead, features, width)


def _check_together(query: Tensor, key: Tensor, value: Tensor) -> None:
    if not same_sizes(key.shape[:-1], value.shape[:-1]):
        raise ShapeError(
            f"MultiHeadAttention: key {describe(key)} and value {describe(value)} must have as many "
            "tokens, because a key says how much its value counts"
        )
    if query.ndim == key.ndim == 3 and not same_sizes(query.shape[:1], key.shape[:1]):
        raise ShapeError(
            f"MultiHeadAttention: query {describe(query)} and key {describe(key)} must be batches "
            "of one size"
        )


def _sequence(what: str, X: Tensor, features: int) -> Tensor:
    X = fitted(f"MultiHeadAttention {what}", X, features)
    if X.ndim not in (2, 3):
        raise ShapeError(
            f"MultiHeadAttention: {what} {describe(X)} must have the axes (tokens, features) or "
            "(batch, tokens, features)"
        )
    return X
