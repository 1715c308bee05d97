"""Dims of variables that were not declared, where the expression forces them.

A candidate gives every such variable a number of axes with dims of their own, and runs the text; dims
that meet become one. Of the candidates that run, those follow the custom (capitals are matrices, small
letters vectors or scalars) and repeat least along missing axes; unless one alone is best, the dims are
not forced and the user is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, count, product
from typing import Any

from minigrad.errors import ArgumentError, DimsError, MinigradError, NameClashError, Place
from minigrad.graph import Node, Tensor
from minigrad.graph.undefined import Function
from minigrad.index.size import AnySize, Size, dim
from minigrad.parsing import table
from minigrad.parsing.matlab_text import MatlabText, has_its_words, is_matlab
from minigrad.parsing.printed_program import PrintedProgram, is_printed
from minigrad.parsing.program_text import ProgramText
from minigrad.parsing.variables import Declared, declarations, dims_of, symbol
from minigrad.symbolic.lower import graph_order

_MOST_AXES = 4
_MOST_STATEMENTS = 2_000
_MOST_CANDIDATES = 400
# Signs of NumPy's notation, which no print has outside of sizes, and words of Python's.
_OF_PYTHON = re.compile(r"\*|@|:=|\|\||\.T\b|\b(?:if|else|for|in|and|or|not|is|lambda)\b")
# What people call what they compute of a matrix.
_DERIVED_NAMES = (
    (re.compile(r"([A-Z]\w*?)_?(?:t|T|tr)"), "its transpose", "{}.T"),
    (re.compile(r"([A-Z]\w*?)_?(?:inv|Inv)"), "its inverse", "inv({})"),
)
Program = ProgramText | PrintedProgram
_DIM_NAMES = "nmdpqklrshabcefgijouvwxyz"


class Parsed(Tensor):
    """What a text says; ``inferred`` holds the dims that were not declared but forced.

    ``places`` are the statements: the name that each gives, "" for a result without one, and where it stands.
    """

    __slots__ = ("inferred", "places")
    inferred: Mapping[str, str]
    places: Sequence[tuple[str, Place]]

    def __repr__(self) -> str:
        note = ", ".join(f"{name}={dims!r}" for name, dims in self.inferred.items())
        return super().__repr__() + (f"  # inferred: {note}" if note else "")


def parsed(text: str, variables: Mapping[str, Any]) -> Parsed:
    """The tensor of a text and the variables declared beside it."""
    known, tensors, functions = declarations(variables)
    names = {*known, *tensors, *dims_of(known.values(), tensors.values())}
    program = _program(text, functions, names)
    missing = _undeclared(program, known, tensors)
    found = _Search(program, known, tensors, missing).best() if missing else {}
    result = _run(program, {**known, **found}, tensors)
    answer = Parsed.__new__(Parsed)
    answer._array, answer._node = result._array, result._node
    answer.inferred = {name: what.text() for name, what in found.items()}
    answer.places = program.places()
    return answer


def _program(text: str, functions: Mapping[str, Function], names: Iterable[str]) -> Program:
    """The text in NumPy's notation; what cannot be that, in MATLAB's signs or as formulas print."""
    if isinstance(text, str) and has_its_words(text, {*names, *functions}):
        return MatlabText(text, functions)
    try:
        program = ProgramText(text, functions)
    except ArgumentError as refused:
        if isinstance(text, str) and is_matlab(text):
            return MatlabText(text, functions)
        if not isinstance(text, str) or not is_printed(text):
            raise
        try:
            return PrintedProgram(text, names, functions)
        except ArgumentError:
            if _OF_PYTHON.search(text):
                raise refused from None
            raise
    if program.calls_the_notation():
        return PrintedProgram(program.source.text, names, functions, ascii=True)
    if program.has_places({*names}):
        return PrintedProgram(program.source.text, names, functions)
    return program


def _undeclared(
    program: Program, known: Mapping[str, Declared], tensors: Mapping[str, Tensor]
) -> list[str]:
    dims = dims_of(known.values(), tensors.values())
    missing = []
    for name, node in program.free_names().items():
        if name in known or name in tensors or name in dims or name in table.CONSTANTS:
            continue
        if table.function(name) is not None:
            raise program.source.error(
                f"parse: {name!r} is a function; call it, {name}(...), or declare a variable of that "
                f"name, {name}='n'",
                node,
            )
        if name in table.AMBIGUOUS:
            raise program.source.error(
                f"parse: {name!r} was not declared; {table.AMBIGUOUS[name]}, or declare a variable of that "
                f"name, {name}='n'",
                node,
            )
        missing.append(name)
    for name in missing:
        _refuse_a_derived_name(program, name, {*known, *tensors, *missing} - {name})
    return missing


def _refuse_a_derived_name(program: Program, name: str, variables: set[str]) -> None:
    """``Kt`` beside K is its transpose in the writer's mind, and would be a new variable."""
    if found := derived_name(name, variables):
        of, meant, written = found
        error = program.source.error(
            f"parse: {name!r} was not declared, and {of!r} is a variable; {meant} is written "
            f"{written}, and where {name!r} is a variable of its own it is declared, {name}='m n'",
            program.free_names()[name],
        )
        error.about = name
        raise error


