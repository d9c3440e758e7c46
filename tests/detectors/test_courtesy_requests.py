"""How information is asked for, and the please and thank you around it."""

from __future__ import annotations

import pytest

from detectors.courtesy import Courtesy
from streaming.events import AudioGap, CallInfo, Detection, Event, Party
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken, verdicts

OPENING = ("A: Hello, this is Rick, how can I help?", "C: Hi, I have moved house last week.")
DEMAND = ("missed", "demand")


def judged(*lines: str) -> tuple[list[Detection], tuple[Event, ...]]:
    events = dialogue(*OPENING, *lines, tail=15.0)
    return judge(Courtesy(CallInfo(call_id="c1"), Policy()), events), events


@pytest.mark.parametrize(
    "text",
    [
        "Could I have your account number, please?",
        "Can I get your name and address?",
        "May I have your date of birth?",
        "Could you tell me what color the light is, please?",
        "Would you mind spelling that for me?",
        "Okay, and could you please confirm your postcode?",
        "Account number, please.",
        "Do you happen to have your order number?",
        "Give me your date of birth, please.",
        "Could you read me the number on the back of the card?",
        "And if you could just give me your phone number.",
        "Can you hold down the button for me?",
        "Could I have your name, please? Phone number?",
        "May I put you on hold for a minute?",
    ],
)
def test_a_friendly_request_is_credited(text: str) -> None:
    found, _ = judged(f"A: {text}", "C: Sure, it's four four seven.")
    assert verdicts(found, "courtesy.request_form") == ["delivered"]


@pytest.mark.parametrize(
    "text",
    [
        "Account number?",
        "Okay, account number?",
        "Data birth.",  # "Date of birth?" as heard by telephone
        "Date of birth.",
        "Your name?",
        "Zip code?",
        "Phone number.",
        "Give me your date of birth.",
        "All right, give me the address.",
        "I need your account number.",
        "I need the names of the drivers.",
        "You need to give me your policy number.",
        "Tell me your postcode.",
        "Spell that.",
        "Say that again.",
    ],
)
def test_a_demand_is_missed_with_the_words_that_show_it(text: str) -> None:
    found, events = judged(f"A: {text}", "C: It's four four seven.")
    assert verdicts(found, "courtesy.request_form") == [DEMAND]
    (demand,) = [one for one in found if one.behaviour == "courtesy.request_form"]
    assert spoken(demand, events) in text


@pytest.mark.parametrize(
    "text",
    [
        "What's your account number?",  # plain: neither friendly nor a demand in words
        "Give me just one second here.",
        "Give me a moment.",
        "I'll need your account number so I can pull that up for you.",
        "I need your account number so I can pull that up for you.",
        "I need a minute to check that.",
        "How can you tell where it is going to come down?",
        "What can you do.",
        "Can you hear me?",
        "Can you imagine that?",
        "Tell me about it.",
        "Your number is on the back of the card.",
        "The account number starts with four.",
        "I want the best for you.",
        "Let me give you the phone number.",
        "Really? The blue one?",
        "And then?",
    ],
)
def test_what_is_neither_is_not_judged(text: str) -> None:
    found, _ = judged(f"A: {text}", "C: It's four four seven.")
    assert verdicts(found, "courtesy.request_form") == []


def test_one_request_said_twice_is_one_request() -> None:
    found, _ = judged("A: I need the mileage on the car. Give me the mileage.", "C: Thirty thousand.")
    assert verdicts(found, "courtesy.request_form") == [DEMAND]


def test_a_second_fragment_goes_on_with_a_friendly_series() -> None:
    lines = [
        "A: Could I have your name, please?",
        "C: Maria Lopez.",
        "A: And your phone number?",
        "C: Five five.",
    ]
    found, _ = judged(*lines)
    assert verdicts(found, "courtesy.request_form") == ["delivered"]


def test_a_fragment_that_ends_a_cut_sentence_is_no_demand() -> None:
    found, _ = judged("A~: So now could I please have your", "A +0.1: account number?", "C: Four four seven.")
    assert DEMAND not in verdicts(found, "courtesy.request_form")


