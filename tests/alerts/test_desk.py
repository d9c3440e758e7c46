"""The alert policy, case by case: what a supervisor is shown, and when not."""

from __future__ import annotations

from typing import Any

import pytest

from streaming.alerts import AlertDesk, AlertPolicy, AlertRule
from streaming.events import (
    Alert,
    AlertUpdate,
    Detection,
    DetectionWithdrawn,
    Party,
    Severity,
    SpeechStarted,
    Tick,
    Verdict,
    WordSpan,
)

CURT = AlertRule(
    behaviour="courtesy.please_thanks",
    verdict=Verdict.HARMFUL,
    kind="curt",
    severity=Severity.NOTICE,
    title="Curt answers",
    coaching="Answer in a whole sentence.",
    count=2,
    within=60.0,
)
LEAK = AlertRule(
    behaviour="emotion.leakage",
    verdict=Verdict.HARMFUL,
    severity=Severity.CRITICAL,
    title="Answered frustration badly",
    coaching="Name the inconvenience first.",
    follow=("emotion.recovery", "emotion.empathy"),
    follow_within=30.0,
)
NAME = AlertRule(
    behaviour="name.use",
    verdict=Verdict.MISSED,
    severity=Severity.NOTICE,
    title="Name not used",
    coaching="Use the customer's name.",
)
WRONG = AlertRule(
    behaviour="name.use",
    verdict=Verdict.MISSED,
    kind="wrong_name",
    severity=Severity.WARNING,
    title="Wrong name",
    coaching="Check the name.",
)
ACKN = AlertRule(
    behaviour="listening.acknowledgement",
    verdict=Verdict.MISSED,
    severity=Severity.NOTICE,
    title="Two requests unacknowledged",
    coaching="Repeat the key words.",
    count=2,
    in_a_row=True,
)
POLICY = AlertPolicy(expire_after=60.0, give_way_after=20.0, give_way_to_lower_after=60.0, stale_after=30.0)


def found(rule: AlertRule, at: float, *, where: str = "", **fields: Any) -> Detection:
    """A detection that `rule` matches, at `at`."""
    said: dict[str, Any] = {
        "id": f"{rule.behaviour}@{where or at}",
        "behaviour": rule.behaviour,
        "verdict": rule.verdict,
        "kind": rule.kind,
        "speaker": Party.AGENT,
        "start": max(0.0, at - 1.0),
        "end": at,
        "at": at,
        "confidence": 0.9,
        "severity": rule.severity,
        "evidence": (WordSpan(utterance_id=f"a{at:g}", first=0, last=1),),
        "note": f"at {at:g}",
    }
    return Detection(**(said | fields))


def delivered(behaviour: str, at: float, **fields: Any) -> Detection:
    return found(NAME, at, where=f"yes{at}", behaviour=behaviour, verdict=Verdict.DELIVERED, **fields)


def desk(*rules: AlertRule, policy: AlertPolicy = POLICY) -> AlertDesk:
    return AlertDesk(rules or (CURT, LEAK, NAME, WRONG, ACKN), policy)


def told(out: list[Alert | AlertUpdate]) -> list[str]:
    """Short form: ``+id`` for a card, ``id state`` or ``id merged 3`` for an update."""
    return [
        f"+{one.id}" if isinstance(one, Alert) else f"{one.id} {one.state} {one.count or ''}".rstrip()
        for one in out
    ]


def test_a_card_carries_the_rule_and_the_words_that_show_it():
    [card] = desk().feed(found(LEAK, 12.5, where="a3"))
    assert isinstance(card, Alert)
    assert (card.id, card.at, card.severity) == ("emotion.leakage#1", 12.5, Severity.CRITICAL)
    assert (card.title, card.coaching, card.note) == (LEAK.title, LEAK.coaching, "at 12.5")
    assert card.detections == ("emotion.leakage@a3",)
    assert card.evidence == (WordSpan(utterance_id="a12.5", first=0, last=1),)
    assert (card.count, card.provisional) == (1, False)


def test_the_second_curt_answer_raises_one_card_with_both_in_it():
    d = desk()
    assert d.feed(found(CURT, 10)) == []
    [card] = d.feed(found(CURT, 20))
    assert isinstance(card, Alert)
    assert (card.count, len(card.detections), len(card.evidence)) == (2, 2, 2)


