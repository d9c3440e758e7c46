"""Frustration as a fact, empathy, recovery, the two-minute clock, abuse; and the catalogue's examples."""

from __future__ import annotations

import re

import pytest

from detectors.base import catalogue
from detectors.emotion import Emotion
from streaming.events import CallInfo, Detection, Party, SignalSpan
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken, verdicts

ANGRY = "C: This is ridiculous. I've called three times about this."
HELLO = "C: Hi, I'm calling about my order."


def judged(*lines: str, tail: float = 6.0) -> list[Detection]:
    return judge(Emotion(CallInfo(call_id="t"), Policy()), dialogue(*lines, tail=tail))


def said(behaviour: str, *lines: str, tail: float = 6.0) -> list[tuple[str, str] | str]:
    return verdicts(judged(*lines, tail=tail), behaviour)


# --- frustration


def test_frustration_is_observed_of_the_customer_with_its_words_and_the_level_it_comes_to() -> None:
    events = dialogue(HELLO, "A: What is the number?", ANGRY)
    (one,) = [
        x
        for x in judge(Emotion(CallInfo(call_id="t"), Policy()), events)
        if x.behaviour == "emotion.frustration"
    ]
    assert (one.verdict, one.speaker) == ("observed", Party.CUSTOMER)
    assert "ridiculous" in spoken(one, events)
    (level,) = [span for span in one.evidence if isinstance(span, SignalSpan)]
    assert level.name == "frustration"
    assert 0.5 <= level.value <= 3.0


@pytest.mark.parametrize(
    "text",
    [
        "My father passed away last week, and I don't know what to do.",
        "It's a bit slow in the evenings, could you have a look?",
        "No, it's fifteen, one five.",
        "I can't believe how quick that was, thank you so much.",
        "Oh, that's brilliant. Perfect.",
        "I literally just left your shop. I just went in and got my car serviced.",
        "I literally just paid my bill, and I have a question.",
    ],
)
def test_sadness_polite_complaints_corrections_and_joy_are_none(text: str) -> None:
    assert said("emotion.frustration", f"C: {text}", "A: I see.", "C: Yes.") == []


def test_praise_is_sour_where_the_call_is_tense_and_nothing_was_offered() -> None:
    cold = (ANGRY, "A: It is in the other office.", "C: In the other office. Brilliant.")
    good = (ANGRY, "A: I'll send you a new one today.", "C: A new one. Brilliant.")
    assert len(said("emotion.frustration", *cold)) == 2
    assert said("emotion.recovery", *cold) == []
    assert said("emotion.frustration", HELLO, *cold[1:]) == []
    assert len(said("emotion.frustration", *good)) == 1


def test_the_agent_s_words_thrown_back_count_in_a_tense_call_only() -> None:
    answer = "C: A safe place? It was on the kerb."
    agent = "A: The driver left it in a safe place."
    assert said("emotion.frustration", HELLO, agent, answer) == []
    assert len(said("emotion.frustration", ANGRY, agent, answer)) == 2


# --- empathy


@pytest.mark.parametrize(
    "told",
    [
        "My husband passed away last month.",
        "Somebody hit my car and I'm still shaking.",
        "This is ridiculous, I'm furious.",
    ],
)
def test_trouble_that_is_told_is_met_or_passed_over(told: str) -> None:
    kind = "A: Oh no, I'm so sorry, that must be awful for you."
    assert said("emotion.empathy", f"C: {told}", kind, "C: Yes.") == ["delivered"]
    assert said("emotion.empathy", f"C: {told}", "A: Policy number?", "C: Four four one.") == ["missed"]


@pytest.mark.parametrize(
    "reply",
    ["Let me get that sorted for you right now.", "Sorry, I can hear how hard that is. What's your number?"],
)
def test_help_at_once_is_not_passing_over(reply: str) -> None:
    assert "missed" not in said("emotion.empathy", "C: My mother died on Friday.", f"A: {reply}", "C: Yes.")


def test_nothing_is_owed_to_a_plain_request() -> None:
    assert said("emotion.empathy", HELLO, "A: Order number?", "C: Four one.") == []
    assert said("emotion.empathy", HELLO, "A: Sorry, what was the number?", "C: Four one.") == []


# --- recovery


def test_the_customer_eases_after_a_good_answer_and_not_after_a_bad_one() -> None:
    thanks = "C: Okay. Thank you, I appreciate that."
    assert said("emotion.recovery", ANGRY, "A: I'll refund it right now.", thanks) == ["delivered"]
    assert said("emotion.recovery", ANGRY, "A: You need to calm down.", thanks) == []
    assert said("emotion.recovery", HELLO, "A: I'll refund it right now.", thanks) == []
    assert said("emotion.recovery", ANGRY, "A: I'll refund it right now.", "C: Thank you. Bye.") == []


# --- the clock

