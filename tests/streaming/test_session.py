"""A call session on scripted speech: order, gaps, overload, resumption, failure, whispers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from models.scripted import Line, Scenario, ScriptedTranscriber, ScriptedVoiceActivity
from streaming import inbox
from streaming.alerts import AlertDesk
from streaming.audio import Encoding
from streaming.channel import Piece
from streaming.errors import Overloaded, PositionError
from streaming.events import (
    AudioGap,
    CallEnded,
    CallInfo,
    CallStarted,
    Event,
    Party,
    Profile,
    Record,
    Scorecard,
    Seconds,
    Signal,
    Tick,
    Utterance,
    Whisper,
    WhisperDelivered,
)
from streaming.ports import Samples, SpeechRequest, Transcript
from streaming.session import CallSession, SessionConfig, SessionParts

RATE = 8000
FRAME = 160
LINES = (
    Line(speaker=Party.AGENT, start=0.5, end=2.0, text="good morning how can I help"),
    Line(speaker=Party.CUSTOMER, start=2.6, end=4.0, text="my router is broken"),
    Line(speaker=Party.AGENT, start=4.6, end=6.0, text="I am sorry about your router"),
)


class Judges:
    def feed(self, event: Event, /) -> Sequence[Event]:
        return ()

    def finish(self, at: Seconds, /) -> Sequence[Event]:
        return ()


class Keeper:
    def feed(self, event: Event, /) -> None: ...

    def card(self, at: Seconds, /) -> Scorecard:
        return Scorecard(at=at, items=(), heard=(), not_judged=())


class Sink:
    def __init__(self) -> None:
        self.records: list[Record] = []

    async def put(self, records: Sequence[Record], /) -> None:
        self.records += records

    def events(self, kind: type[Event]) -> list[Event]:
        return [record.event for record in self.records if isinstance(record.event, kind)]

    def finals(self) -> list[str]:
        return [e.text for e in self.events(Utterance) if isinstance(e, Utterance) and e.final]


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Voices:
    """Hands out the agent's voice activity first, then the customer's."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._parties = iter((Party.AGENT, Party.CUSTOMER))
        self._lines = lines

    def __call__(self) -> ScriptedVoiceActivity:
        return ScriptedVoiceActivity.of(self._lines, next(self._parties))


def parts_for(
    executor: Executor, sink: Sink, transcriber: object | None = None, **config: object
) -> SessionParts:
    return SessionParts(
        transcriber=transcriber or ScriptedTranscriber(Scenario(lines=LINES)),  # type: ignore[arg-type]
        voice=Voices(LINES),
        executor=executor,
        judges=lambda call: Judges(),
        desk=lambda call: AlertDesk(()),
        keeper=lambda call: Keeper(),
        sink=sink,
        config=SessionConfig(**{"partial_every": None, **config}),  # type: ignore[arg-type]
    )


def frames(seconds: float, *, start: float = 0.0, parties: Sequence[Party] = tuple(Party)) -> list[Piece]:
    silence = bytes([0xFF]) * FRAME
    positions = range(round(start * RATE), round(seconds * RATE), FRAME)
    return [
        Piece(party=party, position=position, encoding=Encoding.MULAW, data=silence)
        for position in positions
        for party in parties
    ]


async def play(session: CallSession, pieces: Sequence[Piece]) -> Scorecard:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run())
        await session.feed(pieces)
        session.end("client", "bye")
    return running.result()


def call(**facts: object) -> CallInfo:
    return CallInfo(call_id="call-1", **facts)  # type: ignore[arg-type]


async def test_a_call_is_filed_whole_and_in_order(executor: Executor) -> None:
    sink = Sink()
    card = await play(CallSession(call(), rate=RATE, parts=parts_for(executor, sink)), frames(8.0))
    assert sink.finals() == [line.text for line in LINES]
    assert [record.seq for record in sink.records] == list(range(1, len(sink.records) + 1))
    assert isinstance(sink.records[0].event, CallStarted)
    assert isinstance(sink.records[-2].event, CallEnded)
    assert sink.records[-1].event == card
    assert len(sink.events(Tick)) == 7
    assert not sink.events(AudioGap)


