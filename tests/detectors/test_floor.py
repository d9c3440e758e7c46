"""Who holds the floor, from speech edges, lines and gaps."""

from __future__ import annotations

import pytest

from detectors.floor import Floor
from streaming.events import AudioGap, Event, Party, SpeechStarted, Tick
from tests.detectors.dialogue import Said, dialogue, events_of, said

A, C = Party.AGENT, Party.CUSTOMER


def floor_after(*lines: str, until: float = 999.0) -> Floor:
    floor = Floor()
    for event in dialogue(*lines):
        if isinstance(event, Tick) and event.at > until:
            break
        floor.feed(event)
    return floor


def test_speech_of_both_is_known_by_time() -> None:
    floor = floor_after("A @1: one two three four", "C @2: five six seven eight nine ten")
    assert floor.overlap(C, 1.0, 2.4) == pytest.approx(0.4)
    assert floor.overlap(A, 0.0, 9.0) == pytest.approx(1.4)
    assert floor.ended(A, 9.0) == pytest.approx(2.4)
    assert floor.ended(A, 2.0) is None
    assert floor.resumed(C, 1.5) == 2.0 and floor.resumed(C, 2.5) is None


def test_while_somebody_speaks_there_is_no_silence() -> None:
    floor = Floor()
    assert floor.silent_since() is None
    for event in dialogue("A @1: one two", "C @3: three"):
        floor.feed(event)
    assert floor.silent_since() == (pytest.approx(3.35), C)
    floor.feed(SpeechStarted(speaker=A, at=9.0))
    assert floor.silent_since() is None and floor.speaking(A) == 9.0 and floor.speaking(C) is None


def test_a_log_without_speech_edges_is_read_from_the_words() -> None:
    floor = Floor()
    for event in events_of([said(A, "one two three", 2.0)], until=5.0):
        if event.type not in {"speech_started", "speech_ended"}:
            floor.feed(event)
    assert floor.overlap(A, 0.0, 9.0) == pytest.approx(1.05)


def test_lost_audio_is_remembered_by_party() -> None:
    floor = Floor()
    floor.feed(AudioGap(speaker=A, start=3.0, end=4.0, reason="lost"))
    assert floor.missing(3.5, 9.0) and floor.missing(3.5, 9.0, A)
    assert not floor.missing(3.5, 9.0, C) and not floor.missing(4.0, 9.0)


@pytest.mark.parametrize(
    ("turns", "continued"),
    [
        ([said(A, "Could I have your", 1.0), said(A, "account number?", 2.8)], True),
        ([said(A, "And so I went there", 1.0), said(A, "again.", 3.4)], True),  # no mark: left open
        ([said(A, "That is done.", 1.0), said(A, "Account number?", 2.6)], False),
        ([said(A, "Could I have your", 1.0), said(A, "account number?", 5.0)], False),  # too long a pause
        ([said(A, "Could I have your", 1.0), said(C, "Sure.", 2.2, 2.7), said(A, "Number?", 3.0)], False),
        ([Said(A, 1.0, 2.0, said(A, "That is done.", 1.0).words, True), said(A, "Number?", 2.1)], True),
    ],
)
def test_a_line_may_go_on_with_a_sentence_left_open(turns: list[Said], continued: bool) -> None:
    floor = Floor()
    events: tuple[Event, ...] = events_of(turns, until=7.0)
    for event in events:
        floor.feed(event)
    assert floor.continued is continued


def test_a_long_call_keeps_only_the_last_of_it() -> None:
    floor = Floor()
    for event in events_of([said(A, "one.", 2.0 * n) for n in range(500)], until=1000.0):
        floor.feed(event)
    assert len(floor.lines) <= 128
    assert floor.overlap(A, 0.0, 1000.0) < 30.0
