"""The customer's name as it is learned from talk: given, asked for, spelled, confirmed, and nobody else's."""

from __future__ import annotations

import pytest

from detectors.names import Names
from streaming.events import CallInfo, Detection, Party
from streaming.ports import Policy
from tests.detectors.dialogue import dialogue, judge, spoken


def call(name: str | None = None) -> CallInfo:
    return CallInfo(call_id="c1", agent="Rick Dawson", customer_name=name)


def known(*lines: str, info: CallInfo | None = None) -> tuple[str, ...]:
    detector = Names(info or call(), Policy())
    judge(detector, dialogue(*lines))
    return detector.known


def learned(*lines: str, info: CallInfo | None = None) -> list[Detection]:
    found = judge(Names(info or call(), Policy()), dialogue(*lines))
    return [one for one in found if one.kind == "learned"]


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["C: Yeah, hi, Terry. My name is Suzanne. I just left your shop."], ("suzanne",)),
        (["C: Hi Hannah, um, my name is, uh, David Miller. My internet is slow."], ("david", "miller")),
        (["C: Oh, hi. This is Maria Lopez. I've moved."], ("maria", "lopez")),
        (["C: Hi, it's Priya calling about my order."], ("priya",)),
        (["C: Hello, Oluwaseun speaking."], ("oluwaseun",)),
        (["C: Hi, I'm Karen and I need some help."], ("karen",)),
        (["C: Hi, this is Nevin from Sunnyvale."], ("nevin",)),
        (
            ["A: Could I have your name, please?", "C: Sure, it's Oluwaseun Adeyemi."],
            ("oluwaseun", "adeyemi"),
        ),
        (["A: Who am I speaking with?", "C: Nguyen. Thuy Nguyen."], ("nguyen", "thuy")),
        (["A: And your last name?", "C: Walker."], ("walker",)),
        (["C: My name is Susan.", "A: How do you spell that?", "C: S-U-Z-A-N-N-E."], ("susan", "suzanne")),
        (["A: Your last name?", "A: So I can find you.", "C: It's Kowalczyk."], ("kowalczyk",)),
        (["A: My name is Rick. How can I help?", "C: This is Howard."], ("howard",)),
        (["A: Hello, this is Rick.", "C: Hi. Suzanne calling.", "C: I'm Suzanne."], ("suzanne",)),
        (["C: My last name is Kowalczyk, K O W A L C Z Y K."], ("kowalczyk",)),
        (["A: Am I speaking with Mr. Walker?", "C: Yes, that's me."], ("walker",)),
        (["A: Is this Maria?", "C: Speaking."], ("maria",)),
        (["C: It's Frank, plot nine."], ("frank",)),
        (["C: Morning. Gus Pemberton. I got a letter."], ("gus", "pemberton")),
        (
            ["A: Hello, this is Rick.", "C: Rick, Gus Petrossian. It left without a stamp."],
            ("gus", "petrossian"),
        ),
        (["C: Hello dear, it's Dorothy Abara. I've been sent a bill."], ("dorothy", "abara")),
        (["C: Hi, it's Renata in claims. It keeps dropping."], ("renata",)),
        (["C: Well.", "C: For now. Call me Gretchen."], ("gretchen",)),
        (["C: Hi.", "C: Yes.", "A: What's the address?", "C: Six Tupelo. Rocco Vance."], ("rocco", "vance")),
        (["A: Linh, is it?", "C: Zdravka. Everyone asks."], ("zdravka",)),
        (["C: Hi.", "C: Yes.", "A: Who should I say is coming?", "C: Grant Ellery."], ("grant", "ellery")),
    ],
)
def test_a_name_is_learned_from_talk(lines: list[str], name: tuple[str, ...]) -> None:
    assert known(*lines) == name


