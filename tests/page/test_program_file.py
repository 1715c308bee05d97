"""A function of any file is a program, or it is said why not; nothing in it is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minigrad.cli.program_file import program_text
from minigrad.errors import ArgumentError

# A file, what is asked of it, and the program; or what is said where there is none.
FILES: list[tuple[bytes, str, str | None, str]] = [
    (b"def f(x):\n    return (\n        x\n        + x  # c\n    )\n", "f", "(x\n        + x)", ""),
    (b"def f(x):\n    y: int = (x\n      * 2)\n    return sum(y)\n", "f", "y = (x\n      * 2)\nsum(y)", ""),
    (b"def f(x): y = x*2; return sum(y)", "f", "y = x*2\nsum(y)", ""),
    (b"def f(x):\r\n    y = (x\r\n * 2)\r\n    return sum(y)\r\n", "f", "y = (x\n * 2)\nsum(y)", ""),
    ("def f(x):\n    é = x*2  # déjà\n    return sum(é)".encode(), "f", "é = x*2\nsum(é)", ""),
    (b"\xef\xbb\xbfdef f(x):\n    return sum(x)\n", "f", "sum(x)", ""),
    (b"# coding: latin-1\n# \xe9\ndef f(x):\n    return sum(x)\n", "f", "sum(x)", ""),
    (b"def f(x):\n    return x\ndef f(x):\n    return sum(x)\n", "f", "sum(x)", ""),
    (b"async def f(x):\n    return sum(x)\n", "f", "sum(x)", ""),
    (b"class A:\n    def f(x):\n        return sum(x)\n", "f", "sum(x)", ""),
    (b"class A:\n  def f(x):\n    return x\nclass B:\n  def f(x):\n    return sum(x)", "B.f", "sum(x)", ""),
    (b"class A:\n  def f(x):\n    return x\nclass B:\n  def f(x):\n    return sum(x)", "f", None, "A.f and B.f"),
    (b"@print('run')\ndef f(x=print('run')):\n    return sum(x)\n", "f", "sum(x)", ""),
    (b"def f(x:\n", "f", None, "was never closed, line 1"),
    (b"def f(x):\n    return sum(x)\0", "f", None, "null bytes"),
    (b"def f(x):\n    return " + b"-" * 100_000 + b"x\n", "f", None, "no Python that can be read"),
    (b"def f(x):\n    return " + b"x+" * 100_000 + b"x\n", "f", None, "no Python that can be read"),
    (b"\xff\xfed\0e\0f\0", "f", None, "it is no text in UTF-8"),
    (b"# coding: nothing\n", "f", None, "it is no text in UTF-8"),
    (b"#" * 1_000_001, "f", None, "at most 1,000,000 are read"),
    (b"def f(x):\n    x += 1\n    return x\n", "f", None, "has 'x += 1' in it"),
]


@pytest.mark.parametrize(("content", "name", "program", "said"), FILES)
def test_a_file_may_hold_anything(
    content: bytes, name: str, program: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.py"
    file.write_bytes(content)
    if program is None:
        with pytest.raises(ArgumentError, match=said.replace("+", "[+]")):
            program_text(f"{file}:{name}")
    else:
        assert program_text(f"{file}:{name}") == program
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file.py")
    with pytest.raises(ArgumentError, match="it is a pipe, not a file"):
        program_text(f"{tmp_path / 'file.py'}:f")
