"""What PyTorch's ``nn`` has under a name that is not here, and what to write."""

from __future__ import annotations

from minigrad.elsewhere import CLIP
from minigrad.errors import NO_DEVICE

_CELL = "write mg.nn.{0}(inputs, features) and call it with one step, x[:, None]"

TOLD: dict[str, str] = {
    "Parameter": "a tensor that requires a gradient is a parameter: mg.tensor(values, requires_grad=True)",
    "F": "write mg.nn.functional",
    "ParameterList": "write mg.nn.ModuleList, or a plain list of tensors",
    "ParameterDict": "write mg.nn.ModuleDict, or a plain dictionary of tensors",
    "Buffer": "write self.register_buffer(name, values)",
    "CELU": "write lambda x: alpha * mg.nn.functional.elu(x / alpha)",
    "PReLU": "write mg.nn.LeakyReLU(slope), or mg.where(x > 0, x, self.a * x) with a parameter a",
    "RReLU": "write mg.nn.LeakyReLU(slope)",
    "Hardsigmoid": "write lambda x: mg.nn.functional.relu6(x + 3) / 6",
    "Tanhshrink": "write lambda x: x - mg.tanh(x)",
    "Hardshrink": "write lambda x: mg.where(abs(x) > 0.5, x, 0)",
    "Softshrink": "write lambda x: mg.sign(x) * mg.nn.functional.relu(abs(x) - 0.5)",
    "Threshold": "write lambda x: mg.where(x > threshold, x, value)",
    "Softmin": "write lambda x: mg.nn.functional.softmax(-x)",
    "Softmax2d": "write mg.nn.Softmax(axis=-3)",
    "Unflatten": "write x.reshape(...) in forward",
    "Fold": "write x.reshape(...) in forward",
    "Upsample": "write mg.repeat along both axes in forward",
    "GroupNorm": "write mg.nn.functional.layer_norm over groups that were made by reshape",
    **dict.fromkeys(
        ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
        "write mg.nn.functional.layer_norm(x, x.shape[2:])",
    ),
    "LocalResponseNorm": "there is none: write x / (k + alpha * m) ** beta with m, the means of x**2 over near channels",
    **dict.fromkeys(
        ("SyncBatchNorm", "BatchNorm3d", "LazyBatchNorm1d"),
        "write mg.nn.BatchNorm(features), for any number of axes",
    ),
    **dict.fromkeys(("Conv3d", "MaxPool3d", "AvgPool3d"), "there are one and two dimensions: Conv1d, Conv2d"),
    **dict.fromkeys(
        ("ConvTranspose1d", "ConvTranspose2d"),
        "it is the gradient of a convolution: write mg.vjp(lambda x: conv(x), image), or mg.repeat and Conv2d",
    ),
    "AdaptiveAvgPool2d": "write x.mean((-2, -1), keepdims=True) for output size 1, or AvgPool2d(kernel)",
    "AdaptiveAvgPool1d": "write x.mean(-1, keepdims=True) for output size 1, or AvgPool1d(kernel)",
    "AdaptiveMaxPool2d": "write x.max((-2, -1), keepdims=True) for output size 1, or MaxPool2d(kernel)",
    **{f"{name}Cell": _CELL.format(name) for name in ("RNN", "GRU", "LSTM")},
    "MultiheadAttention": "write mg.nn.MultiHeadAttention(features, heads), and call it with (query, key, value)",
    "TransformerEncoderLayer": "write mg.nn.TransformerBlock(features, heads)",
    "TransformerDecoderLayer": "write mg.nn.TransformerBlock(features, heads, causal=True)",
    **dict.fromkeys(
        ("TransformerEncoder", "TransformerDecoder", "Transformer"),
        "write mg.nn.Sequential(*[mg.nn.TransformerBlock(features, heads) for _ in range(layers)])",
    ),
    **dict.fromkeys(("DataParallel", "parallel"), f"{NO_DEVICE} and use the model as it is"),
    "utils": f"for clip_grad_norm_ {CLIP}",
    "clip_grad_norm_": CLIP,
    "EmbeddingBag": "write mg.nn.Embedding(count, features) and take the mean over the tokens",
    "Bilinear": 'write mg.einsum("bi,oij,bj->bo", x, self.W, y)',
    "CosineEmbeddingLoss": "write mg.where(y > 0, 1 - c, mg.nn.functional.relu(c - margin)).mean() with "
    "c = mg.nn.functional.cosine_similarity(x1, x2)",
    "TripletMarginLoss": "write mg.nn.functional.relu(mg.linalg.norm(a - p, axis=-1) - "
    "mg.linalg.norm(a - n, axis=-1) + margin).mean()",
    "MarginRankingLoss": "write mg.nn.functional.relu(margin - y * (x1 - x2)).mean()",
    "HingeEmbeddingLoss": "write mg.where(y > 0, x, mg.nn.functional.relu(margin - x)).mean()",
    "SoftMarginLoss": "write mg.nn.functional.softplus(-y * x).mean()",
    "GaussianNLLLoss": "write ((mg.log(var) + (x - y) ** 2 / var) / 2).mean()",
    "PoissonNLLLoss": "write (mg.exp(x) - y * x).mean()",
    "MultiLabelSoftMarginLoss": "write mg.nn.BCEWithLogitsLoss()",
    "CTCLoss": "there is none, and no operation that it is made of",
    "SGD": "optimisers are in mg.optim: mg.optim.SGD(model, lr=0.1)",
    "Adam": "optimisers are in mg.optim: mg.optim.Adam(model)",
}

