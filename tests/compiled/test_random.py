"""Random programs over the whole vocabulary: a step beside the formulas that were evaluated one by one."""

from __future__ import annotations

import numpy as np
from array_expressions import array_expressions, declared, shapes_in
from hypothesis import HealthCheck, assume, given, reject, settings
from long import examples
from source_cases import arrays_for

import minigrad as mg
from minigrad.errors import MinigradError


@settings(max_examples=examples(250), deadline=None, suppress_health_check=list(HealthCheck))  # type: ignore[arg-type]
@given(text=array_expressions())
def test_random_programs(text: str) -> None:
    shapes = shapes_in(text)
    assume(shapes)
    try:
        loss = mg.parse(text, **declared(shapes, named=False))
        derivation = mg.derive(loss)
        expected = derivation(arrays := arrays_for(text, shapes))
    except MinigradError:
        reject()
    assume(all(np.all(np.isfinite(g)) and np.max(np.abs(g), initial=0) < 1e6 for g in expected.values()))
    step = mg.compile(loss)
    for _ in range(2):  # the second call finds buffers that hold something
        _, gradients = step(**{name: arrays[name] for name in step._made.required})
        assert gradients.keys() == expected.keys()
        for name, g in gradients.items():
            scale = 1 + np.max(np.abs(expected[name]), initial=0.0)
            np.testing.assert_allclose(g, expected[name], rtol=1e-7, atol=1e-9 * scale)
