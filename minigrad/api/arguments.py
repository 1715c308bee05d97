"""What a call of a step gives: arrays of real numbers, of NumPy's or of the target's library."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from minigrad.errors import DtypeError
from minigrad.graph import Tensor

_REAL = re.compile(r"b?float\w*|u?int\d+|bool")
_KIND_WORDS = {"index": "places, which are integers", "bool": "truths, which are 0 or 1"}


def as_array(name: str, value: Any, target: str) -> Any:
    """An array of the target's own, as it is; NumPy's own of anything else.

    Raises
    ------
    DtypeError
        When it has elements that are no real numbers, or of a type that the target has not.
    """
    if isinstance(value, Tensor):
        value = value.numpy()
    if type(value) is not np.ndarray and not (_home(value) == target != "numpy"):
        value = _in_numpy(name, value)
    if isinstance(value, np.ndarray) and not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
    kind = type_name(value)
    if _REAL.fullmatch(kind) is None:
        raise DtypeError(f"step: {name} has elements of type {kind}; pass real numbers")
    if target != "numpy" and kind in ("float96", "float128"):
        raise DtypeError(f"step: {name} has elements of type {kind}, which {target} has not; pass float64")
    return value


def type_name(array: Any) -> str:
    """The type of the array's elements as NumPy names it."""
    return getattr(array.dtype, "name", None) or str(array.dtype).removeprefix("torch.")


def _home(value: Any) -> str:
    home = type(value).__module__.partition(".")[0]
    return "jax" if home == "jaxlib" else home


def _in_numpy(name: str, value: Any) -> Any:
    if isinstance(value, np.ma.MaskedArray):
        raise DtypeError(f"step: {name} has masked elements; fill them, {name}.filled(0)")
    if _home(value) == "torch":
        value = value.detach().cpu()  # what a step takes is a number to it
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise DtypeError(
            f"step: {name} cannot become an array of numbers in NumPy ({str(error).partition('.')[0]})"
        ) from error


def exact(name: str, array: Any, kind: str) -> Any:
    """An array for a library: places as integers and truths as truths, whichever type they came in."""
    own = type_name(array)
    fits = {"float": True, "bool": own == "bool", "index": own in ("int32", "int64")}
    if fits[kind]:
        return array
    return exactly(name, _in_numpy(name, array), np.int64 if kind == "index" else np.bool_, kind)


def exactly(name: str, array: Any, wanted: Any, kind: str) -> Any:
    """A NumPy array in the type that is computed in; places and truths must stay what they are.

    Raises
    ------
    DtypeError
        When an element is no place, or neither 0 nor 1.
    """
    with np.errstate(invalid="ignore"):
        made = array.astype(wanted, copy=False)
    if kind != "float" and made is not array and not np.array_equal(made, array):
        raise DtypeError(f"step: {name} holds {_KIND_WORDS[kind]}; elements of its array are not")
    return made