class Slow:
    """Answers each utterance after a delay of its own; the first is slowest."""

    def __init__(self, delays: dict[str, float]) -> None:
        self._inner = ScriptedTranscriber(Scenario(lines=LINES))
        self._delays = delays

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        await asyncio.sleep(self._delays.get(request.utterance_id, 0.0))
        return await self._inner.transcribe(request)

    def forget(self, call_id: str, /) -> None: ...


async def test_the_log_is_the_same_however_slowly_transcripts_come(executor: Executor) -> None:
    logs = []
    for delays in ({}, {"a1": 0.2, "c1": 0.05}, {"c1": 0.15}):
        sink = Sink()
        session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink, Slow(delays)))
        await play(session, frames(8.0))
        logs.append(sink.records)
    assert logs[0] == logs[1] == logs[2]


class Counting(ThreadPoolExecutor):
    """Counts what it is given."""

    given = 0

    def submit(self, *args: Any, **named: Any) -> Any:
        self.given += 1
        return super().submit(*args, **named)


@pytest.mark.parametrize(
    ("positions", "threads"),
    [
        ([0, 160, 320, 480], 0),
        ([second * RATE for second in range(10)], 1),
        ([0, 160, 320, 3000 * RATE, 3000 * RATE - 800], 1),
    ],
    ids=["a moment", "a second between any two", "far ahead and back"],
)
async def test_audio_is_heard_on_the_loop_only_when_it_spans_a_moment(
    positions: Sequence[int], threads: int
) -> None:
    """Holes are heard too: little audio with many of them would hold up every other call."""
    with Counting(1) as pool:
        session = CallSession(call(), rate=RATE, parts=parts_for(pool, Sink()))
        silence = bytes([0xFF]) * FRAME
        for position in positions:
            session.offer(Piece(party=Party.AGENT, position=position, encoding=Encoding.MULAW, data=silence))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(session.run())
            while session.inbox.seconds:
                await asyncio.sleep(0)
            assert pool.given == threads
            session.end("client", "bye")


async def test_a_hole_in_the_positions_becomes_a_gap_and_the_rest_keeps_its_time(executor: Executor) -> None:
    sink = Sink()
    pieces = [piece for piece in frames(8.0) if not 2.1 * RATE <= piece.position < 2.5 * RATE]
    await play(CallSession(call(), rate=RATE, parts=parts_for(executor, sink)), pieces)
    gaps = [e for e in sink.events(AudioGap) if isinstance(e, AudioGap)]
    assert {(gap.speaker, round(gap.start, 2), round(gap.end, 2), gap.reason) for gap in gaps} == {
        (Party.AGENT, 2.1, 2.5, "lost"),
        (Party.CUSTOMER, 2.1, 2.5, "lost"),
    }
    agent = [e for e in sink.events(Utterance) if isinstance(e, Utterance) and e.speaker is Party.AGENT]
    assert agent[-1].start == pytest.approx(4.4, abs=0.1)


async def test_more_audio_than_can_wait_drops_the_oldest_and_says_overload(executor: Executor) -> None:
    sink = Sink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink, buffered=1.0))
    for piece in frames(8.0):  # all at once, before the session runs
        session.offer(piece)
    session.end("client", "bye")
    await session.run()
    gaps = [e for e in sink.events(AudioGap) if isinstance(e, AudioGap)]
    assert {gap.reason for gap in gaps} <= {"overload", "missing"}
    assert sum(gap.end - gap.start for gap in gaps if gap.speaker is Party.AGENT) == pytest.approx(
        7.0, abs=0.1
    )


