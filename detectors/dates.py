"""Dates and times as said: "the third of May", "twenty-third of the ninth", "half past three" (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from detectors.lexicon import word_list
from detectors.numerals import Number, numbers
from detectors.text import Token

_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: at for at, name in enumerate(_MONTH_NAMES.split(), start=1)}
_PAST = {"past": 0, "after": 0, "to": -1, "of": -1}
_QUARTERS = {"half": 30, "quarter": 15}


@dataclass(frozen=True, slots=True)
class When:
    """Tokens `first` to `last` (inclusive) say a date ("month-day-year", parts empty where they were not
    said; a year has two or four digits) or a time (digits, "1530")."""

    kind: Literal["date", "time"]
    value: str
    first: int
    last: int


def when(tokens: Sequence[Token], number: Number) -> When | None:
    """The date or time that `number` is part of, None where it is none that can be told by its words."""
    return (
        _of_a_month(tokens, number)
        or _of_a_numbered_month(tokens, number)
        or _day(tokens, number)
        or _clock(tokens, number)
    )


def month_near(tokens: Sequence[Token], number: Number) -> int | None:
    """The token of a month next to a number ("March 4", "4 March", "fourth of March")."""
    for at in (number.first - 1, number.first - 2, number.last + 1, number.last + 2):
        if not 0 <= at < len(tokens) or not month(tokens[at]):
            continue
        near = at in (number.first - 1, number.last + 1)
        between = tokens[number.first - 1 if at < number.first else number.last + 1].text
        if near or between in ("the", "of"):
            return at
    return None


def month(token: Token) -> int:
    """1 to 12, or 0 when the token is no month; cut forms ("Sept.") count, "mark" and "marching" do not."""
    text = token.text.removesuffix("'s")
    whole = text in word_list("figures", "calendar") or text == "may"
    short = text in _MONTHS or text == "sept"
    return _MONTHS.get(text[:3], 0) if whole or short else 0


def _of_a_month(tokens: Sequence[Token], number: Number) -> When | None:
    at = month_near(tokens, number)
    if at is None or not _is_day(number):
        return None
    first, last = min(number.first, at), max(number.last, at)
    year, last = _year(tokens, last)
    return When("date", f"{month(tokens[at])}-{number.value}-{year}", first, last)


def _of_a_numbered_month(tokens: Sequence[Token], number: Number) -> When | None:
    """ "Twenty-third of the ninth, ninety-one"."""
    if not number.ordinal or _texts(tokens, number.last + 1, 2) != ["of", "the"]:
        return None
    found = numbers(tokens[number.last + 3 : number.last + 6])
    if not found or found[0].first or not found[0].ordinal or found[0].value > 12:
        return None
    year, last = _year(tokens, number.last + 3 + found[0].last)
    return When("date", f"{found[0].value}-{number.value}-{year}", number.first, last)


def _day(tokens: Sequence[Token], number: Number) -> When | None:
    """ "The nineteenth", and not "the ninth floor" or "for the third time"."""
    after = _texts(tokens, number.last + 1, 1)
    ends = not after or tokens[number.last + 1].opens or after[0] in word_list("figures", "behind_day")
    return (
        When("date", f"-{number.value}-", number.first, number.last)
        if number.ordinal and ends and _is_day(number)
        else None
    )


def _clock(tokens: Sequence[Token], number: Number) -> When | None:
    """ "Half past three", "quarter to five", British "half nine"."""
    if not 1 <= number.value <= 12:
        return None
    before = _texts(tokens, max(0, number.first - 2), min(2, number.first))
    if len(before) == 2 and before[0] in _QUARTERS and before[1] in _PAST:
        hour, minutes = number.value, _QUARTERS[before[0]]
        hour, minutes = (hour, minutes) if _PAST[before[1]] == 0 else (hour - 1 or 12, 60 - minutes)
        return When("time", f"{hour}{minutes:02}", number.first - 2, number.last)
    if before[-1:] == ["half"] and number.first == number.last:
        return When("time", f"{number.value}30", number.first - 1, number.last)
    return None


def _year(tokens: Sequence[Token], last: int) -> tuple[str, int]:
    """The year behind a date that ends at `last`, and its end; two digits count where nothing follows."""
    rest = numbers(tokens[last + 1 : last + 6])
    if not rest or rest[0].first or rest[0].ordinal or tokens[last + 1].opens:
        return "", last
    end = last + 1 + rest[0].last
    alone = end + 1 >= len(tokens) or tokens[end + 1].opens or rest[0].value > 31
    if len(rest[0].digits) == 4 or (len(rest[0].digits) == 2 and alone):
        return rest[0].digits, end
    return "", last


def _is_day(number: Number) -> bool:
    return 1 <= number.value <= 31


def _texts(tokens: Sequence[Token], first: int, count: int) -> list[str]:
    return [token.text for token in tokens[first : first + count]]
