"""listening.acknowledgement: one verdict a customer turn, and no false accusation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from detectors.acknowledgement import Acknowledgement
from detectors.base import catalogue
from streaming.events import (
    AudioGap,
    CallInfo,
    Detection,
    Event,
    Party,
    Tick,
    Utterance,
    Verdict,
    Word,
    WordsHeldBack,
)
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken, verdicts

HELLO = "A: Good morning, how can I help you?"


def judged(*lines: str, call: CallInfo | None = None, tail: float = 8.0) -> list[Detection]:
    return heard(dialogue(*lines, tail=tail), call)


def heard(events: Sequence[Event], call: CallInfo | None = None) -> list[Detection]:
    return judge(Acknowledgement(call or CallInfo(call_id="t"), Policy()), events)


def names(detections: list[Detection]) -> list[tuple[str, str] | str]:
    return verdicts(detections, "listening.acknowledgement")


WRONG = ("harmful", "wrong_readback")


@pytest.mark.parametrize(
    ("customer", "agent"),
    [
        # key words, inflected or misspelled by the recogniser
        ("My internet is really slow.", "I'm sorry your internet's slow. Could I have your postcode?"),
        ("I'd like to cancel my subscription.", "Okay, cancelling the subscription. May I ask why?"),
        ("I have a problem with my Elantra.", "With the Alantra, okay. What's the mileage?"),
        ("My dishwasher stopped working.", "So the dishwasher isn't working. Where did you buy it?"),
        # paraphrase
        ("My internet is really slow.", "Your broadband is sluggish, I see. What's your name?"),
        ("My parcel still has not arrived.", "It wasn't delivered, okay. Can I have the order number?"),
        ("I'd like to get my money back.", "A refund, sure. What's the order number?"),
        # read-backs
        ("It's four four seven one two nine.", "Four four seven, one two nine. And your name?"),
        ("It's four four seven one two nine.", "447-129, thank you. And your name?"),
        ("It's nine three seven, five five five, zero one four two.", "Ending in zero one four two. Name?"),
        ("It's the fourth of March, nineteen eighty-one.", "March 4th, 1981, thanks. Your postcode?"),
        ("It's double four seven one.", "4471, thank you. What's your name?"),
        ("The name is spelled M-I-L-L-E-R.", "M I L L E R. And the first name?"),
        # a comprehension formula with content
        ("I was charged twice for the hotel.", "So you're saying there are two charges. Which card?"),
        # said back in passing, after a nod
        ("It's kind of orange. It used to be white.", "Okay. Orange, thank you. Could you restart it?"),
        ("My name is Suzanne.", "Thank you, Suzanne. What can I do for you?"),
        ("Two hundred and ninety.", "Two hundred and ninety, perfect. Anything else?"),
    ],
)
def test_what_comes_back_is_credited(customer: str, agent: str) -> None:
    found = judged(HELLO, f"C: {customer}", f"A: {agent}", "C: Okay.")
    assert names(found) == ["delivered"]
    assert found[0].confidence >= 0.6


@pytest.mark.parametrize(
    ("customer", "agent"),
    [
        ("I've just moved house, so I'd like to change the address on my insurance.", "Account number?"),
        ("It's five five two, zero nine one, seven.", "Give me your date of birth."),
        ("The new place is forty-two Maple Street, apartment six.", "Phone number?"),
        ("Why did my renewal go up by sixty dollars?", "Where do you park the car? Street or driveway?"),
        ("My internet is really slow.", "What's your account number?"),
        ("My parcel is missing and I need it for a wedding.", "Can I take your postcode, please?"),
        ("It's the fourth of March, nineteen eighty-one.", "I need the names of the drivers."),
        (
            "Could you please send me the documents by email?",
            "Okay, so that starts at midnight, and there's a ten dollar fee for it.",
        ),
    ],
)
def test_moving_on_is_missed(customer: str, agent: str) -> None:
    found = judged(HELLO, f"C: {customer}", f"A: {agent}", "C: Oh. Hold on a moment.")
    assert names(found) == ["missed"]
    assert found[0].confidence >= 0.6


@pytest.mark.parametrize(
    "customer",
    ["Yes.", "Okay, thanks.", "Mm-hm.", "No.", "Sure, go ahead.", "Yeah, that's right.", "Thank you so much.",
     "No, that's everything. Thanks a lot. Bye.", "Hello?", "One moment, please.", "Um.", "Oh, okay, great."],
)  # fmt: skip
def test_small_talk_is_no_opportunity(customer: str) -> None:
    assert names(judged(HELLO, f"C: {customer}", "A: What's your account number?", "C: Right.")) == []


@pytest.mark.parametrize(
    ("customer", "agent"),
    [
        ("Tom.", "What's the make and model of the car?"),  # what was asked says what it means
        ("My internet is really slow.", "When did that start?"),  # a question about it
        ("My internet is really slow.", "Sorry, could you say that again?"),  # asked to repeat
        ("My internet is really slow.", "I'm sorry to hear that. I can help you with that."),  # not yet over
        ("I'd like to cancel my policy.", "What's the policy number?"),  # half an echo
    ],
)
def test_in_doubt_nothing_is_judged(customer: str, agent: str) -> None:
    assert names(judged(HELLO, f"C: {customer}", f"A: {agent}", "C: Okay.")) == []


@pytest.mark.parametrize(
    ("customer", "agent"),
    [
        ("What time do you close on Saturday?", "At six in the evening."),
        ("Do you have it in blue?", "No, I'm afraid we don't. Anything else?"),
        ("When?", "Wednesday morning, between nine and eleven."),
        ("Can you cancel my order?", "Sure, I'll do that right away for you. One moment."),
        ("Somebody drove into the back of me, and I'm still shaking.", "I can imagine, that must be awful."),
        ("It's double oh six, like in the films.", "Double oh six. Any other numbers?"),
    ],
)
def test_an_answer_doing_it_and_taking_it_up_are_credited(customer: str, agent: str) -> None:
    assert names(judged(HELLO, f"C: {customer}", f"A: {agent}", "C: Okay.")) == ["delivered"]


@pytest.mark.parametrize(
    "agent",
    ["It's in the terms, you agreed to them.", "Nah.", "Well, the system says it was left outside."],
)
def test_turning_it_away_is_missed(agent: str) -> None:
    found = judged(
        HELLO, "C: My mother's parcel stood in the rain all day.", f"A: {agent}", "C: Unbelievable."
    )
    assert names(found) == ["missed"]


def test_a_question_turned_away_is_no_answer_and_no_accusation() -> None:
    found = judged(HELLO, "C: Can I have my money back?", "A: That's not my department.", "C: Oh.")
    assert "missed" not in names(found)


def test_a_courteous_start_gets_a_second_turn() -> None:
    opening = (HELLO, "C: My internet is really slow.", "A: I can help with that. What's your name?")
    then = "C: Tom."
    assert names(judged(*opening, then, "A: So the internet's slow. Is the router on?")) == ["delivered"]
    missed = judged(*opening, then, "A: And what's your date of birth?", "C: Why?")[0]
    assert missed.verdict is Verdict.MISSED
    assert missed.confidence < 0.6  # never enough for an alert


def test_a_turn_over_several_utterances_is_one_opportunity() -> None:
    found = judged(
        "C: Hi, I just left your shop.",
        "C +0.7: I got my car serviced.",
        "A: Mm-hm.",
        "C +0.6: But the oil light is still on.",
        "A: Got it.",
        "A +0.6: You got it serviced here,",
        "A +0.6: and the light was on when you drove off?",
        "C: Yeah.",
    )
    assert names(found) == ["delivered"]
    assert found[0].id == "listening.acknowledgement@c1"


def test_what_is_asked_for_again_is_the_same_opportunity() -> None:
    found = judged(
        "A: Account number?",
        "C: It's five five two, zero nine one, seven.",
        "A: Huh?",
        "C: Five, five, two. Zero, nine, one. Seven.",
        "A: Give me your date of birth.",
        "C: Sure.",
    )
    assert names(found) == ["missed"]


def test_words_of_the_question_are_no_echo() -> None:
    found = judged(
        "A: What's the colour of the router's light?",
        "C: The light on the router is orange.",
        "A: Light on the router. Do you have a cable?",
        "C: Yes.",
    )
    assert "delivered" not in names(found)


def test_said_back_while_the_customer_still_speaks() -> None:
    found = judged(
        "A: What car is it?",
        "C @2: It's a Hyundai, it's a 2019 and I bought it from you in the spring.",
        "A @5: A 2019.",
    )
    assert names(found) == ["delivered"]


def test_the_agent_cannot_echo_what_was_not_said_yet() -> None:
    found = judged(
        "A: What car is it?",
        "C @2: Well let me see now, what does it say here, it says it's a 2019.",
        "A @2.5: Is it a 2019?",
    )
    assert names(found) == []


def test_terms_read_back_after_the_customer_agrees() -> None:
    found = judged(
        "A: The next slot is Wednesday between eight and six.",
        "C: Wednesday? I can't sit here from eight until six.",
        "A: Do you want the slot or not?",
        "C: Yes, I want the slot.",
        "A: Okay. Wednesday, eight until six. It's booked.",
        "C: Fine.",
    )
    assert names(found)[-1] == "delivered"


def test_the_customers_name_alone_does_not_acknowledge_the_trouble() -> None:
    call = CallInfo(call_id="t", customer_name="Maria Lopez")
    found = judged(
        HELLO,
        "C: This is Maria Lopez. My parcel is missing.",
        "A: Hello Maria. What's your postcode?",
        "C: Um.",
        call=call,
    )
    assert names(found) == ["missed"]


def test_silence_settles_that_the_agent_moved_on() -> None:
    found = judged(HELLO, "C: My internet is really slow.", "A: What's your account number?", tail=8.0)
    assert names(found) == ["missed"]
    assert 3.5 <= found[0].at - found[0].end <= 5.5


# --- wrong read-backs

CODE = "C: It's four four seven one two nine."


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("So that's four four seven one three nine?", "No, it's four four seven one two nine."),
        ("Four four seven, one three nine.", "No, one two nine at the end: four four seven one two nine."),
        ("Was that 447-139?", "No, that's wrong."),
        ("Four four seven, one three nine, thank you, is that right?", "No."),
    ],
)
def test_a_wrong_read_back_that_the_customer_corrects(reply: str, answer: str) -> None:
    found = judged("A: Your number?", CODE, f"A: {reply}", f"C: {answer}")
    assert names(found)[0] == WRONG
    assert found[0].confidence >= 0.75


def test_a_date_read_back_wrongly_and_corrected() -> None:
    found = judged(
        "A: Your date of birth?",
        "C: The fourth of March, nineteen eighty-one.",
        "A: So that's the fourteenth of March, nineteen eighty-one.",
        "C: No, the fourth of March, nineteen eighty-one.",
    )
    assert names(found)[0] == WRONG


@pytest.mark.parametrize("answer", ["Yes.", "Yeah, that's right.", "Mm-hm.", "Correct, thank you."])
def test_the_customers_yes_outweighs_what_the_recogniser_heard(answer: str) -> None:
    found = judged("A: Your number?", CODE, "A: Four four seven, one three nine?", f"C: {answer}")
    assert names(found) == ["delivered"]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("Thanks. There's a sixteen dollar fee.", "No, I won't pay that."),
        ("Your reference is four four seven one three nine.", "No, thank you."),
        ("I have an order from March 14th, 1981.", "No, that's not mine."),
        ("Four four seven, one two nine.", "No wait, it's four four seven one three nine."),
        ("That was on the 15th. What's your name?", "No, it's Tom."),
    ],
)
def test_another_number_or_another_no_is_no_accusation(reply: str, answer: str) -> None:
    assert WRONG not in names(judged("A: Your number?", CODE, f"A: {reply}", f"C: {answer}"))


def test_a_no_to_another_question_is_charged_only_as_left_standing() -> None:
    found = judged(
        "A: Your number?",
        CODE,
        "A: Four four seven, two one nine, thanks. Do you have a second phone?",
        "C: No.",
    )
    assert [one.confidence for one in found if one.kind == "wrong_readback"] == [0.65]


def unsure(events: Sequence[Event], confidence: float, speaker: Party) -> list[Event]:
    """The same events with the speaker's words heard less surely."""

    def word(one: Word) -> Word:
        return replace(one, confidence=confidence)

    return [
        replace(event, words=tuple(map(word, event.words)))
        if isinstance(event, Utterance) and event.speaker is speaker
        else event
        for event in events
    ]


