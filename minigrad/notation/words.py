"""What a formula is, in words: a heading, Matrix product, and a sentence, the product of Q and Kᵀ, over √k."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.notation.building import scaled
from minigrad.notation.functions import parted_function, written
from minigrad.notation.text import text
from minigrad.notation.tree import (
    Call,
    Hadamard,
    Inverse,
    MatMul,
    Name,
    Norm,
    Plus,
    Power,
    Scaled,
    Transposed,
    Tree,
    parts_of,
)

_MOST = 4
# What a function does, where its name alone says little.
_FUNCTIONS = {
    "nn.softmax": ("Softmax", "exponentials over their sum, so that the entries are positive and sum to 1"),
    "nn.log_softmax": ("Log-softmax", "the logarithm of the softmax, without its overflow"),
    "special.logsumexp": ("Log-sum-exp", "the logarithm of a sum of exponentials, a smooth maximum"),
    "special.expit": ("Sigmoid", "σ(x) = 1 / (1 + e⁻ˣ), which lies between 0 and 1"),
    "nn.binary_cross_entropy": ("Binary cross-entropy", "the mean of −y log p − (1 − y) log(1 − p)"),
    "nn.cross_entropy": ("Cross-entropy", "the mean of −log of the probability of what is right"),
    "nn.layer_norm": ("Layer norm", "each row has its mean taken away and is divided by its deviation"),
    "nn.relu": ("ReLU", "what is negative becomes 0, the rest stays"),
    "nn.gelu": ("GELU", "x Φ(x), with the normal distribution's Φ"),
    "tanh": ("Hyperbolic tangent", "which lies between −1 and 1"),
    "exp": ("Exponential", "element by element"),
    "log": ("Logarithm", "element by element"),
    "tr": ("Trace", "the sum of the diagonal"),
    "det": ("Determinant", "of a matrix"),
    "logdet": ("Log-determinant", "the logarithm of the determinant"),
    "diag": ("Diagonal", "a vector as the diagonal of a matrix"),
    "sum": ("Sum", "over all entries"),
    "mean": ("Mean", "over all entries"),
    "rowsum": ("Sums of rows", "a sum for each row"),
    "colsum": ("Sums of columns", "a sum for each column"),
    "max": ("Maximum", "the largest entry"),
}


def heading(tree: Tree) -> str:
    """The outermost operation of a formula, as a heading."""
    match tree:
        case MatMul():
            return "Matrix product"
        case Hadamard(_, ()):
            return "Elementwise product"
        case Hadamard():
            return "Elementwise quotient"
        case Plus(((1, _), (-1, _))):
            return "Difference"
        case Plus():
            return "Sum"
        case Scaled(_, _, body, _) if body is not None and not isinstance(body, Name):
            return heading(body)
        case Scaled():
            return "Multiple"
        case Transposed():
            return "Transpose"
        case Inverse():
            return "Inverse"
        case Norm() | Power(Norm()):
            return "Norm"
        case Power(_, 2):
            return "Square"
        case Power():
            return "Power"
        case Call(function):
            known = _FUNCTIONS.get(parted_function(function)[0])
            return known[0] if known else _plain(function)[:1].upper() + _plain(function)[1:] or "Formula"
        case Name():
            return "Another name"
    return "Formula" if _names(tree) else "Number"


def told(tree: Tree) -> str:
    """`in_words`, and what a function does that is the whole of it."""
    known = _FUNCTIONS.get(parted_function(tree.function)[0]) if isinstance(tree, Call) else None
    return in_words(tree) + (f", {known[1]}" if known else "")


def _plain(function: str) -> str:
    return written(function).text.replace("·", "")


def in_words(tree: Tree) -> str:
    """The outermost operation of a formula, and what it is of."""
    match tree:
        case MatMul(parts):
            return f"the product of {_listed(parts)}"
        case Hadamard(up, ()):
            return f"the elementwise product of {_listed(up)}"
        case Hadamard(up, down):
            above = f"{_listed(up)}" if up else "1"
            return f"{above} divided element by element by {_listed(down)}"
        case Plus(((1, a), (-1, b))):
            return f"the difference of {text(a)} and {text(b)}"
        case Plus(terms) if all(sign > 0 for sign, _ in terms):
            return f"the sum of {_listed([term for _, term in terms])}"
        case Plus(terms):
            return f"a sum of {len(terms)} terms"
        case Scaled(coef, up, body, down) if body is not None and not isinstance(body, Name):
            times = f", times {text(scaled(coef, list(up), None, []))}" if up or coef != 1 else ""
            return in_words(body) + times + (f", over {_listed(down)}" if down else "")
        case Scaled():
            return f"a multiple, {text(tree)}"
        case Transposed(body):
            return f"the transpose of {text(body)}"
        case Inverse(body):
            return f"the inverse of {text(body)}"
        case Norm(body):
            return f"the norm of {text(body)}"
        case Power(body, 2, elementwise):
            return f"the square of {text(body)}" + (", element by element" if elementwise else "")
        case Power(body, exponent):
            return f"{text(body)} to the power {exponent}, element by element"
        case Call(function, args):
            return f"{_plain(function)} of {_listed(args)}"
        case Name():
            return f"another name of {text(tree)}"
    names = _names(tree)
    return f"a formula in {_listed(names)}" if names else f"the number {text(tree)}"


def _listed(parts: Sequence[Tree]) -> str:
    shown = [text(part) for part in parts[:_MOST]] + (["…"] if len(parts) > _MOST else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _names(tree: Tree) -> list[Tree]:
    """The symbols of a tree, each once."""
    if isinstance(tree, Name):
        return [tree]
    return list(dict.fromkeys(name for part in parts_of(tree) for name in _names(part)))
