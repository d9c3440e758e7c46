"""Orders a call's events by stream time, emits Ticks and numbers records (pure).

Transcripts come back late and in any order, yet live, batch and replay must judge the same call the
same way. So every event has a *due* time, the stream time at which it was decided (for a final
utterance: when its endpoint was), and is released only when nothing earlier can still arrive: the
audio has been heard past it, and no transcript that is due before it is outstanding.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from streaming.events import (
    AudioGap,
    CallEnded,
    CallStarted,
    Event,
    Record,
    Seconds,
    Signal,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    WordsHeldBack,
)

_RANK: dict[type, int] = {
    CallStarted: 0,
    SpeechStarted: 1,
    SpeechEnded: 2,
    AudioGap: 3,
    Signal: 4,
    WordsHeldBack: 5,
    Utterance: 6,
    Tick: 8,
    CallEnded: 9,
}
_ANY_OTHER = 7


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where an event stands in the log; the same whatever order events arrived in."""

    due: Seconds
    rank: int
    start: Seconds
    key: str
    arrival: int


@dataclass(slots=True, order=True)
class _Waiting:
    place: _Place
    event: Event = field(compare=False)


class EventOrder:
    """Holds events back until their place in the call's log is certain."""

    def __init__(self) -> None:
        self._heap: list[_Waiting] = []
        self._expected: dict[str, Seconds] = {}
        self._heard: Seconds = 0.0
        self._ticked = 0
        self._arrivals = 0

    @property
    def watermark(self) -> Seconds:
        """Everything due before this has been released or can be."""
        return min([self._heard, *self._expected.values()])

    @property
    def outstanding(self) -> int:
        """How many promised events have not arrived yet."""
        return len(self._expected)

    def expect(self, key: str, *, due: Seconds) -> None:
        """Something due at `due` is on its way: nothing due later may pass it."""
        self._expected[key] = due

    def settle(self, key: str) -> None:
        """What was expected under `key` has been added, or will never come."""
        self._expected.pop(key, None)

    def add(self, event: Event, *, due: Seconds) -> None:
        self._arrivals += 1
        place = _Place(due, _RANK.get(type(event), _ANY_OTHER), _start(event), _key(event), self._arrivals)
        heapq.heappush(self._heap, _Waiting(place, event))

    def hear(self, until: Seconds) -> None:
        """Audio of every party has been heard up to `until`."""
        self._heard = max(self._heard, until)

    def release(self) -> list[Event]:
        """The events whose order is now certain, with a Tick for every whole second passed."""
        limit = self.watermark
        released: list[Event] = []
        while self._heap and self._heap[0].place.due < limit:
            waiting = heapq.heappop(self._heap)
            released += self._ticks(waiting.place.due)
            released.append(waiting.event)
        return released + self._ticks(limit)

    def drain(self) -> list[Event]:
        """At the call's end: everything left, in order."""
        self._expected.clear()
        released: list[Event] = []
        while self._heap:
            waiting = heapq.heappop(self._heap)
            released += self._ticks(waiting.place.due)
            released.append(waiting.event)
        return released + self._ticks(self._heard)

    def _ticks(self, before: Seconds) -> list[Event]:
        """Ticks for the whole seconds that lie strictly before `before`: those due at it sort behind it."""
        last = math.ceil(before) - 1
        ticks: list[Event] = [Tick(at=float(second)) for second in range(self._ticked + 1, last + 1)]
        self._ticked = max(self._ticked, last)
        return ticks


def _start(event: Event) -> Seconds:
    return float(getattr(event, "start", getattr(event, "at", 0.0)))


def _key(event: Event) -> str:
    speaker = getattr(event, "speaker", "")
    return f"{speaker}/{getattr(event, 'id', '') or getattr(event, 'name', '')}"


class Numbering:
    """Gives a call's records their dense sequence numbers, starting behind `after`."""

    def __init__(self, call_id: str, *, after: int = 0) -> None:
        self.call_id = call_id
        self.last = after

    def number(self, event: Event) -> Record:
        self.last += 1
        return Record(call_id=self.call_id, seq=self.last, event=event)

    def passing(self, event: Event) -> Record:
        """A record that is shown but never stored (a partial utterance): it takes no number."""
        return Record(call_id=self.call_id, seq=0, event=event)
