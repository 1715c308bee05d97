# Written from the rows by docs/make_tables.py.

from minigrad.ops.pooling import avg_pool1d as avg_pool1d
from minigrad.ops.pooling import avg_pool2d as avg_pool2d
from minigrad.ops.losses import bce_with_logits as bce_with_logits
from minigrad.ops.losses import binary_cross_entropy as binary_cross_entropy
from minigrad.ops.convolution import conv1d as conv1d
from minigrad.ops.convolution import conv2d as conv2d
from minigrad.ops.normalization import cosine_similarity as cosine_similarity
from minigrad.ops.classes import cross_entropy as cross_entropy
from minigrad.ops.activations import elu as elu
from minigrad.ops.normalization import embedding as embedding
from minigrad.ops.activations import gelu as gelu
from minigrad.ops.activations import glu as glu
from minigrad.ops.activations import hardswish as hardswish
from minigrad.ops.activations import hardtanh as hardtanh
from minigrad.ops.regression import huber_loss as huber_loss
from minigrad.ops.regression import kl_div as kl_div
from minigrad.ops.regression import l1_loss as l1_loss
from minigrad.ops.normalization import layer_norm as layer_norm
from minigrad.ops.activations import leaky_relu as leaky_relu
from minigrad.ops.normalization import linear as linear
from minigrad.ops.activations import log_sigmoid as log_sigmoid
from minigrad.ops.smooth import log_softmax as log_softmax
from minigrad.ops.smooth import logsumexp as logsumexp
from minigrad.ops.pooling import max_pool1d as max_pool1d
from minigrad.ops.pooling import max_pool2d as max_pool2d
from minigrad.ops.activations import mish as mish
from minigrad.ops.regression import mse_loss as mse_loss
from minigrad.ops.classes import nll_loss as nll_loss
from minigrad.ops.smooth import relu as relu
from minigrad.ops.activations import relu6 as relu6
from minigrad.ops.normalization import rms_norm as rms_norm
from minigrad.ops.attention import scaled_dot_product_attention as scaled_dot_product_attention
from minigrad.ops.activations import selu as selu
from minigrad.ops.smooth import expit as sigmoid
from minigrad.ops.activations import silu as silu
from minigrad.ops.regression import smooth_l1_loss as smooth_l1_loss
from minigrad.ops.smooth import softmax as softmax
from minigrad.ops.smooth import softplus as softplus
from minigrad.ops.activations import softsign as softsign
from minigrad.ops.elementary import tanh as tanh

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
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
    "max_pool1d",
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
