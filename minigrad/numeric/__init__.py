"""Numbers: the backward sweep and the transforms built on it."""

from minigrad.numeric.backward import gradients
from minigrad.numeric.functional import hessian, hvp, jacobian, jvp, vjp
from minigrad.numeric.transforms import grad, value_and_grad

__all__ = [
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]
