"""Formulas in PyTorch: nothing is changed in place, so that autograd and torch.func apply to them."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.program import Value
from minigrad.program.functions import OF_SCIPY
from minigrad.source.dialect import Context, Dialect, Joint, as_result, as_tuple, defined
from minigrad.source.layout import indented
from minigrad.source.pieces import ATOM, COMPARE, MATMUL, UNARY, Part, Text, call, product_text

_HELPERS = {
    "softmax": """\
def softmax(x, dim=-1):
    top = torch.amax(x, dim=dim, keepdim=True)
    e = torch.exp(x - torch.where(torch.isneginf(top), 0, top))
    return e / torch.sum(e, dim=dim, keepdim=True).clamp(min=1)
""",
    "nonzero": """\
def nonzero(x):
    return torch.where(x == 0, torch.finfo(x.dtype).tiny, x)
""",
    "where_largest": """\
def where_largest(x, dim=-1):
    largest = (x == torch.amax(x, dim=dim, keepdim=True)).to(x.dtype)
    return largest / torch.sum(largest, dim=dim, keepdim=True)
""",
    "product_of_others": """\
def product_of_others(x, dim=-1):
    if not x.numel():
        return x
    dims = (dim,) if isinstance(dim, int) else dim
    last = tuple(range(-len(dims), 0))
    moved = torch.movedim(x, dims, last)
    flat = moved.reshape(*moved.shape[: x.ndim - len(dims)], -1)
    ones = torch.ones_like(flat[..., :1])
    before = torch.cumprod(torch.cat([ones, flat[..., :-1]], -1), -1)
    after = torch.cumprod(torch.cat([ones, flat[..., 1:].flip(-1)], -1), -1).flip(-1)
    return torch.movedim((before * after).reshape(moved.shape), last, dims)
