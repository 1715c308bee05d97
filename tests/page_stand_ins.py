"""What a child of the page answers with in tests: whatever it is told to do."""

from __future__ import annotations

import os
from typing import Any


def obedient(asked: Any) -> dict[str, Any]:
    """Answer, fail, end, fill the memory or never end; where it stands in is told first to a named pipe."""
    if "begun" in asked:
        with open(asked["begun"], "w", encoding="ascii") as pipe:
            pipe.write("begun")
    match asked.get("do"):
        case "loop":
            while True:
                pass
        case "fill":
            kept = [bytearray(2**26)]
            while True:
                kept.append(bytearray(2**26))
        case "fail":
            raise RuntimeError("something; unforeseen")
        case "end":
            os._exit(5)
        case "nan":
            return {"ok": True, "value": float("nan")}
    return {"number": asked.get("number", 0), "ok": True, "child": os.getpid()}
