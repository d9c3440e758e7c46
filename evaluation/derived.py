"""Labels that follow from a script: on which of the customer's turns the own name is said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from evaluation.script import Call, Mark, Turn
from streaming.events import Party

_ASKED = re.compile(r"\b(name|who|speaking|spell|call you)\b", re.IGNORECASE)
_GIVEN = re.compile(r"\b(name|name's|this is|it's|it is|i'm|i am|call me|speaking|here)\b", re.IGNORECASE)
_LETTERS = re.compile(r"\b([A-Z])\b")


def name_marks(call: Call) -> Mapping[int, Mark]:
    """Turn → `name-learned`. Sure on the first turn that says the name, where it was not known before.

    Later turns that say it again are unsure: hearing it once more is neither right nor wrong.
    """
    found: dict[int, Mark] = {}
    for turn in _saying(call):
        found[turn] = Mark("name-learned", unsure=bool(found) or call.name_known)
    return found


def _saying(call: Call) -> Iterator[int]:
    parts = call.customer.name.split()
    before: Turn | None = None
    for turn in call.turns:
        if turn.speaker is Party.CUSTOMER and _says(turn, parts, before):
            yield turn.number
        if turn.speaker is Party.AGENT:
            before = turn


def _says(turn: Turn, parts: list[str], before: Turn | None) -> bool:
    words = {word.strip(".,;:!?\"'").removesuffix("'s") for word in turn.words}
    said = [part for part in parts if part in words]
    asked = before is not None and bool(_ASKED.search(before.text))
    if said and (len(said) > 1 or asked or _GIVEN.search(turn.text)):
        return True
    spelled = "".join(_LETTERS.findall(turn.text)).lower()
    return any(len(part) > 2 and part.lower() in spelled for part in parts)
