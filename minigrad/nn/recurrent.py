"""Networks that go through a sequence step by step: RNN, GRU and LSTM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.tensor import Tensor, describe, said
from minigrad.index.size import Size
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameters import Rng, fitted, generator, parameter, positive
from minigrad.ops import functional
from minigrad.ops.joining import stack

State = tuple[Tensor, ...]


class _Cell(Module):
    """One step of one layer: for each gate matrices W and U of the input and of the state, and b."""

    gates: ClassVar[tuple[str, ...]]
    states: ClassVar[int] = 1

    def __init__(
        self, inputs: int, features: int, bias: bool, rng: np.random.Generator, dtype: DTypeLike
    ) -> None:
        for gate in self.gates:
            setattr(self, f"W{gate}", parameter(init.xavier_uniform((inputs, features), rng), None, dtype))
            setattr(self, f"U{gate}", parameter(init.orthogonal((features, features), rng), None, dtype))
            if bias:
                setattr(self, f"b{gate}", parameter(np.zeros(features), None, dtype))

    def gate(self, name: str, x: Tensor, h: Tensor | None) -> Tensor:
        """Z = x W + h U + b; no state is one of zeros, of which nothing needs to be computed."""
        z: Tensor = x @ getattr(self, f"W{name}")
        z = z if h is None else z + h @ getattr(self, f"U{name}")
        return z + getattr(self, f"b{name}") if f"b{name}" in vars(self) else z

    def sigmoid(self, name: str, t: int, x: Tensor, h: Tensor | None) -> Tensor:
        """A gate that opens between 0 and 1, called i1 at the first step."""
        result: Tensor = functional.sigmoid(self.gate(name, x, h)).named(f"{name}{t}")
        return result


class RNNCell(_Cell):
    """One step of an RNN."""

    gates = ("",)

    def forward(self, t: int, x: Tensor, h: Tensor | None = None) -> State:
        """The states after a step, of its input and of the states before."""
        return (functional.tanh(self.gate("", x, h)).named(f"h{t}"),)


class GRUCell(_Cell):
    """One step of a GRU."""

    gates = ("r", "z", "n")

    def __init__(
        self, inputs: int, features: int, bias: bool, rng: np.random.Generator, dtype: DTypeLike
    ) -> None:
        super().__init__(inputs, features, bias, rng, dtype)
        if bias:
            self.cn = parameter(np.zeros(features), None, dtype)

    def forward(self, t: int, x: Tensor, h: Tensor | None = None) -> State:
        """The states after a step, of its input and of the states before."""
        z = self.sigmoid("z", t, x, h)
        inside = self.gate("n", x, None)
        before = None if h is None else h @ self.Un
        if "cn" in vars(self):
            before = self.cn if before is None else before + self.cn
        if before is not None:
            inside = inside + self.sigmoid("r", t, x, h) * before
        n = functional.tanh(inside).named(f"n{t}")
        new = (1 - z) * n
        return ((new if h is None else new + z * h).named(f"h{t}"),)


class LSTMCell(_Cell):
    """One step of an LSTM."""

    gates = ("i", "f", "g", "o")
    states = 2

    def forward(self, t: int, x: Tensor, h: Tensor | None = None, c: Tensor | None = None) -> State:
        """The states after a step, of its input and of the states before."""
        new = self.sigmoid("i", t, x, h) * functional.tanh(self.gate("g", x, h)).named(f"g{t}")
        c = (new if c is None else self.sigmoid("f", t, x, h) * c + new).named(f"c{t}")
        return (self.sigmoid("o", t, x, h) * functional.tanh(c)).named(f"h{t}"), c


class _Recurrent(Module):
    """Layers of cells, each of which goes through the results of the one before."""

    cell: ClassVar[type[_Cell]]

    def __init__(
        self,
        inputs: int,
        features: int,
        layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        *,
        rng: Rng = None,
        dtype: DTypeLike = float,
    ) -> None:
        name = type(self).__name__
        positive(name, inputs=inputs, features=features, layers=layers)
        if batch_first is not True:
            raise ArgumentError(
                f"{name}: sequences lie on axis -2, as everywhere in minigrad: leave batch_first out and call "
                "it with x.swapaxes(0, 1)"
            )
        random = generator(rng)
        sizes = [inputs] + [features] * (layers - 1)
        self.inputs, self.features = int(inputs), int(features)
        self.cells = [self.cell(size, features, bias, random, dtype) for size in sizes]

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Shape (..., n, inputs) to (..., n, features), and the state after the last step.

        Parameters
        ----------
        x
            Sequences, along axis −2.
        state
            What an earlier call returned, to go on from there; by default zeros.

        Raises
        ------
        ShapeError
            When the last axis has another size, or there is no number of steps.
        """
        name = type(self).__name__
        x = fitted(name, x, self.inputs)
        if x.ndim < 2 or isinstance(x.shape[-2], Size):
            raise ShapeError(
                f"{name}: a sequence has a number of steps on axis -2, (..., n, inputs), and the network is "
                f"written out for each; got {describe(x)}; declare a number, as in mg.symbols(\"X: 3 d\")"
            )
        steps = [x[..., t, :] for t in range(int(x.shape[-2]))]
        if not steps:
            raise ShapeError(f"{name}: {describe(x)} has no steps")
        ends = []
        for k, cell in enumerate(self.cells):
            own = self._start(x, state, k)
            results = []
            for t, step in enumerate(steps, start=1):
                own = cell(t, step, *own)
                results.append(own[0])
            steps = results
            ends.append(own)
        return stack(steps, axis=-2), self._ends(ends)

    def _start(self, x: Tensor, state: Any, layer: int) -> State:
        """The state of a layer before the first step."""
        if state is None:
            return ()
        shape = (*x.shape[:-2], self.features)
        several = isinstance(state, tuple | list) and len(state) == self.cell.states
        if self.cell.states > 1 and not several:
            raise ArgumentError(
                f"{type(self).__name__}: the state is a pair (h, c), as an earlier call returned it, and not {said(state)}"
            )
        parts = (state,) if self.cell.states == 1 else tuple(state)
        found = tuple(as_tensor(part[layer], type(self).__name__) for part in parts)
        for part in found:
            if tuple(part.shape) != tuple(shape):
                raise ShapeError(
                    f"{type(self).__name__}: the state of layer {layer} is {describe(part)}, and must have the "
                    f"shape {shape}"
                )
        return found

    def _ends(self, ends: Sequence[State]) -> Any:
        """The states by kind, each a tuple with one for each layer."""
        kinds = tuple(zip(*ends, strict=True))
        return kinds[0] if len(kinds) == 1 else kinds

    def describe(self) -> str:
        """The sizes."""
        layers = f", {len(self.cells)} layers" if len(self.cells) > 1 else ""
        return f"{self.inputs} to {self.features}{layers}"


