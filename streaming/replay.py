"""Drives a stored call's log through today's judges again (pure).

What was heard, measured and done by people is taken from the log; what was judged from it is made anew.
The same judges give byte-equal records.
"""

from __future__ import annotations

from collections.abc import Iterable

from streaming.casefile import CaseFile
from streaming.events import (
    Alert,
    AlertUpdate,
    BetweenPeople,
    CallEnded,
    CallStarted,
    Detection,
    DetectionWithdrawn,
    DetectorFailed,
    Event,
    Record,
    Scorecard,
    Utterance,
)

_DERIVED = (Detection, DetectionWithdrawn, DetectorFailed, Alert, Scorecard)
_ACTED = ("acked", "dismissed")


def rejudge(log: Iterable[Record], case: CaseFile) -> list[Record]:
    """The call's log as `case` would have written it; `case` must be fresh."""
    records: list[Record] = []
    for record in log:
        records += _replay(record.event, case)
    return records


def _replay(event: Event, case: CaseFile) -> list[Record]:
    match event:
        case CallStarted():
            return case.open()
        case CallEnded():
            return case.close(event)
        case _ if isinstance(event, BetweenPeople):
            return case.note(event)
        case AlertUpdate():
            return _act_again(event, case)
        case Utterance(final=False):
            return [record for record in case.glimpse(event, event) if record.seq]
        case _ if isinstance(event, _DERIVED):
            return []
        case _:
            return case.take(event)


def _act_again(update: AlertUpdate, case: CaseFile) -> list[Record]:
    """A person's act is repeated; if the alert it answered is not raised again, nothing follows."""
    verdict = update.useful is not None  # may be given of a card that was followed, and leaves it so
    if update.state not in _ACTED and not verdict:
        return []
    act = case.dismiss if update.state == "dismissed" else case.ack
    return act(update.id, by=update.by, useful=update.useful, at=update.at)
