"""Write what PyTorch computes, for tests that hold minigrad against it to 1e-10.

Run by hand after a change of the cases below: ``python tests/make_torch_references.py``; it
needs the extra ``torch``. The tests read the JSON files that it leaves in ``references/``, and never
PyTorch. Inputs and weights are waves, so that no generator's stream enters.
"""

from __future__ import annotations

import json
import re
from typing import Any

import torch
from torch import nn
from torch_cases import (
    B_START,
    CLIPS,
    KEPT_STEPS,
    OPTIMIZERS,
    RATE,
    REFERENCES,
    SCHEDULES,
    START,
    WEIGHTS,
    wave,
)

torch.set_default_dtype(torch.float64)


def tensor(shape: tuple[int, ...], phase: float) -> torch.Tensor:
    return torch.tensor(wave(shape, phase), requires_grad=True)


# -- optimisers -----------------------------------------------------------------------------------


def trajectory(
    make: Any, schedule: Any = None, clip: Any = None, sign: int = 1
) -> dict[str, list[float]]:
    """The parameters of Σ C cosh(W) + (b W₀₀ − 1)² + b² / 2 after some of the steps."""
    W = torch.tensor(START, requires_grad=True)
    b = torch.tensor(B_START, requires_grad=True)
    C = torch.tensor(WEIGHTS)
    optimizer = make([W, b])
    scheduler = schedule(optimizer) if schedule else None
    kept = {}
    for step in range(1, max(KEPT_STEPS) + 1):
        optimizer.zero_grad()
        loss = (C * torch.cosh(W)).sum() + (b * W[0, 0] - 1) ** 2 + b * b / 2
        (sign * loss).backward()
        if clip:
            clip([W, b])
        optimizer.step()
        if scheduler:
            scheduler.step()
        if step in KEPT_STEPS:
            kept[str(step)] = [*W.detach().ravel().tolist(), b.item()]
    return kept


def optimizers() -> dict[str, Any]:
    from torch.optim import lr_scheduler as rates

    made = {
        name: trajectory(
            lambda p, kind=kind, options=options: getattr(torch.optim, kind)(p, **options),
            sign=-1 if options.get("maximize") else 1,
        )
        for name, (kind, options) in OPTIMIZERS.items()
    }
    schedules = {
        "step": lambda o: rates.StepLR(o, 7, 0.5),
        "cosine": lambda o: rates.CosineAnnealingLR(o, 30, 0.01),
        "linear": lambda o: rates.LinearLR(o, 0.2, 0.8, 10),
        "linear warm-up, then cosine": lambda o: rates.SequentialLR(
            o, [rates.LinearLR(o, 0.1, 1, 5), rates.CosineAnnealingLR(o, 20)], [5]
        ),
    }
    clips = {
        "norm": lambda p: nn.utils.clip_grad_norm_(p, 0.7),
        "largest element": lambda p: nn.utils.clip_grad_norm_(p, 0.7, float("inf")),
        "value": lambda p: nn.utils.clip_grad_value_(p, 0.3),
    }
    assert tuple(schedules) == SCHEDULES
    assert tuple(clips) == CLIPS

    def sgd(p: Any) -> Any:
        return torch.optim.SGD(p, RATE)

    return {
        "optimizers": made,
        "schedules": {name: trajectory(sgd, schedule=s) for name, s in schedules.items()},
        "clips": {name: trajectory(sgd, clip=c) for name, c in clips.items()},
    }


# -- layers ---------------------------------------------------------------------------------------


def fill(module: nn.Module) -> dict[str, torch.Tensor]:
    """Give every parameter a wave of its own, in the order of their names."""
    parameters = dict(sorted(module.named_parameters()))
    for phase, parameter in enumerate(parameters.values()):
        parameter.data = torch.tensor(wave(tuple(parameter.shape), 10 + phase))
    return parameters


def result(output: torch.Tensor, named: dict[str, torch.Tensor]) -> dict[str, Any]:
    """The output, and the gradients of Σ C ⊙ output."""
    cotangent = torch.tensor(wave(tuple(output.shape), 5))
    gradients = torch.autograd.grad((output * cotangent).sum(), list(named.values()))
    return {
        "output": output.tolist(),
        "gradients": {name: g.tolist() for name, g in zip(named, gradients, strict=True)},
    }


def layers() -> dict[str, Any]:
    X, Y = tensor((2, 4, 6), 0), tensor((2, 3, 6), 1)
    found = {}
    attention = nn.MultiheadAttention(6, 2, batch_first=True)
    weights = fill(attention)
    future = torch.ones(4, 4, dtype=torch.bool).triu(1)
    padding = torch.tensor([[False, False, False, False], [False, False, True, True]])
    out, A = attention(
        X, X, X, attn_mask=future, key_padding_mask=padding, average_attn_weights=False
    )
    found["causal and padded attention"] = {**result(out, {"X": X, **weights}), "A": A.tolist()}
    out, A = attention(X, Y, Y, average_attn_weights=False)
    found["cross attention"] = {**result(out, {"X": X, "Y": Y, **weights}), "A": A.tolist()}
    for name, layer in {"layer norm": nn.LayerNorm(6), "rms norm": nn.RMSNorm(6, eps=1e-6)}.items():
        weights = fill(layer)
        found[name] = result(layer(X), {"X": X, **weights})
    block = nn.TransformerEncoderLayer(
        6, 2, 10, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    weights = fill(block)
    out = block(X, src_mask=future, src_key_padding_mask=padding)
    found["transformer block"] = result(out, {"X": X, **weights})
    return found


def main() -> None:
    for name, values in {"optimizers": optimizers(), "layers": layers()}.items():
        text = json.dumps(values, indent=0)
        numbers = re.sub(r"\n(?=[-\d\]])|(?<=\[)\n(?=[-\d])", " ", text)
        (REFERENCES / f"{name}.json").write_text(numbers + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
