"""A slip in the page's words: a heading, and one or two sentences."""

from __future__ import annotations

import re
from collections.abc import Callable

from minigrad.checking.report import Finding

_LONG = 72

Match = re.Match[str]
Words = Callable[[Match], tuple[str, str]]


def slip_words(finding: Finding, of: str) -> tuple[str, str]:
    """What went wrong in the derivative by ``of``: the slip that was found, "" for a text that says no more."""
    if not finding.slip:
        return f"This is not {finding.quantity}", ""
    slip, *others = finding.slip.removesuffix(".").split(", and ")
    heading, text = _first(slip, finding, of)
    rest = " ".join(f"And {other.replace('you are', 'it is')}." for other in others)
    return heading, " ".join(part for part in (text, rest) if part)


def _first(slip: str, finding: Finding, of: str) -> tuple[str, str]:
    for pattern, words in _SAID:
        found = re.fullmatch(pattern, slip)
        if found:
            heading, text = words(found)
            break
    else:
        heading, text = slip, ""
    where = f" in {finding.quantity}"
    heading = heading.removesuffix(where)
    if len(heading) > _LONG:
        heading, text = f"This is not {finding.quantity}", f"{heading}."
    text = text.replace("{of}", of).replace("{times}", _times(finding))
    return heading[0].upper() + heading[1:] if re.match(r"[a-z]{2,} ", heading) else heading, text


def _times(finding: Finding) -> str:
    """How many times the right one an answer is."""
    if finding.ratio is None:
        return "a multiple of"
    if abs(finding.ratio + 1) < 1e-6:
        return "minus"
    minus = "−" if finding.ratio < 0 else ""
    return f"{minus}{finding.factor or f'{abs(finding.ratio):.6g}'} times"


def _factor(found: Match) -> tuple[str, str]:
    sign = "The sign is wrong, and a factor" if found["sign"] else "A factor"
    lacks = found["how"] == "is missing"
    what = f"{found['what']} {'is missing' if lacks else 'does not belong there'}"
    return f"{sign} {what}", "Every entry of yours is {times} the right one."


_SQUARE = "The shapes fit only because two axes are equally long; look at which of them the product sums over."
_ADDED = "Where {of} is used more than once, each use adds a contribution."
_CHAIN = "The chain rule multiplies by the derivative of each function on the way."
_BESIDE = "What stands beside {of} on the way forward is what the gradient is multiplied by."

# What a slip is said as, the first that fits: its heading and its text.
_SAID: tuple[tuple[str, Words], ...] = (
    (
        r"(?P<sign>the sign is wrong and )?you are off by a factor .+?: (?:a )?(?P<what>.+?) "
        r"(?P<how>is missing|is there that does not belong)",
        _factor,
    ),
    (r"the sign is wrong", lambda m: ("The sign is wrong", "Every entry of yours is minus the right one.")),
    (
        r"(the sign is wrong and )?it is .+ times the right one",
        lambda m: ("Off by a constant factor", "Every entry of yours is {times} the right one."),
    ),
    (r"it is zero", lambda m: ("It is zero", "The result does depend on {of}.")),
    (r"it is transposed", lambda m: ("It is transposed", "A gradient by {of} has the shape of {of}.")),
    (r"(\S+) is transposed in .+", lambda m: (f"{m[1]} is turned the wrong way round", _SQUARE)),
    (r"(\S+) stands in .+ where (\S+) is meant", lambda m: (f"{m[1]} stands where {m[2]} is meant", _BESIDE)),
    (r"the path of .+ is missing", lambda m: (m[0], _ADDED)),
    (r"the sign of (.+) (?:is wrong in .+|in .+ is wrong)", lambda m: (f"the sign of {m[1]} is wrong", "")),
    (r"the (\w*sum) term (.+) is missing in .+", lambda m: (f"the term {m[2]} is missing", _summed(m[1]))),
    (r"the derivative of .+", lambda m: (m[0], _CHAIN)),
    (r".+ instead of its derivative", lambda m: (m[0], _CHAIN)),
    (
        r"what was broadcast is not summed",
        lambda m: ("A sum is missing", "What was repeated along an axis on the way forward is summed over it."),
    ),
    (
        r"a mean over (\S+) stands where a sum is meant.*",
        lambda m: (f"a mean over {m[1]} stands where a sum is meant", ""),
    ),
    (r"its shape is (.+), the variable's is (.+)", lambda m: ("The shape does not fit", _shapes(m[1], m[2]))),
    (r"term by term: (.+)", lambda m: ("Some terms are right", f"{m[1]}.")),
    (r"only because of (.+): .+", lambda m: (f"only because of {m[1]}", "This line follows from the right one.")),
)


def _summed(how: str) -> str:
    of = {"rowsum": "a row", "colsum": "a column"}.get(how, "the whole")
    return f"Each entry of {of} acts on all the others there, and this adds it up."


def _shapes(yours: str, right: str) -> str:
    return f"Yours is {yours}; the gradient by {{of}} has the shape of {{of}}, {right}."