async def test_audio_that_comes_faster_than_anybody_speaks_waits_behind_the_calls(executor: Executor) -> None:
    """A client that plays a recording at full speed must not make the node late for those who speak."""
    transcriber = ScriptedTranscriber(Scenario(lines=LINES))
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, Sink(), transcriber, ahead=3.0))
    await play(session, frames(8.0))
    assert [one.priority for one in transcriber.requests] == ["final", "batch", "batch"]


async def test_audio_that_comes_late_is_a_call_s(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client held back while it was away comes at once, and is overdue all the same."""
    clock = iter(range(1_000_000))
    monkeypatch.setattr(inbox, "loop_time", lambda: next(clock))
    transcriber = ScriptedTranscriber(Scenario(lines=LINES))
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, Sink(), transcriber, ahead=3.0))
    await play(session, frames(8.0))
    assert {one.priority for one in transcriber.requests} == {"final"}


async def test_a_failed_transcription_is_said_and_harms_nothing_else(executor: Executor) -> None:
    sink = Sink()
    scenario = Scenario(lines=LINES, poison=frozenset({"c1"}))
    parts = parts_for(executor, sink, ScriptedTranscriber(scenario))
    await play(CallSession(call(), rate=RATE, parts=parts), frames(8.0))
    assert sink.finals() == [LINES[0].text, "", LINES[2].text]
    (gap,) = (e for e in sink.events(AudioGap) if isinstance(e, AudioGap))
    assert gap.reason == "transcription_failed" and gap.speaker is Party.CUSTOMER


async def test_positions_that_go_back_too_far_end_the_call_with_what_was_heard(executor: Executor) -> None:
    sink = Sink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run())
        await session.feed(frames(3.0, start=0.0))
        await session.feed(frames(90.0, start=89.0))
        await session.feed(frames(1.0))
    assert isinstance(session.fault, PositionError)
    assert running.done()
    (ended,) = sink.events(CallEnded)
    assert isinstance(ended, CallEnded) and ended.reason == "bad_position"
    assert sink.finals()[0] == LINES[0].text


async def test_what_was_said_right_before_a_fault_of_the_client_s_is_filed(executor: Executor) -> None:
    sink = Sink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink, buffered=9.0))
    for piece in [*frames(5.0), *frames(7 * 3600.0, start=7 * 3600.0 - 0.02)]:  # heard in one run
        session.offer(piece)
    session.end("client", "bye")
    await session.run()
    assert isinstance(session.fault, PositionError)
    assert sink.finals()[:2] == [LINES[0].text, LINES[1].text]


async def test_a_party_that_never_sends_is_reported_missing(executor: Executor) -> None:
    sink = Sink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink))
    await play(session, frames(8.0, parties=(Party.AGENT,)))
    assert [LINES[0].text, LINES[2].text] == sink.finals()
    gaps = [e for e in sink.events(AudioGap) if isinstance(e, AudioGap)]
    assert {gap.speaker for gap in gaps} == {Party.CUSTOMER}
    assert {gap.reason for gap in gaps} == {"missing", "lost"} or {gap.reason for gap in gaps} == {"missing"}


async def test_partial_lines_pass_and_take_no_number(executor: Executor) -> None:
    sink = Sink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink, partial_every=0.3))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        for piece in frames(8.0):
            await session.feed([piece])
            if piece.position % (RATE // 5) == 0:
                await asyncio.sleep(0.002)
        session.end("client", "bye")
    partials = [r for r in sink.records if isinstance(r.event, Utterance) and not r.event.final]
    assert partials and {record.seq for record in partials} == {0}
    numbered = [record.seq for record in sink.records if record.seq]
    assert numbered == list(range(1, len(numbered) + 1))
    assert sink.finals() == [line.text for line in LINES]


class Held:
    """Answers when it is told to; `asked` is set whenever somebody waits."""

    def __init__(self) -> None:
        self._inner = ScriptedTranscriber(Scenario(lines=LINES))
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        self.asked.set()
        await self.go_on.wait()
        return await self._inner.transcribe(request)

    def forget(self, call_id: str, /) -> None: ...


async def test_the_lag_is_the_age_of_the_oldest_audio_whose_words_are_owed(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent's first line ends at 2.0 s, its endpoint is known at 2.45 s; the rest comes behind that."""
    held = Held()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, Sink(), held, buffered=10.0))
    now = [1000.0]
    monkeypatch.setattr("streaming.inbox.loop_time", lambda: now[0])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        assert session.lag == 0.0
        for piece in frames(2.4):
            now[0] = 1000.0 + piece.end / RATE
            session.offer(piece)
        while session.heard < 2.1:
            await session.moved.wait()
            session.moved.clear()
        assert session.lag == 0.0  # all is heard, nothing has ended
        for piece in frames(3.0, start=2.4):
            now[0] = 1000.0 + piece.end / RATE
            session.offer(piece)
        await held.asked.wait()
        assert session.lag == pytest.approx(3.0 - 2.45, abs=0.1)
        now[0] += 60.0
        assert session.lag == pytest.approx(60.55, abs=0.1)
        held.go_on.set()
        session.end("client", "bye")
    assert session.lag == 0.0


