"""What may be a name: of a tensor, a dim, a scope, a symbol, a column, an operation.

Every door through which a name comes in asks here; what leaves is escaped where it is written.
"""

from __future__ import annotations

from minigrad.errors import NamingError

LONGEST = 1_000
LONGEST_PATH = 100 * LONGEST  # of names inside each other, each of which came through the door
# Letters of Persian, Indian scripts and emoji are joined or kept apart by these two.
_JOINERS = "\u200c\u200d"
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
