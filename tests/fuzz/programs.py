"""Texts over the whole table of names: mostly programs that could run, with hostile parts."""

from __future__ import annotations

import ast
import inspect
import random
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.errors import MinigradError
from minigrad.index.assume import ASSUMPTIONS
from minigrad.parsing import table

from .guard import PAYLOAD

Data = dict[str, Any]
Shape = tuple[str, ...]

DIMS = ("n", "m", "k", "d", "2", "3", "1")
ODD_DIMS = (
    "2*k",
    "n-1",
    "0",
    "-1",
    "1000000000",
    "k**2",
    "n*m",
    "N",
    "x",
    "lambda",
    "é",
    "1.5",
    "",
)
NUMBERS = ("0", "1", "2", "-1", "0.5", "3", "-2", "10", "1e-3")
ODD_NUMBERS = (
    *(
        "1e308",
        "-1e308",
        "1e-320",
        "10**9",
        "10**18",
        "2**63",
        "nan",
        "inf",
        "-inf",
        "-0.0",
        "1e400",
    ),
    *("10**400", "True", "None", "1j", "'x'", "''", "b'x'", "...", "()", "[]", "(0, 1)", "(1, -1)"),
    *("[[1, 2], [3]]", "n", "2*n", "n-1", "-n", "n/2", "'ij,jk->ik'", "'fro'", "'mean'", "'none'"),
    *(
        "slice(None)",
        "float('1')",
        "{}",
        "{1: 2}",
        "f'{n}'",
        "[x for x in y]",
        "lambda: 1",
        "x := 1",
    ),
)
NAMES = ("x", "y", "z", "w", "u", "v", "b", "lam", "A", "B", "C", "X", "Y", "W", "S", "Q", "K", "V")
ODD_NAMES = (
    *(
        "I",
        "E",
        "e",
        "pi",
        "L",
        "dX",
        "np",
        "sum",
        "exp",
        "T",
        "shape",
        "self",
        "print",
        "None",
        "in",
    ),
    *(
        "lambda",
        "class",
        "__class__",
        "__import__",
        "_",
        "__",
        "λ",
        "σ",
        "é",
        "ﬁ",
        "𝐧",
        "ｘ",
        "x1",
        "X_n",
    ),
    *(
        "a" * 1000,
        "Σ",
        "softmax",
        "type",
        "match",
        "R",
        "t",
        "p",
        "g",
        "out",
        "G",
        "de",
        "deg",
        "n1",
        "c1",
    ),
)
OPERATORS = (
    "+",
    "-",
    "*",
    "/",
    "@",
    "**",
    "%",
    "//",
    "<",
    "<=",
    "==",
    "!=",
    "&",
    "|",
    "^",
    "and",
    "is",
)
TOKENS = (
    *(
        "(",
        ")",
        "[",
        "]",
        ",",
        ":",
        ";",
        "\n",
        "=",
        "**",
        "*",
        ".",
        "..",
        "'",
        '"""',
        "\\",
        "#",
        "@",
    ),
    *(
        "\x00",
        "\x1b[31m",
        "\ud800",
        "\u202e",
        "²",
        "ᵀ",
        "⊙",
        "−",
        "·",
        "\t",
        "  ",
        "λ",
        "if",
        "for x in",
        "0x",
    ),
    *(
        "1_0",
        "0777",
        ".T",
        ".shape[0]",
        ".__class__",
        "[0]",
        "[::-1]",
        "[:, None]",
        "[...]",
        PAYLOAD,
    ),
)
THEN = ("index", "expanded", "source", "value", "sympy", "second", "check", "draw")
_OFTEN = (1, 1, 1, 1, 0.2, 0.1, 0.03, 0.1)


