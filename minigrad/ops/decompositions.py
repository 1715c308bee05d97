"""Eigenvalues, singular values and orthogonal factors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import ArgumentError, ShapeError, SymbolicError
from minigrad.graph.call import array_or_tensor, face, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.public import public
from minigrad.graph.tensor import Tensor, describe
from minigrad.ops import meanings as meaning
from minigrad.ops import shape_messages
from minigrad.ops.axes import plain
from minigrad.ops.contraction import matmul
from minigrad.ops.joining import concatenate
from minigrad.primitive import INTERNAL


def _t(x: Any) -> Any:
    return x.swapaxes(-1, -2)


def symmetric_matrix(x: Any, uplo: str = "L") -> Any:
    """The symmetric matrix that a caller means: the average with its transpose, or of one triangle.

    What differs from its transpose by rounding or by the step of a finite difference is averaged, so
    that the function is smooth in every element; of a matrix that is not symmetric one triangle is
    read, as NumPy does.
    """
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError("the matrix must be square")
    a = plain(x)
    n = a.shape[-1]
    near = np.abs(a - _t(a)).max((-2, -1), initial=0) <= 1e-3 * np.abs(a).max((-2, -1), initial=0)
    below = np.tri(n) - np.eye(n) / 2
    read = below if uplo == "L" else below.T
    shares = np.where(np.expand_dims(near, (-2, -1)), 0.5, read).astype(x.dtype)
    part = np.where(shares != 0, x, np.zeros((), x.dtype)) * shares
    return part + _t(part)


def symmetric_part(x: Any) -> Any:
    """(X + Xᵀ) / 2, as which a function of symmetric matrices passes a cotangent on."""
    return (x + _t(x)) / 2


@contextmanager
def singular_in_words(name: str, why: str) -> Iterator[None]:
    """Say in a rule's own words that it needs an inverse which does not exist."""
    try:
        yield
    except np.linalg.LinAlgError:
        raise ArgumentError(
            f"{name}: {why}, so there is no derivative; add a multiple of the identity"
        ) from None


def _scaled(x: Any, s: Any) -> Any:
    """X diag(s)."""
    return x * np.expand_dims(s, -2)


def _gaps(w: Any) -> Any:
    """The matrix 1 / (wⱼ − wᵢ), zero on the diagonal."""
    n = w.shape[-1]
    diagonal = np.eye(n, dtype=bool)
    gap = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    return np.where(diagonal, np.zeros((), w.dtype), 1 / np.where(diagonal, 1, gap))


def _vectors_vjp(g: Any, y: Any, x: Any, *, uplo: str) -> Any:
    w = eigvalsh_in_rules(x, uplo=uplo)
    return symmetric_part(y @ (_gaps(w) * (_t(y) @ g)) @ _t(y))


eigenvectors = primitive(
    "linalg.eigenvectors",
    lambda x, *, uplo="L": np.linalg.eigh(symmetric_matrix(x, uplo))[1],
    vjps=(_vectors_vjp,),
    shape_message=shape_messages.squares,
    domain="symmetric",
    meaning=meaning.eigenvectors,
    kinks="the derivative is not finite where eigenvalues coincide",
    doc="Orthonormal eigenvectors of a symmetric matrix, as columns.",
    names=INTERNAL,
)
_eigenvectors = array_or_tensor(eigenvectors)


def _values_vjp(g: Any, y: Any, x: Any, *, uplo: str) -> Any:
    v = _eigenvectors(x, uplo=uplo)
    return _scaled(v, g) @ _t(v)


_eigvalsh = primitive(
    "linalg.eigvalsh",
    lambda x, *, uplo="L": np.linalg.eigvalsh(symmetric_matrix(x, uplo)),
    vjps=(_values_vjp,),
    shape_message=shape_messages.squares,
    domain="symmetric",
    meaning=meaning.eigvalsh,
    doc="Eigenvalues of a symmetric matrix, ascending.",
)
eigvalsh_in_rules = array_or_tensor(_eigvalsh)


def _triangle(uplo: str) -> str:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise ArgumentError(f"linalg.eigh: UPLO is 'L' or 'U', not {uplo!r}")
    return uplo.upper()


