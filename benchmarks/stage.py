"""Calls made up event by event, for what shows calls rather than hears them.

As many and as busy as real ones: lines of 2 to 6 s in turns, a partial line every 0.6 s, a tick a second,
a judgement on every third line of the agent, a card about every 80 s. The same number gives the same call.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from detectors.base import catalogue
from service.feed import TOPIC
from service.wire import write_record
from streaming.alerts import AlertRule
from streaming.events import (
    Alert,
    AlertUpdate,
    CallEnded,
    CallInfo,
    CallStarted,
    Detection,
    Event,
    Party,
    Record,
    Seconds,
    Severity,
    SignalSpan,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    Verdict,
    Word,
    WordSpan,
)
from streaming.ports import Bus

TEAMS = ("Home Delivery", "Broadband Sales", "Garage", "Policy Changes", "Broadband Care")
_SENTENCE = (
    "it left the depot in the morning so let me look at that for you could you tell me the street please"
)
_WORDS = tuple(_SENTENCE.split())
_BREATH = 0.02  # what came before the beginning is more than a bus holds at once
_STEP = 0.05  # seconds of wall time between two rounds of publishing


@dataclass(frozen=True, slots=True)
class Due:
    at: Seconds
    event: Event

    @property
    def passing(self) -> bool:
        return isinstance(self.event, Utterance) and not self.event.final


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What a made-up call is like. `tick`: seconds between ticks; `card`: seconds between cards."""

    seconds: float = 300.0
    partials: bool = True
    tick: int = 1
    card: float = 80.0


def call_info(number: int, *, prefix: str = "stage") -> CallInfo:
    return CallInfo(
        call_id=f"{prefix}-{number:05}",
        agent=f"Agent {number:03}",
        team=TEAMS[number % len(TEAMS)],
        customer_name=f"Customer {number:03}",
        started_at=1_700_000_000.0 + number,
    )


def script(number: int, manner: Manner, *, prefix: str = "stage") -> list[Due]:
    """One call's events in the order in which they come."""
    chance = random.Random(number)  # noqa: S311 - a made-up call, the same every time
    call = call_info(number, prefix=prefix)
    seconds = manner.seconds * chance.uniform(0.6, 1.4)
    out = [Due(0.0, CallStarted(call=call))]
    out += [Due(float(at), Tick(at=float(at))) for at in range(1, int(seconds), manner.tick)]
    lines = list(_talk(chance, seconds))
    for line in lines:
        out += _said(line, manner)
    out += _judged(lines, chance)
    out += _cards(lines, chance, manner)
    in_time = [due for due in out if due.at < seconds]
    return [*sorted(in_time, key=lambda due: due.at), Due(seconds, CallEnded(at=seconds))]


def _talk(chance: random.Random, seconds: float) -> Iterator[Utterance]:
    at, count = 1.0, 0
    while at < seconds - 8:
        speaker = Party.AGENT if count % 2 == 0 else Party.CUSTOMER
        words = tuple(
            Word(text=text, start=round(at + 0.35 * place, 2), end=round(at + 0.35 * (place + 1), 2))
            for place, text in enumerate(chance.choices(_WORDS, k=chance.randint(6, 17)))
        )
        key = f"{speaker[0]}{count}"
        yield Utterance(
            speaker=speaker, id=key, revision=0, start=at, end=words[-1].end, words=words, final=True
        )
        at, count = words[-1].end + chance.uniform(0.3, 1.2), count + 1


def _said(line: Utterance, manner: Manner) -> Iterator[Due]:
    yield Due(line.start + 0.1, SpeechStarted(speaker=line.speaker, at=line.start))
    steps = int((line.end - line.start) / 0.6) if manner.partials else 0
    for revision in range(1, steps + 1):
        at = line.start + 0.6 * revision
        heard = tuple(word for word in line.words if word.end <= at)
        yield Due(at, replace(line, revision=revision, words=heard, end=at, final=False))
    yield Due(line.end + 0.1, SpeechEnded(speaker=line.speaker, at=line.end))
    yield Due(line.end + 0.7, line)


def _judged(lines: Sequence[Utterance], chance: random.Random) -> Iterator[Due]:
    ids = [key for key, row in catalogue().items() if not row.off_because]
    verdicts = (Verdict.DELIVERED, Verdict.DELIVERED, Verdict.MISSED, Verdict.HARMFUL)
    for line in lines:
        if chance.random() > 0.34:
            continue
        if line.speaker is Party.AGENT:
            behaviour, verdict = chance.choice(ids), chance.choice(verdicts)
            yield Due(line.end + 0.75, _detection(line, behaviour, verdict))
        elif chance.random() < 0.3:
            yield Due(line.end + 0.75, _detection(line, "emotion.frustration", Verdict.OBSERVED))


