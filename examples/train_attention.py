"""Train self-attention on handwritten digits, then read, prove and draw the gradients it used.

Even or odd? An image is a sequence of 8 tokens, its rows, of 8 features each.
"""

from __future__ import annotations

import sys

import numpy as np

import minigrad as mg


def main(epochs: int = 20, picture: str = "attention.svg") -> None:
    rng = np.random.default_rng(0)
    images, labels = mg.data.digits()
    (X, y), (X_test, y_test) = mg.data.split(images, (labels % 2).astype(float), test=0.2, rng=rng)

    model = mg.nn.SelfAttentionClassifier(tokens=8, features=8, width=8, rng=rng)
    print(model)

    optimizer = mg.optim.Adam(model.parameters(), lr=0.02)
    for epoch in range(1, epochs + 1):
        for inputs, targets in mg.data.minibatches(X, y, size=64, rng=rng):
            z = model(mg.tensor(inputs))
            loss = mg.nn.functional.bce_with_logits(z, mg.tensor(targets))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0:
            print(f"epoch {epoch:3}  loss of the last batch {loss.item():.3f}")

    with mg.no_grad():
        right = (model(mg.tensor(X_test)).numpy() > 0) == (y_test == 1)
    print(f"test accuracy {right.mean():.3f}")

    batch = mg.tensor(X_test[:16], name="X0", dims="b n d")
    loss = model.loss(batch, mg.tensor(y_test[:16], name="y", dims="b"))
    gradients = mg.derive(loss, wrt=["Wq", "Wk", "Wv", "X"])
    print(gradients)
    print(gradients.check())
    mg.draw(loss, backward=True).save(picture)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