@face(_eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Tensor:
    """Eigenvalues, ascending, of a symmetric matrix; the gradient is that of symmetric changes.

    Of a matrix that is not symmetric (by more than a thousandth of its largest element) only one
    triangle, lower ("L") or upper ("U"), is read; the gradient still has half of each element on
    either side.
    """
    return _eigvalsh(a, uplo=_triangle(UPLO))


class EighResult(NamedTuple):
    """Eigenvalues and eigenvectors."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@public("linalg.eigh")
def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues, ascending, and orthonormal eigenvectors; read and differentiated as eigvalsh."""
    x = as_tensor(a, "linalg.eigh")
    uplo = _triangle(UPLO)
    return EighResult(_eigvalsh(x, uplo=uplo), eigenvectors(x, uplo=uplo))


def _matrices(name: str, a: Any) -> Tensor:
    """One matrix or a stack of them."""
    x = as_tensor(a, name)
    if x.ndim < 2:
        raise ShapeError(f"{name}: a matrix is needed, not {describe(x)}; insert an axis")
    return x


def _svd_part(x: Any, *, part: str) -> Any:
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return {"U": u, "S": s, "V": _t(vt)}[part]


def _svd_vjp(g: Any, y: Any, x: Any, *, part: str) -> Any:
    if not x.size:
        return x * 0
    u, s, v = (_svd_in_rules(x, part=p) for p in "USV")
    if part == "S":
        return _scaled(u, g) @ _t(v)
    own, other, rows = (u, v, x.shape[-2]) if part == "U" else (v, u, x.shape[-1])
    skew = _t(own) @ g
    turned = _gaps(s * s) * (skew - _t(skew))
    outside = np.eye(rows, dtype=x.dtype) - own @ _t(own)
    result = _scaled(own @ turned, s) @ _t(other) + _scaled(outside @ g, 1 / s) @ _t(other)
    return result if part == "U" else _t(result)


_svd = primitive(
    "linalg.svd",
    _svd_part,
    vjps=(_svd_vjp,),
    params={"part": "S"},
    domain="invertible",
    meaning=meaning.svd,
    kinks="the derivatives of the vectors are not finite where singular values coincide",
    doc="One part of the thin singular value decomposition X = U diag(S) Vᵀ.",
)
_svd_in_rules = array_or_tensor(_svd)

_svdvals = primitive(
    "linalg.svdvals",
    lambda x: np.linalg.svd(x, compute_uv=False),
    vjps=(lambda g, y, x: _svd_vjp(g, y, x, part="S"),),
    domain="invertible",
    meaning=meaning.svdvals,
    kinks="at a singular value of 0 one of the possible directions is taken",
    doc="Singular values, descending.",
)
svdvals = _svdvals


class SVDResult(NamedTuple):
    """The factors of a singular value decomposition."""

    U: Tensor
    S: Tensor
    Vh: Tensor


@face(_svd)
@worded("linalg.svd")
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """The thin singular value decomposition X = U diag(S) Vᵀ; ``full_matrices`` must be False."""
    x = _matrices("linalg.svd", a)
    if not compute_uv:
        return _svdvals(x)
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise ArgumentError(
            "linalg.svd: the extra columns of full matrices are not determined by x and have no "
            "derivative; pass full_matrices=False"
        )
    return SVDResult(_svd(x, part="U"), _svd(x, part="S"), _svd(x, part="V").swapaxes(-1, -2))


def _qr_part(x: Any, *, part: str) -> Any:
    q, r = np.linalg.qr(x)
    return q if part == "Q" else r


def _copied_lower(m: Any) -> Any:
    """The symmetric matrix that shares the lower triangle of m."""
    return np.tril(m) + _t(np.tril(m, -1))


def _qr_vjp(g: Any, y: Any, x: Any, *, part: str) -> Any:
    if part == "R":
        # Numerically Q from its own factorisation; through R it would lose digits.
        q, r = _qr_in_rules(x, part="Q"), y
        inner = q @ _copied_lower(r @ _t(g))
    else:
        q, r = y, _qr_in_rules(x, part="R")
        inner = g + q @ _copied_lower(-_t(g) @ q)
    with singular_in_words("linalg.qr", "the first columns depend on one another"):
        return _t(np.linalg.solve(r, _t(inner)))


_qr = primitive(
    "linalg.qr",
    _qr_part,
    vjps=(_qr_vjp,),
    params={"part": "R"},
    domain="invertible",
    meaning=meaning.qr,
    doc="One part of the factorisation X = Q R, Q with orthonormal columns, R upper triangular.",
)
_qr_in_rules = array_or_tensor(_qr)


class QRResult(NamedTuple):
    """The factors of a QR factorisation."""

    Q: Tensor
    R: Tensor


def _is_wide(x: Tensor) -> bool:
    """Whether there are more columns than rows; sizes that are only names are taken for a tall matrix."""
    try:
        return int(x.shape[-1]) > int(x.shape[-2])
    except SymbolicError:
        return False


@face(_qr)
@worded("linalg.qr")
def qr(a: Any, mode: str = "reduced") -> Any:
    """The factors of X = Q R, Q with orthonormal columns and R upper triangular.

    Modes "reduced" and "r", as NumPy has them; the columns that must be independent are the first
    ones, as many as there are rows.
    """
    if mode not in ("reduced", "r"):
        raise ArgumentError(f"linalg.qr: mode is 'reduced' or 'r', not {mode!r}")
    x = _matrices("linalg.qr", a)
    rows, wide = x.shape[-2], _is_wide(x)
    square = x[..., :rows] if wide else x
    r = _qr(square, part="R")
    if mode == "r" and not wide:
        return r
    q = _qr(square, part="Q")
    if wide:
        rest = matmul(q.swapaxes(-1, -2), x[..., rows:])
        r = concatenate([r, rest], -1)
    return r if mode == "r" else QRResult(q, r)