def test_nobody_objects_and_it_was_heard_surely() -> None:
    events = dialogue("A: Your number?", CODE, "A: So that's four four seven two one nine.", tail=8.0)
    (found,) = heard(events)
    assert (found.kind, found.confidence) == ("wrong_readback", 0.65)
    assert found.at - found.end <= 3.0


@pytest.mark.parametrize("reply", ["six one eight four four zero", "one eight four four"])
def test_a_digit_more_or_less_is_the_recognisers_unless_the_customer_objects(reply: str) -> None:
    found = judged("A: Number?", "C: It's one eight four four zero.", f"A: So that's {reply}.", tail=8.0)
    assert WRONG not in names(found)


@pytest.mark.parametrize("speaker", [Party.AGENT, Party.CUSTOMER])
def test_nobody_objects_but_it_was_not_heard_surely(speaker: Party) -> None:
    events = dialogue("A: Your number?", CODE, "A: So that's four four seven two one nine.", tail=8.0)
    assert names(heard(unsure(events, 0.7, speaker))) == ["delivered"]


def test_one_digit_for_another_is_the_recognisers_where_nobody_objects() -> None:
    found = judged("A: Your number?", CODE, "A: So that's four four seven one three nine.", "C: And the fee?")
    assert names(found) == ["delivered"]