def derived_name(name: str, known: Collection[str]) -> tuple[str, str, str] | None:
    """For a name like Kt beside K: K, "its transpose" and how that is written, K.T."""
    for pattern, meant, written in _DERIVED_NAMES:
        found = pattern.fullmatch(name)
        if found and found[1] in known:
            return found[1], meant, written.format(found[1])
    return None


def _run(program: Program, known: Mapping[str, Declared], tensors: Mapping[str, Tensor]) -> Tensor:
    sizes = dims_of(known.values(), tensors.values())
    values: dict[str, Any] = {name: dim(name) for name in sizes}
    for name, what in known.items():
        if name in sizes and what.sizes:
            raise NameClashError(
                f"parse: {name!r} is a dim and a variable with axes; rename one of them"
            )
        if name not in sizes:
            values[name] = symbol(name, what)
    return program.run({**values, **tensors})


class _Search:
    """The candidates for the undeclared variables, and the choice among them."""

    def __init__(
        self,
        program: Program,
        known: Mapping[str, Declared],
        tensors: Mapping[str, Tensor],
        missing: Sequence[str],
    ) -> None:
        self.program, self.known, self.tensors, self.missing = program, known, tensors, missing
        self.failure: MinigradError | None = None

    def best(self) -> dict[str, Declared]:
        """The dims that the expression forces.

        Raises
        ------
        ArgumentError
            When it forces none, or several fit equally well; the error says what to declare.
        """
        count = len(self.program.statements)
        if count > _MOST_STATEMENTS:
            raise self.unforced(self.missing[0], f" ({count:,} statements are not tried again and again)")
        fitting: list[tuple[tuple[int, int], dict[str, Declared]]] = []
        unusual = None
        for tried, ranks in enumerate(self.candidates()):
            price = sum(
                _unusual(name, rank) for name, rank in zip(self.missing, ranks, strict=True)
            )
            if (fitting and price > (unusual or 0)) or tried > _MOST_CANDIDATES:
                break
            found = self.fit(ranks, keep=not fitting and not price)
            if found is not None:
                unusual = price
                fitting.append(((price, found[0]), found[1]))
        if not fitting:
            assert self.failure is not None
            raise self.failure
        least = min(cost for cost, _ in fitting)
        chosen = [dims for cost, dims in fitting if cost == least]
        self.refuse_a_guess(chosen)
        return self.with_names(chosen[0])

    def candidates(self) -> Iterator[tuple[int, ...]]:
        """Numbers of axes, the customary ones first."""
        if len(self.missing) > 6:
            return self._customary()
        every = product(range(_MOST_AXES + 1), repeat=len(self.missing))
        return iter(sorted(every, key=lambda ranks: sum(map(_unusual, self.missing, ranks))))

    def _customary(self) -> Iterator[tuple[int, ...]]:
        """Of many names, capitals are matrices, but for some that are vectors: one by one, not all at once."""
        capitals = [name for name in self.missing if _is_capital(name)]
        for few in range(len(capitals) + 1):
            for vectors in combinations(capitals, few):
                yield from product(
                    *(
                        (1,) if name in vectors else (2,) if _is_capital(name) else (0, 1)
                        for name in self.missing
                    )
                )

    def fit(self, ranks: Sequence[int], keep: bool) -> tuple[int, dict[str, Declared]] | None:
        """The dims that make the text run with these numbers of axes, and how much it repeats."""
        shapes: dict[str, list[AnySize]] = {
            name: [dim(f"{name}.{axis}") for axis in range(rank)]
            for name, rank in zip(self.missing, ranks, strict=True)
        }
        while True:
            known = {name: Declared(tuple(sizes)) for name, sizes in shapes.items()}
            try:
                result = _run(self.program, {**self.known, **known}, self.tensors)
            except DimsError as error:
                if not _unify(shapes, *error.dims):
                    self.failure = error if keep else self.failure or error
                    return None
            except MinigradError as error:
                self.failure = error if keep else self.failure or error
                return None
            else:
                repeats = _repeats(result)
                if repeats is None:
                    self.failure = self.failure or self.unforced(self.missing[0])
                    return None
                return repeats, known

    def unforced(self, name: str, ways: str = "") -> MinigradError:
        error = self.program.source.error(
            f"parse: the expression does not force the dims of {name!r}{ways}; declare it, "
            f"{name}='' for a scalar, {name}='n' for a vector, {name}='m n' for a matrix",
            self.program.free_names()[name],
        )
        error.about = name
        return error

    def refuse_a_guess(self, chosen: Sequence[Mapping[str, Declared]]) -> None:
        if len(chosen) > 1:
            name = next(n for n in self.missing if len({len(c[n].sizes) for c in chosen}) > 1)
            ways = " or ".join(sorted({_axes(len(c[name].sizes)) for c in chosen}))
            raise self.unforced(name, f": {ways} would do")
        (only,) = chosen
        met: dict[str, int] = {}
        for what in only.values():
            for size in what.sizes:
                for label in size.names() if isinstance(size, Size) else ():
                    met[label] = met.get(label, 0) + 1
        declared = dims_of(self.known.values(), self.tensors.values())
        for name, what in only.items():
            loose = [s for s in what.sizes if isinstance(s, Size) and s.names() - declared]
            if any(met[label] == 1 for s in loose for label in s.names() - declared):
                error = self.program.source.error(
                    f"parse: nothing in the expression says how large {name!r} is; declare it, "
                    f"{name}='n' for a vector, {name}='m n' for a matrix",
                    self.program.free_names()[name],
                )
                error.about = name
                raise error

    def with_names(self, dims: Mapping[str, Declared]) -> dict[str, Declared]:
        """New dims get letters that nothing else is called by."""
        taken = {*dims_of(self.known.values(), self.tensors.values()), *self.known, *self.tensors}
        taken |= set(self.missing) | set(self.program.free_names())
        letters = (c for c in chain(_DIM_NAMES, (f"n{k}" for k in count(1))) if c not in taken)
        names: dict[Size, Size] = {}
        for what in dims.values():
            for size in what.sizes:
                if isinstance(size, Size) and "." in str(size) and size not in names:
                    names[size] = dim(next(letters))
        return {
            name: Declared(tuple(names.get(s, s) if isinstance(s, Size) else s for s in what.sizes))
            for name, what in dims.items()
        }


