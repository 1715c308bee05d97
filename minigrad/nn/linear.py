"""Affine maps, and tables of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.errors import DtypeError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.tensor import Tensor
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameters import Init, Rng, fitted, generator, parameter, positive


class Linear(Module):
    """y = x W + b on the last axis.

    Parameters
    ----------
    inputs, outputs
        The sizes of the last axis before and after: W has shape (inputs, outputs).
    bias
        Whether b is added.
    init
        Draws W; by default :func:`minigrad.nn.init.xavier_uniform`. b starts at 0.
    dims
        The labels of W's axes, ``"d m"``, so that formulas speak of them.
    rng
        A generator, or a seed.
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When a size is not positive.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Linear(3, 2, rng=0)
    Linear(3 to 2): 8 parameters
      W  (3, 2)  6
      b  (2,)    2
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool = True,
        *,
        init: Init = init.xavier_uniform,
        dims: str | None = None,
        rng: Rng = None,
        dtype: DTypeLike = float,
    ) -> None:
        positive("Linear", inputs=inputs, outputs=outputs)
        self.W = parameter(init((inputs, outputs), generator(rng)), dims, dtype)
        if bias:
            label = None if dims is None else dims.split()[-1]
            self.b = parameter(np.zeros(outputs), label, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., inputs) to (..., outputs)."""
        y = fitted("Linear", x, int(self.W.shape[0])) @ self.W
        return y + self.b if "b" in vars(self) else y

    def describe(self) -> str:
        """The two sizes."""
        return f"{int(self.W.shape[0])} to {int(self.W.shape[1])}"


class Embedding(Module):
    """Row tᵢ of a table E for every token tᵢ, a whole number.

    Parameters
    ----------
    count, features
        The shape of E: the number of different tokens, and the size of each one's vector.
    init
        Draws E; by default standard normal numbers.
    dims
        The labels of E's axes, ``"v d"``, so that formulas speak of them.
    rng
        A generator, or a seed.
    dtype
        The table's element type.

    Raises
    ------
    ArgumentError
        When a size is not positive.
    """

    def __init__(
        self,
        count: int,
        features: int,
        *,
        init: Init = init.normal,
        dims: str | None = None,
        rng: Rng = None,
        dtype: DTypeLike = float,
    ) -> None:
        positive("Embedding", count=count, features=features)
        self.E = parameter(init((count, features), generator(rng)), dims, dtype)

    def forward(self, tokens: Tensor | NDArray[Any]) -> Tensor:
        """Whole numbers of shape (...,) to vectors, (..., features).

        Raises
        ------
        DtypeError
            When tokens are not whole numbers.
        ShapeError
            When one has no row in the table.
        """
        t = as_tensor(tokens, "Embedding")
        if t.dtype.kind not in "iu":
            raise DtypeError(
                f"Embedding: tokens choose rows and so are whole numbers, not {t.dtype}; "
                "convert them with .astype(int)"
            )
        if t._array is not None:
            _check_tokens(t.numpy(), int(self.E.shape[0]))
        return self.E[t]

    def describe(self) -> str:
        """The two sizes."""
        return f"{int(self.E.shape[0])} tokens of {int(self.E.shape[1])} features"


def _check_tokens(tokens: NDArray[Any], count: int) -> None:
    wrong = (tokens < 0) | (tokens >= count)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ShapeError(
            f"Embedding: token {tokens[place]} at {place} is not one of the table's "
            f"{count} tokens, 0 to {count - 1}; {int(wrong.sum())} of {tokens.size} tokens are "
            "outside"
        )
