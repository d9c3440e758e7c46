"""The growing utterance of one party: when to ask for a partial line, and what of it is stable (pure)."""

from __future__ import annotations

from streaming.channel import Spoken
from streaming.events import Party, Seconds, Utterance, Word
from streaming.ports import Transcript
from streaming.stabilize import Stabilizer


class Partials:
    """One partial is under way at a time; the newest audio wins."""

    def __init__(self, party: Party) -> None:
        self._party = party
        self._utterance_id = ""
        self._revision = 0
        self._asked: Seconds = 0.0
        self._busy = False
        self._stabilizer = Stabilizer()

    @property
    def revision(self) -> int:
        """Of the partial that was last asked for."""
        return self._revision

    def wanted(self, speaking_until: Seconds | None, *, every: Seconds) -> bool:
        """Is there an utterance going on that has grown by `every` since the last partial was asked for?"""
        return not self._busy and speaking_until is not None and speaking_until - self._asked >= every

    def ask(self, spoken: Spoken) -> None:
        """A partial of `spoken` is asked for."""
        if spoken.utterance_id != self._utterance_id:
            self._utterance_id = spoken.utterance_id
            self._revision = 0
            self._stabilizer = Stabilizer()
        self._revision += 1
        self._asked = spoken.end
        self._busy = True

    def answered(self) -> None:
        """The answer came, or never will."""
        self._busy = False

    def close(self) -> None:
        """The utterance ended: an answer still under way is of no use."""
        self._utterance_id = ""

    def hear(self, spoken: Spoken, transcript: Transcript) -> tuple[Utterance, Utterance | None] | None:
        """The line to show and its stable beginning (None while nothing is); None when it is too late."""
        self.answered()
        if spoken.utterance_id != self._utterance_id or not transcript.words:
            return None
        stable, tail = self._stabilizer.update(transcript.words)
        shown = self._line(spoken, (*stable, *tail))
        return shown, (self._line(spoken, tuple(stable)) if stable else None)

    def _line(self, spoken: Spoken, words: tuple[Word, ...]) -> Utterance:
        return Utterance(
            speaker=self._party,
            id=spoken.utterance_id,
            revision=self._revision,
            start=spoken.start,
            end=spoken.end,
            words=words,
            final=False,
        )
