"""One call from its first sample to its scorecard: a TaskGroup that hears, transcribes and files.

The session does no heavy work on the event loop: audio is resampled and searched for voices there only
while it is a quarter of a second, and in the executor when it is more; transcription is behind the
`Transcriber` port. What it hears is filed in an order that does not depend on when a transcript comes back
(`streaming.calllog`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from streaming.alerts import AlertDesk
from streaming.calllog import EventOrder
from streaming.casefile import CaseFile
from streaming.channel import Ear, Heard, Lost, Piece, Spoken
from streaming.crosstalk import Crosstalk
from streaming.errors import ProtocolError
from streaming.events import (
    AudioGap,
    BetweenPeople,
    CallEnded,
    CallInfo,
    Event,
    Party,
    Record,
    Scorecard,
    Seconds,
    Whisper,
    WhisperDelivered,
    WhisperSeen,
)
from streaming.inbox import Inbox
from streaming.ports import (
    Judges,
    Priority,
    ProsodyMeter,
    RecordSink,
    ScoreKeeper,
    Transcriber,
    VoiceActivity,
)
from streaming.scribe import Ponder, Scribe


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """Bounds and cadences of a session; times in seconds."""

    priority: Priority = "final"
    partial_every: Seconds | None = 0.5  # or more, as the pace says; None: no partial lines (batch)
    hear_every: Seconds = 0.06  # audio is taken up in runs of at least this
    at_once: Seconds = 0.25  # heard on the event loop: 0.6 ms of gapless audio, and a thread costs as much
    buffered: Seconds = 2.0  # audio a party may have waiting before the oldest is dropped
    outstanding: int = 32  # transcripts awaited before no more audio is taken up: late is better than lost
    outgoing: int = 512  # records waiting for the store before no more audio is taken up
    lag: Seconds = 2.0  # a channel this far behind the other is taken to be missing
    ahead: Seconds = 5.0  # audio that comes this much faster than spoken waits like a recording, behind calls


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionParts:
    """What the sessions of a node share."""

    transcriber: Transcriber
    voice: Callable[[], VoiceActivity]
    executor: Executor
    judges: Callable[[CallInfo], Judges]
    desk: Callable[[CallInfo], AlertDesk]
    keeper: Callable[[CallInfo], ScoreKeeper]
    sink: RecordSink
    prosody: Callable[[CallInfo], ProsodyMeter | None] = lambda call: None
    pace: Callable[[Seconds], Seconds | None] = lambda every: every
    over: Callable[[str], None] = lambda call_id: None  # told once no more audio of the call will come
    pondering: Callable[[CallInfo], Ponder] = lambda call: lambda line: None
    config: SessionConfig = SessionConfig()


class Tap(Protocol):
    """Gets a call's audio as it comes, while somebody listens in; must neither wait nor raise."""

    def hear(self, piece: Piece, /) -> None: ...

    def over(self) -> None:
        """No more audio will come."""
        ...


