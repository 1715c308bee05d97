"""Functions of a matrix by its power series: the exponential and the square root.

Sources: N. J. Higham, Functions of Matrices, SIAM 2008, chapters 3, 6 and 10.
"""

from __future__ import annotations

import importlib
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from minigrad.index.expr import Expr, Head, Map
from minigrad.index.matrices.inverses import power
from minigrad.index.matrices.parts import READ, frechet, frechet_read, sylvester
from minigrad.index.matrices.rules import Rules
from minigrad.index.matrix_row import matrix_function, same

_EXP = Head("exp", "exp(x)")


def _turned(r: Rules, name: str) -> Expr:
    """The transpose of a named node."""
    return r.product("ij", [(name, "ji")], whole=False)


def _scipy(name: str, x: Any) -> Any:
    """A function of ``scipy.linalg``, loaded on first use, of every matrix of a stack."""
    if not x.size:
        return x
    function = getattr(importlib.import_module("scipy.linalg"), name)
    flat = [function(m) for m in np.reshape(x, (-1, *x.shape[-2:]))]
    if any(map(np.iscomplexobj, flat)) and np.max(np.abs(np.imag(flat))) > 1e-6 * np.max(np.abs(flat)):
        raise np.linalg.LinAlgError("a matrix with a negative eigenvalue has no real square root")
    return np.reshape(np.real(flat), x.shape)


def _of_expm(r: Rules) -> Expr:
    """The Fréchet derivative at Xᵀ along G."""
    return frechet(EXPM, _turned(r, "X"), r.nodes["G"])


EXPM = matrix_function(
    "expm",
    sizes=same,
    of="square",
    floats=lambda x: _scipy("expm", np.asarray(x, float)),
    digits=lambda mp, x: mp.expm(x),
    inexact="exponentials of rational matrices are not rational",
    single=lambda x: Map(_EXP, (x,)),
    adjoint=_of_expm,
    sentence="Fréchet derivative, d expm(X) = L(X, dX), "
    "the upper right block of expm [[X, dX], [0, X]]; its adjoint is L(Xᵀ, dY)",
    keeps=True,
    text="expm({})",
    helper="""\
def expm(x):
    norm = np.max(np.sum(np.abs(x), axis=-1), initial=0.0)
    halvings = max(0, int(np.ceil(np.log2(max(norm, 1e-300)))) + 2)
    x = x / 2.0**halvings
    term = total = np.zeros_like(x) + np.eye(x.shape[-1])
    for k in range(1, 18):
        term = term @ x / k
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total
""",
)
READ["expm_frechet"] = partial(frechet_read, EXPM)


matrix_function(
    "sqrtm",
    sizes=same,
    of="square",
    floats=lambda x: _scipy("sqrtm", np.asarray(x, float)),
    digits=lambda mp, x: mp.sqrtm(x),
    inexact="square roots of rational matrices are not rational",
    single=lambda x: power(x, Fraction(1, 2)),
    adjoint=lambda r: sylvester(_turned(r, "Y"), r.nodes["G"]),
    sentence="square root, Y dY + dY Y = dX; the adjoint solves Yᵀ W + W Yᵀ = dY",
    keeps=True,
    text="sqrtm({})",
    helper="""\
def sqrtm(x):
    y, z = x, np.zeros_like(x) + np.eye(x.shape[-1])
    for _ in range(100):
        y, z, last = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2, y
        if np.all(np.abs(y - last) <= 4 * np.finfo(y.dtype).eps * np.abs(y).max(initial=0.0)):
            break
    return y
""",
)