def test_a_fragment_that_answers_which_one_is_needed_is_no_demand() -> None:
    found, _ = judged("C: Which number do you need?", "A: Account number.", "C: It's four four seven.")
    assert verdicts(found, "courtesy.request_form") == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["A: Could I have your name, please?", "C: Ann."], ["delivered"]),
        (["A: What's your name?", "C: Ann Bell.", "A: Thank you, one moment."], ["delivered"]),
        (["C: I've restarted the router now.", "A: Thanks for doing that."], ["delivered"]),
        (
            ["A: Account number?", "C: It's four four seven.", "A: Now tell me your postcode.", "C: AB one."],
            ["missed"],
        ),
        (["A: What's your name?", "C: Ann Bell.", "A: It says you have an old plan."], ["missed"]),
        (["A: What's your name?", "C: Ann Bell.", "A: Perfect, so here's the plan."], []),
        (["A: What's your name?", "C: Why do you need that?", "A: To find your file."], []),
        (["A: What's your name?", "C: Let me get my glasses.", "A: It's in the email."], []),
        (["C: I want a refund.", "A: No thanks to the old system, that takes a week."], []),
        (["A: Thank you for calling about this."], []),
    ],
)
def test_please_or_thanks_once_in_an_exchange(lines: list[str], expected: list[str]) -> None:
    found, _ = judged(*lines)
    assert verdicts(found, "courtesy.please_thanks", kinds=False) == expected


def test_thanks_that_may_be_lost_with_the_audio_are_not_missed() -> None:
    lines = ["A: What's your name?", "C: Ann Bell.", "A +5: It says here that you have an old plan."]
    events = list(dialogue(*OPENING, *lines, tail=15.0))
    gap = AudioGap(speaker=Party.AGENT, start=7.0, end=12.0, reason="lost")
    found = judge(Courtesy(CallInfo(call_id="c1"), Policy()), [gap, *events])
    assert verdicts(found, "courtesy.please_thanks") == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["C: I'd like to cancel my order.", "A: Sure, I can help you with that."], ["delivered"]),
        (["C: Can you send me the form?", "A: Of course, I'll send it now."], ["delivered"]),
        (["C: My router is not working.", "A: Oh no.", "A: Let's get that fixed for you."], ["delivered"]),
        (["C: I want to change my address.", "A: Account number?"], ["missed"]),
        (
            [
                "C: I want to change my address.",
                "A: That costs ten dollars a month.",
                "C: Oh, that is new to me.",
                "A: Well, it is in the contract you have.",
                "C: Then I will think it over again.",
            ],
            ["missed"],
        ),
        (
            [
                "C: I want to change my address.",
                "A: Account number?",
                "C: Five five two.",
                "A: Happy to help.",
            ],
            ["missed"],
        ),
        (
            [
                "C: I want to change my address.",
                "A: That costs ten dollars a month.",
                "C: Oh, that is new to me.",
                "A: Well, it is in the contract you have.",
                "C: Then I will think it over again.",
                "A: Happy to help.",
            ],
            ["missed"],
        ),
        (["C: It rained the whole day here.", "A: Oh, it did here too."], []),
    ],
)
def test_a_request_is_met_with_readiness(lines: list[str], expected: list[str]) -> None:
    events = dialogue(
        "A: Hello, this is Rick.", "C: Hi there, is this the service desk of the shop?", "A: Sure is.", *lines
    )
    found = judge(Courtesy(CallInfo(call_id="c1"), Policy()), events)
    assert verdicts(found, "courtesy.willingness") == expected


def test_an_agent_who_speaks_into_the_answer_has_not_taken_it_yet() -> None:
    found, _ = judged(
        "A @10: What's the make and model of the car?",
        "C @14: Oh yeah, it's a Hyundai Elantra, sorry.",
        "C @20: And it says it is twenty nineteen and I bought it from you all last year.",
        "A @23: That's a twenty nineteen.",
        "A @26.5: Perfect. I am going to look into the manual.",
    )
    assert verdicts(found, "courtesy.please_thanks") == []


@pytest.mark.parametrize(
    "text",
    [
        "May I ask who I'm speaking with?",
        "It would be my pleasure may I ask who I'm speaking with.",  # heard without its full stop
        "Would you be so kind as to give me the order number?",
        "Have you got the booking reference there, please?",
        "And your date of birth, if you don't mind?",
        "Open the old one for me, if you don't mind.",
        "Please take a new picture and send it now.",
        "Give me half a minute to look, would you?",
        "Would you have an account number on one of them?",
        "Who do I have the pleasure of chatting with?",
        "What can I call you?",
        "I was wondering if you could confirm your address.",
        "I need about a minute for that, is it okay if I put you on hold?",
        "I'll bring her on the line. Is that all right?",
        "And your surname please",
    ],
)
def test_friendly_forms_are_credited_with_or_without_their_marks(text: str) -> None:
    found, _ = judged(f"A: {text}", "C: Sure, it's four four seven.")
    assert verdicts(found, "courtesy.request_form") == ["delivered"]


