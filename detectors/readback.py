"""Read-backs: whether a figure the agent says is the customer's own, and rightly so (pure).

An accusation here is grave and the recogniser mishears digits, so everything doubtful is unrelated, and
what looks like a wrong read-back still waits for the customer's answer (`answer_to`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import OSA

from detectors.figures import Figure, flow, nearly
from detectors.lexicon import lexicon
from detectors.text import Line
from streaming.events import WordSpan

_LEXICON = "acknowledgement"
_CUE_TOKENS = 6  # a cue stands this close in front of the figure
_CHECK_TOKENS = 7  # behind the figure: "thank you, is that right?", no new question


class Reading(StrEnum):
    """What a said figure is to a stated one."""

    SAME = "same"  # all of it, or a part that identifies it
    DIFFERENT = "different"  # the same item, read back otherwise
    UNRELATED = "unrelated"


def compare(said: Figure, stated: Figure) -> Reading:
    """Whether `said` reads `stated` back, rightly or otherwise; in doubt they are unrelated."""
    if said.kind == stated.kind == "date":
        return _compare_dates(said.value, stated.value)
    if said.kind == stated.kind == "money":
        return Reading.SAME if said.value == stated.value else Reading.UNRELATED
    if "date" in (said.kind, stated.kind):
        return _compare_year(said, stated)
    if said.value == stated.value:
        return Reading.SAME
    coded = {"code", "spelling"}
    if stated.kind not in coded:
        return Reading.UNRELATED
    if _is_part(said.value, stated.value):
        return Reading.SAME
    if said.kind != stated.kind:
        return Reading.UNRELATED
    return Reading.DIFFERENT if nearly(said.value, stated.value) else Reading.UNRELATED


def compare_tail(said: Figure, stated: Figure) -> Reading:
    """As `compare`, where the agent announced the last digits ("ending in 0142")."""
    if said.value.isdecimal() and 3 <= len(said.value) < len(stated.value):
        tail = stated.value[-len(said.value) :]
        if said.value == tail:
            return Reading.SAME
        return Reading.DIFFERENT if OSA.distance(said.value, tail) == 1 else Reading.UNRELATED
    return compare(said, stated)


def _is_part(said: str, stated: str) -> bool:
    """A group of the number (three digits at its ends, four anywhere), or it with a prefix before it."""
    if len(said) >= 3 and (stated.startswith(said) or stated.endswith(said)):
        return True
    if len(stated) >= 4 and (said.endswith(stated) or said.startswith(stated)):
        return True  # more than was heard of the customer, whose first or last digits the recogniser lost
    return len(said) >= 4 and said in stated


def _compare_dates(said: str, stated: str) -> Reading:
    pairs = [(a, b) for a, b in zip(said.split("-"), stated.split("-"), strict=True) if a and b]
    pairs = [(a[-2:], b[-2:]) if 2 in (len(a), len(b)) else (a, b) for a, b in pairs]  # "'91" is 1991
    agreeing = sum(a == b for a, b in pairs)
    if pairs and agreeing == len(pairs):
        return Reading.SAME
    return Reading.DIFFERENT if len(pairs) == 3 and agreeing == 2 else Reading.UNRELATED


def _compare_year(said: Figure, stated: Figure) -> Reading:
    date, other = (said, stated) if said.kind == "date" else (stated, said)
    parts = date.value.split("-")
    if other.kind == "year":
        return Reading.SAME if other.value == parts[2] else Reading.UNRELATED
    return Reading.SAME if other.value in _written(*parts) else Reading.UNRELATED


def _written(month: str, day: str, year: str) -> set[str]:
    """How a recogniser may write the date in figures ("03/04/1981" and "4/3/81", marks left out)."""
    pairs = [(month, day), (month.zfill(2), day.zfill(2))]
    orders = [*pairs, *((b, a) for a, b in pairs)]
    return {f"{a}{b}{y}" for a, b in orders for y in (year, year[-2:]) if year}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misreading:
    """The agent seems to have read `stated` back as `said`."""

    stated: Figure
    said: Figure
    last: bool  # nothing follows it but thanks or a check: a "no" behind it is about it

    @property
    def sides(self) -> tuple[WordSpan, ...]:
        return tuple(one.line.evidence(one.first, one.last) for one in (self.stated, self.said))

    @property
    def clear(self) -> bool:
        """A code heard whole and surely on both sides, so that silence does not excuse it.

        A recogniser takes one digit for another, but it does not swap two that follow each other.
        """
        stated, said = self.stated.value, self.said.value
        if self.stated.kind != "code" or len(stated) != len(said):
            return False
        swapped = sorted(stated) == sorted(said)
        return min(self.stated.confidence, self.said.confidence) >= (SURE if swapped else SUREST)


SURE, SUREST = 0.85, 0.97
"""Recogniser confidence of every digit on both sides from which an unanswered misreading is charged: of
digits in another order, and of other digits."""


def misreading(stated: Sequence[Figure], reply: Sequence[Line]) -> Misreading | None:
    """The first figure of a reply that reads a stated one back otherwise, if none reads it back rightly.

    Dates and last digits need a cue ("that's", "is that right"); the agent's own numbers do not count.
    """
    said = flow(reply)
    for own in stated:
        readings = [(one, _reading(one, own)) for one in said]
        if any(reading is Reading.SAME for _, reading in readings):
            continue
        for one, reading in readings:
            if reading is Reading.DIFFERENT and not _is_agents_own(one) and _is_clear(one, own):
                return Misreading(stated=own, said=one, last=_is_last(one))
    return None


class Answer(StrEnum):
    """What the customer's next words make of a read-back."""

    CORRECTED = "corrected"  # "no, it's …" with the number as first stated
    REFUSED = "refused"  # "no" alone
    CONFIRMED = "confirmed"  # "yes", or the number as the agent read it
    SILENT = "silent"  # neither