@pytest.mark.parametrize(("buffered", "whole"), [(10.0, True), (1.0, False)])
async def test_finals_wait_without_loss_and_audio_is_dropped_only_where_its_buffer_is_full(
    executor: Executor, buffered: float, whole: bool
) -> None:
    """One line may be owed at a time, and the first is answered when all audio has come."""
    held, sink = Held(), Sink()
    parts = parts_for(executor, sink, held, outstanding=1, buffered=buffered)
    session = CallSession(call(), rate=RATE, parts=parts)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        for piece in frames(3.0):
            session.offer(piece)
            if session.inbox.seconds >= 0.9:  # no faster than it is taken up, as long as it is
                await asyncio.wait([asyncio.create_task(held.asked.wait())], timeout=0.05)
        await held.asked.wait()
        for piece in frames(8.0, start=3.0):
            session.offer(piece)
        held.go_on.set()
        session.end("client", "bye")
    lost = [gap for gap in sink.events(AudioGap) if isinstance(gap, AudioGap)]
    assert {gap.reason for gap in lost} == (set() if whole else {"overload"})
    assert (sink.finals() == [line.text for line in LINES]) == whole


async def test_that_a_call_is_over_is_said_once(executor: Executor) -> None:
    over: list[str] = []
    session = CallSession(call(), rate=RATE, parts=replace(parts_for(executor, Sink()), over=over.append))
    await play(session, frames(1.0))
    session.end("server", "shutdown")
    assert over == ["call-1"]


async def test_audio_that_is_not_taken_up_is_owed_too(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("streaming.inbox.loop_time", lambda: now[0])
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, Sink()))
    for piece in frames(0.5):
        session.offer(piece)
    now[0] += 4.0
    assert session.lag == 4.0


