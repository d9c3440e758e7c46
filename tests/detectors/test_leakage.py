"""emotion.leakage and emotion.recovery: what is said to a frustrated customer, and false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from detectors import REGISTRY
from detectors.bench import Bench
from detectors.emotion import Emotion
from streaming.events import (
    AudioGap,
    CallInfo,
    Detection,
    DetectionWithdrawn,
    Event,
    Party,
    Profile,
    Signal,
    Utterance,
    Word,
)
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken, verdicts

ANGRY = "C: This is ridiculous. I've called three times about this."
CALM = "C: Hi, I'd like to book a visit for Tuesday, please."


def judged(*lines: str, call: CallInfo | None = None, tail: float = 6.0) -> list[Detection]:
    return heard(dialogue(*lines, tail=tail), call)


def heard(events: Sequence[Event], call: CallInfo | None = None) -> list[Detection]:
    found = judge(Emotion(call or CallInfo(call_id="t"), Policy()), events)
    return [one for one in found if one.behaviour in ("emotion.leakage", "emotion.recovery")]


def harmful(detections: list[Detection]) -> list[str]:
    return [one.kind for one in detections if one.verdict == "harmful"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("Right, you need to calm down.", "dismissive"),
        ("Calm down.", "dismissive"),
        ("Sir, please calm down.", "dismissive"),
        ("Can you just calm down?", "dismissive"),
        ("I said calm down.", "dismissive"),
        ("I'm going to ask you to calm down.", "dismissive"),
        ("Well, that's not my problem.", "dismissive"),
        ("That's not our problem, sir.", "dismissive"),
        ("Like I said, it takes three days.", "dismissive"),
        ("I already told you that.", "dismissive"),
        ("Whatever.", "dismissive"),
        ("What do you want me to do about it?", "dismissive"),
        ("Not us. There's a form for that.", "dismissive"),
        ("Do you want the slot or not?", "dismissive"),
        ("You're overreacting.", "dismissive"),
        ("There's no need to shout.", "dismissive"),
        ("You should have read the contract.", "blaming"),
        ("You should've checked that first.", "blaming"),
        ("Well, that's your own fault.", "blaming"),
        ("That's your fault, not ours.", "blaming"),
        ("You didn't read the instructions.", "blaming"),
        ("You must have dropped it.", "blaming"),
        ("If you had just called earlier, we could have helped.", "blaming"),
        ("That's not my fault.", "defensive"),
        ("I'm just doing my job.", "defensive"),
        ("I don't make the rules.", "defensive"),
        ("Don't blame me for that.", "defensive"),
        ("What part of no don't you understand?", "sarcastic"),
        ("Well, excuse me.", "sarcastic"),
        ("Good for you.", "sarcastic"),
        ("You need to listen to me.", "command"),
        ("Let me finish.", "command"),
        ("Stop interrupting me.", "command"),
        ("Be quiet.", "command"),
        ("Lower your voice, please.", "command"),
    ],
)
def test_answering_a_frustrated_customer_negatively(reply: str, kind: str) -> None:
    found = judged(ANGRY, f"A: {reply}", "C: What?")
    assert harmful(found) == [kind]
    assert found[0].confidence >= 0.6
    assert found[0].id == f"emotion.leakage@a1.{kind}"


@pytest.mark.parametrize(
    "reply",
    [
        # not said, or somebody else's words
        "I'm not telling you to calm down.",
        "I would never tell you to calm down.",
        "Did he tell you to calm down?",
        "I'm sorry he said calm down to you.",
        "You said that's not your problem, I understand.",
        "She told you that's not my problem?",
        'The note says "not our problem", I see.',
        "It's not your fault.",
        "That's not your fault at all.",
        "It wasn't your fault, it's our mistake.",
        "I'm not saying it's your fault.",
        "I don't mean to say you should have read the contract.",
        "That is our fault.",
        "That's not your problem, we will fix it.",
        # the same words, innocent
        "Once things calm down I'll call you back.",
        "You should have received a letter by now.",
        "You should have read access to the folder.",
        "You should have an email from us.",
        "I'll take whatever you prefer.",
        "Whatever works for you is fine with me.",
        "You need to listen for the beep.",
        "Let me finish this form for you.",
        "Let me talk to my supervisor for you.",
        "I won't let this become your problem.",
        "Do you want the blue one or the red one?",
        "That's not bad. It's not a problem.",
        "No problem, I can do that.",
        "The quiet setting should stop the fan.",
        "Excuse me, could you say that again?",
        "And,",
        "You're right, that's not acceptable.",
    ],
)
def test_what_is_not_leakage_even_to_a_frustrated_customer(reply: str) -> None:
    assert harmful(judged(ANGRY, f"A: {reply}", "C: Okay.")) == []


@pytest.mark.parametrize("reply", ["Calm down.", "That's not my problem.", "You should have read the terms."])
def test_some_phrases_are_harmful_to_anyone_but_less_surely(reply: str) -> None:
    (calm,) = judged(CALM, f"A: {reply}", "C: Sorry?")
    angry = judged(ANGRY, f"A: {reply}", "C: Sorry?")[0]
    assert 0.6 <= calm.confidence < angry.confidence


@pytest.mark.parametrize(
    "reply",
    [
        "Like I said, it takes three days.",
        "As I said, Tuesday is fine.",
        "You should have called us first.",
        "You didn't pay the deposit yet.",
        "You need to listen to me.",
        "That's not our department.",
        "Relax.",
        "It was not my fault.",
    ],
)
def test_other_phrases_are_harmless_to_a_calm_customer(reply: str) -> None:
    assert judged(CALM, f"A: {reply}", "C: Okay.") == []


def test_a_customer_who_was_frustrated_long_ago_is_calm() -> None:
    later = ("…150", "C: So the visit is on Tuesday.", "A: Like I said, it's on Tuesday.")
    assert harmful(judged("C: I'm annoyed.", "A: I'm sorry about that.", *later)) == []


def test_thanks_ease_a_frustrated_customer() -> None:
    lines = ("C: I'm annoyed.", "A: I'm sorry, I'll send it today.", "C: Thank you, I appreciate it.")
    assert harmful(judged(*lines, "A: Like I said, it comes today.")) == []


def test_phrases_heard_unsurely_are_not_charged() -> None:
    events = [
        replace(event, words=tuple(replace(word, confidence=0.3) for word in event.words))
        if isinstance(event, Utterance) and event.speaker is Party.AGENT
        else event
        for event in dialogue(ANGRY, "A: You need to calm down.")
    ]
    assert heard(events) == []


def test_the_customers_own_words_are_not_the_agents() -> None:
    lines = ("C: Calm down? You should have read the order. That's not my problem.", "A: I'm so sorry.")
    assert harmful(judged(ANGRY, *lines)) == []


def test_one_detection_a_kind_with_all_its_words() -> None:
    events = dialogue(ANGRY, "A: Well, like I said, that's not my problem, you should have read the terms.")
    found = heard(events)
    assert harmful(found) == ["dismissive", "blaming"]
    shown = spoken(found[0], events)
    assert "like I said," in shown
    assert "that's not my problem," in shown
    assert "This is ridiculous." in shown  # the customer's words that make it leakage
    assert [one.severity.value for one in found] == ["warning", "warning"]


# --- talking over


OVER = "C: This is completely unacceptable, I paid extra and nobody ever told me that I would have to"


def test_talking_over_a_frustrated_customer_who_gives_way() -> None:
    found = judged(ANGRY, OVER, "A -0.9: It's only timed on the first attempt, that is how it works.")
    assert harmful(found) == ["talking_over"]


@pytest.mark.parametrize(
    ("customer", "agent"),
    [
        (OVER, "A +0.5: It's only timed on the first attempt."),  # no overlap
        (OVER, "A -0.9: Mm-hm."),  # a back-channel
        (OVER, "A -0.2: It's only timed on the first attempt."),  # a hair's breadth
        (OVER + " pay for it again.", "A -0.9: I'm so sorry about that, let me look."),  # had finished
        (
            "C: My flat is on the second floor and you can reach me at",
            "A -0.9: Second floor, got it, thanks.",
        ),
    ],
)
def test_what_is_not_talking_over(customer: str, agent: str) -> None:
    before = ANGRY if customer.startswith(OVER) else CALM
    assert "talking_over" not in harmful(judged(before, customer, agent))


# --- the good answers


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("I'm so sorry about that. Let me sort it out for you.", "empathetic"),
        ("I completely understand how frustrating that is.", "empathetic"),
        ("I apologise for the trouble.", "empathetic"),
        ("That must be really frustrating.", "empathetic"),
        ("You're absolutely right.", "empathetic"),
        ("Okay, I can see the order here, it is on the van today.", "steady"),
    ],
)
def test_a_steady_or_empathetic_answer_is_credited(reply: str, kind: str) -> None:
    found = judged(ANGRY, f"A: {reply}")
    assert verdicts(found, "emotion.leakage") == [("delivered", kind)]


@pytest.mark.parametrize(
    "reply",
    [
        "I'm sorry, but that's our policy.",
        "I understand, but there's nothing I can do.",
        "Unless you take the Wednesday there's no way I can book anything.",
        "You'll have to call the depot in the morning.",
        "Huh?",
        "Okay.",
        "Sorry?",
    ],
)
def test_a_cold_or_empty_answer_gets_no_credit(reply: str) -> None:
    assert judged(ANGRY, f"A: {reply}") == []


def test_no_credit_for_a_reply_that_leaks_at_its_end() -> None:
    found = judged(ANGRY, "A: I'm sorry about that.", "A +0.7: But you need to calm down.", "C: What?")
    assert verdicts(found, "emotion.leakage") == [("harmful", "dismissive")]


def test_a_calm_customer_is_no_opportunity() -> None:
    assert judged(CALM, "A: I'm so sorry to hear that.", "C: Thank you.") == []


def test_a_steady_answer_is_not_credited_where_audio_was_lost() -> None:
    events = list(dialogue(ANGRY, "A: I can see the order here and it is on the van.", tail=6.0))
    gap = AudioGap(speaker=Party.AGENT, start=3.9, end=4.4, reason="lost")
    cut = next(n for n, event in enumerate(events) if isinstance(event, Utterance) and event.id == "a1")
    assert heard([*events[:cut], gap, *events[cut:]]) == []


def recovery(*lines: str) -> list[tuple[str, str] | str]:
    return verdicts(judged(*lines), "emotion.recovery", kinds=False)


def test_the_customer_eases_after_empathy() -> None:
    sorry = "A: I'm so sorry about that. I'll send a new one today."
    assert recovery(ANGRY, sorry, "C: Okay. Thank you.") == ["delivered"]
    assert recovery(ANGRY, sorry, "C: To the old address?", "A: Yes.", "C: Then I am home.") == []
    assert recovery(ANGRY, sorry, "C: I'm still furious. This is unacceptable.") == []
    assert recovery(ANGRY, sorry, "C: Thanks for nothing.") == []
    assert recovery(ANGRY, sorry, "…90", "C: Thank you.") == []
    assert recovery(ANGRY, "A: You need to calm down.", "C: Okay. Thank you.") == []


# --- partials


def partial(utterance: Utterance, words: int) -> Utterance:
    return replace(utterance, final=False, revision=words, words=utterance.words[:words])


def with_partials(events: Sequence[Event], speaker: Party = Party.AGENT) -> list[Event]:
    """Every utterance preceded by its growing partials."""
    grown: list[Event] = []
    for event in events:
        if isinstance(event, Utterance) and event.speaker is speaker:
            grown += [partial(event, n) for n in range(1, len(event.words) + 1)]
        grown.append(event)
    return grown


def test_a_long_turn_is_judged_before_it_ends_under_the_same_id() -> None:
    events = dialogue(ANGRY, "A: Well, that's not my problem, it's the depot that books the second attempt.")
    detector = Emotion(CallInfo(call_id="t"), Policy())
    by_words: dict[int, list[Detection]] = {}
    final: list[Detection] = []
    for event in with_partials(events):
        found = list(detector.feed(event))
        if isinstance(event, Utterance) and not event.final:
            by_words[event.revision] = found
        elif isinstance(event, Utterance) and event.speaker is Party.AGENT:
            final = found
    assert by_words[5] == [], "the phrase's last word may still go on"
    (early,) = by_words[6]
    assert early.provisional
    assert [one.id for one in final] == [early.id]
    assert not final[0].provisional


def test_partials_leave_no_trace_in_what_finals_give() -> None:
    events = dialogue(
        ANGRY,
        "A: Well, that's not my problem, sir.",
        "C: Unbelievable. This is a joke.",
        "A: I'm so sorry about that.",
        "C: Okay, thank you.",
        tail=6.0,
    )
    everyone = with_partials(with_partials(events), Party.CUSTOMER)
    finals = [one for one in heard(everyone) if not one.provisional]
    assert finals == heard(events)


def test_a_final_without_the_words_withdraws_the_early_alarm() -> None:
    events = dialogue(ANGRY, "A: Well, that's not my problem to judge, it is ours.")
    final = next(event for event in events if isinstance(event, Utterance) and event.speaker is Party.AGENT)
    other = replace(
        final,
        words=tuple(
            Word(text=t, start=3.9, end=4.0) for t in ["Well", "that", "is", "a", "problem", "of", "ours"]
        ),
    )
    bench = Bench(CallInfo(call_id="t"), Policy(), {"emotion": REGISTRY["emotion"]})
    found: list[Event] = []
    for event in events:
        if event is final:
            found += [*bench.feed(partial(final, 7)), *bench.feed(other)]
        else:
            found += bench.feed(event)
    found = [one for one in found if not isinstance(one, Detection) or one.behaviour == "emotion.leakage"]
    kinds = [type(one).__name__ for one in found]
    assert kinds == ["Detection", "DetectionWithdrawn"]
    assert isinstance(found[1], DetectionWithdrawn)
    assert found[1].id == "emotion.leakage@a1.dismissive"


# --- raised voice


def voiced(events: Sequence[Event], pitches: dict[str, float], arousal: float = 2.5) -> list[Event]:
    """The agent's utterances preceded by pitch and arousal."""
    found: list[Event] = []
    for event in events:
        if isinstance(event, Utterance) and event.speaker is Party.AGENT:
            pitch = pitches.get(event.id, 180.0)
            for name, value in (("f0_median", pitch), ("arousal", arousal if event.id in pitches else 0.0)):
                found.append(
                    Signal(name=name, speaker=Party.AGENT, start=event.start, end=event.end, value=value)
                )
        found.append(event)
    return found


LONG = (*(f"A: This is sentence number {n} of mine." for n in range(7)), ANGRY, "A: It is on the van today.")


def test_a_raised_voice_counts_only_under_the_full_profile() -> None:
    events = voiced(dialogue(*LONG), {"a8": 260.0})
    full = CallInfo(call_id="t", profile=Profile.FULL)
    assert harmful(heard(events, full)) == ["raised_voice"]
    for profile in (Profile.EU_WORKPLACE, Profile.TRAINING):
        assert harmful(heard(events, CallInfo(call_id="t", profile=profile))) == []


def test_a_voice_that_is_not_raised_or_not_against_frustration() -> None:
    full = CallInfo(call_id="t", profile=Profile.FULL)
    assert harmful(heard(voiced(dialogue(*LONG), {"a8": 200.0}), full)) == []
    assert harmful(heard(voiced(dialogue(*LONG), {"a8": 260.0}, arousal=0.5), full)) == []
    calm = dialogue(*LONG[:-2], CALM, LONG[-1])
    assert harmful(heard(voiced(calm, {"a8": 260.0}), full)) == []