@pytest.mark.parametrize(
    ("stated", "reply", "answer"),
    [
        ("Friday the thirteenth of June.", "Wonderful, so Friday the thirtieth.", "Thirteenth. One three."),
        ("About four thirty-five.", "Four fifty-five. Which street?", "No, thirty-five."),
        ("I come in by gate nine.", "Okay, he'll be at gate five.", "Nine, nine! Not five."),
        ("It's two nine one, seven, double oh, six.", "Two nine one, seven, oh, six.", "No, double oh six."),
        ("V as in Victor, N, four, D as in dog, two.", "V, N, four, T, two?", "No, D like dog."),
        ("Some time in June. The tenth, I think.", "July tenth. Okay.", "June. June tenth."),
        ("It says 2,160 pounds.", "Two thousand sixteen, yes.", "Twenty-one sixty!"),
        ("It's for Fanshaw.", "Thanks, Mr Fernshaw. Your account number?", "Fanshaw, dear."),
        ("The double 409.", "Double four nine oh.", "now 09-409"),  # as a recogniser wrote it
    ],
)
def test_the_customers_correction_tells_a_wrong_read_back(stated: str, reply: str, answer: str) -> None:
    found = judged("A: Go ahead.", f"C: {stated}", f"A: {reply}", f"C: {answer}")
    assert names(found)[0] == WRONG
    assert found[0].confidence >= 0.85


