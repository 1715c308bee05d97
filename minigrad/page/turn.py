"""The reader's own derivative of a line: right or wrong, by which slip, beside the right one in numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.api import check, derive
from minigrad.checking import Report
from minigrad.checking.notebook import Notebook
from minigrad.checking.replay import Replay
from minigrad.errors import ArgumentError, MinigradError, Place, ShapeError
from minigrad.graph import Node
from minigrad.notation.lines import tree_names
from minigrad.notation.steps import Step
from minigrad.page.compared import different, ratio, where
from minigrad.page.faults import fault
from minigrad.page.hints import hint
from minigrad.page.numbers import Numbers, numbers_of, told
from minigrad.page.question import Question
from minigrad.page.slip_words import slip_words
from minigrad.page.study import Study

LONGEST_ANSWER = 2_000
_WORD = re.compile(r"[^\W\d]\w*")
# As formulas are printed, and as Python writes the same.
_IN_PYTHON = (("−", "-"), ("⊙", "*"), ("⊘", "/"), ("·", "*"), ("ᵀ", ".T"))
_YOURS = "yours"
_AXIS = re.compile(r"(axis\s*=\s*-?\d)\s*\)")
_KEPT = "Without it the sums lie in a row, and each meets a column in place of the row that it belongs to."
_SECONDS = 2.5  # for witnesses and for slips, of which there are many


@dataclass(frozen=True)
class _Asked:
    """What is asked for: a line, its tensor (None for a result of higher order), and what it is called."""

    step: Step
    key: str
    of: str | None
    called: str


def turn(study: Study, question: Question, how: Mapping[str, Any]) -> dict[str, Any]:
    """The part `turn` of an answer: an answer judged, or a hint.

    Raises
    ------
    ArgumentError
        When nothing of the program is called as asked, or there is no answer and no hint.
    """
    asked = _asked(study, how.get("of"))
    if "hint" in how:
        return hint(study, asked.step, how["hint"])
    answer = how.get("answer")
    if not isinstance(answer, str) or len(answer) > LONGEST_ANSWER:
        raise ArgumentError(f"turn: the answer is {answer!r:.40}; give a text of at most {LONGEST_ANSWER} characters")
    if not answer.strip():
        return _unjudged("unreadable", "Nothing is written", "Write the gradient in NumPy notation.")
    cleaned = _cleaned(study, answer, asked)
    refused = _refused(study, asked, cleaned.text, how.get("given"))
    if refused:
        return refused
    try:
        text, report = _judged(study, question, asked, cleaned.text)
    except MinigradError as error:
        return _unreadable(error, cleaned.place(error.place))
    numbers = numbers_of(study, question)
    right = _right(study, numbers, asked)
    yours = _on_the_page(study, numbers, asked, text, right)
    found = _told(report, asked, yours, right, numbers)
    if found["verdict"] == "wrong" and found["different"]:
        kept = _on_the_page(study, numbers, asked, _AXIS.sub(r"\1, keepdims=True)", text), right)
        if kept is not None and kept.shape == right.shape and not different(kept, right):
            found |= {"heading": "keepdims=True is missing", "text": _KEPT}
    return found


# -- what is asked -------------------------------------------------------------------------------------------


def _asked(study: Study, of: object) -> _Asked:
    """The line of a tensor's gradient, by the tensor's name or the line's."""
    backward = {key: step for key, step in study.lines.items() if not step.forward}
    if not isinstance(of, str):
        raise ArgumentError(f"turn: of is {of!r:.40}; name the tensor whose gradient is asked for")
    for key, step in backward.items():
        if step.line.of == of:
            return _Asked(step, key, of, step.line.name)
    names = [*study.derivation.reading.lowered.names.values()]
    if of in backward:
        step = backward[of]
        return _Asked(step, of, step.line.of, step.line.name)
    if of not in names:
        known = ", ".join([*names, *backward])
        raise ArgumentError(f"turn: nothing is called {of!r:.40}; known are {known}")
    if study.output.shape:
        raise ArgumentError(f"turn: the result has axes, so there is no gradient by {of}, only a Jacobian")
    step = derive(study.output, of).steps[-1]
    return _Asked(step, of, of, step.line.name)


@dataclass(frozen=True)
class _Text:
    """An answer's right side with dT for ∂L/∂T; ``at`` says where each of its characters stood."""

    text: str
    at: tuple[int, ...]

    def place(self, place: Place | None) -> Place | None:
        """Where that stands in the answer as it was given."""
        if place is None or place.line != 1 or not self.at:
            return place
        return Place(1, self.at[min(place.column - 1, len(self.at) - 1)] + 1, place.length)


