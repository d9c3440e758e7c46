"""A call's row as a pure fold of its events, in whatever order and however often they come.

The fold is commutative, so batches may arrive out of order; events that are already stored must not be
folded again (the repository sees to it). Rebuilding is folding the whole log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from service.wire import decode_event, encode_event
from streaming.events import Alert, CallEnded, CallStarted, Event, Record, Scorecard, Seconds

CallState = Literal["live", "ended", "abandoned"]
ABANDONED = "abandoned"
"""`CallEnded.reason` of a call whose node went away."""

_TELLING = (CallStarted, CallEnded, Alert, Scorecard)
"""The events that change more of a call's row than how far it has come (`_fold_event`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call as the list of calls shows it. What is unknown before `CallStarted` is stored is None."""

    call_id: str
    node: str
    state: CallState = "live"
    agent: str | None = None
    team: str | None = None
    profile: str | None = None
    source: str | None = None
    language: str | None = None
    started_at: float = 0.0  # Unix seconds
    ended_at: float | None = None  # Unix seconds
    seconds: Seconds = 0.0
    last_seq: int = 0
    alerts: int = 0
    scorecard: Scorecard | None = None

    @property
    def cursor(self) -> str:
        """Where a page of calls that ends with this one goes on: `Repository.calls(before=…)`."""
        return f"{self.started_at!r},{self.call_id}"


def fold(row: CallRow, records: Iterable[Record]) -> CallRow:
    """`row` after `records`, none of which it has seen before."""
    last, seconds = row.last_seq, row.seconds
    for record in records:
        last, seconds = max(last, record.seq), max(seconds, event_time(record.event))
        row = _fold_event(row, record.event)
    return replace(row, last_seq=last, seconds=seconds)


def _fold_event(row: CallRow, event: Event) -> CallRow:
    match event:
        case CallStarted(call=call):
            # The end is told in stream seconds, and may have been folded before.
            ended_at = None if row.ended_at is None else row.ended_at - row.started_at + call.started_at
            return replace(
                row,
                agent=call.agent,
                team=call.team,
                profile=call.profile.value,
                source=call.source,
                language=call.language,
                started_at=call.started_at,
                ended_at=ended_at,
            )
        case CallEnded(at=at, reason=reason):
            state: CallState = "abandoned" if reason == ABANDONED else "ended"
            return replace(row, state=state, ended_at=row.started_at + at)
        case Alert():
            return replace(row, alerts=row.alerts + 1)
        case Scorecard() if row.scorecard is None or row.scorecard.at <= event.at:
            return replace(row, scorecard=event)
        case _:
            return row


def moves_only(event: Event) -> bool:
    """Whether folding `event` changes nothing but `last_seq` and `seconds`: so do nearly all."""
    return not isinstance(event, _TELLING)


def event_time(event: Event) -> Seconds:
    """Stream seconds at which an event was known: `at`, else `end`."""
    at = getattr(event, "at", None)
    return float(at if at is not None else getattr(event, "end", 0.0))


def to_columns(row: CallRow) -> dict[str, Any]:
    columns = {name: getattr(row, name) for name in CallRow.__dataclass_fields__}
    columns["scorecard"] = None if row.scorecard is None else encode_event(row.scorecard).decode()
    return columns


def from_columns(columns: dict[str, Any]) -> CallRow:
    scorecard = columns["scorecard"] and decode_event(columns["scorecard"])
    return CallRow(**{**columns, "scorecard": scorecard})