def test_two_curt_answers_too_far_apart_raise_nothing():
    d = desk()
    assert d.feed(found(CURT, 10)) == d.feed(found(CURT, 71)) == []
    assert told(d.feed(found(CURT, 80))) == ["+courtesy.please_thanks#1"]


def test_one_request_acknowledged_in_between_starts_the_row_anew():
    d = desk()
    assert d.feed(found(ACKN, 10)) == []
    assert d.feed(delivered(ACKN.behaviour, 15)) == []
    assert d.feed(found(ACKN, 20)) == []
    assert told(d.feed(found(ACKN, 25))) == ["+listening.acknowledgement#1"]


def test_a_good_one_in_between_does_not_excuse_where_no_row_is_asked_for():
    d = desk()
    d.feed(found(CURT, 10))
    d.feed(delivered(CURT.behaviour, 15))
    assert told(d.feed(found(CURT, 20))) == ["+courtesy.please_thanks#1"]


def test_a_provisional_delivered_one_does_not_break_the_row():
    d = desk()
    d.feed(found(ACKN, 10))
    d.feed(delivered(ACKN.behaviour, 15, provisional=True))
    assert told(d.feed(found(ACKN, 20))) == ["+listening.acknowledgement#1"]


@pytest.mark.parametrize(
    "event",
    [
        found(LEAK, 5, confidence=0.59),
        found(LEAK, 5, verdict=Verdict.MISSED),
        found(LEAK, 5, behaviour="tone.flat"),
        found(CURT, 5, kind="polite"),
        SpeechStarted(speaker=Party.AGENT, at=5),
        Tick(at=5),
    ],
)
def test_what_no_rule_asks_for_raises_nothing(event: Any):
    assert desk(LEAK, AlertRule(**_fields(CURT, count=1))).feed(event) == []


def _fields(rule: AlertRule, **changed: Any) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in AlertRule.__slots__} | changed


def test_a_rule_for_the_kind_goes_before_the_general_one():
    [card] = desk(NAME, WRONG).feed(found(WRONG, 5))
    assert isinstance(card, Alert)
    assert card.title == "Wrong name"


def test_an_info_rule_is_never_pushed_and_silences_its_kind():
    quiet = AlertRule(**_fields(WRONG, severity=Severity.INFO))
    d = desk(NAME, quiet)
    assert d.feed(found(quiet, 5)) == []
    assert told(d.feed(found(NAME, 6))) == ["+name.use#1"]


def test_a_team_turns_a_behaviour_off_or_asks_for_warnings_only():
    assert desk(LEAK, policy=AlertPolicy(off=frozenset({LEAK.behaviour}))).feed(found(LEAK, 1)) == []
    warnings = desk(policy=AlertPolicy(least=Severity.WARNING))
    assert warnings.feed(found(NAME, 1)) == []
    assert told(warnings.feed(found(LEAK, 2))) == ["+emotion.leakage#1"]


def test_equal_ones_merge_into_the_open_card():
    d = desk()
    d.feed(found(NAME, 10))
    assert told(d.feed(found(NAME, 12))) == ["name.use#1 merged 2"]
    assert told(d.feed(found(NAME, 14))) == ["name.use#1 merged 3"]


def test_within_the_cooldown_a_closed_card_counts_on_and_no_new_one_comes():
    d = desk()
    d.feed(found(NAME, 10))
    d.ack("name.use#1", by="s", useful=True, at=12)
    assert told(d.feed(found(NAME, 69.9))) == ["name.use#1 merged 2"]
    assert told(d.feed(found(NAME, 70))) == ["+name.use#2"]


def test_the_same_detection_twice_counts_once():
    d = desk()
    d.feed(found(CURT, 10))
    assert d.feed(found(CURT, 10)) == []
    d.feed(found(CURT, 12))
    assert d.feed(found(CURT, 12)) == []


