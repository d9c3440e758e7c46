"""What every node knows of the live calls, and how it keeps knowing it: the store first, then the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from service.callview import CallProjection, CallView, Keep
from service.wire import decode_record, encode_record
from streaming.errors import CursorLost, ProtocolError
from streaming.events import CallEnded, Record
from streaming.ports import Bus

TOPIC = "live"
_PENDING = 512  # records of one call that wait for a hole before them to be filled
_GONE = 1024  # ended calls remembered by id only, so that a late record does not bring one back
_PAGE = 2000  # records read from the store at once

_log = structlog.get_logger()


@dataclass(slots=True)
class _Entry:
    shown: CallProjection
    last: int = 0  # seq of the last record applied
    version: int = 0  # how often the view changed; partials have no seq but change it too
    pending: dict[int, Record] = field(default_factory=dict)


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

    def team(self, call_id: str) -> str | None:
        entry = self._entries.get(call_id)
        return entry.shown.call.team if entry else None

    def state(self, call_id: str) -> str | None:
        """``live``, ``ended`` or None when the call is not known here."""
        entry = self._entries.get(call_id)
        return entry.shown.state if entry and entry.last else None

    def has_alert(self, call_id: str, alert_id: str) -> bool:
        entry = self._entries.get(call_id)
        return entry is not None and entry.shown.has_alert(alert_id)

    def _entry(self, call_id: str) -> _Entry | None:
        if call_id in self._gone:
            return None
        if call_id not in self._entries:
            self._entries[call_id] = _Entry(CallProjection(call_id, self._keep))
        return self._entries[call_id]

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


class LiveStore(Protocol):
    """What the feed reads of the store."""

    async def live_calls(self) -> Sequence[str]:
        """Ids of the calls that have started and not ended."""
        ...

    async def events(self, call_id: str, /, *, after: int = 0, limit: int = _PAGE) -> Sequence[Record]:
        """The call's stored records with ``seq > after`` in order, at most `limit`."""
        ...


class LiveFeed:
    """Keeps a node's `LiveView` true: one subscription to the bus, the store for whatever it misses.

    `shown` is called with every record that became visible and its JSON (once, in order, a call's records
    never out of order); `changed` when so much did that readers had better start from a new snapshot.
    The store's writer commits later than the bus delivers, so a hole is looked for again after each of
    `retries` (seconds) before the call goes on without it.
    """

    def __init__(
        self,
        bus: Bus,
        store: LiveStore,
        view: LiveView,
        *,
        shown: Callable[[Record, bytes], None],
        changed: Callable[[], None],
        retries: Sequence[float] = (0.3, 0.6, 1.2, 2.4),
        few: int = 100,
    ) -> None:
        self._bus, self._store, self.view = bus, store, view
        self._shown, self._changed, self._few = shown, changed, few
        self._retries = tuple(retries)
        self._resyncing: set[str] = set()
        self._ready = asyncio.Event()

    @property
    def ready(self) -> bool:
        """The node knows the live calls and follows the bus."""
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        await self._ready.wait()

    async def run(self) -> None:
        """Until cancelled or the bus is closed; a lost bus or store is tried again, not fatal."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self._follow(group)
                    return
                except CursorLost:
                    _log.warning("live_cursor_lost")
                except Exception as error:  # supervision point: consoles go on with what is known
                    _log.warning("live_bus_failed", error=type(error).__name__)
                    self._ready.clear()
                    await asyncio.sleep(self._retries[-1])

    async def _follow(self, group: asyncio.TaskGroup) -> None:
        async with self._bus.subscribe(TOPIC) as stream:  # subscribed first: nothing falls in between
            group.create_task(self._catch_up(group), name="live.catch_up")
            async for _, payload in stream:
                self._take(payload, group)

    async def _catch_up(self, group: asyncio.TaskGroup) -> None:
        """After a start or a loss: read every call that may be live."""
        for wait in (*self._retries, None):
            try:
                calls = await self._store.live_calls()
                break
            except Exception as error:  # supervision point: the store may come back
                _log.warning("live_store_failed", error=type(error).__name__)
                if wait is None:
                    calls = []
                else:
                    await asyncio.sleep(wait)
        for call_id in {*calls, *self.view.live()}:
            await self._read(call_id)
            self._look(call_id, group)
        self._ready.set()

    def _take(self, payload: bytes, group: asyncio.TaskGroup) -> None:
        try:
            record = decode_record(payload)
        except ProtocolError:
            _log.warning("live_record_unreadable")
            return
        for one in self.view.apply(record):
            self._shown(one, payload if one is record else encode_record(one))
        self._look(record.call_id, group)

    def _look(self, call_id: str, group: asyncio.TaskGroup) -> None:
        if self.view.needs_resync(call_id) and call_id not in self._resyncing:
            self._resyncing.add(call_id)
            group.create_task(self._resync(call_id), name="live.resync")

    async def _resync(self, call_id: str) -> None:
        try:
            for wait in self._retries:
                await self._read(call_id)
                if not self.view.needs_resync(call_id):
                    return
                await asyncio.sleep(wait)
            _log.warning("live_records_missing", call_id=call_id, after=self.view.last(call_id))
            self._show(self.view.skip(call_id))
        finally:
            self._resyncing.discard(call_id)

    async def _read(self, call_id: str) -> None:
        """Take from the store what the view has not."""
        try:
            while True:
                page = await self._store.events(call_id, after=self.view.last(call_id), limit=_PAGE)
                self._show(self.view.load(call_id, page))
                if len(page) < _PAGE:
                    return
        except Exception as error:  # supervision point: the caller tries again
            _log.warning("live_store_failed", call_id=call_id, error=type(error).__name__)

    def _show(self, records: Sequence[Record]) -> None:
        if len(records) > self._few:
            self._changed()
            return
        for one in records:
            self._shown(one, encode_record(one))
