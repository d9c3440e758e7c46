"""How one thing is said, by example sentences and phrases, and where a line says it (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.lexicon import Lexicon
from detectors.meaning import Examples, likeness, pieces
from detectors.text import Line
from streaming.ports import Meaning

BY_WORDS = 0.9
"""Confidence of what was found by a phrase."""


@dataclass(frozen=True, slots=True)
class Sayings:
    """How one thing is said: `unlike` looks like the examples and is something else."""

    examples: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    phrases: Lexicon | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Tokens `first` to `last` say it; `confidence` is the likeness, or `BY_WORDS` for a phrase."""

    first: int
    last: int
    confidence: float
    by_phrase: bool = False


class Hearing:
    """Recognises one kind of saying in a line: by its phrases, else by its examples."""

    def __init__(self, of: Examples, phrases: Lexicon | None, meaning: Meaning | None) -> None:
        self._phrases = phrases
        self._like = likeness(of, meaning) if of.pro else None

    def find(self, line: Line, threshold: float) -> Found | None:
        """The speaker's own words only: neither reported nor denied."""
        matches = self._phrases.find(line) if self._phrases is not None else ()
        for match in matches:
            around = [one for one in pieces(line) if one.first <= match.first <= one.last]
            if all(one.own for one in around):
                return Found(match.first, match.last, BY_WORDS, by_phrase=True)
        best = self._like.best(line) if self._like is not None else None
        if best is None or best.score < threshold:
            return None
        return Found(best.piece.first, best.piece.last, best.score)
