"""What NumPy, PyTorch and JAX have under other names: the same operation here, or the line to write.

An operation has one name; what is read for it otherwise stands in these tables, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from minigrad.errors import COMPILED_ELSEWHERE, NO_DEVICE, AbsentError, ShapeError
from minigrad.graph.protocols import FUNCTIONS, UFUNCS
from minigrad.graph.public import PUBLIC, TENSOR_METHODS, numpy_function
from minigrad.graph.tensor import Tensor, describe
from minigrad.ops import shape
from minigrad.ops.piecewise import where

# Other names of operations: functions and methods alike.
ALIASES = {
    "view": "reshape",
    "permute": "transpose",
    "unsqueeze": "expand_dims",
    "swapdims": "swapaxes",
    "flatten": "ravel",
    "repeat_interleave": "repeat",
    "clone": "positive",
    "clamp": "clip",
    "mul": "multiply",
    "sub": "subtract",
    "div": "divide",
    "neg": "negative",
    "pow": "power",
    "absolute": "abs",
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "atan2": "arctan2",
    "mm": "matmul",
    "bmm": "matmul",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "inverse": "linalg.inv",
}
# Other names of what mg holds.
OF_MODULE = {
    "cat": "concatenate",
    **dict.fromkeys(("array", "asarray", "as_tensor", "from_numpy"), "tensor"),
}
# NumPy's numbers and element types.
_NUMPY = frozenset(
    (
        *("pi", "e", "inf", "nan", "newaxis", "float16", "float32", "float64"),
        *("int8", "int16", "int32", "int64", "uint8", "bool_"),
    )
)
_NO_DEVICE = f"{NO_DEVICE}; {COMPILED_ELSEWHERE}"
_UPDATE = "with mg.no_grad(): w -= lr * w.grad"
_ORDERED = "write mg.sort(x, axis=-1)[..., k] for the place k that you want"
_CHUNK = "write mg.array_split(x, pieces)"
_HOOK = "write h.retain_grad() before backward, or mg.gradients(loss, h)"
_BOTH = {
    "cuda": _NO_DEVICE,
    "topk": "write mg.sort(x)[..., -k:] for the values, x.argsort()[..., -k:] for the places",
    "chunk": _CHUNK,
    "gather": "write mg.take_along_axis(x, index, axis)",
    "scatter": "write mg.setitem(x, index, values) to set elements, mg.index_add(x, index, values) to add to them",
    "index_select": "write x[index], or mg.take(x, index, axis)",
    "scatter_add": "write mg.index_add(x, index, values)",
    "masked_select": "write x[mask]",
    "narrow": "write x[:, start : start + length] for axis 1",
    "rsqrt": "write 1 / mg.sqrt(x)",
    **dict.fromkeys(("median", "nanmedian", "quantile", "percentile", "kthvalue"), _ORDERED),
    "einops": "write mg.einsum, or reshape and transpose",
}
# What Tensor does not have, and the line to write.
TOLD = {
    **_BOTH,
    "data": f"read x.numpy(); to change a leaf write '{_UPDATE}', or w.assign(values)",
    "device": _NO_DEVICE,
    "zero_grad": "write w.grad = None",
    "fill_": "write w.assign(values) for a leaf, mg.full_like(x, value) for another tensor",
    "copy_": "write w.assign(values) for a leaf",
    "zero_": f"write w.grad = None to forget a gradient, x = mg.zeros_like(x) otherwise, or '{_UPDATE}'",
    "split": "write mg.split(x, pieces): NumPy takes the number of pieces, PyTorch their length",
    "register_hook": _HOOK,
    "at": "write mg.index_add(x, index, values), or x[index] = value",
    "share_memory_": _NO_DEVICE,
    "fill_diagonal_": "write mg.where(mg.eye(n) > 0, value, x)",
    **dict.fromkeys(("scatter_", "scatter_add_"), _BOTH["scatter"]),
    "normal_": "write w.assign(mg.randn(*w.shape))",
    "uniform_": "write w.assign(mg.rand(*w.shape))",
    "detach_": "write x = x.detach()",
    "amax": "write x.max(axis=1)",
    "amin": "write x.min(axis=1)",
    "clamp_min": "write x.clip(min=0)",
    "clamp_max": "write x.clip(max=1)",
    "is_cuda": _NO_DEVICE,
    "apply": "write mg.elementwise('name', forward, vjps=(rule,)) for a function of your own",
    "where": "write mg.where(condition, x, y)",
}
# What mg does not have, and the line to write.
TOLD_OF_MODULE = {
    **_BOTH,
    "device": _NO_DEVICE,
    "backends": _NO_DEVICE,
    "autograd": "write mg.gradients(loss, x) for autograd.grad, mg.jacobian(f, x) for autograd.functional",
    "save": "write model.save(path), or np.savez(path, **model.state_dict())",
    "load": "write model.load(path), or model.load_state_dict(np.load(path))",
    "set_grad_enabled": "write 'with mg.no_grad():' or 'with mg.enable_grad():'",
    "inference_mode": "write 'with mg.no_grad():'",
    "is_tensor": "write isinstance(x, mg.Tensor)",
    "jit": "write mg.compile(f, wrt=...)",
    "pmap": "write mg.compile(f, wrt=...)",
    "jacrev": "write mg.jacobian(f)",
    "jacfwd": "write mg.jacobian(f)",
    "numpy": "write mg.exp(x): NumPy's names are in mg, and np.exp(x) takes tensors",
    "lax": "NumPy's names are in mg; stop_gradient is x.detach()",
    "stop_gradient": "write x.detach()",
    "random": "write mg.randn(2, 3, seed=0), mg.rand, mg.randint",
    "normal": "write mean + std * mg.randn(2, 3)",
    "multinomial": "write np.random.default_rng(0).choice(n, p=p.numpy())",
    "Generator": "write np.random.default_rng(seed)",
    "Variable": "write mg.tensor(data, requires_grad=True)",
    "Value": "write mg.tensor(2.0, requires_grad=True)",
    "empty": "write mg.zeros(2, 3)",
    "float": "write dtype=mg.float32, or float, which has 64 bits",
    "double": "write dtype=float",
    "long": "write dtype=int",
    "utils": "write mg.data.minibatches(X, y, size=32, rng=rng)",
    "one_hot": "write mg.eye(classes)[labels]",
    "DataLoader": "write mg.data.minibatches(X, y, size=32, rng=rng)",
    **{
        name: f"write mg.optim.{name}(model, lr=0.1)"
        for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad")
    },
    "numel": "write x.numel()",
    "cdist": "write mg.linalg.norm(x[:, None] - y[None, :], axis=-1)",
    "F": "write mg.nn.functional",
    "func": "write mg.grad, mg.vmap, mg.jvp",
    "jnp": "NumPy's names are in mg",
    **{f"{kind}Tensor": "write mg.tensor(data)" for kind in ("Float", "Double", "Long", "Int", "Bool")},
}


def _expand(self: Tensor, *sizes: Any) -> Tensor:
    """Repetition along axes of size one, to sizes of which -1 leaves one as it is."""
    wanted = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
    if len(wanted) < self.ndim:
        raise ShapeError(f"expand: {describe(self)} has more axes than the {len(wanted)} sizes; give one for each")
    own = (1,) * (len(wanted) - self.ndim) + tuple(self.shape)
    kept = tuple(old if size == -1 else size for size, old in zip(wanted, own, strict=True))
    tensor: Tensor = shape.broadcast_to(self, kept)
    return tensor


def _to(self: Tensor, *what: Any, dtype: Any = None, **others: Any) -> Tensor:
    """Another element type; a device there is not."""
    kinds = [x for x in what if x is not None and x != "cpu"]
    if others or any(isinstance(x, str) and x not in np.sctypeDict for x in kinds):
        raise absent("Tensor", "to", {"to": _NO_DEVICE})
    wanted = dtype or (kinds[0] if kinds else None)
    return self if wanted is None else shape.astype(self, wanted)


def _t(self: Tensor) -> Tensor:
    """The transpose of a matrix."""
    if self.ndim > 2:
        raise ShapeError(f"t: {describe(self)} is no matrix; write x.mT or x.swapaxes(0, 1)")
    return shape.reversed_axes(self)


def _cast(dtype: Any) -> Callable[[Tensor], Tensor]:
    return lambda self: shape.astype(self, dtype)


def _itself(self: Tensor) -> Tensor:
    return self


def absent(owner: str, name: str, told: Mapping[str, str], known: Iterable[str] = ()) -> AbsentError:
    """See :func:`minigrad.elsewhere.absent`, which is loaded when something is not there."""
    from minigrad.elsewhere import absent as said

    return said(owner, name, told, known)


# Methods of PyTorch's that are no operation of another name.
METHODS: dict[str, Callable[..., Any]] = {
    "t": _t,
    "to": _to,
    "expand": _expand,
    "masked_fill": lambda self, mask, value: where(mask, value, self),
    "unbind": lambda self, axis=0: PUBLIC["unstack"](self, axis=axis),
    "dim": lambda self: self.ndim,
    **dict.fromkeys(("numel", "nelement"), lambda self: int(self.size)),
    "cpu": _itself,
    "contiguous": _itself,
    "type": shape.astype,
    "float": _cast(np.float32),
    "double": _cast(np.float64),
    "half": _cast(np.float16),
    "int": _cast(np.int32),
    "long": _cast(np.int64),
    "bool": _cast(bool),
}


_INSIDE = ("", "nn.", "linalg.", "special.")


def operation(name: str) -> Callable[..., Any] | None:
    """The operation that a name means elsewhere, or None."""
    name = ALIASES.get(name, name)
    for inside in _INSIDE:
        if inside + name in PUBLIC:
            return PUBLIC[inside + name]
    theirs = numpy_function(name)
    return FUNCTIONS.get(theirs) or UFUNCS.get(theirs) or TENSOR_METHODS.get(name)


def of_module(name: str, module: dict[str, Any], room: str | None) -> Any:
    """What ``mg.name`` means elsewhere; ``module`` holds what ``mg`` has, ``room`` of it has the name.

    Raises
    ------
    AbsentError
        When nothing here does; it says what to write.
    """
    if name in OF_MODULE:
        return module[OF_MODULE[name]]
    if name in _NUMPY:
        return getattr(np, name)
    found = None if name in TOLD_OF_MODULE else operation(name)
    if found is None:
        inside = {name: f"write mg.{room}.{name}"} if room else {}
        raise absent("mg", name, {**inside, **TOLD_OF_MODULE}, (*module["__all__"], *ALIASES, *OF_MODULE))
    return found


class Absent:
    """A name that Tensor does not have: reading it says what to write.

    A ``__getattr__`` would slow down every other attribute of every tensor.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Tensor | None, owner: type) -> Any:
        raise absent("Tensor", self.name, {self.name: self.told()})

    def __set__(self, tensor: Tensor, value: Any) -> None:
        raise absent("Tensor", self.name, {self.name: self.told()})

    def told(self) -> str:
        """The line to write."""
        name = self.name
        if name in TOLD:
            return TOLD[name]
        if name in _OF_ARRAYS:
            return f"write x.numpy().{name}"
        own = name.removesuffix("_")
        inside = next((room for room in _INSIDE if room + own in PUBLIC), "").replace("nn.", "nn.functional.")
        line = f"x.{own}(...)" if own in {*TENSOR_METHODS, *ALIASES, *METHODS} else f"mg.{inside}{own}(x, ...)"
        if own == name:
            return f"write {line}"
        return f"a tensor is not changed in place; write x = {line}, or '{_UPDATE}'"


def _listed(self: Tensor) -> list[str]:
    """What a tensor has, without what only says what to write."""
    return [name for name in object.__dir__(self) if not isinstance(vars(Tensor).get(name), Absent)]


for _name, _method in {**{other: operation(other) for other in ALIASES}, **METHODS}.items():
    setattr(Tensor, _name, _method)
_FUNCTIONS = {name.rpartition(".")[2] for name in PUBLIC}
# What arrays have besides.
_OF_ARRAYS = {name for name in dir(np.ndarray) if name[0] != "_"} - {*TOLD, *_FUNCTIONS, *dir(Tensor)}
_IN_PLACE = {f"{method}_" for method in (*_FUNCTIONS, *TENSOR_METHODS, *ALIASES, *METHODS)}
for _name in {*TOLD, *_OF_ARRAYS, *_IN_PLACE, *_FUNCTIONS - {*dir(Tensor)}}:
    setattr(Tensor, _name, Absent(_name))
Tensor.__dir__ = _listed  # type: ignore[method-assign, assignment]
