"""Service language by words alone: what counts, what only looks like it, and who said it to whom."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detectors.base import catalogue
from detectors.service import Service
from streaming.events import CallInfo, Detection
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, verdicts

OPENING = (
    "A: Hello, how can I help?",
    "C: My router is dead.",
    "A: I see.",
    "C: Since Monday.",
    "A: Right then.",
)


def judged(*lines: str) -> list[Detection]:
    return judge(Service(CallInfo(call_id="t"), Policy()), dialogue(*lines))


def only(found: Sequence[Detection], behaviour: str) -> list[tuple[str, str]]:
    return [(one.verdict.value, one.kind) for one in found if one.behaviour == behaviour]


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("listening.comprehension", "So let me make sure I have it: it drops when it rains. Is that right?"),
        (
            "listening.comprehension",
            "If I've understood, you want the blue one and not the red. Does that fit?",
        ),
        ("service.ownership", "Leave it with me, I'll chase it up myself."),
        ("service.ownership", "Let me find out and I'll call you back by noon."),
        ("service.next_issue", "You may see two charges at first; one drops off by Friday."),
        ("language.positive", "I can't reopen this one, but I can send a new one to your door."),
        ("language.positive", "Here's what we can do: we move you to Friday."),
    ],
)
def test_what_an_agent_does_well_is_credited(behaviour: str, said: str) -> None:
    assert only(judged(*OPENING, f"A: {said}", "C: Okay."), behaviour) == [("delivered", "")]


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("service.ownership", "You'll have to call the other department."),
        ("service.ownership", "That's not my department, you need to ring billing."),
        ("language.positive", "No, we can't do that. It's in the contract."),
        ("language.positive", "There's no crew free till Monday."),
    ],
)
def test_a_bare_no_and_sending_away_are_missed_chances(behaviour: str, said: str) -> None:
    assert only(judged(*OPENING, f"A: {said}", "C: Great."), behaviour) == [("missed", "")]


@pytest.mark.parametrize(
    "said",
    [
        "There's no hurry, and no charge.",
        "We can't have that!",
        "They told you that you would have to call the other department?",
        "Your colleague said it can't be done?",
        "If you can't find it, that's fine.",
        "You won't have to do anything.",
    ],
)
def test_words_of_refusal_that_refuse_nothing_are_no_refusal(said: str) -> None:
    found = judged(*OPENING, f"A: {said}", "C: Okay.")
    assert ("missed", "") not in only(found, "language.positive") + only(found, "service.ownership")


def test_a_way_found_right_behind_a_no_takes_the_no_back() -> None:
    found = judged(
        *OPENING, "A: I can't refund that.", "A +1.0: But I can move it to Friday for you.", "C: Fine."
    )
    assert only(found, "language.positive") == [("delivered", "")]


def test_a_way_found_only_after_the_customer_s_protest_is_both() -> None:
    found = judged(
        *OPENING,
        "A: I can't refund that.",
        "C: That is no use to me at all.",
        "A: What we can do is move it.",
    )
    assert only(found, "language.positive") == [("missed", ""), ("delivered", "")]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            "I'll put you through to my colleague Ann, and I'll explain everything to her first.",
            ("delivered", "warm"),
        ),
        ("Transferring you now.", ("missed", "cold")),
        ("She's not in, and she'd tell you the same.", ("missed", "refused")),
    ],
)
def test_a_supervisor_asked_for_is_noticed_and_the_answer_judged(
    answer: str, expected: tuple[str, str]
) -> None:
    found = judged(*OPENING, "C: I want to speak to your manager, please.", f"A: {answer}")
    assert only(found, "service.escalation") == [("observed", "asked"), expected]


@pytest.mark.parametrize("said", ["Your manager called me yesterday.", "I'm the manager of the shop myself."])
def test_a_manager_who_is_only_mentioned_is_not_asked_for(said: str) -> None:
    assert only(judged(*OPENING, f"C: {said}"), "service.escalation") == []


def test_signs_of_effort_are_counted() -> None:
    found = judged(
        *OPENING, "C: I've called three times about this.", "A: Oh.", "C: I was on hold for an hour, too."
    )
    notes = [one.note for one in found if one.behaviour == "service.effort"]
    assert len(notes) == 2
    assert notes[0].startswith("The first sign")
    assert notes[1].startswith("Sign 2")


@pytest.mark.parametrize(
    "said", ["I have three children.", "Nobody ever gets that name right.", "I'd like two of those."]
)
def test_numbers_and_nobody_alone_are_no_effort(said: str) -> None:
    assert only(judged(*OPENING, f"C: {said}"), "service.effort") == []


def test_asking_whether_it_is_settled_and_the_answer() -> None:
    found = judged(
        *OPENING, "A: Is there anything else I can do for you?", "C: No, that's everything.", "A: Bye."
    )
    assert only(found, "service.resolution") == [("delivered", ""), ("observed", "confirmed")]


def test_a_new_request_is_no_confirmation() -> None:
    found = judged(*OPENING, "A: Anything else?", "C: Yes, actually, my phone, too. Can you look at it?")
    assert only(found, "service.resolution") == [("delivered", "")]


def test_never_asked_is_missed_at_a_goodbye_and_not_when_the_line_drops() -> None:
    assert verdicts(judged(*OPENING, "A: It works now. Bye.", "C: Bye."), "service.resolution") == ["missed"]
    assert verdicts(judged(*OPENING, "A: So you press the button and"), "service.resolution") == []


def test_an_opening_question_is_no_settling_question() -> None:
    found = judged("A: Anything else I should know before we start?", "C: No.", "A: Bye.", "C: Bye.")
    assert "delivered" not in verdicts(found, "service.resolution")


EXAMPLES = [
    (row.id, kind, text)
    for row in catalogue().values()
    if row.detector == Service.name
    for kind, texts in row.examples.items()
    for text in texts
]


@pytest.mark.parametrize(("behaviour", "verdict", "text"), EXAMPLES)
def test_a_shipped_example_is_judged_as_the_catalogue_says(behaviour: str, verdict: str, text: str) -> None:
    """Each in the plainest company: the customer's words said by the customer, a no after a request."""
    talk = [
        *OPENING,
        "C: Can you help me with that?",
        "A: Yes.",
        "C: Good.",
        "A: I see.",
        "C: Well.",
        "A: So.",
    ]
    if behaviour == "service.resolution" and verdict == "observed":
        talk += ["A: Is that everything sorted?", f"C: {text}"]
    elif verdict == "observed":
        talk.append(f"C: {text}")
    else:
        talk += [
            "C: So what now, please?",
            "A: Well, then.",
            "C: Yes?",
            f"A: {text}",
            "C: Okay then, thanks.",
        ]
    assert verdict in [one for one, _ in only(judged(*talk), behaviour)]


