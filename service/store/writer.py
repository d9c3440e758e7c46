"""Between the calls and the store: collects records, commits them in groups, keeps them while it is away."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from service.store.appending import RecordConflict
from streaming.bus.base import Bell
from streaming.errors import Draining, ProtocolError
from streaming.events import Record

log = structlog.get_logger(__name__)

BACKOFF_SECONDS = (0.1, 5.0)
CALLS_REMEMBERED = 2048
POISON = (RecordConflict, ProtocolError, DataError, IntegrityError)
"""What is wrong with a record rather than with the database: trying again would not help."""


class Appends(Protocol):
    """What the writer needs of a `Repository`."""

    async def append(self, records: Sequence[Record], /, *, node: str) -> int: ...


@dataclass(slots=True)
class _Waiting:
    record: Record
    number: int  # of all records ever put, from 1
    since: float  # the loop's clock


@dataclass(slots=True)
class _Call:
    newest: int = 0  # number of its record put last
    durable: int = 0  # highest seq committed


class StoreWriter:
    """A `RecordSink`: records are committed every `batch` records or `interval` seconds, in order.

    At most `capacity` records wait; then `put` waits, so that a store that cannot keep up slows the calls'
    logs and not the memory. While the database is away records are kept and tried again with growing
    pauses. A record that the database refuses for its own sake is left out alone, counted (`poisoned`)
    and logged without its content.
    """

    def __init__(
        self,
        repository: Appends,
        *,
        node: str,
        capacity: int = 2048,
        batch: int = 200,
        interval: float = 0.25,
    ) -> None:
        self._repository = repository
        self._node = node
        self._capacity, self._batch, self._interval = capacity, batch, interval
        self._waiting: deque[_Waiting] = deque()
        self._calls: OrderedDict[str, _Call] = OrderedDict()
        self._bell = Bell()  # something was put, committed, or asked for
        self._put = self._done = self._urgent = 0  # numbers of records
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.healthy = True
        self.poisoned = 0
        self.lost = 0  # given up on closing, the database still being away

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def pending(self) -> int:
        return len(self._waiting)

    async def put(self, records: Sequence[Record], /) -> None:
        """Take `records` over, waiting for room. Raises Draining once closed."""
        for record in records:
            while len(self._waiting) >= self._capacity and not self._closing:
                await self._bell.wait()
            if self._closing:
                raise Draining("the store's writer is closed")
            self._take(record)

    def durable_seq(self, call_id: str, /) -> int:
        """The seq up to which the call's records are stored; 0 when none is known to be."""
        call = self._calls.get(call_id)
        return call.durable if call else 0

    async def flush(self, call_id: str | None = None, /) -> None:
        """Commit now, and return when all that was put so far (for that call) is stored.

        Raises Draining when the writer is closed before.
        """
        call = self._calls.get(call_id, _Call()) if call_id is not None else None
        target = self._put if call is None else call.newest
        self._urgent = max(self._urgent, target)
        self._bell.ring()
        while self._done < target:
            if self._closing and (self._task is None or self._task.done()):
                raise Draining("the store's writer was closed before all was stored")
            await self._bell.wait()

    async def aclose(self, *, patience: float = 10.0) -> None:
        """Commit what waits; after `patience` seconds with the database away, give up and count it."""
        self._closing = True
        self._bell.ring()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=patience)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._waiting:
            self.lost += len(self._waiting)
            log.error("store_records_lost", count=len(self._waiting))
            self._waiting.clear()
        self._bell.ring()

    def _take(self, record: Record) -> None:
        self._put += 1
        self._waiting.append(_Waiting(record, self._put, asyncio.get_running_loop().time()))
        call = self._calls.setdefault(record.call_id, _Call())
        call.newest = self._put
        self._calls.move_to_end(record.call_id)
        oldest = next(iter(self._calls.values()))
        if len(self._calls) > CALLS_REMEMBERED and oldest.newest <= self._done:
            self._calls.popitem(last=False)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="store-writer")
        if len(self._waiting) == 1 or len(self._waiting) >= self._batch:
            self._bell.ring()  # in between, the writer waits for company and need not be told of it

    async def _run(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                await self._bell.wait()
            await self._gather()
            await self._commit(list(self._waiting)[: self._batch])

    async def _gather(self) -> None:
        """Wait until a commit is worth its while, or due, or asked for."""
        oldest = self._waiting[0]
        due = oldest.since + self._interval
        try:
            async with asyncio.timeout_at(due):
                while len(self._waiting) < self._batch and self._urgent < oldest.number and not self._closing:
                    await self._bell.wait()
        except TimeoutError:
            return

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Returns when `batch` is stored, however long the database is away."""
        shortest, longest = BACKOFF_SECONDS
        pause = shortest
        while True:
            try:
                await self._append([waiting.record for waiting in batch])
                break
            except Exception as error:  # supervised here: the records wait and are tried again
                if self.healthy:
                    self.healthy = False
                    log.warning("store_away", error=type(error).__name__, waiting=len(self._waiting))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the nodes
                pause = min(pause * 2, longest)
        if not self.healthy:
            self.healthy = True
            log.info("store_back", waiting=len(self._waiting))
        self._committed(batch)

    async def _append(self, records: Sequence[Record]) -> None:
        """Halve a batch that is refused until the one record at fault stands alone."""
        try:
            await self._repository.append(records, node=self._node)
        except POISON as error:
            if len(records) == 1:
                self.poisoned += 1
                log.error(
                    "store_record_refused",
                    call_id=records[0].call_id,
                    seq=records[0].seq,
                    type=records[0].event.type,
                    error=type(error).__name__,
                )
                return
            middle = len(records) // 2
            await self._append(records[:middle])
            await self._append(records[middle:])

    def _committed(self, batch: Sequence[_Waiting]) -> None:
        stored: dict[str, int] = {}
        for waiting in batch:
            self._waiting.popleft()
            record = waiting.record
            stored[record.call_id] = max(stored.get(record.call_id, 0), record.seq)
        self._done = batch[-1].number
        for call_id, seq in stored.items():
            call = self._calls[call_id]
            call.durable = max(call.durable, seq)
        self._bell.ring()
