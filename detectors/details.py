"""Details a turn states, whatever they are said as: digits and letters, months, weekdays, names (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from detectors.dates import month
from detectors.figures import figures
from detectors.lexicon import plain_words, word_list
from detectors.numerals import numbers, word_of
from detectors.text import Line, once_a_line
from streaming.events import WordSpan

_LEXICON = "acknowledgement"
_LEAST_NAME = 4  # letters
_ALIKE_NAMES = (60.0, 97.0)  # rapidfuzz ratio: another name that sounds like it, and no other spelling
_ALIKE_WORDS = 50.0  # rapidfuzz ratio of two numbers in words: "five"/"nine" 50, "thirteen"/"thirty" 71


@dataclass(frozen=True, slots=True)
class Item:
    """Tokens `first` to `last` of `line` say a detail: digits or letters, a month, a weekday, a name."""

    kind: Literal["sign", "month", "weekday", "name"]
    value: str
    line: Line
    first: int
    last: int

    def evidence(self) -> WordSpan:
        return self.line.evidence(self.first, self.last)


@once_a_line
def items(line: Line) -> tuple[Item, ...]:
    """Every detail of a line, numbers both as they run on and as each clause has them."""
    found = [*_signs(line), *_calendar(line), *_names(line)]
    return tuple({(one.kind, one.value): one for one in reversed(found)}.values())


def _signs(line: Line) -> Iterator[Item]:
    for figure in figures(line):
        if figure.kind != "date":
            yield Item("sign", figure.value, line, figure.first, figure.last)
    for first, last in _clauses(line):
        for number in numbers(line.tokens[first : last + 1]):
            yield Item("sign", number.digits, line, first + number.first, first + number.last)


def _clauses(line: Line) -> Iterator[tuple[int, int]]:
    for sentence in line.sentences:
        yield sentence.first, sentence.last
        if len(sentence.clauses) > 1:
            yield from sentence.clauses
    for at, token in enumerate(line.tokens):  # "09-409": two tries at one number, run together
        if token.text.isdecimal() and len(token.text) > 1:
            yield at, at


def _calendar(line: Line) -> Iterator[Item]:
    days = word_list("figures", "weekday")
    for at, token in enumerate(line.tokens):
        text = token.text.removesuffix("'s")
        named = month(token) if token.capital and (text != "may" or not token.opens) else 0
        if named:
            yield Item("month", str(named), line, at, at)
        elif text in days:
            yield Item("weekday", text, line, at, at)


def _names(line: Line) -> Iterator[Item]:
    for at, token in enumerate(line.tokens):
        text = token.text.removesuffix("'s")
        known = text in word_list(_LEXICON, "stop") or text in plain_words("common_words")
        if token.capital and len(text) >= _LEAST_NAME and text.isalpha() and not known:
            yield Item("name", text, line, at, at)


def tells(item: Item, whole: Item) -> bool:
    """Whether `item` says `whole`, or enough of it to be about it."""
    if item.kind != whole.kind:
        return False
    part, value = item.value, whole.value
    if part == value or item.kind != "sign":
        return part == value
    if len(part) == 1:
        return part.isalpha() and part in value
    if (len(value) >= 4 and value in part) or (len(value) == 3 and part.isdecimal() and part.endswith(value)):
        return True
    return part in value if len(part) >= 3 else value.startswith(part) or value.endswith(part)


def alike(stated: Item, said: Item) -> bool:
    """Whether one could be taken for the other, or stands where the other should."""
    if stated.kind != said.kind:
        return False
    one, other = stated.value, said.value
    if stated.kind == "name":
        least, most = _ALIKE_NAMES
        return least <= fuzz.ratio(one, other) < most
    if stated.kind != "sign":
        return True
    if min(len(one), len(other)) >= 4:
        return OSA.distance(one, other) <= max(2, len(one) // 2) or sorted(one) == sorted(other)
    if max(len(one), len(other)) <= 2:
        return bool(fuzz.ratio(word_of(one), word_of(other)) >= _ALIKE_WORDS) or one[0] == other[0]
    alike_digits = sum(a == b for a, b in zip(one, other, strict=False))
    return len(one) == len(other) and (one[0] == other[0] or alike_digits > 1)
