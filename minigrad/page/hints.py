"""Hints to a gradient in three degrees: the rule in words, what it is made of, the formula with a blank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from minigrad.errors import ArgumentError
from minigrad.notation.lines import tree_names
from minigrad.notation.steps import Step
from minigrad.notation.tree import (
    Call,
    Hadamard,
    Indexed,
    MatMul,
    Name,
    Num,
    OwnSymbol,
    Plus,
    Scaled,
    Transposed,
    Tree,
    parts_of,
    with_parts,
)
from minigrad.page.study import Study

DEGREES = (1, 2, 3)
_BLANK = OwnSymbol("□", ascii="?")


def hint(study: Study, step: Step, degree: object) -> dict[str, object]:
    """What helps with a line, the more the higher the degree.

    Raises
    ------
    ArgumentError
        When the degree is none of the three.
    """
    if degree not in DEGREES or isinstance(degree, bool):
        raise ArgumentError(f"turn: hint is {degree!r:.40}; give its degree, 1, 2 or 3")
    text = {1: _rule, 2: _made_of, 3: _with_blank}[int(str(degree))](study, step)
    return {"hint": {"degree": degree, "text": text}}


def _rule(study: Study, step: Step) -> str:
    of = step.line.of
    users = [
        other.line.text()
        for other in study.lines.values()
        if other.forward and of is not None and of in tree_names(other.line.tree) and of != other.line.name
    ]
    # a rule begins with its name; what it says stands behind a comma
    names = [part.split(", ")[0].rstrip(".") for part in step.text.split("; then ")]
    stands = f"{of} stands in {' and in '.join(users)}. " if users else ""
    return f"{stands}{step.heading}: {_small(', then '.join(names))}."


def _made_of(study: Study, step: Step) -> str:
    line = step.line
    shapes = _shapes(study)
    own = shapes.get(line.of or line.name)
    parts = [_with_shape(name, shapes) for name in sorted(tree_names(line.tree) - {line.name, "𝟏"})]
    made = f"It is made of {', '.join(parts)}." if parts else "It is a number."
    like = f"{line.left()} has the shape of {line.of}, {own}. " if line.of and own else ""
    return f"{like}{made} {step.text}"


def _with_blank(study: Study, step: Step) -> str:
    return replace(step.line, tree=blanked(step.line.tree), remark="").text()


def _small(text: str) -> str:
    return text[0].lower() + text[1:] if text[:2] in ("A ", "An", "Th", "Ea", "Bi", "Wi", "Br") else text


def _with_shape(name: str, shapes: Mapping[str, str]) -> str:
    return f"{name} {shapes[name]}" if name in shapes else name


def _shapes(study: Study) -> dict[str, str]:
    """The shapes of tensors and their gradients in the names of dims."""
    reading = study.derivation.reading
    own = {name: node.shape for node, name in reading.lowered.names.items()}
    by = {reading.names.gradient(name): shape for name, shape in own.items()}
    return {
        name: f"({', '.join(map(str, shape))})" if shape else "(a number)" for name, shape in {**by, **own}.items()
    }


def blanked(tree: Tree) -> Tree:
    """The formula with one part blank, the last one that says something."""
    match tree:
        case Plus(terms):
            *first, (sign, last) = terms
            return Plus((*first, (sign, _inside(last))))
        case MatMul((*first, _)):
            return MatMul((*first, _BLANK))
        case Hadamard((*first, last)):
            return replace(tree, up=(*first, blanked(last) if isinstance(last, Plus) else _BLANK))
        case Scaled(body=Plus() | MatMul() | Hadamard() as body):
            return replace(tree, body=blanked(body))
        case Scaled(body=Tree()):
            return replace(tree, body=_BLANK)
        case Scaled(up=(*first, _)):
            return replace(tree, up=(*first, _BLANK))
        case Transposed(body):
            return Transposed(blanked(body))
        case Call(_, args) if args:
            return replace(tree, args=(*args[:-1], _BLANK))
    parts = parts_of(tree)
    if len(parts) == 1 and not isinstance(parts[0], Name | Num | Indexed):
        return with_parts(tree, blanked)
    return _BLANK


def _inside(term: Tree) -> Tree:
    """A term of several parts keeps the others."""
    return blanked(term) if isinstance(term, MatMul | Hadamard | Call) else _BLANK
