"""Proof by independent witnesses: hand VJPs, derived formulas, generated source, differences."""

from minigrad.checking.examine import examine
from minigrad.checking.options import Options
from minigrad.checking.report import Comparison, Finding, Report, Suspect, Worst
from minigrad.checking.scene import Scene, Subject
from minigrad.checking.source import GeneratedSource

__all__ = [
    "Comparison",
    "Finding",
    "GeneratedSource",
    "Options",
    "Report",
    "Scene",
    "Subject",
    "Suspect",
    "Worst",
    "examine",
]
