"""Partial hypotheses → stable words (pure): what two consecutive hypotheses agree on stays.

Local agreement on the common prefix (Liu et al. 2020, "Low-Latency Sequence-to-Sequence Speech
Recognition"; Macháček et al. 2023, "Turning Whisper into Real-Time Transcription System").
"""

from __future__ import annotations

from collections.abc import Sequence

from streaming.events import Word


class Stabilizer:
    """One utterance's partials. A stable word is never taken back before the final."""

    def __init__(self) -> None:
        self._stable: list[Word] = []
        self._tail: list[Word] = []

    def update(self, words: Sequence[Word]) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
        """The newest hypothesis of the whole utterance → (all stable words, its words behind them).

        Case and punctuation do not count as disagreement; a word that becomes stable is taken from the
        newest hypothesis, which heard more behind it.
        """
        tail = self._behind_stable(words)
        agreed = 0
        while agreed < min(len(tail), len(self._tail)) and _same(tail[agreed], self._tail[agreed]):
            agreed += 1
        self._stable.extend(tail[:agreed])
        self._tail = tail[agreed:]
        return tuple(self._stable), tuple(self._tail)

    def _behind_stable(self, words: Sequence[Word]) -> list[Word]:
        """Drop the words that say the stable part again: by count where they match it, else by time."""
        count = len(self._stable)
        if len(words) >= count and all(_same(a, b) for a, b in zip(words, self._stable, strict=False)):
            return list(words[count:])
        end = self._stable[-1].end
        return [word for word in words if (word.start + word.end) / 2 > end]


def _same(one: Word, other: Word) -> bool:
    return _bare(one.text) == _bare(other.text)


def _bare(text: str) -> str:
    kept = "".join(letter for letter in text.casefold() if letter.isalnum())
    return kept or text
