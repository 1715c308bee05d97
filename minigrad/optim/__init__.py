"""Optimisers, learning rates that change with time, and bounds on gradients: ``mg.optim``."""

from __future__ import annotations

from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.adaptive import Adagrad, RMSprop
from minigrad.optim.clipping import clip_grad_norm, clip_grad_value
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import Schedule, constant, cosine, linear, linear_warmup, step
from minigrad.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "clip_grad_norm",
    "clip_grad_value",
    "constant",
    "cosine",
    "linear",
    "linear_warmup",
    "step",
]
