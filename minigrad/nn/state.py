"""What a model remembers as plain data: values of parameters, and where its generators stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.errors import ArgumentError
from minigrad.graph.tensor import Tensor, labelled
from minigrad.names import name_in_words

_MOST_TOLD = 100


def load_values(
    what: str, parameters: Mapping[str, Tensor], state: Mapping[str, ArrayLike]
) -> None:
    """Give parameters the values of a state, all of them or, when anything does not fit, none."""
    if not isinstance(state, Mapping):
        raise ArgumentError(
            f"load_state_dict: a mapping of names to arrays is wanted, not {type(state).__name__}"
        )
    arrays = {name: _array(name, value) for name, value in state.items()}
    judge(what, parameters, arrays)
    for name, parameter in parameters.items():
        parameter.assign(arrays[name])


def judge(
    what: str,
    parameters: Mapping[str, Tensor],
    arrays: Mapping[str, NDArray[Any]],
    source: str = "load_state_dict: the state does",
) -> None:
    """Refuse arrays whose names, shapes or dtypes are not those of a model, and list all that are."""
    problems = sorted(_misfits(parameters, arrays))
    if problems:
        more = [f"and {len(problems) - _MOST_TOLD:,} more"] if len(problems) > _MOST_TOLD else []
        raise ArgumentError(
            f"{source} not fit {what}; load it into the "
            "model that it was saved from\n  " + "\n  ".join([*problems[:_MOST_TOLD], *more])
        )


def _array(name: object, value: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"load_state_dict: {name_in_words(name)} holds no array ({error})") from error


def _misfits(parameters: Mapping[str, Tensor], arrays: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    """A line for each name, shape or dtype in which a state differs from the parameters."""
    for name in parameters.keys() | arrays.keys():
        if name not in arrays:
            yield f"missing: {name} {labelled(parameters[name])}"
        elif name not in parameters:
            yield f"unexpected: {name_in_words(name)} {arrays[name].shape}"
        elif arrays[name].shape != tuple(parameters[name].shape):
            wanted = labelled(parameters[name])
            yield f"mismatched: {name} has shape {arrays[name].shape}, not {wanted}"
        elif arrays[name].dtype.kind not in "fiu":
            yield f"mismatched: {name} has dtype {arrays[name].dtype}, which holds no real numbers"


def random_states(generators: Mapping[str, np.random.Generator]) -> dict[str, Any]:
    """Where each generator stands, as data that JSON can write."""
    return {name: _plain(rng.bit_generator.state) for name, rng in generators.items()}


def load_random_states(
    what: str, generators: Mapping[str, np.random.Generator], state: Mapping[str, Any]
) -> None:
    """Put generators back to where they stood, all of them or none."""
    problems = sorted(_strangers(generators, state))
    if problems:
        raise ArgumentError(
            f"load_random_state: the state does not fit {what}; load it into the model that it "
            "was saved from\n  " + "\n  ".join(problems)
        )
    for name, rng in generators.items():
        rng.bit_generator.state = _arrays(state[name])


def _strangers(
    generators: Mapping[str, np.random.Generator], state: Mapping[str, Any]
) -> Iterator[str]:
    if not isinstance(state, Mapping):
        yield f"mismatched: a mapping of names to states is wanted, not {type(state).__name__}"
        return
    for name in generators.keys() | state.keys():
        if name not in state:
            yield f"missing: {name}"
        elif name not in generators:
            yield f"unexpected: {name_in_words(name)}"
        else:
            own = generators[name].bit_generator.state
            given = state[name]
            if not isinstance(given, Mapping) or given.get("bit_generator") != own["bit_generator"]:
                yield f"mismatched: {name} is no state of a {own['bit_generator']} generator"
            elif given.keys() != own.keys():
                yield f"mismatched: {name} has the entries {sorted(map(str, given))}, not {sorted(own)}"
            elif not _is_like(_plain(own), given):
                yield f"mismatched: {name} is no state of a {own['bit_generator']} generator"


# Where generators stand in their own memory: what is beyond would be read outside of it.
_MOST = {"pos": 624, "buffer_pos": 4, "has_uint32": 1, "uinteger": 2**32 - 1}


def _is_like(own: Any, given: Any, name: str = "") -> bool:
    """Whether a state has the form of another, and numbers that such a state may have."""
    if isinstance(own, Mapping):
        fits = isinstance(given, Mapping) and given.keys() == own.keys()
        return fits and all(_is_like(own[key], given[key], key) for key in own)
    if isinstance(own, list):
        fits = isinstance(given, list) and len(given) == len(own)
        return fits and all(_is_like(a, b, "word") for a, b in zip(own, given, strict=True))
    if isinstance(own, int):
        most = _MOST.get(name, 2**64 - 1 if name == "word" else 2**128 - 1)
        return isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= most
    return bool(type(given) is type(own) and given == own)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _arrays(value: Any) -> Any:
    """The inverse of ``_plain``: lists are the words of a generator's memory."""
    if isinstance(value, Mapping):
        return {key: _arrays(item) for key, item in value.items()}
    return np.array(value, np.uint64) if isinstance(value, list) else value
