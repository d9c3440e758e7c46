"""The scorecard: what counts as an opportunity, what was heard, and what is not judged, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import score as scoring
from detectors.base import catalogue
from detectors.score import ScoreKeeper, score
from streaming.events import (
    AudioGap,
    CallEnded,
    CallInfo,
    Detection,
    DetectorFailed,
    Event,
    Heard,
    Party,
    Profile,
    Record,
    Scorecard,
    ScoreItem,
    Severity,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    Verdict,
    Word,
    WordsHeldBack,
)
from streaming.ports import Policy

CALL = CallInfo(call_id="t", profile=Profile.FULL)
AGENT, CUSTOMER = Party.AGENT, Party.CUSTOMER


def detection(
    behaviour: str, verdict: str, where: str, *, start: float = 1.0, kind: str = "", provisional: bool = False
) -> Detection:
    return Detection(
        id=f"{behaviour}@{where}",
        behaviour=behaviour,
        verdict=Verdict(verdict),
        kind=kind,
        speaker=AGENT,
        start=start,
        end=start + 1.0,
        at=start + 1.0,
        confidence=0.9,
        severity=Severity.NOTICE,
        provisional=provisional,
    )


def talk(speaker: Party, start: float, end: float) -> list[Event]:
    return [SpeechStarted(speaker=speaker, at=start), SpeechEnded(speaker=speaker, at=end)]


TALK: list[Event] = [*talk(AGENT, 0.0, 10.0), *talk(CUSTOMER, 10.0, 14.0)]


def card(*events: Event, call: CallInfo = CALL, policy: Policy | None = None, at: float = 60.0) -> Scorecard:
    return score(call, [*TALK, *events], policy=policy, at=at)


def item(found: Scorecard, behaviour: str) -> ScoreItem:
    return next(one for one in found.items if one.behaviour == behaviour)


def reasons(found: Scorecard) -> dict[str, str]:
    return {one.behaviour: one.reason for one in found.not_judged}


def tally(found: Scorecard, behaviour: str) -> tuple[int, int, int, int, float | None]:
    one = item(found, behaviour)
    return one.opportunities, one.delivered, one.missed, one.harmful, one.rate


def test_delivered_and_missed_are_opportunities() -> None:
    name = "listening.acknowledgement"
    found = card(
        detection(name, "delivered", "c1"), detection(name, "missed", "c2"), detection(name, "missed", "c3")
    )
    assert tally(found, name) == (3, 1, 2, 0, 0.3333)


def test_harm_beside_an_opportunity_and_as_its_answer() -> None:
    curt = detection("courtesy.please_thanks", "harmful", "a1", kind="curt")
    assert tally(card(curt), "courtesy.please_thanks") == (0, 0, 0, 1, None)
    read_back = detection("listening.acknowledgement", "harmful", "c1", kind="wrong_readback")
    assert tally(card(read_back), "listening.acknowledgement") == (1, 0, 0, 1, 0.0)


def test_two_kinds_of_leakage_in_one_utterance_are_one_opportunity() -> None:
    leaks = [
        detection("emotion.leakage", "harmful", "a6.blaming", kind="blaming"),
        detection("emotion.leakage", "harmful", "a6.talking_over", kind="talking_over"),
        detection("emotion.leakage", "harmful", "a8.dismissive", kind="dismissive"),
        detection("emotion.leakage", "delivered", "a9", kind="steady"),
    ]
    assert tally(card(*leaks), "emotion.leakage") == (3, 1, 0, 3, 0.3333)


def test_what_cannot_fail_has_no_rate() -> None:
    assert tally(card(detection("emotion.recovery", "delivered", "c4")), "emotion.recovery") == (
        1,
        1,
        0,
        0,
        None,
    )


def test_no_opportunity_is_zero_and_judged() -> None:
    found = card()
    assert tally(found, "courtesy.hold") == (0, 0, 0, 0, None)
    assert "courtesy.hold" not in reasons(found)


def test_moments_are_ids_in_time_order() -> None:
    late, early = (
        detection("name.use", "delivered", "a9", start=30.0),
        detection("name.use", "delivered", "a1", start=3.0),
    )
    assert item(card(late, early), "name.use").moments == (early.id, late.id)


def test_provisional_detections_and_repeats_count_nothing_extra() -> None:
    name = "emotion.leakage"
    early = detection(name, "harmful", "a1.dismissive", kind="dismissive", provisional=True)
    assert tally(card(early), name) == (0, 0, 0, 0, None)
    final = detection(name, "harmful", "a1.dismissive", kind="dismissive")
    assert tally(card(early, final, final), name) == (1, 0, 0, 1, 0.0)


def test_every_behaviour_is_either_an_item_or_not_judged() -> None:
    found = card(policy=Policy(off=frozenset({"name.use"})))
    listed = [one.behaviour for one in found.items] + [one.behaviour for one in found.not_judged]
    assert sorted(listed) == sorted(catalogue())


@pytest.mark.parametrize("profile", [Profile.EU_WORKPLACE, Profile.TRAINING])
def test_the_agents_voice_is_not_judged_because_of_the_profile(profile: Profile) -> None:
    flat = detection("tone.flat", "missed", "1", kind="flat")
    found = card(flat, call=CallInfo(call_id="t", profile=profile))
    assert reasons(found) == {"tone.flat": scoring.PROFILE.format(profile=profile.value)}
    assert profile.value in reasons(found)["tone.flat"]
    assert "tone.flat" not in {one.behaviour for one in found.items}


def test_voice_without_enough_of_it_is_not_judged() -> None:
    assert reasons(card()) == {"tone.flat": scoring.TOO_LITTLE_VOICE}
    assert reasons(card(detection("tone.flat", "missed", "1", kind="flat"))) == {}


def test_a_failed_detector_takes_its_behaviours_with_it() -> None:
    before = detection("emotion.leakage", "harmful", "a1.dismissive", kind="dismissive")
    found = card(before, DetectorFailed(detector="emotion", at=20.0, error="ValueError"))
    failed = {key for key, why in reasons(found).items() if why == scoring.FAILED}
    assert failed == {row.id for row in catalogue().values() if row.detector == "emotion"}
    assert {"emotion.leakage", "emotion.recovery"} <= failed
    assert score(CALL, TALK, failed=["emotion"]).not_judged == score(
        CALL, [*TALK, DetectorFailed(detector="emotion", at=20.0, error="ValueError")]
    ).not_judged  # fmt: skip


def test_behaviours_switched_off() -> None:
    assert reasons(card(policy=Policy(off=frozenset({"name.use"}))))["name.use"] == scoring.OFF


def test_a_party_that_was_not_recorded() -> None:
    agent_only = card(call=CallInfo(call_id="t", parties=(AGENT,), profile=Profile.FULL))
    assert reasons(agent_only)["listening.acknowledgement"] == scoring.NO_CUSTOMER
    assert "courtesy.greeting" not in reasons(agent_only)
    assert [one.speaker for one in agent_only.heard] == [AGENT]
    customer_only = card(call=CallInfo(call_id="t", parties=(CUSTOMER,), profile=Profile.FULL))
    assert set(reasons(customer_only).values()) == {scoring.NO_AGENT}
    assert customer_only.items == ()


def test_an_agent_who_hardly_spoke_is_not_judged() -> None:
    found = score(CALL, [*talk(AGENT, 0.0, 1.0), *talk(CUSTOMER, 1.0, 30.0)], at=30.0)
    assert set(reasons(found).values()) == {scoring.TOO_LITTLE}


def utterance(speaker: Party, *words: str, final: bool = True) -> Utterance:
    return Utterance(
        speaker=speaker,
        id="a1",
        revision=1,
        start=0.0,
        end=1.0,
        words=tuple(Word(text=text, start=0.0, end=1.0) for text in words),
        final=final,
    )


def test_what_was_heard() -> None:
    found = card(
        utterance(AGENT, "Hello", "there", final=False),
        utterance(AGENT, "Hello", "there."),
        WordsHeldBack(
            speaker=AGENT,
            utterance_id="a1",
            start=0.0,
            end=1.0,
            words=(Word(text="Thanks", start=0.0, end=1.0),),
            reason="no_voice",
        ),
        AudioGap(speaker=CUSTOMER, start=20.0, end=25.0, reason="lost"),
        AudioGap(speaker=CUSTOMER, start=23.0, end=28.0, reason="overload"),
    )
    assert found.heard == (
        Heard(speaker=AGENT, audio=60.0, speech=10.0, lost=0.0, words=2, held_back=1),
        Heard(speaker=CUSTOMER, audio=52.0, speech=4.0, lost=8.0, words=0, held_back=0),
    )


def test_speech_that_still_goes_on_counts_until_now() -> None:
    keeper = ScoreKeeper(CALL, Policy())
    keeper.feed(SpeechStarted(speaker=AGENT, at=2.0))
    assert keeper.card(5.0).heard[0].speech == 3.0
    keeper.feed(SpeechEnded(speaker=AGENT, at=6.0))
    assert keeper.card(9.0).heard[0].speech == 4.0


def test_a_log_without_speech_edges_counts_utterances() -> None:
    assert score(CALL, [utterance(AGENT, "Hello")]).heard[0].speech == 1.0


def test_records_and_events_score_alike_and_the_end_is_the_logs() -> None:
    events = [*TALK, detection("name.use", "delivered", "a1"), Tick(at=59.0), CallEnded(at=60.5)]
    records = [Record(call_id="t", seq=n, event=event) for n, event in enumerate(events, 1)]
    assert score(CALL, records) == score(CALL, events)
    assert score(CALL, events).at == 60.5


def test_scoring_again_from_a_log_that_has_its_scorecard_changes_nothing() -> None:
    first = card(detection("name.use", "delivered", "a1"))
    assert card(detection("name.use", "delivered", "a1"), first) == first


_VERDICTS = st.lists(
    st.tuples(
        st.sampled_from(["name.use", "emotion.leakage", "listening.acknowledgement"]),
        st.sampled_from(["delivered", "missed", "harmful"]),
        st.integers(0, 9),
    ),
    max_size=25,
)


@given(_VERDICTS, st.randoms(use_true_random=False))
def test_the_order_of_detections_does_not_matter(rows: list[tuple[str, str, int]], shuffle: object) -> None:
    found = {f"{b}@{n}": detection(b, v, str(n), start=float(n)) for b, v, n in rows}
    events = list(found.values())
    mixed = list(events)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    first, second = card(*events), card(*mixed)
    assert first.items == second.items
    for one in first.items:
        assert one.delivered + one.missed <= one.opportunities <= len(one.moments)
        assert one.rate is None or 0.0 <= one.rate <= 1.0
