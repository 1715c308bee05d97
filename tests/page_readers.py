"""LaTeX, MathML and Typst read as a reader would, back into the Unicode text that `read_back` evaluates.

Each language is parsed into a few shapes (a row, a fraction, scripts, brackets, a root, blocks), and those are
written in one line. The readers know the grammar of their language and the names of the variables, and nothing
of what wrote the formulas.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from xml.etree import ElementTree


class Shape(NamedTuple):
    """A piece of a page: what it is, its parts, and its characters.

    Kinds: row, frac, scripts (body, low, high), fence (body; text is both brackets), sqrt, table (rows of
    cells), letter, word, number, sign.
    """

    kind: str
    parts: tuple[Any, ...] = ()
    text: str = ""


NOTHING = Shape("row")


def row(parts: Sequence[Shape]) -> Shape:
    return parts[0] if len(parts) == 1 else Shape("row", tuple(parts))


def sign(text: str) -> Shape:
    return Shape("sign", (), text)


def glyph(text: str) -> Shape:
    if text[:1].isdecimal() and text != "𝟏":
        return Shape("number", (), text)
    return Shape("letter" if len(text) == 1 else "word", (), text)


# -- LaTeX -----------------------------------------------------------------------------------------

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|\s+|.", re.S)
_LATEX_SIGNS = {
    r"\,": " ", r"\odot": "⊙", r"\oslash": "⊘", r"\otimes": "⊗", r"\cdot": "·", r"\ge": "≥", r"\le": "≤",
    r"\ne": "≠", r"\partial": "∂", r"\top": "⊤", r"\infty": "∞", r"\bmod": "%", r"\sum": "Σ", r"\qquad": " ",
}  # fmt: skip
_PLAIN = {r"\_": "_", r"\ ": " ", r"\,": "_", r"\{": "{", r"\}": "}", r"\#": "#", r"\&": "&", r"\%": "%"}
_FENCES = {r"\lVert": "‖", r"\rVert": "‖"}


class LatexReader:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def rows(self, *ends: str) -> Shape:
        parts: list[Shape] = []
        while (token := self.peek()) not in ends:
            if not token:
                raise ValueError(f"{ends} is missing")
            if token in ("_", "^", "'"):
                self.scripts(parts)
            else:
                parts.append(self.one())
        return row(parts)

    def scripts(self, parts: list[Shape]) -> None:
        body, low, high = parts.pop(), NOTHING, NOTHING
        if body.kind == "scripts":
            body, low, high = body.parts
        token = self.take()
        if token == "_":
            assert low == NOTHING, "two subscripts"
            low = self.group()
        else:
            assert high == NOTHING or token == "'", "two superscripts"
            high = self.group() if token == "^" else row([*_parts(high), sign("′")])
        parts.append(Shape("scripts", (body, low, high)))

    def group(self) -> Shape:
        assert self.take() == "{"
        inner = self.rows("}")
        self.take()
        return inner

    def raw(self) -> str:
        """The characters of a word."""
        assert self.take() == "{"
        found = ""
        while (token := self.tokens[self.at]) != "}":
            found += _PLAIN.get(token, token)
            self.at += 1
        self.at += 1
        return found

    def one(self) -> Shape:
        token = self.take()
        if token == "{":
            self.at -= 1
            return self.group()
        if token == r"\frac":
            return Shape("frac", (self.group(), self.group()))
        if token == r"\sqrt":
            return Shape("sqrt", (self.group(),))
        if token == r"\left":
            left = self.take()
            inner = self.rows(r"\right")
            self.take()
            return Shape("fence", (inner,), _FENCES.get(left, left) + _FENCES.get(right := self.take(), right))
        if token == r"\mathbin":
            return sign(self.raw())
        if token == r"\mathbf":
            return Shape("letter", (), {"1": "𝟏"}[self.raw()])
        if token in (r"\mathrm", r"\operatorname"):
            return Shape("word", (), self.raw())
        if token == r"\begin":
            return self.table()
        if token in _LATEX_SIGNS:
            return sign(_LATEX_SIGNS[token])
        if token.startswith("\\"):
            return _greek(token[1:]) or Shape("word", (), token[1:])
        return glyph(token) if token.isalnum() else sign(token)

    def table(self) -> Shape:
        assert self.raw() == "bmatrix"
        found: list[list[Shape]] = [[]]
        while True:
            found[-1].append(self.rows("&", r"\\", r"\end"))
            token = self.take()
            if token == r"\\":
                found.append([])
            if token == r"\end":
                assert self.raw() == "bmatrix"
                return Shape("table", tuple(map(tuple, found)))


def _greek(name: str) -> Shape | None:
    try:
        return Shape("letter", (), unicodedata.lookup(f"GREEK SMALL LETTER {name.replace('lambda', 'lamda').upper()}"))
    except KeyError:
        return None


def latex(text: str) -> Shape:
    return LatexReader(text.replace("&=", "=") + "\n").rows("")


# -- MathML ----------------------------------------------------------------------------------------


def mathml(text: str) -> Shape:
    return _element(ElementTree.fromstring(text))


def _element(node: ElementTree.Element) -> Shape:
    tag = node.tag.rpartition("}")[2]
    text = (node.text or "").strip()
    if tag in ("mi", "mn", "mtext"):
        upright = node.get("mathvariant") == "normal" or tag == "mtext"
        return Shape("word", (), text) if upright else glyph(text)
    if tag == "mo":
        return sign({"−": "−", "\u2062": " ", "\u2061": "", "∑": "Σ"}.get(text, text))
    if tag == "mspace":
        return sign(" ")
    if tag == "mtable":
        return Shape("table", tuple(tuple(map(_element, line)) for line in node))
    parts = [_element(child) for child in node]
    if tag == "mtd":
        return row(parts)
    if tag == "mfrac":
        return Shape("frac", tuple(parts))
    if tag == "msqrt":
        return Shape("sqrt", (row(parts),))
    if tag in ("msub", "munder", "msup", "msubsup"):
        body, *scripts = parts
        low = scripts[0] if tag != "msup" else NOTHING
        return Shape("scripts", (body, low, scripts[-1] if "sup" in tag else NOTHING))
    fences = [child for child in node if child.get("fence")]
    if tag == "mrow" and fences:
        assert fences == [node[0], node[-1]], "brackets that are no pair"
        tall = any(e.tag.endswith(("mfrac", "msqrt", "munder", "mtable")) for e in node.iter())
        grows = {fence.get("stretchy") == "true" for fence in fences}
        assert grows == {tall}, "brackets that do not stretch with what is in them"
        inner = row(parts[1:-1])
        return inner if inner.kind == "table" else Shape("fence", (inner,), parts[0].text + parts[-1].text)
    return row(parts)


# -- Typst -----------------------------------------------------------------------------------------

_TYPST = re.compile(r'"(?:\\.|[^"\\])*"|[A-Za-z]+|\d+(?:\.\d+)?|\s+|.', re.S)
_TYPST_WORDS = {"thin": " ", "top": "⊤", "dot": "·", "mod": "%", "sum": "Σ", "quad": " "}


class TypstReader(LatexReader):
    """The same with Typst's calls and parentheses."""

    def __init__(self, text: str) -> None:
        self.tokens, self.at = _TYPST.findall(text), 0

    def group(self) -> Shape:
        assert self.take() == "("
        inner = self.rows(")")
        self.take()
        return inner

    def arguments(self) -> list[Shape]:
        assert self.take() == "("
        found = []
        while True:
            found.append(self.rows(",", ")"))
            if self.take() == ")":
                return found

    def one(self) -> Shape:
        token = self.take()
        if token in ("frac", "sqrt"):
            return Shape(token, tuple(self.arguments()))
        if token in ("norm", "abs"):
            return Shape("fence", tuple(self.arguments()), "‖‖" if token == "norm" else "||")
        if token == "bold":
            assert self.group() == glyph("1")
            return Shape("letter", (), "𝟏")
        if token == "mat":
            return self.table()
        if token in "([":
            closing = ")" if token == "(" else "]"
            inner = self.rows(closing)
            return Shape("fence", (inner,), token + self.take())
        if token[0] == '"':
            return Shape("word", (), re.sub(r"\\(.)", r"\1", token[1:-1]))
        if token == "slash":
            assert (self.take(), self.take()) == (".", "double")
            return sign("//")
        if token == "dif":
            return Shape("word", (), "d")
        if token in _TYPST_WORDS:
            return sign(_TYPST_WORDS[token])
        return glyph(token) if token.isalnum() or token == "𝟏" else sign(token)

    def table(self) -> Shape:
        head = "".join(self.take() for _ in range(5))
        assert head == '(delim:"[",', head
        found: list[list[Shape]] = [[]]
        while True:
            found[-1].append(self.rows(",", ";", ")"))
            token = self.take()
            if token == ";":
                found.append([])
            if token == ")":
                return Shape("table", tuple(map(tuple, found)))


