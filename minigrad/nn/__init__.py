"""Neural networks: modules, attention, initial weights, and neural operations: ``mg.nn``."""

from __future__ import annotations

from minigrad.nn import functional, init
from minigrad.nn.activations import GELU, ReLU, Sigmoid, SiLU, Softmax, Tanh
from minigrad.nn.dropout import Dropout
from minigrad.nn.linear import Embedding, Linear
from minigrad.nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    MSELoss,
)
from minigrad.nn.module import Module
from minigrad.nn.multi_head import MultiHeadAttention
from minigrad.nn.norm import LayerNorm, RMSNorm
from minigrad.nn.positions import LearnedPositions, SinusoidalPositions
from minigrad.nn.self_attention import SelfAttention, SelfAttentionClassifier, self_attention
from minigrad.nn.sequential import Sequential
from minigrad.nn.transformer import MLP, TransformerBlock

__all__ = [
    "GELU",
    "MLP",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "HuberLoss",
    "KLDivLoss",
    "LayerNorm",
    "LearnedPositions",
    "Linear",
    "MSELoss",
    "Module",
    "MultiHeadAttention",
    "RMSNorm",
    "ReLU",
    "SelfAttention",
    "SelfAttentionClassifier",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "Softmax",
    "Tanh",
    "TransformerBlock",
    "functional",
    "init",
    "self_attention",
]
