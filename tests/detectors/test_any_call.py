"""What holds for every call whatever is said in it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import REGISTRY
from detectors.bench import Bench
from service.behaviours import read_behaviours
from streaming.events import (
    AudioGap,
    CallInfo,
    Detection,
    DetectorFailed,
    Event,
    Party,
    Profile,
    Signal,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    Word,
    WordsHeldBack,
    WordSpan,
)
from streaming.ports import DetectorFactory, Policy
from tests.detectors.dialogue import Said, events_of, said
from tests.detectors.meanings import WordBag

TEXT = (
    "Hello, my name is Suzanne. Karen, Mr. Walker please. thank you thanks uh-huh yep. Huh? What? nah okay "
    "account number? your give me the could you I need one moment hold on bye. five five two, is it on can "
    "Sure, happy to help um uh S-U-Z-A-N-N-E - ... '' $40.00 I'd like to change why? Will May, sorry"
)
WORDS = TEXT.split()
_FOREIGN = "😀 👩‍👩‍👧 שלום مرحبا é Z̴a 你好, ١٢٣ ४५ ² ²² ① Ⅷ 𝟙𝟚 ۱/۲ \u202e \x00 …"
_PIECES = "... - -- ? ' $ $. 1.2.3 1/0 25:00 13/45/9999 0th A-B- Mr. O' 's @"
_CUES = "supervisor ridiculous policy calm refund frustrated"
STRANGE = [*f"{_FOREIGN} {_PIECES} {_CUES}".split(" "), "", " ", "\u200b", "9" * 4400, "a-" * 90]
OWN: Mapping[str, DetectorFactory] = read_behaviours(
    Path(__file__).parents[2] / "docs" / "examples" / "behaviours.toml"
)
MEANING = WordBag()


@st.composite
def calls(draw: st.DrawFn) -> tuple[Event, ...]:
    """Two parties talking at random, over each other too, with stretches of audio lost."""
    turns: list[Said] = []
    for party in Party:
        clock = draw(st.floats(0.0, 5.0))
        for _ in range(draw(st.integers(0, 8))):
            text = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=0, max_size=12)))
            one = said(party, text, clock, confidence=draw(st.sampled_from([0.2, 0.7, 1.0])))
            turns.append(replace(one, continues=draw(st.booleans())))
            clock = one.end + draw(st.floats(0.0, 12.0))
    gap = st.builds(
        lambda who, start, length: AudioGap(speaker=who, start=start, end=start + length, reason="lost"),
        st.sampled_from(list(Party)),
        st.floats(0.0, 60.0),
        st.floats(0.1, 9.0),
    )
    until = max((one.end for one in turns), default=0.0) + 3.0
    return (*draw(st.lists(gap, max_size=2)), *events_of(turns, until=until))


@st.composite
def streams(draw: st.DrawFn) -> tuple[Event, ...]:
    """Events as no call sends them: any text, times that go back, speech that only ends, ticks that jump."""
    chance = draw(st.randoms(use_true_random=False))
    parties = draw(st.sampled_from([list(Party), list(Party), [Party.AGENT], [Party.CUSTOMER]]))
    return tuple(
        _strange(chance, number, chance.choice(parties)) for number in range(draw(st.integers(1, 30)))
    )


def _strange(chance: random.Random, number: int, who: Party) -> Event:
    start, end = (chance.choice([0.0, chance.uniform(0, 60), chance.uniform(0, 36_000)]) for _ in "se")
    words = tuple(
        Word(text=text, start=chance.choice([start, end]), end=end, confidence=chance.choice([0.0, 0.3, 1.0]))
        for text in chance.choices([*WORDS, *STRANGE], k=chance.choice([0, 1, 3, 12]))
    )
    whole = Utterance(
        speaker=who,
        id=f"u{number}",
        revision=0,
        start=start,
        end=end,
        words=words,
        final=True,
        continues=end > 9,
    )
    others: list[Event] = [
        AudioGap(speaker=who, start=start, end=end, reason="lost"),
        SpeechStarted(speaker=who, at=start),
        SpeechEnded(speaker=who, at=start),
        Tick(at=start),
        WordsHeldBack(
            speaker=who, utterance_id="x", start=start, end=end, words=words, reason="low_confidence"
        ),
        Signal(name=chance.choice(["f0_sd", "arousal"]), speaker=who, start=start, end=end, value=end),
    ]
    return chance.choice([whole] * len(others) + others)


names = st.sampled_from([None, "Suzanne Hall", "Will May", "Lopez, Maria"])


def run(events: tuple[Event, ...], name: str | None) -> list[Event]:
    call = CallInfo(call_id="c1", agent="Rick", customer_name=name, profile=Profile.FULL)
    bench = Bench(call, Policy(meaning=MEANING), {**REGISTRY, **OWN})
    out = [found for event in events for found in bench.feed(event)]
    return [*out, *bench.finish(200.0)]


@settings(max_examples=100, deadline=None)
@given(calls(), names)
def test_no_detector_fails_and_every_detection_is_whole(events: tuple[Event, ...], name: str | None) -> None:
    assert_whole(events, name)


@settings(max_examples=80, deadline=None)
@given(streams(), names)
def test_nor_does_one_on_events_that_no_call_sends(events: tuple[Event, ...], name: str | None) -> None:
    assert_whole(events, name)
    assert run(events, name) == run(events, name)


def assert_whole(events: tuple[Event, ...], name: str | None) -> None:
    lines = {event.id: event for event in events if isinstance(event, Utterance)}
    found = run(events, name)
    assert not [event for event in found if isinstance(event, DetectorFailed)]
    detections = [event for event in found if isinstance(event, Detection)]
    assert len({one.id for one in detections}) == len(detections)
    for one in detections:
        assert 0.0 <= one.start <= one.end <= one.at
        assert 0.0 < one.confidence <= 1.0
        for span in one.evidence:
            if isinstance(span, WordSpan):
                assert 0 <= span.first <= span.last < len(lines[span.utterance_id].words)


@settings(max_examples=60, deadline=None)
@given(calls(), names)
def test_the_same_call_is_judged_the_same_again(events: tuple[Event, ...], name: str | None) -> None:
    assert run(events, name) == run(events, name)


@settings(max_examples=60, deadline=None)
@given(calls(), names)
def test_partials_change_no_final_judgement(events: tuple[Event, ...], name: str | None) -> None:
    with_partials: list[Event] = []
    for event in events:
        if isinstance(event, Utterance):
            with_partials.append(replace(event, final=False, words=event.words[: len(event.words) // 2]))
        with_partials.append(event)
    lasting = [
        event
        for event in run(tuple(with_partials), name)
        if isinstance(event, Detection) and not event.provisional
    ]
    assert lasting == run(events, name)


@settings(max_examples=60, deadline=None)
@given(calls(), names)
def test_notes_quote_nobody(events: tuple[Event, ...], name: str | None) -> None:
    for event in run(events, name):
        if isinstance(event, Detection):
            assert not {"suzanne", "karen", "walker"} & set(event.note.lower().replace(".", " ").split())


@pytest.mark.parametrize(
    "words",
    [["what?"] * 2000, ["1,"] * 2000, ["a-" * 2000], ["five"] * 2000, ["A", "B."] * 1000, WORDS * 40],
    ids=["questions", "numbers", "letters in one word", "digits", "spelled", "talk"],
)
def test_a_word_costs_no_more_in_a_long_utterance(words: list[str]) -> None:
    """Bounds what a decoder in a loop can cost; before, letters took seconds and grew with their square."""
    heard = tuple(Word(text=one, start=at * 0.3, end=at * 0.3 + 0.3) for at, one in enumerate(words))
    whole = Utterance(speaker=Party.AGENT, id="a1", revision=0, start=0, end=600, words=heard, final=True)
    bench = Bench(CallInfo(call_id="c1"), Policy(), REGISTRY)
    bench.feed(replace(whole, id="c1", speaker=Party.CUSTOMER, words=heard[:1], end=0.3))
    began = time.process_time()
    bench.feed(whole)
    assert time.process_time() - began < 1.5
