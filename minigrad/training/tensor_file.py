"""The safetensors format: a header in JSON, which says where each array lies, and the arrays' bytes.

What the header says is compared with itself and with the size of the file before an array is read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from io import BufferedReader
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError
from minigrad.names import checked_path
from minigrad.training.schema import is_whole

# Within these bounds a file is judged within about a second, whatever it says.
LONGEST_HEADER = 2**23
MOST_ARRAYS = 2**15
LARGEST_FILE = 2**31

_DTYPES = {
    **{f"F{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
    **{f"{kind}{bits}": f"<{kind.lower()}{bits // 8}" for kind in "IU" for bits in (8, 16, 32, 64)},
    "BOOL": "|b1",
}
NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}

Arrays = dict[str, NDArray[Any]]


class Layout(NamedTuple):
    """Dtype and shape of an array that has not been read."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"


# -- writing ---------------------------------------------------------------------------------------


def json_text(value: Any) -> str:
    """JSON on one line, without what JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def header_of(metadata: Mapping[str, str], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The header of a file that holds these arrays, one after the other."""
    header = json_text({"__metadata__": metadata, **_places(arrays)}).encode()
    header += b" " * (-len(header) % 8)  # arrays begin at multiples of 8 bytes
    return len(header).to_bytes(8, "little") + header


def _places(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    places, end = {}, 0
    for name, array in arrays.items():
        begin, end = end, end + array.nbytes
        dtype = NAMES[array.dtype]
        places[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [begin, end]}
    return places


# -- reading ---------------------------------------------------------------------------------------


def read_header(
    file: BufferedReader, size: int, source: str
) -> tuple[dict[str, Any], dict[str, Layout]]:
    """Metadata and layouts of a safetensors file, its lengths believed only within bounds."""
    start = file.read(8)
    length = int.from_bytes(start, "little")
    problem = (
        "it has no header"
        if len(start) < 8
        else f"its header would have {length:,} bytes of {size:,}"
        if length > size - 8
        else f"its header has {length:,} bytes; at most {LONGEST_HEADER:,} are read"
        if length > LONGEST_HEADER
        else f"it has {size:,} bytes; at most {LARGEST_FILE:,} are read"
        if size > LARGEST_FILE
        else ""
    )
    try:
        if not problem:
            header = mapping(from_json(file.read(length)))
            metadata = mapping(header.pop("__metadata__", {}))
            if len(header) > MOST_ARRAYS:
                raise ValueError(f"it has {len(header):,} arrays; at most {MOST_ARRAYS:,} are read")
            return metadata, _layouts(header, size - 8 - length)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        problem = str(error)
    raise ArgumentError(
        f"{source}: not a whole safetensors file ({problem}); it was cut short, damaged, or is a file of "
        "another kind"
    )


def from_json(text: str | bytes) -> Any:
    """JSON as the standard has it: no name twice, no NaN, no infinity."""
    if isinstance(text, bytes):
        text = text.decode()  # else JSON's reader would guess an encoding
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON's")


def mapping(value: Any) -> dict[str, Any]:
    """The value, where it is an object of JSON's."""
    if not isinstance(value, dict):
        raise ValueError(f"names and values are wanted, not {type(value).__name__}")
    return value


def _layouts(header: dict[str, Any], room: int) -> dict[str, Layout]:
    """The arrays in the order of the file, which fill it without a gap."""
    found, end = {}, 0
    places = {name: mapping(entry) for name, entry in header.items()}
    for name, place in sorted(places.items(), key=lambda item: _offsets(item[1])):
        checked_path(name, "an array")
        layout = Layout(np.dtype(_DTYPES[place["dtype"]]), shape_of(place["shape"]))
        begin, after = _offsets(place)
        if begin != end or after - begin != layout.size * layout.dtype.itemsize or len(place) != 3:
            raise ValueError(f"{name!a:.60} does not lie where {layout} would")
        found[name], end = layout, after
    if end != room:
        raise ValueError(f"the arrays take {end:,} bytes, and there are {room:,}")
    return found


def _offsets(place: dict[str, Any]) -> tuple[int, int]:
    begin, end = place["data_offsets"]
    if not is_whole(begin, 0, LARGEST_FILE) or not is_whole(end, begin, LARGEST_FILE):
        raise ValueError("an array lies outside the file")
    return begin, end


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape that a list of sizes is."""
    if not isinstance(value, list) or len(value) > 32 or not all(is_whole(n, 0, 2**40) for n in value):
        raise ValueError("an array has a shape that is none")
    return tuple(value)


def read_array(file: BufferedReader, layout: Layout) -> NDArray[Any]:
    """The next array of the file."""
    array = np.empty(layout.shape, layout.dtype)
    if file.readinto(array.reshape(-1).view(np.uint8)) != array.nbytes:  # type: ignore[arg-type]
        raise ValueError("the file ends in an array")
    return array
