"""Learn which character comes next: a causal transformer, and what it writes.

The causal mask keeps every position from seeing the character it has to say.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import minigrad as mg

TEXT = Path(__file__).with_name("next_character.txt").read_text(encoding="utf-8")
LENGTH, BATCH = 32, 16


class LanguageModel(mg.nn.Module):
    """Scores of the next character at each place."""

    def __init__(self, characters: int, width: int, rng: np.random.Generator) -> None:
        self.embed = mg.nn.Embedding(characters, width, rng=rng)
        self.positions = mg.nn.LearnedPositions(LENGTH, width, rng=rng)
        self.blocks = [mg.nn.TransformerBlock(width, 4, causal=True, rng=rng) for _ in range(2)]
        self.norm = mg.nn.LayerNorm(width)
        self.head = mg.nn.Linear(width, characters, rng=rng)

    def forward(self, ids: mg.Tensor) -> mg.Tensor:
        """Ids of shape (b, n) to scores (b, characters, n), the axes that cross-entropy takes."""
        X = self.positions(self.embed(ids))
        for block in self.blocks:
            X = block(X)
        return self.head(self.norm(X)).swapaxes(1, 2)


def write(model: LanguageModel, alphabet: mg.data.Characters, start: str, count: int) -> str:
    """The start and so many characters after it, each drawn by its probability."""
    rng = np.random.default_rng(0)
    ids = list(alphabet.encode(start))
    for _ in range(count):
        with mg.no_grad():
            scores = model(mg.tensor([ids[-LENGTH:]]))[0, :, -1]
            p = mg.nn.functional.softmax(2 * scores).numpy()
        ids.append(rng.choice(len(alphabet), p=p))
    return alphabet.decode(ids)


def main(epochs: int = 8) -> None:
    rng = np.random.default_rng(0)
    alphabet = mg.data.Characters(TEXT)
    inputs, targets = mg.data.next_tokens(alphabet.encode(TEXT), LENGTH)
    model = LanguageModel(len(alphabet), width=32, rng=rng)
    steps = epochs * -(-len(inputs) // BATCH)
    rate = mg.optim.linear_warmup(30, mg.optim.cosine(1e-2, steps))
    adam = mg.optim.AdamW(model.parameters(), lr=rate)

    cross_entropy = mg.nn.functional.cross_entropy
    for epoch in mg.training.fit(
        model, adam, inputs, targets, epochs=epochs, batch_size=BATCH, rng=rng, loss=cross_entropy
    ):
        print(f"epoch {epoch.number:2}  loss {epoch.loss:.3f}  right {epoch.accuracy:.3f}")
    print(f"\nby chance the loss is {np.log(len(alphabet)):.3f}\n")
    print(write(model, alphabet, "The ", 160))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
