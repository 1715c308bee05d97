"""The exponential and the square root of a matrix."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import array_or_tensor
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import Tensor
from minigrad.ops import meanings as meaning
from minigrad.ops import shape_messages
from minigrad.ops.axes import plain
from minigrad.ops.scipy_loader import scipy_linalg


def _t(x: Any) -> Any:
    return x.swapaxes(-1, -2)


def _of_each(function: Any, *stacks: Any) -> Any:
    """A function of every matrix of a stack; SciPy's own take one at a time in older releases."""
    if stacks[0].shape[-1] != stacks[0].shape[-2]:
        raise ValueError("the matrix must be square")
    if not stacks[0].size:
        return stacks[0] * 0
    kind = np.result_type(*stacks, np.float16)
    flat = [function(*m) for m in zip(*(s.reshape(-1, *s.shape[-2:]) for s in stacks), strict=True)]
    return np.reshape(flat, stacks[0].shape).astype(kind)


def _expm(x: Any) -> Any:
    return _of_each(scipy_linalg().expm, x)


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


expm = primitive(
    "linalg.expm",
    _expm,
    vjps=(lambda g, y, x: _frechet(_t(x), g) if x.size else g * 0,),
    shape_message=shape_messages.squares,
    domain="real",
    meaning=meaning.expm,
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


sqrtm = primitive(
    "linalg.sqrtm",
    lambda x: _of_each(_root, x),
    vjps=(lambda g, y, x: _sylvester(_t(y), g) if x.size else g * 0,),
    shape_message=shape_messages.squares,
    domain="spd",
    meaning=meaning.sqrtm,
    doc="Principal square root of a matrix, Y Y = X.",
)
