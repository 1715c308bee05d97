"""Neural networks: modules, attention, initial weights, and neural operations: ``mg.nn``."""

from __future__ import annotations

from minigrad.nn import functional, init
from minigrad.nn.module import Module
from minigrad.nn.self_attention import SelfAttention, SelfAttentionClassifier, self_attention

__all__ = [
    "Module",
    "SelfAttention",
    "SelfAttentionClassifier",
    "functional",
    "init",
    "self_attention",
]
