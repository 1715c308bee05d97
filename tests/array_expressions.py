"""Random texts over the whole vocabulary, each of a shape that is asked for.

Every variable has one shape, so that a text says its declarations: ``X3_4`` is 3 by 4. ``choose`` picks
one of several things; hypothesis, a seeded generator or a list of choices can stand behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from hypothesis import strategies as st

Shape = tuple[int, ...]
Choose = Callable[[Sequence[Any]], Any]

NAMES = {1: "l", 2: "k", 3: "n", 4: "m", 5: "p", 6: "q"}
_LETTERS = "XYZ"
_LARGEST = 30
_MOST_AXES = 3

# All smooth and bounded enough where they are used, or with kinks that random numbers do not meet.
MAPS = (
    "exp({0})",
    "tanh({0})",
    "sigmoid({0})",
    "sin({0})",
    "cos({0})",
    "softplus({0})",
    "arctan({0})",
    "erf({0})",
    "gelu({0})",
    "silu({0})",
    "elu({0} - 0.31)",
    "relu({0} - 0.37)",
    "log1p(({0}) ** 2)",
    "expm1({0})",
    "square({0})",
    "(({0} + 0.3) ** 2)",
    "(({0}) ** 3)",
    "(-{0})",
    "log(1 + exp({0}))",
    "log(sigmoid({0}))",
    "sqrt(1 + ({0}) ** 2)",
    "((1 + ({0}) ** 2) ** -0.5)",
    "(1 / (1 + ({0}) ** 2))",
    "abs({0} + 0.17)",
    "maximum({0}, 0.23)",
    "clip({0}, 0.27, 0.71)",
    "where({0} > 0.41, {0}, 0)",
    "log_sigmoid({0})",
    "cosh({0})",
)
PAIRS = (
    "({0} + {1})",
    "({0} - {1})",
    "({0} * {1})",
    "({0} / (1 + ({1}) ** 2))",
    "maximum({0}, {1})",
    "minimum({0}, {1})",
    "where({0} > {1}, {0}, {1})",
    "logaddexp({0}, {1})",
    "hypot({0}, 1 + {1})",
)
REDUCTIONS = ("sum", "sum", "mean", "max", "min", "var", "std", "logsumexp", "norm", "prod")
ALONG = ("softmax", "log_softmax", "cumsum", "flip", "cumprod")


class Grammar:
    """Texts of a shape, nested ``depth`` deep."""

    def __init__(self, choose: Choose) -> None:
        self.choose = choose

    def text(self, shape: Shape, depth: int) -> str:
        """A text of that shape."""
        if depth <= 0 or prod(shape) > _LARGEST:
            return self.leaf(shape)
        rules = [self.elementwise, self.pair, self.reduced, self.read, self.product]
        if shape:
            rules += [self.along, self.joined, self.shaped, self.spread, self.product]
        if len(shape) >= 2:
            rules += [self.turned, self.matrix]
        rules += [self.square] if shape == () or shape[-1:] == shape[-2:-1] else []
        rules += [self.special]
        return self.choose(rules)(shape, lambda *s: self.text(s, depth - 1)) or self.leaf(shape)

    def leaf(self, shape: Shape) -> str:
        return self.choose(_LETTERS) + "_".join(map(str, shape))

    def other(self, but: Shape = ()) -> int:
        return self.choose((2, 3, 4))

    # -- elementwise ---------------------------------------------------------------------------------

    def elementwise(self, shape: Shape, again: Any) -> str:
        return self.choose(MAPS).format(again(*shape))

    def pair(self, shape: Shape, again: Any) -> str:
        """Two operands, one of which may broadcast."""
        small = shape[self.choose(range(len(shape) + 1)) :]
        small = tuple(1 if self.choose((True, False, False)) else n for n in small)
        parts = [again(*shape), again(*small)]
        return self.choose(PAIRS).format(*self.choose((parts, parts[::-1])))

    # -- along axes ------------------------------------------------------------------------------------

    def reduced(self, shape: Shape, again: Any) -> str:
        if len(shape) >= _MOST_AXES:
            return ""
        name, axis = self.choose(REDUCTIONS), self.choose(range(len(shape) + 1))
        n = self.other()
        whole = (*shape[:axis], n, *shape[axis:])
        inner = again(*whole)
        inner = f"({inner} + 0.1)" if name == "norm" else inner
        if not shape and self.choose((True, False)):
            m = self.other()
            wide = again(n, m)
            return f"norm({wide} + 0.1)" if name == "norm" else f"{name}({wide}, axis=None)"
        axis = self.choose((axis, axis - len(whole)))
        if 1 in shape and self.choose((True, False)):
            where = shape.index(1)
            full = (*shape[:where], n, *shape[where + 1 :])
            return f"{name}({again(*full)} + 0.1, axis={where}, keepdims=True)"
        return f"{name}({inner}, axis={axis})"

    def along(self, shape: Shape, again: Any) -> str:
        axis = self.choose(range(-len(shape), len(shape)))
        name = self.choose((*ALONG, "roll"))
        if name == "roll":
            return f"roll({again(*shape)}, {self.choose((-1, 1, 2))}, axis={axis})"
        return f"{name}({again(*shape)}, axis={axis})"

    # -- reading parts -----------------------------------------------------------------------------------

    def read(self, shape: Shape, again: Any) -> str:
        """A part of something larger."""
        if len(shape) < _MOST_AXES and self.choose((True, False)):
            axis, n = self.choose(range(len(shape) + 1)), self.other()
            entry = str(self.choose(range(-n, n)))
            return f"{again(*shape[:axis], n, *shape[axis:])}[{':, ' * axis}{entry}]"
        if not shape:
            return ""
        axis = self.choose(range(len(shape)))
        n, colons = shape[axis], ":, " * axis
        whole = lambda size: again(*shape[:axis], size, *shape[axis + 1 :])  # noqa: E731
        before, after = self.choose((0, 1, 2)), self.choose((0, 1))
        picked = [self.choose(range(4)) for _ in range(n)]
        return self.choose(
            [
                lambda: f"{whole(n + before + after)}[{colons}{before}:{before + n}]",
                lambda: f"{whole(n + before)}[{colons}{before}:]",
                lambda: f"{whole(n + before + 1)}[{colons}:{n}]",
                lambda: f"{whole(2 * n)}[{colons}::2]",
                lambda: f"{whole(n)}[{colons}::-1]",
                lambda: f"take({whole(4)}, {picked}, axis={axis})",
                lambda: f"split({whole(2 * n)}, 2, axis={axis})[{self.choose((0, 1))}]",
                lambda: f"diff({whole(n + 1)}, axis={axis})",
            ]
        )()

    def joined(self, shape: Shape, again: Any) -> str:
        """Parts put together."""
        axis = self.choose(range(len(shape)))
        n = shape[axis]
        part = lambda size: again(*shape[:axis], size, *shape[axis + 1 :])  # noqa: E731
        less = shape[:axis] + shape[axis + 1 :]
        if n == 1:
            return f"stack([{again(*less)}], axis={axis})"
        cut = self.choose(range(1, n))
        around = [(0, 0)] * len(shape)
        around[axis] = self.choose([(1, 0), (0, 1)] + ([(1, 1)] if n > 2 else []))
        options = [
            lambda: f"concatenate([{part(cut)}, {part(n - cut)}], axis={axis})",
            lambda: f"pad({part(n - sum(around[axis]))}, {tuple(around)})",
            lambda: f"stack([{', '.join(again(*less) for _ in range(n))}], axis={axis})",
        ]
        if n % 2 == 0:
            inner = part(n // 2)
            options.append(lambda: f"concatenate([{inner}, 2 * {inner}], axis={axis})")
            options.append(lambda: f"repeat({inner}, 2, axis={axis})")
            reps = tuple(2 if k == axis else 1 for k in range(len(shape)))
            options.append(lambda: f"tile({inner}, {reps})")
        return self.choose(options)()

    def shaped(self, shape: Shape, again: Any) -> str:
        """The same elements in another shape."""
        options = [lambda: f"reshape({again(prod(shape))}, {shape})"]
        if len(shape) == 1:
            for a in (2, 3):
                if shape[0] % a == 0:
                    options.append(lambda a=a: f"ravel({again(a, shape[0] // a)})")
        if len(shape) == 2 and shape[0] % 2 == 0:
            options.append(lambda: f"reshape({again(2, shape[0] // 2, shape[1])}, {shape})")
        if len(shape) == 3:
            a, b, c = shape
            options.append(lambda: f"reshape({again(a * b, c)}, {shape})")
            options.append(lambda: f"reshape({again(a, b * c)}, {shape})")
        return self.choose(options)()

    def spread(self, shape: Shape, again: Any) -> str:
        axis = self.choose(range(len(shape)))
        less = shape[:axis] + shape[axis + 1 :]
        if shape[axis] == 1:
            return f"expand_dims({again(*less)}, {axis})"
        one = (*shape[:axis], 1, *shape[axis + 1 :])
        inner = self.choose((again(*one), again(*shape[axis + 1 :])))
        return f"broadcast_to({inner}, {shape})"

    def turned(self, shape: Shape, again: Any) -> str:
        if len(shape) == 2:
            return f"({again(*shape[::-1])}).T"
        i, j = self.choose(((0, 1), (1, 2), (0, 2)))
        other = list(shape)
        other[i], other[j] = other[j], other[i]
        return self.choose(
            (
                lambda: f"swapaxes({again(*other)}, {i}, {j})",
                lambda: f"transpose({again(shape[2], shape[0], shape[1])}, (1, 2, 0))",
                lambda: f"moveaxis({again(shape[1], shape[2], shape[0])}, -1, 0)",
            )
        )()

    # -- products --------------------------------------------------------------------------------------

    def product(self, shape: Shape, again: Any) -> str:
        n, m = self.other(), self.other()
        if not shape:
            return self.choose(
                (
                    lambda: f"({again(n)} @ {again(n)})",
                    lambda: f"({again(n)} @ {again(n, m)} @ {again(m)})",
                    lambda: f"sum({again(n, m)} * {again(n, m)})",
                    lambda: f"einsum('ij,jk,ki->', {again(n, m)}, {again(m, n)}, {again(n, n)})",
                    lambda: f"trace({again(n, m)} @ {again(m, n)})",
                )
            )()
        if len(shape) == 1:
            (a,) = shape
            return self.choose(
                (
                    lambda: f"({again(a, n)} @ {again(n)})",
                    lambda: f"({again(n)} @ {again(n, a)})",
                    lambda: f"einsum('ij,ij->i', {again(a, n)}, {again(a, n)})",
                    lambda: f"einsum('ij,jk,ik->i', {again(a, n)}, {again(n, m)}, {again(a, m)})",
                    lambda: f"diagonal({again(a, n)} @ {again(n, a)})",
                    lambda: f"({again()} * {again(a)})",
                )
            )()
        *lead, a, b = shape
        options = [
            lambda: f"({again(*lead, a, n)} @ {again(*lead, n, b)})",
            lambda: f"({again(*lead, a, n)} @ {again(n, b)})",
            lambda: f"({again(a, n)} @ {again(*lead, n, b)})",
            lambda: f"({again(*shape)} * {again(b)})",
        ]
        if not lead:
            options += [
                lambda: f"outer({again(a)}, {again(b)})",
                lambda: f"einsum('ik,jk->ij', {again(a, n)}, {again(b, n)})",
                lambda: f"einsum('ik,k,kj->ij', {again(a, n)}, {again(n)}, {again(n, b)})",
                lambda: f"tensordot({again(a, n, m)}, {again(n, m, b)}, axes=2)",
                lambda: f"tensordot({again(n, a)}, {again(n, b)}, axes=([0], [0]))",
            ]
            if a % 2 == 0 and b % 2 == 0:
                options.append(lambda: f"kron({again(a // 2, 2)}, {again(2, b // 2)})")
        else:
            options += [
                lambda: f"einsum('bi,bj->bij', {again(*lead, a)}, {again(*lead, b)})",
                lambda: f"einsum('bik,bjk->bij', {again(*lead, a, n)}, {again(*lead, b, n)})",
                lambda: f"einsum('bi,j->bij', {again(*lead, a)}, {again(b)})",
            ]
        return self.choose(options)()

    def matrix(self, shape: Shape, again: Any) -> str:
        name = self.choose(("tril", "triu"))
        return f"{name}({again(*shape)}, {self.choose((-1, 0, 1))})"

    def square(self, shape: Shape, again: Any) -> str:
        if not shape:
            n = self.choose((2, 3))
            steady = f"(tanh({again(n, n)}) + 4 * eye({n}))"
            options = [f"trace({again(n, n)})", f"logdet({steady})", f"det({steady})"]
            return self.choose(options)
        if len(shape) == 1:
            return f"diag({again(*shape, *shape)})"
        n = shape[-1]
        steady = f"(tanh({again(*shape)}) + 4 * eye({n}))"
        options = [lambda: f"inv({steady})", lambda: f"solve({steady}, {again(*shape)})"]
        options.append(lambda: f"({again(*shape)} + eye({n}))")
        if len(shape) == 2:
            options.append(lambda: f"diag({again(n)})")
            options.append(lambda: f"matrix_power({again(n, n)}, {self.choose((2, 3))})")
        return self.choose(options)()

    def special(self, shape: Shape, again: Any) -> str:
        """What neural networks are made of."""
        if not shape:
            n, m = self.other(), self.other()
            return self.choose(
                (
                    f"mse_loss({again(n)}, {again(n)})",
                    f"bce_with_logits({again(n)}, {again(n)})",
                    f"huber_loss({again(n)}, {again(n)})",
                    f"kl_div(log_softmax({again(n)}, axis=0), softmax({again(n)}, axis=0))",
                    f"mean(cross_entropy({again(n, m)}, softmax({again(n, m)}, axis=1)))",
                )
            )
        n = self.other()
        options = [
            f"layer_norm({again(*shape)}, {shape[-1]})",
            f"rms_norm({again(*shape)}, {shape[-1]})",
        ]
        options = options if shape[-1] > 2 else []
        if len(shape) >= 2:
            *lead, a, b = shape
            parts = f"{again(*lead, a, n)}, {again(*lead, a, n)}, {again(*lead, a, b)}"
            causal = self.choose(("", ", is_causal=True"))
            options.append(f"scaled_dot_product_attention({parts}{causal})")
            options.append(f"where(tri({a}, {b}) > 0, {again(*shape)}, -1)")
        return self.choose(options) if options else ""


def shapes_in(text: str) -> dict[str, Shape]:
    """The variables of a text and their shapes."""
    names = dict.fromkeys(re.findall(rf"\b[{_LETTERS}][\d_]*\b", text))
    return {name: tuple(map(int, re.findall(r"\d+", name))) for name in names}


def declared(shapes: dict[str, Shape], named: bool) -> dict[str, str]:
    """Declarations, with dims where ``named``, else with numbers."""
    words = (lambda n: NAMES.get(n, str(n)) if n > 1 else "1") if named else str
    return {name: " ".join(words(n) for n in shape) for name, shape in shapes.items()}


@st.composite
def array_expressions(draw: st.DrawFn, shape: Shape = (), depth: int = 3) -> str:
    """A text of that shape."""
    return Grammar(lambda options: draw(st.sampled_from(list(options)))).text(shape, depth)