async def test_a_client_that_is_away_makes_no_lag(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its last frame left undecided is not owed: nobody can decide it."""
    now = [1000.0]
    monkeypatch.setattr("streaming.inbox.loop_time", lambda: now[0])
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, Sink()))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        for piece in frames(0.45):
            session.offer(piece)
        while session.heard < 0.2:
            await session.moved.wait()
            session.moved.clear()
        session.detach()
        now[0] += 15.0
        assert session.lag == 0.0
        session.end("client", "vanished")


async def test_a_whisper_waits_for_a_client_that_is_away_and_is_delivered_once(executor: Executor) -> None:
    sink = Sink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink))
    told: list[object] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        session.attach(told.append)
        session.detach()
        session.whisper(whisper_id="w1", text="use her name", by="sup", alert_id=None)
        assert told == []
        session.attach(told.append)
        session.whisper_delivered("w1")
        session.whisper_delivered("w1")
        session.end("client", "bye")
    assert [one.id for one in told if isinstance(one, Whisper)] == ["w1"]
    assert len(sink.events(Whisper)) == 1
    assert len(sink.events(WhisperDelivered)) == 1


class Meter:
    def __init__(self) -> None:
        self.measured: list[Party] = []

    def measure(self, audio: Samples, /, *, speaker: Party, start: Seconds) -> Sequence[Signal]:
        self.measured.append(speaker)
        end = start + len(audio) / 16_000
        return [Signal(name="f0_sd", speaker=speaker, start=start, end=end, value=1.0)]


@pytest.mark.parametrize(
    ("profile", "measured"),
    [
        ("full", {Party.AGENT, Party.CUSTOMER}),
        ("training", {Party.CUSTOMER}),
        ("eu-workplace", {Party.CUSTOMER}),
    ],
)
async def test_the_profile_is_kept_at_the_source(
    executor: Executor, profile: str, measured: set[Party]
) -> None:
    sink, meter = Sink(), Meter()
    parts = replace(parts_for(executor, sink), prosody=lambda info: meter)
    await play(CallSession(call(profile=Profile(profile)), rate=RATE, parts=parts), frames(8.0))
    assert set(meter.measured) == measured
    assert {e.speaker for e in sink.events(Signal) if isinstance(e, Signal)} == measured


class Broken:
    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        raise RuntimeError("a bug")

    def forget(self, call_id: str, /) -> None: ...


async def test_a_session_that_breaks_still_yields_the_end_of_its_log(executor: Executor) -> None:
    sink = Sink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink, Broken()))
    with pytest.raises(ExceptionGroup):
        await play(session, frames(8.0))
    left = session.records_for_failure()
    assert isinstance(left[-2].event, CallEnded) and left[-2].event.reason == "failed"
    assert isinstance(left[-1].event, Scorecard)
    seqs = [record.seq for record in [*sink.records, *left]]
    assert seqs == list(range(1, len(seqs) + 1))


class StuckSink(Sink):
    """Takes the first records, and then nothing any more."""

    async def put(self, records: Sequence[Record], /) -> None:
        if self.records:
            await asyncio.Event().wait()
        await super().put(records)


async def test_a_session_that_breaks_while_the_store_is_slow_leaves_no_hole_in_its_log(
    executor: Executor,
) -> None:
    sink = StuckSink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink, Broken()))
    with pytest.raises(ExceptionGroup):
        await play(session, frames(8.0))
    seqs = [record.seq for record in [*sink.records, *session.records_for_failure()]]
    assert seqs == list(range(1, len(seqs) + 1))


class Crowded:
    """Has no room for the first request."""

    def __init__(self) -> None:
        self._inner = ScriptedTranscriber(Scenario(lines=LINES))
        self._refused = False

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        if not self._refused:
            self._refused = True
            raise Overloaded("no room", retry_after=0.01)
        return await self._inner.transcribe(request)

    def forget(self, call_id: str, /) -> None: ...


@pytest.mark.parametrize(("priority", "lost"), [("batch", 0), ("final", 1)])
async def test_a_recording_that_finds_no_room_at_the_engine_waits_and_loses_no_words(
    executor: Executor, priority: str, lost: int
) -> None:
    sink = Sink()
    parts = parts_for(executor, sink, Crowded(), priority=priority)
    await play(CallSession(call(), rate=RATE, parts=parts), frames(8.0))
    assert len(sink.events(AudioGap)) == lost
    assert sink.finals().count("") == lost


async def test_what_is_stored_is_known_in_stream_time(executor: Executor) -> None:
    sink = Sink()
    session = CallSession(call(), rate=RATE, parts=parts_for(executor, sink))
    await play(session, frames(8.0))
    assert session.stored(0) == 0.0
    middle = next(r.seq for r in sink.records if isinstance(r.event, Tick) and r.event.at == 4.0)
    assert 3.0 <= session.stored(sink.records[-1].seq) <= 8.5
    assert session.stored(middle) <= session.stored(sink.records[-1].seq)
