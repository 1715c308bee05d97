"""Places of an array that something is put into: by assignment, or where nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.index.size import AnySize
from minigrad.program.value import Value, subscripts
from minigrad.source.arrays import entry_text, indices_text
from minigrad.source.axes import upright
from minigrad.source.dialect import Context


def slices_text(
    index_maps: Sequence[Any], sizes: Sequence[AnySize], at: Context
) -> list[str]:
    """Index maps as positions and slices, without those at the end that take all."""
    entries = [
        at.size(index_map[1]).text if index_map[0] == "at" else entry_text(index_map[2:], size, at)
        for index_map, size in zip(index_maps, sizes, strict=True)
    ]
    while entries and entries[-1] == ":":
        entries.pop()
    return entries


def places_text(
    index_maps: Sequence[Any], sizes: Sequence[AnySize], at: Context
) -> list[str]:
    """The same where nothing is changed: integers take the place of slices where these do not serve."""
    slices = slices_text(index_maps, sizes, at)
    labels = [index_map[1] for index_map in index_maps if index_map[0] == "axis"]
    straight = labels == sorted(set(labels))
    if straight and at.dialect.slices:
        return slices
    maps = index_maps[: len(slices)] if straight else index_maps
    met = sorted({index_map[1] for index_map in maps if index_map[0] == "axis"})
    entries = []
    for index_map in maps:
        if index_map[0] == "at":
            entries.append(at.dialect.position(at.size(index_map[1]).text, at))
            continue
        _, label, start, step, length = index_map
        bounds = [at.size(start + step * length).text]
        if start != 0 or step != 1:
            bounds.insert(0, at.size(start).text)
        run = at.dialect.created("arange", bounds + ([str(step)] if step != 1 else []), "", at)
        entries.append(upright(run.text, len(met) - 1 - met.index(label)))
    return entries


def window_text(name: str, places: Sequence[Any], sizes: Sequence[AnySize], at: Context) -> str:
    """The elements at the places, to assign or add to."""
    entries = slices_text(places, sizes, at)
    labels = [place[1] for place in places if place[0] == "axis"]
    target = f"{name}[{', '.join(entries)}]" if entries else name
    if labels == sorted(set(labels)):
        return target if entries else f"{name}[...]"
    spec = f"{subscripts(labels)}->{subscripts(sorted(set(labels)))}"
    return f'np.einsum("{spec}", {target})[...]'


def scattered_text(name: str, value: Value, at: Context) -> str:
    """The statement that adds a part up at places."""
    part, *indices = value.args
    where = ", ".join(indices_text(index, at).text for index in indices)
    if value.params[0] == 0:
        return f"{name}[{where}] += {at.text(part).text}"
    where = f"({where})" if len(indices) > 1 else where
    return f"np.add.at({name}, {where}, {at.text(part).text})"
