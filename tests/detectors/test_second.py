"""The second opinion: a judge is not believed against the reader, and the reader adds what it missed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from detectors import REGISTRY
from detectors.base import catalogue
from detectors.second import SecondOpinion
from streaming.events import CallInfo, Detection, Verdict
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken, verdicts
from tests.detectors.reader import Told

LIMITS = {
    f"{behaviour}.{name}_{which}": limit
    for behaviour, name in (
        ("courtesy.please_thanks", "curt"),
        ("courtesy.closing", "delivered"),
        ("courtesy.greeting", "delivered"),
        ("language.positive", "missed"),
        ("service.resolution", "delivered"),
        ("emotion.leakage", "harmful"),
        ("emotion.frustration", "observed"),
        ("emotion.leakage", "steady"),
        ("courtesy.willingness", "delivered"),
        ("courtesy.words", "thanks"),
        ("courtesy.words", "apology"),
        ("service.resolution", "observed"),
    )
    for which, limit in (("surely", 0.8), ("hardly", 0.2))
}
END = "courtesy.closing"
CALL = (
    "A: Hello, this is Ann, how can I help?",
    "C: My order has not come yet, and it was meant to be here on Monday before noon.",
    "…12",
    "A: It left the depot this morning, and it will be with you before six today.",
)
BYE = ("C: All right, thank you, goodbye.", "A: Goodbye.")


def judged(
    name: str, scores: Mapping[str, Mapping[str, float]], *lines: str, otherwise: float = 0.5
) -> list[Detection]:
    policy = Policy(thresholds=LIMITS, reader=Told(scores, otherwise=otherwise))
    return judge(REGISTRY[name](CallInfo(call_id="t"), policy), dialogue(*lines, tail=6.0))


def test_without_a_reader_the_judge_stands_alone() -> None:
    assert not isinstance(REGISTRY["service"](CallInfo(call_id="t"), Policy()), SecondOpinion)


def test_every_limit_belongs_to_a_row_of_the_catalogue() -> None:
    for key in LIMITS:
        behaviour, _, name = key.rpartition(".")
        assert name in catalogue()[behaviour].thresholds


def test_what_the_judge_did_not_find_is_added_with_its_words() -> None:
    lines = (*CALL, "C: So what now?", "A: Nothing doing here.")
    assert verdicts(judged("service", {}, *lines), "language.positive") == []
    found = judged("service", {"Nothing doing": {"neg": 0.9}}, *lines)
    [one] = [one for one in found if one.behaviour == "language.positive"]
    assert one.verdict is Verdict.MISSED and one.note == "The agent says no and offers no way."
    assert spoken(one, dialogue(*lines)) == "Nothing doing here."


def test_what_the_reader_hardly_believes_is_passed_over() -> None:
    lines = (*CALL, "C: Is it ready yet?", "A: Nope.")
    assert verdicts(judged("courtesy", {}, *lines), "courtesy.please_thanks") == [("harmful", "curt")]
    unbelieved = judged("courtesy", {"Nope": {"curt": 0.1}}, *lines)
    assert verdicts(unbelieved, "courtesy.please_thanks") == []


def test_a_turn_is_told_once_however_it_grows() -> None:
    found = judged("service", {"doing": {"neg": 0.9}}, *CALL, "C: And?", "A: Nothing doing.", "A +1: Sorry.")
    assert verdicts(found, "language.positive") == ["missed"]


@pytest.mark.parametrize("score, verdict", [(0.9, "delivered"), (0.5, "missed")])
def test_a_closing_in_words_of_its_own_is_turned_to_delivered(score: float, verdict: str) -> None:
    lines = (*CALL, "C: All right, thank you, goodbye.", "A: Go give that dog a bone. Goodbye.")
    assert verdicts(judged("courtesy", {"dog": {"close+": score}}, *lines), END) == [verdict]


def test_a_closing_that_only_sounds_warm_is_turned_to_missed() -> None:
    lines = (*CALL, "C: All right, thank you, goodbye.", "A: You're welcome. Goodbye.")
    [one] = [one for one in judged("courtesy", {}, *lines) if one.behaviour == END]
    assert one.verdict is Verdict.DELIVERED
    [one] = [one for one in judged("courtesy", {"welcome": {"close+": 0.1}}, *lines) if one.behaviour == END]
    assert one.verdict is Verdict.MISSED and "leaves room" in one.note


def test_that_it_was_never_asked_is_not_said_after_it_was() -> None:
    lines = (*CALL, "C: I see.", "A: Are we all square then?", *BYE)
    asked = judged("service", {"square": {"settled+": 0.9}}, *lines)
    found = verdicts(asked, "service.resolution", kinds=False)
    assert "delivered" in found and "missed" not in found


def test_an_answer_needs_a_customer_to_answer() -> None:
    curt = {"Moving": {"curt": 0.9}}
    assert verdicts(judged("courtesy", curt, "A: Moving on."), "courtesy.please_thanks") == []
    found = judged("courtesy", curt, "C: It cost ninety pounds at the other shop.", "A: Moving on.")
    assert verdicts(found, "courtesy.please_thanks") == [("harmful", "curt")]


def test_frustration_is_as_the_reader_has_it_and_a_leak_is_told_once() -> None:
    lines = ("C: Lovely. In this century.", "A: That wall was there on Tuesday.", "C: I see.")
    assert judged("emotion", {}, *lines) == []
    scores = {"century": {"frus": 0.9}, "Tuesday": {"leak": 0.9}}
    found = judged("emotion", scores, *lines)
    assert verdicts(found, "emotion.frustration") == ["observed"]
    assert verdicts(found, "emotion.leakage") == [("harmful", "harsh")]
    scores = {"century": {"frus": 0.9}, "calm down": {"leak": 0.9}}
    both = judged("emotion", scores, lines[0], "A: You need to calm down.")
    assert verdicts(both, "emotion.leakage") == [("harmful", "dismissive")]


def test_a_phrase_that_the_reader_takes_for_innocent_leaks_nothing() -> None:
    angry = {"century": {"frus": 0.9}}
    lines = ("C: Lovely. In this century.", "A: You need to calm down.", "C: I see.")
    assert verdicts(judged("emotion", angry, *lines), "emotion.leakage") != []
    innocent = {**angry, "calm down": {"leak": 0.1}}
    assert verdicts(judged("emotion", innocent, *lines), "emotion.leakage") == []


def test_a_no_waits_for_the_turn_s_end_because_a_way_may_follow() -> None:
    lines = (*CALL, "C: So what now?", "A: Nothing doing here.", "A +1: Doris can bring it on her bike.")
    policy = Policy(thresholds=LIMITS, reader=Told({"Nothing doing": {"neg": 0.9}, "Doris": {"neg": 0.5}}))
    judge_ = REGISTRY["service"](CallInfo(call_id="t"), policy)
    assert verdicts(judge(judge_, dialogue(*lines)), "language.positive") == []


def test_what_is_over_is_told_after_a_silence_without_waiting_for_an_answer() -> None:
    lines = (*CALL, "C: So what now?", "A: Nothing doing here.", "…9", "C: Hello?")
    [one] = [
        one
        for one in judged("service", {"Nothing doing": {"neg": 0.9}}, *lines)
        if one.behaviour == "language.positive"
    ]
    assert one.end + 3.0 <= one.at < one.end + 5.0


def test_where_rules_and_reader_disagree_nothing_is_said() -> None:
    refused = (*CALL, "C: Can you do it today?", "A: There's no way we can do it today.", "C: That is bad.")
    assert verdicts(judged("service", {}, *refused, otherwise=0.3), "language.positive") == ["missed"]
    split = {"no way": {"neg": 0.1, "pos": 0.95}}
    assert verdicts(judged("service", split, *refused), "language.positive") == []


def test_a_readiness_shown_again_is_the_same_one() -> None:
    lines = (*CALL, "C: So what now?", "A: On it, for you.", "C: Good.", "A: On it, as I said.")
    told = {"On it": {"will+": 0.9}}
    assert verdicts(judged("courtesy", told, *lines), "courtesy.willingness").count("delivered") == 1


def test_two_words_of_one_line_are_two_detections() -> None:
    lines = (*CALL, "C: There.", "A: Much of that, and mine too.")
    found = judged("courtesy", {"Much": {"thanks": 0.9, "sorry": 0.9}}, *lines)
    added = [one for one in found if one.behaviour == "courtesy.words" and ".read" in one.id]
    assert sorted(one.kind for one in added) == ["apology", "thanks"] and len({one.id for one in added}) == 2


def test_steady_is_an_answer_to_somebody_who_was_frustrated() -> None:
    lines = ("C: Lovely. In this century.", "A: It is on the van now.", "C: I see.")
    steady = {"van now": {"steady": 0.9, "leak": 0.0}}
    assert verdicts(judged("emotion", steady, *lines), "emotion.leakage") == []
    angry = {**steady, "century": {"frus": 0.9}}
    assert verdicts(judged("emotion", angry, *lines), "emotion.leakage") == [("delivered", "steady")]


def test_a_calm_customer_is_not_answered_harshly_nor_is_an_unfinished_sentence_harsh() -> None:
    harsh = {"drive": {"leak": 0.95}}
    answer = "A: You're going to sit just like you're going to drive."
    assert judged("emotion", harsh, "C: I am in the car.", answer) == []
    angry = {**harsh, "century": {"frus": 0.95}}
    assert verdicts(judged("emotion", angry, "C: Lovely. In this century.", answer), "emotion.leakage") == [
        ("harmful", "harsh")
    ]
    open_ended = answer.removesuffix(".") + ","
    assert not verdicts(
        judged("emotion", angry, "C: Lovely. In this century.", open_ended), "emotion.leakage"
    )


def test_a_long_turn_is_told_of_each_kind_of_leak_once() -> None:
    angry = {"century": {"frus": 0.95}, "wall": {"leak": 0.95}}
    lines = ("C: Lovely. In this century.", "A: That wall stood.", "A +1: It stood.", "A +1: Calm down.")
    assert verdicts(judged("emotion", angry, *lines), "emotion.leakage") == [
        ("harmful", "harsh"),
        ("harmful", "dismissive"),
    ]


def test_what_is_kept_of_a_long_call_does_not_grow() -> None:
    policy = Policy(thresholds=LIMITS, reader=Told({}))
    second = REGISTRY["service"](CallInfo(call_id="t"), policy)
    assert isinstance(second, SecondOpinion)
    judge(second, dialogue(*(f"{'AC'[n % 2]}: Number {n} is the one." for n in range(60))))
    judge(second, dialogue(*("A +1: And so it goes on and on and on." for _ in range(60))))
    assert len(second._reads) <= 12
    assert all(len(one.turn.lines) <= 20 for one in second._reads.values())
