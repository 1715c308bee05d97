"""Random expressions of known shape, as text: what property tests draw."""

from __future__ import annotations

import re

from hypothesis import strategies as st

# All different, so that a misplaced axis cannot hide.
DIMS = {"n": 3, "m": 4, "k": 2}
VARIABLES = {
    "X": "n m",
    "Y": "n m",
    "W": "m k",
    "A": "n n",
    "x": "n",
    "u": "n",
    "y": "m",
    "s": "| positive",
}
Shape = tuple[str, ...]

_MAPS = (
    "exp({})",
    "tanh({})",
    "sigmoid({})",
    "sin({})",
    "softplus({})",
    "({} + 0.3) ** 2",
    "log(1 + exp({}))",
    "sqrt(1 + ({}) ** 2)",
    "abs({} + 0.17)",
    "maximum({}, 0.23)",
)


def shape_of(name: str) -> Shape:
    return tuple(VARIABLES[name].partition("|")[0].split())


@st.composite
def expressions(draw: st.DrawFn, shape: Shape = (), depth: int = 3) -> str:
    """An expression of a shape."""
    known = [name for name in VARIABLES if shape_of(name) == shape]
    if depth <= 0:
        return draw(st.sampled_from(known)) if known else _small(draw, shape)
    again = lambda *dims: draw(expressions(dims, depth - 1))  # noqa: E731
    rules = (_scalar, _vector, _matrix)[len(shape)]
    return rules(draw, again, shape)


def _small(draw: st.DrawFn, shape: Shape) -> str:
    """A shape that no variable has, out of few variables."""
    if len(shape) == 1:
        return "sum(W, axis=0)"  # only k is missing
    turned = [name for name in VARIABLES if shape_of(name) == shape[::-1]]
    if turned:
        return f"{draw(st.sampled_from(turned))}.T"
    vectors = {"n": ("x", "u"), "m": ("y",), "k": ("sum(W, axis=0)",)}
    left, right = (draw(st.sampled_from(vectors[d])) for d in shape)
    return f"outer({left}, {right})"


def _scalar(draw, again, shape):  # type: ignore[no-untyped-def]
    a, b = draw(st.sampled_from("nmk")), draw(st.sampled_from("nmk"))
    return draw(
        st.sampled_from(
            [
                lambda: f"sum({again(a, b)})",
                lambda: f"mean({again(a, b)})",
                lambda: f"({again(a)} @ {again(a)})",
                lambda: f"trace({again(a, a)})",
                lambda: f"norm({again(a)} + 0.1)",
                lambda: f"logsumexp({again(a)})",
                lambda: f"var({again(a, b)})",
                lambda: f"({again()} {draw(st.sampled_from('+-*'))} {again()})",
                lambda: f"logdet(tanh({again(a, a)}) + 5 * eye({a}))",
            ]
        )
    )()


def _vector(draw, again, shape):  # type: ignore[no-untyped-def]
    (a,), b = shape, draw(st.sampled_from("nmk"))
    return draw(
        st.sampled_from(
            [
                lambda: f"({again(a, b)} @ {again(b)})",
                lambda: f"({again(b)} @ {again(b, a)})",
                lambda: draw(st.sampled_from(_MAPS)).format(again(a)),
                lambda: f"({again(a)} {draw(st.sampled_from('+-*'))} {again(a)})",
                lambda: f"({again(a)} / (1 + ({again(a)}) ** 2))",
                lambda: f"({again()} * {again(a)})",
                lambda: f"sum({again(a, b)}, axis=1)",
                lambda: f"mean({again(b, a)}, axis=0)",
                lambda: f"softmax({again(a)})",
                lambda: f"diag({again(a, a)})",
            ]
        )
    )()


def _matrix(draw, again, shape):  # type: ignore[no-untyped-def]
    (a, b), c = shape, draw(st.sampled_from("nmk"))
    rules = [
        lambda: f"({again(a, c)} @ {again(c, b)})",
        lambda: f"({again(b, a)}).T",
        lambda: draw(st.sampled_from(_MAPS)).format(again(a, b)),
        lambda: f"({again(a, b)} {draw(st.sampled_from('+-*'))} {again(a, b)})",
        lambda: f"({again(a, b)} + {again(b)})",
        lambda: f"({again(a, b)} * sum({again(a, b)}, axis=0))",
        lambda: f"({again()} * {again(a, b)})",
        lambda: f"outer({again(a)}, {again(b)})",
        lambda: f"softmax({again(a, b)}, axis={draw(st.sampled_from([0, 1, -1]))})",
        lambda: f"({again(a, b)} - mean({again(a, b)}, axis=1, keepdims=True))",
        lambda: f"where({again(a, b)} > 0.05, {again(a, b)}, {again(a, b)})",
    ]
    if a == b:
        rules += [
            lambda: f"diag({again(a)})",
            lambda: f"inv(tanh({again(a, a)}) + 5 * eye({a}))",
            lambda: f"tril({again(a, a)})",
        ]
    return draw(st.sampled_from(rules))()


# What a program may call its steps: also as the notation calls its own, and as names are handed out.
STEP_NAMES = ("B", "E", "I", "L", "S", "Z", "dX", "dx", "e", "g", "h", "i", "p", "r", "t", "u1", "dS")


@st.composite
def programs(draw: st.DrawFn, depth: int = 2) -> str:
    """A few steps with names, then a number that uses them."""
    names = draw(st.lists(st.sampled_from(STEP_NAMES), unique=True, min_size=1, max_size=3))
    known: dict[Shape, list[str]] = {}
    steps = []
    for name in names:
        shape = draw(st.sampled_from(sorted({shape_of(each) for each in VARIABLES})))
        steps.append(f"{name} = {_by_steps(draw, draw(expressions(shape, depth)), known)}")
        known.setdefault(shape, []).append(name)
    loss = _by_steps(draw, draw(expressions((), depth)), known)
    uses = " + ".join(f"sum({name} ** 2)" for name in names if not re.search(rf"\b{name}\b", loss))
    return "; ".join([*steps, f"{loss} + {uses}" if uses else loss])


def _by_steps(draw: st.DrawFn, text: str, known: dict[Shape, list[str]]) -> str:
    """The text in which steps stand in the places of some variables."""

    def other(found: re.Match[str]) -> str:
        steps = known.get(shape_of(found[0]), [])
        return draw(st.sampled_from([found[0], *steps])) if steps else found[0]

    return re.sub(rf"\b(?:{'|'.join(VARIABLES)})\b", other, text)
