# Written from the rows by docs/make_tables.py.

from typing import Any

from minigrad.graph.tensor import Tensor
from minigrad.nn.module import Module

MODULES: dict[str, type[Remembered]]

class Remembered(Module):
    def forward(self, *inputs: Any) -> Tensor: ...

class AvgPool1d(Remembered):
    def __init__(self, kernel_size: Any, stride: Any = ..., padding: Any = ...) -> None: ...

class AvgPool2d(Remembered):
    def __init__(self, kernel_size: Any, stride: Any = ..., padding: Any = ...) -> None: ...

class BCELoss(Remembered):
    def __init__(self, weight: Any = ..., reduction: Any = ...) -> None: ...

class BCEWithLogitsLoss(Remembered):
    def __init__(self, weight: Any = ..., reduction: Any = ..., pos_weight: Any = ...) -> None: ...

class CosineSimilarity(Remembered):
    def __init__(self, axis: Any = ..., eps: Any = ...) -> None: ...

class CrossEntropyLoss(Remembered):
    def __init__(self, weight: Any = ..., ignore_index: Any = ..., reduction: Any = ..., label_smoothing: Any = ...) -> None: ...

class ELU(Remembered):
    def __init__(self, alpha: Any = ...) -> None: ...

class GELU(Remembered):
    def __init__(self, approximate: Any = ...) -> None: ...

class GLU(Remembered):
    def __init__(self, axis: Any = ...) -> None: ...

class Hardswish(Remembered):
    def __init__(self) -> None: ...

class Hardtanh(Remembered):
    def __init__(self, min_val: Any = ..., max_val: Any = ...) -> None: ...

class HuberLoss(Remembered):
    def __init__(self, reduction: Any = ..., delta: Any = ..., weight: Any = ...) -> None: ...

class KLDivLoss(Remembered):
    def __init__(self, reduction: Any = ..., log_target: Any = ...) -> None: ...

class L1Loss(Remembered):
    def __init__(self, reduction: Any = ..., weight: Any = ...) -> None: ...

class LeakyReLU(Remembered):
    def __init__(self, negative_slope: Any = ...) -> None: ...

class LogSigmoid(Remembered):
    def __init__(self) -> None: ...

class LogSoftmax(Remembered):
    def __init__(self, axis: Any = ...) -> None: ...

class MSELoss(Remembered):
    def __init__(self, reduction: Any = ..., weight: Any = ...) -> None: ...

class MaxPool1d(Remembered):
    def __init__(self, kernel_size: Any, stride: Any = ..., padding: Any = ..., dilation: Any = ..., ceil_mode: Any = ...) -> None: ...

class MaxPool2d(Remembered):
    def __init__(self, kernel_size: Any, stride: Any = ..., padding: Any = ..., dilation: Any = ..., ceil_mode: Any = ...) -> None: ...

class Mish(Remembered):
    def __init__(self) -> None: ...

class NLLLoss(Remembered):
    def __init__(self, weight: Any = ..., ignore_index: Any = ..., reduction: Any = ...) -> None: ...

class ReLU(Remembered):
    def __init__(self) -> None: ...

class ReLU6(Remembered):
    def __init__(self) -> None: ...

class SELU(Remembered):
    def __init__(self) -> None: ...

class SiLU(Remembered):
    def __init__(self) -> None: ...

class Sigmoid(Remembered):
    def __init__(self) -> None: ...

class SmoothL1Loss(Remembered):
    def __init__(self, reduction: Any = ..., beta: Any = ...) -> None: ...

class Softmax(Remembered):
    def __init__(self, axis: Any = ...) -> None: ...

class Softplus(Remembered):
    def __init__(self, beta: Any = ..., threshold: Any = ...) -> None: ...

class Softsign(Remembered):
    def __init__(self) -> None: ...

class Tanh(Remembered):
    def __init__(self) -> None: ...

__all__ = [
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "AvgPool1d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CosineSimilarity",
    "CrossEntropyLoss",
    "Hardswish",
    "Hardtanh",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool1d",
    "MaxPool2d",
    "Mish",
    "NLLLoss",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]
