"""Counts become shares with honest intervals, the same on every run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evaluation.classes import Class
from evaluation.figures import Row, rows
from evaluation.matching import Outcome
from tests.evaluation.written import case, detection

LEAK = Class("leakage", ("leak",), 0.9, 0.8)
MOMENT = case("A: Calm down. | leak").moments[0]


def outcome(right: int, false: int, missed: int) -> dict[str, Outcome]:
    one = detection("leak", 1.0, 2.0)
    return {"leak": Outcome([(MOMENT, one)] * right, [MOMENT] * missed, [one] * false)}


def row(*calls: tuple[int, int, int], of: Class = LEAK) -> Row:
    (found,) = rows([outcome(*call) for call in calls], [of])
    return found


def test_the_counts_of_all_calls_are_taken_together() -> None:
    found = row((3, 1, 0), (1, 0, 2))
    assert (found.tp, found.fp, found.fn) == (4, 1, 2)
    assert found.precision.value == 0.8
    assert found.recall.value == round(4 / 6, 4)
    assert found.f1.value == round(8 / 11, 4)


def test_reached_only_when_both_shares_are() -> None:
    assert row((9, 1, 1)).reached
    assert row((8, 1, 1)).reached is False
    assert row((0, 0, 0)).reached is None


def test_nothing_wrong_in_few_moments_is_not_certainty() -> None:
    few, many = row((5, 0, 0)), row(*[(5, 0, 0)] * 40)
    assert few.precision.value == many.precision.value == 1.0
    assert few.precision.low is not None and few.precision.low < 0.6
    assert many.precision.low is not None and many.precision.low > 0.97


def test_moments_of_one_call_are_not_independent() -> None:
    """The same counts, all the wrong ones in one call: the interval is wider."""
    even = row(*[(4, 1, 0)] * 10).precision
    lumped = row(*[(5, 0, 0)] * 8, (0, 5, 0), (0, 5, 0)).precision
    assert even.value == lumped.value == 0.8
    assert lumped.low is not None and even.low is not None and lumped.low < even.low


def test_where_only_the_recall_can_be_told_nothing_is_false() -> None:
    found = row((3, 7, 1), of=Class("acknowledged", ("leak",), recall_only=True))
    assert (found.fp, found.precision.value, found.f1.value) == (0, None, None)
    assert found.recall.value == 0.75


def test_the_wait_is_from_the_end_of_the_words() -> None:
    assert row((2, 0, 0)).delay == (0.5, 0.5)


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=12))
def test_intervals_hold_their_value_and_are_the_same_again(calls: list[tuple[int, int, int]]) -> None:
    found = row(*calls)
    assert found == row(*calls)
    for one in (found.precision, found.recall, found.f1):
        if one.value is not None and one.low is not None and one.high is not None:
            assert 0.0 <= one.low <= one.value <= one.high <= 1.0
