"""Many calls before one scheduler on a virtual clock: who waits how long, and what is given up.

The scheduler, its queue, ladder and pace, and the sessions' choice of when to ask for a partial line are
the real ones; people and the engine are drawn from a seed.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from models.pace import PaceConfig
from models.queueing import SchedulerConfig
from models.scheduler import Scheduler
from models.worker import Answer, WorkerStats
from streaming.channel import Spoken
from streaming.errors import Overloaded, Superseded
from streaming.events import Party, Seconds
from streaming.partials import Partials
from streaming.ports import SAMPLE_RATE, SpeechRequest, Transcript
from streaming.segment import SegmentConfig
from streaming.session import SessionConfig

_ENDPOINT = SegmentConfig().endpoint
_SILENCE = np.zeros(12 * SAMPLE_RATE, np.float32)
_HEAR_EVERY = 0.1
_OUTSTANDING = SessionConfig().outstanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds in a slot: `fixed + each * audio seconds`, times a spread; one in `again` is decoded anew.

    For tiny.en, int8, one thread a slot on this project's two cores: an utterance of 2.3 s takes 0.11 s
    (docs/decisions/0003-utterance-windows.md).
    """

    fixed: float = 0.045
    each: float = 0.028
    spread: float = 0.25
    again: int = 30
    shared: tuple[float, ...] = (1.0,)


class DrawnWorker:
    """An engine of `slots` that takes its time on the virtual clock."""

    batch = 1

    def __init__(self, slots: int, cost: Cost, seed: int) -> None:
        self.slots = slots
        self.batch = len(cost.shared)
        self._cost = cost
        self._random = random.Random(seed)  # noqa: S311 - a simulation

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def run_many(self, requests: Sequence[SpeechRequest], /) -> AsyncIterator[Answer]:
        shared = self._cost.shared[len(requests) - 1]
        await asyncio.sleep(shared * sum(self._took(request) for request in requests))
        for which, _ in enumerate(requests):
            yield which, Transcript(words=())

    def _took(self, request: SpeechRequest) -> float:
        cost = self._cost
        took = (cost.fixed + cost.each * request.seconds) * self._random.lognormvariate(0.0, cost.spread)
        return 3 * took if self._random.randrange(cost.again) == 0 else took

    def stats(self) -> WorkerStats:
        return WorkerStats(cpu_seconds=0.0, rss_bytes=0)


@dataclass(slots=True)
class Seen:
    """What came of it; times are of the virtual clock."""

    finals: list[tuple[float, float]] = field(default_factory=list)  # asked, and how long until answered
    lost: int = 0  # finals that got no answer
    unheard: int = 0  # utterances not taken up, since too many of the call were outstanding: a gap
    lines: list[tuple[float, float]] = field(default_factory=list)  # partial asked, until answered
    shed: int = 0  # partials that were refused or pushed out
    refused: list[tuple[float, float]] = field(default_factory=list)  # call refused, told to wait
    entered: list[float] = field(default_factory=list)

    def p95(self, after: float = 0.0, before: float = float("inf")) -> float:
        """Of the seconds from the end of speech to the final line."""
        took = [waited for asked, waited in self.finals if after <= asked < before]
        return _ENDPOINT + float(np.percentile(took, 95))


Pace = Callable[[Scheduler], Seconds | None]


def paced(densest: Seconds = 0.5) -> Pace:
    """As a node does it."""
    return lambda scheduler: scheduler.pace(densest)


def fixed(every: Seconds | None) -> Pace:
    """Without regard to the load; None: no partials."""
    return lambda scheduler: every


