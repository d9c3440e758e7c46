"""Calls told event by event on a running service's bus: what no recording does at the right moment."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from service.feed import TOPIC
from service.wire import encode_record
from streaming.events import (
    Alert,
    CallInfo,
    CallStarted,
    Detection,
    Event,
    Party,
    Record,
    Severity,
    SignalSpan,
    Tick,
    Utterance,
    Verdict,
    Word,
    WordSpan,
)
from tests.running import Running

_MOMENTS = count(1_700_000_000.0)  # one call begins after the other


class Staged:
    """One live call; `tell` numbers its events as the service would."""

    def __init__(self, service: Running, call_id: str, **info: Any) -> None:
        self.call = CallInfo(call_id=call_id, **{"started_at": next(_MOMENTS), **info})
        self._service, self._seq = service, 0

    async def begin(self, at: float = 1.0) -> Staged:
        await self.tell(CallStarted(call=self.call), Tick(at=at))
        return self

    async def tell(self, *events: Event) -> None:
        for event in events:
            self._seq += 1
            record = Record(call_id=self.call.call_id, seq=self._seq, event=event)
            await self._service.node.bus.publish(TOPIC, encode_record(record))
            if self._seq % 100 == 0:
                await asyncio.sleep(0)


def said(key: str, text: str, at: float) -> Utterance:
    """`key` begins with a for the agent, c for the customer."""
    texts = text.split()
    words = tuple(
        Word(text=one, start=at + 0.3 * n, end=at + 0.3 * (n + 1), confidence=0.9)
        for n, one in enumerate(texts)
    )
    speaker = Party.AGENT if key.startswith("a") else Party.CUSTOMER
    return Utterance(
        speaker=speaker, id=key, revision=0, start=at, end=words[-1].end, words=words, final=True
    )


def judged(behaviour: str, line: Utterance, verdict: Verdict, *, level: float = 0.0) -> Detection:
    """The whole line is the evidence; with `level`, a customer's frustration besides."""
    signal = SignalSpan(name="frustration", speaker=line.speaker, start=line.start, end=line.end, value=level)
    span = WordSpan(utterance_id=line.id, first=0, last=len(line.words) - 1)
    return Detection(
        id=f"{behaviour}@{line.id}",
        behaviour=behaviour,
        verdict=verdict,
        speaker=line.speaker,
        start=line.start,
        end=line.end,
        at=line.end + 0.5,
        confidence=0.9,
        severity=Severity.WARNING,
        evidence=(span, signal) if level else (span,),
    )


def card(found: Detection, *, severity: Severity = Severity.CRITICAL, number: int = 1) -> Alert:
    """The card of the behaviour's own rule, where it has one."""
    return Alert(
        id=f"{found.behaviour}#{number}",
        at=found.at,
        behaviour=found.behaviour,
        verdict=found.verdict,
        severity=severity,
        title="Steady the conversation",
        coaching="Slow down.",
        detections=(found.id,),
        evidence=found.evidence,
        note="The agent answers dismissively.",
    )


def trouble(at: float = 10.0, key: str = "a9", **of: Any) -> tuple[Utterance, Detection, Alert]:
    """A line that makes it worse, its judgement and its card."""
    line = said(key, "you need to calm down", at)
    found = judged("emotion.leakage", line, Verdict.HARMFUL)
    return line, found, card(found, **of)