@pytest.mark.parametrize(
    ("stated", "reply", "answer"),
    [
        ("Friday the thirteenth.", "So Friday the thirtieth.", "Thirteenth, yes. Perfect."),  # misheard
        ("I can pay five hundred.", "It's six hundred and forty.", "Five hundred is all I have."),
        ("Does gate nine open early?", "Gate five does, at six.", "Gate five?"),
        ("That's on the twelfth.", "The twelfth, and you pay on the twentieth.", "Okay, the twentieth."),
    ],
)
def test_no_correction_is_no_wrong_read_back(stated: str, reply: str, answer: str) -> None:
    assert WRONG not in names(judged("A: Go ahead.", f"C: {stated}", f"A: {reply}", f"C: {answer}"))


def test_what_the_agent_takes_back_was_wrong_though_the_correction_was_misheard() -> None:
    parts = (
        "A: Which door?",
        "C: Door nine, departures.",
        "A: Okay, she'll pull up to door five.",
        "C: 999.5",
    )
    assert names(judged(*parts, "A: Door nine, I heard five."))[0] == WRONG
    assert WRONG not in names(judged(*parts, "A: Door five, yes. See you there."))


def test_a_no_alone_waits_for_what_is_wrong() -> None:
    parts = ("A: Which day?", "C: The thirteenth of June.", "A: Lovely, the thirtieth of June.", "C: No.")
    assert names(judged(*parts, "C +0.6: The thirteenth."))[0] == WRONG
    assert WRONG not in names(judged(*parts, "A: Which day was it?", "C: The fourteenth."))


