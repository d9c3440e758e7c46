"""Logs of calls for the store's tests."""

from __future__ import annotations

from streaming.events import (
    Alert,
    CallEnded,
    CallInfo,
    CallStarted,
    Event,
    Party,
    Record,
    Scorecard,
    ScoreItem,
    Severity,
    Tick,
    Utterance,
    Verdict,
    Word,
)


def started(call_id: str, *, at: float = 1000.0, agent: str = "Ann", team: str = "blue") -> CallStarted:
    info = CallInfo(call_id=call_id, agent=agent, team=team, customer_name="Suzanne", started_at=at)
    return CallStarted(call=info)


def said(number: int, at: float) -> Utterance:
    words = (Word(text="Grüße,", start=at, end=at + 0.5), Word(text="\x00", start=at + 0.5, end=at + 1))
    return Utterance(
        speaker=Party.AGENT, id=f"a{number}", revision=1, start=at, end=at + 1, words=words, final=True
    )


def alert(number: int, at: float) -> Alert:
    return Alert(
        id=f"al{number}",
        at=at,
        behaviour="courtesy.curt",
        verdict=Verdict.HARMFUL,
        severity=Severity.WARNING,
        title="Curt",
        coaching="Slow down.",
        detections=(f"courtesy.curt@a{number}",),
    )


def scorecard(at: float) -> Scorecard:
    item = ScoreItem(behaviour="name.use", opportunities=2, delivered=1, missed=1, harmful=0, rate=0.5)
    return Scorecard(at=at, items=(item,), heard=(), not_judged=())


def log_of(call_id: str, *, ended: bool = True, started_at: float = 1000.0, ticks: int = 5) -> list[Record]:
    events: list[Event] = [started(call_id, at=started_at), said(1, 1.0), alert(1, 2.5)]
    events += [Tick(at=float(n)) for n in range(3, 3 + ticks)]
    if ended:
        events += [scorecard(9.5), CallEnded(at=10.25)]
    return [Record(call_id=call_id, seq=seq, event=event) for seq, event in enumerate(events, 1)]
