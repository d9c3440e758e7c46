"""The opening and the closing, by intent."""

from __future__ import annotations

import pytest

from detectors.courtesy import Courtesy
from streaming.events import AudioGap, CallInfo, Detection, Event, Party
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken, verdicts

CALL = CallInfo(call_id="c1", agent="Rick Dawson")
TALK = ("C: I've moved and need to change my address.", "A +3: All right, that is changed now.")


def judged(*lines: str, tail: float = 2.0) -> tuple[list[Detection], tuple[Event, ...]]:
    events = dialogue(*lines, tail=tail)
    return judge(Courtesy(CALL, Policy()), events), events


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (["A: Good morning, my name is Rick. How can I help you?"], "delivered"),
        (["A: Hi, this is Rick, what can I do for you today?"], "delivered"),
        (["A: Thank you for calling Northway, Hannah speaking, how may I help?"], "delivered"),
        (["A: Hello, Rick here.", "C: Hi.", "A: How can I help you today?"], "delivered"),
        (["C: Hello?", "A: Good evening, you're speaking with Ann. How can I assist you?"], "delivered"),
        (["C: Hi, I've got a question.", "A: Hello, I'm Rick. What can I do for you?"], "delivered"),
        (["A: Welcome to Brightline, how can I direct your call?"], "delivered"),
        (["A: Hello?", "C: Hi, is this the service desk?", "A: Yes."], "missed"),
        (["A: Yeah, policy changes.", "C: Oh, hi. I'd like to change something."], "missed"),
        (["A: Account number?", "C: Oh. Um, hello?"], "missed"),
        (["A: This is the third floor.", "C: Okay. I need some help."], "missed"),
        (["A: Hello, you've reached Northway Insurance.", "C: Hi. I need some help."], "missed"),
        (["A: Hello, this is Northway Insurance.", "C: Hi. I need some help."], "missed"),
        (["A: Hi, Northway, wrecked beecher.", "C: Hello Rick, I need some help."], "delivered"),  # misheard
    ],
)
def test_an_opening_needs_two_of_greeting_name_and_offer(lines: list[str], verdict: str) -> None:
    found, _ = judged(*lines, tail=20.0)
    assert verdicts(found, "courtesy.greeting") == [verdict]


def test_a_whole_opening_is_credited_at_once_with_its_words() -> None:
    found, events = judged("A: Good morning, my name is Rick. How can I help you?", *TALK)
    (opening,) = [one for one in found if one.behaviour == "courtesy.greeting"]
    assert opening.at < 5.0
    assert spoken(opening, events) == "Good morning, … my name is … How can I help"


def test_a_missed_opening_is_told_at_fifteen_seconds_not_earlier() -> None:
    found, _ = judged("A: Yeah?", *TALK, tail=20.0)
    (opening,) = [one for one in found if one.behaviour == "courtesy.greeting"]
    assert opening.at == 15.0


def test_a_greeting_begun_in_time_is_heard_out() -> None:
    late = ["A: Yes?", "C: Hi.", "A @14: Sorry about that, good morning, my name is Rick, how can I help?"]
    found, _ = judged(*late, tail=10.0)
    assert verdicts(found, "courtesy.greeting") == ["delivered"]


def test_an_agent_who_was_not_heard_is_not_accused() -> None:
    events = list(dialogue("A @6: Right, so.", "C: Okay, and then I need the form.", tail=20.0))
    gap = AudioGap(speaker=Party.AGENT, start=0.0, end=5.5, reason="disconnected")
    assert verdicts(judge(Courtesy(CALL, Policy()), [gap, *events]), "courtesy.greeting") == []