class Office:
    """Calls come and go before one scheduler."""

    def __init__(self, *, slots: int = 2, pace: Pace | None = None, cost: Cost | None = None, seed: int = 1):
        self.seen = Seen()
        self.scheduler = Scheduler(
            DrawnWorker(slots, cost or Cost(), seed),
            SchedulerConfig(full=0.9),  # only the engine costs time here
            pace=PaceConfig(),
            clock=lambda: asyncio.get_running_loop().time(),
        )
        self.live = 0
        self._owed: Counter[str] = Counter()
        self._ended: set[str] = set()
        self._pace = pace or paced()
        self._seed = seed

    async def call(self, name: int, tasks: asyncio.TaskGroup, *, until: float, patient: bool = True) -> None:
        """One call: asks to enter (again and again, if `patient`), then two people speak in turn."""
        chance = random.Random(self._seed * 1000 + name)  # noqa: S311 - a simulation
        clock = asyncio.get_running_loop().time
        while (refusal := self.scheduler.admission(self.live)) is not None:
            self.seen.refused.append((clock(), refusal.retry_after or 0.0))
            await asyncio.sleep(refusal.retry_after or 1.0)
            if clock() >= until or not patient:
                return
        began = clock()
        self.seen.entered.append(began)
        self.live += 1
        partials = {party: Partials(party) for party in Party}
        for number in count(1):
            await asyncio.sleep(chance.expovariate(1 / 0.7))
            if clock() >= until:
                break
            party = list(Party)[number % 2]
            length = min(max(0.4, chance.lognormvariate(0.6, 0.75)), 12.0)
            await self._say(f"c{name}", f"{party[0]}{number}", partials[party], length, tasks, began)
        self.live -= 1
        self._over(f"c{name}", ended=True)

    def _over(self, call: str, *, ended: bool = False) -> None:
        """As a session does it: what the call has is forgotten when its last words are there."""
        if ended:
            self._ended.add(call)
            self.scheduler.settle(call)
        if call in self._ended and not self._owed[call]:
            self.scheduler.forget(call)

    async def _say(
        self,
        call: str,
        utterance: str,
        partials: Partials,
        length: float,
        tasks: asyncio.TaskGroup,
        began: float,
    ) -> None:
        loop = asyncio.get_running_loop()

        def clock() -> Seconds:
            """Of the call's stream."""
            return loop.time() - began

        start = clock()
        while clock() < start + length:
            await asyncio.sleep(min(_HEAR_EVERY, start + length - clock() + 1e-9))
            every = self._pace(self.scheduler)
            if every is not None and partials.wanted((start, clock()), every=every):
                spoken = _spoken(partials, utterance, start, clock())
                partials.ask(spoken)
                tasks.create_task(self._line(_request(call, spoken, "partial"), partials))
        end = clock()
        await asyncio.sleep(_ENDPOINT)
        partials.close(_spoken(partials, utterance, start, end).utterance_id)
        if self._owed[call] >= _OUTSTANDING:
            self.seen.unheard += 1
            return
        self._owed[call] += 1
        tasks.create_task(self._final(_request(call, _spoken(partials, utterance, start, end), "final")))

    async def _line(self, request: SpeechRequest, partials: Partials) -> None:
        clock = asyncio.get_running_loop().time
        asked = clock()
        try:
            await self.scheduler.transcribe(request)
            self.seen.lines.append((asked, clock() - asked))
        except Superseded:
            pass
        except Overloaded:
            self.seen.shed += 1
        finally:
            partials.answered()

    async def _final(self, request: SpeechRequest) -> None:
        clock = asyncio.get_running_loop().time
        asked = clock()
        try:
            await self.scheduler.transcribe(request)
            self.seen.finals.append((asked, clock() - asked))
        except (Overloaded, Superseded):
            self.seen.lost += 1
        self._owed[request.call_id] -= 1
        self._over(request.call_id)


def _spoken(partials: Partials, utterance: str, start: float, end: float) -> Spoken:
    audio = _SILENCE[: int((end - start) * SAMPLE_RATE)]
    return Spoken(
        utterance_id=utterance, speaker=Party.AGENT, start=start, end=end, voiced=((start, end),), audio=audio
    )


def _request(call: str, spoken: Spoken, priority: str) -> SpeechRequest:
    return SpeechRequest(
        call_id=call,
        speaker=spoken.speaker,
        utterance_id=spoken.utterance_id,
        revision=0,
        start=spoken.start,
        audio=spoken.audio,
        priority=priority,  # type: ignore[arg-type]
    )
