"""Numbers as said compare equal however they are grouped or written."""

from __future__ import annotations

import pytest

from detectors.numerals import numbers
from tests.detectors.dialogue import line


@pytest.mark.parametrize(
    ("heard", "digits"),
    [
        ("Five, five, two. Zero, nine, one. Seven.", ["5520917"]),
        ("It's 552-0917.", ["5520917"]),
        ("447 129 83", ["44712983"]),
        ("nine three seven, five five five, oh one four two", ["9375550142"]),
        ("double five six, triple nine", ["556999"]),
        ("the fourth of March, nineteen eighty-one", ["4", "1981"]),
        ("March 4th, 1981", ["4", "1981"]),
        ("March four, nineteen eighty-one", ["4", "1981"]),
        ("the twenty-first", ["21"]),
        ("twenty nineteen", ["2019"]),
        ("at nine thirty or 9:30", ["930", "930"]),
        ("two hundred and ninety, perfect", ["290"]),
        ("a hundred and twenty-three", ["123"]),
        ("seven hundred thousand and five", ["700005"]),
        ("about thirty thousand", ["30000"]),
        ("between eight and six", ["8", "6"]),
        ("three hundred plan, like, twelve megabits", ["300", "12"]),
        ("$12.50", ["1250"]),
        ("$40.00", ["40"]),
        ("oh nine, double three", ["0933"]),
        ("the double 409", ["4409"]),
        ("nought point four", ["04"]),
        ("eighteen ninety-nine's the rate", ["1899"]),
        ("oh, one of them", []),
        ("oh, I see", []),
        ("this one, just one second, no one", []),
        ("the first thing", []),
    ],
)
def test_numbers_are_read_as_digit_strings(heard: str, digits: list[str]) -> None:
    assert [number.digits for number in numbers(line(heard).tokens)] == digits


def test_a_number_knows_its_tokens_and_whether_it_was_spelled() -> None:
    (year, code) = numbers(line("in nineteen eighty-one it was five five two").tokens)
    assert (year.first, year.last, year.spelled) == (1, 3, False)
    assert (code.first, code.last, code.spelled) == (6, 8, True)
