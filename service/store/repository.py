"""Calls in SQL: one repository for SQLite and PostgreSQL.

`(call_id, seq)` is the key and an event once stored never changes, so appending is idempotent: a record
that is already there with the same content is passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from sqlalchemy import Connection, Select, delete, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service.store.appending import Batch, append_missing, append_new, found_calls, is_stored_already
from service.store.archive import Archive
from service.store.engine import open_engine
from service.store.finished import file_finished, forget_finished
from service.store.jobs import Jobs
from service.store.projection import ABANDONED, CallRow, CallState, fold, to_columns
from service.store.schema import calls, events
from service.wire import decode_event
from streaming.errors import ProtocolError
from streaming.events import CallEnded, Record

_STATES: dict[CallState, tuple[CallState, ...]] = {
    "live": ("live",),
    "ended": ("ended", "abandoned"),
    "abandoned": ("abandoned",),
}
_PAGE = 2000  # events read at once while rebuilding


class Repository:
    """Opened by `Repository.open`; the database must be migrated (`service.store.migrate.upgrade`).

    Errors of the database itself are SQLAlchemy's and OSError's; `streaming.errors` name what is ours.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writes = engine.execution_options(writes=True)
        self._sqlite = engine.dialect.name == "sqlite"
        self._writer = asyncio.Lock()
        self.jobs = Jobs(self._reading, self._writing)
        self.archive = Archive(self._reading, self._writing)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncGenerator[Self, None]:
        """Raises ConfigError for a URL of another database. Connects at the first use."""
        repository = cls(open_engine(url))
        try:
            yield repository
        finally:
            await repository.aclose()

    async def aclose(self) -> None:
        await self._engine.dispose()

    async def ping(self) -> None:
        """One round trip; raises what the database raises."""
        async with self._reading() as connection:
            await connection.execute(select(1))

    # The log

    async def append(self, records: Sequence[Record], /, *, node: str) -> int:
        """Store `records` (any calls, any order) and their calls' rows in one transaction.

        Returns how many were new. `node` becomes the owner of calls that were not known before. Raises
        RecordConflict or ProtocolError (an event that cannot be written), and then nothing is stored.
        """
        if not records:
            return 0
        # A recording comes whole, and an hour of it takes some 60 ms to write as JSON: not on the event loop.
        batch = await asyncio.to_thread(Batch, records)
        try:
            return await self._write(append_new, batch, node)
        except IntegrityError as error:
            if not is_stored_already(error):
                raise
            return await self._write(append_missing, batch, node)

    async def events(
        self, call_id: str, /, *, after: int = 0, limit: int = 1000, without: Collection[str] = ()
    ) -> list[Record]:
        """The call's records with ``seq > after`` in order, at most `limit`; `without` those types."""
        async with self._reading() as connection:
            return await _events(connection, call_id, after, limit, without)

    async def replay(self, call_id: str, /, *, without: Collection[str] = ()) -> AsyncIterator[Record]:
        """The whole log in order, a page at a time."""
        after = 0
        while page := await self.events(call_id, after=after, limit=_PAGE, without=without):
            for record in page:
                yield record
            after = page[-1].seq

    # Calls

    async def call(self, call_id: str, /) -> CallRow | None:
        async with self._reading() as connection:
            found = await _calls(connection, select(calls).where(calls.c.call_id == call_id))
            return found[0] if found else None

    async def calls(
        self,
        *,
        state: CallState | None = None,
        agent: str | None = None,
        team: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[CallRow]:
        """Newest first. State ``ended`` includes the abandoned.

        `before` is the `cursor` of the last row of the page before.
        Raises ProtocolError when `before` is no such cursor.
        """
        query = select(calls).order_by(calls.c.started_at.desc(), calls.c.call_id.desc()).limit(limit)
        if state is not None:
            query = query.where(calls.c.state.in_(_STATES[state]))
        for column, wanted in ((calls.c.agent, agent), (calls.c.team, team)):
            if wanted is not None:
                query = query.where(column == wanted)
        if before is not None:
            query = query.where(tuple_(calls.c.started_at, calls.c.call_id) < _cursor(before))
        async with self._reading() as connection:
            return await _calls(connection, query)

    async def live_calls(self, node: str | None = None) -> list[str]:
        """Ids of the calls that have started and not ended, oldest first."""
        query = select(calls.c.call_id).where(calls.c.state == "live").order_by(calls.c.started_at)
        if node is not None:
            query = query.where(calls.c.node == node)
        async with self._reading() as connection:
            return list((await connection.scalars(query)).all())

    async def abandon(self, node: str, /) -> list[Record]:
        """End the live calls of a node that went away; to be called when a node of that name starts.

        Writes `CallEnded(by="server", reason="abandoned")` behind each log and returns what it wrote.
        """
        rows = select(calls).where(calls.c.node == node, calls.c.state == "live")
        async with self._reading() as connection:
            left = await _calls(connection, rows)
        ends = [
            Record(
                call_id=row.call_id,
                seq=row.last_seq + 1,
                event=CallEnded(at=row.seconds, by="server", reason=ABANDONED),
            )
            for row in left
        ]
        await self.append(ends, node=node)
        return ends

    async def delete_call(self, call_id: str, /) -> bool:
        """Forget a call whole: its words in the index and the job that it came with included.

        False when there was none.
        """
        gone = await self._delete(call_id)
        await self.archive.forget_deleted()
        return gone

    async def _delete(self, call_id: str) -> bool:
        async with self._writing() as connection:
            await self.jobs.forget(connection, call_id)
            await connection.run_sync(forget_finished, call_id)
            gone = await connection.execute(delete(events).where(events.c.call_id == call_id))
            row = await connection.execute(delete(calls).where(calls.c.call_id == call_id))
            return gone.rowcount + row.rowcount > 0

    async def purge(self, older_than: float, /) -> int:
        """Forget the calls that ended before `older_than` (Unix seconds); returns how many."""
        query = select(calls.c.call_id).where(calls.c.state != "live", calls.c.ended_at < older_than)
        async with self._reading() as connection:
            found = list((await connection.scalars(query)).all())
        for call_id in found:  # one transaction each: a live call's writer need not wait for all
            await self._delete(call_id)
        if found:
            await self.archive.forget_deleted()
        return len(found)

    # Projections

    async def rebuild(self, call_id: str, /) -> CallRow | None:
        """Make the call's row, and what it is found by, anew from its log; None without a log."""
        async with self._writing() as connection:
            found = await _calls(
                connection, select(calls).where(calls.c.call_id == call_id).with_for_update()
            )
            row = blank = CallRow(call_id=call_id, node=found[0].node if found else "")
            while page := await _events(connection, call_id, row.last_seq, _PAGE):
                row = fold(row, page)
            await connection.execute(delete(calls).where(calls.c.call_id == call_id))
            await connection.run_sync(forget_finished, call_id)
            if row is blank:
                return None
            await connection.execute(calls.insert(), [to_columns(row)])
            if row.state != "live":
                await connection.run_sync(file_finished, row)
            return row

    async def rebuild_all(self) -> int:
        """Make every call's row anew; returns how many there are."""
        known = select(events.c.call_id).union(select(calls.c.call_id))
        async with self._reading() as connection:
            found = list((await connection.scalars(known)).all())
        return sum([await self.rebuild(call_id) is not None for call_id in found])

    async def _write(self, work: Callable[[Connection, Batch, str], int], batch: Batch, node: str) -> int:
        async with self._writing() as connection:
            return await connection.run_sync(work, batch, node)

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AsyncConnection, None]:
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncConnection, None]:
        """A transaction; SQLite has one writer, so this process's own wait here and not on its lock."""
        if not self._sqlite:
            async with self._writes.begin() as connection:
                yield connection
            return
        async with self._writer, self._writes.begin() as connection:
            yield connection


async def _events(
    connection: AsyncConnection, call_id: str, after: int, limit: int, without: Collection[str] = ()
) -> list[Record]:
    query = select(events.c.seq, events.c.payload).where(events.c.call_id == call_id, events.c.seq > after)
    if without:
        query = query.where(events.c.type.not_in(without))
    found = await connection.execute(query.order_by(events.c.seq).limit(limit))
    return [Record(call_id=call_id, seq=seq, event=decode_event(payload)) for seq, payload in found]


async def _calls(connection: AsyncConnection, query: Select[Any]) -> list[CallRow]:
    return await connection.run_sync(found_calls, query)


def _cursor(text: str) -> tuple[float, str]:
    started_at, _, call_id = text.partition(",")
    try:
        return float(started_at), call_id
    except ValueError:
        raise ProtocolError("before: not a cursor of the list of calls") from None
