"""What the agent calls the customer: garbled names forgiven, wrong ones told, everyday words left alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from detectors.base import catalogue
from detectors.names import Names
from streaming.events import CallInfo, Detection, Party, Tick, Utterance, Verdict
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, said, spoken, verdicts

WRONG = ("harmful", "wrong_name")
BEHIND = ("C: Okay, thank you for that.", "A: Anything else today?")


def called(*lines: str, name: str | None = None) -> list[Detection]:
    """What is judged of the name in a short call; where it was learned, or is awaited, is left out."""
    info = CallInfo(call_id="c1", agent="Rick Dawson", customer_name=name)
    found = judge(Names(info, Policy()), dialogue("A: Hello.", "C: Hi there, I've a question.", *lines))
    return [one for one in found if one.verdict is not Verdict.OBSERVED]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Oluwaseun Adeyemi", "It's about two minutes all the way son. I'll stay on the line."),
        ("Priyanka Rao", "I appreciate your patience, pre-yanka. Safe travels."),
        ("Folake Adeyemi", "Could you read me the number, Folly Kay?"),
        ("Kwabena Asante", "There you are, quabena. Does it hurt at all?"),
        ("Siobhan Kelly", "Okay Shavon, one moment."),
        ("Xochitl Ramos", "Thanks, Sochil, that's done."),
        ("Thuy Nguyen", "Got it thank you and there you are Miss Nuyen."),
        ("Rosalind Achterberg", "Be gentle with yourself, Mrs. at Sturberg."),
        ("Roy Critchlow", "Good of you and it's forgotten Mr. Cricolo is that you sorted for now."),
        ("Krzysztof Nowak", "Thank you, Mr Novak."),
        ("Art Villanueva", "Okay, art. Would you give me the order number?"),
        ("Elizabeth Moss", "Thanks Liz, one second."),
    ],
)
def test_a_name_that_the_recogniser_garbled_is_a_use(name: str, text: str) -> None:
    assert verdicts(called(f"A: {text}", *BEHIND, name=name), "name.use") == ["delivered"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Joy Summers", "It was a joy to speak with you."),
        ("Pat Drew", "I drew a line under it, and pat it dry."),
        ("Sue Frank", "To be frank, they could sue."),
        ("Bill Price", "I'll send the bill, and the price is the same."),
        ("May Chen", "You may. It may take until May."),
        ("Will Shaw", "I will. Yes, I will."),
        ("Will Shaw", "Will that be all?"),
        ("Hope Grant", "I hope so. I hope that helps."),
        ("Summer Cole", "It is open this summer, and in Summer."),
    ],
)
def test_everyday_words_are_no_uses_of_a_name(name: str, text: str) -> None:
    assert called(f"A: {text}", *BEHIND, name=name) == []


def test_once_called_by_an_everyday_word_the_same_word_ends_a_sentence_as_a_name() -> None:
    lines = ("A: Oh no, Art! It was awkward unwrapping art. Tell me all about it art.", *BEHIND)
    assert verdicts(called(*lines, name="Art Bello"), "name.use") == [("harmful", "forced")]
    lines = ("A: It is fine art. They sell art. I like art.", *BEHIND)
    assert called(*lines, name="Art Bello") == []


@pytest.mark.parametrize(
    "text",
    [
        "Is that Briggs with two Gs?",
        "So that's Nathaniel Briggs, B, R, I, G, G, S.",
        "Briggs, B, R, I, G, G, S. What is the problem?",
        "I have Nathaniel Briggs on the line for you.",
        "And is Nathaniel at home today?",
        "Nathaniel Briggs, have I said that properly?",
        "Nathaniel is the first name.",
        "The gate has a Nathaniel on the list.",
    ],
)
def test_checking_a_name_or_speaking_of_it_is_no_use(text: str) -> None:
    assert called(f"A: {text}", *BEHIND, name="Nathaniel Briggs") == []


def test_a_name_just_given_and_read_back_is_no_use_yet() -> None:
    lines = ("A: The name, please?", "C: Desmond Achterberg.", "A: Achterberg, smashing. One moment.")
    assert called(*lines) == []
    assert verdicts(called(*lines, "A: Thank you, Mr Achterberg."), "name.use") == ["delivered"]


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [
        ("Tariq Haddad", "Ha. Seven, oh, six. There you are, Tarek.", "It's Tariq. With a q."),
        ("Anjali Gokhale", "It shows no refills, Mrs. Gokal.", "Gokhale. And I did."),
        ("Frank Abernathy", "Bear with me, Mr Albany.", "Abernathy. Albany's in America."),
        (None, "Thanks Mr Fernshire and would you have a number?", "Fanshaw, dear. Fan, like the thing."),
        ("Maria Lopez", "Okay, Marta, that is done.", "No, Maria."),
    ],
)
def test_a_name_that_the_customer_puts_right_was_wrong(name: str | None, text: str, answer: str) -> None:
    before = ("A: Your name, sir?", "C: It's well, it's said Fanshal.") if name is None else ()
    found = called(*before, f"A: {text}", f"C: {answer}", "A: Sorry about that.", name=name)
    assert verdicts(found, "name.use") == [WRONG]
    assert found[0].at > found[0].end, "judged by the answer"


@pytest.mark.parametrize("answer", ["Yes, Tariq here.", "Okay, and then?", "Mm-hmm.", "Tarek."])
def test_a_garbled_name_that_nobody_corrects_is_credited(answer: str) -> None:
    found = called("A: There you are, Tarek.", f"C: {answer}", "…8", name="Tariq Haddad")
    assert verdicts(found, "name.use") == ["delivered"]


def test_saying_the_name_when_asked_for_it_corrects_nothing() -> None:
    lines = ("A: Thanks, Tarek. And your full name?", "C: Tariq Haddad.", "A: Great.")
    assert verdicts(called(*lines, name="Tariq Haddad"), "name.use") == ["delivered"]


@pytest.mark.parametrize(
    "text",
    [
        "Sandra, have you got a second? Sorry about that.",
        "You'll be speaking with my colleague, Sandra.",
        "Right, Virginia.",
        "Alright, Charlotte, North Carolina.",
        "Great, Manchester.",
        "Thank you, ma'am.",
        "Mr. Brown, sorry, Mr. Briggs, that's done.",
        "Thanks, Nathan.",
    ],
)
def test_no_wrong_name_where_somebody_or_something_else_may_be_meant(text: str) -> None:
    assert WRONG not in verdicts(called(f"A: {text}", *BEHIND, name="Nathaniel Briggs"), "name.use")


def test_a_name_that_may_have_been_garbled_is_not_told_unused() -> None:
    """Words hardly heard where a name would stand, or a rare name in any: nobody is accused of that."""
    around = ("A: One moment.", "A: Let me see.", "…100"), ("C: Fine.", "A: Bye.")
    missed = [("missed", "unused")]
    for name in ("Xiomara Belen", "Maria Belen"):
        lines = (*around[0], "A: Here it is.", *around[1])
        assert verdicts(called(*lines, name=name), "name.use") == missed

    def unsure(name: str, *unclear: str) -> list[Detection]:
        words = tuple(
            replace(word, confidence=0.2) if word.text in unclear else word
            for word in said(Party.AGENT, "There you are then, here.", 110.0).words
        )
        events = list(dialogue("C: Hi there.", "A: Hello.", "A: One moment.", "…120"))
        spoiled = Utterance(
            speaker=Party.AGENT, id="z", revision=0, start=110.0, end=words[-1].end, words=words, final=True
        )
        at = next(i for i, e in enumerate(events) if isinstance(e, Tick) and e.at > spoiled.end)
        events.insert(at, spoiled)
        found = judge(Names(CallInfo(call_id="c1", customer_name=name), Policy()), events)
        return [one for one in found if one.verdict is Verdict.MISSED]

    assert unsure("Maria Belen", "you", "are")
    assert not unsure("Xiomara Belen", "you", "are")
    assert not unsure("Maria Belen", "here.")


def test_a_name_in_talk_without_punctuation_is_not_told_unused() -> None:
    lines = (
        "A: one moment",
        "A: i see hope was on it since may",
        "…100",
        "A: here it is",
        "C: fine",
        "A: bye",
    )
    assert called(*lines, name="Hope Iris") == []


@pytest.mark.parametrize(
    "text",
    [
        "Will that do you for today, Mrs. Pettigrew?",
        "Anything else I can do for you, Gretchen?",
        "You're in it, Gretchen, if you still want it.",
        "Gretchen, if you hold on, I will look.",
        "Thank you for holding, Wrocek.",
    ],
)
def test_who_is_addressed_by_a_name_that_nobody_gave_is_the_customer(text: str) -> None:
    assert verdicts(called(f"A: {text}", *BEHIND), "name.use") == ["delivered"]


def test_a_name_that_the_customer_gave_in_passing_is_the_own_and_one_spoken_of_is_not() -> None:
    own = ("C: Gretchen. I booked it.", "A: One moment.", "A: That's sorted for you, Gretchen.", *BEHIND)
    assert verdicts(called(*own), "name.use") == ["delivered"]
    other = ("C: I spoke to Gretchen about it.", "A: I'll tell you what she said, Gretchen.", *BEHIND)
    assert called(*other) == []


@pytest.mark.parametrize(
    "lines",
    [
        ("C: Last June.", "A: June, so you're inside the year."),
        ("C: It's for my dad.", "A: Mr. Delaney?"),
        ("C: Yes.", "A: Linh, is it? Put it at the top."),
        ("C: Please.", "A: Thanks, Porto, what's your name?"),
        ("C: I see.", "A: You could do, like, a boot."),
        ("C: I see.", "A: You would pick it up in Minneapolis, Minnesota."),
    ],
)
def test_what_is_asked_echoed_or_compared_is_nobody_s_name(lines: tuple[str, ...]) -> None:
    assert called(*lines, *BEHIND) == []


@pytest.mark.parametrize(
    "text",
    [
        "There's a Travis Leblanc in Reno whose record got crossed with yours.",
        "I'm moving Travis to the other bus.",
        "T R A V I S, Leblanc. And the reference?",
        "Then drive slow, they are not going anywhere.",
        "Two of them, Leblanc.",
    ],
)
def test_a_name_spoken_of_spelled_or_bare_is_no_use(text: str) -> None:
    assert called(f"A: {text}", *BEHIND, name="Travis Leblanc") == []


def test_a_firm_greeted_with_is_not_the_customer() -> None:
    events = dialogue(
        "A: Hello, Pedalhouse, Aoife here, how can I help?", "C: Hi, my bike's gone.", "A: Oh no."
    )
    found = judge(Names(CallInfo(call_id="c1"), Policy()), events)
    assert verdicts(found, "name.use") == []


@pytest.mark.parametrize("answer", ["It's Tamika.", "Brenda? It is Tamika.", "Brenda? I'm Tamika."])
def test_another_name_put_right_was_wrong(answer: str) -> None:
    lines = ("A: That's just how it is, Brenda.", f"C: {answer}", "A: Okay.")
    assert verdicts(called(*lines), "name.use") == [WRONG]


ROW = catalogue()["name.use"]
EXAMPLES = [(kind, text) for kind, texts in ROW.examples.items() for text in texts]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_the_catalogue_s_examples_are_judged_as_they_say(kind: str, example: str) -> None:
    setting, text = re.match(r"\((.*?)\) (.*)", example).groups()  # type: ignore[union-attr]
    name = setting.removeprefix("to ") if setting.startswith("to ") else None
    events = dialogue("A: Hello.", f"A: {text}" if name else f"C: {text}", "C: Okay then.")
    found = judge(Names(CallInfo(call_id="c1", customer_name=name), Policy()), events)
    assert [one.kind or one.verdict.value for one in found] == [kind]
    assert spoken(found[0], events)


def test_every_threshold_says_why() -> None:
    assert set(ROW.why) == set(ROW.thresholds)


def test_a_hesitation_heard_as_a_word_is_no_use_of_a_name_that_shares_its_letters() -> None:
    assert called("A: Thank you. So Arm, it says nobody was home.", *BEHIND, name="James Walker") == []
