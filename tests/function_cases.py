"""Functions that are shipped with their derived backward passes: what they compute, and the engine's word on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad.nn.functional import cross_entropy, gelu, layer_norm, softmax

SIZES = {"n": 4, "m": 3, "d": 2, "e": 3, "b": 2, "h": 2, "k": 2, "c": 3}


class Case(NamedTuple):
    """A function of variables, by what it is derived, and the gradient that arrives; None for a number."""

    name: str
    function: Callable[..., Any]
    variables: dict[str, str]
    wrt: Sequence[str]
    cotangent: Any = "dO"
    short: bool = False


def _attention(Q: Any, K: Any, V: Any, M: Any = None) -> Any:
    S = Q @ K.swapaxes(-1, -2) / mg.sqrt(Q.shape[-1])
    S = S if M is None else mg.where(M, S, -np.inf)
    return (softmax(S.named("S")).named("P") @ V).named("O")


def _normed(X: Any, g: Any, c: Any) -> Any:
    return (layer_norm(X, X.shape[-1]) * g + c).named("O")


def _classes(X: Any, W: Any, y: Any) -> Any:
    return cross_entropy(X @ W, y)


def _block(X: Any, W: Any, c: Any, U: Any) -> Any:
    return X + gelu(X @ W + c) @ U


def _by_hand(X: Any, w: Any, y: Any) -> Any:
    p = 1 / (1 + mg.exp(-(X @ w)))
    return -mg.mean(y * mg.log(p) + (1 - y) * mg.log(1 - p))


QKV = {"Q": "n d", "K": "m d", "V": "m e"}
HEADS = {"Q": "b h n d", "K": "b h n d", "V": "b h n e"}
CASES = [
    Case("attention", _attention, QKV, ["Q", "K", "V"]),
    Case("kernel", _attention, QKV, ["Q", "K", "V"], short=True),
    Case("heads", _attention, HEADS, ["Q", "K", "V"]),
    Case("causal", _attention, {**HEADS, "M": "n n | bool"}, ["Q", "K", "V"]),
    Case("causal kernel", _attention, {**HEADS, "M": "n n | bool"}, ["Q", "V"], short=True),
    Case("softmax", lambda X: softmax(X), {"X": "n d"}, ["X"]),
    Case("layer norm", _normed, {"X": "b n d", "g": "d", "c": "d"}, ["X", "g", "c"]),
    Case("cross-entropy", _classes, {"X": "n d", "W": "d c", "y": "n | index"}, ["X", "W"], None),
    Case("by hand", _by_hand, {"X": "n d", "w": "d", "y": "n"}, ["X", "w"], None),
    Case("block", _block, {"X": "n d", "W": "d k", "c": "k", "U": "k d"}, ["X", "W", "c", "U"]),
    Case("inverse", lambda A, B: mg.linalg.inv(A) @ B, {"A": "d d", "B": "d e"}, ["A", "B"], "G"),
    Case("expm", lambda A, x: mg.linalg.expm(A) @ x, {"A": "d d", "x": "d"}, ["A", "x"], "G"),
    Case("logdet", lambda A: mg.linalg.slogdet(A)[1], {"A": "d d"}, ["A"], None),
    Case("linear", lambda X, c: 2 * X + c, {"X": "n d", "c": "d"}, ["X", "c"]),
    Case("thin", lambda x, A: mg.tanh(A @ x), {"x": "d 1", "A": "n d"}, ["x", "A"]),
    Case("windows", lambda x: mg.concatenate([x[1:] * x[:-1], x]), {"x": "n"}, ["x"]),
    Case(
        "two",
        lambda X, W: ((X @ W).named("Y"), mg.exp(X).named("E")),
        {"X": "n d", "W": "d k"},
        ["X", "W"],
        ("dY", "dE"),
    ),
]  # fmt: skip


def arrays(case: Case, seed: int = 0) -> dict[str, Any]:
    """Numbers for the variables; a causal mask, classes, a matrix that has an inverse."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for name, declared in case.variables.items():
        dims, _, fact = (part.strip() for part in declared.partition("|"))
        shape = tuple(int(dim) if dim.isdigit() else SIZES[dim] for dim in dims.split())
        array = rng.normal(size=shape)
        if fact == "bool":
            array = np.tril(np.ones(shape, bool))
        elif fact == "index":
            array = rng.integers(SIZES["c"], size=shape)
        elif dims == "d d":
            array = array + 3 * np.eye(SIZES["d"])
        elif name == "y":
            array = (array > 0).astype(float)
        found[name] = array
    return found


def derived(case: Case) -> mg.Derivation:
    """The derivation, of symbols."""
    symbols = mg.symbols(*(f"{name}: {text}" for name, text in case.variables.items()))
    symbols = symbols if isinstance(symbols, tuple) else (symbols,)
    return mg.derive(
        case.function(*symbols), wrt=case.wrt, cotangent=case.cotangent, short_sums=case.short
    )


def engine(case: Case, seed: int = 0) -> tuple[list[Any], list[Any], list[Any]]:
    """Values of the outputs, cotangents, and the gradients that the engine makes of them."""
    tensors = {
        name: mg.tensor(array, name=name, requires_grad=name in case.wrt)
        for name, array in arrays(case, seed).items()
    }
    output = case.function(*tensors.values())
    outputs = list(output) if isinstance(output, tuple) else [output]
    rng = np.random.default_rng(seed + 1)
    cotangents = [np.asarray(rng.normal(size=y.shape)) for y in outputs]
    found = mg.gradients(outputs, [tensors[n] for n in case.wrt], cotangents=[mg.tensor(c) for c in cotangents])
    return [y.numpy() for y in outputs], cotangents, [g.numpy() for g in found]


def loaded(text: str) -> dict[str, Any]:
    """What the text defines."""
    names: dict[str, Any] = {}
    exec(compile(text, "<source>", "exec"), names)
    return names