def _cleaned(study: Study, answer: str, asked: _Asked) -> _Text:
    loss = re.escape(study.output_name)
    gradient = study.derivation.reading.names.gradient
    at = list(range(len(answer)))
    for found in reversed([*re.finditer(rf"(?:∂{loss}/∂|\bd{loss}/d)([^\W\d]\w*)", answer)]):
        name = gradient(found[1])
        answer = answer[: found.start()] + name + answer[found.end() :]
        at[found.start() : found.end()] = [found.start()] * len(name)
    # an index formula says on its left what its letters are
    head, sign, tail = answer.partition("=")
    start = 0
    if sign and not tail.startswith("=") and head.strip() in (asked.called, f"d{asked.of}"):
        start = len(head) + 1
    start += len(answer[start:]) - len(answer[start:].lstrip())
    text, left = answer[start:].rstrip(), ""
    if any(asked.step.line.places) and "=" not in text:
        left = f"{asked.step.line.left()} = "
    return _Text(left + text, (*[start] * len(left), *at[start:]))


def _refused(study: Study, asked: _Asked, text: str, given: object) -> dict[str, Any] | None:
    """An answer that names what is asked for, or what the reader cannot know yet."""
    words = set(_WORD.findall(text))
    if asked.called in words and asked.called not in _tensors(study):
        why = "An answer says it in terms of what comes before it."
        return _unjudged("unreadable", f"{asked.called} is what is asked for", why)
    if not isinstance(given, list | tuple):
        return None
    for key, step in study.lines.items():
        if not step.forward and key in words and key not in given and key not in _tensors(study):
            return _unjudged(
                "unreadable", f"{key} is not known yet", f"It comes after {asked.called} on the way back."
            )
    return None


def _tensors(study: Study) -> set[str]:
    return set(study.derivation.reading.lowered.names.values())


# -- judged --------------------------------------------------------------------------------------------------


def _judged(study: Study, question: Question, asked: _Asked, text: str) -> tuple[str, Report]:
    """The report on an answer, as it is written, else with printed signs as Python writes them."""
    first: MinigradError | None = None
    for spelled in dict.fromkeys((text, _in_python(text))):
        try:
            return spelled, _report(study, question, asked, spelled)
        except MinigradError as error:
            first = first or error
    assert first is not None
    raise first


def _in_python(text: str) -> str:
    for printed, python in _IN_PYTHON:
        text = text.replace(printed, python)
    return text


def _report(study: Study, question: Question, asked: _Asked, text: str) -> Report:
    pieces = _pieces(study, asked, text)
    key, order = _key(study, asked)
    wrt = list(dict.fromkeys(key))
    claims: Any = text
    if len(wrt) > 1:  # the other pairs stand there right
        claims = {
            pair: text if pair == key else formula.line.text().partition(" = ")[2]
            for pair, formula in study.derivation.items()
            if isinstance(pair, tuple) and set(pair) <= set(wrt)
        }
    # one sample finds nearly all that is wrong; what passes is judged as usual
    for seeds in (1, None):
        report = check(
            study.output,
            wrt=wrt,
            against=claims,
            given=pieces,
            order=order,
            seed=question.seed % 2**31,
            seeds=seeds,
            seconds=_SECONDS,
            progress=False,
        )
        if report.verdict != "pass":
            break
    return report


def _key(study: Study, asked: _Asked) -> tuple[tuple[str, ...], int]:
    """By what is differentiated, and how many times."""
    if asked.of is not None:
        return (asked.of,), 1
    for key, formula in study.derivation.items():
        if formula.name == asked.step.line.name:
            names = tuple(map(str, key if isinstance(key, tuple) else (key,)))
            order = study.derivation.order
            return names * order if len(names) < order else names, order
    raise ArgumentError(f"turn: {asked.called} is a part that other lines name; ask for a gradient")


def _pieces(study: Study, asked: _Asked, text: str) -> dict[str, str]:
    """What an answer names that a check by ``of`` alone does not know: parts with a name, gradients beside the way."""
    above = _above(study, asked.of)
    unknown = {
        key: step
        for key, step in study.lines.items()
        if not step.forward and key != asked.key and _WORD.fullmatch(key) and step.line.of not in above
    }
    found: dict[str, str] = {}
    waiting = list(_WORD.findall(text))
    while waiting:
        name = waiting.pop()
        if name in unknown and name not in found and name not in _tensors(study):
            line = unknown[name].line
            found[name] = line.text()
            waiting.extend(tree_names(line.tree))
    return found


