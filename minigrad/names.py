"""What may be a name: of a tensor, a dim, a scope, a symbol, a column, an operation.

Every door through which a name comes in asks here; what leaves is escaped where it is written.
"""

from __future__ import annotations

import re
from keyword import iskeyword

from minigrad.errors import NamingError

LONGEST = 1_000
LONGEST_PATH = 100 * LONGEST  # of names inside each other, each of which came through the door
# Letters of Persian, Indian scripts and emoji are joined or kept apart by these two.
_JOINERS = "\u200c\u200d"
_WITHOUT_JOINERS = dict.fromkeys(map(ord, _JOINERS))
_BREAKS = "\n\v\f\r\x85"
# Letters and marks of which nothing is seen, though Unicode counts them as letters and marks.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
# What is seen only beside something else: joiners, choices of a form, the cell of Braille without a dot.
_BLANK = frozenset(_JOINERS + "".join(map(chr, range(0xFE00, 0xFE10))) + "\u2800")
_KINDS = {
    "Cc": "a control character",
    "Cf": "an invisible character, which could reorder or hide what is printed",
    "Cn": "no character",
    "Co": "a character of private use",
    "Cs": "half of a surrogate pair",
    "Zl": "a line break",
    "Zp": "a line break",
}


def checked_name(name: object, what: str = "name", longest: int = LONGEST) -> str:
    """``name`` itself, where it may be one; ``what`` says in an error whose name it is.

    Raises
    ------
    NamingError
        When it is no text, shows nothing, is longer than ``longest`` characters, or holds line breaks,
        control characters, lone surrogates or other characters that cannot be printed.
    """
    if not isinstance(name, str):
        raise NamingError(f"{what}: a name is a non-empty str, not {_shortened(repr(name))}")
    # the gradient dS of the longest S has a name, too
    if len(name) - name.startswith("d") > longest:
        raise NamingError(
            f"{what}: a name has at most {longest:,} characters, {_shortened(ascii(name))} has "
            f"{len(name):,}; shorten it"
        )
    if not name.isprintable() or not _FILLERS.isdisjoint(name):
        import unicodedata  # Most names are plain.

        for character in name:
            kind = _KINDS.get("Cf" if character in _FILLERS else unicodedata.category(character))
            kind = "a line break" if character in _BREAKS else kind
            if kind is not None and character not in _JOINERS:
                raise NamingError(
                    f"{what}: {_shortened(ascii(name))} is no name: it holds {kind}, "
                    f"U+{ord(character):04X}; leave it out"
                )
    if all(character.isspace() or character in _BLANK for character in name):
        raise NamingError(f"{what}: a name is a non-empty str, not {name!a}; say what it is")
    return name


def checked_path(name: object, what: str) -> str:
    """``name`` itself, where it may be a path: a name, or names inside each other, block[0].Q."""
    return checked_name(name, what, LONGEST_PATH)


def name_in_words(name: object) -> str:
    """A name from elsewhere in the words of an error, whatever its characters."""
    text = str(name)
    return text if text.isprintable() and len(text) <= LONGEST else _shortened(ascii(text))


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:40]}…{text[-10:]}"


_INDEX = re.compile(r"\[\d+\]")
_MARKS = frozenset("ᵀ𝟏")  # signs of the notation that Unicode counts to the letters and digits


def in_formula(name: str) -> str:
    """The name as it stands in a formula: itself where it reads as one word or a path, else in quotes.

    >>> in_formula("layers[0].W"), in_formula("a b"), in_formula("-")
    ('layers[0].W', '"a b"', '"-"')
    """
    plain = name.translate(_WITHOUT_JOINERS) if not name.isascii() else name
    words = _INDEX.sub("", plain).split(".")
    if all(map(str.isidentifier, words)) and _MARKS.isdisjoint(plain):
        return name
    return _quoted(name)


def in_program(name: str) -> str:
    """The same in ASCII formulas, which have Python's grammar: its words are in quotes, too.

    >>> in_program("Ṡ"), in_program("lambda")
    ('S_dot', '"lambda"')
    """
    plain = without_dots(name)
    if iskeyword(plain) or not (plain.isascii() or _is_normal(plain)):
        return _quoted(plain)
    return in_formula(plain)


def _is_normal(name: str) -> bool:
    """Whether Python reads the name as it stands."""
    import unicodedata

    return unicodedata.is_normalized("NFKC", name)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def from_formula(text: str) -> str:
    """The name that stands in a formula as ``text``."""
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] == '"' else text


def differential_name(name: str) -> str:
    """What the gradient by a tensor is called: block.dS for block.S."""
    base, last = parted(name)
    return f"{base}.d{last}" if base else f"d{last}"


def parted(name: str) -> tuple[str, str]:
    """The path before a name and the name itself: block[0].Q is ("block[0]", "Q").

    A dot at an end parts nothing.
    """
    path, _, last = name.rpartition(".")
    return (path, last) if path and last else ("", name)


# One dot above, two, three: how many times a tensor was differentiated along.
_DOTS = ("\u0307", "\u0308", "\u20db")
_UMLAUTS = frozenset("aeiouyAEIOUY")  # with two dots these are letters of their own


def tangent_name(name: str) -> str:
    """What the tangent of a tensor is called: Ṡ for S, Ẇ1 for W1, and S̈ for Ṡ; dṠ for the gradient dS."""
    path, last = parted(name)
    prefix, plain, dots = dotted(last)
    if not dots:
        prefix, plain = ("d", last[1:]) if last[:1] == "d" and last[1:] else ("", last)
    return (f"{path}." if path else "") + _with_dots(prefix, plain, min(dots + 1, len(_DOTS)))


def _with_dots(prefix: str, plain: str, dots: int) -> str:
    import unicodedata  # Most names are plain.

    return unicodedata.normalize("NFC", prefix + plain[:1] + _DOTS[dots - 1] + plain[1:])


def dotted(name: str) -> tuple[str, str, int]:
    """What stands before the letter with dots, the name without them, and how many there are.

    >>> dotted("dṠ"), dotted("Ẇ1"), dotted("S")
    (('d', 'S', 1), ('', 'W1', 1), ('', 'S', 0))
    """
    if name.isascii():
        return "", name, 0
    import unicodedata

    letters = unicodedata.normalize("NFD", name)
    place = 2 if letters[0] == "d" and letters[2:3] in _DOTS else 1
    mark = letters[place : place + 1]
    if mark not in _DOTS or (mark == _DOTS[1] and letters[place - 1] in _UMLAUTS):
        return "", name, 0
    plain = unicodedata.normalize("NFC", letters[place - 1 : place] + letters[place + 1 :])
    return letters[: place - 1], plain, _DOTS.index(mark) + 1


def without_dots(name: str) -> str:
    """The name in plain letters: S_dot for Ṡ, S_ddot for S̈."""
    path, last = parted(name)
    prefix, plain, dots = dotted(last)
    shown = f"{prefix}{plain}_{'d' * (dots - 1)}dot" if dots else last
    return f"{path}.{shown}" if path else shown
