"""What every node knows of the live calls (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from service.callview import CallProjection, CallView, Keep
from streaming.events import CallEnded, Lag, Record

_PENDING = 512  # records of one call that wait for a hole before them to be filled
_GONE = 1024  # ended calls remembered by id only, so that a late record does not bring one back


@dataclass(slots=True)
class _Entry:
    shown: CallProjection
    last: int = 0  # seq of the last record applied
    version: int = 0  # how often the view changed; partials have no seq but change it too
    pending: dict[int, Record] = field(default_factory=dict)
    closed: bool = False  # nothing more is taken: what comes was never stored


class LiveView:
    """Every live call, and the `ended` newest that ended (pure).

    Records of a call may come twice and in any order: they are applied in the order of their `seq`, each
    once. Those behind a hole wait (`needs_resync`) until the missing ones come or are loaded.
    """

    def __init__(self, *, keep: Keep | None = None, ended: int = 50) -> None:
        self._keep = keep or Keep()
        self._most_ended = ended
        self._entries: dict[str, _Entry] = {}
        self._ended: dict[str, None] = {}
        self._gone: dict[str, None] = {}

    def apply(self, record: Record) -> list[Record]:
        """Take one record; returns those that were applied because of it, in order."""
        if record.seq == 0 and self.last(record.call_id) == 0:
            return []  # a passing record of a call not known yet; its next numbered one tells of it
        entry = self._entry(record.call_id)
        if entry is None:
            return []
        if record.seq == 0:  # a passing record: shown, never stored
            self._show(entry, record)
            return [record]
        if record.seq == entry.last + 1:
            self._show(entry, record)
            return [record, *self._drain(entry)]
        if record.seq > entry.last and len(entry.pending) < _PENDING:
            entry.pending[record.seq] = record
        return []

    def load(self, call_id: str, records: Iterable[Record]) -> list[Record]:
        """Take what the store holds, which is the truth; returns the records that were new here."""
        entry = self._entry(call_id)
        if entry is None:
            return []
        new = [record for record in records if record.seq > entry.last]
        for record in new:
            self._show(entry, record)
        return [*new, *self._drain(entry)]

    def contradicted(self, record: Record) -> bool:
        """The store ends a live call before what was shown of it: its node died with records that had
        reached the bus and not the store."""
        ended = isinstance(record.event, CallEnded) and self.state(record.call_id) == "live"
        return ended and record.seq <= self.last(record.call_id)

    def replace(self, call_id: str, records: Iterable[Record]) -> None:
        """Forget what was shown of the call: `records` is all there is, and ever will be."""
        fresh = _Entry(CallProjection(call_id, self._keep), version=self.version(call_id) + 1)
        self._entries[call_id] = fresh
        for record in records:
            self._show(fresh, record)
        fresh.closed = True

    def skip(self, call_id: str) -> list[Record]:
        """The missing records cannot be had: go on behind the hole, and say so (`truncated`)."""
        entry = self._entries.get(call_id)
        if entry is None or not entry.pending:
            return []
        entry.shown.truncated = True
        new = [entry.pending[seq] for seq in sorted(entry.pending)]
        entry.pending.clear()
        for record in new:
            self._show(entry, record)
        return new

    def needs_resync(self, call_id: str) -> bool:
        """Records are missing before some that came."""
        entry = self._entries.get(call_id)
        return entry is not None and bool(entry.pending)

    def last(self, call_id: str) -> int:
        """The seq of the last record applied; 0 for an unknown call."""
        entry = self._entries.get(call_id)
        return entry.last if entry else 0

    def version(self, call_id: str) -> int:
        """Rises with every change of the call's view."""
        entry = self._entries.get(call_id)
        return entry.version if entry else 0

    def view(self, call_id: str, *, utterances: int | None = None) -> CallView | None:
        """The call as it is now, or None when it is not known here."""
        entry = self._entries.get(call_id)
        if entry is None or entry.last == 0:
            return None
        return entry.shown.view(seq=entry.last, utterances=utterances)

    def calls(self, team: str | None = None) -> list[str]:
        """Ids of the calls known here, oldest first; with `team`, those of that team."""
        known = self._entries.items()
        return [key for key, one in known if one.last and team in (None, one.shown.call.team)]

    def live(self) -> list[str]:
        return [key for key, one in self._entries.items() if one.shown.state == "live"]

    def snapshot(self, team: str | None = None) -> list[CallView]:
        return [view for key in self.calls(team) if (view := self.view(key)) is not None]

    def of_agent(self, agent: str) -> list[str]:
        """Ids of the agent's calls known here, oldest first."""
        return [key for key, one in self._entries.items() if one.last and one.shown.call.agent == agent]

    def agent(self, call_id: str) -> str | None:
        entry = self._entries.get(call_id)
        return entry.shown.call.agent if entry else None

    def team(self, call_id: str) -> str | None:
        entry = self._entries.get(call_id)
        return entry.shown.call.team if entry else None

    def state(self, call_id: str) -> str | None:
        """``live``, ``ended`` or None when the call is not known here."""
        entry = self._entries.get(call_id)
        return entry.shown.state if entry and entry.last else None

    def lag(self, call_id: str) -> Lag | None:
        """How far a live call is behind; None when it is not known here, or over."""
        entry = self._entries.get(call_id)
        if entry is None or self.state(call_id) != "live":
            return None
        shown = entry.shown
        return Lag(at=shown.at, seconds=shown.lag, partial_lines=shown.partial_lines)

    def has_alert(self, call_id: str, alert_id: str) -> bool:
        entry = self._entries.get(call_id)
        return entry is not None and entry.shown.has_alert(alert_id)

    def _entry(self, call_id: str) -> _Entry | None:
        if call_id in self._gone:
            return None
        if call_id not in self._entries:
            self._entries[call_id] = _Entry(CallProjection(call_id, self._keep))
        entry = self._entries[call_id]
        return None if entry.closed else entry

    def _show(self, entry: _Entry, record: Record) -> None:
        if record.seq > entry.last + 1:
            entry.shown.truncated = True
        entry.last = max(entry.last, record.seq)
        entry.version += 1
        entry.shown.apply(record.event)
        if isinstance(record.event, CallEnded):
            self._end(record.call_id)

    def _drain(self, entry: _Entry) -> list[Record]:
        drained = []
        while (record := entry.pending.pop(entry.last + 1, None)) is not None:
            self._show(entry, record)
            drained.append(record)
        for seq in [seq for seq in entry.pending if seq <= entry.last]:
            del entry.pending[seq]
        return drained

    def _end(self, call_id: str) -> None:
        self._ended[call_id] = None
        if len(self._ended) > self._most_ended:
            oldest = next(iter(self._ended))
            del self._ended[oldest], self._entries[oldest]
            self._gone[oldest] = None
            if len(self._gone) > _GONE:
                del self._gone[next(iter(self._gone))]
