"""Train self-attention on handwritten digits on many devices: each has a part of every batch.

The gradients are minigrad's formulas, written for `jax.shard_map`: what is summed over the batch is
added up over the devices. Without eight real devices, as here, JAX makes eight of one processor.
It needs JAX: pip install "minigrad[jax]".
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=8")

import numpy as np

import minigrad as mg


def main(epochs: int = 20, rate: float = 0.1, momentum: float = 0.9) -> None:
    try:
        import jax
    except ImportError:
        sys.exit('this example needs JAX: pip install "minigrad[jax]"')
    rng = np.random.default_rng(0)
    images, labels = mg.data.digits()
    (X, y), (X_test, y_test) = mg.data.split(images, (labels % 2).astype(float), test=0.2, rng=rng)

    model = mg.nn.SelfAttentionClassifier(tokens=8, features=8, width=8, rng=rng)
    batch = mg.tensor(X[:64], name="images", dims="b n d")
    loss = model.loss(batch, mg.tensor(y[:64], name="y", dims="b"))
    source = mg.derive(loss).source("jax", shard={"b": "data"})
    print(source)

    mesh = jax.sharding.Mesh(jax.devices(), ("data",))
    scope: dict[str, Any] = {}
    exec(source, scope)  # or write it to a file and import that
    step = jax.jit(partial(scope["step"], mesh))
    weights = {str(p.name): p.numpy() for p in model.parameters()}
    speed = {name: np.zeros_like(w) for name, w in weights.items()}
    for epoch in range(1, epochs + 1):
        for inputs, targets in mg.data.minibatches(X, y, size=64, rng=rng):
            even = len(inputs) - len(inputs) % mesh.size  # every device takes the same number
            value, gradients = step(**weights, images=inputs[:even], y=targets[:even])
            speed = {name: momentum * speed[name] + gradients[name] for name in weights}
            weights = {name: weights[name] - rate * speed[name] for name in weights}
        if epoch % 5 == 0:
            print(f"epoch {epoch:3}  loss of the last batch {value:.3f}  on {mesh.size} devices")

    with mg.no_grad():
        for p in model.parameters():
            p[...] = np.asarray(weights[str(p.name)])
        right = (model(mg.tensor(X_test)).numpy() > 0) == (y_test == 1)
    print(f"test accuracy {right.mean():.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