class RNN(_Recurrent):
    """hₜ = tanh(xₜ W + hₜ₋₁ U + b), step by step along axis −2 of (..., n, inputs).

    Called with x, it returns all hₜ, of shape (..., n, features), and the states after the last step, a
    tuple with one (..., features) for each layer. Sequences lie on axis −2 (PyTorch's ``batch_first=True``),
    and W multiplies from the right.

    Parameters
    ----------
    inputs, features
        The sizes of xₜ and hₜ.
    layers
        How many stand on each other.
    bias
        Whether b is added.
    batch_first
        Nothing else than True.
    rng
        A generator, or a seed.
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When a size is not positive.
    """

    cell = RNNCell


class GRU(_Recurrent):
    """hₜ = (1 − z) ⊙ n + z ⊙ hₜ₋₁, step by step along axis −2 of (..., n, inputs).

    r = σ(x Wr + h Ur + br), z = σ(x Wz + h Uz + bz), n = tanh(x Wn + bn + r ⊙ (h Un + cn)) of x = xₜ and
    h = hₜ₋₁. Parameters and results are those of :class:`RNN`.

    Notes
    -----
    K. Cho et al., Learning Phrase Representations using RNN Encoder–Decoder for Statistical Machine
    Translation, EMNLP 2014, with the reset gate behind the matrix Un.
    """

    cell = GRUCell


class LSTM(_Recurrent):
    """hₜ = o ⊙ tanh cₜ with cₜ = f ⊙ cₜ₋₁ + i ⊙ g, step by step along axis −2 of (..., n, inputs).

    i, f and o are σ(x W + h U + b) of x = xₜ and h = hₜ₋₁, g is tanh(x Wg + h Ug + bg). The state is the
    pair (h, c); parameters and results are those of :class:`RNN`.

    Notes
    -----
    S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9, 1997; the forget gate: F. Gers,
    J. Schmidhuber and F. Cummins, Learning to Forget, Neural Computation 12, 2000.
    """

    cell = LSTMCell
