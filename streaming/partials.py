"""The growing utterance of one party: when to ask for a partial line, and what of it is stable (pure)."""

from __future__ import annotations

from streaming.channel import Spoken
from streaming.events import Party, Seconds, Utterance, Word
from streaming.ports import Transcript
from streaming.stabilize import Stabilizer

_SHORT: Seconds = 4.0  # up to here lines grow at the pace asked for


class Partials:
    """Two partials at most are asked for: one being decoded, one that waits with the audio of when it was
    asked for. While none is being decoded, a newer one takes the waiting one's place in the queue."""

    def __init__(self, party: Party) -> None:
        self._party = party
        self._utterance_id = ""
        self._revision = 0
        self._shown = 0
        self._asked: Seconds = 0.0
        self._outstanding = 0
        self._stabilizer = Stabilizer()

    def wanted(self, growing: tuple[Seconds, Seconds] | None, *, every: Seconds) -> bool:
        """Has the utterance going on (its start, how far it is voiced) grown by `every` since it began or
        was last asked for? A long one by more: a partial costs as much as it has audio."""
        if self._outstanding > 1 or growing is None:
            return False
        start, end = growing
        return end - max(start, self._asked) >= every * max(1.0, (end - start) / _SHORT)

    def ask(self, spoken: Spoken) -> int:
        """A partial of `spoken` is asked for; returns its revision."""
        if spoken.utterance_id != self._utterance_id:
            self._utterance_id = spoken.utterance_id
            self._revision = self._shown = 0
            self._stabilizer = Stabilizer()
        self._revision += 1
        self._asked = spoken.end
        self._outstanding += 1
        return self._revision

    def answered(self) -> None:
        """The answer came, or never will."""
        self._outstanding -= 1

    def close(self, utterance_id: str) -> None:
        """The utterance ended: an answer still under way is of no use."""
        if self._utterance_id == utterance_id:
            self._utterance_id = ""

    def hear(
        self, spoken: Spoken, revision: int, transcript: Transcript
    ) -> tuple[Utterance, Utterance | None] | None:
        """The line to show and its stable beginning (None while nothing is); None when it is too late."""
        self.answered()
        if spoken.utterance_id != self._utterance_id or not transcript.words or revision < self._shown:
            return None
        self._shown = revision
        stable, tail = self._stabilizer.update(transcript.words)
        shown = self._line(spoken, revision, (*stable, *tail))
        return shown, (self._line(spoken, revision, tuple(stable)) if stable else None)

    def _line(self, spoken: Spoken, revision: int, words: tuple[Word, ...]) -> Utterance:
        return Utterance(
            speaker=self._party,
            id=spoken.utterance_id,
            revision=revision,
            start=spoken.start,
            end=spoken.end,
            words=words,
            final=False,
        )
