"""Numbers: the backward sweep and the transforms built on it."""

from minigrad.numeric.backward import gradients

__all__ = ["gradients"]