def _above(study: Study, of: str | None) -> set[str]:
    """The tensors between ``of`` and the result, whose gradients a check by it knows."""
    names = study.derivation.reading.lowered.names
    reached = {node for node, name in names.items() if name == of}
    for node in Replay(study.derivation.reading.node, {}).order:
        if any(isinstance(x, Node) and x in reached for x in node.inputs):
            reached.add(node)
    return {names[node] for node in reached if node in names}


# -- in numbers ----------------------------------------------------------------------------------------------


def _right(study: Study, numbers: Numbers, asked: _Asked) -> Any:
    if asked.of in numbers.gradients:
        return np.asarray(numbers.gradients[asked.of])
    found = numbers.lines.get(asked.key)
    return None if found is None else np.asarray(found)


def _on_the_page(study: Study, numbers: Numbers, asked: _Asked, text: str, right: Any) -> Any:
    """What an answer gives on the page's numbers; None where it gives nothing."""
    if right is None:
        return None
    gradient = study.derivation.reading.names.gradient
    lines = {key: numbers.lines[key] for key, step in study.lines.items() if not step.forward and key in numbers.lines}
    known = {**lines, **{gradient(name): array for name, array in numbers.gradients.items()}}
    known = {name: array for name, array in known.items() if name not in _tensors(study)}
    shape = right.shape[len(numbers.sample.output.shape) :]
    try:
        with np.errstate(all="ignore"):
            yours = np.asarray(Notebook(numbers.sample, known).evaluate(text, asked.called, shape), dtype=float)
    except MinigradError:
        return None
    if yours.shape != right.shape and [s for s in yours.shape if s != 1] == [s for s in right.shape if s != 1]:
        return yours.reshape(right.shape)
    return np.zeros(right.shape) if not yours.ndim and yours == 0 else yours


# -- what is said --------------------------------------------------------------------------------------------


def _told(
    report: Report, asked: _Asked, yours: Any, right: Any, numbers: Numbers
) -> dict[str, Any]:
    arrays = {"yours": None if yours is None else told(yours), "right": None if right is None else told(right)}
    if report.verdict == "pass":
        witnesses = [w for w in _witnesses(report) if w != _YOURS]
        text = f"It agrees with {_listed(witnesses)}." if witnesses else "It agrees with what was derived."
        return {"verdict": "right", "heading": "Right", "text": text, **arrays, "different": [], "ratio": None}
    finding = report.findings[-1]
    if report.verdict == "inconclusive" or finding.verdict != "fail":
        text = " ".join(f"{note}." for note in report.notes[:2]) or "No witness could judge it."
        return _unjudged("open", "This could not be decided", text) | arrays
    places = [] if right is None else different(yours, right)
    heading, text = slip_words(finding, asked.of or "the variable")
    text = text or where(places, yours, right)
    if right is not None and yours is not None and yours.shape == right.shape and not places:
        text += " On these numbers both give the same, on others they do not."
    factor = None if right is None else ratio(yours, right, finding, numbers.sizes)
    return {
        "verdict": "wrong",
        "heading": heading,
        "text": text.strip(),
        **arrays,
        "different": places,
        "ratio": factor,
    }


def _witnesses(report: Report) -> Iterator[str]:
    """Who agrees with the answer, each once."""
    agreeing = [c for c in report.comparisons if c.verdict == "pass" and _YOURS in (c.first, c.second)]
    yield from dict.fromkeys(name for c in agreeing for name in (c.first, c.second))


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _unjudged(verdict: str, heading: str, text: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"yours": None, "right": None, "different": [], "ratio": None}
    return {"verdict": verdict, "heading": heading, "text": text, **empty}


def _unreadable(error: MinigradError, place: Place | None) -> dict[str, Any]:
    """An answer that cannot be read, with its place; one whose shapes do not fit is read, and wrong."""
    said = re.sub(r"^check: (?:\S+: )*", "", str(error).split("\n")[0]).replace(" float64", "")
    wrong = isinstance(error, ShapeError)
    found = fault((ShapeError if wrong else ArgumentError)(said))
    heading, text = found["heading"], found["text"]
    first, comma, rest = heading.partition(", ")
    if wrong and comma:
        heading, text = first, f"{rest}. {text}".strip()
    heading = heading[0].upper() + heading[1:] if re.match(r"[a-z]{2,} ", heading) else heading
    stands = place._asdict() if place else {"line": None, "column": None, "length": None}
    return _unjudged("wrong" if wrong else "unreadable", heading, text) | stands
