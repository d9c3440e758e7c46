"""Thanks, please and apologies that are meant, told from the same words that are only mentioned."""

from __future__ import annotations

import pytest

from detectors.base import catalogue
from detectors.courtesy import Courtesy
from streaming.events import CallInfo, Detection, Event, Party
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, events_of, judge, said, spoken

OPENING = ("A: Hello, this is Rick.", "C: Hi, I have moved house last week.")


def heard(*lines: str) -> tuple[list[Detection], tuple[Event, ...]]:
    events = dialogue(*OPENING, *lines)
    found = judge(Courtesy(CallInfo(call_id="c1"), Policy()), events)
    return [one for one in found if one.behaviour == "courtesy.words"], events


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Got you, thanks.", "thanks", "thanks."),
        ("I just want to say thank you for being patient.", "thanks", "thank you"),
        ("As I said, thank you for your patience.", "thanks", "thank you"),
        ("I really appreciate your patience.", "thanks", "I really appreciate"),
        ("I appreciate that, Maria.", "thanks", "I appreciate"),
        ("I can't thank you enough.", "thanks", "thank you"),
        ("No, thank you for calling.", "thanks", "thank you"),
        ("Ta very much.", "thanks", "Ta"),
        ("so much for holding, I have it here.", "thanks", "so much for holding,"),  # the start got lost
        ("Could you read me the number, please?", "please", "please?"),
        ("And your date of birth, if you don't mind?", "please", "if you don't mind?"),
        ("Would you mind holding?", "please", "Would you mind"),
        ("Who's calling, if I may ask?", "please", "if I may"),
        ("Could you tell me what the screen says, please?", "please", "please?"),
        ("I'm asking you to please stay calm.", "please", "please"),
        ("I'm so sorry about the delay.", "apology", "I'm so sorry"),
        ("Sorry about that. What was the number again?", "apology", "Sorry"),
        ("I do apologise, that took a while.", "apology", "I do apologise,"),
        ("My mistake, it was the fifth.", "apology", "My mistake,"),
        ("Forgive me, I had the wrong file.", "apology", "Forgive me,"),
        ("I can't tell you how sorry I am.", "apology", "how sorry I am."),
        ("I owe you an apology.", "apology", "I owe you an apology."),
        ("I regret that we let you down.", "apology", "I regret"),
        ("That shouldn't have happened, and it's on me.", "apology", "it's on me."),
        ("One five, yes, sorry, I mumbled.", "apology", "sorry,"),
    ],
)
def test_what_is_meant_is_counted_with_its_words(text: str, kind: str, words: str) -> None:
    found, events = heard(f"A: {text}")
    assert [(one.kind, spoken(one, events)) for one in found] == [(kind, words)]
    assert found[0].verdict.value == "observed"


@pytest.mark.parametrize(
    "text",
    [
        "No thanks, I have it.",
        "Thanks to the new system it's quicker.",
        "Thank God for that.",
        "You'll get an email saying thank you for your order.",
        "Do you want to say thanks to him?",
        "I'd appreciate it if you lowered your voice.",
        "I appreciate that you're upset.",
        "I appreciate your frustration.",
        "Ta-ra, love.",
        "Oh please.",
        "Do you mind!",
        "We aim to please.",
        "If I may say so, that's odd.",
        "She asked you to please send it back.",
        "Please don't worry about it.",
        "Sorry?",
        "Sorry, what was that?",
        "I'm sorry, I didn't catch that.",
        "I'm sorry, could you repeat that for me?",
        "I'm afraid not.",
        "He said sorry already.",
        "I said I'm sorry, what more do you want?",
        "No need to apologise.",
        "They should apologise to you.",
        "I'm not sorry.",
        "That's not our fault.",
        "Is that my fault?",
        "If it's our mistake, we'll refund you.",
        "Better safe than sorry.",
        "You won't regret it.",
        "I feel sorry for him.",
    ],
)
def test_what_is_refused_quoted_denied_or_asked_again_is_not(text: str) -> None:
    assert heard(f"A: {text}")[0] == []


def test_the_same_thing_twice_in_a_sentence_is_one_act() -> None:
    found, _ = heard("A: Thanks, thank you so much.", "A: Thank you. I'm sorry. Thank you again.")
    assert [one.kind for one in found] == ["thanks", "thanks", "apology", "thanks"]
    assert len({one.id for one in found}) == 4


def test_the_customer_s_own_courtesy_is_not_the_agent_s() -> None:
    assert heard("C: Thank you, sorry, could you repeat that please?")[0] == []


def test_a_word_into_the_customer_s_sentence_may_be_a_nod_heard_badly() -> None:
    turns = [
        said(Party.AGENT, "Hello, this is Rick.", 0.5),
        said(Party.CUSTOMER, "It went off on Tuesday, and it has been off since then.", 4.0, 10.0),
        said(Party.AGENT, "Thank you.", 6.0, 6.6),
    ]
    found = judge(Courtesy(CallInfo(call_id="c1"), Policy()), events_of(turns, until=14.0))
    assert [one for one in found if one.behaviour == "courtesy.words"] == []


CONTEXT: dict[str, tuple[str, ...]] = {
    "(given the number)": ("A: What's your account number?", "C: It's four four seven one."),
    "(given the number, asked for without a please)": (
        "A: What's the number?",
        "C: It's four four seven one.",
    ),
    "(asked whether it is ready)": ("C: Is it ready yet?",),
    "(told of a fault)": ("C: My router drops the line each evening.",),
    "(the customer has finished; ten seconds)": ("C: It was sent in May.", "…10"),
}
EXAMPLES = [
    (row.id, kind, text)
    for row in catalogue().values()
    if row.detector == "courtesy"
    for kind, texts in row.examples.items()
    for text in texts
]


def lines_of(behaviour: str, text: str) -> list[str]:
    """The call in which an example of the catalogue is said."""
    context, _, rest = text.rpartition(") ") if text.startswith("(") else ("", "", text)
    before, pause, after = rest.partition(" (ten seconds) ")
    lines = [f"A: {before}", *(["C: Sure.", "…10", f"A: {after}"] if pause else [])]
    asked = ["C: Hi, I'd like to change my address."] if behaviour == "courtesy.willingness" else []
    wound_up = ["…20", "C: That's everything, thanks."] if behaviour == "courtesy.closing" else []
    opened = [] if behaviour == "courtesy.greeting" else list(OPENING[:1])
    ends = ["C +0.9: Oh. All right, it's just that I have moved house last week."]
    return (
        opened + asked + wound_up + list(CONTEXT.get(f"{context})", ())) + lines + ([] if wound_up else ends)
    )


@pytest.mark.parametrize(("behaviour", "kind", "text"), EXAMPLES)
def test_the_catalogue_s_examples_are_judged_as_they_say(behaviour: str, kind: str, text: str) -> None:
    events = dialogue(*lines_of(behaviour, text), tail=20.0)
    found = judge(Courtesy(CallInfo(call_id="c1"), Policy()), events)
    assert kind in {
        word for one in found if one.behaviour == behaviour for word in (one.verdict.value, one.kind)
    }