def test_one_card_at_a_time_the_severest_waiting_then_the_oldest_comes_next():
    d = desk(NAME, WRONG, AlertRule(**_fields(CURT, count=1)))
    assert told(d.feed(found(NAME, 10))) == ["+name.use#1"]
    assert d.feed(found(CURT, 11)) == []
    assert d.feed(found(WRONG, 12)) == []
    assert told(d.ack("name.use#1", at=13)) == ["name.use#1 acked", "+name.use#2"]
    assert told(d.dismiss("name.use#2", at=14)) == ["name.use#2 dismissed", "+courtesy.please_thanks#1"]


def test_a_waiting_alert_merges_too():
    d = desk()
    d.feed(found(LEAK, 10))
    assert d.feed(found(NAME, 11)) == d.feed(found(NAME, 12)) == []
    _, card = d.ack("emotion.leakage#1", at=13)
    assert isinstance(card, Alert)
    assert (card.id, card.count, card.at) == ("name.use#1", 2, 13)


def test_a_critical_alert_takes_the_place_of_a_lower_one_at_once():
    d = desk()
    d.feed(found(WRONG, 10))
    assert told(d.feed(found(LEAK, 10.2))) == ["name.use#1 expired", "+emotion.leakage#1"]


def test_a_warning_lets_a_notice_be_read_first():
    d = desk()
    d.feed(found(NAME, 10))
    assert d.feed(found(WRONG, 11)) == []
    assert d.feed(Tick(at=29)) == []
    assert told(d.feed(Tick(at=30))) == ["name.use#1 expired", "+name.use#2"]


def test_an_open_card_does_not_give_way_to_a_lower_one_before_its_time():
    d = desk(policy=AlertPolicy(give_way_after=12.0, give_way_to_lower_after=24.0, stale_after=100.0))
    d.feed(found(LEAK, 10))
    d.feed(found(NAME, 11))
    assert d.feed(Tick(at=33)) == []
    assert told(d.feed(Tick(at=34))) == ["emotion.leakage#1 expired", "+name.use#1"]


def test_an_alert_that_waited_too_long_is_not_raised():
    d = desk()
    d.feed(found(LEAK, 10))
    d.feed(found(NAME, 11))
    out = d.feed(Tick(at=70))
    assert told(out) == ["emotion.leakage#1 expired"]
    assert told(d.feed(found(NAME, 71))) == ["+name.use#1"], "nobody was interrupted: no cooldown"


def test_a_repeated_detection_keeps_a_waiting_alert_fresh():
    d = desk()
    d.feed(found(LEAK, 10))
    d.feed(found(NAME, 11))
    d.feed(found(NAME, 50))
    assert told(d.feed(Tick(at=70))) == ["emotion.leakage#1 expired", "+name.use#1"]


def test_a_provisional_card_goes_when_its_detection_is_withdrawn_and_nothing_cools_down():
    d = desk()
    [card] = d.feed(found(LEAK, 10, where="a3", provisional=True))
    assert isinstance(card, Alert)
    assert card.provisional
    assert told(d.feed(DetectionWithdrawn(id="emotion.leakage@a3", at=11))) == ["emotion.leakage#1 withdrawn"]
    assert told(d.feed(found(LEAK, 12))) == ["+emotion.leakage#2"]
    assert d.ack("emotion.leakage#1", at=13) == []


def test_the_same_detection_found_again_after_its_withdrawal_raises_again():
    d = desk()
    d.feed(found(LEAK, 10, where="a3", provisional=True))
    d.feed(DetectionWithdrawn(id="emotion.leakage@a3", at=11))
    assert told(d.feed(found(LEAK, 11, where="a3"))) == ["+emotion.leakage#2"]


def test_a_confirmed_detection_stays_and_is_not_counted_twice():
    d = desk()
    d.feed(found(LEAK, 10, where="a3", provisional=True))
    assert d.feed(found(LEAK, 10, where="a3")) == []
    assert d.feed(DetectionWithdrawn(id="emotion.leakage@a3", at=11)) == []


def test_a_final_of_another_verdict_withdraws_the_provisional_card():
    d = desk()
    d.feed(found(NAME, 10, where="a3", provisional=True))
    final = found(NAME, 10, where="a3", verdict=Verdict.DELIVERED)
    assert told(d.feed(final)) == ["name.use#1 withdrawn"]


