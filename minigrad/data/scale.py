"""Standardisation: columns of mean 0 and deviation 1, by numbers of the training part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.errors import ShapeError


class Standardizer:
    """z = (x − mean) / std, each column by its own mean and standard deviation.

    A constant column has no deviation to divide by: it becomes 0.

    Parameters
    ----------
    mean, std
        One number a column; :meth:`fit` finds them.

    Examples
    --------
    >>> import minigrad as mg
    >>> scale = mg.data.Standardizer.fit([[1.0, 5.0], [3.0, 5.0]])
    >>> scale([[5.0, 5.0]])
    array([[3., 0.]])
    """

    def __init__(self, mean: ArrayLike, std: ArrayLike) -> None:
        self.mean, self.std = np.asarray(mean, float), np.asarray(std, float)
        if self.mean.ndim != 1 or self.mean.shape != self.std.shape:
            raise ShapeError(
                f"Standardizer: mean has shape {self.mean.shape} and std {self.std.shape}; "
                "both hold one number a column"
            )

    @classmethod
    def fit(cls, X: ArrayLike) -> Standardizer:
        """Mean and standard deviation of each column of X, shape (examples, columns)."""
        X = _two_axes(X)
        spread = X.max(axis=0) - X.min(axis=0)
        # Rounding leaves a constant column a deviation of about 1e-17, which is none.
        return cls(X.mean(axis=0), np.where(spread > 0, X.std(axis=0), 0.0))

    def __call__(self, X: ArrayLike) -> NDArray[Any]:
        """The standardised X, in its shape.

        Raises
        ------
        ShapeError
            When X has another number of columns.
        """
        X = _two_axes(X)
        if X.shape[1] != len(self.mean):
            raise ShapeError(
                f"Standardizer: X has {X.shape[1]} columns, but {len(self.mean)} were fitted"
            )
        divisor = np.where(self.std > 0, self.std, 1.0)
        return np.where(self.std > 0, (X - self.mean) / divisor, 0.0)


def _two_axes(X: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(X, float)
    if array.ndim != 2:
        raise ShapeError(
            f"Standardizer: X has shape {array.shape}; examples lie along its first axis, columns "
            "along its second"
        )
    return array
