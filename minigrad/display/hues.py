"""The hues that pictures, pages and notebooks share."""

from __future__ import annotations

BLUE, ORANGE, GREY, GREEN = "#3B6EA8", "#D1571B", "#64748B", "#2F8F5B"


def tint(hue: str, share: float) -> str:
    """A hue of some opacity, which lets any paper shine through; text is legible over it.

    >>> tint("#3B6EA8", 0.25)
    'rgba(59,110,168,0.25)'
    """
    red, green, blue = bytes.fromhex(hue[1:])
    return f"rgba({red},{green},{blue},{share:.2f})"
