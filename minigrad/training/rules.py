"""The optimiser and the schedule that settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minigrad import optim
from minigrad.graph import Tensor
from minigrad.training.settings import Settings

_MOMENTUM = 0.9
# Of the schedule "step": it halves the rate after every so many epochs.
HALVED_AFTER = 10

_RULES: dict[str, Callable[..., optim.Optimizer]] = {
    "adamw": optim.AdamW,
    "adam": optim.Adam,
    "sgd": lambda parameters, lr, **rest: optim.SGD(parameters, lr, momentum=_MOMENTUM, **rest),
    "rmsprop": optim.RMSprop,
    "adagrad": optim.Adagrad,
}


def make_optimizer(
    settings: Settings, parameters: Mapping[str, Tensor], steps: int
) -> optim.Optimizer:
    """The optimiser of a run of so many steps an epoch."""
    options: dict[str, Any] = {"weight_decay": settings.weight_decay}
    return _RULES[settings.optimizer](parameters, make_schedule(settings, steps), **options)


def make_schedule(settings: Settings, steps: int) -> optim.Schedule:
    """The learning rate of a run of so many steps an epoch, a function of the steps done."""
    falling = max(settings.epochs * steps - settings.warmup, 1)
    after = {
        "constant": lambda: optim.constant(settings.lr),
        "cosine": lambda: optim.cosine(settings.lr, falling),
        "linear": lambda: optim.linear(settings.lr, 0.0, falling),
        "step": lambda: optim.step(settings.lr, HALVED_AFTER * steps, 0.5),
    }[settings.schedule]()
    return optim.linear_warmup(settings.warmup, after) if settings.warmup else after
