"""What figures are given for: one row of the table each, with the figures to reach where there are any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evaluation.labels import CODES, Meaning


@dataclass(frozen=True, slots=True)
class Class:
    """`codes` are counted together; `precision` and `recall` are the least to reach."""

    title: str
    codes: tuple[str, ...]
    precision: float | None = None
    recall: float | None = None
    recall_only: bool = False  # not everything was labelled: a detection without a label may be right


_WANTED = (
    Class("greeting, warm or not", ("greet+", "greet-"), 0.97, 0.95),
    Class("closing, warm or not", ("close+", "close-"), 0.97, 0.95),
    Class("thanks", ("thanks",), 0.97, 0.95),
    Class("apology", ("sorry",), 0.97, 0.95),
    Class("please", ("please",), 0.97, 0.95),
    Class("demand for information", ("ask-",), 0.93, 0.90),
    Class("friendly request", ("ask+",), 0.93, 0.90),
    Class("curt answer", ("curt",), 0.92, 0.85),
    Class("name learned", ("name-learned",), 0.97, 0.92),
    Class("name used", ("name",), 0.97, 0.92),
    Class("wrong name", ("name-wrong",)),
    Class("acknowledged", ("ack+",), 0.92, 0.88),
    Class("not acknowledged", ("ack-",), 0.92, 0.88),
    Class("wrong read-back", ("ack!",), 0.97, 0.85),
    Class("frustration", ("frus",), 0.90, 0.85),
    Class("leakage", ("leak",), 0.93, 0.85),
    Class("interruption", ("cut",), 0.92, 0.88),
)

_TITLES = {
    "will+": "willing word",
    "will-": "no willing word",
    "hold+": "hold, considerate",
    "hold-": "hold, a part missing",
    "dead": "dead air",
    "name-forced": "name forced",
    "name-unused": "name unused",
    "steady": "steady with a frustrated customer",
    "empathy+": "empathy",
    "empathy-": "empathy missing",
    "ease": "the customer eases",
    "abuse": "abuse",
    "check": "comprehension check",
    "pos": "what can be done",
    "neg": "a bare no",
    "own+": "takes it on",
    "own-": "sends the customer away",
    "esc+": "passed on with care",
    "esc-": "passed on cold, or refused",
    "wants-boss": "asks for a supervisor",
    "next": "heads off the next call",
    "effort": "the customer's effort",
    "settled+": "asks whether it is settled",
    "settled-": "never asks whether it is settled",
    "settled": "confirms that it is settled",
    "offer": "offer",
    "cue": "cue for an offer",
}

CLASSES: tuple[Class, ...] = (*_WANTED, *(Class(title, (code,)) for code, title in _TITLES.items()))
"""Every code of the table in `labels` stands in one of them."""


def meanings(classes: Iterable[Class], extra: Iterable[Meaning] = ()) -> Iterator[Meaning]:
    """The rows that these classes are counted by; `extra` are those that the table does not know."""
    known = {row.code: row for row in extra} | dict(CODES)
    return (known[code] for one in classes for code in one.codes)


def classes_for(behaviours: Iterable[str], extra: Iterable[Meaning] = ()) -> tuple[Class, ...]:
    """The classes of those behaviours, the table's first."""
    wanted = frozenset(behaviours)
    ours = tuple(one for one in CLASSES if any(CODES[code].behaviour in wanted for code in one.codes))
    own = {row.code: row for row in extra if row.behaviour in wanted and row.code not in CODES}
    return ours + tuple(Class(code, (code,)) for code in own)


def only(classes: Iterable[Class], codes: frozenset[str], recall_only: frozenset[str]) -> tuple[Class, ...]:
    """The classes of `codes` (all, when empty); no target stands where only the recall can be told."""
    kept = [one for one in classes if not codes or codes.intersection(one.codes)]
    return tuple(
        Class(one.title, one.codes, recall_only=True) if recall_only.intersection(one.codes) else one
        for one in kept
    )
