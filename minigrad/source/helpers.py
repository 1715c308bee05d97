"""Small functions that a generated function defines for itself, in forms that do not overflow."""

from __future__ import annotations

from minigrad.index.matrix_row import MATRIX_ROWS

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
    return np.vectorize(math.lgamma, otypes=[np.result_type(x, 0.0)])(x)
""",
    "digamma": """\
def digamma(x):
    if np.any(np.less(x, 0)):
        turn = np.pi / np.tan(np.pi * np.where(np.less(x, 0), x - np.floor(x), 0.5))
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
        turned = polygamma(n, 1 + np.abs(x))
        both = polygamma(n, part) + (-1) ** (n + 1) * (polygamma(n, 1 - part) - turned)
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
NEED_MATH = {"erf", "erfc", "gammaln", "polygamma"}


def helper_text(name: str) -> str:
    """The function of that name; that of a matrix function stands in its row."""
    return HELPERS[name] if name in HELPERS else MATRIX_ROWS[name].helper
