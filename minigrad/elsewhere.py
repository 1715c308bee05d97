"""What other libraries call things: the line to write here, for a name or an option that is not here.

Each room keeps a table of its own; what is said is "what is here, and what to write".
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from minigrad.errors import NO_DEVICE, AbsentError, ArgumentError, KindError, nearest

_F = TypeVar("_F", bound=Callable[..., Any])

# Options of PyTorch and of Keras, with what stands for them here.
OPTIONS: Mapping[str, str] = {
    "in_features": "inputs",
    "out_features": "outputs",
    "in_channels": "inputs",
    "out_channels": "outputs",
    "num_embeddings": "count",
    "embedding_dim": "features",
    "normalized_shape": "features",
    "num_features": "features",
    "input_size": "inputs",
    "hidden_size": "features",
    "num_layers": "layers",
    "start_dim": "start",
    "end_dim": "end",
    "embed_dim": "features",
    "d_model": "features",
    "num_heads": "heads",
    "nhead": "heads",
    "dim_feedforward": "hidden",
    "elementwise_affine": "affine",
    "learning_rate": "lr",
    "params": "parameters",
    "kernel_size": "kernel",
    "alpha": "negative_slope",
}
CLIP = "write mg.optim.clip_grad_norm(model, 1.0), or clip_grad_value"
# Options that nothing stands for.
_NEEDLESS: Mapping[str, str] = {
    "inplace": "results are new tensors, and an array is never changed in place",
    "fused": "there is one way to step",
    "foreach": "there is one way to step",
    "capturable": "there is one way to step",
    "differentiable": "mg.derive differentiates steps that are written as formulas",
    "requires_grad": "parameters require gradients; freeze them with module.requires_grad_(False)",
}
_WRITTEN: Mapping[str, str] = {
    "device": NO_DEVICE,
    "last_epoch": "a schedule is a function of the steps done, and optimizer.steps counts them",
    "strict": "every name must fit; write model.load_state_dict({**model.state_dict(), **part})",
    "beta1": "both betas stand together; write betas=(0.9, 0.999)",
    "beta2": "both betas stand together; write betas=(0.9, 0.999)",
    "bidirectional": "run a second one over mg.flip(x, -2) and concatenate the results",
    "padding_idx": "multiply by a mask, or pass key_mask to the attention",
    "nonlinearity": 'the activation is named; write activation="relu"',
}


def absent(owner: str, name: str, told: Mapping[str, str], known: Iterable[str]) -> AbsentError:
    """The error for an attribute that is not there: what the table says of it, or the nearest name."""
    return AbsentError(lambda: _absence(owner, name, told, known))


def _absence(owner: str, name: str, told: Mapping[str, str], known: Iterable[str]) -> str:
    if name in told:
        return f"{owner} has no {name!r}; {told[name]}"
    folded = {word.lower(): word for word in known if not word.startswith("_")}
    near = folded.get(name.lower()) or nearest(name, folded.values())
    return f"{owner} has no {name!r}" + (f"; did you mean {near}?" if near else "")


def of_module(module: str, told: Mapping[str, str], known: Iterable[str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module, which says what to write for a name that it does not have."""

    def attribute(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise absent(module.replace("minigrad", "mg", 1), name, told, known)

    return attribute


def options_said(function: _F, bound: bool = True) -> _F:
    """The function, which says in words which options it does not take; a ``bound`` one has a self."""
    of_class = function.__name__ == "__init__"

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if isinstance(error, ArgumentError):
                raise
            name = type(args[0]).__name__ if of_class else function.__name__
            fault = _misfit(name, function, args, kwargs, bound)
            if fault is None:
                raise
            raise fault from None

    return run  # type: ignore[return-value]


class Spoken:
    """What says in words which attributes, and which options of its making, it does not have."""

    # What PyTorch has under a name that is not here, and what to write.
    elsewhere: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            setattr(cls, "__init__", options_said(cls.__init__))  # noqa: B010

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        raise absent(type(self).__name__, name, self.elsewhere, (*dir(type(self)), *vars(self)))


def forget_gradients(parameters: Iterable[Any], set_to_none: bool) -> None:
    """What ``zero_grad`` does of modules and optimisers.

    Raises
    ------
    ArgumentError
        When gradients are to be zeros.
    """
    if not set_to_none:
        raise ArgumentError("zero_grad: gradients become None and not 0; leave set_to_none out")
    for parameter in parameters:
        parameter.grad = None


def _misfit(
    name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], bound: bool
) -> KindError | None:
    """The error for arguments that are not those of the signature, or None where they are."""
    signature = inspect.signature(function)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        takes = list(signature.parameters.values())[bound:]
        words = [
            f"{p.name}" if p.default is p.empty else f"{p.name}={p.default!r}"
            for p in takes
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            and (p.default is p.empty or not callable(p.default))
        ]
        form = f"{name}({', '.join(words)})"
        for key in kwargs:
            if key not in signature.parameters:
                return KindError(f"{name}: {_told(key, list(signature.parameters), form)}")
        return KindError(f"{name}: {error}; write {form}")
    return None


def _told(key: str, known: list[str], form: str) -> str:
    """What to write for an option that is not here."""
    if key in _NEEDLESS:
        return f"there is no {key}=: {_NEEDLESS[key]}; leave it out"
    if key in _WRITTEN:
        return f"there is no {key}=: {_WRITTEN[key]}"
    if OPTIONS.get(key) in known:
        return f"{key} is called {OPTIONS[key]} here; write {form}"
    near = nearest(key, known)
    return f"there is no {key}=" + (f"; did you mean {near}=?" if near else "") + f"; write {form}"
