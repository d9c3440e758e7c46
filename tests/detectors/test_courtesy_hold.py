"""Holds and dead air: whose silence it is, and what was said around it."""

from __future__ import annotations

import pytest

from detectors.courtesy import Courtesy
from streaming.events import (
    AudioGap,
    CallInfo,
    Detection,
    Event,
    Party,
    SpeechEnded,
    SpeechStarted,
    Tick,
    Utterance,
    WordsHeldBack,
)
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken, verdicts

OPENING = ("A: Hello, this is Rick, how can I help?", "C: Hi, I would like to change my address.")
DEAD = ("missed", "dead_air")
INCOMPLETE = ("missed", "incomplete")


def holds(events: tuple[Event, ...] | list[Event]) -> list[Detection]:
    found = judge(Courtesy(CallInfo(call_id="c1"), Policy()), events)
    return [one for one in found if one.behaviour == "courtesy.hold"]


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (
            [
                "A: Is it all right if I put you on hold for a minute?",
                "C: Sure.",
                "…20",
                "A: Thank you for holding.",
            ],
            "delivered",
        ),
        (["A: Bear with me for two minutes.", "…30", "A: Sorry to keep you waiting."], "delivered"),
        (["A: One moment, please.", "…8", "A: Right.", "A +1: Thanks for waiting, it's done."], "delivered"),
        (["A: Let me look that up, it takes a minute.", "…15", "A: Thanks for your patience."], "delivered"),
        (["A: Can I put you on hold?", "C: Okay.", "…20", "A: Thank you for holding."], INCOMPLETE),
        (
            [
                "A: I'd freeze it now. That'll take about fifteen seconds.",
                "…11",
                "A: Thanks a lot, it's done.",
            ],
            "delivered",
        ),
        (
            ["A: I'm calling her now. It's a minute, tops.", "C: Fine.", "…10", "A: Sorry, she's here."],
            "delivered",
        ),
        (["A: Give me half a minute, would you?", "…12", "A: so much for holding, I have it."], "delivered"),
        (["A: One moment, please.", "…9", "A: So your address is changed now."], INCOMPLETE),
    ],
)
def test_an_announced_hold_needs_its_length_and_thanks(
    lines: list[str], verdict: str | tuple[str, str]
) -> None:
    found = holds(dialogue(*OPENING, *lines, tail=4.0))
    assert verdicts(found, "courtesy.hold") == [verdict]


def test_a_hold_shows_what_was_announced_and_the_thanks() -> None:
    lines = ["A: Could I put you on hold for two minutes?", "C: Sure.", "…9", "A: Thank you for holding."]
    events = dialogue(*OPENING, *lines)
    (hold,) = holds(events)
    assert spoken(hold, events) == "put you on hold … two minutes? … Thank you for holding."


def test_dead_air_is_told_at_the_limit_with_what_the_customer_said_last() -> None:
    events = dialogue(*OPENING, "C: The new one is in Dayton.", "…9", "A: Phone number?")
    (dead,) = holds(events)
    assert (dead.verdict, dead.kind) == DEAD
    assert 6.0 <= dead.at - dead.start < 7.0
    assert spoken(dead, events) == "The new one is in Dayton."


@pytest.mark.parametrize(
    "lines",
    [
        ["C: It's in Dayton.", "…5", "A: Thank you."],  # short enough
        ["A: Let me check that for you.", "…8", "A: It's changed."],  # a word was said
        ["A: What is the new address?", "…8", "C: It's in Dayton."],  # the customer's move
        ["C: One second, I'll get the letter.", "…9", "C: Here it is."],
        ["C: Hold on, let me look.", "A: Sure.", "…9", "C: Here it is."],
        ["A: Go ahead and press the button for me.", "C: Okay.", "…9", "C: It's green."],
        ["A: You're going to want to hold both of them down.", "…9", "C: Done."],
        ["C: Okay, thanks, bye.", "A: Bye.", "…9"],  # goodbyes were said
    ],
)
def test_a_silence_that_is_not_the_agents_is_not_dead_air(lines: list[str]) -> None:
    assert DEAD not in verdicts(holds(dialogue(*OPENING, *lines)), "courtesy.hold")