def test_a_withdrawn_one_of_three_only_lowers_the_count():
    d = desk()
    for at in (10, 11):
        d.feed(found(CURT, at))
    d.feed(found(CURT, 12, where="p", provisional=True))
    out = d.feed(DetectionWithdrawn(id="courtesy.please_thanks@p", at=13))
    assert told(out) == ["courtesy.please_thanks#1 merged 2"]


def test_a_withdrawn_second_leaves_the_first_counting():
    d = desk()
    d.feed(found(CURT, 10))
    d.feed(found(CURT, 12, where="p", provisional=True))
    d.feed(DetectionWithdrawn(id="courtesy.please_thanks@p", at=13))
    assert told(d.feed(found(CURT, 20))) == ["+courtesy.please_thanks#2"]


def test_a_waiting_provisional_alert_vanishes_without_a_trace():
    d = desk()
    d.feed(found(LEAK, 10))
    d.feed(found(NAME, 11, where="p", provisional=True))
    assert d.feed(DetectionWithdrawn(id="name.use@p", at=12)) == []
    assert told(d.finish(20)) == ["emotion.leakage#1 expired"]


def test_follow_through_closes_an_open_card():
    d = desk()
    d.feed(found(LEAK, 10))
    assert told(d.feed(delivered("emotion.recovery", 25))) == ["emotion.leakage#1 followed"]
    assert told(d.feed(found(NAME, 26))) == ["+name.use#1"], "the place is free"


def test_follow_through_is_recorded_for_an_acked_card_but_not_for_a_dismissed_one():
    d = desk()
    d.feed(found(NAME, 10))
    d.ack("name.use#1", at=11)
    assert told(d.feed(delivered("name.use", 20))) == ["name.use#1 followed"]
    assert d.feed(delivered("name.use", 21)) == []
    d.feed(found(LEAK, 30))
    d.dismiss("emotion.leakage#1", useful=False, at=31)
    assert d.feed(delivered("emotion.recovery", 35)) == []


@pytest.mark.parametrize(
    "event",
    [
        delivered("emotion.recovery", 40.1),
        delivered("emotion.recovery", 9.0),
        delivered("emotion.recovery", 20, provisional=True),
        delivered("emotion.recovery", 20, confidence=0.5),
        delivered("name.use", 20),
    ],
    ids=["too late", "said before the card", "provisional", "unsure", "something else"],
)
def test_what_is_not_follow_through(event: Detection):
    d = desk()
    d.feed(found(LEAK, 10))
    assert d.feed(event) == []


def test_answers_are_kept_and_repeated_ones_are_silent():
    d = desk()
    d.feed(found(NAME, 10))
    [update] = d.ack("name.use#1", by="desk 4", useful=None, at=11)
    assert update == AlertUpdate(id="name.use#1", at=11, state="acked", by="desk 4")
    assert d.ack("name.use#1", by="desk 5", at=12) == []
    [rated] = d.ack("name.use#1", by="desk 4", useful=True, at=13)
    assert isinstance(rated, AlertUpdate)
    assert (rated.state, rated.useful) == ("acked", True)
    assert d.ack("name.use#1", useful=True, at=14) == []
    assert d.dismiss("nothing#1", at=15) == []


def test_an_answer_that_crosses_the_expiry_still_counts():
    d = desk()
    d.feed(found(NAME, 10))
    assert told(d.feed(Tick(at=70))) == ["name.use#1 expired"]
    assert told(d.dismiss("name.use#1", useful=False, at=70.4)) == ["name.use#1 dismissed"]


def test_a_followed_card_stays_followed_when_it_is_rated():
    d = desk()
    d.feed(found(LEAK, 10))
    d.feed(delivered("emotion.recovery", 12))
    assert told(d.ack("emotion.leakage#1", useful=True, at=13)) == ["emotion.leakage#1 followed"]


def test_the_end_of_the_call_expires_what_is_open_and_raises_nothing():
    d = desk()
    d.feed(found(LEAK, 10))
    d.feed(found(NAME, 11))
    assert told(d.finish(12)) == ["emotion.leakage#1 expired"]
    assert d.finish(12) == []
