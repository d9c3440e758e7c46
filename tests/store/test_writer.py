"""The store's writer: groups, waits, survives an outage, leaves out poison alone, flushes on closing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from service.store import migrate
from service.store.repository import Repository
from service.store.writer import StoreWriter
from streaming.errors import Draining
from streaming.events import Party, Record, Signal, Tick
from tests.servers import PostgresServer
from tests.store.calls import log_of


def ticks(call_id: str, first: int, last: int) -> list[Record]:
    return [Record(call_id=call_id, seq=seq, event=Tick(at=float(seq))) for seq in range(first, last + 1)]


class Gate:
    """A store that lets batches through while open, and can fail."""

    def __init__(self) -> None:
        self.batches: list[list[Record]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failures = 0
        self.changed = asyncio.Event()

    async def append(self, records: Sequence[Record], /, *, node: str) -> int:
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.batches.append(list(records))
        return len(records)

    @property
    def records(self) -> list[Record]:
        return [record for batch in self.batches for record in batch]


async def test_records_are_stored_and_durable_seq_follows(store: Repository) -> None:
    async with StoreWriter(store, node="n") as writer:
        log = log_of("c1")
        await writer.put(log)
        assert writer.durable_seq("c1") == 0
        await writer.flush("c1")
        assert writer.durable_seq("c1") == len(log)
        assert await store.events("c1") == log
        assert writer.durable_seq("unknown") == 0 and writer.pending == 0


async def test_closing_stores_what_waits_and_refuses_more(store: Repository) -> None:
    writer = StoreWriter(store, node="n", interval=60)
    await writer.put(log_of("c1"))
    await writer.aclose()
    assert await store.events("c1") == log_of("c1")
    with pytest.raises(Draining):
        await writer.put(ticks("c1", 11, 11))
    assert writer.lost == 0
    await writer.aclose()


async def test_a_commit_comes_by_time_or_by_number() -> None:
    gate = Gate()
    async with StoreWriter(gate, node="n", batch=10, interval=0.05) as writer:
        await writer.put(ticks("c1", 1, 25))
        async with asyncio.timeout(5):
            while writer.durable_seq("c1") < 25:  # nobody asks for a flush
                await asyncio.sleep(0.01)
    assert [len(batch) for batch in gate.batches] == [10, 10, 5]


async def test_a_flush_does_not_wait_for_the_interval() -> None:
    gate = Gate()
    async with StoreWriter(gate, node="n", interval=60) as writer, asyncio.timeout(5):
        await writer.put(ticks("c1", 1, 3))
        await writer.flush("c1")
        await writer.put(ticks("c2", 1, 3))
        await writer.flush()
        await writer.flush("never heard of")
    assert [len(batch) for batch in gate.batches] == [3, 3]


async def test_putting_waits_when_the_store_cannot_keep_up() -> None:
    gate = Gate()
    gate.open.clear()
    async with StoreWriter(gate, node="n", capacity=20, batch=5, interval=0.01) as writer:
        async with asyncio.TaskGroup() as group:
            putting = group.create_task(writer.put(ticks("c1", 1, 100)))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not putting.done() and writer.pending == 20
            gate.open.set()
        await writer.flush()
    assert gate.records == ticks("c1", 1, 100)


async def test_an_outage_loses_nothing_and_is_told_by_health() -> None:
    gate = Gate()
    gate.failures = 3
    with capture_logs() as logs:
        async with StoreWriter(gate, node="n", interval=0.01) as writer:
            await writer.put(ticks("c1", 1, 5))
            async with asyncio.timeout(5):
                while writer.healthy:
                    await asyncio.sleep(0.005)
            assert writer.durable_seq("c1") == 0
            await writer.put(ticks("c1", 6, 9))
            await writer.flush("c1")
            assert writer.healthy
    assert gate.records == ticks("c1", 1, 9)
    assert [entry["event"] for entry in logs] == ["store_away", "store_back"]


async def test_a_poison_record_fails_alone_and_its_content_is_not_logged(store: Repository) -> None:
    poison = Signal(name="secret", speaker=Party.AGENT, start=0, end=1, value=float("nan"))
    log = ticks("c1", 1, 30)
    with capture_logs() as logs:
        async with StoreWriter(store, node="n") as writer:
            await writer.put([*log[:17], Record(call_id="c2", seq=1, event=poison), *log[17:]])
            await writer.flush()
            assert writer.poisoned == 1 and writer.healthy
    assert await store.events("c1") == log
    assert await store.events("c2") == []
    refused = [entry for entry in logs if entry["event"] == "store_record_refused"]
    assert [(entry["call_id"], entry["seq"], entry["type"]) for entry in refused] == [("c2", 1, "signal")]
    assert "secret" not in str(logs)


async def test_closing_with_the_database_away_gives_up_in_time_and_counts_what_is_lost() -> None:
    gate = Gate()
    gate.failures = 10**6
    writer = StoreWriter(gate, node="n", interval=0.01)
    await writer.put(ticks("c1", 1, 7))
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        flushing = group.create_task(_refused(writer.flush))
        await writer.aclose(patience=0.3)
        await flushing
    assert writer.lost == 7


async def _refused(work: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(Draining):
        await work()


async def test_a_postgres_that_stops_and_comes_back_has_every_record(postgres_server: PostgresServer) -> None:
    url = postgres_server.create()
    await migrate.upgrade(url)
    async with Repository.open(url) as store, StoreWriter(store, node="n", interval=0.01) as writer:
        await writer.put(ticks("c1", 1, 50))
        await writer.flush()
        await asyncio.to_thread(postgres_server.stop)
        await writer.put(ticks("c1", 51, 400))
        async with asyncio.timeout(10):
            while writer.healthy:
                await asyncio.sleep(0.01)
        with pytest.raises((SQLAlchemyError, OSError)):
            await store.ping()
        await asyncio.to_thread(postgres_server.start)
        async with asyncio.timeout(20):
            await writer.flush("c1")
        assert writer.healthy and writer.poisoned == 0
        assert await store.events("c1") == ticks("c1", 1, 400)


async def test_a_locked_sqlite_file_only_delays(sqlite_url: str) -> None:
    await migrate.upgrade(sqlite_url)
    async with (
        Repository.open(sqlite_url) as store,
        Repository.open(sqlite_url) as other,
        StoreWriter(store, node="n", interval=0.01) as writer,
    ):
        async with other._writing():  # another process in the middle of a transaction
            await writer.put(ticks("c1", 1, 5))
            await asyncio.sleep(0.1)
            assert writer.durable_seq("c1") == 0
            assert await store.events("c1") == [], "readers are not held up"
        await writer.flush("c1")
        assert await store.events("c1") == ticks("c1", 1, 5)
