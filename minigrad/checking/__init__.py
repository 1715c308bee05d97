"""Proof by independent witnesses: hand VJPs, derived formulas, generated source, differences."""

from minigrad.checking.examine import examine
from minigrad.checking.options import Options
from minigrad.checking.printed import PrintedFormulas
from minigrad.checking.report import Comparison, Finding, Report, Suspect, Worst
from minigrad.checking.sample import Sample
from minigrad.checking.source import GeneratedSource
from minigrad.checking.subject import Subject

__all__ = [
    "Comparison",
    "Finding",
    "GeneratedSource",
    "Options",
    "PrintedFormulas",
    "Report",
    "Sample",
    "Subject",
    "Suspect",
    "Worst",
    "examine",
]