@pytest.mark.parametrize(
    "text",
    [
        "Four fifty-five. Street?",
        "Two one six nine. Name on the account?",
        "H six one one, four oh two. And the date of service?",
        "4 4 1 7 2 2 and your zip code",  # heard without marks
        "Cedar and Salt. Okay. And your seller number.",
        "And the first line of your address?",
        "Email address, Maria?",
        "Full name and date of birth.",
        "Fine. Read it.",
        "The ninth my bad, give me the email on the account.",
        "Then I need your license plate.",
        "I'll need you to sign the form.",
        "You'll have to give me the serial number.",
        "We need a copy of the invoice.",
        "Look, just give me your policy number, okay?",
    ],
)
def test_demands_behind_what_is_read_back_are_heard(text: str) -> None:
    found, _ = judged(f"A: {text}", "C: It's four four seven.")
    assert verdicts(found, "courtesy.request_form") == [DEMAND]


@pytest.mark.parametrize(
    "text",
    [
        "Which account?",
        "What street?",
        "Can you see a light on it?",
        "Would you like the garden side or the water?",
        "For May, I could switch it off from here.",
        "Could I help you with anything else?",
        "If you can't feel it, you have every reason to be upset.",
        "Please ignore the letter.",
        "Tap cards, then the plus sign.",
        "Press the button for ten seconds.",
        "Pop it in the same bag, and we will collect it.",
        "Tell me all about it.",
        "Give me a call on Monday.",
        "I took a novel with me, and read it at Thanksgiving.",
        "Well, I want to see that and City Slickers both.",
        "Account number four four two one.",
        "Wrong number.",
        "Order number? Let me see, it has to be here, I had it a second ago.",
    ],
)
def test_plain_questions_advice_and_talk_are_not_judged(text: str) -> None:
    found, _ = judged(f"A: {text}", "C: It's four four seven.")
    assert verdicts(found, "courtesy.request_form") == []


def test_nouns_to_choose_from_ask_as_the_demand_before_them() -> None:
    choice = ("A: Where do you park it? Street or driveway?", "C: On the street.")
    after, _ = judged("A: Give me the mileage.", "C: It is at thirty thousand miles now.", *choice)
    assert verdicts(after, "courtesy.request_form") == [DEMAND, DEMAND]
    alone, _ = judged(*choice)
    assert verdicts(alone, "courtesy.request_form") == []


def test_what_the_customer_has_just_named_is_read_back_and_not_demanded() -> None:
    found, _ = judged("C: I'd like to change my email.", "A: Email, right.", "C: Yes.")
    assert DEMAND not in verdicts(found, "courtesy.request_form")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["C: My card was swallowed.", "A: I'm going to find out where it is."], ["delivered"]),
        (
            ["C: I'd like to start a year later.", "A: That's something we can absolutely look into."],
            ["delivered"],
        ),
        (["C: I broke my tooth.", "A: I'm so sorry.", "C: Yes.", "A: We'll get you in."], ["delivered"]),
        (
            ["C: I want to cancel.", "A: I can see you joined in May.", "C: I did.", "A: Who signed it?"],
            ["missed"],
        ),
        (
            ["C: I want to cancel.", "A: I can't do that.", "C: And why is that?", "A: It's our policy."],
            ["missed"],
        ),
        (
            [
                "C: I want to cancel.",
                "A: Of course, I can help.",
                "C: And I want a refund.",
                "A: Order number?",
            ],
            ["delivered"],  # once a call
        ),
        (
            [
                "C: My internet has been so slow since Tuesday and",
                "A: Ramam.",
                "C: I get twelve on the new router and",
                "A: Ah, hi.",
                "C: I pay for three hundred.",
                "A: Oh, I'm happy to help you with that.",
            ],
            ["delivered"],  # however the recogniser writes a "mm-hm"
        ),
    ],
)
def test_readiness_is_what_the_agent_says_to_be_about_to_do(lines: list[str], expected: list[str]) -> None:
    events = dialogue("A: Hello, this is Rick.", *lines)
    found = judge(Courtesy(CallInfo(call_id="c1"), Policy()), events)
    assert verdicts(found, "courtesy.willingness") == expected
