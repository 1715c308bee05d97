"""The 1,797 handwritten digits that come with minigrad."""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

_BRIGHTEST = 16


def digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Handwritten digits xᵢ ∈ [0, 1]⁸ˣ⁸ and what they show, yᵢ ∈ {0, …, 9}.

    The pixels of the original, counts from 0 (paper) to 16 (ink), are divided by 16.

    Returns
    -------
    images
        Shape (1797, 8, 8); read row by row, an image is a sequence of 8 tokens of 8 features.
    labels
        Shape (1797,).

    Notes
    -----
    The test part of E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI
    Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0.

    Examples
    --------
    >>> import minigrad as mg
    >>> images, labels = mg.data.digits()
    >>> images.shape, labels[:5].tolist()
    ((1797, 8, 8), [0, 1, 2, 3, 4])
    """
    with (
        as_file(files("minigrad.data") / "digits.npz") as path,
        np.load(path, allow_pickle=False) as archive,
    ):
        return archive["images"] / _BRIGHTEST, archive["labels"].astype(np.int64)
