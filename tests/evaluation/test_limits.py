"""How sure the turn reader must be: the pair of limits that finds most among those that are right."""

from __future__ import annotations

from evaluation.limits import LEAST_LABELS, Answered, limits


def said(score: float, *, found: bool = False, side: int = 0, times: int = 1) -> list[Answered]:
    return [Answered(score, found, side)] * times


def test_what_the_reader_is_sure_of_is_added_and_what_it_doubts_is_dropped() -> None:
    turns = [
        *said(0.9, side=1, times=10),  # only the reader knows
        *said(0.5, found=True, side=1, times=10),
        *said(0.1, found=True, side=0, times=10),  # the judge is wrong
        *said(0.7, side=0, times=10),
        *said(0.1, times=100),
    ]
    chosen = limits(turns, 0.9)
    assert chosen is not None
    hardly, surely = chosen
    assert 0.1 < hardly <= 0.5 and 0.7 < surely <= 0.9


def test_labels_in_doubt_count_neither_way() -> None:
    turns = said(0.9, side=1, times=LEAST_LABELS) + said(0.95, side=-1, times=50)
    assert limits(turns, 0.9) is not None


def test_too_few_labels_choose_nothing() -> None:
    assert limits(said(0.9, side=1, times=LEAST_LABELS - 1), 0.9) is None


def test_where_nothing_is_right_often_enough_nothing_is_chosen() -> None:
    turns = said(0.9, side=1, times=20) + said(0.9, side=0, times=20)
    assert limits(turns, 0.9) is None
