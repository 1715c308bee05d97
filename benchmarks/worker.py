"""One contestant in a process of its own; it answers commands from standard input.

``gradients PATH`` saves the gradients, ``time N`` runs N steps and prints the seconds they took.
"""

from __future__ import annotations

import ctypes
import glob
import importlib
import importlib.metadata
import os
import sys
import time

import numpy as np

from benchmarks.contestants import CONTESTANTS
from benchmarks.workloads import WORKLOADS, make


def blas_core() -> str:
    """The processor family that NumPy's OpenBLAS has chosen its kernels for."""
    folder = os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "numpy.libs")
    for path in glob.glob(os.path.join(folder, "*openblas*")):
        library = ctypes.CDLL(path)
        for symbol in ("scipy_openblas_get_corename64_", "openblas_get_corename64_"):
            if hasattr(library, symbol):
                function = getattr(library, symbol)
                function.restype = ctypes.c_char_p
                return str(function().decode())
    return "unknown"


def pin() -> None:
    """Stay on one processor, where the system lets a process choose: threads then gain nothing."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def version_of(package: str) -> str:
    """What a package calls its version."""
    known = getattr(importlib.import_module(package), "__version__", None)
    return str(known or importlib.metadata.version(package))


def main(name: str, workload: str, dtype: str) -> None:
    """Serve until standard input ends."""
    pin()
    module, package, _ = CONTESTANTS[name]
    sizes = WORKLOADS[workload]
    built = importlib.import_module(f"benchmarks.contestants.{module}")
    step, gradients = built.build(sizes, make(sizes, dtype))
    print("ready", version_of(package), blas_core(), flush=True)
    for line in sys.stdin:
        command, argument = line.split()
        if command == "gradients":
            np.savez(argument, **gradients())
            print("saved", flush=True)
        else:
            count = int(argument)
            start = time.perf_counter()
            for _ in range(count):
                step()
            print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
