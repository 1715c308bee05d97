"""The study behind ``minigrad attention``: one model, its training, its gradients, their proof."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.api import Derivation, derive
from minigrad.checking import Report
from minigrad.data import digits, split
from minigrad.graph import Tensor, tensor
from minigrad.nn import SelfAttentionClassifier
from minigrad.nn.functional import softmax
from minigrad.optim import Adam, cosine
from minigrad.training import Epoch, accuracy, fit

VARIABLES = ("Wq", "Wk", "Wv", "X")
TEST_PART = 0.2
WIDTH = 8
BATCH_SIZE = 32
# Chosen on seeds 0 to 4 among rates from 0.01 to 0.1, with and without a schedule.
RATE = 0.03
# Digits of the test part on which the gradients are proved: enough to be a batch, few to be quick.
PROVED_ON = 16


class Study:
    """Even or odd: self-attention reads the rows of a handwritten digit as tokens.

    Parameters
    ----------
    seed
        Decides the split, the first weights and the shuffling, and so every number that follows.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        images, labels = digits()
        odd = (labels % 2).astype(float)
        self.training, self.test = split(images, odd, test=TEST_PART, rng=self.rng)
        _, tokens, features = images.shape
        self.model = SelfAttentionClassifier(tokens, features, WIDTH, self.rng)
        self.epochs: list[Epoch] = []

    def train(self, epochs: int) -> Iterator[Epoch]:
        """Train, epoch by epoch."""
        batches = -(-len(self.training[0]) // BATCH_SIZE)
        optimizer = Adam(self.model.parameters(), lr=cosine(RATE, epochs * batches))
        for epoch in fit(
            self.model,
            optimizer,
            *self.training,
            epochs=epochs,
            batch_size=BATCH_SIZE,
            rng=self.rng,
        ):
            self.epochs.append(epoch)
            yield epoch

    @cached_property
    def loss(self) -> Tensor:
        """The loss of a batch of test digits, with every step by its name."""
        images, labels = (part[:PROVED_ON] for part in self.test)
        X0 = tensor(images, name="X0", dims="b n d")
        return self.model.loss(X0, tensor(labels, name="y", dims="b"))

    @cached_property
    def gradients(self) -> Derivation:
        """The gradients of the loss, in closed form."""
        return derive(self.loss, wrt=VARIABLES)

    @cached_property
    def walk(self) -> Derivation:
        """The gradients that a step-by-step reading passes through: by all that is trained, and by X."""
        trained = [str(parameter.name) for parameter in self.model.parameters()]
        return derive(self.loss, wrt=[*dict.fromkeys((*VARIABLES, *trained))])

    @cached_property
    def jacobian(self) -> Derivation:
        """The Jacobian of s = softmax(x), where x are scores of one token of a test digit.

        Of its tokens it is the one that spreads its attention widest: where all attention goes to
        one token, s is an indicator and the Jacobian vanishes.
        """
        X = tensor(self.test[0][0]) + self.model.P
        scores = self.model.attention.scores(X)
        widest = softmax(scores).numpy().max(axis=-1).argmin()
        x = tensor(scores.numpy()[widest], name="x", dims="n", requires_grad=True)
        return derive(softmax(x).named("s"), wrt="x")

    @cached_property
    def reports(self) -> dict[str, Report]:
        """What the witnesses say of the derivatives of the loss L and of the softmax s."""
        return {"L": self.gradients.check(), "s": self.jacobian.check()}

    @property
    def verdict(self) -> str:
        """The worst of the reports' verdicts."""
        verdicts = {report.verdict for report in self.reports.values()}
        return next(v for v in ("fail", "inconclusive", "pass") if v in verdicts)

    def metrics(self) -> dict[str, Any]:
        """All numbers, formulas and verdicts as plain data; the same seed gives the same."""
        softmax_jacobian = self.jacobian["x"]
        return {
            "test_accuracy": accuracy(self.model, *self.test),
            "train_accuracy": accuracy(self.model, *self.training),
            "train_loss": self.epochs[-1].loss,
            "test_examples": len(self.test[0]),
            "train_examples": len(self.training[0]),
            "seed": self.seed,
            "epochs": len(self.epochs),
            "verdict": self.verdict,
            "formulas": {name: str(self.gradients[name]) for name in VARIABLES},
            "softmax_jacobian": {
                "matrix": str(softmax_jacobian),
                "index": softmax_jacobian.index,
                "cases": softmax_jacobian.cases,
            },
            "checks": {name: report.json() for name, report in self.reports.items()},
            "history": [{"loss": epoch.loss, "accuracy": epoch.accuracy} for epoch in self.epochs],
        }