@pytest.mark.parametrize(
    "text",
    [
        "This is ridiculous.",
        "This is regarding my order.",
        "I'm American.",
        "I'm Fine, thanks.",
        "It's Tuesday today.",
        "It's Maple Street, in Dayton.",
        "Her name is Thumper.",
        "The doctor's name is Frank.",
        "I'm really angry.",
        "It's Stephen, no, Stephenville.",
        "That's something like an I R A.",
        "This is the Smith account.",
        "I spoke to Karen yesterday.",
        "It's my husband Daniel who drives.",
        "It's on Elm, E-L-M.",
        "It's Tanner's Yard.",
        "No. Not pause. Cancel. C, A, N, C, E, L.",
        "He's Jorge, J, O, R, G, E.",
        "It'd be my dad's. Bill Nakamura.",
    ],
)
def test_what_is_no_name_of_the_customer_is_not_learned(text: str) -> None:
    assert known(f"C: {text}") == ()


@pytest.mark.parametrize(
    "lines",
    [
        ["C: Hi.", "C: Yes.", "A: What's your lad called?", "C: Chidi Okonkwo. He is six."],
        ["C: Hi.", "C: Yes.", "A: Who's this?", "C: I'm not Brian Teague."],
        ["C: Hi.", "C: Yes.", "A: Whereabouts are you, Mrs. Hart?", "C: Larch Rise, over in Tolworth."],
        ["C: Hi.", "C: Yes.", "A: Is that in Reno?", "C: Tolworth."],
    ],
)
def test_another_or_another_thing_asked_for_is_not_learned(lines: list[str]) -> None:
    assert known(*lines) == ()


def test_a_long_answer_to_a_question_for_the_name_names_nobody_by_itself() -> None:
    assert known("A: Your name?", "C: Well, I gave it to the guy in Dallas last week, you know.") == ()


def test_an_agent_named_back_by_the_customer_is_not_the_customer() -> None:
    assert known("A: This is Claire.", "C: Hi Claire, is this Claire?") == ()


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["C: Hi there, my name's Aoife Gallagher and I've a problem."], ("aoife", "gallagher")),
        (["C: Hello this is Mrs Pemberton, I rang yesterday."], ("pemberton",)),
        (["C: Hi, Ngozi Eze here. I'm ringing about the fine."], ("ngozi", "eze")),
        (["C: It's Dan from Blue Lake Dental."], ("dan",)),
        (["C: Good morning, it's Tobias Lindgren calling about my boiler."], ("tobias", "lindgren")),
        (["C: Hello, I'm Saanvi, I'm a new customer."], ("saanvi",)),
        (["A: And who am I speaking to?", "C: Oh, sorry, it's Hamish."], ("hamish",)),
        (["A: Name on the account?", "C: Mine. Josephine Barlow."], ("josephine", "barlow")),
        (["A: Whose name is it under?", "C: Desmond Okoro. Long story."], ("desmond", "okoro")),
        (["A: Your name, please?", "C: Certainly.", "C: It's Eleanor Voss."], ("eleanor", "voss")),
        (["A: And your name?", "C: First name Graham, last name Whitlock."], ("graham", "whitlock")),
        (["C: My name's Kovalenko, Bill. Leave her a note."], ("kovalenko", "bill")),
        (["C: My name is Linh Tran Ho. Ho is the first name."], ("linh", "tran", "ho")),
        (["A: May I ask who I'm speaking with?", "C: Will. Will Adebayo-Hart."], ("will", "adebayo", "hart")),
        (["A: May I ask who is calling?", "C: Hi Rick. Art Bello."], ("art", "bello")),
        (
            ["A: And who do I have the pleasure of helping?", "C: I'm blessing, I'm the eldest."],
            ("blessing",),
        ),
    ],
)
def test_people_say_who_they_are_in_many_ways(lines: list[str], name: tuple[str, ...]) -> None:
    assert known(*lines) == name


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["A: And the surname?", "C: Vandermeer. V as in victor, A, N, D, E, R, M, E, E, R."], "vandermeer"),
        (["A: Could you spell that?", "C: M, A, T, H, E, S, O, N, one t."], "matheson"),
        (["A: Your name?", "C: Jon Pruit.", "C: That's P, R, U, I, double t."], "pruitt"),
        (["A: Whose name?", "C: Bergman. It's A, C, H, T, E, R, berg."], "achterberg"),
        (["C: I am registered. Kwabena Asante. K, W, A, B, E, N, A."], "kwabena"),
        (["A: Name, please?", "C: Delacroix. That's D-E-L-A-C-R-O-I-X."], "delacroix"),
    ],
)
def test_letters_spell_a_name(lines: list[str], name: str) -> None:
    assert name in known(*lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["A: And the other driver's name?", "C: Grace. Grace Pruitt."],
        ["A: And the other drivers name.", "C: Grace something, Grace Pruitt."],
        ["A: Store name?", "C: Cedar Salt."],
        ["A: What's the name of the street?", "C: Harrington Road."],
        ["A: What name is it under?", "C: It's under my husband's name, Peter Marsh."],
        ["A: Your name, please?", "C: I've already told you twice."],
        ["A: What's your name?", "C: Absolutely, one second."],
        ["A: What's the email?", "C: It's at plum mail. G, R, A, H, A, M."],
        ["A: Which town is that?", "C: Milton Keynes."],
        ["C: My wife, Helen, usually deals with this."],
        ["C: I'm calling on behalf of Agnes Doyle."],
        ["C: This is about my mother, Agnes Doyle."],
        ["C: Hi, it's about Windows, it won't start."],
        ["C: I'm May's daughter."],
        ["C: Can I speak to Sandra, please?"],
        ["A: This is Rick.", "C: Uh-huh. I'll hold. But here, basically, it ends."],
        ["A: Am I speaking with Ingrid?", "C: No, this is her daughter."],
    ],
)
def test_another_s_name_is_not_taken_for_the_customer_s(lines: list[str]) -> None:
    assert known(*lines) == ()