def test_a_number_read_back_in_parts_is_judged_when_it_is_whole() -> None:
    parts = ("A: Your number?", CODE, "A: Four four seven,")
    assert names(judged(*parts, "A +0.6: one two nine.", "C: Yes.")) == ["delivered"]
    assert WRONG in names(judged(*parts, "A +0.6: one three nine.", "C: No, one two nine, that's wrong."))


# --- what was not heard is not held against anyone


def test_lost_audio_of_the_agent_leaves_it_unjudged() -> None:
    events = list(dialogue(HELLO, "C: My internet is slow.", "A +3: What's your account number?", "C: Um."))
    gap = AudioGap(speaker=Party.AGENT, start=4.5, end=6.5, reason="lost")
    at = next(n for n, event in enumerate(events) if isinstance(event, Tick) and event.at >= 6)
    assert names(heard(events)) == ["missed"]
    assert names(heard([*events[:at], gap, *events[at:]])) == []


def test_words_held_back_leave_it_unjudged() -> None:
    events = list(dialogue(HELLO, "C: My internet is slow.", "A +2: What's your account number?", "C: Um."))
    reply = next(n for n, event in enumerate(events) if isinstance(event, Utterance) and event.id == "a2")
    kept = WordsHeldBack(
        speaker=Party.AGENT, utterance_id="a2", start=6.0, end=7.0, words=(), reason="low_confidence"
    )
    assert names(heard([*events[:reply], kept, *events[reply:]])) == []


@pytest.mark.parametrize("speaker", [Party.AGENT, Party.CUSTOMER])
def test_words_heard_unsurely_are_not_held_against_anyone(speaker: Party) -> None:
    events = dialogue(HELLO, "C: My internet is slow.", "A: What's your account number?", "C: Um.")
    assert names(heard(unsure(events, 0.3, speaker))) == []


def test_a_customer_who_cuts_in_is_not_held_against_the_agent() -> None:
    found = judged(
        HELLO, "C: My internet is really slow.", "A: What's your account", "C -0.5: And it costs a fortune."
    )
    assert names(found) == []


# --- form


def test_evidence_points_at_both_sides() -> None:
    events = dialogue(HELLO, "C: My internet is slow.", "A: I see, slow internet. Since when?")
    (found,) = heard(events)
    assert spoken(found, events) == "slow. … slow … internet … internet."
    assert found.start < found.end <= found.at


def test_each_opportunity_has_one_verdict_and_partials_change_nothing() -> None:
    lines = (
        HELLO,
        "C: My internet is slow.",
        "A: I'm sorry, slow internet. What's your account number?",
        CODE,
        "A: Give me your date of birth.",
        "C: The fourth of March, nineteen eighty-one.",
        "A: March 4th, 1981. Thank you.",
    )
    events = dialogue(*lines, tail=8.0)
    finals = [event for event in events if isinstance(event, Utterance)]
    with_partials: list[Event] = []
    for event in events:
        if isinstance(event, Utterance):
            with_partials.append(replace(event, final=False, words=event.words[:-1]))
        with_partials.append(event)
    found = heard(events)
    assert names(found) == ["delivered", "missed", "delivered"]
    assert heard(with_partials) == found
    assert len({one.id for one in found}) == len(found) <= len(finals)


