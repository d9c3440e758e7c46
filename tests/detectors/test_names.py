"""The customer's name: learned, used, unused, wrong, forced."""

from __future__ import annotations

import pytest

from detectors.names import Names
from detectors.naming import apart, parts, same
from streaming.events import AudioGap, CallInfo, Detection, Event, Party
from streaming.ports import Policy
from tests.detectors.dialogue import Said, dialogue, events_of, judge, said, spoken, verdicts

WRONG = ("harmful", "wrong_name")
FORCED = ("harmful", "forced")
UNUSED = ("missed", "unused")
WAITING = ("observed", "waiting")
LEARNED = ("observed", "learned")
HELLO = "A: Hello, this is Rick, how can I help?"


def call(name: str | None = None, agent: str | None = "Rick Dawson") -> CallInfo:
    return CallInfo(call_id="c1", agent=agent, customer_name=name)


def names(events: tuple[Event, ...] | list[Event], info: CallInfo | None = None) -> list[Detection]:
    """What was judged; where the name was learned is left out."""
    found = judge(Names(info or call(), Policy()), events)
    return [one for one in found if one.kind != "learned"]


@pytest.mark.parametrize(
    ("full", "texts"),
    [
        ("Ms. Maria Lopez", ("maria", "lopez")),
        ("Lopez, Maria", ("maria", "lopez")),
        ("Mister Walker", ("walker",)),
        ("", ()),
    ],
)
def test_a_name_in_the_call_s_data_is_cut_into_parts(full: str, texts: tuple[str, ...]) -> None:
    assert tuple(name.text for name in parts(full)) == texts


@pytest.mark.parametrize(
    ("heard", "name"),
    [
        ("susan", "suzanne"),
        ("suzann", "suzanne"),
        ("dave", "david"),
        ("mike", "michael"),
        ("jon", "john"),
        ("stephen", "steven"),
        ("catherine", "kathryn"),
        ("thuy", "thuy"),
        ("liz", "elizabeth"),
        ("lopes", "lopez"),
    ],
)
def test_a_name_spelled_by_ear_or_shortened_is_the_same(heard: str, name: str) -> None:
    assert same(heard, name) and not apart(heard, name)


@pytest.mark.parametrize(
    ("heard", "name"), [("karen", "suzanne"), ("baker", "walker"), ("peter", "david"), ("maria", "james")]
)
def test_another_name_is_apart(heard: str, name: str) -> None:
    assert apart(heard, name) == (heard != "baker")  # Baker and Walker are too alike to accuse anybody


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("Suzanne Hall", "Yes, okay, Suzanne, I'll look into the manual.", "Suzanne,"),
        ("Suzanne Hall", "Okay Susan, you still there?", "Susan,"),
        ("Suzanne Hall", "Thank you, Suz Ann.", "Suz Ann."),
        ("James Walker", "Okay, Mister Walker, your washing machine.", "Walker,"),
        ("David Miller", "I'm sorry about that, David.", "David."),
        ("David Miller", "Could you run it again for me, please, Dave?", "Dave?"),
        ("Mark Will", "Thank you, Mark.", "Mark."),
        ("Will Grace", "Will, could you restart it?", "Will,"),
        ("Ann Bell", "Thanks, Anne, one moment.", "Anne,"),
        ("Maria Lopez", "Hi Maria Lopez, good to hear you.", "Maria Lopez,"),
    ],
)
def test_a_use_of_the_name_is_credited(name: str, text: str, shown: str) -> None:
    events = dialogue("A: Hello.", "C: Hi there.", f"A: {text}")
    found = names(events, call(name))
    assert verdicts(found, "name.use") == ["delivered"]
    assert spoken(found[0], events) == shown


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Will Grace", "Will you hold, please? It will take a minute."),
        ("Mark Bell", "Mark it as paid, and mark the box."),
        ("Grace May", "You may have a grace period in May."),
        ("Ann Bell", "And in an hour it is on."),
        ("Maria Lopez", "More of that later."),
        ("Rick Jones", "My name is Rick, how can I help?"),
        ("David Miller", "Am I speaking with David Miller?"),
        ("David Miller", "The account is under David Miller."),
        ("David Miller", "I'll write to David's office."),
        ("Suzanne Hall", "Is there a reason for that?"),
        ("Ben Hall", "You get the Benefits package."),
    ],
)
def test_what_is_no_use_to_the_person_is_not_credited(name: str, text: str) -> None:
    assert names(dialogue("A: Hello.", "C: Hi there.", f"A: {text}"), call(name)) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Suzanne Hall", "Thank you, Karen."),
        ("Suzanne Hall", "Okay, Karen, could you hold the button?"),
        ("James Walker", "All right, Mr. Peterson, I have it here."),
        ("Maria", "Hi Kevin, thanks for waiting."),
        ("David Miller", "No problem, Jessica."),
    ],
)
def test_another_name_for_the_customer_is_harmful(name: str, text: str) -> None:
    events = dialogue("A: Hello.", "C: Hi there.", f"A: {text}")
    found = names(events, call(name))
    assert verdicts(found, "name.use") == [WRONG]
    assert found[0].at - found[0].end < 5.0


