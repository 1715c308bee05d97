"""Train on your own texts: a CSV file, a model of your own, and what it says of new ones.

`minigrad train --data reviews.csv --text review --label liked` does all this, and saves it. The reviews
are sentences that we wrote for this example, with the negations and the irony that real ones have.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import minigrad as mg

REVIEWS = Path(__file__).with_name("reviews.csv")


class Reader(mg.nn.Module):
    """One block of attention over the words of a text, their mean, and a logit."""

    def __init__(self, words: int, width: int, rng: np.random.Generator) -> None:
        self.embed = mg.nn.Embedding(words, width, rng=rng)
        self.positions = mg.nn.SinusoidalPositions(width)
        self.block = mg.nn.TransformerBlock(width, heads=2, rng=rng)
        self.head = mg.nn.Linear(width, 1, rng=rng)

    def forward(self, ids: mg.Tensor, mask: mg.Tensor) -> mg.Tensor:
        """Word ids and a mask, both (b, n), to logits (b,); padding is not looked at."""
        X = self.block(self.positions(self.embed(ids)), key_mask=mask)
        kept = mask.numpy()[..., None] / mask.numpy().sum(axis=1)[:, None, None]
        return self.head((X * kept).sum(axis=1))[:, 0]


def main(path: str | Path = REVIEWS, epochs: int = 12) -> None:
    rng = np.random.default_rng(0)
    table = mg.data.read_csv(path)
    texts = np.array(table.filled("review"))
    y, labels = mg.data.two_classes(table.filled("liked"))
    print(f"{len(texts)} texts; 0 is {labels[0]}, 1 is {labels[1]}")

    (train, y_train), (test, y_test) = mg.data.split(texts, y, test=0.25, rng=rng, stratify=y)
    vocabulary = mg.data.Vocabulary.fit(train)  # of the training part alone
    X, X_test = (vocabulary.encode(list(part)) for part in (train, test))

    model = Reader(len(vocabulary), width=16, rng=rng)
    adam = mg.optim.AdamW(model.parameters(), lr=5e-3)
    for epoch in mg.training.fit(model, adam, X, y_train, epochs=epochs, batch_size=8, rng=rng):
        print(f"epoch {epoch.number:2}  loss {epoch.loss:.3f}  right {epoch.accuracy:.3f}")
    print(f"test accuracy {mg.training.accuracy(model, X_test, y_test):.3f}")

    ids, mask = vocabulary.encode(["The music is brilliant!", "A tedious evening."])
    with mg.no_grad():
        p = mg.nn.functional.sigmoid(model(mg.tensor(ids), mg.tensor(mask))).numpy()
    print("liked:", [labels[int(each > 0.5)] for each in p])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else REVIEWS)
