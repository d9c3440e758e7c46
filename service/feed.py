"""How a node keeps knowing the live calls: the store first, then the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from service.live import LiveView
from service.wire import Written, decode_record, encode_record
from streaming.errors import CursorLost, ProtocolError
from streaming.events import CallEnded, Record
from streaming.ports import Bus

TOPIC = "live"
_PAGE = 2000  # records read from the store at once

_log = structlog.get_logger()


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
            if call_id not in calls and self.view.state(call_id) == "live":
                group.create_task(self._start_over(call_id), name="live.start_over")
        self._ready.set()

    def _take(self, payload: bytes, group: asyncio.TaskGroup) -> None:
        try:
            record = payload.record if isinstance(payload, Written) else decode_record(payload)
        except ProtocolError:
            _log.warning("live_record_unreadable")
            return
        if self.view.contradicted(record):
            group.create_task(self._start_over(record.call_id), name="live.start_over")
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

    async def _start_over(self, call_id: str) -> None:
        """A call that may have ended in the store and not here: then show it as the store has it."""
        for wait in self._retries:
            try:
                log = await self._whole(call_id)
            except Exception as error:  # supervision point: the store may come back
                _log.warning("live_store_failed", call_id=call_id, error=type(error).__name__)
                await asyncio.sleep(wait)
                continue
            if any(isinstance(one.event, CallEnded) for one in log) and self.view.state(call_id) == "live":
                _log.info("live_started_over", call_id=call_id, seq=len(log))
                self.view.replace(call_id, log)
                self._changed()
            return

    async def _whole(self, call_id: str) -> list[Record]:
        log: list[Record] = []
        while page := await self._store.events(call_id, after=log[-1].seq if log else 0, limit=_PAGE):
            log += page
        return log

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
