"""Raised and lowered characters, as Unicode has them: x², x⁻¹, Xᵀ, ∂₁f.

>>> raised("-12"), lowered("12"), from_raised("x¹²"), from_lowered("₁₂")
('⁻¹²', '₁₂', 'x12', '12')
"""

from __future__ import annotations

DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_RAISED = str.maketrans("0123456789-/T", f"{DIGITS}⁻ᐟᵀ")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_FROM_RAISED = str.maketrans(DIGITS, "0123456789")
_FROM_LOWERED = {low: digit for digit, low in _LOWERED.items()}


def raised(text: str) -> str:
    """Digits, a sign, a bar and T as a superscript."""
    return text.translate(_RAISED)


def lowered(text: str) -> str:
    """Digits as a subscript."""
    return text.translate(_LOWERED)


def from_raised(text: str) -> str:
    """Raised digits as digits."""
    return text.translate(_FROM_RAISED)


def from_lowered(text: str) -> str:
    """Lowered digits as digits."""
    return text.translate(_FROM_LOWERED)