def _detection(line: Utterance, behaviour: str, verdict: Verdict) -> Detection:
    level = SignalSpan(name="frustration", speaker=line.speaker, start=line.start, end=line.end, value=1.2)
    words = WordSpan(utterance_id=line.id, first=1, last=4)
    return Detection(
        id=f"{behaviour}@{line.id}",
        behaviour=behaviour,
        verdict=verdict,
        speaker=line.speaker,
        start=line.start,
        end=line.end,
        at=line.end + 0.75,
        confidence=0.9,
        severity=Severity.NOTICE,
        evidence=(words, level) if verdict is Verdict.OBSERVED else (words,),
        note="Made up.",
    )


def _cards(lines: Sequence[Utterance], chance: random.Random, manner: Manner) -> Iterator[Due]:
    rules = [
        rule for row in catalogue().values() for rule in row.alerts if rule.severity is not Severity.INFO
    ]
    free, count = chance.uniform(5, manner.card), 0
    for line in lines:
        if line.speaker is not Party.AGENT or line.end < free:
            continue
        count += 1
        rule = chance.choice(rules)
        at = line.end + 0.8
        card = _card(rule, line, count, at)
        yield Due(at, card)
        yield Due(at + 30, AlertUpdate(id=card.id, at=at + 30, state=chance.choice(("acked", "expired"))))
        free = at + 30 + chance.uniform(0.3, 1.7) * manner.card


def _card(rule: AlertRule, line: Utterance, count: int, at: Seconds) -> Alert:
    return Alert(
        id=f"{rule.behaviour}#{count}",
        at=at,
        behaviour=rule.behaviour,
        verdict=rule.verdict,
        kind=rule.kind,
        severity=rule.severity,
        title=rule.title,
        coaching=rule.coaching,
        detections=(f"{rule.behaviour}@{line.id}",),
        evidence=(WordSpan(utterance_id=line.id, first=1, last=4),),
        note="Made up.",
    )


@dataclass(eq=False)
class Stage:
    """Plays made-up calls into a node's bus, always `calls` at once: one that ends makes room for the next.

    `begun_before`: the first ones have been going for up to that long, spread evenly. `published` is told of
    each card when it goes out.
    """

    bus: Bus
    calls: int
    manner: Manner = field(default_factory=Manner)
    speed: float = 1.0
    begun_before: Seconds = 0.0
    prefix: str = "stage"
    published: Callable[[Record], None] = lambda record: None
    records: int = 0
    ended: int = 0
    played: Seconds = 0.0
    _next: int = 0
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, seconds: Seconds) -> None:
        """Wait until so much of the calls' time has been played."""
        while self.played < seconds:
            async with self._moved:
                await self._moved.wait()

    async def play(self, seconds: float) -> None:
        """For so many seconds of the calls' time; late rounds catch up."""
        loop = asyncio.get_running_loop()
        slots = [self._begin(-self.begun_before * slot / max(1, self.calls)) for slot in range(self.calls)]
        for slot in slots:
            await self._advance(slot, 0.0)
            await asyncio.sleep(_BREATH)
        began = loop.time()
        while (now := (loop.time() - began) * self.speed) < seconds:
            self.played = now
            async with self._moved:
                self._moved.notify_all()
            for place, slot in enumerate(slots):
                await self._advance(slot, now)
                if not slot.left:
                    self.ended += 1
                    slots[place] = self._begin(now)
            await asyncio.sleep(_STEP)

    def _begin(self, at: Seconds) -> _Slot:
        number, self._next = self._next, self._next + 1
        info = call_info(number, prefix=self.prefix)
        return _Slot(info.call_id, at, script(number, self.manner, prefix=self.prefix))

    async def _advance(self, slot: _Slot, now: Seconds) -> None:
        while slot.left and slot.began + slot.left[0].at <= now:
            due = slot.left.pop(0)
            slot.seq += not due.passing
            record = Record(call_id=slot.call_id, seq=0 if due.passing else slot.seq, event=due.event)
            await self.bus.publish(TOPIC, write_record(record))
            self.records += 1
            if isinstance(due.event, Alert):
                self.published(record)


@dataclass(slots=True, eq=False)
class _Slot:
    call_id: str
    began: Seconds
    left: list[Due]
    seq: int = 0
