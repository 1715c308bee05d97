"""Names in a generated function: the user's own where Python allows, and each for one thing."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from collections.abc import Iterable

from minigrad.names import without_dots
from minigrad.program import Value

# What a generated function and the helpers inside it use besides their own names and those of modules,
# in every language.
RESERVED = frozenset(
    {"dtype", "bool", "enumerate", "float", "int", "isinstance", "len", "range", "tuple"}
)
_LONGEST = 60

_FUNCTION_LETTERS = {
    "exp": "e",
    "sigmoid": "p",
    "tanh": "h",
    "log": "l",
}
_LETTERS = {
    "softmax": "p",
    "add": "r",
    "matmul": "m",
    "matvec": "m",
    "sum": "s",
    "max": "top",
    "multiply": "g",
    "embed": "out",
    "embed_add": "out",
    "scatter": "out",
    "concatenate": "c",
}


def identifier(name: str) -> str:
    """A Python identifier that reads like ``name``: block[0].Q is block_0_Q.

    It is normalised as Python normalises names (NFKC), so that two that differ here differ there.
    """
    plain = unicodedata.normalize("NFKC", without_dots(name.replace("∂", "d")))
    kept = "".join(c if f"x{c}".isidentifier() else " " for c in plain)
    safe = unicodedata.normalize("NFKC", re.sub(r"[ _]* [ _]*", "_", kept))
    safe = safe.strip("_")[:_LONGEST].strip("_") or "x"
    if not safe.isidentifier():
        safe = f"x_{safe}"
    return f"{safe}_" if keyword.iskeyword(safe) or keyword.issoftkeyword(safe) else safe


def quoted(text: str) -> str:
    """The text as a Python string in double quotes; JSON's escapes are Python's too."""
    return json.dumps(text, ensure_ascii=False)


def in_docstring(text: str) -> str:
    """The text as it is written between three double quotes."""
    return text.replace("\\", r"\\").replace('"', r"\"")


class Identifiers:
    """The names that are taken, and new ones."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self.taken = {*RESERVED, *reserved}
        self._numbers: dict[str, int] = {}  # the last number that each name was given

    def unique(self, name: str) -> str:
        """``name`` as an identifier, numbered if it is taken."""
        base = identifier(name)
        chosen, k = base, self._numbers.get(base, 1)
        while chosen in self.taken:
            k += 1
            chosen = f"{base}_{k}" if base[-1].isdigit() else f"{base}{k}"
        self._numbers[base] = k
        self.taken.add(chosen)
        return chosen

    def fitting(self, value: Value) -> str:
        """A short new name that fits what the value is: capital for a matrix."""
        letter = _LETTERS.get(value.op, "t")
        if value.op == "apply" and isinstance(value.params[0], str):
            letter = _FUNCTION_LETTERS.get(value.params[0], "u")
        if value.op == "matrix_function":
            letter = value.params[0].letter
        if len(letter) == 1 and value.ndim >= 2:
            letter = letter.upper()
        return self.unique(letter)
