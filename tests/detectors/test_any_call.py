"""What holds for every call whatever is said in it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import REGISTRY
from detectors.bench import Bench
from streaming.events import (
    AudioGap,
    CallInfo,
    Detection,
    DetectorFailed,
    Event,
    Party,
    Utterance,
    WordSpan,
)
from streaming.ports import Policy
from tests.detectors.dialogue import Said, events_of, said

TEXT = (
    "Hello, my name is Suzanne. Karen, Mr. Walker please. thank you thanks uh-huh yep. Huh? What? nah okay "
    "account number? your give me the could you I need one moment hold on bye. five five two, is it on can "
    "Sure, happy to help um uh S-U-Z-A-N-N-E - ... '' $40.00 I'd like to change why? Will May, sorry"
)
WORDS = TEXT.split()


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


names = st.sampled_from([None, "Suzanne Hall", "Will May", "Lopez, Maria"])


def run(events: tuple[Event, ...], name: str | None) -> list[Event]:
    bench = Bench(CallInfo(call_id="c1", agent="Rick", customer_name=name), Policy(), REGISTRY)
    out = [found for event in events for found in bench.feed(event)]
    return [*out, *bench.finish(200.0)]


@settings(max_examples=150, deadline=None)
@given(calls(), names)
def test_no_detector_fails_and_every_detection_is_whole(events: tuple[Event, ...], name: str | None) -> None:
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
