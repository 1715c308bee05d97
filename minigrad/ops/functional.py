"""The neural operations under PyTorch's names, public as ``mg.nn.functional``."""

from minigrad.ops.activations import (
    elu,
    gelu,
    glu,
    hardswish,
    hardtanh,
    leaky_relu,
    log_sigmoid,
    mish,
    relu6,
    selu,
    silu,
    softsign,
)
from minigrad.ops.attention import scaled_dot_product_attention
from minigrad.ops.convolution import conv1d, conv2d, max_pool2d
from minigrad.ops.elementary import tanh
from minigrad.ops.losses import bce_with_logits, binary_cross_entropy
from minigrad.ops.normalization import (
    cosine_similarity,
    embedding,
    layer_norm,
    linear,
    rms_norm,
)
from minigrad.ops.regression import (
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from minigrad.ops.smooth import expit as sigmoid
from minigrad.ops.smooth import log_softmax, logsumexp, relu, softmax, softplus

__all__ = [
    "bce_with_logits",
    "binary_cross_entropy",
    "conv1d",
    "conv2d",
    "cosine_similarity",
    "cross_entropy",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "hardswish",
    "hardtanh",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "max_pool2d",
    "mish",
    "mse_loss",
    "nll_loss",
    "relu",
    "relu6",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]
