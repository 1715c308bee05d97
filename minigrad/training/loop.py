"""Training: epochs of minibatches that can be stopped, saved and continued after any batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.data import minibatches
from minigrad.errors import ArgumentError, NonFiniteError
from minigrad.graph import tensor
from minigrad.nn import Module
from minigrad.nn.functional import bce_with_logits
from minigrad.nn.state import load_random_states, random_states
from minigrad.optim import Optimizer, clip_grad_norm
from minigrad.training.checkpoint import part
from minigrad.training.measure import Inputs, Loss, as_tuple, evaluate, hit_count
from minigrad.training.tensor_file import Arrays


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch that is over: its number from 1, and means over its examples.

    The training part is measured while it is learnt, the validation part afterwards; ``lr`` is the
    learning rate with which the next epoch begins. Numbers have no accuracy: it is None.
    """

    number: int
    loss: float
    accuracy: float | None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    lr: float | None = None


class Trainer:
    """A training run: model, optimiser, data, and how far it has come.

    Parameters
    ----------
    model
        Takes a batch of inputs to logits.
    optimizer
        Holds the model's parameters.
    X, y
        Inputs and targets along the first axis; X may be a tuple of arrays, one for each argument
        of the model.
    batch_size
        Examples to a step.
    rng
        Shuffles the examples, anew in each epoch.
    loss
        Takes logits and targets to their mean loss.
    validation
        A pair (X, y) that is not learnt from: it is measured after each epoch, and the weights of
        the epoch with its lowest loss are kept as the best.
    patience
        Stop after so many epochs without a lower validation loss.
    clip
        The largest norm of all gradients together; longer ones are scaled down to it.
    classes
        Whether targets are classes, whose hits are counted; numbers have none.

    Raises
    ------
    ArgumentError
        When patience has nothing to watch, or the batch size is not positive.
    ShapeError
        When X and y have different numbers of examples.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        X: Inputs,
        y: ArrayLike,
        *,
        batch_size: int,
        rng: np.random.Generator,
        loss: Loss = bce_with_logits,
        validation: tuple[Inputs, ArrayLike] | None = None,
        patience: int | None = None,
        clip: float | None = None,
        classes: bool = True,
    ) -> None:
        if patience is not None and validation is None:
            raise ArgumentError(
                f"training: patience={patience} watches the validation loss; pass validation=(X, y)"
            )
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.inputs, self.targets = as_tuple(X), np.asarray(y)
        minibatches(*self.inputs, self.targets, size=batch_size)  # refuses what does not fit
        self.batch_size, self.rng, self.clip = batch_size, rng, clip
        self.validation, self.patience, self.classes = validation, patience, classes
        self.history: list[Epoch] = []
        # What is loaded lies in C order, and matrix products round by how factors lie in memory: a
        # run that goes on has the bits of one that was never stopped if this one lies so as well.
        self.best: Arrays = model.state_dict()
        model.load_state_dict(self.best)
        self.best_epoch = 0
        self._forget_epoch()

    # -- where it stands -----------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The number of epochs that are over."""
        return len(self.history)

    @property
    def lost_patience(self) -> bool:
        """Whether the validation loss has not fallen for ``patience`` epochs."""
        return self.patience is not None and self.epoch - self.best_epoch >= self.patience

    @property
    def done(self) -> int:
        """How many examples of the unfinished epoch have been learnt from."""
        return self._done

    def _forget_epoch(self) -> None:
        self._order: NDArray[np.int64] = np.empty(0, np.int64)
        self._done, self._losses, self._hits = 0, 0.0, 0

    # -- going on ------------------------------------------------------------------------------

    def run(
        self, epochs: int, stop: Callable[[Trainer], bool] = lambda trainer: False
    ) -> Iterator[Epoch]:
        """Train until so many epochs are over in all, and report each.

        Nothing happens until the epochs are asked for, one by one.

        Parameters
        ----------
        epochs
            The number of the last epoch.
        stop
            Asked after each batch; when it says so, the run ends there and can go on later.

        Raises
        ------
        NonFiniteError
            When the loss of either part becomes infinite or NaN.
        """
        while self.epoch < epochs and not self.lost_patience:
            if not len(self._order):
                self._order = self.rng.permutation(len(self.targets))
            self.model.train()
            while self._done < len(self._order):
                self._batch()
                if stop(self):
                    return
            yield self._finished()

    def _batch(self) -> None:
        chosen = self._order[self._done : self._done + self.batch_size]
        targets = self.targets[chosen]
        z = self.model(*(tensor(array[chosen]) for array in self.inputs))
        loss = self.loss(z, tensor(targets))
        value = loss.item()
        if not math.isfinite(value):
            raise NonFiniteError(
                f"training: the loss is {value} in epoch {self.epoch + 1}, after "
                f"{self._done} examples; lower the learning rate (now {self.optimizer.lr:g}) or "
                "clip gradients"
            )
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip is not None:
            clip_grad_norm(self.optimizer.parameters, self.clip)
        self.optimizer.step()
        self._done += len(chosen)
        self._losses += value * targets.size
        self._hits += hit_count(z.detach().numpy(), targets)

    def _finished(self) -> Epoch:
        size = self.targets.size
        measured: tuple[float | None, float | None] = (None, None)
        if self.validation is not None:
            self.model.eval()
            measured = evaluate(self.model, *self.validation, self.loss)
            if not math.isfinite(measured[0]):
                raise NonFiniteError(
                    f"training: the validation loss is {measured[0]} after epoch {self.epoch + 1}; lower "
                    f"the learning rate (now {self.optimizer.lr:g}) or clip gradients"
                )
        right = (self._hits / size, measured[1]) if self.classes else (None, None)
        epoch = Epoch(
            self.epoch + 1, self._losses / size, right[0], measured[0], right[1], self.optimizer.lr
        )
        self.history.append(epoch)
        if self._is_best(epoch):
            self.best, self.best_epoch = self.model.state_dict(), epoch.number
        self._forget_epoch()
        return epoch

    def _is_best(self, epoch: Epoch) -> bool:
        """Without validation the last weights are the best that is known."""
        if epoch.validation_loss is None or not self.best_epoch:
            return True
        lowest = self.history[self.best_epoch - 1].validation_loss
        return lowest is None or epoch.validation_loss < lowest

    def use_best(self) -> None:
        """Give the model its best weights, and end its training mode."""
        self.model.load_state_dict(self.best)
        self.model.eval()

    # -- saving and restoring ------------------------------------------------------------------

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """All that decides what follows: arrays, and facts that JSON holds with every bit."""
        arrays = {
            **_prefixed("model.", self.model.state_dict()),
            **_prefixed("best.", self.best),
            **_prefixed("optimizer.", self.optimizer.state_dict()),
            "order": self._order,
        }
        facts = {
            "history": [asdict(epoch) for epoch in self.history],
            "best_epoch": self.best_epoch,
            "done": self._done,
            "losses": self._losses,
            "hits": self._hits,
            "random": {
                "order": random_states({"rng": self.rng}),
                "model": self.model.random_state(),
            },
        }
        return arrays, facts

    def load_state(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Stand where :meth:`state` was taken; the run goes on to the same bits.

        Raises
        ------
        ArgumentError
            When the arrays are not those of this model and optimiser.
        """
        order, done = arrays.get("order", np.empty(0)), int(facts["done"])
        whole = np.array_equal(np.sort(order), np.arange(len(self.targets)))
        if order.dtype.kind != "i" or order.ndim != 1 or (len(order) and not whole) or done > len(order):
            raise ArgumentError(
                "training: the saved order of the examples is none of these "
                f"{len(self.targets):,}, of which {done:,} were learnt from"
            )
        self.best = part(arrays, "best.")
        self.model.load_state_dict(self.best)  # refuses what would not fit when the run is over
        self.model.load_state_dict(part(arrays, "model."))
        self.optimizer.load_state_dict(part(arrays, "optimizer."))
        self.best_epoch = int(facts["best_epoch"])
        self.history = [Epoch(**epoch) for epoch in facts["history"]]
        self._order = order
        self._done, self._hits = done, int(facts["hits"])
        self._losses = float(facts["losses"])
        load_random_states("the run", {"rng": self.rng}, facts["random"]["order"])
        self.model.load_random_state(facts["random"]["model"])


def _prefixed(prefix: str, arrays: Arrays) -> Arrays:
    return {prefix + name: array for name, array in arrays.items()}


def fit(
    model: Module,
    optimizer: Optimizer,
    X: Inputs,
    y: ArrayLike,
    *,
    epochs: int,
    batch_size: int = 32,
    rng: np.random.Generator,
    loss: Loss = bce_with_logits,
    validation: tuple[Inputs, ArrayLike] | None = None,
    patience: int | None = None,
    clip: float | None = None,
    classes: bool = True,
) -> Iterator[Epoch]:
    """Minimise a mean loss, the binary cross-entropy of logits by default, epoch by epoch.

    Nothing happens until the epochs are asked for, one by one; who stops asking stops training.
    When the last is over and there is a validation part, the model has its best weights.

    Parameters
    ----------
    model, optimizer, X, y, batch_size, rng, loss, validation, patience, clip, classes
        As for :class:`Trainer`.
    epochs
        How often each example is seen.

    Examples
    --------
    >>> import minigrad as mg, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> images, shown = mg.data.digits()
    >>> model = mg.nn.SelfAttentionClassifier(tokens=8, features=8, width=8, rng=rng)
    >>> adam = mg.optim.Adam(model.parameters(), lr=0.02)
    >>> for epoch in mg.training.fit(model, adam, images, shown % 2, epochs=2, rng=rng):
    ...     print(epoch.number, epoch.accuracy > 0.6)
    1 True
    2 True
    """
    trainer = Trainer(
        model,
        optimizer,
        X,
        y,
        batch_size=batch_size,
        rng=rng,
        loss=loss,
        validation=validation,
        patience=patience,
        clip=clip,
        classes=classes,
    )
    yield from trainer.run(epochs)
    if validation is not None:
        trainer.use_best()
