"""Who holds the floor: speech of both parties by stream time, and the lines said so far.

Detectors that judge turns, silences and back-channels share this view. It keeps the last few minutes
only, so a long call costs no more than a short one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from detectors.text import Line, read
from streaming.events import AudioGap, Event, Party, Seconds, SpeechEnded, SpeechStarted, Utterance

_KEPT = 64  # stretches of speech and lines per party: more than any judgement looks back
_CUT = frozenset({"a", "an", "and", "at", "can", "for", "have", "is", "my", "of", "or", "our", "the", "to"})
_LEFT_OPEN = _CUT | {"your", "with", "need", "in", "on", "i", "you", "we", "but", "so", "please"}
_PAUSE = 1.5  # seconds: a speaker who goes on within this, unanswered, is still in the same sentence


@dataclass(slots=True)
class Stretch:
    """One party's speech from `start` to `end`; `end` is None while it goes on."""

    start: Seconds
    end: Seconds | None = None


class Floor:
    """Feed it every event; it remembers speech, gaps and final lines with words."""

    def __init__(self) -> None:
        self._speech: dict[Party, deque[Stretch]] = {party: deque(maxlen=_KEPT) for party in Party}
        self._lines: deque[Line] = deque(maxlen=2 * _KEPT)
        self._gaps: deque[AudioGap] = deque(maxlen=_KEPT)
        self._continued = False

    def feed(self, event: Event) -> Line | None:
        """Take an event; a final utterance with words comes back as the line it was read as."""
        match event:
            case SpeechStarted():
                self._speech[event.speaker].append(Stretch(event.at))
            case SpeechEnded():
                self._end(event.speaker, event.at)
            case AudioGap():
                self._gaps.append(event)
            case Utterance(final=True, words=words) if words:
                return self._hear(event)
        return None

    @property
    def lines(self) -> deque[Line]:
        """Final lines with at least one token, in the order their ends were decided."""
        return self._lines

    @property
    def continued(self) -> bool:
        """Whether the newest line goes on with a sentence its speaker had left open."""
        return self._continued

    def last(self, party: Party) -> Line | None:
        return next((line for line in reversed(self._lines) if line.speaker is party), None)

    def speaking(self, party: Party) -> Seconds | None:
        """Since when `party` has been speaking, or None."""
        stretches = self._speech[party]
        return stretches[-1].start if stretches and stretches[-1].end is None else None

    def overlap(self, party: Party, start: Seconds, end: Seconds) -> Seconds:
        """Seconds of `party`'s speech between `start` and `end`."""
        total = 0.0
        for one in reversed(self._speech[party]):
            until = end if one.end is None else min(one.end, end)
            if until <= start:
                break  # stretches of one party follow each other in time
            total += max(0.0, until - max(one.start, start))
        return total

    def voiced(self, line: Line) -> tuple[Seconds, Seconds]:
        """When the voice of a line's speaker began and ended under it: closer than any word's times."""
        under = [
            one
            for one in self._speech[line.speaker]
            if one.start < line.end and (one.end is None or one.end > line.start)
        ]
        if not under:
            return line.seconds(0, len(line.tokens) - 1)
        last = under[-1].end
        return max(line.start, under[0].start), line.end if last is None else min(line.end, last)

    def ended(self, party: Party, before: Seconds) -> Seconds | None:
        """When `party` last stopped speaking at or before `before`."""
        ends = [one.end for one in self._speech[party] if one.end is not None and one.end <= before]
        return max(ends, default=None)

    def resumed(self, party: Party, after: Seconds) -> Seconds | None:
        """When `party` first began to speak at or after `after`."""
        return min((one.start for one in self._speech[party] if one.start >= after), default=None)

    def silent_since(self) -> tuple[Seconds, Party] | None:
        """When the silence of both began and who spoke last; None while anyone speaks or nobody has."""
        if any(self.speaking(party) is not None for party in Party):
            return None
        ends = [(stretches[-1].end, party) for party, stretches in self._speech.items() if stretches]
        return max(((end, party) for end, party in ends if end is not None), default=None)

    def missing(self, start: Seconds, end: Seconds, party: Party | None = None) -> bool:
        """Whether audio between `start` and `end` was lost (of `party`, or of anyone)."""
        return any(
            gap.start < end and gap.end > start and (party is None or gap.speaker is party)
            for gap in self._gaps
        )

    def _end(self, party: Party, at: Seconds) -> None:
        stretches = self._speech[party]
        if stretches and stretches[-1].end is None:
            stretches[-1].end = max(at, stretches[-1].start)

    def _hear(self, utterance: Utterance) -> Line | None:
        line = read(utterance)
        if not line.tokens:
            return None
        start, end = line.seconds(0, len(line.tokens) - 1)
        if self.overlap(line.speaker, start, end) <= 0.0:  # a log without speech events
            self._speech[line.speaker].append(Stretch(start, end))
        self._continued = self._goes_on(line)
        self._lines.append(line)
        return line

    def _goes_on(self, line: Line) -> bool:
        before = self.last(line.speaker)
        if before is None:
            return False
        if before.utterance.continues:
            return True
        other = self.overlap(line.speaker.other, before.end, line.start)
        if line.start - before.end > _PAUSE or other > 0.3:
            return False
        return not before.sentences[-1].mark or before.tokens[-1].text in _LEFT_OPEN
