"""Modules: parameters that belong together, under the names of the attributes that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self

from minigrad.display import block, folded, table
from minigrad.elsewhere import Spoken, forget_gradients, options_said
from minigrad.errors import NO_DEVICE, ArgumentError
from minigrad.graph.context import Scope, call, current_scope, region
from minigrad.graph.create import as_tensor
from minigrad.graph.tensor import Tensor, labelled
from minigrad.names import checked_name
from minigrad.nn.labels import keep_apart
from minigrad.nn.members import (
    Holder,
    Listed,
    Named,
    adopt,
    everywhere,
    forget,
    is_parameter,
    members,
    refuse_circle,
    refuse_result,
    walk,
)
from minigrad.nn.stored import Stored

__all__ = ["Module", "is_parameter"]

_DTYPE = 'write model.astype("float32"), or float64, float16'


class Module(Stored, Spoken):
    """A function of tensors with parameters of its own.

    An attribute that is a leaf tensor requiring a gradient is a parameter; an attribute that is a
    module holds further ones. Lists, tuples and dictionaries of parameters and modules count as
    well, also when they grow later. Names follow the attributes: ``attention.Wq``,
    ``blocks.0.Wq``. A subclass writes :meth:`forward`; calling the module runs it inside a scope
    with the module's name, so that graphs and formulas carry it.

    Attributes
    ----------
    training
        Whether the module is being trained; :meth:`train` and :meth:`eval` set it. Dropout acts
        only while it is true, and batch norms follow their batches.

    Examples
    --------
    >>> import minigrad as mg
    >>> class Scale(mg.nn.Module):
    ...     def __init__(self):
    ...         self.a = mg.tensor([1.0, 2.0], dims="d", requires_grad=True)
    ...
    ...     def forward(self, x):
    ...         return x * self.a
    >>> Scale()
    Scale: 2 parameters
      a  (d=2,)  2
    """

    training: bool = True
    elsewhere: ClassVar[Mapping[str, str]] = {
        "to": f"{NO_DEVICE}; and for another element type {_DTYPE}",
        **dict.fromkeys(("cuda", "cpu", "xpu"), NO_DEVICE),
        **dict.fromkeys(("float", "double", "half", "bfloat16", "type"), _DTYPE),
        "register_parameter": "a tensor that requires a gradient is one: write module.name = tensor",
        "add_module": "a module in an attribute is a part: write module.name = part",
        "register_module": "a module in an attribute is a part: write module.name = part",
        "get_submodule": 'write model.named_modules()["layers.0"]',
        "get_parameter": 'write model.named_parameters()["layers.0.W"]',
        "weight": "matrices are called W, or model.named_parameters().keys()",
        "bias": "it is called b, or model.named_parameters().keys()",
        "fit": "write the loop: loss.backward(), optimizer.step(), or use mg.training.Training",
        "predict": "call the model: model(x)",
        "summary": "print(model) shows all parameters and their shapes",
        "register_forward_hook": "write forward, or name results with .named() and read the graph",
        "share_memory": "leave it out",
        "compile": "write step = mg.compile(loss), or a function of arrays that calls the model",
    }

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the module's function; a subclass says how."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run :meth:`forward` in the module's scope; the outermost module's has no title."""
        label = self._label
        kind = type(self).__name__
        with call(kind) if label is None else region(label, kind):
            self._settle()
            self._place(current_scope())
            return self.forward(*inputs, **options)

    def _place(self, scope: Scope) -> None:
        """Let the own parameters lie here: two modules may both own a Wq, each in the scope that uses it."""
        for name, value in self._attributes():
            if type(value) is Tensor:  # What most attributes are that count.
                found: Any = ((name, name, value),)
            elif isinstance(value, list | tuple | dict):
                found = members(name, name, value)
            else:
                continue
            for full, _, member in found:
                node = None if isinstance(member, Holder) else member._node
                if node is not None and node.op is None:
                    if node.requires_grad or full in self._held or full in self._buffers:
                        node.context = scope

    def __setattr__(self, name: str, value: Any) -> None:
        refuse_circle(self, name, value)
        refuse_result(self, name, value)
        object.__setattr__(self, name, value)
        forget(self, name)
        if adopt(self, name, value):
            keep_apart(self.parameters())

    def _settle(self) -> None:
        """Name what lists and dictionaries have gained since they became attributes."""
        grown = [(n, v) for n, v in self._attributes() if isinstance(v, list | dict)]
        news = [adopt(self, name, value) for name, value in grown]
        if any(news):
            keep_apart(self.parameters())

    # -- parts ---------------------------------------------------------------------------------

    def named_modules(self) -> Named[Module]:
        """The module itself under the name "", and all its parts by their full names."""
        return Named(walk(self))

    def modules(self) -> list[Module]:
        """The module itself and all its parts, each once."""
        return list(dict.fromkeys(module for _, module in walk(self)))

    def named_children(self) -> Named[Module]:
        """The modules that are parts of this one alone, by name."""
        return Named(self._own_modules())

    def children(self) -> list[Module]:
        """The modules that are parts of this one alone, each once."""
        return list(dict.fromkeys(self.named_children().values()))

    def named_parameters(self) -> Named[Tensor]:
        """All parameters by their full names, a module's own before those of its parts.

        ``for name, p in model.named_parameters()`` goes through pairs; it is a mapping else. A parameter
        that two modules share is there under both names.
        """
        return Named(everywhere(self, Holder._own_parameters))

    def parameters(self) -> list[Tensor]:
        """All parameters, each once, in the order of :meth:`named_parameters`."""
        return Listed(dict.fromkeys(self.named_parameters().values()))

    def named_buffers(self) -> Named[Tensor]:
        """All buffers by their full names."""
        return Named(everywhere(self, Holder._own_buffers))

    def buffers(self) -> list[Tensor]:
        """All buffers, each once."""
        return list(dict.fromkeys(self.named_buffers().values()))

    def register_buffer(self, name: str, value: Any) -> None:
        """Make a tensor a part of the module's state that is not trained.

        :meth:`state_dict` and :meth:`save` hold it, optimisers do not move it. ``self.name.assign(...)``
        gives it another value.

        Raises
        ------
        ArgumentError
            When the name is taken, or the tensor requires a gradient.
        """
        checked_name(name, "register_buffer")
        if not name.isidentifier() or (hasattr(self, name) and name not in self._buffers):
            raise ArgumentError(
                f"register_buffer: {name!r} is taken, or no attribute's name; choose another"
            )
        buffer = as_tensor(value, "register_buffer")
        if buffer.requires_grad:
            raise ArgumentError(
                f"register_buffer: {name} requires a gradient and so is a parameter; write "
                f"self.{name} = tensor, or tensor.detach() for a buffer"
            )
        buffer = buffer.detach()  # of its own: a name here names nothing else
        setattr(self, name, buffer.named(name))
        if name not in self._buffers:
            object.__setattr__(self, "_buffers", (*self._buffers, name))

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call a function with every part and then with this module, and return this module."""
        for module in reversed(self.modules()):
            function(module)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set ``training`` in this module and all its parts, and return this module."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """End training: ``train(False)``."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze all parameters, or let them learn again, and return this module.

        A frozen parameter stays a parameter: :meth:`state_dict` holds it, no gradient flows to it, and
        ``SGD(model)`` leaves it out.
        """
        self._settle()
        for p in self.parameters():
            p.grad = None
            assert p._node is not None  # a parameter has a name
            p._node.requires_grad = bool(requires_grad)
        return self

    @options_said
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Raises
        ------
        ArgumentError
            When they are to be zeros.
        """
        forget_gradients(self.parameters(), set_to_none)

    # -- text ----------------------------------------------------------------------------------

    def describe(self) -> str:
        """What the text of this module says beside its class: settings, for example "p=0.1"."""
        return ""

    def __repr__(self) -> str:
        rows = list(_rows(self, "", 0))
        widths = [max((len(row[i]) for row in rows if row[1]), default=0) for i in (0, 1)]
        return "\n".join(
            f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count}" if shape else f"{name}: {count}"
            for name, shape, count in rows
        )

    def _repr_html_(self) -> str:
        return block(_tree(self, ""))


def _tree(module: Module, name: str) -> str:
    """A module's line, which folds its parameters and parts away."""
    (head, _, total), *_ = _rows(module, name, 0)
    own = [
        (name, labelled(p), f"{p.size:,}", "" if p.requires_grad else "frozen")
        for name, p in module._own_parameters()
    ]
    parts = (_tree(child, of) for of, child in module._own_modules())
    return folded(head, total, table((), own) if own else "", *parts)


def _rows(module: Module, name: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """Lines of a module's text: name, shape and count of a parameter; no shape for a module."""
    settings = module.describe()
    title = type(module).__name__ + (f"({settings})" if settings else "")
    total = sum(p.size for p in module.parameters())
    yield (
        "  " * depth + (f"{name}: {title}" if name else title),
        "",
        f"{total:,} parameter{'s' * (total != 1)}",
    )
    for own, parameter in module._own_parameters():
        frozen = "" if parameter.requires_grad else ", frozen"
        yield "  " * (depth + 1) + own, labelled(parameter), f"{parameter.size:,}{frozen}"
    for own, child in module._own_modules():
        yield from _rows(child, own, depth + 1)
