"""The call's closing: a welcome, a recap or offer of more help, a wish."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.text import Line
from streaming.events import Detection, Party, Seconds, Verdict, WordSpan

_ID = "courtesy.closing"
_PARTS = {
    "welcome": "a welcome",
    "recap": "a recap",
    "more_help": "an offer of more help",
    "wish": "a wish",
    "calling_thanks": "thanks for the call",
}
_CONFIDENCE = {0: 0.85, 1: 0.75, 2: 0.9}
_ANSWERS = 20.0  # seconds: a welcome this long after thanks still answers them
_ROOM = 1.0  # seconds the agent needs at least to answer the customer's last words


class Closing(Part):
    """Judged at the end, over the agent's lines around the customer's winding up.

    Missed needs a wind-up (thanks, "that's all", goodbye) that left the agent room to answer: a caller
    who just hangs up gave no chance.
    """

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._window = judge.threshold(_ID, "window_seconds")
        self._least = judge.threshold(_ID, "least_seconds")
        self._agent: deque[tuple[Line, dict[str, WordSpan]]] = deque(maxlen=24)
        self._thanked: deque[Seconds] = deque(maxlen=8)  # when the customer gave thanks or wound up
        self._wind_up: Line | None = None  # the customer's first winding up since the last business
        self._farewell: Line | None = None  # the agent's first goodbye since then
        self._heard: dict[Party, Line] = {}

    def heard(self, reading: Reading) -> Iterable[Detection]:
        line = reading.line
        self._heard[line.speaker] = line
        if reading.by_agent:
            self._agent.append((line, self._parts(reading)))
            if reading.has("farewell"):
                self._farewell = self._farewell or line
        elif reading.has("winds_up", "farewell"):
            self._wind_up = self._wind_up or line
            self._thanked.append(line.start)
        elif not reading.slight:
            self._wind_up = self._farewell = None
        return ()

    def finish(self, at: Seconds) -> Iterable[Detection]:
        ends = self._wind_up or self._farewell
        if len(self._heard) < len(Party) or at < self._least or not self._agent:
            return ()
        last = max(self._heard.values(), key=lambda line: line.end)
        # Nobody wound up: only what was said late may be a closing; "thank you for calling" also opens calls.
        since = ends.start - self._window if ends else max(last.end - self._window, last.end / 2)
        lines = [(line, parts) for line, parts in self._agent if (line.end if ends else line.start) >= since]
        found = self._found(lines)
        if not found and (ends is None or not self._had_room(ends, at)):
            return ()
        return (self._verdict(lines, found, at),)

    def _parts(self, reading: Reading) -> dict[str, WordSpan]:
        found: dict[str, WordSpan] = {}
        for match in reading.of(*_PARTS):
            found.setdefault(match.label, reading.line.evidence(match.first, match.last))
        return found

    def _found(self, lines: list[tuple[Line, dict[str, WordSpan]]]) -> dict[str, WordSpan]:
        """The parts said; "no problem" and its like only as an answer to the customer's thanks."""
        found: dict[str, WordSpan] = {}
        for line, parts in lines:
            answers = any(line.start - _ANSWERS <= thanked <= line.end for thanked in self._thanked)
            for part, span in parts.items():
                if part != "welcome" or answers:
                    found.setdefault(part, span)
        return found

    def _had_room(self, ends: Line, at: Seconds) -> bool:
        if self.floor.missing(ends.start, at, Party.AGENT):
            return False
        agent = self._agent[-1][0]
        return agent.end > ends.end or at - ends.end >= _ROOM

    def _verdict(
        self, lines: list[tuple[Line, dict[str, WordSpan]]], found: dict[str, WordSpan], at: Seconds
    ) -> Detection:
        with_parts = [line for line, parts in lines if parts]
        shown = with_parts if found and with_parts else [self._agent[-1][0]]
        names = [name for part, name in _PARTS.items() if part in found]
        return self.judge.detect(
            _ID,
            Verdict.DELIVERED if found else Verdict.MISSED,
            where="end",
            start=shown[0].start,
            end=shown[-1].end,
            at=max(at, shown[-1].end),
            confidence=_CONFIDENCE[min(2, len(found))],
            evidence=tuple(found.values()) or (shown[-1].whole(),),
            note=f"The closing has {', '.join(names)}."
            if found
            else "The closing leaves room for a welcome, an offer of more help, and a wish.",
        )
