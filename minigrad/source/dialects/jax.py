"""Formulas in JAX: nothing is changed in place, so that functions can be traced, mapped and derived."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.source.dialect import Dialect
from minigrad.source.dialects.numpy import HELPERS

_OWN = {
    "softmax": """\
def softmax(x, axis=-1):
    empty = jnp.max(x, axis=axis, keepdims=True) == -jnp.inf
    return jnp.where(empty, 0, jax.nn.softmax(jnp.where(empty, 0, x), axis=axis))
""",
}
_SHARED = ("nonzero", "where_largest", "product_of_others")


class Jax(Dialect):
    """What JAX calls otherwise than NumPy, and its own stable functions."""

    def put(self, base: str, places: Sequence[str], part: str, add: bool) -> str:
        return f"{base}.at[{', '.join(places) or '...'}].{'add' if add else 'set'}({part})"


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
        "erf": "jax.scipy.special.erf",
        "erfc": "jax.scipy.special.erfc",
        "gammaln": "jax.scipy.special.gammaln",
        "digamma": "jax.scipy.special.digamma",
        "polygamma": "jax.scipy.special.polygamma",
    },
    along={"logsumexp": "jax.scipy.special.logsumexp"},
    helpers={**_OWN, **{name: HELPERS[name].replace("np.", "jnp.") for name in _SHARED}},
    reserved=frozenset({"jax", "jnp", "np", "math"}),
)