def _unify(shapes: dict[str, list[AnySize]], a: Any, b: Any) -> bool:
    """Let a dim of an undeclared variable be the other size; False when neither is one."""
    if not _is_open(a):
        a, b = b, a
    if not _is_open(a) or (isinstance(b, Size) and a.names() & b.names()):
        return False
    for sizes in shapes.values():
        sizes[:] = [b if size == a else size for size in sizes]
    return True


def _is_open(size: Any) -> bool:
    return isinstance(size, Size) and size.name is not None and "." in size.name


def _repeats(result: Tensor) -> int | None:
    """How often an operand is repeated along axes it lacks; None when a scalar is reduced.

    None, too, of a result that no variable reaches: nothing in it fits these axes better than others.
    """
    if result._node is None:
        return None
    count = 0
    for node in graph_order([result._node]):
        inputs = [x for x in node.inputs if isinstance(x, Node)]
        if node.op is not None and "axis" in node.params and any(not x.shape for x in inputs):
            return None
        if node.op is not None and node.op.kind == "elementwise" and len(inputs) > 1:
            count += len({len(x.shape) for x in inputs}) - 1
    return count


def _unusual(name: str, rank: int) -> int:
    """How far a number of axes is from what a name suggests."""
    usual = (2,) if _is_capital(name) else (0, 1)
    return min(abs(rank - u) for u in usual)


def _is_capital(name: str) -> bool:
    return name[0].isupper()


def _axes(rank: int) -> str:
    return ("a scalar", "a vector", "a matrix")[rank] if rank < 3 else f"{rank} axes"
