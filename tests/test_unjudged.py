"""What is not judged is counted: a table shrinks or grows only where somebody says so here."""

from __future__ import annotations

import unjudged
from engine_cases import CASES

COUNTED = {
    "NO_FORMULA": 0,
    "NO_NAMES": 73,
    "NOT_READ_BACK": 4,
    "NO_READING": 7,
}


def test_every_table_is_counted() -> None:
    tables = {name: table for name, table in vars(unjudged).items() if name.isupper()}
    tables = {name: table for name, table in tables.items() if isinstance(table, dict)}
    assert {name: len(table) for name, table in tables.items()} == COUNTED


def test_every_entry_is_a_call_of_the_engines_table_or_a_row() -> None:
    called = {case.id for case in CASES}
    for table in (unjudged.NO_FORMULA, unjudged.NO_NAMES):
        assert table.keys() <= called
