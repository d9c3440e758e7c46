"""Turns of the talk, and what the turn reader says of each (`streaming.ports.TurnReader`).

An utterance ends where its speaker pauses; a turn, where the other one takes over. A turn is read again with
every utterance that it grows by, together with the two turns before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from detectors.floor import Floor
from detectors.matter import Move, move
from detectors.meaning import pieces
from detectors.text import Line
from streaming.events import Event, Party
from streaming.ports import TurnReader

BEFORE = 2
"""Turns before the one that is read."""

_OVER = 0.2  # seconds of the other's speech under a nod that make it a back-channel


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


class Turns:
    """Feed it every event; a final utterance with words comes back as the turn it belongs to.

    Who has a `floor` of its own gives it, and the lines it makes of events to `hear`.
    """

    def __init__(self, floor: Floor | None = None) -> None:
        self._floor = floor if floor is not None else Floor()
        self._turns: deque[Turn] = deque(maxlen=BEFORE + 1)

    def feed(self, event: Event) -> Turn | None:
        line = self._floor.feed(event)
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
        last.lines.append(line)
        return last

    def _is_back_channel(self, line: Line) -> bool:
        if not self._turns or move(line) is not Move.NOD:
            return False
        return self._floor.overlap(line.speaker.other, line.start, line.end) > _OVER


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

    def tells(self, turn: Turn, code: str) -> tuple[Line, int, int]:
        """The sentence of the turn's newest line that is most of `code`: the line, first and last token."""
        line = turn.lines[-1]
        parts = pieces(line)
        if self._reader is None or len(parts) < 2:
            return line, 0, len(line.tokens) - 1
        scored = [
            (self._reader.read(turn.before, f"{turn.speaker}: {part.text}").get(code, 0.0), -part.first)
            for part in parts
        ]
        best = parts[scored.index(max(scored))]
        return line, best.first, best.last