@pytest.mark.parametrize(
    "lines",
    [
        ["A: My colleague, Karen, will call you."],  # spoken of
        ["A: I'll put you through to our manager, Karen."],
        ["A: Ask for Karen."],
        ["A: Okay, Tuesday, then."],  # no name at all
        ["A: Thanks, Amazon."],
        ["A: This is Rick again."],  # the agent's own
        ["A: Rick, from the service desk."],
        ["C: My daughter Karen has the card.", "A: Okay, Karen, then."],  # the customer said it
        ["C: Hi Terry.", "A: Yes, Terry, that is me."],
        ["A: Thank you, Susanna."],  # too alike
        ["A: Thank you, Hall."],
        ["A: Mrs. Peterson wrote that."],
        ["A: The dealer is in Dallas, Austin, or Houston."],
        ["A: Then press A, B, or C."],
        ["A: Okay, sir, thank you, ma'am."],
    ],
)
def test_a_name_that_is_not_plainly_the_customer_s_accuses_nobody(lines: list[str]) -> None:
    events = dialogue("A: Hello, this is Rick.", "C: Hi there.", *lines)
    assert WRONG not in verdicts(names(events, call("Suzanne Hall")), "name.use")


def test_no_name_is_wrong_before_one_is_known() -> None:
    found = names(dialogue(HELLO, "C: Hi there.", "A: Thank you, Karen."))
    assert verdicts(found, "name.use") == ["delivered"]


def test_a_name_heard_badly_makes_no_other_name_wrong() -> None:
    turns: list[Said] = [
        said(Party.AGENT, "Hello.", 0.5),
        said(Party.CUSTOMER, "My name is Freda.", 2.0, confidence=0.4),
        said(Party.AGENT, "Thank you, Karen.", 6.0),
    ]
    assert names(events_of(turns, until=12.0)) == []


def test_a_name_said_is_told_unused_after_ninety_seconds() -> None:
    lines = [HELLO, "C: Hi, my name is Suzanne.", "A: Okay.", "A: One moment.", "…100", "A: So it is done."]
    events = dialogue(*lines)
    found = names(events)
    assert verdicts(found, "name.use") == [WAITING, UNUSED]
    assert 90.0 <= found[0].at - found[0].start < 91.5
    assert spoken(found[0], events) == "Suzanne."


def test_a_name_in_the_data_counts_from_the_customer_s_first_word() -> None:
    lines = ["A: Hello, this is Rick.", "…40", "C: Hi there.", "A: Okay.", "A: One moment.", "…100"]
    waiting, unused = names(dialogue(*lines), call("Maria Lopez"))
    assert waiting.start == unused.start > 40.0


def test_a_sentence_begun_in_time_may_still_hold_the_name() -> None:
    turns = [
        said(Party.AGENT, "Hello, this is Rick.", 0.5),
        said(Party.CUSTOMER, "My name is Suzanne.", 3.0),
        said(Party.AGENT, "Okay.", 6.0),
        said(Party.AGENT, "One moment.", 9.0),
        said(Party.AGENT, "So that is how it works, and it is all done now, Suzanne.", 90.0, 99.0),
    ]
    assert verdicts(names(events_of(turns, until=105.0)), "name.use") == ["delivered"]


def test_an_agent_who_hardly_spoke_has_missed_nothing() -> None:
    assert names(dialogue(HELLO, "C: My name is Suzanne.", "…120", tail=5.0)) == []


def test_a_short_call_is_too_short_to_miss_it() -> None:
    lines = ["A: Hello.", "C: My name is Suzanne.", "A: Okay.", "A: I see.", "A: Done.", "A: Bye."]
    assert names(dialogue(*lines)) == []


def test_an_absence_over_lost_audio_is_not_judged() -> None:
    lines = [HELLO, "C: Hi, my name is Suzanne.", "A: Okay.", "A: One moment.", "…100", "A: So it is done."]
    gap = AudioGap(speaker=Party.AGENT, start=30.0, end=40.0, reason="lost")
    assert names([gap, *dialogue(*lines)]) == []


def test_three_minutes_without_the_name_ask_for_it_again() -> None:
    lines = [HELLO, "C: I'm Suzanne.", "A: Thanks, Suzanne.", "A: One moment.", "…200", "A: Done."]
    assert verdicts(names(dialogue(*lines)), "name.use") == ["delivered", ("observed", "spacing")]


def test_uses_spaced_through_the_call_are_all_credited() -> None:
    lines = [
        HELLO,
        "C: I'm Suzanne.",
        "A: Thanks, Suzanne.",
        "…60",
        "A: Okay, Suzanne.",
        "…70",
        "A: Bye, Suzanne.",
    ]
    assert verdicts(names(dialogue(*lines)), "name.use") == ["delivered"] * 3


def test_a_burst_is_forced() -> None:
    lines = [
        HELLO,
        "C: I'm Suzanne.",
        "A: Thanks, Suzanne.",
        "A +3: So, Suzanne, that is done.",
        "A +3: It is sent, Suzanne.",
        "A +3: Bye, Suzanne.",
    ]
    found = verdicts(names(dialogue(*lines)), "name.use")
    assert found == ["delivered", "delivered", FORCED, "delivered"], "told once, then counted anew"


def test_a_use_in_nearly_every_turn_is_forced() -> None:
    turns = [
        line for n in range(7) for line in ("A +12: Okay, Suzanne, step done.", "C +12: It is done now.")
    ]
    found = verdicts(names(dialogue(HELLO, "C: I'm Suzanne.", *turns)), "name.use")
    assert found == [*["delivered"] * 4, FORCED, "delivered", "delivered"], "told once, then counted anew"
