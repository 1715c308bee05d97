"""The table of array operations: what each means, and how it runs in any of the arithmetics.

How it is written stands in `minigrad.source.texts`, and a dialect there says what is its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from minigrad.program import run_arrays as compute
from minigrad.program import run_indexing as places
from minigrad.program.environment import Environment
from minigrad.program.value import Value


class Operation(NamedTuple):
    """One row: what its parameters are, what its result is, and ``run(value, arrays, environment)``.

    ``memory`` is "own" for a new array, "view" for another look at an argument, "either" where that
    depends, "built" for zeros, or a base, and what stands in them, and "none" for what is never computed.
    ``costly`` is what costs more than to read its arguments once and to write its result.
    """

    name: str
    parameters: str
    result: str
    run: Callable[[Value, list[Any], Environment], Any]
    memory: Literal["own", "view", "either", "built", "none"] = "own"
    costly: bool = False


_TABLE = (
    # arguments and numbers
    Operation("variable", "(name,)", "an argument", compute.variable, "none"),
    Operation("number", "(number,)", "an exact number, e.g. 1/2", compute.number, "none"),
    Operation("constant", "(name,)", "pi or E", compute.constant, "none"),
    Operation("size", "(size,)", "the size of an axis as a number", compute.size, "none"),
    # elementwise, broadcast as NumPy does, aligned at the right
    Operation("add", "(coefficients,)", "sum of coefficient * argument", compute.add),
    Operation(
        "multiply", "(coefficient, exponents)", "coefficient * product of argument ** exponent", compute.multiply
    ),
    Operation("apply", "(function,)", "a function of every element", compute.apply),
    Operation("cast", "()", "truth values, or indices, as numbers", compute.cast),
    # axes
    Operation("permute", "(axes,)", "axis k of the result is axes[k]", compute.permute, "view"),
    Operation("expand", "(axes,)", "axes of length 1 put in, counted in the result", compute.expand, "view"),
    Operation("broadcast", "(sizes,)", "repeated to these sizes", compute.broadcast, "view"),
    Operation(
        "diagonal", "(labels,)", "axes of one label merged, in order of appearance", compute.diagonal, "view"
    ),
    Operation("reshape", "(sizes,)", "row-major", compute.reshape, "either"),
    Operation(
        "index", "(entries,)", "per axis an index, or (start, step, length), or None", compute.index, "view"
    ),
    Operation("roll", "(shift, axis)", "elements moved round", compute.roll),
    # along axes
    Operation("sum", "(axes,)", "summed over the axes", compute.sum_, costly=True),
    Operation("max", "(axes,)", "the largest over the axes", compute.max_, costly=True),
    Operation("prod", "(axes,)", "multiplied over the axes", compute.prod, costly=True),
    Operation("logsumexp", "(axes,)", "log of the sum of exp", compute.logsumexp_, costly=True),
    Operation("softmax", "(axes,)", "exp over its own sum, along the axes", compute.softmax_, costly=True),
    Operation("argmax", "(axes,)", "1 at the largest, ties shared", compute.argmax, costly=True),
    Operation(
        "others", "(axes,)", "product of the other elements, along the axes", compute.others_, costly=True
    ),
    Operation("sort", "(axes,)", "ascending along the axis", compute.sorted_, costly=True),
    Operation("argsort", "(axes,)", "the places that sorted elements come from", compute.argsort, costly=True),
    Operation("cumsum", "(axis, reverse)", "running sum", compute.cumsum, costly=True),
    Operation("tril", "(k, upper)", "zero above (below) the k-th diagonal", compute.tril),
    # contractions
    Operation("matmul", "()", "matrix product of the last two axes", compute.matmul, costly=True),
    Operation("matvec", "()", "matrix times vector in the last axes", compute.matvec, costly=True),
    Operation(
        "tensordot", "(axes of a, axes of b)", "summed over pairs of axes", compute.tensordot, costly=True
    ),
    Operation(
        "einsum", "(labels of a, of b, of the result)", "what is none of the above", compute.einsum, costly=True
    ),
    Operation("matrix_function", "(row,)", "a function of the last two axes", compute.matrix_function, costly=True),
    # gathered, joined, put in place
    Operation("take", "(axis,)", "rows of args[0] at args[1]", places.take),
    Operation("points", "(shared,)", "the same, leading axes of both being one", places.points),
    Operation("concatenate", "(axis,)", "end to end", places.concatenate),
    Operation("embed", "(index maps,)", "zeros with args[0] in place", places.embed, "built"),
    Operation("embed_add", "(index maps,)", "args[0] plus args[1] in place", places.embed_add, "built"),
    Operation(
        "scatter", "(count, sizes of the part)", "zeros, the part args[0] added up at args[1:]", places.scatter,
        "built", costly=True,
    ),
    # over the devices of a mesh, in a program of one of them
    Operation("psum", "(axes of the mesh,)", "added up over the devices", compute.on_a_mesh),
    Operation("axis_size", "(axes of the mesh,)", "how many devices there are", compute.on_a_mesh),
    # made of indices
    Operation("arange", "(start, steps)", "start + Σ step · index, over all indices", places.arange),
    Operation("pick", "()", "1 at the indices args[0] of a last axis", places.pick),
    Operation(
        "relation", "(coefficients, constant, sign, modulus, form)", "a 0/1 tensor of indices, where nothing else serves",
        places.relation,
    ),
)
OPERATIONS = {row.name: row for row in _TABLE}
ATOMS = frozenset(row.name for row in _TABLE if row.memory == "none")
# What may share memory with its argument.
VIEWS = frozenset(row.name for row in _TABLE if row.memory in ("view", "either"))
BUILT_UP = frozenset(row.name for row in _TABLE if row.memory == "built")
COSTLY = frozenset(row.name for row in _TABLE if row.costly)
