"""A call's log driven through the judges again: what people did is done again, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

from service.wire import encode_record
from streaming.alerts import AlertDesk, AlertRule
from streaming.casefile import CaseFile
from streaming.events import (
    AlertUpdate,
    CallEnded,
    CallInfo,
    Detection,
    Event,
    Party,
    Record,
    Scorecard,
    Seconds,
    Severity,
    Tick,
    Verdict,
)
from streaming.replay import rejudge

LEAK = AlertRule(
    behaviour="emotion.leakage",
    verdict=Verdict.HARMFUL,
    severity=Severity.CRITICAL,
    title="Answered frustration badly",
    coaching="Name the inconvenience first.",
    follow=("emotion.recovery",),
)
CARD = "emotion.leakage#1"


class Judges:
    """Harm at ten seconds, made good at fifteen."""

    def feed(self, event: Event, /) -> Sequence[Event]:
        match event:
            case Tick(at=10.0):
                return [judged("emotion.leakage", Verdict.HARMFUL, event.at)]
            case Tick(at=15.0):
                return [judged("emotion.recovery", Verdict.DELIVERED, event.at)]
            case _:
                return []

    def finish(self, at: Seconds, /) -> Sequence[Event]:
        return []


class Keeper:
    def feed(self, event: Event, /) -> None: ...

    def card(self, at: Seconds, /) -> Scorecard:
        return Scorecard(at=at, items=(), heard=(), not_judged=())


def judged(behaviour: str, verdict: Verdict, at: Seconds) -> Detection:
    return Detection(
        id=f"{behaviour}@{at}",
        behaviour=behaviour,
        verdict=verdict,
        speaker=Party.AGENT,
        start=at - 1.0,
        end=at,
        at=at,
        confidence=0.9,
        severity=LEAK.severity,
    )


def fresh() -> CaseFile:
    return CaseFile(CallInfo(call_id="c"), judges=Judges(), desk=AlertDesk([LEAK]), keeper=Keeper())


def listened(case: CaseFile, until: int, *, since: int = 0) -> list[Record]:
    return [record for second in range(since + 1, until + 1) for record in case.take(Tick(at=float(second)))]


def test_a_verdict_on_a_card_that_the_agent_followed_is_given_again() -> None:
    case = fresh()
    log = [*case.open(), *listened(case, 20)]
    log += case.ack(CARD, by="desk 4", useful=True, at=20.5)
    log += case.dismiss(CARD, by="desk 5", useful=False, at=21.0)
    log += [*listened(case, 25, since=20), *case.close(CallEnded(at=25.0, by="client", reason="bye"))]
    updates = [record.event for record in log if isinstance(record.event, AlertUpdate)]
    assert [(update.state, update.useful) for update in updates] == [
        ("followed", None),
        ("followed", True),
        ("followed", False),
    ]
    again = rejudge(log, fresh())
    assert [encode_record(record) for record in again] == [encode_record(record) for record in log]
