"""The arithmetic of the measurements: percentiles, when a sample was sent, what is counted, the sweep."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import frames
from benchmarks.latency import CallWaits, SentTimes, Spread, Waits, percentile
from benchmarks.sweep import Search, holds
from benchmarks.voice_activity import share
from streaming.audio import Encoding
from streaming.dialects.native import NativeDialect, hello_message
from streaming.dialects.twilio_client import TwilioClient
from streaming.events import CallInfo


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 21)]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile([3.0], 0.95)) == (10.0, 19.0, 3.0)


def test_one_late_line_of_ten_is_the_95th_percentile() -> None:
    assert Spread.of([0.5] * 9 + [4.0]) == Spread(count=10, p50=0.5, p95=4.0, max=4.0)


def test_nothing_measured_is_none_and_not_zero() -> None:
    assert Spread.of([]) == Spread(count=0, p50=None, p95=None, max=None)


@pytest.mark.parametrize(
    ("stream", "sent"),
    [(0.0, 10.0), (0.02, 10.0), (0.0201, 10.02), (0.06, 10.5), (0.041, 10.5), (9.0, 10.5)],
)
def test_a_sample_was_sent_with_the_frame_that_holds_it(stream: float, sent: float) -> None:
    assert SentTimes([10.0, 10.02, 10.5], 0.02).at(stream) == sent


def test_nothing_sent_has_no_time() -> None:
    assert SentTimes([], 0.02).at(1.0) is None


def utterance(**changes: Any) -> dict[str, Any]:
    said = {"type": "utterance", "speaker": "agent", "id": "a1", "start": 0.3, "end": 1.2}
    return {**said, "final": True, "continues": False, "words": [{}], **changes}


def alert(**changes: Any) -> dict[str, Any]:
    evidence = [{"kind": "words", "utterance_id": "a1", "first": 0, "last": 1}]
    card = {"type": "alert", "verdict": "harmful", "at": 1.45, "detections": ["d@a1"], "evidence": evidence}
    return {**card, "kind": "", "provisional": False, **changes}


def heard(*events: tuple[float, dict[str, Any]], window: tuple[float, float] = (0.0, 1e9)) -> Waits:
    """Events of a call whose frames were sent on time from clock 100 on, with when they were received."""
    waits = Waits()
    call = CallWaits(SentTimes([100 + 0.02 * (k + 1) for k in range(500)], 0.02), waits, window)
    for received, event in events:
        call.take(event, received)
    return waits


SPEECH_ENDED = (101.6, {"type": "speech_ended", "speaker": "agent", "at": 1.0})


def test_a_line_waits_from_its_last_voiced_moment_and_not_from_its_padding() -> None:
    assert heard(SPEECH_ENDED, (101.8, utterance())).final == [pytest.approx(0.8)]


def test_the_other_partys_pause_ends_nobodys_speech() -> None:
    other = (101.6, {"type": "speech_ended", "speaker": "customer", "at": 1.0})
    assert heard(other, (101.8, utterance())).final == [pytest.approx(0.6)]


def test_pieces_of_a_cut_turn_and_wordless_lines_are_counted_apart() -> None:
    waits = heard((102.0, utterance(continues=True)), (102.0, utterance(id="a2", words=[])))
    assert (waits.final, len(waits.cut), waits.wordless) == ([], 1, 1)


def test_a_partial_waits_from_the_newest_sample_in_it() -> None:
    assert heard((101.5, utterance(final=False))).partial == [pytest.approx(0.3)]


def test_a_card_about_words_waits_from_the_end_of_their_speech() -> None:
    judged = (101.8, {"type": "detection", "id": "d@a1", "at": 1.45})
    waits = heard(SPEECH_ENDED, (101.8, utterance()), judged, (101.9, alert()))
    assert waits.alert == [pytest.approx(0.9)]
    assert not waits.decided


def test_a_card_that_queued_behind_another_waits_from_its_release() -> None:
    judged = (101.8, {"type": "detection", "id": "d@a1", "at": 1.45})
    waits = heard(SPEECH_ENDED, (101.8, utterance()), judged, (106.3, alert(at=6.0)))
    assert not waits.alert
    assert waits.decided == [pytest.approx(0.3)]


CAUSE = (80.0, utterance(id="c1", speaker="customer", start=0.0, end=0.2))


def test_a_card_on_a_line_still_going_on_waits_from_its_newest_sample_and_not_from_its_cause() -> None:
    """What the customer had said before is evidence too, and older than the card by many seconds."""
    spans = [{"kind": "words", "utterance_id": one, "first": 0, "last": 0} for one in ("a1", "c1")]
    partial = (101.5, utterance(final=False, words=[{}]))
    card = alert(provisional=True, evidence=spans, at=1.2)
    waits = heard(CAUSE, partial, (101.5, {"type": "detection", "id": "d@a1", "at": 1.2}), (101.7, card))
    assert (waits.alert, waits.decided) == ([], [])
    assert waits.early == [pytest.approx(0.5)]


def test_a_card_that_only_what_came_after_could_show_waits_from_its_judgement() -> None:
    """A curt answer is one when its speaker does not go on; a number read back wrongly may be corrected."""
    judged = (103.2, {"type": "detection", "id": "d@a1", "at": 3.0})
    waits = heard(SPEECH_ENDED, (101.8, utterance()), judged, (103.3, alert(at=3.0)))
    assert not waits.alert
    assert waits.decided == [pytest.approx(0.3)]


def test_a_demand_is_shown_by_the_words_themselves() -> None:
    judged = (101.8, {"type": "detection", "id": "d@a1", "at": 1.45})
    card = alert(verdict="missed", kind="demand")
    assert heard(SPEECH_ENDED, (101.8, utterance()), judged, (101.9, card)).alert == [pytest.approx(0.9)]


def test_a_card_about_something_left_undone_waits_from_the_decision() -> None:
    waits = heard(SPEECH_ENDED, (101.8, utterance()), (105.2, alert(verdict="missed", at=5.0)))
    assert not waits.alert
    assert waits.decided == [pytest.approx(0.2)]


def test_only_what_was_sent_while_all_calls_were_live_counts_but_every_gap_does() -> None:
    gap = (103.0, {"type": "audio_gap", "reason": "overload", "start": 1.0, "end": 1.5})
    waits = heard(SPEECH_ENDED, (101.8, utterance()), gap, window=(102.0, 103.0))
    assert (waits.final, waits.gap_seconds) == ([], {"overload": 0.5})


def run(**changes: Any) -> dict[str, Any]:
    good = {"latency": {"final": {"p95": 1.9}}, "gaps": {"count": 0}, "refused": {}, "unfinished": 0}
    return {**good, **changes}


@pytest.mark.parametrize(
    "fault",
    [
        {"latency": {"final": {"p95": 2.01}}},
        {"latency": {"final": {"p95": None}}},
        {"gaps": {"count": 1}},
        {"refused": {"1013": 1}},
        {"unfinished": 1},
    ],
)
def test_late_lines_gaps_refusals_and_lost_calls_do_not_hold(fault: dict[str, Any]) -> None:
    assert holds(run())
    assert not holds(run(**fault))


@given(limit=st.integers(0, 200), start=st.integers(1, 64))
def test_a_sweep_finds_the_most_calls_within_a_tenth(limit: int, start: int) -> None:
    search, tried = Search(start), []
    while (calls := search.next) is not None:
        assert calls not in tried
        tried.append(calls)
        search.tell(calls, held=calls <= limit)
    assert limit - max(1, limit // 10) <= search.held <= limit
    assert len(tried) <= 16


LOOP = frames.Loop(name="x", agent=bytes(range(160)) * 3, customer=b"\x7f" * 480, both=b"\x55" * 960)


def payload(frame: bytes) -> bytes:
    """What a masked frame carries, masked with zeros."""
    long = frame[1] & 0x7F == 126
    assert frame[1] & 0x80
    assert frame[4 if long else 2 :][:4] == bytes(4)
    return frame[8 if long else 6 :]


def test_native_frames_are_what_the_dialect_reads() -> None:
    dialect = NativeDialect()
    dialect.receive_text(hello_message(CallInfo(call_id="c"), Encoding.MULAW, 8000))
    frame = frames.native_frames(LOOP, offset=2)
    first, fourth = (dialect.receive_bytes(payload(frame(index))) for index in (0, 3))
    assert [(one.position, len(one.data)) for one in first] == [(0, 160), (0, 160)]  # type: ignore[union-attr]
    assert [one.position for one in fourth] == [480, 480]  # type: ignore[union-attr]
    assert payload(frame(0))[4:] == LOOP.both[640:960]  # from the offset on
    assert payload(frame(1))[4:] == LOOP.both[:320]  # and round


def test_twilio_frames_say_what_the_encoder_says() -> None:
    client = TwilioClient("call-1")
    client.connected(), client.start()
    wanted = [
        json.loads(client.media("inbound", index * 160, LOOP.customer[:160]))
        for index in range(2)
        for _ in "x"
    ]
    made = frames.twilio_frames(LOOP, 0, "call-1")(1)
    size = 8 + int.from_bytes(made[2:4])
    inbound, outbound = json.loads(payload(made[:size])), json.loads(payload(made[size:]))
    assert inbound["media"] == wanted[1]["media"]
    assert inbound["streamSid"] == wanted[1]["streamSid"]
    assert (inbound["sequenceNumber"], outbound["sequenceNumber"]) == ("4", "5")
    assert outbound["media"]["track"] == "outbound"


def test_shares_of_no_windows_are_unknown() -> None:
    said = np.array([True, True, False])
    assert share(said, np.array([True, False, True])) == 0.5
    assert share(said, np.zeros(3, bool)) is None


def test_both_parties_are_in_a_samples_loop() -> None:
    from benchmarks.cli import SAMPLES

    (loop,) = frames.read_loops([SAMPLES / "good_call.flac"])
    assert loop.frames > 4000
    assert loop.both[0::2][:800] == loop.agent[:800]
    assert loop.both[1::2][:800] == loop.customer[:800]