def typst(text: str) -> Shape:
    return TypstReader(text.replace("&=", "=") + "\n").rows("")


# -- in one line -----------------------------------------------------------------------------------


def _parts(shape: Shape) -> tuple[Shape, ...]:
    return shape.parts if shape.kind == "row" else (shape,)


_RAISED = str.maketrans("0123456789-/", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ")
_PRIMES = {"′": "′", "′′": "″", "′′′": "‴"}
_SPACED = set("+⊙⊘⊗≥≤≠=<>")
_OF_PLACES = {"%": " % ", "mod": " % ", "//": " // "}
_KEPT = {"lam": "λ", "eps": "ε"}


def seen(name: str) -> str:
    """What a reader of a page sees of a name: Wq as W with subscript q, mu as μ, a word as it is."""
    path, dot, last = name.rpartition(".")
    found = re.fullmatch(r"([^\W\d_])(\d+|[^\W\d_])|([^\W\d_]+)_([^\W_]+)", last)
    greek = _KEPT.get(last) or (shape.text if len(last) > 1 and (shape := _greek(last)) else "")
    numbered = re.fullmatch(r"([^\W\d_]{2,})(\d+)", last)
    base, low = (found[1] or found[3], found[2] or found[4]) if found and not greek else (greek or last, "")
    if numbered and (greek := _KEPT.get(numbered[1]) or (s.text if (s := _greek(numbered[1])) else "")):
        base, low = greek, numbered[2]
    return path + dot + (f"{base}_{low}" if low else base)


@dataclass
class Writer:
    """Shapes in one line; ``ndims`` are the axes of the arrays that are known, by name."""

    ndims: Mapping[str, int]
    names: Collection[str]
    dims: Collection[str]

    def __post_init__(self) -> None:
        self.table = {seen(name): name for name in (*self.dims, *self.names)}

    def line(self, shape: Shape, total: int) -> str:
        """``name[places] = right``, the value having so many axes; a remark at the end is left out."""
        parts = _parts(shape)
        at = parts.index(sign("="))
        right = list(parts[at + 1 :])
        if len(right) > 1 and right[-1].kind == "word" and right[-1].text[:1] == "(":
            del right[-1]  # a remark
        while right[-1] == sign(" "):
            del right[-1]
        return f"{self.left(row(parts[:at]), total)} = {self.row(row(right))}"

    def left(self, shape: Shape, total: int) -> str:
        if shape.kind == "frac":
            name, places = self.derivative(shape, total)
            return name + _placed(places)
        return self.row(shape)

    def derivative(self, shape: Shape, total: int | None = None) -> tuple[str, list[str]]:
        """What a quotient of ∂ is called, and its indices: those of the loss have none."""
        (upper,), lower = self.partials(shape.parts[0]), self.partials(shape.parts[1])
        by = [one for one in lower for _ in range(one[2])]
        if upper[0] == "L" and len(by) == 1:
            path, _, last = by[0][0].rpartition(".")
            return (f"{path}.d{last}" if path else f"d{last}"), by[0][1]
        order = f"{len(by)}".translate(_RAISED) if len(by) > 1 else ""
        names: list[tuple[str, int]] = []
        for name, _, _ in by:
            if names and names[-1][0] == name:
                names[-1] = name, names[-1][1] + 1
            else:
                names.append((name, 1))
        below = "".join(f"∂{n}" + (str(k).translate(_RAISED) if k > 1 else "") for n, k in names)
        places: list[str] = []
        known = sum(self.ndims[name] for name, _, _ in by)
        for name, own, _ in [upper, *by]:
            size = self.ndims[name] if places or name != upper[0] or total is None else total - known
            size = self.ndims.get(name, size) if name != upper[0] else (total or 0) - known
            places += [*own, *[":"] * (size - len(own))]
        return f"∂{order}{upper[0]}/{below}", places

    def partials(self, shape: Shape) -> list[tuple[str, list[str], int]]:
        """The names behind each ∂, their indices, and how often."""
        found: list[tuple[str, list[str], int]] = []
        run: list[Shape] = []
        for part in [*_flat(shape), sign("∂")]:
            body = part.parts[0] if part.kind == "scripts" else part
            if body == sign("∂"):
                if run:
                    found.append(self.variable(run))
                run = []
            elif part != sign(" "):
                run.append(part)
        return found

    def variable(self, run: Sequence[Shape]) -> tuple[str, list[str], int]:
        path = run[0].text if len(run) == 2 else ""
        body, low, high = run[-1].parts if run[-1].kind == "scripts" else (run[-1], NOTHING, NOTHING)
        name, places = self.named(path, body, low)
        return name, places, int(high.text or 1)

    def named(self, path: str, body: Shape, low: Shape) -> tuple[str, list[str]]:
        """A symbol's name, and the indices that stand below it."""
        first, *rest = _split(low) if low != NOTHING else [[]]
        own = f"{path}{body.text}_{''.join(s.text for s in first)}"
        if first and own in self.table:
            return self.table[own], self.places(rest)
        groups = [first, *rest] if first else []
        return self.table.get(path + body.text, path + body.text), self.places(groups)

    def places(self, groups: Sequence[Sequence[Shape]]) -> list[str]:
        """Each place as text; letters that stand alone in a group side by side are places of their own."""
        if len(groups) == 1 and all(s.kind in ("letter", "number") for s in groups[0]):
            return [self.table.get(s.text, s.text) if s.kind == "letter" else s.text for s in groups[0]]
        return [self.size(row(group)) for group in groups]

    def size(self, shape: Shape) -> str:
        """Arithmetic of dims and indices: n*d, 2 - n, 1:-1."""
        text = ""
        for part in _flat(shape):
            if part.kind == "scripts":
                text += self.named("", *part.parts[:2])[0]
            elif part.kind == "fence":
                text += f"({self.size(part.parts[0])})"
            elif part.kind == "sign":
                unary = not text or text[-1] in ":,("
                minus = "-" if unary else " - "
                text += {" ": "*", ",": ", ", "−": minus, "-": minus, "+": " + ", **_OF_PLACES}.get(
                    part.text, part.text
                )
            else:
                text += self.table.get(part.text, part.text)
        return text

    # -- the right side --------------------------------------------------------------------------------

    def row(self, shape: Shape) -> str:
        text, path = "", ""
        parts = list(_parts(shape))
        k = 0
        while k < len(parts):
            part = parts[k]
            after = parts[k + 1] if k + 1 < len(parts) else NOTHING
            if part.kind == "word" and part.text == "d" and _is_symbol(after):
                # ∂ of the loss, d of what the scripts' body is called
                text, k = text + self.gradient(path, after), k + 2
                path = ""
                continue
            if part.kind == "word" and part.text.endswith("."):
                path, k = part.text, k + 1
                continue
            if part.kind == "sign":
                text += self.sign(part.text, text)
            else:
                text += self.one(part, path)
                path = ""
            k += 1
        return re.sub(r"(\d)·10\^\{([^}]*)\}", r"\1e\2", text).replace("10^{", "1e").replace("}", "")

    def gradient(self, path: str, shape: Shape) -> str:
        body, low, high = shape.parts if shape.kind == "scripts" else (shape, NOTHING, NOTHING)
        assert high == NOTHING, "dS with a superscript reads as d of what is raised"
        name, places = self.named(path, body, low)
        before, _, last = name.rpartition(".")
        return (f"{before}.d{last}" if before else f"d{last}") + _placed(places)

    def sign(self, text: str, before: str) -> str:
        if text in ("-", "−"):
            after = (", ", "; ", "(", "[", *(f" {mark} " for mark in _SPACED))
            unary = not before or before.endswith(after)
            return "−" if unary else " − "
        if text == ",":
            return ", "
        if text in _SPACED:
            return f" {text} "
        return _OF_PLACES.get(text, text)

    def one(self, shape: Shape, path: str = "") -> str:
        kind, parts, text = shape
        if kind == "row":
            return self.row(shape)
        if kind == "fence":
            return self.fence(parts[0], text)
        if kind == "sqrt":
            return f"√({self.row(parts[0])})"
        if kind == "table":
            return f"[{(', ' if len(parts) == 1 else '; ').join(self.row(cell) for line in parts for cell in line)}]"
        if kind == "frac":
            if _begins(parts[0], "∂"):
                name, places = self.derivative(shape)
                return name + _placed(places)
            return f"(({self.row(parts[0])}) / ({self.row(parts[1])}))"
        if kind == "scripts":
            return self.scripts(path, *parts)
        return self.table.get(path + text, path + text)

    def fence(self, body: Shape, marks: str) -> str:
        inside = self.row(body)
        if marks == "()" and re.search(r", ", inside) and not re.search(r"[^\w ,()*+−-]", inside):
            cells = _split(body)
            if all(map(self.is_size, cells)):
                inside = ", ".join(self.size(row(cell)) for cell in cells)
        return marks[0] + inside + marks[1]

    def is_size(self, cell: Sequence[Shape]) -> bool:
        names = (self.named("", *s.parts[:2])[0] if s.kind == "scripts" else s.text for s in cell)
        pairs = zip(cell, names, strict=True)
        return all(s.kind in ("number", "sign", "fence") or name in self.dims for s, name in pairs)

    def scripts(self, path: str, body: Shape, low: Shape, high: Shape) -> str:
        if body == sign("Σ"):
            letters = self.places(_split(low))
            return f"Σ_{('' if all(len(x) == 1 for x in letters) else ',').join(letters)} "
        if body == glyph("10") and high != NOTHING:
            return f"10^{{{self.size(high)}}}"
        if body == sign("∂"):
            return f"∂{_lowered(low)}" + (high.text.translate(_RAISED) if high != NOTHING else "")
        if body == glyph("e") and low != NOTHING and "e" not in self.table:
            inner = self.row(low) if any(s.kind == "fence" for s in _flat(low)) else self.size(low)
            place = f"({inner})" if re.search(r"[*+ -]", inner) and "(" not in inner else inner
            return f"e_{place}{_high(high)}"
        if body.kind == "word" and low != NOTHING and path + f"{body.text}_{self.size(low)}" not in self.table:
            return self.function(body.text, low)
        if body.kind in ("letter", "word"):
            name, places = self.named(path, body, low)
            shown = name + _placed(places)
        else:
            shown = self.one(body, path) + (_placed(self.places(_split(low))) if low != NOTHING else "")
        return shown + _high(high)

    def function(self, name: str, low: Shape) -> str:
        inner = ",".join(self.size(row(group)) for group in _split(low))
        if name == "step":
            return "step½"
        return f"put[{inner}]" if ":" in inner else f"{name}_{inner}"


def _placed(places: Sequence[str]) -> str:
    while places and places[-1] == ":":
        places = places[:-1]
    if not places:
        return ""
    return f"_{''.join(places)}" if all(len(p) == 1 and p != ":" for p in places) else f"[{','.join(places)}]"


def _high(high: Shape) -> str:
    text = "".join(part.text for part in _flat(high)).replace("−", "-")
    if text.startswith("⊙"):
        return f"^⊙({text[1:]})" if "/" in text else f"^{text}"
    return _PRIMES.get(text) or text.replace("⊤", "ᵀ").translate(_RAISED)


def _lowered(low: Shape) -> str:
    return low.text.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _flat(shape: Shape) -> Iterator[Shape]:
    if shape.kind == "row":
        for part in shape.parts:
            yield from _flat(part)
    else:
        yield shape


def _split(shape: Shape) -> list[list[Shape]]:
    """At the commas."""
    found: list[list[Shape]] = [[]]
    for part in _flat(shape):
        if part == sign(","):
            found.append([])
        else:
            found[-1].append(part)
    return found


def _begins(shape: Shape, mark: str) -> bool:
    first = next(_flat(shape), NOTHING)
    return (first.parts[0] if first.kind == "scripts" else first) == sign(mark)


def _is_symbol(shape: Shape) -> bool:
    body = shape.parts[0] if shape.kind == "scripts" else shape
    return body.kind in ("letter", "word")


READERS = {"latex": latex, "mathml": mathml, "typst": typst}