def answer_to(found: Misreading, line: Line) -> Answer:
    """Judge the customer's next utterance after a misreading."""
    said = flow([line])
    if any(compare(one, found.said) is Reading.SAME and one.value == found.said.value for one in said):
        return Answer.CONFIRMED
    if any(compare(one, found.stated) is Reading.SAME for one in said):
        return Answer.CORRECTED
    book = lexicon(_LEXICON)
    if book.has(line, "object"):
        return Answer.REFUSED if not said else Answer.SILENT  # another number: the customer's own change
    return Answer.CONFIRMED if book.has(line, "affirm") else Answer.SILENT


def _reading(said: Figure, stated: Figure) -> Reading:
    if _cued(said, "tail"):
        return compare_tail(said, stated)
    return compare(said, stated)


def _is_clear(said: Figure, stated: Figure) -> bool:
    if stated.kind == "spelling":
        return False  # letters are misheard too often by recognisers; only their read-back is credited
    if stated.kind == "code" and len(said.value) + 1 >= len(stated.value):
        return True
    return _cued(said, "cue")


def _is_agents_own(said: Figure) -> bool:
    return _cued(said, "other_number")


def _cued(said: Figure, label: str) -> bool:
    """Whether such a phrase stands shortly before the figure, or (a check) right behind it."""
    near = range(said.first - _CUE_TOKENS, said.last + 1 + (_CUE_TOKENS if label == "cue" else 0))
    return any(match.last in near for match in lexicon(_LEXICON).find(said.line, label))


def _is_last(said: Figure) -> bool:
    tokens = said.line.tokens
    if len(tokens) - 1 - said.last > _CHECK_TOKENS:
        return False
    asked = [one for one in said.line.sentences if one.mark == "?" and one.first > said.last]
    checks = {match.first for match in lexicon(_LEXICON).find(said.line, "cue")}
    return all(not checks.isdisjoint(range(one.first, one.last + 1)) for one in asked)