def test_a_silence_over_lost_audio_is_not_judged() -> None:
    events = list(dialogue(*OPENING, "C: It's in Dayton.", "…9", "A: Okay."))
    gap = AudioGap(speaker=Party.AGENT, start=9.0, end=12.0, reason="lost")
    assert holds([gap, *events]) == []


def test_a_customer_who_was_never_heard_makes_no_dead_air() -> None:
    assert holds(dialogue("A: Hello, this is Rick.", "…9", "A: The rate is two percent.", "…9")) == []


def test_one_silence_is_one_dead_air_however_long() -> None:
    assert len(holds(dialogue(*OPENING, "C: It's in Dayton.", "…40", "A: Okay."))) == 1


def test_a_long_announced_hold_asks_for_a_word_once() -> None:
    found = holds(dialogue(*OPENING, "A: One moment, please.", "…70", "A: Thank you for holding."))
    assert verdicts(found, "courtesy.hold") == [DEAD, "delivered"]


def test_a_pause_after_an_announcement_is_no_hold() -> None:
    assert holds(dialogue(*OPENING, "A: One second.", "A +2: So, your address is changed now.")) == []


def test_dead_air_length_is_the_policy_s() -> None:
    events = dialogue(*OPENING, "C: It's in Dayton.", "…9", "A: Okay.")
    patient = Policy(thresholds={"courtesy.hold.dead_air_seconds": 12.0})
    assert verdicts(judge(Courtesy(CallInfo(call_id="c1"), patient), events), "courtesy.hold") == []


def test_thanks_that_may_be_in_words_held_back_are_not_missed() -> None:
    events = list(dialogue(*OPENING, "A: One moment, please.", "…10", "A +2: So your address is changed."))
    at = max(n for n, event in enumerate(events) if isinstance(event, Utterance))
    back = events[at]
    assert isinstance(back, Utterance)
    start = back.start - 1.0
    held = WordsHeldBack(
        speaker=Party.AGENT,
        utterance_id="a9",
        start=start,
        end=start + 0.5,
        words=(),
        reason="low_confidence",
    )
    assert INCOMPLETE in verdicts(holds(events), "courtesy.hold")
    assert INCOMPLETE not in verdicts(holds([*events[:at], held, *events[at:]]), "courtesy.hold")


def test_music_that_is_taken_for_speech_does_not_end_a_hold() -> None:
    events = list(dialogue(*OPENING, "A: One moment, please.", "…20", "A: So your address is changed."))
    at = next(n for n, event in enumerate(events) if isinstance(event, Tick) and event.at == 14.0)
    blip: list[Event] = [
        SpeechStarted(speaker=Party.AGENT, at=13.0),
        SpeechEnded(speaker=Party.AGENT, at=13.9),
    ]
    assert INCOMPLETE in verdicts(holds([*events[:at], *blip, *events[at:]]), "courtesy.hold")


def test_what_the_agent_calls_a_hold_before_and_after_is_one() -> None:
    lines = [
        *OPENING,
        "A: Is it all right if I put you on hold for ten seconds?",
        "C: Sure.",
        "…6",
        "A: Thank you for holding.",
    ]
    assert verdicts(holds(dialogue(*lines)), "courtesy.hold") == ["delivered"]


def test_a_customer_who_speaks_while_the_words_are_not_here_yet_is_no_silence() -> None:
    said = " ".join(["it started on Monday and nobody knows why"] * 8)
    lines = [
        "A: I'm going to have a look for you.",
        f"C: {said}.",
        "A @20: Mm-hm.",
        "C: So there.",
        "A: I see now.",
    ]
    assert holds(dialogue(*lines)) == []