# --- what a recogniser does to a call


def test_a_fragment_of_the_agent_leaves_the_customer_the_floor() -> None:
    found = judged(
        "A: Account number?",
        "C: It's five five two, zero nine one, seven.",
        "A: Watch.",  # "What?" misheard
        "C: Five, five, two. Zero, nine, one. Seven.",
        "A: Give me your date of birth.",
        "C: Sure.",
    )
    assert [(one.verdict.value, one.confidence) for one in found] == [("missed", 0.85)]


def test_a_reply_that_settles_nothing_ends_the_turn_all_the_same() -> None:
    found = judged(
        HELLO,
        "C: I'd like to change my address.",
        "A: I can help you with that. Account number?",
        CODE,
        "A: Give me your date of birth.",
        "C: Sure.",
    )
    assert [one.id[-2:] for one in found] == ["c1", "c2"]


@pytest.mark.parametrize("reason", ["loop", "stock_phrase", "no_voice"])
def test_words_nobody_said_leave_no_doubt(reason: str) -> None:
    events = list(dialogue(HELLO, "C: My internet is slow.", "A +2: What's your account number?", "C: Um."))
    reply = next(n for n, event in enumerate(events) if isinstance(event, Utterance) and event.id == "a2")
    loop = WordsHeldBack(speaker=Party.AGENT, utterance_id="a2", start=6.0, end=7.0, words=(), reason=reason)  # type: ignore[arg-type]
    assert names(heard([*events[:reply], loop, *events[reply:]])) == ["missed"]


def test_what_was_not_heard_before_the_customer_went_on_is_no_doubt() -> None:
    lines = (
        HELLO,
        "C: Hi there, good morning.",
        "C +3: My internet is slow.",
        "A: Account number?",
        "C: Um.",
    )
    events = list(dialogue(*lines))
    at = next(n for n, event in enumerate(events) if isinstance(event, Tick) and event.at >= 5)
    kept = WordsHeldBack(
        speaker=Party.AGENT, utterance_id="a9", start=4.5, end=5.0, words=(), reason="low_confidence"
    )
    assert names(heard([*events[:at], kept, *events[at:]])) == ["missed"]


def test_words_the_agent_has_been_using_are_no_echo_of_a_plain_statement() -> None:
    guide = ("A: Please walk out to the car.", "C: Okay, I'm on the corner outside the car.")
    assert names(judged(*guide, "A: Now sit as if you were going to drive the car.", "C: Yes.")) == []
    assert names(judged(*guide, "A: On the corner, good. Now start the car.", "C: Yes.")) == ["delivered"]


def test_a_name_said_first_is_not_what_the_trouble_is_about() -> None:
    lines = (
        "C: Hi. This is Maria Lopez.",
        "C +0.6: My parcel is missing.",
        "A: Thanks, Maria. Postcode?",
        "C: Um.",
    )
    events = dialogue(HELLO, *lines)
    (found,) = heard(events)
    assert found.verdict is Verdict.MISSED
    assert "Maria" not in spoken(found, events).split(" … ")[0]


ROW = catalogue()["listening.acknowledgement"]


@pytest.mark.parametrize(
    ("kind", "example"), [(kind, one) for kind, every in ROW.examples.items() for one in every]
)
def test_the_catalogue_s_examples_are_judged_as_they_say(kind: str, example: str) -> None:
    turns = re.split(r" (?=[AC]: )", example)
    (found, *_) = judged(HELLO, *turns)
    assert kind in (found.kind, found.verdict.value)
    assert found.confidence >= 0.6
