"""Where a script says the customer's name for the first time, there it can be learned."""

from __future__ import annotations

from evaluation.derived import name_marks
from tests.evaluation.written import HEADER, call, parse_call


def test_the_first_turn_that_says_the_name_is_sure_and_later_ones_are_not() -> None:
    marks = name_marks(
        call("A: Who am I speaking with?", "C: James Walker.", "A: Thanks, James.", "C: It's James, yes.")
    )
    assert {turn: one.unsure for turn, one in marks.items()} == {1: False, 3: True}


def test_where_the_calls_data_has_the_name_nothing_is_to_be_learned() -> None:
    told = parse_call(
        HEADER.replace("name_known: no", "name_known: yes") + "\nC: Hi, this is James Walker.\n", name="c1"
    )
    assert [one.unsure for one in name_marks(told).values()] == [True]


def test_spelled_out_is_said() -> None:
    assert set(name_marks(call("A: Your last name?", "C: W, A, L, K, E, R."))) == {1}


def test_a_name_in_passing_or_of_somebody_else_is_not_the_customers() -> None:
    assert not name_marks(call("A: Hello.", "C: My son Peter broke it.", "C: A walker broke it."))
    assert not name_marks(call("A: I'm James, by the way.", "C: Good for you."))
