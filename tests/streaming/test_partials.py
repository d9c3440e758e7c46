"""When a growing line is asked for, and which answers are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from models.scripted import Scenario, ScriptedTranscriber, ScriptedVoiceActivity
from streaming.channel import Ear, Spoken
from streaming.events import Party, Seconds, Utterance, Word
from streaming.partials import Partials
from streaming.ports import Transcript
from streaming.segment import Segmenter
from streaming.session import CallSession, SessionParts
from tests.streaming.test_session import LINES, RATE, Sink, call, frames, parts_for


def spoken(end: Seconds, *, start: Seconds = 0.0, utterance: str = "a1") -> Spoken:
    return Spoken(
        utterance_id=utterance,
        speaker=Party.AGENT,
        start=start,
        end=end,
        voiced=((start, end),),
        audio=np.zeros(0, np.float32),
    )


def transcript(text: str) -> Transcript:
    return Transcript(
        words=tuple(Word(text=one, start=float(n), end=n + 0.5) for n, one in enumerate(text.split()))
    )


def asked_at(partials: Partials, until: Seconds, every: Seconds) -> list[Seconds]:
    """An utterance from 0 to `until`, looked at every tenth of a second and answered at once."""
    found = []
    for tenth in range(1, round(until * 10) + 1):
        now = tenth / 10
        if partials.wanted((0.0, now), every=every):
            partials.ask(spoken(now))
            partials.answered()
            found.append(now)
    return found


def test_a_line_is_asked_for_first_and_again_when_it_has_grown_enough() -> None:
    assert asked_at(Partials(Party.AGENT), 3.0, 0.5) == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


def test_a_long_line_is_asked_for_more_rarely_since_it_costs_more() -> None:
    asked = asked_at(Partials(Party.AGENT), 12.0, 0.5)
    gaps = [b - a for a, b in pairwise(asked)]
    assert gaps[:6] == pytest.approx([0.5] * 6)
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(1.4, abs=0.15)


def test_a_new_utterance_is_not_asked_for_at_its_first_sound() -> None:
    partials = Partials(Party.AGENT)
    asked_at(partials, 2.0, 0.5)
    partials.close("a1")
    assert not partials.wanted((5.0, 5.4), every=0.5)
    assert partials.wanted((5.0, 5.5), every=0.5)


def test_one_is_under_way_and_one_may_wait_but_no_third() -> None:
    partials = Partials(Party.AGENT)
    for end in (0.5, 1.0):
        assert partials.wanted((0.0, end), every=0.5)
        partials.ask(spoken(end))
    assert not partials.wanted((0.0, 9.0), every=0.5)
    partials.answered()
    assert partials.wanted((0.0, 9.0), every=0.5)


def test_an_answer_that_a_newer_one_has_passed_is_not_shown() -> None:
    partials = Partials(Party.AGENT)
    older, newer = partials.ask(spoken(0.5)), partials.ask(spoken(1.0))
    shown = partials.hear(spoken(1.0), newer, transcript("good morning"))
    assert shown is not None
    assert (shown[0].revision, shown[0].text) == (newer, "good morning")
    assert partials.hear(spoken(0.5), older, transcript("good")) is None


def test_an_answer_behind_the_end_of_its_utterance_is_not_shown() -> None:
    partials = Partials(Party.AGENT)
    revision = partials.ask(spoken(0.5))
    partials.close("a1")
    assert partials.hear(spoken(0.5), revision, transcript("good")) is None


def test_voice_is_from_the_utterances_beginning_to_its_last_speech() -> None:
    segmenter = Segmenter()
    assert segmenter.voice is None
    segmenter.feed(0, [0.0] * 20 + [1.0] * 50 + [0.0] * 5)
    assert segmenter.voice == (pytest.approx(20 * 0.032 - 0.2), pytest.approx(70 * 0.032))
    segmenter.feed(75, [0.0] * 20)
    assert segmenter.voice is None


@pytest.mark.parametrize(("until", "grows"), [(0.5, False), (1.5, True), (2.1, True), (2.35, False)])
def test_a_line_does_not_grow_before_speech_nor_in_the_pause_that_may_be_its_end(
    until: Seconds, grows: bool
) -> None:
    """The agent speaks from 0.5 to 2.0 s."""
    ear = Ear(Party.AGENT, RATE, ScriptedVoiceActivity.of(LINES, Party.AGENT))
    list(ear.hear(frames(until, parties=(Party.AGENT,))))
    growing = ear.growing()
    assert (growing is not None) == grows
    if growing:
        assert growing == (pytest.approx(0.3, abs=0.04), pytest.approx(min(ear.at, 2.0), abs=0.04))


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def asking(executor: Executor, **changes: object) -> tuple[ScriptedTranscriber, SessionParts, Sink]:
    transcriber, sink = ScriptedTranscriber(Scenario(lines=LINES)), Sink()
    parts = parts_for(executor, sink, transcriber, partial_every=0.3)
    return transcriber, replace(parts, **changes), sink  # type: ignore[arg-type]


async def as_spoken(session: CallSession) -> None:
    """A tenth of a second at a time, each heard before the next comes."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        for piece in frames(8.0):
            session.offer(piece)
            if session.inbox.seconds >= 0.1:
                session.moved.clear()
                await session.moved.wait()
        session.end("client", "bye")


async def test_none_is_asked_for_in_the_pause_that_may_be_the_end(executor: Executor) -> None:
    transcriber, parts, _ = asking(executor)
    await as_spoken(CallSession(call(), rate=RATE, parts=parts))
    partials = [one for one in transcriber.requests if one.priority == "partial"]
    ends = {line.end for line in LINES}
    assert len(partials) >= 6
    for one in partials:
        heard = one.start + one.seconds
        assert not any(end + 0.2 < heard for end in ends if one.start < end), "well into the pause"


async def test_the_nodes_pace_is_kept_and_no_line_grows_while_there_is_none(executor: Executor) -> None:
    lines = {}
    for name, pace in (("dense", 1.0), ("sparse", 3.0), ("off", None)):
        transcriber, parts, sink = asking(
            executor,
            pace=lambda every, pace=pace: None if pace is None else pace * every,  # type: ignore[misc]
        )
        await as_spoken(CallSession(call(), rate=RATE, parts=parts))
        assert sink.finals() == [line.text for line in LINES]
        lines[name] = sum(one.priority == "partial" for one in transcriber.requests)
        shown = [one for one in sink.events(Utterance) if isinstance(one, Utterance) and not one.final]
        assert bool(shown) == (name != "off")
    assert lines["dense"] > lines["sparse"] > lines["off"] == 0


def test_the_end_of_an_earlier_utterance_leaves_the_line_that_grows_alone() -> None:
    """It is told of late, where the other party's audio had to be waited for."""
    partials = Partials(Party.AGENT)
    growing = spoken(1.0, utterance="a2")
    revision = partials.ask(growing)
    partials.close("a1")
    assert partials.hear(growing, revision, transcript("hello")) is not None
