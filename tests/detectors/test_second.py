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
