"""The conversation's dynamics: who cuts in, who nods; silence, shares, rates, and how the call ended."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detectors.conversation import Conversation
from streaming.events import AudioGap, CallInfo, Detection, Event, Party, Verdict
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge


def judged(*lines: str, extra: Sequence[Event] = (), info: CallInfo | None = None) -> list[Detection]:
    events = (*extra, *dialogue(*lines))
    return judge(Conversation(info or CallInfo(call_id="t"), Policy()), events)


def of(found: Sequence[Detection], behaviour: str) -> list[Detection]:
    return [one for one in found if one.behaviour == behaviour]


LONG = "C: I was at home on Tuesday all day and the man rang and then he just left with the"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((LONG, "A -0.8: Right, but your contract says you must be there."), id="unfinished"),
        pytest.param(
            (LONG + " parcel.", "A -1.0: Your contract says that you must be there yourself."),
            id="well inside a whole sentence",
        ),
        pytest.param(
            (LONG, "A -0.6: No. What street?", "C +0.2: Let me finish."), id="few words, turn given up"
        ),
    ],
)
def test_starting_inside_a_sentence_and_taking_the_turn_is_an_interruption(lines: tuple[str, ...]) -> None:
    [one] = of(judged("A: How can I help?", *lines), "listening.interruption")
    assert (one.verdict, one.kind, one.speaker) == (Verdict.HARMFUL, "cut_off", Party.AGENT)
    assert one.at >= one.end > one.start


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((LONG, "A -1.5: Mm-hmm.", "C -0.3: parcel in his hands."), id="a nod"),
        pytest.param((LONG, "A -0.9: Right, okay."), id="a nod at the end"),
        pytest.param((LONG + " parcel.", "A -0.4: I'll look into that for you now."), id="on the last word"),
        pytest.param((LONG, "A +0.5: Right, but your contract says so."), id="after a stop"),
        pytest.param(
            (LONG + " parcel and the note.", "A -4.0: But your contract says that"), id="not yielded to"
        ),
        pytest.param(
            ("A: I will send you the form today and then you", "C -0.8: Oh, thank you, that is good of you."),
            id="the customer comes in",
        ),
        pytest.param(
            ("A: I can see the order here and", "C -1.0: Yes.", "A -0.3: it left on Monday morning at nine."),
            id="the customer nods",
        ),
    ],
)
def test_a_nod_a_last_word_and_an_attempt_are_none(lines: tuple[str, ...]) -> None:
    assert of(judged("A: How can I help?", *lines), "listening.interruption") == []


def test_nobody_is_accused_over_lost_audio() -> None:
    lost = AudioGap(speaker=Party.CUSTOMER, start=2.0, end=4.0, reason="lost")
    lines = ("A: How can I help?", LONG, "A -0.8: Right, but your contract says you must be there.")
    assert of(judged(*lines, extra=(lost,)), "listening.interruption") == []


def test_silence_of_both_is_noticed_with_its_length() -> None:
    found = of(judged("A: Let me look.", "…9", "A: Here it is."), "call.dead_air")
    assert [span.value for one in found for span in one.evidence if span.kind == "signal"] == [9.0]
    assert of(judged("A: Let me look.", "…4", "A: Here it is."), "call.dead_air") == []


def test_a_beat_is_told_from_the_line_s_own_delay() -> None:
    long = "C: " + "and then he told me that it would come on Friday " * 3
    quick = ("A: Hello.", "C +0.5: Hi there.", "A +0.6: How can I help?")
    [rested] = of(judged(*quick, long, "A +1.2: I see what you mean there."), "listening.pause")
    [hasty] = of(judged(*quick, long, "A +0.6: I see what you mean there."), "listening.pause")
    assert (rested.verdict, hasty.verdict) == (Verdict.DELIVERED, Verdict.MISSED)


def test_shares_and_rates_are_shown_at_the_end() -> None:
    found = judged("A: " + "word " * 30, "C: " + "word " * 10)
    [share], [rate], [length] = (of(found, f"call.{key}") for key in ("talk_ratio", "rate", "handle_time"))
    [span] = share.evidence
    assert span.kind == "signal"
    assert span.value == pytest.approx(0.75, abs=0.03)
    assert {one.speaker: one.value for one in rate.evidence if one.kind == "signal"}[
        Party.AGENT
    ] == pytest.approx(171, abs=3)
    assert length.note.startswith("The call took 0:")


def test_too_little_talk_has_no_share() -> None:
    assert of(judged("A: Hello."), "call.talk_ratio") == []


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (("A: Thanks for calling, have a lovely day.", "C: Bye."), "after_farewell"),
        (("A: You will have to wait.", "C: Forget it."), "abrupt"),
    ],
)
def test_the_end_says_whether_there_was_a_goodbye(lines: tuple[str, ...], kind: str) -> None:
    [end] = of(judged("A: Hello.", *lines), "call.hang_up")
    assert (end.verdict, end.kind) == (Verdict.OBSERVED, kind)


def test_a_closing_that_was_cut_off_is_told() -> None:
    events = dialogue(
        "A: Hello.", "C: Bye now.", "A: Thank you for calling and have a very lovely day.", tail=0
    )
    cut = [event for event in events if getattr(event, "at", getattr(event, "end", 0.0)) < 4.0]
    detector = Conversation(CallInfo(call_id="t"), Policy())
    [end] = of(judge(detector, cut, end=4.0), "call.hang_up")
    assert end.kind == "closing_cut_off"


def test_an_agent_who_takes_up_an_open_sentence_again_cuts_nobody() -> None:
    lines = (
        "A: They forgot to flip that little switch so",
        "C: Oh, okay, okay, that makes sense.",
        "A -0.7: let's get that fixed for you right away.",
    )
    assert of(judged(*lines), "listening.interruption") == []
    objects = (lines[0], "C: But I was told that it was done by", lines[2])
    assert len(of(judged(*objects), "listening.interruption")) == 1
