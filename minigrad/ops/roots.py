"""The exponential and the square root of a matrix.

Source: N. J. Higham, Functions of Matrices, SIAM 2008, chapters 3, 6 and 10.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import array_or_tensor
from minigrad.graph.tensor import Tensor
from minigrad.ops.axes import plain
from minigrad.ops.matrix_function import builtin_matrix_function as matrix_function
from minigrad.ops.matrix_function import transposed as _t
from minigrad.ops.scipy_loader import scipy_linalg


def _of_each(function: Any, *stacks: Any) -> Any:
    """A function of every matrix of a stack; SciPy's own take one at a time in older releases."""
    if stacks[0].shape[-1] != stacks[0].shape[-2]:
        raise ValueError("the matrix must be square")
    if not stacks[0].size:
        return stacks[0] * 0
    kind = np.result_type(*stacks, np.float16)
    flat = [function(*m) for m in zip(*(s.reshape(-1, *s.shape[-2:]) for s in stacks), strict=True)]
    return np.reshape(flat, stacks[0].shape).astype(kind)


def _frechet(a: Any, e: Any) -> Any:
    """The Fréchet derivative at A along E: the upper right block of expm [[A, E], [0, A]].

    It is linear in E, which is brought to the size of A first.
    """
    n = a.shape[-1]
    scale = np.max(np.abs(plain(e)), initial=0)
    e = e / (scale if scale > 0 else 1)
    upper = np.concatenate([a, e], -1)
    lower = np.concatenate([a * 0, a], -1)
    return _expm_in_rules(np.concatenate([upper, lower], -2))[..., :n, n:] * scale


expm = matrix_function(
    "linalg.expm",
    lambda x: _of_each(scipy_linalg().expm, x),
    vjp=lambda g, y, x: _frechet(_t(x), g) if x.size else g * 0,
    adjoint=lambda r: r.frechet(r.transposed("X"), r.nodes["G"]),
    sentence="the Fréchet derivative, d expm(X) = L(X, dX), "
    "the upper right block of expm [[X, dX], [0, X]]; its adjoint is L(Xᵀ, dY)",
    digits=lambda mp, x: mp.expm(x),
    inexact="exponentials of rational matrices are not rational",
    single="exp(x)",
    keeps=True,
    text="expm({})",
    dialects={"jax": "jax.scipy.linalg.expm({})", "torch": "torch.linalg.matrix_exp({})"},
    helper="""\
def expm(x):
    norm = np.max(np.sum(np.abs(x), axis=-1), initial=0.0)
    finite = norm if np.isfinite(norm) else 0.0
    halvings = max(0, int(np.ceil(np.log2(max(finite, 1e-300)))) + 2)
    x = x / 2.0**halvings
    term = total = np.zeros_like(x) + np.eye(x.shape[-1])
    for k in range(1, 18):
        term = term @ x / k
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total
""",
    doc="Matrix exponential, Y = I + X + X²/2! + X³/3! + ….",
)
_expm_in_rules = array_or_tensor(expm)


def _root(x: Any) -> Any:
    """The principal square root, which is real where no eigenvalue is negative."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is said below
        y = scipy_linalg().sqrtm(x)
    turned = np.iscomplexobj(y) and np.abs(y.imag).max() > 1e-6 * np.abs(y).max()
    if turned or (np.isfinite(x).all() and not np.isfinite(y).all()):
        raise ArgumentError(
            "linalg.sqrtm: the matrix has no real square root, by a negative eigenvalue or a defect "
            "at 0; add a multiple of the identity"
        )
    return np.real(y)


def _sylvester(a: Any, c: Any) -> Any:
    """The solution W of A W + W A = C, for A a principal square root."""
    sizes = np.linalg.svd(plain(a), compute_uv=False)
    if np.any(sizes[..., -1] <= a.shape[-1] * np.finfo(sizes.dtype).eps * sizes[..., 0]):
        raise ArgumentError(
            "linalg.sqrtm: the matrix is singular, so there is no derivative; add a multiple of "
            "the identity"
        )
    if not (isinstance(a, Tensor) or isinstance(c, Tensor)):
        return _of_each(scipy_linalg().solve_sylvester, a, a, c)
    n, eye = a.shape[-1], np.eye(a.shape[-1], dtype=a.dtype)
    both = np.einsum("...ik,jl->...ijkl", a, eye) + np.einsum("...lj,ik->...ijkl", a, eye)
    square = both.reshape((*a.shape[:-2], n * n, n * n))
    return np.linalg.solve(square, c.reshape((*c.shape[:-2], n * n, 1))).reshape(c.shape)


sqrtm = matrix_function(
    "linalg.sqrtm",
    lambda x: _of_each(_root, x),
    vjp=lambda g, y, x: _sylvester(_t(y), g) if x.size else g * 0,
    adjoint=lambda r: r.sylvester(r.transposed("Y"), r.nodes["G"]),
    sentence="the square root, Y dY + dY Y = dX; the adjoint solves Yᵀ W + W Yᵀ = dY",
    digits=lambda mp, x: mp.sqrtm(x),
    inexact="square roots of rational matrices are not rational",
    single="sqrt(x)",
    keeps=True,
    text="sqrtm({})",
    dialects={
        "jax": """\
def sqrtm(x):
    def step(_, pair):
        y, z = pair
        return (y + jnp.linalg.inv(z)) / 2, (z + jnp.linalg.inv(y)) / 2
    start = x, jnp.zeros_like(x) + jnp.eye(x.shape[-1], dtype=x.dtype)
    return jax.lax.fori_loop(0, 50, step, start)[0]
""",
        "torch": """\
def sqrtm(x):
    y, z = x, torch.zeros_like(x) + torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    for _ in range(50):
        y, z = (y + torch.linalg.inv(z)) / 2, (z + torch.linalg.inv(y)) / 2
    return y
""",
    },
    helper="""\
def sqrtm(x):
    y, z = x, np.zeros_like(x) + np.eye(x.shape[-1])
    for _ in range(100):
        y, z, last = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2, y
        if np.all(np.abs(y - last) <= 4 * np.finfo(y.dtype).eps * np.abs(y).max(initial=0.0)):
            break
    return y
""",
    domain="spd",
    doc="Principal square root of a matrix, Y Y = X.",
)