@pytest.mark.parametrize(
    "said",
    [
        "They look like the buttons when you have to reset your radio clock.",
        "You need to calm down.",
        "First you have to press the small button on the side.",
    ],
)
def test_what_a_step_needs_and_an_order_to_be_calm_turn_nothing_down(said: str) -> None:
    assert only(judged(*OPENING, f"A: {said}", "C: Okay then, I see that."), "language.positive") == []


def test_notes_at_hand_are_no_way_found() -> None:
    found = judged(
        *OPENING, "A: We can't do that. Well, I've got the driver's notes here.", "C: So what now?"
    )
    assert only(found, "language.positive") == [("missed", "")]


def test_another_department_alone_sends_away() -> None:
    found = judged(*OPENING, "A: Different department. They open at nine.", "C: Oh, all right.")
    assert only(found, "service.ownership") == [("missed", "")]


@pytest.mark.parametrize(
    ("said", "checks"),
    [
        ("You just had it serviced here, but the light was still on. Is that what happened?", True),
        ("Thank you, so that's 447 129 83. Is that right?", True),
        ("Thank you for that, so it's at 9. Is that right?", False),
        ("It goes out on the van tomorrow at nine. Is that right?", False),
    ],
)
def test_what_the_customer_told_said_back_with_a_question_checks_understanding(
    said: str, checks: bool
) -> None:
    found = judged(*OPENING, f"A: {said}", "C: Yeah.")
    assert only(found, "listening.comprehension") == [("delivered", "")] * checks
