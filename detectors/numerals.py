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
_UNITS = {word: value for value, word in enumerate(_UNIT_NAMES.split())} | {"nought": 0, "naught": 0}
_TENS = {word: 10 * value for value, word in enumerate(_TEN_NAMES.split(), start=2)}
_ORDINALS = {word: value for value, word in enumerate(_ORDINAL_NAMES.split(), start=1)} | {"thirtieth": 30}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_MOST_DIGITS = 18
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_OH = frozenset({"oh", "o"})
_POINT = frozenset({"point", "dot"})
_FIGURES = re.compile(r"^[$£€#]?\d[\d,.:/\-]*(k|%|am|pm)?$")
_CLOCK = re.compile(r"^\d{1,2}[.:]\d\d$")  # a time or an amount: no group of a longer number
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


_SPOKEN = {str(value): word for word, value in {**_TENS, **_UNITS}.items() if word != "naught"}


def word_of(digits: str) -> str:
    """A number below a hundred in words ("42" → "fortytwo", "04" → "zerofour"), to compare how they sound."""
    if digits in _SPOKEN:
        return _SPOKEN[digits]
    tens = _SPOKEN.get(digits[0] + "0", "") if len(digits) == 2 and digits[0] != "0" else ""
    two = len(digits) == 2 and digits.isdecimal()
    return (tens or _SPOKEN[digits[0]]) + _SPOKEN[digits[1]] if two else digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Tokens `first` to `last` (inclusive) say `digits`; `spelled` when they were said digit by digit."""

    first: int
    last: int
    digits: str
    spelled: bool
    ordinal: bool = False  # "the ninth"

    @property
    def value(self) -> int:
        """What the digits count; a row longer than any count is more than every other."""
        return int(self.digits or 0) if len(self.digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


@once_a_line
def numbers_of(line: Line) -> tuple[Number, ...]:
    """The numbers said in a line."""
    return numbers(line.tokens)


def numbers(tokens: Sequence[Token]) -> tuple[Number, ...]:
    """The numbers said in `tokens`, in order, as digit strings without separators.

    A row of single digits is one number however it is grouped ("five five two, zero nine one" →
    "552091"); pairs of tens make years and times ("nineteen eighty one" → "1981", "nine thirty" →
    "930"); "oh" is a zero only beside another digit; "and" joins only after hundred or thousand; a
    point is left out ("nought point four" → "04", as in "0.4"); ordinals count ("fourth" → "4"), except
    "first" and "second", and "one" where it is a pronoun.
    """
    texts = [token.text.removesuffix("'s") for token in tokens]
    ends = _sentence_ends(tokens)
    found: list[Number] = []
    at = 0
    while at < len(texts):
        number = _number(texts, at, ends)
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


def _number(texts: Sequence[str], at: int, ends: Sequence[int]) -> Number | None:
    """The number that begins at token `at`, as long as it goes on; only single digits go on in the next
    sentence, which begins where `ends` says that this one's tokens end."""
    piece = _piece(texts[: ends[at]], at)
    if piece is None:
        return None
    last, digits, spelled = piece
    if _is_ordinal(texts[last]):
        return Number(first=at, last=last, digits=digits, spelled=False, ordinal=True)
    in_a_date = at > 0 and texts[at - 1] in _MONTHS
    while more := _further(texts[: ends[last + 1]], last + 1, after_digit=spelled):
        end, further, single = more
        pointed = texts[last + 1] in _POINT
        if not (spelled and single) and ends[last] == last + 1:
            break
        if not pointed and not (spelled and single) and not _is_pair(digits, further, single):
            break
        if in_a_date and (len(further) == 4 or _piece(texts, end + 1)):
            break  # a day, and the year behind it ("March four, nineteen eighty-one")
        last, digits, spelled = end, digits + further, spelled and single
    return Number(first=at, last=last, digits=digits, spelled=spelled)


def _sentence_ends(tokens: Sequence[Token]) -> list[int]:
    """Behind which token the sentence of each ends; one more entry, for what is behind them all."""
    ends = [len(tokens)] * (len(tokens) + 1)
    for at in range(len(tokens) - 2, -1, -1):
        ends[at] = at + 1 if tokens[at + 1].opens else ends[at + 1]
    return ends


def _is_ordinal(text: str) -> bool:
    return text in _ORDINALS or bool(_ORDINAL_FIGURES.match(text))


def _further(texts: Sequence[str], at: int, *, after_digit: bool) -> _Piece | None:
    pointed = at < len(texts) and texts[at] in _POINT
    return _piece(texts, at + pointed, after_digit=after_digit)


def _is_pair(digits: str, further: str, single: bool) -> bool:
    return not single and len(digits) <= 3 and len(further) == 2


_Piece = tuple[int, str, bool]  # its last token, its digits, whether it was said digit by digit


def _piece(texts: Sequence[str], at: int, *, after_digit: bool = False) -> _Piece | None:
    if at >= len(texts):
        return None
    text = texts[at]
    following = texts[at + 1] if at + 1 < len(texts) else ""
    if _FIGURES.match(text):
        return at, re.sub(r"\D", "", re.sub(r"\.00$", "", text)), not _CLOCK.match(text)
    if ordinal := _ORDINAL_FIGURES.match(text):
        return at, ordinal.group(1), False
    if text in _OH:
        return (at, "0", True) if after_digit or _is_led(texts, at) else None
    if text in _REPEATS and (repeated := _digit(following)):
        return at + 1, repeated * _REPEATS[text], True
    if text in _REPEATS and following.isdecimal():  # "double 409", as recognisers write "double four oh nine"
        return at + 1, following[0] * (_REPEATS[text] - 1) + following, True
    if text in {"a", "an"}:
        return _value(texts, at + 1, 1) if following in _SCALES else None
    if text in _ORDINALS:
        return at, str(_ORDINALS[text]), False
    return _value(texts, at, None)


def _is_led(texts: Sequence[str], at: int) -> bool:
    """Whether the "oh" at `at` opens a number ("oh nine", "oh five double eight"), and is no exclamation."""
    following, behind = [*texts[at + 1 : at + 3], "", ""][:2]
    if following in _REPEATS:
        return bool(_digit(behind))
    return bool(_digit(following)) and behind not in _MOMENTS and (following != "one" or bool(_digit(behind)))


def _digit(text: str) -> str:
    """The one digit that a token says, "" where it says something else ("oh" after "double" is a zero)."""
    if text in _OH:
        return "0"
    if len(text) == 1 and text.isdecimal():
        return text
    return str(_UNITS[text]) if _UNITS.get(text, 10) < 10 else ""


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
