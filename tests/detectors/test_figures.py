"""Numbers as said become figures that can be compared; what is no read-back stays unrelated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.figures import figures, flow
from detectors.readback import Answer, Reading, answer_to, compare, compare_tail, misreading
from detectors.text import Line, read
from streaming.events import Party, Utterance
from tests.detectors.dialogue import dialogue, said


def line(text: str, speaker: Party = Party.CUSTOMER, start: float = 0.0, name: str = "c1") -> Line:
    one = said(speaker, text, start)
    return read(
        Utterance(
            speaker=speaker, id=name, revision=1, start=one.start, end=one.end, words=one.words, final=True
        )
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's, um, five five two, zero nine one, seven.", [("code", "5520917")]),
        ("Five, five, two. Zero, nine, one. Seven.", [("code", "5520917")]),
        ("937-555-0142", [("code", "9375550142")]),
        ("It's 4, 4, 7, 1.", [("code", "4471")]),
        ("double four seven one", [("code", "4471")]),
        ("four four seven, one twenty-nine, eighty-three", [("code", "44712983")]),
        ("one eight hundred", [("quantity", "1800")]),
        ("about thirty thousand", [("quantity", "30000")]),
        ("30,000 miles", [("quantity", "30000")]),
        ("sixty dollars", [("money", "60")]),
        ("It was $60.00", [("money", "60")]),
        ("the fourth of March, nineteen eighty-one", [("date", "3-4-1981")]),
        ("March 4th, 1981", [("date", "3-4-1981")]),
        ("a 2019", [("year", "2019")]),
        ("from eight until six again", [("time", "8"), ("time", "6")]),
        ("M-I-L-L-E-R", [("spelling", "miller")]),
        ("M as in Mike, I, L, L", [("spelling", "mill")]),
        ("it is A B 1 2 3 4", [("spelling", "ab1234")]),
        ("F for Freddie, P, oh, no, B as in Bertie, nine, oh, four", [("spelling", "fb904")]),
        ("Kilo Bravo, nine nine, three one", [("spelling", "kb9931")]),
        ("KB993167", [("spelling", "kb993167")]),
        ("double L O Y D", [("spelling", "lloyd")]),
        ("E, and then a one, and a, it's a nine", [("spelling", "e19")]),
        ("I have a 2019 and pay sixty a month", [("year", "2019"), ("quantity", "60")]),
        ("twenty-third of the ninth, ninety-one", [("date", "9-23-91")]),
        ("fourth of November. No, hang on, the fourteenth", [("date", "11-4-"), ("date", "-14-")]),
        ("this is the fourth time", [("quantity", "4")]),
        ("half past three or quarter to five", [("time", "330"), ("time", "445")]),
        ("twelve dollars, fifty", [("money", "1250")]),
        ("four thirty. Four thirty-five, maybe", [("quantity", "430"), ("quantity", "435")]),
        ("I, I, I think so", []),
        ("I march on May day", []),
    ],
)
def test_what_kind_of_figure_is_said(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.kind, one.value) for one in figures(line(text))] == expected


@pytest.mark.parametrize(
    ("stated", "reply", "expected"),
    [
        ("four four seven, one two nine, eight three", "447 129 83", Reading.SAME),
        ("nine three seven, five five five, zero one four two", "zero one four two", Reading.SAME),
        ("four four seven one two nine", "four four seven", Reading.SAME),
        ("the fourth of March nineteen eighty-one", "March 4th, 1981", Reading.SAME),
        ("the fourth of March nineteen eighty-one", "03/04/1981", Reading.SAME),
        ("the fourth of March nineteen eighty-one", "1981", Reading.SAME),
        ("sixty dollars", "$60", Reading.SAME),
        ("four four seven one", "four four one seven", Reading.DIFFERENT),
        ("six one eight four four zero", "six one eight four five zero", Reading.DIFFERENT),
        ("March 4th, 1981", "March 14th, 1981", Reading.DIFFERENT),
        ("March 4th", "March 14th", Reading.UNRELATED),  # one agreeing part is no read-back
        ("four four seven one", "nine two zero three", Reading.UNRELATED),
        ("four four seven one", "$4,472", Reading.UNRELATED),
        ("sixty dollars", "ten dollars", Reading.UNRELATED),
        ("two hundred and ninety", "three hundred", Reading.UNRELATED),
        ("six one eight four four zero", "2019", Reading.UNRELATED),
    ],
)
def test_a_figure_read_back(stated: str, reply: str, expected: Reading) -> None:
    (own,), (other,) = flow([line(stated)]), flow([line(reply)])
    assert compare(other, own) is expected


def test_the_last_digits_are_compared_with_the_end() -> None:
    (own,) = flow([line("nine three seven, five five five, zero one four two")])
    right, wrong = flow([line("0142")])[0], flow([line("0152")])[0]
    assert compare_tail(right, own) is Reading.SAME
    assert compare_tail(wrong, own) is Reading.DIFFERENT


def test_a_number_given_in_groups_with_pauses_is_one() -> None:
    events = dialogue("C: four four seven", "C +0.7: one two nine", "C +0.7: eight three")
    lines = [read(event) for event in events if isinstance(event, Utterance)]
    assert [one.value for one in flow(lines)] == ["44712983"]


def test_a_number_said_twice_is_not_joined_to_itself() -> None:
    lines = [line("five five two zero nine"), line("five five two zero nine", start=3.0, name="c2")]
    assert [one.value for one in flow(lines)] == ["55209", "55209"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("No, it's four four seven one.", Answer.CORRECTED),
        ("It's four four seven one, actually.", Answer.CORRECTED),
        ("No, that's wrong.", Answer.REFUSED),
        ("Yes.", Answer.CONFIRMED),
        ("Yeah, that's right.", Answer.CONFIRMED),
        ("Four four one seven, yes.", Answer.CONFIRMED),
        ("No, sorry, it's nine nine nine nine.", Answer.SILENT),  # the customer's own change
        ("And can I ask something else?", Answer.SILENT),
    ],
)
def test_what_the_customer_makes_of_a_wrong_read_back(answer: str, expected: Answer) -> None:
    found = misreading(
        flow([line("four four seven one")]), [line("So that's four four one seven?", Party.AGENT, name="a1")]
    )
    assert found is not None
    assert answer_to(found, line(answer, name="c2")) is expected


@pytest.mark.parametrize(
    ("stated", "reply"),
    [
        ("four four seven one", "Your reference number is four four seven two."),
        ("four four seven one", "That comes to four thousand four hundred and seventy-two dollars."),
        ("it went up by sixty dollars", "There's a sixteen dollar fee."),
        ("I called on March 4th, 1981", "We sent it on March 14th, 1981, by post."),
        ("four four seven one", "Four four seven one, and the order is four four seven two."),
        ("S-M-I-T-H", "S-M-Y-T-H, is that right?"),
    ],
)
def test_another_number_is_no_misreading(stated: str, reply: str) -> None:
    assert misreading(flow([line(stated)]), [line(reply, Party.AGENT, name="a1")]) is None


_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@given(st.lists(st.integers(0, 9), min_size=4, max_size=12), st.data())
def test_any_code_read_back_in_any_grouping_is_the_same(digits: list[int], data: st.DataObject) -> None:
    said_in_words = " ".join(_WORDS[digit] for digit in digits)
    written = "".join(map(str, digits))
    cut = data.draw(st.integers(1, len(written) - 1))
    grouped = f"{written[:cut]}-{written[cut:]}" if cut < len(written) else written
    own = flow([line(said_in_words)])
    assert misreading(own, [line(f"So that's {grouped}.", Party.AGENT, name="a1")]) is None
    assert "".join(one.value for one in own) == written
