"""The live view: what a call looks like after its records, whatever order they came in."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from service.callview import Keep
from service.live import LiveView
from streaming.events import (
    AudioGap,
    CallEnded,
    Detection,
    DetectionWithdrawn,
    Event,
    Party,
    Record,
    Scorecard,
    Severity,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Verdict,
    Whisper,
    WhisperDelivered,
    Word,
    WordsHeldBack,
    WordSpan,
)
from tests.console.calls import acked, alert, ended_call, numbered, said, short_call, started

AGENT, CUSTOMER = Party.AGENT, Party.CUSTOMER


def seen(*events: Event, keep: Keep | None = None) -> LiveView:
    view = LiveView(keep=keep)
    for record in numbered("c1", started("c1"), *events):
        assert view.apply(record) == [record]
    return view


def shown(*events: Event, keep: Keep | None = None):
    found = seen(*events, keep=keep).view("c1")
    assert found is not None
    return found


def detection(key: str = "name.use@1", *, provisional: bool = False) -> Detection:
    return Detection(
        id=key,
        behaviour="name.use",
        verdict=Verdict.MISSED,
        speaker=AGENT,
        start=1,
        end=2,
        at=2,
        confidence=0.9,
        severity=Severity.NOTICE,
        evidence=(WordSpan(utterance_id="a1", first=0, last=0 if provisional else 3),),
        note="provisional" if provisional else "final",
        provisional=provisional,
    )


def passing(event: Event) -> Record:
    return Record(call_id="c1", seq=0, event=event)


def test_a_call_as_a_supervisor_sees_it():
    gap = AudioGap(speaker=CUSTOMER, start=1, end=2, reason="lost")
    card = Scorecard(at=9, items=(), heard=(), not_judged=())
    held = WordsHeldBack(
        speaker=AGENT,
        utterance_id="a2",
        start=1,
        end=2,
        words=(Word(text="thank", start=1, end=2),),
        reason="no_voice",
    )
    whisper = Whisper(id="w1", at=6, text="slow down")
    call = shown(
        SpeechStarted(speaker=AGENT, at=0.5),
        SpeechStarted(speaker=CUSTOMER, at=0.6),
        SpeechEnded(speaker=AGENT, at=1.5),
        said(0.5, "hello there"),
        held,
        gap,
        detection(),
        alert(),
        acked(),
        whisper,
        WhisperDelivered(id="w1", at=6.1),
        card,
        Tick(at=7),
    )
    assert (call.state, call.at, call.seq, call.speaking) == ("live", 7, 14, (CUSTOMER,))
    assert [one.text for one in call.utterances] == ["hello there"]
    assert (call.gaps, call.held_back, call.scorecard) == ((gap,), 1, card)
    assert call.detections == (detection(),)
    [card_shown] = call.alerts
    assert (card_shown.state, card_shown.by, card_shown.useful) == ("acked", "desk 1", True)
    assert [(one.whisper, one.delivered) for one in call.whispers] == [(whisper, True)]
    assert not call.truncated


def test_the_newest_partial_comes_last_and_goes_with_its_final():
    view = seen(said(1.0, "good morning"))
    view.apply(passing(said(3.0, "how", key="a2", final=False)))
    view.apply(passing(said(3.0, "how may I", key="a2", final=False, revision=3)))
    view.apply(passing(said(3.0, "how may", key="a2", final=False, revision=2)))
    call = view.view("c1")
    assert call is not None
    assert [one.text for one in call.utterances] == ["good morning", "how may I"]
    view.apply(Record(call_id="c1", seq=3, event=said(3.0, "how may I help", key="a2", revision=4)))
    view.apply(passing(said(3.0, "how may I", key="a2", final=False, revision=5)))
    call = view.view("c1")
    assert call is not None
    assert [one.text for one in call.utterances] == ["good morning", "how may I help"], "late partial ignored"


def test_partials_change_the_version_but_take_no_number():
    view = seen()
    before = view.version("c1")
    assert len(view.apply(passing(said(3.0, "how", final=False)))) == 1
    assert (view.last("c1"), view.needs_resync("c1")) == (1, False)
    assert view.version("c1") > before


def test_a_partial_of_an_unknown_call_shows_nothing():
    view = LiveView()
    assert view.apply(passing(said(3.0, "how", final=False))) == []
    assert (view.calls(), view.view("c1")) == ([], None)


def test_the_final_detection_confirms_the_card_raised_on_a_provisional_one():
    call = shown(detection(provisional=True), alert(provisional=True), detection())
    [card] = call.alerts
    assert not card.alert.provisional
    assert card.alert.evidence == detection().evidence
    assert card.alert.note == "final"


def test_a_withdrawn_detection_is_no_longer_shown():
    assert shown(detection(provisional=True), DetectionWithdrawn(id="name.use@1", at=3)).detections == ()


def test_merging_counts_without_changing_the_cards_state():
    merged = replace(acked(), state="merged", count=3, by=None, useful=None)
    [card] = shown(alert(), merged).alerts
    assert (card.state, card.count) == ("open", 3)
    [card] = shown(alert(), acked(), merged).alerts
    assert (card.state, card.count, card.useful) == ("acked", 3, True)


def test_the_end_of_a_call_stops_its_speaking_and_its_partials():
    view = seen(SpeechStarted(speaker=AGENT, at=1))
    view.apply(passing(said(1.0, "so", final=False)))
    view.apply(Record(call_id="c1", seq=3, event=CallEnded(at=4)))
    call = view.view("c1")
    assert call is not None
    assert (call.state, call.speaking, call.utterances, call.at) == ("ended", (), (), 4)


def test_a_ten_hour_call_keeps_only_its_newest_parts_and_says_so():
    events = [said(float(n), f"line {n}") for n in range(3000)]
    events += [alert(n) for n in range(300)]
    gaps = [AudioGap(speaker=AGENT, start=n, end=n + 1, reason="lost") for n in range(300)]
    call = shown(*events, *gaps)
    assert (len(call.utterances), len(call.alerts), len(call.gaps)) == (500, 200, 200)
    assert call.utterances[-1].text == "line 2999"
    assert call.truncated


def test_a_snapshot_may_show_fewer_lines_and_says_so():
    view = seen(*(said(float(n), f"line {n}") for n in range(20)))
    few, every = view.view("c1", utterances=5), view.view("c1", utterances=20)
    assert few is not None
    assert every is not None
    assert (few.utterances[0].text, few.truncated) == ("line 15", True)
    assert (len(every.utterances), every.truncated) == (20, False)


def test_ended_calls_stay_a_while_and_a_late_record_does_not_bring_one_back():
    view = LiveView(ended=2)
    for call_id in ("c1", "c2", "c3"):
        for record in ended_call(call_id):
            view.apply(record)
    assert view.calls() == ["c2", "c3"]
    assert view.apply(Record(call_id="c1", seq=3, event=acked())) == []
    assert not view.needs_resync("c1")
    assert view.load("c1", ended_call("c1")) == []


def test_calls_are_told_apart_by_team():
    view = LiveView()
    for record in (*short_call("c1", "north"), *short_call("c2", "south"), *short_call("c3")):
        view.apply(record)
    assert [one.call.call_id for one in view.snapshot("north")] == ["c1"]
    assert len(view.snapshot()) == 3
    assert (view.has_alert("c1", "name.use#1"), view.has_alert("c1", "name.use#2")) == (True, False)


def test_a_hole_is_noticed_and_what_is_behind_it_waits():
    records = short_call()
    view = LiveView()
    assert view.apply(records[0]) == [records[0]]
    assert view.apply(records[2]) == []
    assert view.needs_resync("c1")
    assert view.view("c1").seq == 1  # type: ignore[union-attr]
    assert view.apply(records[1]) == records[1:3]
    assert not view.needs_resync("c1")


def test_loading_from_the_store_fills_a_hole_and_passes_over_what_is_known():
    records = [*short_call(), *numbered("c1", Tick(at=8), Tick(at=9), after=4)]
    view = LiveView()
    view.apply(records[0])
    view.apply(records[5])
    assert view.load("c1", records[:5]) == records[1:]
    assert not view.needs_resync("c1")


def test_records_that_the_store_lacks_too_are_told_of():
    records = short_call()
    view = LiveView()
    view.load("c1", [records[0], records[2]])
    call = view.view("c1")
    assert call is not None
    assert (call.truncated, call.seq) == (True, 3)


def test_a_hole_that_cannot_be_filled_is_skipped_and_told():
    records = short_call()
    view = LiveView()
    view.apply(records[0])
    view.apply(records[3])
    assert view.skip("c1") == [records[3]]
    call = view.view("c1")
    assert call is not None
    assert (call.truncated, call.seq) == (True, 4)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_order_and_any_repeats_give_the_same_view(data: st.DataObject):
    records = [
        *short_call(),
        *numbered("c1", detection(), acked(), said(4.0, "bye"), Tick(at=6), CallEnded(at=6.5), after=4),
    ]
    straight, mixed = LiveView(), LiveView()
    for record in records:
        straight.apply(record)
    extra = data.draw(st.lists(st.sampled_from(records), max_size=10))
    came: list[Record] = []
    for record in data.draw(st.permutations([*records, *extra])):
        came += mixed.apply(record)
    assert came == records, "each applied once, in order"
    assert mixed.view("c1") == straight.view("c1")
    assert not mixed.needs_resync("c1")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_is_lost_loading_makes_it_whole(data: st.DataObject):
    records = [*short_call(), *numbered("c1", *(Tick(at=float(n)) for n in range(2, 12)), after=4)]
    straight, lossy = LiveView(), LiveView()
    for record in records:
        straight.apply(record)
    for record in data.draw(st.lists(st.sampled_from(records))):
        lossy.apply(record)
    lossy.load("c1", records)
    assert lossy.view("c1") == straight.view("c1")
