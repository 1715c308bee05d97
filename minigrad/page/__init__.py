"""The live page: one call that answers what a program's derivatives, graph, numbers and verdict are."""

from minigrad.page.answer import answer
from minigrad.page.gallery import GALLERY

__all__ = ["GALLERY", "answer"]
