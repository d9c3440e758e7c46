"""What every bus promises, held by the one in memory and the one on a real Redis alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from streaming.bus.base import Position
from streaming.bus.memory import MemoryBus
from streaming.bus.redis import RedisBus
from streaming.errors import CursorLost, Draining
from streaming.ports import Bus

RETAIN = 500  # Redis trims by blocks of 100 entries, so it may hold some more
Entries = AsyncIterator[tuple[str, bytes]]


@pytest.fixture(params=["memory", "redis"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    made: Bus
    if request.param == "memory":
        made = MemoryBus(retain=RETAIN)
    else:
        made = RedisBus(request.getfixturevalue("redis_url"), maxlen=RETAIN)
    yield made
    await made.close()


async def take(entries: Entries, count: int) -> list[bytes]:
    async with asyncio.timeout(10):
        return [(await anext(entries))[1] for _ in range(count)]


async def publish(bus: Bus, topic: str, first: int, last: int) -> list[str]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(bus.publish(topic, b"%d" % n)) for n in range(first, last + 1)]
    return [task.result() for task in tasks]


def numbers(first: int, last: int) -> list[bytes]:
    return [b"%d" % n for n in range(first, last + 1)]


async def test_entering_is_being_subscribed(bus: Bus) -> None:
    await bus.publish("live", b"before")
    async with bus.subscribe("live") as entries:
        await bus.publish("live", b"1")  # nobody waits on the iterator yet
        await bus.publish("live", b"2")
        assert await take(entries, 2) == [b"1", b"2"]


async def test_every_subscriber_gets_everything_in_the_order_of_the_cursors(bus: Bus) -> None:
    async with bus.subscribe("live") as one, bus.subscribe("live") as two:
        cursors = await publish(bus, "live", 1, 300)
        assert await take(one, 300) == await take(two, 300) == numbers(1, 300)
    positions = [Position.parse(cursor) for cursor in cursors]
    assert positions == sorted(set(positions))


async def test_a_waiting_subscriber_is_woken(bus: Bus) -> None:
    async with bus.subscribe("live") as entries, asyncio.TaskGroup() as group:
        waiting = group.create_task(take(entries, 1))
        await asyncio.sleep(0)
        await bus.publish("live", b"1")
        assert await waiting == [b"1"]


async def test_topics_do_not_mix(bus: Bus) -> None:
    async with bus.subscribe("live") as live, bus.subscribe("commands") as commands:
        await bus.publish("commands", b"ack")
        await bus.publish("live", b"line")
        assert await take(live, 1) == [b"line"]
        assert await take(commands, 1) == [b"ack"]


async def test_any_bytes_arrive_unchanged(bus: Bus) -> None:
    payloads = [b"", b"\x00\xff\r\n", "Grüße".encode(), bytes(range(256)) * 400]
    async with bus.subscribe("live") as entries:
        for payload in payloads:
            await bus.publish("live", payload)
        assert await take(entries, len(payloads)) == payloads


async def test_published_cursor_is_the_one_that_subscribers_see(bus: Bus) -> None:
    async with bus.subscribe("live") as entries:
        cursor = await bus.publish("live", b"1")
        assert await anext(entries) == (cursor, b"1")


@pytest.mark.parametrize("cut", [0, 1, 10, 20])
async def test_resuming_behind_a_cursor_misses_and_repeats_nothing(bus: Bus, cut: int) -> None:
    cursors = await publish(bus, "live", 0, 20)
    async with bus.subscribe("live", after=cursors[cut]) as entries:
        await bus.publish("live", b"21")
        assert await take(entries, 21 - cut) == numbers(cut + 1, 21)


async def test_resuming_behind_what_is_forgotten_is_refused_on_entering(bus: Bus) -> None:
    first = await bus.publish("live", b"0")
    await publish(bus, "live", 1, 3 * RETAIN)
    with pytest.raises(CursorLost):
        async with bus.subscribe("live", after=first):
            pytest.fail("entered")


@pytest.mark.parametrize("cursor", ["", "nonsense", "-", "1-", "-1", "1-x", "7-1", "99999999999999999-1"])
async def test_a_cursor_that_this_bus_never_gave_is_refused(bus: Bus, cursor: str) -> None:
    await bus.publish("live", b"1")
    with pytest.raises(CursorLost):
        async with bus.subscribe("live", after=cursor):
            pytest.fail("entered")


async def test_a_lapped_subscriber_is_told_so_and_not_given_a_row_with_a_hole(bus: Bus) -> None:
    async with bus.subscribe("live") as slow:
        await publish(bus, "live", 1, 1)
        assert await take(slow, 1) == [b"1"]
        await publish(bus, "live", 2, 4 * RETAIN)
        with pytest.raises(CursorLost):
            await take(slow, 1)


async def test_a_subscriber_that_stops_reading_holds_up_nobody(bus: Bus) -> None:
    async with bus.subscribe("live") as _stuck, bus.subscribe("live") as quick:
        for start in range(1, 4 * RETAIN, 100):
            await publish(bus, "live", start, start + 99)
            assert await take(quick, 100) == numbers(start, start + 99)


async def test_leaving_early_leaves_nothing_running(bus: Bus) -> None:
    before = asyncio.all_tasks()
    async with bus.subscribe("live") as entries:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(entries)
    assert asyncio.all_tasks() == before


async def test_closing_ends_the_iteration_and_refuses_to_publish(bus: Bus) -> None:
    async with bus.subscribe("live") as entries, asyncio.TaskGroup() as group:
        reading = group.create_task(_drain(entries))
        await bus.publish("live", b"1")
        await asyncio.sleep(0)
        await bus.close()
        async with asyncio.timeout(5):
            assert await reading in ([b"1"], [])
    with pytest.raises(Draining):
        await bus.publish("live", b"2")
    await bus.close()  # twice is harmless


async def _drain(entries: Entries) -> list[bytes]:
    return [payload async for _, payload in entries]