""",
}


class Torch(Dialect):
    """What PyTorch calls otherwise than NumPy; new tensors have the inputs' type and device."""

    # -- axes ----------------------------------------------------------------------------------------

    def reduced(self, name: str, array: Text, axes: str, keepdims: bool) -> Text:
        """A product runs over one axis at a time."""
        if name == "prod" and axes.startswith("("):
            for axis in sorted(axes.strip("()").split(", "), key=int, reverse=True):
                array = super().reduced(name, array, axis, keepdims)
            return array
        return super().reduced(name, array, axes, keepdims)

    def permuted(self, array: Text, axes: Sequence[int]) -> Text:
        return Text(f"{array.within(ATOM)}.permute({', '.join(map(str, axes))})")

    def reversed(self, array: Text, axis: int) -> Text:
        return Text(f"{array.within(ATOM)}.flip({axis})")

    def rolled(self, array: str, shift: str, axis: str) -> Text:
        return call("torch.roll", array, shift, *([axis] if axis else []))

    def sorted(self, name: str, array: Text, axis: str) -> Text:
        made = call(f"torch.{name}", array.text, *self.over(axis), "stable=True")
        return Text(f"{made.text}.values") if name == "sort" else made

    def summed_up(self, array: Text, axis: str, ndim: int) -> Text:
        return call("torch.cumsum", array.text, *self.over(axis))

    # -- arrays that are made ---------------------------------------------------------------------------

    def created(self, name: str, arguments: Sequence[str], kind: str, at: Context) -> Text:
        if name == "tri":
            n, *rest = arguments
            m = rest[0] if rest and not rest[0].startswith("k=") else n
            below = rest[-1].removeprefix("k=") if rest and rest[-1].startswith("k=") else ""
            ones = call("torch.ones", f"({n}, {m})", *self.typed(kind, at))
            return Text(f"{ones.text}.tril({below})")
        function = {"array": "torch.tensor"}.get(name) or self.function(name)
        return call(function, *arguments, *self.typed(kind, at))

    def type_name(self, kind: str) -> str:
        return f"torch.{'int64' if kind == 'int' else kind}"

    def typed(self, kind: str, at: Context) -> list[str]:
        return [*super().typed(kind, at), f"device={at.device()}"]

    def cast(self, array: Text, kind: str, at: Context, scalar: bool = False) -> Text:
        return Text(f"{array.within(ATOM)}.to({at.dtype() if kind == 'float' else kind})")

    def indices(self, array: Text) -> Text:
        return Text(f"{array.within(ATOM)}.long()")

    def repeated(self, array: Text, shape: str, scalar: bool) -> Text:
        return call("torch.broadcast_to", array.text, shape)

    def own(self, array: Text) -> Text:
        return Text(f"{array.within(ATOM)}.clone()")

    def put(self, base: str, places: Sequence[str], part: str, add: bool) -> str:
        if not places:
            return f"{base} + {part}"
        where = f"({places[0]},)" if len(places) == 1 else f"({', '.join(places)})"
        return f"{base}.index_put({where}, {part}{', accumulate=True' if add else ''})"

    def position(self, text: str, at: Context) -> str:
        return self.created("array", [text], "", at).text

    def as_part(self, text: Text, value: Value, at: Context) -> Text:
        return self.created("array", [text.text], "float", at) if value.kind == "weak" else text

    # -- functions and element types --------------------------------------------------------------------

    def solved(self, matrix: Text, right: Text, matrix_ndim: int, ndim: int) -> Text:
        """One axis less than the matrices have would be vectors."""
        turned = Text(f"{right.within(ATOM)}[None]") if 1 < ndim < matrix_ndim else right
        return super().solved(matrix, turned, matrix_ndim, ndim)

    def apply(self, name: str, args: Sequence[Text], values: Sequence[Value], at: Context) -> Text:
        """Most functions of several tensors take no Python numbers."""
        numbers = [value.kind == "weak" for value in values]
        if name == "where" and values[0].kind != "bool":
            args = [Text(f"{args[0].within(COMPARE)} != 0", COMPARE), *args[1:]]
        if name in ("maximum", "minimum") and any(numbers):
            side = "min" if name == "maximum" else "max"
            number, array = args if numbers[0] else args[::-1]
            return Text(f"{array.within(ATOM)}.clamp({side}={number.text})")
        if name == "softplus":  # PyTorch's own is x itself from 20 on
            below = product_text(-1, [Part(args[0])], self.module)
            return Text(f"-torch.nn.functional.logsigmoid({below.text})", UNARY)
        if len(args) > 1 and any(numbers) and not (name == "where" and not all(numbers[1:])):
            args = [self.as_part(text, value, at) for text, value in zip(args, values, strict=True)]
        return super().apply(name, args, values, at)

    def type_lines(self, arrays: Sequence[str], dtype: bool, device: bool) -> list[str]:
        """Of the first of the inputs: PyTorch computes with tensors of one type and one device."""
        lines = [f"dtype = torch.result_type({arrays[0]}, 0.0)"] if dtype else []
        return [*lines, *([f"device = {arrays[0]}.device"] if device else [])]

    def joined(self, joint: Joint) -> list[str]:
        """An autograd function; where its gradient is to be derived again, what was saved is computed again."""
        f, inputs = joint.function, ", ".join(joint.inputs)
        name = joint.unique("".join(part.capitalize() for part in f.split("_")))
        ctx, given, output, rest = (joint.unique(n) for n in ("ctx", "inputs", "output", "rest"))
        returned = as_result([*joint.outputs, *joint.computed])
        saved = joint.saved
        own = set(joint.outputs) & set(saved)
        unpacked = returned if joint.computed or own else ""
        setup = [
            *([f"{as_tuple(joint.inputs)} = {given}"] if set(joint.inputs) & set(saved) else []),
            *([f"{unpacked} = {output}"] if unpacked else []),
            *([f"{ctx}.mark_non_differentiable({', '.join(joint.computed)})"] if joint.computed else []),
            f"{ctx}.save_for_backward({', '.join(saved)})",
        ]
        again = [
            "if torch.is_grad_enabled():  # a second derivative goes through what was saved",
            f"    {returned} = {joint.forward}({inputs})",
        ]
        passed = [
            *([f"{as_tuple(saved)} = {ctx}.saved_tensors"] if saved else []),
            *(again if joint.computed else []),
            f"{as_result([*joint.gradients.values()])} = {joint.backward}({', '.join(joint.read)})",
            f"return {as_result([*joint.sent.values()])}",
        ]
        arriving = [*joint.cotangents, *([f"*{rest}"] if joint.computed else [])]
        parts = [
            defined("forward", joint.inputs, [f"return {joint.forward}({inputs})"]),
            defined("setup_context", [ctx, given, output], setup),
            defined("backward", [ctx, *arriving], passed),
        ]
        rows = [row for part in parts for row in ("@staticmethod", *part.split("\n"))]
        body = ["generate_vmap_rule = True", "", *rows]
        whole = "\n".join([f"class {name}(torch.autograd.Function):", *indented(body)]).rstrip()
        return [f"{whole}\n", joint.definition(f"{name}.apply({inputs}){joint.first}")]


def _matvec(value: Value, at: Context) -> Text:
    """Matrix times vector: where vectors are many, as columns."""
    matrix, vector = (at.text(arg) for arg in value.args)
    if value.args[1].ndim == 1:
        return Text(f"{matrix.within(MATMUL)} @ {vector.within(UNARY)}", MATMUL)
    return Text(f"({matrix.within(MATMUL)} @ {vector.within(ATOM)}[..., None])[..., 0]")


TORCH = Torch(
    language="torch",
    called="PyTorch",
    module="torch",
    imports=("import torch",),
    axis="dim",
    keepdims="keepdim",
    pairs="dims",
    names={
        "max": "torch.amax",
        "concatenate": "torch.cat",
        "rint": "torch.round",
        "heaviside": "((torch.sign({}) + 1) / 2)",
        **{name: f"torch.special.{name}" for name in (*OF_SCIPY, "polygamma")},
    },
    along={"logsumexp": "torch.logsumexp"},
    helpers=_HELPERS,
    reserved=frozenset({"torch", "device", "np", "math"}),
    saves_inputs=True,
    mapped="torch.func.vmap({})",
    steps_back=False,
    slices=False,
    forms={"matvec": _matvec},
)