def test_a_threshold_of_the_policy_replaces_the_catalogue_s() -> None:
    events = dialogue("A: Good morning, my name is Rick.", *TALK, tail=20.0)
    strict = Policy(thresholds={"courtesy.greeting.parts_needed": 3.0})
    assert verdicts(judge(Courtesy(CALL, strict), events), "courtesy.greeting") == ["missed"]


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (["C: Thank you so much.", "A: You're very welcome."], "delivered"),
        (["A +1: Is there anything else I can help you with?", "C: No, that's all."], "delivered"),
        (["C: Great, thanks, bye.", "A: Have a lovely day."], "delivered"),
        (["C: That's everything.", "A: Thanks for calling Northway, goodbye."], "delivered"),
        (["C: Thanks.", "A: No problem. Bye."], "delivered"),
        (["C: That covers it, yeah.", "A: Hope tomorrow is a quieter day."], "delivered"),
        (["C: Cheers.", "A: Cheerio, and chin up."], "delivered"),
        (["C: That's it.", "A: Go easy on yourself tomorrow."], "delivered"),
        (["C: That's it.", "A: Then I'll ring you at noon. Bye for now."], "delivered"),
        (["A: I'll email you today.", "C: We'll see, won't we.", "A: Right you are. Bye, then."], "missed"),
        (["C: You've been no use to me.", "A: Right then. Ta-ra."], "missed"),
        (["C: All set!", "A: All right. Later."], "missed"),
        (["C: Thanks.", "A: You'll have to ring the shop. Bye."], "missed"),
        (["C: Thanks.", "A: Yep. Bye."], "missed"),
        (["C: Great. Just great. Goodbye.", "A: Bye."], "missed"),
        (["C: Thanks, bye.", "…3"], "missed"),
    ],
)
def test_a_closing_needs_a_welcome_an_offer_a_recap_or_a_wish(lines: list[str], verdict: str) -> None:
    found, _ = judged("A: Hello, this is Rick.", *TALK, "C +8: Good.", *lines)
    assert verdicts(found, "courtesy.closing") == [verdict]


@pytest.mark.parametrize(
    "lines",
    [
        ["A +8: So the form is on its way to"],  # cut off
        ["C +8: And another thing, my door is"],
        ["C +20: Okay, thanks, bye."],  # hung up with the last word: no room to answer
    ],
)
def test_a_caller_who_hangs_up_gives_no_chance_for_a_closing(lines: list[str]) -> None:
    found, _ = judged("A: Hello, this is Rick.", *TALK, *lines, tail=0.3)
    assert verdicts(found, "courtesy.closing") == []


def test_no_problem_in_the_middle_of_a_call_is_no_closing() -> None:
    lines = ["C: Sorry, the dog.", "A: No problem.", "C +8: So it's done? Goodbye.", "A: Bye."]
    found, _ = judged("A: Hello, this is Rick.", *TALK, *lines)
    assert verdicts(found, "courtesy.closing") == ["missed"]


def test_thanks_for_calling_counts_only_when_it_is_in_the_words() -> None:
    lines = ["C: That's all.", "A +1: Bye."]
    found, _ = judged("A: Thank you for calling, this is Rick.", *TALK, "…30", *lines)
    assert verdicts(found, "courtesy.closing") == ["missed"]


def test_a_greeting_is_no_closing_of_a_call_that_breaks_off_soon() -> None:
    lines = ["A: Good morning, thank you for calling Northway. My name is Hannah. How can I help you today?"]
    lines += [
        "C: My internet has been slow since Tuesday, and the router is new.",
        "A: Let me look into that.",
    ]
    found, _ = judged(*lines, "C +4: It is the big plan.", tail=0.3)
    assert verdicts(found, "courtesy.closing") == []


def test_a_warm_end_counts_though_the_customer_did_not_wind_up() -> None:
    lines = [
        "A: Hello, this is Rick.",
        *TALK,
        "A +6: Is there anything else I can do? Have a great day, bye.",
    ]
    found, _ = judged(*lines)
    assert verdicts(found, "courtesy.closing") == ["delivered"]


def test_an_agent_whose_last_words_the_customer_cuts_off_is_not_accused() -> None:
    lines = ["C: I'm so done with this.", "A: You're welcome to do", "C -0.7: Goodbye."]
    found, _ = judged("A: Hello, this is Rick.", *TALK, "C +8: Good.", *lines, tail=1.5)
    assert verdicts(found, "courtesy.closing") == []