def test_the_agent_s_name_in_a_hail_is_the_agent_s() -> None:
    lines = ["A: Hello, you've got Bethany. Who am I speaking with?", "C: Hey, Bethany. Art Bello."]
    info = CallInfo(call_id="c1")
    assert known(*lines, info=info) == ("art", "bello")


def test_where_the_name_was_learned_is_observed_with_its_words() -> None:
    lines = ("A: May I have your name?", "C: Sure, it's Folake Adeyemi.", "A: Thanks, Folake.")
    (found,) = learned(*lines)
    assert (found.verdict.value, found.speaker) == ("observed", Party.CUSTOMER)
    assert spoken(found, dialogue(*lines)) == "Folake Adeyemi."
    assert found.at >= found.end


def test_a_name_said_again_or_spelled_out_is_learned_once() -> None:
    lines = ("A: Your name?", "C: Folake Adeyemi.", "A: Spell it, please?", "C: F, O, L, A, K, E.")
    assert len(learned(*lines, "C: My name is Folake Adeyemi.")) == 1


def test_a_name_from_the_data_is_not_learned_again() -> None:
    assert learned("C: Hi, my name is Folake Adeyemi.", info=call("Folake Adeyemi")) == []
    assert len(learned("C: Hi, my name is Tunde Bello.", info=call("Folake Adeyemi"))) == 1


def test_what_the_agent_calls_somebody_of_whom_nothing_is_known_is_the_name() -> None:
    lines = ("A: Hello, this is Rick.", "C: Hi, my screen is dark.", "A: Oh no, Desmond.", "C: It is, yes.")
    assert known(*lines) == ("desmond",)
    thanked = (
        "A: Hello, this is Rick.",
        "C: Hi, my screen is dark.",
        "A: Thank you, Zsuzsi.",
        "C: It is, yes.",
    )
    assert known(*thanked) == ("zsuzsi",)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("I need the names of the drivers.", "Oh, it's just me and my husband, Daniel."),
        ("Could I have your name, please?", "It's for my oldest son, Daniel."),
        ("What is the name of your doctor?", "Daniel Miller."),
    ],
)
def test_who_belongs_to_the_customer_is_not_the_customer(asked: str, said: str) -> None:
    assert known(f"A: {asked}", f"C: {said}") == ()
