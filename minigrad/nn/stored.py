"""What a module remembers, as plain data and in files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from minigrad.elsewhere import options_said
from minigrad.errors import DtypeError
from minigrad.files import path_in_words
from minigrad.graph.node import leaf
from minigrad.graph.tensor import Tensor
from minigrad.nn import state as plain
from minigrad.nn.members import Holder, Named, everywhere, walk
from minigrad.nn.weights_file import read_weights, write_weights


class Stored(Holder):
    """Parameters and buffers by name: as arrays, in files, and of another element type."""

    def _state(self) -> Named[Tensor]:
        """All parameters and buffers by their full names."""
        return Named(everywhere(self, lambda part: (*part._own_parameters(), *part._own_buffers())))

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of the values of all parameters and buffers by their full names."""
        return {name: p.numpy().copy() for name, p in self._state().items()}

    @options_said
    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Give all parameters and buffers the values that :meth:`state_dict` once returned.

        Raises
        ------
        ArgumentError
            When names are missing or unexpected, or shapes differ; it lists all of them, and
            nothing has changed.
        """
        plain.load_values(type(self).__name__, self._state(), state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all parameters and buffers into a file, ``numpy.load`` reads it too.

        Parameters
        ----------
        path
            The file, with the ending ``.npz``; it is written whole or not at all. It holds arrays and
            nothing that runs.

        Raises
        ------
        ArgumentError
            When the ending is another.
        FileError
            When the file cannot be written.
        """
        write_weights(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Read what :meth:`save` wrote for a module like this one, and return this module.

        Raises
        ------
        ArgumentError
            When names, shapes or dtypes are not those of this module: it lists all of them, no array
            has been read and nothing has changed.
        FileError
            When the file cannot be read, or holds no arrays.
        """
        name, own = type(self).__name__, self._state()
        source = f"load: the weights in {path_in_words(path)} do"
        plain.load_values(name, own, read_weights(path, lambda found: plain.judge(name, own, found, source)))
        return self

    def astype(self, dtype: DTypeLike) -> Self:
        """Convert all parameters and buffers in place, forget gradients, and return this module.

        Graphs built before keep the old values, and so does the memory of an optimiser: convert
        before making one.

        Raises
        ------
        DtypeError
            When ``dtype`` holds no real numbers.
        """
        kind = np.dtype(dtype)
        if kind.kind != "f":
            raise DtypeError(
                f"astype: parameters need gradients and so real numbers, not {kind}; "
                "use float64 or float32"
            )
        for p in self._state().values():
            if p.dtype.kind == "f":
                _convert(p, kind)
        return self

    def random_state(self) -> dict[str, Any]:
        """Where the generators of all parts stand, as data that JSON can write.

        Together with :meth:`state_dict` it lets a run with dropout go on to the same bits.
        """
        return plain.random_states(self._generators())

    def load_random_state(self, state: Mapping[str, Any]) -> None:
        """Put all generators back to where :meth:`random_state` found them.

        Raises
        ------
        ArgumentError
            When names or kinds of generators differ; it lists all of them, and none has changed.
        """
        plain.load_random_states(type(self).__name__, self._generators(), state)

    def _generators(self) -> dict[str, np.random.Generator]:
        return {
            f"{path}.{name}" if path else name: value
            for path, module in walk(self)
            for name, value in vars(module).items()
            if isinstance(value, np.random.Generator)
        }


def _convert(parameter: Tensor, dtype: np.dtype[Any]) -> None:
    """Another leaf inside the same tensor, so that whoever holds the tensor sees it."""
    old = parameter._node
    parameter._array = parameter.numpy().astype(dtype)
    if old is not None:
        parameter._node = leaf(
            parameter._array,
            name=old.name,
            dims=old.dims,
            assume=old.assume,
            requires_grad=old.requires_grad,
        )
