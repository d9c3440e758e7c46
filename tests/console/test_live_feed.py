"""The live feed: a node knows what the store and the bus know together, whatever either lacks for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from service.feed import TOPIC, LiveFeed
from service.live import LiveView
from service.wire import decode_record, encode_record, write_record
from streaming.bus.memory import MemoryBus
from streaming.events import CallEnded, Record, Tick
from tests.console.calls import MemoryStore, ended_call, numbered, said, short_call, started

RETRIES = (0.01, 0.01, 0.01)


class Watcher:
    """What a feed showed, and a way to wait for it."""

    def __init__(
        self, bus: MemoryBus, store: MemoryStore, *, few: int = 100, retries: tuple[float, ...] = RETRIES
    ) -> None:
        self.bus, self.view = bus, LiveView()
        self.records: list[Record] = []
        self.changes = 0
        self._news = asyncio.Event()
        self.feed = LiveFeed(
            bus, store, self.view, shown=self._shown, changed=self._changed, retries=retries, few=few
        )

    def _shown(self, record: Record, data: bytes) -> None:
        assert decode_record(data) == record
        self.records.append(record)
        self._news.set()

    def _changed(self) -> None:
        self.changes += 1
        self._news.set()

    async def until(self, call_id: str, seq: int) -> None:
        async with asyncio.timeout(5):
            while self.view.last(call_id) < seq:
                self._news.clear()
                await self._news.wait()

    async def ended(self, call_id: str) -> None:
        async with asyncio.timeout(5):
            while self.view.state(call_id) != "ended":
                self._news.clear()
                await self._news.wait()

    async def publish(self, *records: Record) -> None:
        for record in records:
            await self.bus.publish(TOPIC, encode_record(record))


@asynccontextmanager
async def following(store: MemoryStore, *, retain: int = 4096, **options: Any) -> AsyncIterator[Watcher]:
    watcher = Watcher(MemoryBus(retain), store, **options)
    task = asyncio.create_task(watcher.feed.run())
    async with asyncio.timeout(5):
        await watcher.feed.wait_ready()
        yield watcher
        await watcher.bus.close()
        await task


async def test_at_the_start_live_calls_come_from_the_store_and_ended_ones_do_not():
    async with following(MemoryStore(*short_call("c1"), *ended_call("c2"))) as node:
        assert node.view.calls() == ["c1"]
        assert node.view.view("c1").seq == 4  # type: ignore[union-attr]


async def test_then_records_come_from_the_bus_in_order_and_once():
    async with following(MemoryStore()) as node:
        records = short_call("c1")
        await node.publish(*records, records[1], records[3])
        await node.until("c1", 4)
        assert node.records == records


async def test_a_record_of_this_process_is_shown_as_it_is_and_one_of_another_is_read():
    async with following(MemoryStore()) as node:
        mine, others = short_call("c1"), short_call("c2")
        for record in mine:
            await node.bus.publish(TOPIC, write_record(record))
        await node.publish(*others)
        await node.until("c2", 4)
        assert all(one is mine[at] for at, one in enumerate(node.records[:4]))
        assert node.records[4:] == others
        assert [write_record(one) for one in mine] == [encode_record(one) for one in mine]


async def test_a_call_that_began_before_the_node_is_completed_from_the_store():
    store = MemoryStore()
    async with following(store) as node:
        records = short_call("c1")
        store.add(*records)
        await node.publish(records[3])
        await node.until("c1", 4)
        assert node.records == records


async def test_a_store_that_commits_later_than_the_bus_delivers_is_asked_again():
    store = MemoryStore()
    async with following(store) as node:
        records = short_call("c1")
        store.add(*records[:3])
        store.behind = 2
        store.read.clear()
        await node.publish(records[3])
        await store.read.wait()
        store.behind = 0
        await node.until("c1", 4)
        assert node.records == records


async def test_records_that_nobody_has_are_given_up_after_a_while_and_the_call_goes_on():
    async with following(MemoryStore()) as node:
        records = short_call("c1")
        await node.publish(records[0], records[3])
        await node.until("c1", 4)
        assert node.view.view("c1").truncated  # type: ignore[union-attr]
        await node.publish(*numbered("c1", Tick(at=9), after=4))
        await node.until("c1", 5)


async def test_a_reader_that_was_lapped_catches_up_from_the_store_at_once():
    store = MemoryStore()
    async with following(store, retain=8, retries=(60.0,)) as node:
        records = numbered("c1", started("c1"), *(Tick(at=float(n)) for n in range(60)))
        store.add(*records)
        await node.publish(*records)  # the memory bus never waits: the node reads none of this meanwhile
        await node.until("c1", 61)
        assert node.records == records


async def test_a_long_call_is_shown_as_one_change_instead_of_thousands():
    store = MemoryStore()
    async with following(store, few=10) as node:
        records = numbered("c1", started("c1"), *(said(float(n), "so") for n in range(5000)))
        store.add(*records)
        await node.publish(records[-1])
        await node.until("c1", 5001)
        assert (node.records, node.changes) == ([], 3), "one for each page of the store"


async def test_a_store_that_fails_stops_nobody():
    store = MemoryStore(*short_call("c1"))
    store.broken = True
    async with following(store) as node:
        assert node.view.calls() == []
        records = short_call("c2")
        await node.publish(*records)
        await node.until("c2", 4)
        store.broken = False
        await node.publish(*numbered("c1", Tick(at=9), after=4))
        await node.until("c1", 5)


def abandoned(call_id: str, after: int) -> Record:
    end = CallEnded(at=1.0, by="server", reason="abandoned")
    return Record(call_id=call_id, seq=after + 1, event=end)


async def test_a_call_whose_node_died_before_it_had_stored_all_ends_as_the_store_has_it():
    shown = short_call("c1")
    store = MemoryStore()
    async with following(store) as node:
        await node.publish(*shown)  # of which the node that died had stored the first two
        await node.until("c1", 4)
        end = abandoned("c1", after=2)
        store.add(*shown[:2], end)
        await node.publish(end)
        await node.ended("c1")
        assert (node.view.last("c1"), node.changes) == (3, 1)
        await node.publish(end, *shown)  # the bus brings all of it again
        await node.publish(*short_call("c2"))
        await node.until("c2", 4)
        assert (node.view.last("c1"), node.changes) == (3, 1)


async def test_an_end_that_came_while_the_bus_was_lost_is_found_in_the_store():
    shown = short_call("c1")
    store = MemoryStore()
    async with following(store, retain=8) as node:
        await node.publish(*shown)
        await node.until("c1", 4)
        store.add(*shown[:2], abandoned("c1", after=2))
        await node.publish(*numbered("c2", started("c2"), *(Tick(at=float(n)) for n in range(20))))  # lapped
        await node.ended("c1")
        assert node.view.last("c1") == 3


async def test_what_is_no_record_is_passed_over():
    async with following(MemoryStore()) as node:
        await node.bus.publish(TOPIC, b"{}")
        await node.publish(*short_call("c1"))
        await node.until("c1", 4)
