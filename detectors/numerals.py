"""Numbers as said → digits that can be compared ("nineteen eighty-one" and "1981" are both "1981")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detectors.text import Line, Token, once_a_line

_UNIT_NAMES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TEN_NAMES = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINAL_NAMES = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_UNITS = {word: value for value, word in enumerate(_UNIT_NAMES.split())}
_TENS = {word: 10 * value for value, word in enumerate(_TEN_NAMES.split(), start=2)}
_ORDINALS = {word: value for value, word in enumerate(_ORDINAL_NAMES.split(), start=1)} | {"thirtieth": 30}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_FIGURES = re.compile(r"^[$£€#]?\d[\d,.:/\-]*(k|%|am|pm)?$")
_ORDINAL_FIGURES = re.compile(r"^(\d+)(st|nd|rd|th)$")
_MONTH_NAMES = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
_MONTHS = frozenset(_MONTH_NAMES.split())
_MOMENTS = frozenset({"second", "moment", "minute", "sec", "of", "thing", "more", "time", "another", "or"})
_POINTING = frozenset(
    {"this", "that", "which", "the", "no", "any", "every", "each", "another", "some", "other"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Tokens `first` to `last` (inclusive) say `digits`; `spelled` when they were said digit by digit."""

    first: int
    last: int
    digits: str
    spelled: bool


@once_a_line
def numbers_of(line: Line) -> tuple[Number, ...]:
    """The numbers said in a line."""
    return numbers(line.tokens)


def numbers(tokens: Sequence[Token]) -> tuple[Number, ...]:
    """The numbers said in `tokens`, in order, as digit strings without separators.

    A row of single digits is one number however it is grouped ("five five two, zero nine one" →
    "552091"); pairs of tens make years and times ("nineteen eighty one" → "1981", "nine thirty" →
    "930"); "oh" is a zero only behind another digit; "and" joins only after hundred or thousand;
    ordinals count ("fourth" → "4"), except "first" and "second", and "one" where it is a pronoun.
    """
    texts = [token.text for token in tokens]
    found: list[Number] = []
    at = 0
    while at < len(texts):
        number = _number(texts, at)
        if number is not None and not _is_pronoun(texts, number):
            found.append(number)
        at = number.last + 1 if number else at + 1
    return tuple(found)


def _is_pronoun(texts: Sequence[str], number: Number) -> bool:
    if number.first != number.last or texts[number.first] not in {"one", "second", "first"}:
        return False
    before = texts[number.first - 1] if number.first else ""
    after = texts[number.last + 1] if number.last + 1 < len(texts) else ""
    return texts[number.first] != "one" or before in _POINTING or after in _MOMENTS


def _number(texts: Sequence[str], at: int) -> Number | None:
    """The number that begins at token `at`, as long as it goes on."""
    piece = _piece(texts, at)
    if piece is None:
        return None
    last, digits, spelled = piece
    in_a_date = at > 0 and texts[at - 1] in _MONTHS
    while more := _piece(texts, last + 1, after_digit=spelled):
        end, further, single = more
        if not (spelled and single) and not _is_pair(digits, further, single):
            break
        if in_a_date and (len(further) == 4 or _piece(texts, end + 1)):
            break  # a day, and the year behind it ("March four, nineteen eighty-one")
        last, digits, spelled = end, digits + further, spelled and single
    return Number(first=at, last=last, digits=digits, spelled=spelled)


def _is_pair(digits: str, further: str, single: bool) -> bool:
    return not single and len(digits) <= 3 and len(further) == 2


_Piece = tuple[int, str, bool]  # its last token, its digits, whether it was said digit by digit


def _piece(texts: Sequence[str], at: int, *, after_digit: bool = False) -> _Piece | None:
    if at >= len(texts):
        return None
    text = texts[at]
    following = texts[at + 1] if at + 1 < len(texts) else ""
    if _FIGURES.match(text):
        return at, re.sub(r"\D", "", re.sub(r"\.00$", "", text)), True
    if ordinal := _ORDINAL_FIGURES.match(text):
        return at, ordinal.group(1), False
    if text in {"oh", "o"}:
        return (at, "0", True) if after_digit else None
    if text in _REPEATS and _UNITS.get(following, 10) < 10:
        return at + 1, str(_UNITS[following]) * _REPEATS[text], True
    if text in {"a", "an"}:
        return _value(texts, at + 1, 1) if following in _SCALES else None
    if text in _ORDINALS:
        return at, str(_ORDINALS[text]), False
    return _value(texts, at, None)


def _value(texts: Sequence[str], at: int, group: int | None) -> _Piece | None:
    """One cardinal ("two hundred and ninety", "forty two", "seven"), with its last token."""
    total, last, spelled = 0, at - 1, True
    for here in range(at, len(texts)):
        small = _small(texts[here], ordinal=here > at)
        scale = _SCALES.get(texts[here])
        if small == 0:
            return (at, "0", True) if here == at else (last, str(total + (group or 0)), spelled)
        if small is not None and _fits(group, small):
            group, last = (group or 0) + small, here
            spelled = here == at and small < 10
        elif scale is not None and group:
            spelled, last = False, here
            total, group = (total, group * scale) if scale == 100 else (total + group * scale, 0)
        elif not _joining_and(texts, here):
            break
    return (last, str(total + (group or 0)), spelled) if last >= at else None


def _small(text: str, *, ordinal: bool) -> int | None:
    found = _UNITS.get(text, _TENS.get(text))
    return _ORDINALS.get(text) if found is None and ordinal else found


def _fits(group: int | None, small: int) -> bool:
    """Whether `small` goes on with the number said so far ("two hundred" + 90, "forty" + 2)."""
    if not group:
        return True
    if group % 100 == 0:
        return small < 100
    return group % 10 == 0 and group % 100 >= 20 and small < 10


def _joining_and(texts: Sequence[str], at: int) -> bool:
    return (
        texts[at] == "and"
        and at > 0
        and texts[at - 1] in _SCALES
        and at + 1 < len(texts)
        and _small(texts[at + 1], ordinal=True) is not None
    )
