"""What every child of the page begins with: modules are loaded, and what is built at a first use is built."""

from __future__ import annotations

from minigrad.page.answer import answer

answer(
    {
        "program": "p = sigmoid(X @ w)\nbinary_cross_entropy(p, y)",
        "variables": {"X": "n d", "y": "n | 0/1"},
        "ask": {"lines": {}, "values": {}, "plugged": {"lines": ["dp"]}},
    }
)
