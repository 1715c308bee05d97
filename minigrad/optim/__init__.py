"""Optimisers, learning rates that change with time, and bounds on gradients: ``mg.optim``."""

from __future__ import annotations

from minigrad.elsewhere import CLIP, of_module
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

_SCHEDULE = (
    "a schedule is the rate of an optimiser and needs no step of its own: write "
    "SGD(model, lr=mg.optim.{})"
)
_STEP, _COSINE = _SCHEDULE.format("step(0.1, every=10)"), _SCHEDULE.format("cosine(0.1, steps=1000)")
_ELSEWHERE = {
    "clip_grad_norm_": CLIP,
    "clip_grad_value_": CLIP,
    "lr_scheduler": _COSINE,
    **dict.fromkeys(("StepLR", "ExponentialLR", "MultiStepLR"), _STEP),
    **dict.fromkeys(("CosineAnnealingLR", "OneCycleLR", "ReduceLROnPlateau"), _COSINE),
    "LambdaLR": _SCHEDULE.format("...) with any function of the steps done, lr=lambda t: 0.1 / (1 + t"),
    "LinearLR": _SCHEDULE.format("linear(0.1, 0.01, steps=1000)"),
    "Lion": "write AdamW, or a rule of your own: a subclass of mg.optim.Optimizer with update()",
    "LBFGS": "scipy.optimize.minimize takes the loss and gradients of mg.value_and_grad",
    **dict.fromkeys(("NAdam", "RAdam", "Adamax", "Adadelta"), "write Adam, AdamW or RMSprop"),
    "Momentum": "write SGD(model, lr=0.1, momentum=0.9)",
}
__getattr__ = of_module(__name__, _ELSEWHERE, __all__)
