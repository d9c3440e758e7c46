"""The call's closing: a welcome, a recap or offer of more help, a wish, thanks for the call."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from detectors.base import Judge
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.meaning import examples, likeness
from detectors.text import Line
from streaming.events import Detection, Party, Seconds, Verdict, WordSpan

_ID = "courtesy.closing"
_PARTS = {
    "welcome": "a welcome",
    "recap": "a recap",
    "more_help": "an offer of more help",
    "wish": "a wish",
    "calling_thanks": "thanks for the call",
    "warm_end": "a kind last word",
    "arranged": "what happens next",
}
_AT_THE_END = frozenset({"warm_end", "arranged"})  # these close a call only in the agent's last turn
_CONFIDENCE = {0: 0.85, 1: 0.75, 2: 0.9}
_ANSWERS = 20.0  # seconds: a welcome this long after thanks still answers them
_INTO = 0.5  # seconds: an agent who began earlier than this before the customer's end answers something else
_ROOM = 2.0  # seconds the agent needs at least to answer the customer's last words


@dataclass(frozen=True, slots=True)
class _Said:
    line: Line
    parts: dict[str, WordSpan]
    kind: bool  # nothing in it says otherwise: "you're welcome to complain"
    turn: int  # the agent's turns are counted: what the customer says in between parts them


class Closing(Part):
    """Judged at the end, over the agent's lines around the customer's winding up.

    Missed needs a goodbye of the agent, or a wind-up of the customer (thanks, "that's all", goodbye) that
    left the agent room to answer: a caller who just hangs up gave no chance, nor does a line that breaks.
    """

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._window = judge.threshold(_ID, "window_seconds")
        self._least = judge.threshold(_ID, "least_seconds")
        self._meant = judge.threshold(_ID, "meaning")
        self._kind = likeness(examples("courtesy", "kind_end"), judge.policy.meaning)
        self._agent: deque[_Said] = deque(maxlen=24)
        self._turn = 0
        self._thanked: deque[Seconds] = deque(maxlen=8)  # when the customer gave thanks or wound up
        self._wind_up: Line | None = None  # the customer's first winding up since the last business
        self._farewell: Line | None = None  # the agent's first goodbye since then
        self._heard: dict[Party, Line] = {}

    def heard(self, reading: Reading) -> Iterable[Detection]:
        line = reading.line
        self._heard[line.speaker] = line
        if reading.by_agent:
            self._agent.append(_Said(line, self._parts(reading), not reading.has("not_welcome"), self._turn))
            if reading.has("farewell"):
                self._farewell = self._farewell or line
        elif reading.has("winds_up", "farewell"):
            self._turn += 1
            self._wind_up = self._wind_up or line
            self._thanked.append(line.start)
        elif not reading.slight:
            self._turn += 1
            self._wind_up = self._farewell = None
        return ()

    def finish(self, at: Seconds) -> Iterable[Detection]:
        ends = self._wind_up or self._farewell
        if len(self._heard) < len(Party) or at < self._least or not self._agent:
            return ()
        last = max(self._heard.values(), key=lambda line: line.end)
        # Nobody wound up: only what was said late may be a closing; "thank you for calling" also opens calls.
        since = ends.start - self._window if ends else max(last.end - self._window, last.end / 2)
        said = [one for one in self._agent if (one.line.end if ends else one.line.start) >= since]
        found = self._found(said)
        if not found and (ends is None or not self._had_room(ends, at)):
            return ()
        return (self._verdict(said, found, at),)

    def _parts(self, reading: Reading) -> dict[str, WordSpan]:
        found: dict[str, WordSpan] = {}
        for match in reading.of(*_PARTS):
            if reading.overlaps(match, f"not_{match.label}"):
                continue
            found.setdefault(match.label, reading.line.evidence(match.first, match.last))
        return found

    def _found(self, said: list[_Said]) -> dict[str, WordSpan]:
        """The parts said; "no problem" and its like only as an answer to the customer's thanks."""
        found: dict[str, WordSpan] = {}
        wound_up = self._wind_up is not None or self._farewell is not None
        for one in said:
            answers = any(one.line.start - _ANSWERS <= thanked <= one.line.end for thanked in self._thanked)
            for part, span in one.parts.items():
                late = wound_up and one.turn == self._agent[-1].turn
                if (part != "welcome" or answers) and (part not in _AT_THE_END or late):
                    found.setdefault(part, span)
        return found or self._kindly(said)

    def _kindly(self, said: list[_Said]) -> dict[str, WordSpan]:
        """Last words that are kind in words of their own, once either has wound up."""
        ends = self._wind_up or self._farewell
        for one in said:
            late = one.turn == self._agent[-1].turn and ends is not None and one.line.start >= ends.start
            best = self._kind.best(one.line) if late and one.kind else None
            if best is not None and best.score >= self._meant:
                return {"warm_end": one.line.evidence(best.piece.first, best.piece.last)}
        return {}

    def _had_room(self, ends: Line, at: Seconds) -> bool:
        if self.floor.missing(ends.start, at, Party.AGENT):
            return False
        agent = self._agent[-1].line
        return self._farewell is not None or agent.start > ends.end - _INTO or at - ends.end >= _ROOM

    def _verdict(self, said: list[_Said], found: dict[str, WordSpan], at: Seconds) -> Detection:
        with_parts = [one.line for one in said if one.parts]
        last = self._agent[-1].line
        first = with_parts[0] if found and with_parts else last
        names = [name for part, name in _PARTS.items() if part in found]
        return self.judge.detect(
            _ID,
            Verdict.DELIVERED if found else Verdict.MISSED,
            where="end",
            start=first.start,
            end=last.end,
            at=max(at, last.end),
            confidence=_CONFIDENCE[min(2, len(found))],
            evidence=tuple(found.values()) or (last.whole(),),
            note=f"The closing has {', '.join(names)}."
            if found
            else "The closing leaves room for a welcome, an offer of more help, and a wish.",
        )