def _arities() -> dict[str, tuple[list[inspect.Parameter], list[inspect.Parameter]]]:
    """Of every name that may be called: what it needs, and what it takes beside."""
    found = {}
    for name in sorted(set(table.names())):
        function = table.function(name)
        if function is None:
            continue
        given = list(inspect.signature(function).parameters.values())
        plain = [p for p in given if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        starred = [p for p in given if p.kind is p.VAR_POSITIONAL]
        needed = [p for p in plain if p.default is p.empty] + starred
        found[name] = needed, [p for p in plain if p.default is not p.empty]
    return found


ARITIES = _arities()
UNARY = [name for name, (needed, _) in ARITIES.items() if len(needed) == 1]
REDUCING = ("sum", "mean", "max", "min", "prod", "std", "var", "logsumexp", "norm", "ptp", "nansum")
METHODS = (
    "sum",
    "mean",
    "max",
    "std",
    "reshape",
    "transpose",
    "repeat",
    "cumsum",
    "trace",
    "squeeze",
)


class Grammar:
    """One program: its variables come as they are needed."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.shapes: dict[str, Shape] = {}
        self.facts: dict[str, str] = {}
        self.odd = rng.random() < 0.3  # whether this program has hostile parts at all

    def oddly(self, chance: float) -> bool:
        return self.odd and self.rng.random() < chance

    def dim(self) -> str:
        return self.rng.choice(ODD_DIMS if self.oddly(0.05) else DIMS)

    def shape(self) -> Shape:
        axes = self.rng.choices((0, 1, 2, 3, 4), (2, 4, 4, 1, 0.2))[0]
        return tuple(self.dim() for _ in range(axes))

    def number(self) -> str:
        return self.rng.choice(ODD_NUMBERS if self.oddly(0.3) else NUMBERS)

    def variable(self, shape: Shape) -> str:
        known = [name for name, own in self.shapes.items() if own == shape]
        if known and self.rng.random() < 0.5:
            return self.rng.choice(known)
        names = [n for n in (ODD_NAMES if self.oddly(0.15) else NAMES) if n not in self.shapes]
        if not names:
            return self.number()
        name = self.rng.choice(names)
        self.shapes[name] = shape
        if self.rng.random() < 0.15:
            self.facts[name] = self.rng.choice([*ASSUMPTIONS, "spd and diagonal", "wrong", "="])
        return name

    def declared(self) -> dict[str, str]:
        return {
            name: " ".join(shape) + (f" | {self.facts[name]}" if name in self.facts else "")
            for name, shape in self.shapes.items()
            if self.rng.random() < 0.9
        }

    # -- expressions ---------------------------------------------------------------------------------

    def expression(self, shape: Shape, depth: int) -> str:
        """Text that mostly has this shape."""
        if depth <= 0 or self.rng.random() < 0.1:
            return self.number() if not shape and self.rng.random() < 0.3 else self.variable(shape)
        rule = self.rng.choices(self.RULES, self.WEIGHTS)[0]
        return rule(self, shape, depth - 1)

    def unary(self, shape: Shape, depth: int) -> str:
        return f"{self.rng.choice(UNARY)}({self.expression(shape, depth)})"

    def binary(self, shape: Shape, depth: int) -> str:
        cut = shape[self.rng.randint(0, len(shape)) :] if self.rng.random() < 0.3 else shape
        sides = [self.expression(shape, depth), self.expression(cut, depth)]
        self.rng.shuffle(sides)
        sign = self.rng.choice(OPERATORS if self.oddly(0.2) else OPERATORS[:4])
        if sign == "@":
            return self.product(shape, depth)
        return f"({sides[0]} {sign} {sides[1]})"

    def product(self, shape: Shape, depth: int) -> str:
        inner = self.dim()
        left = (*shape[:-1], inner) if shape else (inner,)
        right = (inner, shape[-1]) if shape else (inner,)
        return f"({self.expression(left, depth)} @ {self.expression(right, depth)})"

    def power(self, shape: Shape, depth: int) -> str:
        return f"({self.expression(shape, depth)})**{self.number()}"

    def reduced(self, shape: Shape, depth: int) -> str:
        axis = self.rng.randint(0, len(shape))
        whole = (*shape[:axis], self.dim(), *shape[axis:])
        keep = ", keepdims=True" if self.rng.random() < 0.1 else ""
        return f"{self.rng.choice(REDUCING)}({self.expression(whole, depth)}, axis={axis}{keep})"

    def total(self, shape: Shape, depth: int) -> str:
        return f"{self.rng.choice(REDUCING)}({self.expression(self.shape(), depth)})"

    def transposed(self, shape: Shape, depth: int) -> str:
        return f"({self.expression(shape[::-1], depth)}).{self.rng.choice(('T', 'mT'))}"

    def indexed(self, shape: Shape, depth: int) -> str:
        entries = [
            self.rng.choice((":", ":", "...", "::-1", "1:", ":-1", "::2", "None")) for _ in shape
        ]
        entries.insert(0, self.rng.choice((*NUMBERS, "None", *(ODD_NUMBERS if self.odd else ()))))
        return f"({self.expression((self.dim(), *shape), depth)})[{', '.join(entries)}]"

    def joined(self, shape: Shape, depth: int) -> str:
        parts = ", ".join(self.expression(shape, depth - 1) for _ in range(self.rng.randint(1, 3)))
        return f"{self.rng.choice(('concatenate', 'stack', 'vstack', 'hstack'))}([{parts}])"

    def chosen(self, shape: Shape, depth: int) -> str:
        sign = self.rng.choice(("<", ">", "<=", ">=", "==", "!="))
        sides = [self.expression(shape, depth - 1) for _ in range(4)]
        return f"where({sides[0]} {sign} {sides[1]}, {sides[2]}, {sides[3]})"

    def any_call(self, shape: Shape, depth: int) -> str:
        """Any name of the table with arguments that may or may not fit."""
        name = self.rng.choice(list(ARITIES))
        needed, beside = ARITIES[name]
        given = [self.argument(shape, depth - 1) for _ in needed]
        given += [
            f"{p.name}={self.argument(shape, depth - 1)}" for p in beside if self.rng.random() < 0.3
        ]
        prefix = self.rng.choice(("np.", "F.", "mg.linalg.", "torch.")) if self.oddly(0.1) else ""
        return f"{prefix}{name}({', '.join(given)})"

    def argument(self, shape: Shape, depth: int) -> str:
        roll = self.rng.random()
        if roll < 0.6:
            return self.expression(shape if self.rng.random() < 0.7 else self.shape(), depth)
        if roll < 0.85:
            return self.rng.choice((*NUMBERS, "(0, 1)", "None", "True", "axis", "n", "(n, m)"))
        return self.rng.choice(ODD_NUMBERS)

    def method(self, shape: Shape, depth: int) -> str:
        given = self.rng.choice(("", "0", "axis=0", "-1", "n", "(n, -1)", "axis=None", "2, 3"))
        return f"({self.expression(self.shape(), depth)}).{self.rng.choice(METHODS)}({given})"

    RULES = (
        unary,
        binary,
        product,
        power,
        reduced,
        total,
        transposed,
        indexed,
        joined,
        chosen,
        any_call,
        method,
    )
    WEIGHTS = (5, 5, 3, 1, 2, 1, 1, 1, 1, 1, 5, 1)

    # -- whole texts -----------------------------------------------------------------------------------

    def text(self) -> str:
        statements = []
        for _ in range(self.rng.choices((0, 1, 2, 3), (5, 2, 1, 1))[0]):
            shape = self.shape()
            value = self.expression(shape, self.rng.randint(1, 3))
            free = [n for n in (*NAMES, "H", "P", "s", "r") if n not in self.shapes]
            name = self.rng.choice(ODD_NAMES if self.oddly(0.2) or not free else free)
            statements.append(f"{name} = {value}")
            self.shapes.setdefault(name, shape)
        last = self.expression(self.shape(), self.rng.randint(1, 4))
        whole = self.rng.choices(("sum({})", "mean({})", "{}", "-log({})"), (6, 1, 2, 1))[0]
        return "; ".join([*statements, whole.format(last)])


def deep(rng: random.Random) -> str:
    """Texts that are nested or long, and hardly anything else."""
    size = rng.choice((30, 99, 300, 3000, 20000))
    return rng.choice(
        (
            "(" * size + "x" + ")" * size,
            "sin(" * size + "x" + ")" * size,
            "sum(x" + "[0]" * size + ")",
            "-" * size + "x",
            "~" * size + "x",
            "x" + " + x" * size,
            "x" + " * x" * size,
            "x" + "**x" * size,
            "x" + ".T" * size,
            "[" * size + "x" + "]" * size,
            "x = " * size + "1",
            "y" * size,
            "1" * size,
            f"repeat(x, {'9' * min(size, 4000)})",
            "; ".join(f"a{i} = x * {i}" for i in range(size)) + "; sum(x)",
            "sum(" + ", ".join(["x"] * size) + ")",
        )
    )


def mutated(text: str, rng: random.Random) -> str:
    """The text with some characters removed, doubled, or replaced by hostile ones."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, end = sorted(rng.randint(0, len(text)) for _ in range(2))
        end = min(end, at + rng.choice((0, 1, 1, 3)))
        text = text[:at] + rng.choice(("", text[at:end] * 2, rng.choice(TOKENS))) + text[end:]
    return text


def make(rng: random.Random) -> Data:
    """A program, the declarations beside it, and what is done with it."""
    grammar = Grammar(rng)
    text = deep(rng) if rng.random() < 0.01 else grammar.text()
    if rng.random() < 0.15:
        text = mutated(text, rng)
    declared = grammar.declared()
    if grammar.oddly(0.2) and declared:
        declared[rng.choice(list(declared))] = mutated(rng.choice(list(declared.values())), rng)
    then = [name for name, often in zip(THEN, _OFTEN, strict=True) if rng.random() < often]
    wrt = rng.choice([*grammar.shapes]) if grammar.shapes and rng.random() < 0.3 else None
    return {
        "text": text,
        "declared": declared,
        "wrt": wrt,
        "then": then,
        "seed": rng.randrange(1000),
    }


# -- what is done with one --------------------------------------------------------------------------


def run(data: Data) -> None:
    """Parse, derive, print, and whatever else; a refusal of one step leaves the others."""
    output = mg.parse(data["text"], **data["declared"])
    repr(output)
    after(output, data)


def after(output: Any, data: Data) -> None:
    """What is done with any output: derive, print, and what the data say."""
    attempt(lambda: mg.check(output, seconds=1.0) if "check" in data["then"] else None)
    attempt(lambda: _drawn(output) if "draw" in data["then"] else None)
    derivation = attempt(lambda: mg.derive(output, wrt=data["wrt"]))
    if "second" in data["then"]:
        attempt(lambda: str(mg.derive(output, wrt=data["wrt"], order=2)))
    if derivation is None:
        return
    for step in (str, lambda d: d.ascii, lambda d: d.latex, lambda d: d.mathml, lambda d: d.steps):
        attempt(step, derivation)
    attempt(lambda: derivation._repr_latex_())
    for name in data["then"]:
        for formula in derivation.values():
            for look in LOOKS.get(name, ()):
                attempt(look, formula)
    if "source" in data["then"]:
        attempt(lambda: compile(derivation.source("numpy"), "source", "exec"))
    if "value" in data["then"]:
        attempt(lambda: derivation(sampled(output, data)))


LOOKS: dict[str, tuple[Any, ...]] = {
    "index": (lambda f: f.index, lambda f: f.cases, lambda f: f.dims, repr),
    "expanded": (lambda f: f.expanded, lambda f: f.expanded_line.latex()),
    "sympy": (lambda f: str(f.sympy),),
    "source": (lambda f: compile(f.source("numpy"), "source", "exec"),),
}


def attempt(step: Any, *given: Any) -> Any:
    """What a step gives, or None where the library refuses it."""
    try:
        return step(*given)
    except MinigradError:
        return None


def _drawn(output: Any) -> None:
    drawing = mg.draw(output)
    repr(drawing)
    if len(drawing.source) < 20000 and len(drawing.picture.cards) < 12:
        drawing.svg.encode()


_DIM = r"(?<!\w)[^\W\d]\w*"


def sampled(output: Any, data: Data) -> dict[str, Any]:
    """Arrays for the variables, with dims of sizes from 0 to 3."""
    rng = np.random.default_rng(data["seed"])
    sizes: dict[str, int] = {}
    values = {}
    for name, text in {**data["declared"], **dict(getattr(output, "inferred", {}))}.items():
        words, _, facts = text.partition("|")
        shape = []
        for word in words.replace(",", " ").split():
            for letter in re.findall(_DIM, word):
                sizes.setdefault(letter, int(rng.choice([0, 1, 2, 3], p=[0.1, 0.2, 0.4, 0.3])))
            plain = re.sub(_DIM, lambda m: str(sizes[m[0]]), word)
            plainly = re.fullmatch(r"\d{1,9}([+*-]\d{1,9})*", plain)
            shape.append(int(eval(plain)) if plainly else 2)
        if any(not 0 <= size <= 100 for size in shape) or len(shape) > 4:
            continue
        indices = "index" in facts
        values[name] = rng.integers(0, 3, shape) if indices else rng.standard_normal(shape)
    return values


# -- shorter ones ------------------------------------------------------------------------------------


def smaller(data: Data) -> Iterator[Data]:
    """Data with one thing less."""
    for name in data["then"]:
        yield data | {"then": [other for other in data["then"] if other != name]}
    if data["wrt"] is not None:
        yield data | {"wrt": None}
    for text in shorter(data["text"]):
        yield data | {"text": text}
    for name in data["declared"]:
        yield data | {"declared": {k: v for k, v in data["declared"].items() if k != name}}
    for name, text in data["declared"].items():
        if "|" in text:
            yield data | {"declared": {**data["declared"], name: text.partition("|")[0].strip()}}


def shorter(text: str) -> Iterator[str]:
    """The text without a statement, with a part in place of the whole, or without a stretch."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None or len(text) > 3000:
        for size in (len(text) // 2, len(text) // 4, len(text) // 8, 4, 1):
            if size:
                yield from (text[:at] + text[at + size :] for at in range(0, len(text), size))
        return
    for k in range(len(tree.body) - 1):
        yield "; ".join(ast.unparse(s) for i, s in enumerate(tree.body) if i != k)
    inside = [n for n in ast.walk(tree) if isinstance(n, ast.expr) and not isinstance(n, ast.Name)]
    for node in inside:
        whole = ast.unparse(node)
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.keyword):
                part = part.value
            if isinstance(part, ast.expr) and not isinstance(getattr(part, "ctx", None), ast.Store):
                yield _unparsed(tree).replace(whole, ast.unparse(part), 1)
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                yield _unparsed(tree).replace(f", {ast.unparse(keyword)}", "", 1)


def _unparsed(tree: ast.Module) -> str:
    return "; ".join(ast.unparse(statement) for statement in tree.body)
