"""Records of small calls for the console's tests, and a store that holds them in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from streaming.events import (
    Alert,
    AlertUpdate,
    CallEnded,
    CallInfo,
    CallStarted,
    Event,
    Party,
    Record,
    Severity,
    Tick,
    Utterance,
    Verdict,
    Word,
)


def said(at: float, text: str, *, key: str = "", final: bool = True, revision: int = 1) -> Utterance:
    words = tuple(Word(text=one, start=at, end=at + 0.3) for one in text.split())
    return Utterance(
        speaker=Party.AGENT,
        id=key or f"a{at:g}",
        revision=revision,
        start=at,
        end=at + 0.5,
        words=words,
        final=final,
    )


def alert(number: int = 1, *, at: float = 3.0, provisional: bool = False) -> Alert:
    return Alert(
        id=f"name.use#{number}",
        at=at,
        behaviour="name.use",
        verdict=Verdict.MISSED,
        severity=Severity.NOTICE,
        title="Name not used",
        coaching="Use the name.",
        detections=(f"name.use@{number}",),
        provisional=provisional,
    )


def numbered(call_id: str, *events: Event, after: int = 0) -> list[Record]:
    return [Record(call_id=call_id, seq=after + n, event=event) for n, event in enumerate(events, start=1)]


def started(call_id: str, team: str | None = None) -> CallStarted:
    return CallStarted(call=CallInfo(call_id=call_id, team=team))


def short_call(call_id: str = "c1", team: str | None = None) -> list[Record]:
    """A live call with one line and one alert in it; seq 1 to 4."""
    return numbered(call_id, started(call_id, team), Tick(at=1.0), said(1.0, "hello there"), alert())


def ended_call(call_id: str) -> list[Record]:
    return numbered(call_id, started(call_id), CallEnded(at=2.0))


def acked(number: int = 1) -> AlertUpdate:
    return AlertUpdate(id=f"name.use#{number}", at=5.0, state="acked", by="desk 1", useful=True)


class MemoryStore:
    """`LiveStore` over lists; `behind` makes it forget the newest records, as a writer that commits late."""

    def __init__(self, *records: Record) -> None:
        self.records: dict[str, list[Record]] = {}
        self.behind = 0
        self.reads = 0
        self.broken = False
        self.read = asyncio.Event()
        self.add(*records)

    def add(self, *records: Record) -> None:
        for record in records:
            self.records.setdefault(record.call_id, []).append(record)

    async def live_calls(self) -> Sequence[str]:
        if self.broken:
            raise OSError("no store")
        return [key for key, some in self.records.items() if not isinstance(some[-1].event, CallEnded)]

    async def events(self, call_id: str, /, *, after: int = 0, limit: int = 2000) -> Sequence[Record]:
        self.reads += 1
        self.read.set()
        if self.broken:
            raise OSError("no store")
        held = self.records.get(call_id, [])
        held = held[: len(held) - self.behind]
        return [one for one in held if one.seq > after][:limit]
