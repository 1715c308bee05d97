"""Formulas in NumPy: arrays are built up in place, and stable functions are helpers."""

from __future__ import annotations

from minigrad.index.matrix_row import MatrixRow
from minigrad.source.dialect import Context, Dialect
from minigrad.source.pieces import ATOM, Text, call

# Functions that a generated function defines for itself, in forms that do not overflow.
HELPERS = {
    "softmax": """\
def softmax(x, axis=-1):
    top = np.max(x, axis=axis, keepdims=True)
    e = np.exp(x - np.where(np.isneginf(top), 0, top))
    return e / np.maximum(np.sum(e, axis=axis, keepdims=True), 1)
""",
    "logsumexp": """\
def logsumexp(x, axis=-1):
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return np.log(np.sum(np.exp(x - top), axis=axis)) + np.squeeze(top, axis=axis)
""",
    "nonzero": """\
def nonzero(x):
    return np.where(x == 0, np.finfo(np.result_type(x, 0.0)).tiny, x)
""",
    "sigmoid": """\
def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)
""",
    "where_largest": """\
def where_largest(x, axis=-1):
    largest = x == np.max(x, axis=axis, keepdims=True)
    return largest / np.sum(largest, axis=axis, keepdims=True, dtype=x.dtype)
""",
    "product_of_others": """\
def product_of_others(x, axis=-1):
    if not x.size:
        return x
    axes = (axis,) if isinstance(axis, int) else axis
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    flat = moved.reshape(*moved.shape[: x.ndim - len(axes)], -1)
    ones = np.ones_like(flat[..., :1])
    before = np.cumprod(np.concatenate([ones, flat[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], -1), -1)[..., ::-1]
    return np.moveaxis((before * after).reshape(moved.shape), last, axes)
""",
    "erf": """\
def erf(x):
    return np.vectorize(math.erf, otypes=[np.result_type(x, 0.0)])(x)
""",
    "erfc": """\
def erfc(x):
    return np.vectorize(math.erfc, otypes=[np.result_type(x, 0.0)])(x)
""",
    "gammaln": """\
def gammaln(x):
    infinite = (np.less_equal(x, 0) & np.equal(x, np.floor(x))) | np.greater(x, 1e305)
    finite = np.vectorize(math.lgamma, otypes=[np.result_type(x, 0.0)])(np.where(infinite, 1.0, x))
    return np.where(infinite, np.inf, finite)
""",
    "digamma": """\
def digamma(x):
    if np.any(np.less(x, 0)):
        turn = np.pi / np.tan(np.pi * np.where(np.less(x, 0), x - np.rint(x), 0.5))
        return np.where(np.less(x, 0), digamma(np.abs(x) + 1) - turn, digamma(np.abs(x)))
    total = 0.0
    for _ in range(8):
        total, x = total - 1 / x, x + 1
    z = 1 / x**2
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))))
    return total + np.log(x) - 1 / (2 * x) - series
""",
    "polygamma": """\
def polygamma(n, x):
    if np.any(np.less(x, 0)):
        part = np.where(np.less(x, 0), x - np.floor(x), 0.5)
        rest = np.where(np.less(x, 0), np.floor(x) + 1 - x, 0.5)  # of small numbers too
        turned = polygamma(n, 1 + np.abs(x))
        both = polygamma(n, part) + (-1) ** (n + 1) * (polygamma(n, rest) - turned)
        return np.where(np.less(x, 0), both, polygamma(n, np.abs(x)))
    total = 0.0
    for _ in range(12):
        total, x = total + math.factorial(n) / x ** (n + 1), x + 1
    tail = math.factorial(n - 1) / x**n + math.factorial(n) / (2 * x ** (n + 1))
    for k, b in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6), 1):
        ratio = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        tail = tail + b * ratio / x ** (2 * k + n)
    return (-1) ** (n + 1) * (total + tail)
""",
}


class NumPy(Dialect):
    """What NumPy has beside the words that others share."""

    def sorted(self, name: str, array: Text, axis: str) -> Text:
        return call(self.function(name), array.text, *self.over(axis), 'kind="stable"')

    def taken(self, array: Text, index: str, axis: int, ndim: int) -> Text:
        last = axis == ndim - 1 and ndim > 1
        return call("np.take", array.text, index, *self.over("-1" if last else str(axis)))

    def cast(self, array: Text, kind: str, at: Context, scalar: bool = False) -> Text:
        """A comparison of numbers is Python's own truth value, which has no astype."""
        return self.created("asarray", [array.text], kind, at) if scalar else super().cast(array, kind, at)

    def own(self, array: Text) -> Text:
        return Text(f"{array.within(ATOM)}.copy()")

    def as_array(self, array: Text) -> Text:
        return call("np.asarray", array.text)

    def matrix_function(self, row: MatrixRow) -> tuple[str, str]:
        return row.text, row.helper


NUMPY = NumPy(
    language="numpy",
    called="NumPy",
    module="np",
    imports=("import numpy as np",),
    names={
        "relu": "np.maximum({}, 0)",
        "softplus": "np.logaddexp(0, {})",
        "heaviside": "np.heaviside({}, 0.5)",
    },
    helpers=HELPERS,
    reserved=frozenset({"np", "math"}),
    in_place=True,
    reads_all=True,
)
