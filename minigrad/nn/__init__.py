"""Neural networks: modules, attention, initial weights, and neural operations: ``mg.nn``."""

from __future__ import annotations

from minigrad.elsewhere import of_module
from minigrad.nn import from_rows as _rows
from minigrad.nn import functional, init
from minigrad.nn.conv import Conv1d, Conv2d, Flatten, Identity
from minigrad.nn.dropout import Dropout
from minigrad.nn.elsewhere import TOLD
from minigrad.nn.from_rows import *  # noqa: F403  (the rows say which modules there are)
from minigrad.nn.linear import Embedding, Linear
from minigrad.nn.module import Module
from minigrad.nn.multi_head import MultiHeadAttention
from minigrad.nn.norm import BatchNorm, BatchNorm1d, BatchNorm2d, LayerNorm, RMSNorm
from minigrad.nn.positions import LearnedPositions, SinusoidalPositions
from minigrad.nn.recurrent import GRU, LSTM, RNN
from minigrad.nn.self_attention import SelfAttention, SelfAttentionClassifier, self_attention
from minigrad.nn.sequential import ModuleDict, ModuleList, Sequential
from minigrad.nn.transformer import MLP, TransformerBlock

__all__ = [
    *_rows.__all__,
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "LayerNorm",
    "LearnedPositions",
    "Linear",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiHeadAttention",
    "RMSNorm",
    "SelfAttention",
    "SelfAttentionClassifier",
    "Sequential",
    "SinusoidalPositions",
    "TransformerBlock",
    "functional",
    "init",
    "self_attention",
]
__getattr__ = of_module(__name__, TOLD, __all__)
