"""One function for all devices of a mesh: what a device does with its blocks, under ``jax.shard_map``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.errors import ArgumentError, DerivationError
from minigrad.index.size import AnySize, Size
from minigrad.program import Program
from minigrad.program.sharding import MeshAxes, cut_axes, sharded
from minigrad.source.axes import mesh_axes_text
from minigrad.source.dialect import signature
from minigrad.source.dims import plain_dims
from minigrad.source.function import Function, key_text
from minigrad.source.layout import INDENT, WIDTH, Layout, Result, indented
from minigrad.source.names import identifier, in_docstring
from minigrad.source.wrapping import filled, wrapped

Shard = Mapping[str, MeshAxes]


def checked_shard(shard: Any, language: str, variables: Mapping[str, Sequence[AnySize]]) -> Shard:
    """Which dims are cut over which axes of a mesh.

    Raises
    ------
    ArgumentError
        When it is no such mapping, no variable has the dim, or the language has no meshes.
    """
    if language != "jax":
        raise ArgumentError(
            f'source: shard= is for language "jax", which runs one function on many devices, not {language!r}'
        )
    if not isinstance(shard, Mapping) or not shard:
        raise ArgumentError(
            f"source: shard={shard!r} says no dim and no axis of a mesh; write shard={{'b': 'data'}}"
        )
    known = sorted(d for d in plain_dims(variables.values()))
    used: set[str] = set()
    for name, over in shard.items():
        if name not in known:
            raise ArgumentError(
                f"source: shard= cuts {name!r}, which is no dim of a variable; dims are {', '.join(known) or 'none'}"
                " (dims= of mg.tensor names the axes of data)"
            )
        axes = over if isinstance(over, tuple) else (over,)
        if not axes or not all(isinstance(axis, str) and axis for axis in axes):
            raise ArgumentError(
                f"source: shard= cuts {name} over {over!r}; give the name of an axis of the mesh, or several"
            )
        if used & {*axes}:
            raise ArgumentError(
                f"source: shard= cuts two dims over {', '.join(sorted(used & {*axes}))}; each needs an axis of its own"
            )
        used |= {*axes}
    return dict(shard)


class MeshFunction(Function):
    """The function of one device, in a function that takes whole arrays and the mesh."""

    def __init__(
        self, program: Program, results: Sequence[Result], layout: Layout, shard: Shard, valued: bool
    ) -> None:
        local = sharded(program, shard)
        self.shard, self.valued = shard, valued
        results = [
            Result(r.key, r.name, value, r.shape)
            for r, value in zip(results, local.results, strict=True)
        ]
        super().__init__(local, results, layout)
        self.mesh, self.local, self.spec = map(self.names.unique, ("mesh", "local", "spec"))
        self.all = tuple(results)

    def returned(self) -> str:
        """What a device returns; a value and its gradients, or these alone."""
        if not self.valued:
            return super().returned()
        value = self.final(self.results[0]).text
        self.results = self.results[1:]
        return f"{value}, {super().returned()}"

    def signature(self) -> list[str]:
        return signature(self.local, self.arrays())

    def docstring(self) -> list[str]:
        return ['"""What one device computes of its blocks."""']

    def arrays(self) -> list[str]:
        """Arguments that are arrays; dims that no array carries are numbers, the same everywhere."""
        return [argument for name, argument in self.arguments.items() if name in self.layout.variables]

    def laid_out(self, cut: int, returned: str) -> str:
        local = super().laid_out(cut, returned)
        self.refuse_unknown()
        specs = self.specs()
        call = (
            f"return jax.shard_map({self.local}, mesh={self.mesh}, in_specs={specs[0]}, out_specs={specs[1]})"
        )
        outer = [
            *self.outer_signature(),
            *indented([
                *self.outer_docstring(), "", *local.rstrip().split("\n"), "",
                f"{self.spec} = jax.sharding.PartitionSpec",
                *_called(wrapped(call, WIDTH - len(INDENT)), self.arrays()),
            ]),
        ]  # fmt: skip
        return "\n".join([*outer, ""])

    def refuse_unknown(self) -> None:
        """A dim that is cut must be an axis of an array that a device reads."""
        passed = self.arguments.keys() - self.layout.variables.keys()
        for name in self.shard:
            if name in passed:
                raise DerivationError(
                    f"source: no array that the formulas read has the axis {name}, which is cut; leave it whole"
                )

    def specs(self) -> tuple[str, str]:
        """How arguments and results lie on the mesh."""
        arguments = [
            self.spec_of(self.layout.variables[name])
            for name in self.arguments
            if name in self.layout.variables
        ]
        results = self.all[1:] if self.valued else self.all
        if len(results) == 1 and results[0].key is None:
            out = self.spec_of(results[0].shape)
        else:
            out = ", ".join(f"{key_text(r.key)}: {self.spec_of(r.shape)}" for r in results)
            out = f"{{{out}}}"
        if self.valued:
            out = f"({self.spec_of(self.all[0].shape)}, {out})"
        return f"({', '.join(arguments)}{',' if len(arguments) == 1 else ''})", out

    def spec_of(self, sizes: Sequence[AnySize]) -> str:
        for size in sizes:
            if isinstance(size, Size) and len(size.names() & self.shard.keys()) > 1:
                raise DerivationError(
                    f"source: an axis of {size} is cut over two axes of the mesh; cut one of its dims"
                )
        entries = [_axes(over) for over in cut_axes(sizes, self.shard)]
        while entries and entries[-1] == "None":
            entries.pop()
        return f"{self.spec}({', '.join(entries)})"

    def outer_signature(self) -> list[str]:
        return signature(identifier(self.layout.name), [self.mesh, *self.arguments.values()])

    def outer_docstring(self) -> list[str]:
        """What the function returns, which axes are cut, and the shapes of whole arrays."""
        summary, *rest = super().docstring()
        cuts = [
            f"{name} is cut over {in_docstring(over if isinstance(over, str) else ' and '.join(over))}"
            for name, over in self.shard.items()
        ]
        last = summary.endswith('"""') and not rest
        told = [
            "",
            f"On the mesh {', '.join(cuts)}: each device holds a block of every such axis,",
            "and what is summed over one is added up over the devices.",
        ]
        if last:
            return [summary.removesuffix('"""'), *told, '"""']
        return [summary, *told, *rest]


def _axes(over: MeshAxes | None) -> str:
    return "None" if over is None else mesh_axes_text(over)


def _called(lines: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """The function that the lines make, called with the arguments."""
    *rows, last = lines
    whole, room = f"{last}({', '.join(arguments)})", WIDTH - len(INDENT)
    if len(whole) <= room:
        return [*rows, whole]
    return [*rows, f"{last}(", *filled(arguments, room), ")"]
