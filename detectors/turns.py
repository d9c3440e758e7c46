"""Turns of the talk, and what the turn reader says of each (`streaming.ports.TurnReader`).

An utterance ends where its speaker pauses; a turn, where the other one takes over. A turn is read again with
every utterance that it grows by, together with the two turns before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from detectors.floor import Floor
from detectors.matter import Move, move
from detectors.meaning import pieces
from detectors.text import Line
from streaming.events import Event, Party, WordSpan
from streaming.ports import TurnReader

BEFORE = 2
"""Turns before the one that is read."""

_OVER = 0.2  # seconds of the other's speech under a nod that make it a back-channel
_MOST_WORDS = 128
"""Words of a turn that are kept, by whole lines: more than is read of it (`models.turns.MOST_TURN` tokens).

A monologue costs no more than a long turn."""


@dataclass(slots=True)
class Turn:
    """One turn so far; `before` is what was said in the turns before it, as it is read."""

    number: int
    speaker: Party
    before: tuple[str, ...]
    lines: list[Line] = field(default_factory=list)

    @property
    def text(self) -> str:
        said = " ".join(line.utterance.text for line in self.lines)
        return f"{self.speaker}: {said}"

    def add(self, line: Line) -> None:
        """The turn goes on; what no reader would read any more is let go."""
        self.lines.append(line)
        while sum(len(one.utterance.words) for one in self.lines[1:]) >= _MOST_WORDS:
            del self.lines[0]


class Turns:
    """Feed it every event; a final utterance with words comes back as the turn it belongs to.

    Who has a `floor` of its own gives it, and the lines it makes of events to `hear`.
    """

    def __init__(self, floor: Floor | None = None) -> None:
        self.floor = floor if floor is not None else Floor()
        self._turns: deque[Turn] = deque(maxlen=BEFORE + 1)

    def feed(self, event: Event) -> Turn | None:
        line = self.floor.feed(event)
        return self.hear(line) if line is not None else None

    def hear(self, line: Line) -> Turn | None:
        """None for a back-channel, which takes no turn."""
        if self._is_back_channel(line):
            return None
        last = self._turns[-1] if self._turns else None
        if last is None or last.speaker is not line.speaker:
            before = tuple(turn.text for turn in list(self._turns)[-BEFORE:])
            last = Turn(last.number + 1 if last else 0, line.speaker, before)
            self._turns.append(last)
        last.add(line)
        return last

    def _is_back_channel(self, line: Line) -> bool:
        if not self._turns or move(line) is not Move.NOD:
            return False
        return self.floor.overlap(line.speaker.other, line.start, line.end) > _OVER


class Reading:
    """What the reader says of a call's turns; says nothing without a reader."""

    def __init__(self, reader: TurnReader | None) -> None:
        self._reader = reader

    @property
    def present(self) -> bool:
        return self._reader is not None

    def of(self, turn: Turn | None) -> Mapping[str, float]:
        """Code → 0 to 1; empty where nothing was read."""
        if self._reader is None or turn is None:
            return {}
        return self._reader.read(turn.before, turn.text)

    def tells(self, turn: Turn, code: str, *, lines: int = 1) -> tuple[Line, int, int]:
        """The sentence that is most of `code` in the newest `lines`: its line, first and last token."""
        parts = [(line, piece) for line in turn.lines[-lines:] for piece in pieces(line)]
        if self._reader is None or len(parts) < 2:
            line = parts[0][0] if parts and lines > 1 else turn.lines[-1]
            return line, 0, len(line.tokens) - 1
        scored = [self._reader.read(turn.before, f"{turn.speaker}: {part.text}") for _, part in parts]
        likely = [scores.get(code, 0.0) for scores in scored]
        line, best = parts[likely.index(max(likely))]
        return line, best.first, best.last

    def of_words(self, turn: Turn, line: Line, words: Iterable[WordSpan], code: str) -> float:
        """How surely the sentences of `line` that hold `words` are `code`, said alone: a turn that says five
        things is like none of them."""
        if self._reader is None:
            return 0.0
        spans = [(one.first, one.last) for one in words if one.utterance_id == line.id]
        tokens = [(line.tokens[part.first].word, line.tokens[part.last].word, part) for part in pieces(line)]
        held = [part for a, b, part in tokens if any(first <= b and a <= last for first, last in spans)]
        read = (self._reader.read(turn.before, f"{turn.speaker}: {part.text}") for part in held)
        return max((scores.get(code, 0.0) for scores in read), default=0.0)
