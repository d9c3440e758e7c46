"""A curt answer is the agent's whole turn where one was owed; the same word is listening elsewhere."""

from __future__ import annotations

import pytest

from detectors.courtesy import Courtesy
from streaming.events import AudioGap, CallInfo, Detection, Event, Party
from streaming.ports import Policy
from tests.detectors.dialogue import Said, dialogue, events_of, judge, said, spoken

OPENING = ("A: Hello, this is Rick, how can I help?",)
MOVED = "C: I have moved house, and I would like to change my address."


def curt(events: tuple[Event, ...] | list[Event]) -> list[Detection]:
    return [one for one in judge(Courtesy(CallInfo(call_id="c1"), Policy()), events) if one.kind == "curt"]


@pytest.mark.parametrize(
    "lines",
    [
        ["C: Did you get that I have moved?", "A: Yep.", "C +0.9: Okay. So the new place is in Dayton."],
        ["C: Do you need my old address too?", "A: Nah.", "C: Oh, all right then."],
        ["C: Is it ready yet?", "A: Nope."],
        ["C: Can you see it there?", "A: Uh-huh.", "C +0.8: Good."],
        ["C: It's Maple Street in Dayton.", "A: Huh?", "C: Maple Street, in Dayton."],
        ["C: Five five two, zero nine one.", "A: What?", "C: I said five five two."],
        ["C: I have the card here in front of me.", "A: Yep.", "…4", "C: So, what now?"],
        ["C: You should have him on there already.", "A +0.6: Yep.", "C +0.6: Okay. Good."],
        ["C: Thank you for changing that.", "A: Yep.", "…3"],
        ["C: The shop told me to ring you!", "A: Nah.", "C: I want your manager."],
        ["C: The shop told me to ring you.", "A: No", "C: I want your manager."],  # heard without its stop
        ["C: Pat was there when I paid you.", "A: Nope.", "C: What do you mean, nope?"],
        ["C: I ticked the porch.", "A: Yeah?", "C: Yes! Porch!"],
        ["C: I ticked the porch.", "A: Yes.", "C: Yes, porch with a pee."],  # "Yeah?" as it was heard
        ["C: I'd like to cancel, please.", "A: Why?", "C: Because I'm moving."],
        ["C: I've explained this to everybody.", "A: Uh-huh.", "C: Hello? Are you listening?"],
        ["C: And you charged me fifty dollars.", "A: Yep.", "C: Is there a manager?"],
    ],
)
def test_a_curt_word_as_the_whole_answer_is_curt(lines: list[str]) -> None:
    events = dialogue(*OPENING, *lines, tail=3.0)
    found = curt(events)
    assert len(found) == 1
    assert found[0].at - found[0].end < 2.5  # soon enough to act on
    assert spoken(found[0], events) == next(line for line in lines if line[0] == "A").split(": ")[1]


@pytest.mark.parametrize(
    "lines",
    [
        [MOVED, "A: Uh-huh.", "C +0.3: And my phone number is new too."],  # listening between two sentences
        [MOVED, "A: Yep.", "C +0.5: So the new one is in Dayton."],
        [MOVED, "A: Mm-hmm.", "…3", "A: All right, I have changed that."],
        [MOVED, "A: Uh-uh.", "…4"],  # how a telephone's "uh-huh" is heard
        [MOVED, "A: Yep.", "A +0.6: I have it here, the new address is in."],  # the turn goes on
        [MOVED, "A: Yep, I can change that for you."],
        [MOVED, "A: Huh.", "C: Yes, just last week."],  # not a question: a mark of interest
        [MOVED, "A: Okay.", "…4"],
        [MOVED, "A: Yes.", "…4"],
        ["C: It's five five two,", "A: Yep.", "…2", "C: zero nine one."],  # digits being dictated
        ["C: Five five two. Zero nine one.", "A: Yep.", "…2", "C: And seven."],
        ["C: It was cold in there, you know?", "A: Uh-huh.", "C +0.4: So we left early."],
        ["C: They told me there is a way around it, right?", "A: Uh-huh.", "C +0.4: And I tried."],
        ["C: Okay.", "A: Yep.", "…3"],  # nothing was said that wants an answer
        ["A: So that is done.", "A +0.2: What?", "C: Nothing."],  # said into the agent's own turn
        ["A: I'll send it to", "A +2: Huh?"],
        ["C: Is it on?", "A: Yes, it came on just now.", "A +1.5: Yep.", "…3"],
        ["C: They never even rang me.", "A: No.", "C: It was a long week."],  # sympathy
        ["C: It was suspenseful.", "A: Yeah.", "C: It was really suspenseful."],
        [MOVED, "A: Uh-huh.", "C +0.3: So I'd like to have it sent there."],
    ],
)
def test_the_same_word_elsewhere_is_not(lines: list[str]) -> None:
    assert curt(dialogue(*OPENING, *lines, tail=3.0)) == []


@pytest.mark.parametrize("word", ["Yep.", "Uh-huh.", "Huh?", "What?", "Nah.", "Mm-hm."])
@pytest.mark.parametrize("at", [9.0, 10.5, 13.0])
def test_a_back_channel_while_the_customer_speaks_is_never_curt(word: str, at: float) -> None:
    long = "Did you know that it has been slow since Tuesday and I am on the big plan? And now it is down."
    turns: list[Said] = [
        said(Party.AGENT, "Hello, this is Rick.", 0.5),
        said(Party.CUSTOMER, long, 7.0, 16.0),
        said(Party.AGENT, word, at, at + 0.4),
    ]
    assert curt(events_of(turns, until=22.0)) == []


def test_a_word_the_recogniser_was_unsure_of_accuses_nobody() -> None:
    turns = [
        said(Party.CUSTOMER, "Did you get that?", 5.0),
        said(Party.AGENT, "Yep.", 7.0, confidence=0.2),
    ]
    assert curt(events_of(turns, until=12.0)) == []


def test_a_customer_who_may_have_gone_on_unheard_accuses_nobody() -> None:
    events = list(dialogue(*OPENING, "C: Did you get that I moved?", "A: Yep.", "…3"))
    gap = AudioGap(speaker=Party.CUSTOMER, start=4.0, end=9.0, reason="lost")
    assert curt([gap, *events]) == []


def test_curt_answers_of_a_call_are_judged_one_by_one() -> None:
    lines = [
        "C: Is it there?",
        "A: Yep.",
        "C +1: And is it paid?",
        "A: Yep.",
        "C +1: Do you know when?",
        "A: Nope.",
    ]
    found = curt(dialogue(*OPENING, *lines, tail=3.0))
    assert len({one.id for one in found}) == 3
