"""Names in a generated function: the user's own where Python allows, and each for one thing."""

from __future__ import annotations

import keyword
import re

from minigrad.symbolic.program import Value

# What a generated function uses besides its own names.
_RESERVED = {"np", "math", "float", "dtype"}

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
    "inv": "y",
    "pinv": "y",
    "cholesky": "l",
    "sum": "s",
    "max": "top",
    "multiply": "g",
    "embed": "out",
    "embed_add": "out",
    "scatter": "out",
    "concatenate": "c",
}


def identifier(name: str) -> str:
    """A Python identifier that reads like ``name``: block[0].Q is block_0_Q."""
    safe = re.sub(r"\W+", "_", name.replace("∂", "d").replace("²", "2").replace("'", "_"))
    safe = safe.strip("_") if safe.strip("_") else "x"
    if not safe.isidentifier():
        safe = f"x_{safe}"
    return f"{safe}_" if keyword.iskeyword(safe) or keyword.issoftkeyword(safe) else safe


class Names:
    """The names that are taken, and new ones."""

    def __init__(self) -> None:
        self.taken = set(_RESERVED)

    def unique(self, name: str) -> str:
        """``name`` as an identifier, numbered if it is taken."""
        base = identifier(name)
        chosen, k = base, 1
        while chosen in self.taken:
            k += 1
            chosen = f"{base}_{k}" if base[-1].isdigit() else f"{base}{k}"
        self.taken.add(chosen)
        return chosen

    def fitting(self, value: Value) -> str:
        """A short new name that fits what the value is: capital for a matrix."""
        letter = _LETTERS.get(value.op, "t")
        if value.op == "apply" and isinstance(value.params[0], str):
            letter = _FUNCTION_LETTERS.get(value.params[0], "u")
        if len(letter) == 1 and value.ndim >= 2:
            letter = letter.upper()
        return self.unique(letter)
