"""The start of the program ``minigrad``: until it can catch Ctrl-C, that ends it without a traceback.

Libraries take part of a second to load. Whoever imports minigrad keeps Python's own ways.
"""

from __future__ import annotations

import os
import sys


def _is_the_program() -> bool:
    """Whether this process is ``minigrad`` or ``python -m minigrad``."""
    name = os.path.basename(sys.argv[0]) if getattr(sys, "argv", None) else ""
    if name == "-m":  # until Python has found the module
        words = sys.orig_argv
        return "-m" in words and words[words.index("-m") + 1 :][:1] == ["minigrad"]
    return name.removesuffix(".exe") == "minigrad"


_IS_THE_PROGRAM = _is_the_program()


def let_the_system_interrupt() -> None:
    """Ctrl-C ends the program at once and without a word, as it ends programs that do nothing about it."""
    _exchange("default_int_handler", "SIG_DFL")


def let_python_interrupt() -> None:
    """Ctrl-C raises KeyboardInterrupt in the program, which cleans up on its way."""
    _exchange("SIG_DFL", "default_int_handler")


def _exchange(before: str, after: str) -> None:
    """Another handler in place of the one that Python or we set; one that ignores Ctrl-C stays."""
    if _IS_THE_PROGRAM:
        import signal

        if signal.getsignal(signal.SIGINT) is getattr(signal, before):
            signal.signal(signal.SIGINT, getattr(signal, after))


let_the_system_interrupt()
