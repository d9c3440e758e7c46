"""Figures: numbers, dates, money, codes and spellings as stated, and whether one reads another back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import OSA

from detectors.dates import month_near, when
from detectors.lexicon import word_list
from detectors.numerals import Number, numbers, numbers_of
from detectors.spelling import Spelled, spellings
from detectors.text import Line, Token

FigureKind = Literal["code", "spelling", "money", "date", "year", "time", "quantity"]

_SIGNS = "$£€"
_PAUSE = 2.5  # seconds between two utterances of one number read out in groups
_LEAST_CODE = 4  # digits; shorter ones are quantities


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Tokens `first` to `last` (inclusive) of `line` say `value`.

    `value` is digits (code, year, quantity, money), letters (spelling), or ``month-day-year`` with empty
    parts where they were not said (date).
    """

    kind: FigureKind
    value: str
    line: Line
    first: int
    last: int

    @property
    def confidence(self) -> float:
        """The least sure word under it: one misheard digit makes another number."""
        words = self.line.utterance.words
        tokens = self.line.tokens[self.first : self.last + 1]
        return min(words[token.word].confidence for token in tokens)


def figures(line: Line) -> tuple[Figure, ...]:
    """Every figure of a line in order."""
    spelled = [_spelling(line, run) for run in spellings(line)]
    joined = _joined(line, numbers_of(line))
    heard = [_figure(line, number) for number in joined]
    found = [*heard, *spelled]
    kept = [figure for figure in found if not any(_covers(other, figure) for other in found)]
    return tuple(sorted(kept, key=lambda figure: figure.first))


def flow(lines: Sequence[Line]) -> list[Figure]:
    """The figures of a turn; a number read out in groups, with pauses between, is one again.

    Quantities below ten ("two of them") are left out: they come up anywhere.
    """
    found: list[Figure] = []
    for line in lines:
        fresh = list(figures(line))
        if found and fresh and _runs_on(found[-1], fresh[0]):
            value = found[-1].value + fresh[0].value
            found[-1] = Figure(kind="code", value=value, line=line, first=fresh[0].first, last=fresh[0].last)
            fresh = fresh[1:]
        found.extend(fresh)
    return [figure for figure in found if figure.kind != "quantity" or len(figure.value.lstrip("0")) > 1]


def _runs_on(before: Figure, after: Figure) -> bool:
    grouped = {"code", "quantity", "year"}
    if before.line is after.line or not {before.kind, after.kind} <= grouped or after.first > 1:
        return False
    ends = before.last == len(before.line.tokens) - 1
    repeats = after.value in before.value or before.value in after.value or nearly(after.value, before.value)
    return ends and not repeats and after.line.start - before.line.end < _PAUSE


def nearly(said: str, stated: str) -> bool:
    """High overlap of two codes: one longer at most, one digit in four otherwise (a swap counts once)."""
    if len(said) < _LEAST_CODE or abs(len(said) - len(stated)) > 1:
        return False
    return OSA.distance(said, stated) <= max(1, len(stated) // 4)


def _joined(line: Line, found: Sequence[Number]) -> list[Number]:
    """Groups of one long number said in a row are one ("555 | 0142"); dates and units keep them apart."""
    joined: list[Number] = []
    for number in found:
        before = joined[-1] if joined else None
        if before is not None and before.last + 1 == number.first and _is_one_number(line, before, number):
            joined[-1] = Number(
                first=before.first, last=number.last, digits=before.digits + number.digits, spelled=True
            )
        else:
            joined.append(number)
    return joined


def _is_one_number(line: Line, before: Number, after: Number) -> bool:
    if not (before.spelled or after.spelled) or month_near(line.tokens, before) is not None:
        return False
    same_sentence = line.sentence_of(before.last) == line.sentence_of(after.first)
    return same_sentence or (before.spelled and after.spelled and len(before.digits) > 1)


def _spelling(line: Line, run: Spelled) -> Figure:
    return Figure(kind="spelling", value=run.value, line=line, first=run.first, last=run.last)


def _figure(line: Line, number: Number) -> Figure:
    kind, value, first, last = _kind(line.tokens, number)
    return Figure(kind=kind, value=value, line=line, first=first, last=last)


def _kind(tokens: Sequence[Token], number: Number) -> tuple[FigureKind, str, int, int]:
    first, last, digits = number.first, number.last, number.digits
    found = when(tokens, number)
    if found is not None:
        return found.kind, found.value, found.first, found.last
    after = tokens[last + 1].text if last + 1 < len(tokens) else ""
    if any(token.heard[:1] in _SIGNS for token in tokens[first : last + 1] if token.heard):
        return "money", _amount(tokens, number), first, last
    if after in _words("money"):
        small = numbers(tokens[last + 2 : last + 5])  # "twelve dollars, fifty"
        if small and not small[0].first and len(small[0].digits) == 2 and not small[0].ordinal:
            return "money", digits + small[0].digits, first, last + 2 + small[0].last
        return "money", digits, first, last + 1
    if len(digits) <= 4 and _is_hour(tokens, number, after):
        return "time", digits, first, last
    if after in _words("unit") or tokens[last].heard.endswith("%") or "," in tokens[last].heard.strip(","):
        return "quantity", digits, first, last
    if _is_year(tokens, number):
        return "year", digits, first, last
    if len(digits) >= _LEAST_CODE and not _is_round(tokens, number):
        return "code", digits, first, last
    return "quantity", digits, first, last


def _is_hour(tokens: Sequence[Token], number: Number, after: str) -> bool:
    """ "eight until six", "at nine thirty", "9 am" — and not "at 42 Maple Street" or "by sixty"."""
    before = tokens[number.first - 1].text if number.first else ""
    if not 1 <= len(number.digits) <= 4:
        return False
    hour = int(number.digits[:-2] or number.digits)
    if hour > 12 + 12 * (len(number.digits) > 2):
        return False
    if after in _words("hour") or before in _words("hour"):
        return True
    return before in _words("hour_cue") and (not after or after in _words("hour_end"))


def _amount(tokens: Sequence[Token], number: Number) -> str:
    heard = "".join(token.heard for token in tokens[number.first : number.last + 1])
    whole = heard.split(".")[0] if heard.endswith((".00", ".0")) else heard
    return "".join(mark for mark in whole if mark.isdecimal()) or number.digits


def _is_year(tokens: Sequence[Token], number: Number) -> bool:
    """Four digits written as one, or said in pairs: 19… or 20…."""
    if len(number.digits) != 4 or number.digits[:2] not in ("19", "20"):
        return False
    said = [token.text for token in tokens[number.first : number.last + 1]]
    return len(said) == 1 or said[0] in ("nineteen", "twenty") or said[:2] == ["two", "thousand"]


def _is_round(tokens: Sequence[Token], number: Number) -> bool:
    """Said with a scale ("thirty thousand"): an amount, not a code."""
    said = {token.text for token in tokens[number.first : number.last + 1]}
    return bool(said & {"hundred", "thousand", "million"})


def _words(key: str) -> frozenset[str]:
    return word_list("figures", key)


def _covers(other: Figure, figure: Figure) -> bool:
    """Whether `figure` is only part of what `other` says."""
    wider = other.last - other.first > figure.last - figure.first
    same = (other.first, other.last) == (
        figure.first,
        figure.last,
    ) and other.kind == "spelling" != figure.kind
    return (wider or same) and other.first <= figure.first and figure.last <= other.last