FUNCTIONAL: dict[str, str] = {
    "one_hot": "write mg.eye(classes)[labels]",
    "binary_cross_entropy_with_logits": "write bce_with_logits",
    "logsigmoid": "write log_sigmoid",
    "normalize": "write x / mg.linalg.norm(x, axis=-1, keepdims=True)",
    "pad": "write mg.pad(x, widths)",
    "batch_norm": "write the module mg.nn.BatchNorm, which has the running values",
    "group_norm": "write layer_norm over groups that were made by reshape",
    "instance_norm": "write layer_norm(x, x.shape[2:])",
    "hardsigmoid": "write relu6(x + 3) / 6",
    "hardshrink": "write mg.where(abs(x) > 0.5, x, 0)",
    "tanhshrink": "write x - mg.tanh(x)",
    "softmin": "write softmax(-x)",
    "celu": "write alpha * elu(x / alpha)",
    "prelu": "write mg.where(x > 0, x, a * x)",
    "pairwise_distance": "write mg.linalg.norm(x - y, axis=-1)",
    "triplet_margin_loss": TOLD["TripletMarginLoss"],
    "cosine_embedding_loss": TOLD["CosineEmbeddingLoss"],
    "gaussian_nll_loss": TOLD["GaussianNLLLoss"],
    "poisson_nll_loss": TOLD["PoissonNLLLoss"],
    "ctc_loss": TOLD["CTCLoss"],
    "adaptive_avg_pool2d": TOLD["AdaptiveAvgPool2d"],
    "interpolate": TOLD["Upsample"],
    "unfold": "write x[..., places] with an array of places, (windows, kernel)",
    "conv_transpose2d": TOLD["ConvTranspose2d"],
    "conv3d": TOLD["Conv3d"],
    "gumbel_softmax": "write softmax((x + noise) / temperature) with noise of numpy.random's gumbel",
}

INIT: dict[str, str] = {
    f"{name}_": f"initial weights are drawn when a layer is made: mg.nn.Linear(3, 2, init=mg.nn.init.{here}), "
    f"or p.assign(mg.nn.init.{here}(p.shape, rng))"
    for name, here in {
        **{n: n for n in ("xavier_uniform", "xavier_normal", "orthogonal", "normal", "uniform", "zeros", "ones")},
        "kaiming_uniform": "he_uniform",
        "kaiming_normal": "he_normal",
        "trunc_normal": "normal",
        "constant": "ones",
    }.items()
}
INIT |= {"kaiming_uniform": "write he_uniform", "kaiming_normal": "write he_normal"}
INIT |= {"calculate_gain": "initial weights take gain=, 2 ** 0.5 for relu, 5 / 3 for tanh"}