class CallSession:
    """Drives one call; `run` ends with the scorecard once `end` was called and everything is filed."""

    def __init__(self, call: CallInfo, *, rate: int, parts: SessionParts) -> None:
        self.call = call
        self.rate = rate
        self.inbox = Inbox(call.parties, rate=rate, limit=parts.config.buffered)
        self.on_notice: Callable[[AudioGap | Whisper], None] | None = (
            None  # tells the client, if there is one
        )
        self.tap: Tap | None = None  # nobody listens in
        self._parts = parts
        self._case = CaseFile(
            call, judges=parts.judges(call), desk=parts.desk(call), keeper=parts.keeper(call)
        )
        self._ears = {party: Ear(party, rate, parts.voice()) for party in call.parties}
        self._order = EventOrder()
        self._scribe = Scribe(
            call,
            order=self._order,
            transcriber=parts.transcriber,
            priority=parts.config.priority,
            prosody=parts.prosody(call),
            executor=parts.executor,
            on_answer=self._file,
            on_partial=lambda shown, stable: self._put(self._case.glimpse(shown, stable)),
            ponder=parts.pondering(call),
            crosstalk=self._crosstalk(),
        )
        self._spoken: list[tuple[Seconds, Spoken, bool]] = []  # due when, and whether it came hurried
        self._flushed = False
        self._outgoing: list[Record] = []
        self._filed_until: list[tuple[int, Seconds]] = []
        self._undelivered: dict[str, Whisper] = {}
        self._unseen: set[str] = set()
        self.moved = asyncio.Event()  # set whenever more was heard; who waits for it clears it
        self.fault: ProtocolError | None = None  # why the client's audio could not be taken any more
        self._ended: tuple[str, str] | None = None
        self._closed = False
        self._progress = asyncio.Event()  # audio came, a transcript came, records went, or the end
        self._to_publish = asyncio.Event()

    def _write_down(self, tasks: asyncio.TaskGroup) -> None:
        """What was said until where both parties were heard: whose speech it is shows on the other's channel.

        Nothing due later could be filed yet.
        """
        until = math.inf if self._flushed else self.heard
        waiting, self._spoken = self._spoken, []
        for due, spoken, hurried in waiting:
            if due <= until:
                self._scribe.take(spoken, due, tasks, hurried=hurried)
            else:
                self._spoken.append((due, spoken, hurried))

    def _crosstalk(self) -> dict[Party, Crosstalk]:
        pairs = ((ear, self._ears.get(party.other)) for party, ear in self._ears.items())
        return {ear.party: Crosstalk(ear.levels, other.levels) for ear, other in pairs if other}

    @property
    def ended(self) -> bool:
        """No more audio will come."""
        return self._closed or self._ended is not None

    @property
    def heard(self) -> Seconds:
        """Stream seconds of every party heard so far."""
        return min(ear.at for ear in self._ears.values())

    @property
    def position(self) -> int:
        """The next wire sample to be heard; what was received before waits in the inbox."""
        return min(ear.position for ear in self._ears.values())

    @property
    def lag(self) -> Seconds:
        """How long ago the oldest audio came whose words are owed and not in the log; 0 when none are.

        Owed is what was said up to an endpoint, and whatever has not been taken up yet.
        """
        owed = self._order.outstanding or self._spoken
        if not owed and self.inbox.seconds < self._parts.config.hear_every:
            return 0.0
        return self.inbox.age(self._order.watermark)

    def stored(self, durable_seq: int) -> Seconds:
        """The stream time before which every event lies at or below `durable_seq` in the log."""
        done = [mark for mark in self._filed_until if mark[0] <= durable_seq]
        if not done:
            return 0.0
        self._filed_until = self._filed_until[len(done) - 1 :]
        return done[-1][1]

    # What comes from outside

    def offer(self, piece: Piece) -> None:
        """Live audio: never waits; the oldest waiting audio is dropped when too much waits.

        What comes behind the end is ignored: a client that goes on sending must not keep the call open.
        """
        if self._ended is None:
            self.inbox.offer(piece)
            if self.tap is not None:
                self.tap.hear(piece)
            if self.inbox.seconds >= self._parts.config.hear_every:
                self._stir()

    async def feed(self, pieces: Iterable[Piece]) -> None:
        """Recorded audio: waits until there is room."""
        for piece in pieces:
            while self.inbox.full and not self._closed:
                await self.inbox.room()
            self.offer(piece)

    def end(self, by: str, reason: str) -> None:
        """No more audio will come; the first reason given stands."""
        if self._ended is None:
            self._ended = (by, reason)
            if not self._closed:
                self._parts.over(self.call.call_id)
            if self.tap is not None:
                self.tap.over()
        self._stir()

    def ack(self, alert_id: str, *, by: str | None, useful: bool | None, dismiss: bool = False) -> None:
        """A supervisor took (or turned away) a card."""
        act = self._case.dismiss if dismiss else self._case.ack
        self._put(act(alert_id, by=by, useful=useful, at=self.heard))

    def whisper(self, *, whisper_id: str, text: str, by: str | None, alert_id: str | None) -> None:
        """A supervisor's text for the agent; it waits while the client is away."""
        whisper = Whisper(id=whisper_id, at=self.heard, text=text, by=by, alert_id=alert_id)
        self.note(whisper)
        self._undelivered[whisper_id] = whisper
        self._unseen.add(whisper_id)
        if self.on_notice is not None:
            self.on_notice(whisper)

    def whisper_delivered(self, whisper_id: str) -> None:
        """A screen of the agent's took it; said twice counts once."""
        if self._undelivered.pop(whisper_id, None) is not None:
            self.note(WhisperDelivered(id=whisper_id, at=self.heard))

    def whisper_seen(self, whisper_id: str) -> None:
        """The agent's screen showed it; said twice counts once."""
        self.whisper_delivered(whisper_id)
        if whisper_id in self._unseen:
            self._unseen.discard(whisper_id)
            self.note(WhisperSeen(id=whisper_id, at=self.heard))

    def note(self, event: BetweenPeople) -> None:
        """File what passed between supervisor and agent."""
        self._put(self._case.note(event))

    def attach(self, on_notice: Callable[[AudioGap | Whisper], None]) -> None:
        """A client is there (again): it gets what waited for it."""
        self.on_notice = on_notice
        for whisper in self._undelivered.values():
            on_notice(whisper)

    def detach(self) -> None:
        """The client has gone; a hole in its audio from here on is a disconnection."""
        self.on_notice = None
        self.inbox.disconnected()

    # The call's life

    async def run(self) -> Scorecard:
        """Hear the call to its end; every record has been handed to the sink when this returns."""
        self._put(self._case.open())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish())
                await self._listen(tasks)
                await self._until(lambda: self._order.outstanding == 0)
                self._close()
        finally:
            self._closed = True
            self.inbox.release()
            self._parts.transcriber.forget(self.call.call_id)
        assert self._case.scorecard is not None  # noqa: S101 (set by _close)
        return self._case.scorecard

    def records_for_failure(self) -> list[Record]:
        """After `run` raised: what was not published whole, and the end that the log still needs."""
        left, self._outgoing = self._outgoing, []
        if self._case.scorecard is None:
            left += self._case.close(CallEnded(at=self.heard, by="server", reason="failed"))
        return left

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._until(self._may_listen)
            pieces = self.inbox.take()
            if self._is_short(pieces):
                heard = self._hear(pieces)
            else:
                heard = await loop.run_in_executor(self._parts.executor, self._hear, pieces)
            self._digest(heard, tasks)
            if self.fault is not None:
                self.end("client", self.fault.code)
                break
            if self._ended and self.inbox.empty:
                break
        heard = await loop.run_in_executor(self._parts.executor, self._flush)
        self._flushed = True
        self._digest(heard, tasks)

    def _may_listen(self) -> bool:
        config = self._parts.config
        if self._order.outstanding >= config.outstanding or len(self._outgoing) >= config.outgoing:
            return False
        return self._ended is not None or self.inbox.seconds >= config.hear_every

    def _is_short(self, pieces: dict[Party, list[Piece]]) -> bool:
        """By the time they span: the holes in them are heard too, and cost more than audio."""
        most = self._parts.config.at_once * self.rate
        return all(
            max(piece.end for piece in queue) - self._ears[party].position <= most
            for party, queue in pieces.items()
            if queue
        )

    def _hear(self, pieces: dict[Party, list[Piece]]) -> list[Heard]:
        """On the loop or in the executor. What was heard before a fault of the client's counts."""
        heard: list[Heard] = []
        for party, ear in self._ears.items():
            try:
                for item in ear.hear(pieces.get(party, ())):
                    heard.append(item)  # noqa: PERF402 - extend promises nothing at a fault
            except ProtocolError as error:
                self.fault = error
        leader = max(ear.position for ear in self._ears.values())
        for ear in self._ears.values():
            if leader - ear.position > self._parts.config.lag * self.rate:
                heard += ear.advance(leader)
        return heard

    def _flush(self) -> list[Heard]:
        leader = max(ear.position for ear in self._ears.values())
        heard: list[Heard] = []
        for ear in self._ears.values():
            heard += [*ear.advance(leader), *ear.flush()]
        return heard

    def _digest(self, heard: Iterable[Heard], tasks: asyncio.TaskGroup) -> None:
        for item in heard:
            match item.what:
                case Spoken():
                    hurried = self.inbox.ahead(item.due) > self._parts.config.ahead
                    self._spoken.append((item.due, item.what, hurried))
                case Lost():
                    self._lose(item.what, item.due)
                case event:
                    self._order.add(event, due=item.due)
        self._write_down(tasks)
        self._order.hear(self.heard)
        self._file()
        self.moved.set()
        every = self._parts.config.partial_every
        if every is not None and (every := self._parts.pace(every)) is not None:
            for ear in self._ears.values():
                self._scribe.glance(ear, every, tasks)

    def _lose(self, lost: Lost, due: Seconds) -> None:
        reason = self.inbox.reason_for(lost)
        gap = AudioGap(speaker=lost.speaker, start=lost.start, end=lost.end, reason=reason)
        self._order.add(gap, due=due)

    # The log

    def _file(self) -> None:
        """File what is certain by now."""
        for event in self._order.release():
            self._take(event)
        self._stir()  # a transcript may have been awaited that led to nothing
        mark = (self._case.last_seq, self._order.watermark)
        if self._filed_until and self._filed_until[-1][0] == mark[0]:
            self._filed_until[-1] = mark
        else:
            self._filed_until.append(mark)

    def _take(self, event: Event) -> None:
        self._put(self._case.take(event))
        if isinstance(event, AudioGap) and self.on_notice is not None:
            self.on_notice(event)

    def _close(self) -> None:
        by, reason = self._ended or ("server", "failed")
        at = max(ear.received for ear in self._ears.values())
        for event in self._order.drain():
            self._take(event)
        ended = CallEnded(at=at, by="client" if by == "client" else "server", reason=reason)
        self._put(self._case.close(ended))
        self._closed = True
        self._to_publish.set()

    def _put(self, records: list[Record]) -> None:
        if records and not self._closed:
            self._outgoing += records
            self._to_publish.set()
        self._stir()

    async def _publish(self) -> None:
        """The one place that hands records on, so that they leave in order."""
        while True:
            await self._to_publish.wait()
            self._to_publish.clear()
            while self._outgoing:
                batch, self._outgoing = self._outgoing, []
                try:
                    await self._parts.sink.put(batch)
                except asyncio.CancelledError:  # the call breaks elsewhere: its end goes behind these
                    self._outgoing = batch + self._outgoing
                    raise
                self._stir()
            if self._closed:
                return

    def _stir(self) -> None:
        self._progress.set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._progress.clear()
            if not condition():
                await self._progress.wait()
