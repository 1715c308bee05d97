"""Initial weights, as NumPy arrays drawn from a generator: ``mg.nn.init``.

A weight of shape (n_in, n_out) multiplies from the right, y = x W. Leading axes, as of heads, are
separate weights; a vector of n weights maps n inputs to one output.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from minigrad.elsewhere import of_module
from minigrad.errors import ArgumentError, ShapeError
from minigrad.limits import check_bytes
from minigrad.nn.elsewhere import INIT

__all__ = [
    "fans",
    "he",
    "he_normal",
    "he_uniform",
    "lecun",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

Shape = int | Sequence[int]


def normal(
    shape: Shape, rng: np.random.Generator, std: float = 1.0, mean: float = 0.0
) -> NDArray[np.float64]:
    """Gaussian weights, W ~ N(mean, std²)."""
    return _generator("normal", rng).normal(mean, std, _allowed("normal", shape))


def uniform(shape: Shape, rng: np.random.Generator, bound: float = 1.0) -> NDArray[np.float64]:
    """Uniform weights, W ~ U(−bound, bound), of variance bound²/3."""
    return _generator("uniform", rng).uniform(-bound, bound, _allowed("uniform", shape))


def xavier_uniform(
    shape: Shape, rng: np.random.Generator, gain: float = 1.0
) -> NDArray[np.float64]:
    """W ~ U(−a, a) with a = gain · √(6 / (n_in + n_out)).

    Keeps the variance of values forward and of gradients backward as even as one number can.
    Source: X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward
    neural networks, AISTATS 2010, equation 16.

    Raises
    ------
    ShapeError
        When the shape has no axes.
    """
    n_in, n_out = fans(shape)
    return uniform(shape, rng, gain * math.sqrt(6 / (n_in + n_out)))


def xavier_normal(shape: Shape, rng: np.random.Generator, gain: float = 1.0) -> NDArray[np.float64]:
    """W ~ N(0, s²) with s = gain · √(2 / (n_in + n_out)).

    Source and errors as for :func:`xavier_uniform`.
    """
    n_in, n_out = fans(shape)
    return normal(shape, rng, gain * math.sqrt(2 / (n_in + n_out)))


def he_normal(shape: Shape, rng: np.random.Generator) -> NDArray[np.float64]:
    """W ~ N(0, 2 / n_in), which keeps the variance through layers of relu.

    Source: K. He, X. Zhang, S. Ren and J. Sun, Delving Deep into Rectifiers, ICCV 2015,
    equation 10.

    Raises
    ------
    ShapeError
        When the shape has no axes.
    """
    return normal(shape, rng, math.sqrt(2 / fans(shape)[0]))


def he_uniform(shape: Shape, rng: np.random.Generator) -> NDArray[np.float64]:
    """W ~ U(−a, a) with a = √(6 / n_in), of the variance of :func:`he_normal`; so are its errors."""
    return uniform(shape, rng, math.sqrt(6 / fans(shape)[0]))


def lecun_normal(shape: Shape, rng: np.random.Generator) -> NDArray[np.float64]:
    """W ~ N(0, 1 / n_in), which keeps the variance through linear layers.

    Source: Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, Efficient BackProp, 1998, equation 16.

    Raises
    ------
    ShapeError
        When the shape has no axes.
    """
    return normal(shape, rng, math.sqrt(1 / fans(shape)[0]))


def lecun_uniform(shape: Shape, rng: np.random.Generator) -> NDArray[np.float64]:
    """W ~ U(−a, a) with a = √(3 / n_in), of the variance of :func:`lecun_normal`; so are its errors."""
    return uniform(shape, rng, math.sqrt(3 / fans(shape)[0]))


def orthogonal(shape: Shape, rng: np.random.Generator, gain: float = 1.0) -> NDArray[np.float64]:
    """W with Wᵀ W = gain² I, or W Wᵀ = gain² I where it is wide, evenly over all such matrices.

    It is the Q of a Gaussian matrix Q R, with the signs that make the diagonal of R positive.
    Source: A. Saxe, J. McClelland and S. Ganguli, Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks, ICLR 2014; F. Mezzadri, How to generate random
    matrices from the classical compact groups, Notices of the AMS 54, 2007, section 5.

    Raises
    ------
    ShapeError
        When the shape has no axes.
    """
    n_in, n_out = fans(shape)
    lead = () if isinstance(shape, int) else tuple(shape)[:-2]
    G = normal((*lead, max(n_in, n_out), min(n_in, n_out)), rng)
    Q, R = np.linalg.qr(G)
    Q = Q * np.sign(np.diagonal(R, axis1=-2, axis2=-1))[..., None, :]
    W = gain * (Q if n_in >= n_out else Q.swapaxes(-1, -2))
    return np.ascontiguousarray(W.reshape(shape))


def zeros(shape: Shape, rng: np.random.Generator | None = None) -> NDArray[np.float64]:
    """W = 0; the generator is there so that all initial weights are drawn alike."""
    return np.zeros(_allowed("zeros", shape))


def ones(shape: Shape, rng: np.random.Generator | None = None) -> NDArray[np.float64]:
    """W = 1; the generator is there so that all initial weights are drawn alike."""
    return np.ones(_allowed("ones", shape))


he = he_normal
lecun = lecun_normal


def fans(shape: Shape) -> tuple[int, int]:
    """The numbers of inputs and outputs (n_in, n_out) that a weight of this shape connects.

    Raises
    ------
    ShapeError
        When the shape has no axes, or one of size zero.
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if not sizes or 0 in sizes:
        raise ShapeError(
            f"init: shape {sizes} connects nothing, so it has no fan-in; "
            "a weight has shape (n_in, n_out) or (n_in,)"
        )
    return (sizes[0], 1) if len(sizes) == 1 else (sizes[-2], sizes[-1])


def _allowed(name: str, shape: Shape) -> Shape:
    """The shape, where such an array is within the limits."""
    check_bytes(f"init.{name}", shape if isinstance(shape, Sequence) else (shape,))
    return shape


def _generator(name: str, rng: object) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        raise ArgumentError(
            f"init.{name}: rng is {rng!r}; pass a generator, numpy.random.default_rng(seed)"
        )
    return rng


__getattr__ = of_module(__name__, INIT, __all__)