COLD = tuple(
    line
    for n in range(6)
    for line in (
        "A: It is the depot that has the list of these.",
        f"…{8 + n}",
        "C: This is ridiculous. Nobody ever calls back.",
    )
)


def test_the_clock_runs_up_before_two_minutes_where_nobody_says_anything_to_it() -> None:
    (one,) = [x for x in judged(ANGRY, *COLD) if x.behaviour == "emotion.frustration_clock"]
    assert (one.verdict, one.kind) == ("missed", "unresolved")
    assert 90.0 <= one.at - one.start < 120.0
    assert "seconds" in one.note


def test_a_no_that_speaks_of_booking_acknowledges_nothing() -> None:
    cold = "A: Unless you take the Wednesday, there's no way I can book anything. That's our policy."
    assert said("emotion.frustration_clock", ANGRY, cold, "C: Fine.") == []


def test_the_clock_is_stopped_by_an_acknowledgement_or_by_ease() -> None:
    sorry = "A: I'm so sorry, I can see why that is annoying."
    assert said("emotion.frustration_clock", ANGRY, sorry) == [("delivered", "acknowledged")]
    assert said("emotion.frustration_clock", ANGRY, "A: It says Tuesday.", "C: Okay, thank you.") == [
        ("delivered", "eased")
    ]
    assert said("emotion.frustration_clock", HELLO, sorry) == []


def test_one_angry_word_that_fades_is_no_alarm() -> None:
    assert (
        said(
            "emotion.frustration_clock", "C: This is ridiculous.", "A: It says Tuesday.", "…150", "C: Hello?"
        )
        == []
    )


# --- abuse


@pytest.mark.parametrize(
    "text",
    [
        "You're an idiot.",
        "Are you stupid?",
        "You are a bunch of lazy liars.",
        "Shut up.",
        "You, sir, are a moron.",
        "You useless cow.",
    ],
)
def test_insults_and_curses_at_the_agent(text: str) -> None:
    assert said("emotion.abuse", HELLO, "A: It says Tuesday.", f"C: {text}") == ["observed"]


@pytest.mark.parametrize(
    "text",
    [
        "This damn router is useless.",
        "My brother is an idiot with computers.",
        "I'm such an idiot, I forgot the code.",
        "He called me and said you're a liar.",
        "You're not stupid, I know that.",
        "The driver was a clown.",
        "You are very kind.",
    ],
)
def test_things_third_persons_oneself_and_quotations_are_no_abuse(text: str) -> None:
    assert said("emotion.abuse", HELLO, "A: It says Tuesday.", f"C: {text}") == []


def test_a_word_for_an_answer_is_clipped_unless_it_was_asked_for() -> None:
    def clipped(customer: str) -> bool:
        return ("harmful", "clipped") in said(
            "emotion.leakage", ANGRY, "A: It says Tuesday.", customer, "A: Nope."
        )

    assert clipped("C: This is ridiculous. I'm not paying for this.")
    assert not clipped("C: This is ridiculous. Do you even have it?")


def test_a_limit_set_firmly_after_abuse_is_no_leakage() -> None:
    firm = "A: I want to help you, and I won't continue if you shout at me."
    assert "harmful" not in verdicts(
        judged(ANGRY, "A: It says Tuesday.", "C: You're an idiot.", firm), "emotion.leakage", kinds=False
    )


# --- the catalogue

CONTEXT = {  # what an example stands behind, and what follows it
    "emotion.leakage": ((ANGRY,), "A", ("C: Well.",)),
    "emotion.frustration": ((HELLO, "A: It says Tuesday."), "C", ()),
    "emotion.abuse": ((HELLO, "A: It says Tuesday."), "C", ()),
    "emotion.recovery": ((ANGRY, "A: I'll refund it right now."), "C", ()),
    "emotion.empathy": (("C: My house burned down, and I'm so scared.",), "A", ("C: Four one.",)),
    "emotion.frustration_clock": ((ANGRY,), "A", ()),
}
EXAMPLES = [
    (row.id, verdict, text)
    for row in catalogue().values()
    if row.id in CONTEXT
    for verdict, texts in row.examples.items()
    for text in texts
    if verdict != "unresolved"  # takes a minute and a half: tested above
]


@pytest.mark.parametrize(("behaviour", "verdict", "text"), EXAMPLES)
def test_the_catalogue_s_examples_are_judged_as_they_say(behaviour: str, verdict: str, text: str) -> None:
    before, who, after = CONTEXT[behaviour]
    line = f"{who}: {re.sub(r'^[(][^)]*[)] ', '', text)}"
    found = [one for one in judged(*before, line, *after) if one.behaviour == behaviour]
    assert verdict in {word for one in found for word in (one.verdict.value, one.kind)}


def test_every_emotion_says_where_its_thresholds_come_from_and_shows_examples() -> None:
    for name in CONTEXT:
        row = catalogue()[name]
        assert row.examples
        assert set(row.why) == set(row.thresholds)
