"""Whether a customer corrects what the agent read back, told by all three sides of it (pure).

The customer states something, the agent says something like it that is not it, and the customer says the
first again: "the thirteenth" … "the thirtieth, lovely" … "thirteenth". One misheard word of a recogniser
does not make that; it takes two in a row to look alike, and the customer's form of a correction besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.details import Item, alike, items, tells
from detectors.lexicon import lexicon, word_list
from detectors.spelling import letters_said
from detectors.text import Line
from streaming.events import WordSpan

_LEXICON = "acknowledgement"
_OPENING = 4  # tokens in which a correction begins
_OBJECTION = 10  # tokens in which a "no" or "not five" is about what the agent read back


@dataclass(frozen=True, slots=True)
class Rival:
    """The agent said `said` where the customer had `stated`; it does not come back rightly in her words."""

    stated: Item
    said: Item

    @property
    def sides(self) -> tuple[WordSpan, ...]:
        return (self.stated.evidence(), self.said.evidence())


def rivals(stated: Sequence[Line], reply: Sequence[Line]) -> tuple[Rival, ...]:
    """What of a reply may be a wrong read-back, should the customer correct it."""
    own = [item for line in stated for item in items(line)]
    said = [item for line in reply for item in items(line)]
    strange = [one for one in said if not any(tells(one, item) for item in own)]
    lost = [item for item in own if not any(tells(item, one) for one in said)]
    return tuple(Rival(item, one) for item in lost for one in strange if alike(item, one))


def corrected(found: Iterable[Rival], reply: Sequence[Line], line: Line) -> Rival | None:
    """The rival that the customer's next words correct, None where they do not."""
    objects = is_objection(line)
    opening = line.sentences[0]
    affirms = any(match.first <= opening.last for match in lexicon(_LEXICON).find(line, "affirm", "accept"))
    agrees = affirms or not word_list(_LEXICON, "yes").isdisjoint(line.texts[: opening.last + 1])
    if not objects and (agrees or (opening.mark == "?" and len(opening) <= _OPENING)):
        return None
    said = [item for one in reply for item in items(one)]
    again = [item for item in _with_letters(line) if not any(tells(item, one) for one in said)]
    for rival in found:
        for item in again:
            leads = item.first < _OPENING and item.value not in letters_said(line)
            if tells(item, rival.stated) and (objects or leads):
                return rival
    return None


def is_disputed(found: Sequence[Rival], line: Line) -> bool:
    """Whether the customer's next words may be a correction that was not heard well enough to tell."""
    leads = any(item.first == 0 and item.kind == "sign" for item in items(line))
    return bool(found) and (is_objection(line) or leads) and line.sentences[0].mark != "?"


def retracted(found: Iterable[Rival], reply: Sequence[Line], answer: Line, line: Line) -> Rival | None:
    """The rival that the agent's own next words take back: after a disputed read-back she says what was
    stated first, or what the customer just said, and not what she had read."""
    before = [item for one in reply for item in items(one)]
    fresh = [item for item in items(line) if not any(tells(item, one) for one in before)]
    again = [item for item in items(answer) if len(item.value) > 1]
    for rival in found:
        for item in fresh:
            if tells(item, rival.stated) or any(tells(item, one) for one in again):
                return rival
    return None


def is_objection(line: Line) -> bool:
    """ "No", "not five", "I said …" in the opening of what the customer says."""
    return any(match.first < _OBJECTION for match in lexicon(_LEXICON).find(line, "object"))


def is_bare_objection(line: Line) -> bool:
    return is_objection(line) and not items(line) and len(line.tokens) <= _OPENING


def _with_letters(line: Line) -> list[Item]:
    letters = letters_said(line)
    alone = [
        Item("sign", token.text, line, at, at)
        for at, token in enumerate(line.tokens)
        if token.text in letters
    ]
    return [*items(line), *alone]
