"""Text inside markup: the one place that escapes for XML and HTML, for LaTeX, and for terminals."""

from __future__ import annotations

import re
from html import escape

# XML has no place for these, and no escape for them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Returns, breaks of lines, and what turns the direction of writing of all that follows.
_ORDERS = re.compile("[\r\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Each is read alike by LaTeX and by MathJax in math mode, and joins nothing that follows it.
_LATEX = {
    "\\": r"{\backslash}",
    "{": r"\{",
    "}": r"\}",
    "$": r"{\$}",
    "%": r"\%",
    "#": r"\#",
    "&": r"\&",
    "_": r"\_",
    "^": r"\hat{\ }",
    "~": r"{\sim}",
    "<": "{<}",
    ">": "{>}",
    " ": r"\ ",
    "\t": r"\ ",
    "\n": r"\ ",
}


def printable(text: str) -> str:
    """The text with � for every character that XML has no place for."""
    return _UNPRINTABLE.sub("\ufffd", text)


def xml(text: str) -> str:
    """The text as it stands in XML and HTML, between tags or between quotes."""
    return escape(printable(text))


def latex(text: str) -> str:
    """The text as it stands in LaTeX's math mode, each character as itself."""
    return "".join(_LATEX.get(character, character) for character in printable(text))


def plain(text: str) -> str:
    """The text with � for what would command the terminal: escape sequences, returns, half characters."""
    return _ORDERS.sub("\ufffd", printable(text))
