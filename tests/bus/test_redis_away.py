"""Redis stops answering, crashes, or comes back with less than it had: nobody is left with a silent hole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from streaming.bus.redis import RedisBus
from streaming.errors import CursorLost
from tests.servers import RedisServer, free_port

Entries = AsyncIterator[tuple[str, bytes]]


@pytest.fixture
async def here(redis_server: RedisServer) -> AsyncIterator[RedisBus]:
    bus = RedisBus(redis_server.url, buffer=100)
    yield bus
    await bus.close()


@pytest.fixture
async def elsewhere(redis_server: RedisServer) -> AsyncIterator[RedisBus]:
    bus = RedisBus(redis_server.url)
    yield bus
    await bus.close()


async def take(entries: Entries, count: int) -> list[int]:
    async with asyncio.timeout(15):
        return [int((await anext(entries))[1]) for _ in range(count)]


async def publish(bus: RedisBus, first: int, last: int) -> None:
    for n in range(first, last + 1):
        await bus.publish("live", b"%d" % n)


async def test_own_subscribers_go_on_and_others_catch_up_once_each_in_order(
    redis_server: RedisServer, here: RedisBus, elsewhere: RedisBus
) -> None:
    async with here.subscribe("live") as own, elsewhere.subscribe("live") as other:
        await publish(here, 1, 3)
        assert await take(own, 3) == await take(other, 3) == [1, 2, 3]
        redis_server.pause()
        began = time.monotonic()
        await publish(here, 4, 60)
        assert time.monotonic() - began < 4, "one unanswered attempt, then nobody waits"
        assert not here.healthy
        assert await take(own, 57) == list(range(4, 61))
        redis_server.resume()
        assert await take(other, 57) == list(range(4, 61))
        await publish(elsewhere, 61, 61)
        assert await take(own, 1) == [61], "what was given locally is not given again"
        await publish(here, 62, 62)
        assert await take(own, 1) == [62]
        assert await take(other, 2) == [61, 62]
        assert here.healthy and here.lost == 0


async def test_what_was_sent_but_unread_when_redis_went_away_keeps_its_place(
    redis_server: RedisServer, here: RedisBus
) -> None:
    async with here.subscribe("live") as own:
        await publish(here, 1, 5)
        redis_server.kill()
        await publish(here, 6, 8)
        assert await take(own, 8) == list(range(1, 9))


async def test_a_redis_that_comes_back_empty_makes_every_reader_resync(
    redis_server: RedisServer, here: RedisBus, elsewhere: RedisBus
) -> None:
    async with here.subscribe("live") as own, elsewhere.subscribe("live") as other:
        await publish(here, 1, 2)
        assert await take(own, 2) == await take(other, 2) == [1, 2]
        redis_server.kill()
        await publish(here, 3, 3)
        assert await take(own, 1) == [3]
        redis_server.start()
        for entries in (own, other):
            with pytest.raises(CursorLost):
                await take(entries, 1)
    async with elsewhere.subscribe("live") as other:
        await publish(here, 4, 4)
        assert await take(other, 1) == [4]


async def test_a_redis_restored_from_an_older_state_makes_every_reader_resync(
    redis_server: RedisServer, here: RedisBus, elsewhere: RedisBus
) -> None:
    async with here.subscribe("live") as own, elsewhere.subscribe("live") as other:
        await publish(here, 1, 5)
        redis_server.command("save")
        await publish(here, 6, 10)
        assert await take(own, 10) == await take(other, 10) == list(range(1, 11))
        redis_server.kill()
        redis_server.start()
        assert redis_server.command("xlen", "callcue:{live}") == "5"
        await publish(here, 11, 20)
        for entries in (own, other):
            with pytest.raises(CursorLost):
                await take(entries, 11)


async def test_an_overflow_is_counted_and_told_to_readers_elsewhere(redis_server: RedisServer) -> None:
    losses: list[int] = []
    here = RedisBus(redis_server.url, buffer=10, on_loss=losses.append)
    elsewhere = RedisBus(redis_server.url)
    async with elsewhere.subscribe("live") as other:
        await publish(here, 1, 1)
        assert await take(other, 1) == [1]
        redis_server.pause()
        await publish(here, 2, 31)
        assert here.lost == sum(losses) == 20
        redis_server.resume()
        with pytest.raises(CursorLost):  # after 2, perhaps, whose unanswered command Redis then found
            await take(other, 30)
    await here.close()
    await elsewhere.close()


async def test_a_subscriber_here_that_the_overflow_passed_is_told_so(
    redis_server: RedisServer, here: RedisBus
) -> None:
    async with here.subscribe("live") as own:
        redis_server.kill()
        await publish(here, 1, 101)
        with pytest.raises(CursorLost):
            await take(own, 1)


async def test_a_node_that_starts_while_redis_is_away_serves_itself_and_joins_later(
    redis_server: RedisServer, here: RedisBus, elsewhere: RedisBus
) -> None:
    redis_server.kill()
    async with here.subscribe("live") as own:
        await publish(here, 1, 2)
        assert await take(own, 2) == [1, 2]
        redis_server.start()
        await publish(elsewhere, 3, 3)
        assert await take(own, 1) == [3]


async def test_resuming_while_away_is_checked_when_redis_is_back(
    redis_server: RedisServer, here: RedisBus
) -> None:
    await publish(here, 1, 1)
    cursor = await here.publish("live", b"2")
    redis_server.kill()
    async with here.subscribe("live", after=cursor) as own:
        await publish(here, 3, 3)
        assert await take(own, 1) == [3]
        redis_server.start()
        with pytest.raises(CursorLost):
            await take(own, 1)


async def test_closing_while_away_does_not_hang() -> None:
    bus = RedisBus(f"redis://127.0.0.1:{free_port()}/0")
    await publish(bus, 1, 1)
    assert not bus.healthy
    async with asyncio.timeout(3):
        await bus.close()
