"""Formulas in JAX: nothing is changed in place, so that functions can be traced, mapped and derived."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.program import Value
from minigrad.program.functions import OF_SCIPY
from minigrad.source.axes import mesh_axes_text
from minigrad.source.dialect import (
    Context,
    Dialect,
    Joint,
    as_one,
    as_result,
    as_tuple,
    defined,
    packed,
)
from minigrad.source.dialects.numpy import HELPERS
from minigrad.source.pieces import Text, call

_OWN = {
    "softmax": """\
def softmax(x, axis=-1):
    empty = jnp.max(x, axis=axis, keepdims=True) == -jnp.inf
    return jnp.where(empty, 0, jax.nn.softmax(jnp.where(empty, 0, x), axis=axis))
""",
    # its own leaves out terms of a sum below −10
    "polygamma": """\
def polygamma(n, x):
    own = jax.scipy.special.polygamma
    part = jnp.where(x < 0, x - jnp.floor(x), 0.5)
    turned = own(n, 1 - part) - own(n, 1 + jnp.abs(x))
    below = own(n, part) + (-1) ** (n + 1) * turned
    return jnp.where(x < 0, below, own(n, jnp.abs(x)))
""",
}
_SHARED = ("nonzero", "where_largest", "product_of_others")


class Jax(Dialect):
    """What JAX calls otherwise than NumPy, and its own stable functions."""

    def put(self, base: str, places: Sequence[str], part: str, add: bool) -> str:
        return f"{base}.at[{', '.join(places) or '...'}].{'add' if add else 'set'}({part})"

    def joined(self, joint: Joint) -> list[str]:
        """A function with a custom VJP; JAX derives both halves again where it is asked to.

        A gradient has its argument's type: of an argument that is not saved an empty array is.
        """
        f, inputs = joint.function, ", ".join(joint.inputs)
        fwd, bwd, saved = (joint.unique(name) for name in (f"{f}_fwd", f"{f}_bwd", "saved"))
        one = len(joint.cotangents) == 1
        arriving = joint.cotangents[0] if one else joint.unique("arriving")
        typed = {x: x if x in joint.saved else joint.unique(f"like_{x}") for x in joint.gradients}
        empty = {like: f"jnp.zeros(0, {x}.dtype)" for x, like in typed.items() if like != x}
        sent = [f"{g}.astype({typed[x]}.dtype)" if x in typed else g for x, g in joint.sent.items()]
        kept = [*joint.saved, *empty.values()]
        return [
            joint.definition(f"{joint.forward}({inputs}){joint.first}", "@jax.custom_vjp"),
            defined(fwd, joint.inputs, [
                f"{as_result([*joint.outputs, *joint.computed])} = {joint.forward}({inputs})",
                f"return {as_one(joint.outputs)}, {packed(kept)}",
            ]),
            defined(bwd, [saved, arriving], [
                *([f"{as_tuple([*joint.saved, *empty])} = {saved}"] if kept else []),
                *([] if one else [f"{as_tuple(joint.cotangents)} = {arriving}"]),
                f"{as_result([*joint.gradients.values()])} = {joint.backward}({', '.join(joint.read)})",
                f"return {as_tuple(sent)}",
            ]),
            f"{f}.defvjp({fwd}, {bwd})\n",
        ]  # fmt: skip


def _psum(value: Value, at: Context) -> Text:
    """The parts of all devices along an axis of the mesh, added up."""
    return call("jax.lax.psum", at.text(value.args[0]).text, mesh_axes_text(value.params[0]))


def _axis_size(value: Value, at: Context) -> Text:
    """How many devices there are along an axis of the mesh: a Python number."""
    return call("jax.lax.axis_size", mesh_axes_text(value.params[0]))


JAX = Jax(
    language="jax",
    called="JAX",
    module="jnp",
    imports=("import jax", "import jax.numpy as jnp"),
    names={
        "relu": "jax.nn.relu",
        "softplus": "jax.nn.softplus",
        "heaviside": "jnp.heaviside({}, 0.5)",
        "sigmoid": "jax.nn.sigmoid",
        **{name: f"jax.scipy.special.{name}" for name in OF_SCIPY},
    },
    along={"logsumexp": "jax.scipy.special.logsumexp"},
    helpers={**_OWN, **{name: HELPERS[name].replace("np.", "jnp.") for name in _SHARED}},
    forms={"psum": _psum, "axis_size": _axis_size},
    reserved=frozenset({"jax", "jnp", "np", "math"}),
    mapped="jax.vmap({})",
)
