"""Listening in to a call that another node has: over Redis, which keeps none of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from service.softphone import generated
from streaming.events import ListeningEnded, ListeningStarted
from tests.running import running, settings_for
from tests.servers import RedisServer
from tests.service.test_listening import CALL, ear, live, log_of


async def test_a_supervisor_at_one_node_hears_a_call_of_the_other(
    tmp_path: Path, shared_redis: RedisServer, redis_url: str, postgres_url: str
) -> None:
    shared = {"redis_url": redis_url, "database_url": postgres_url}
    async with (
        running(settings_for(tmp_path, **shared)) as one,
        running(settings_for(tmp_path, **shared)) as other,
        asyncio.TaskGroup() as tasks,
    ):
        playing = tasks.create_task(one.phone(call=CALL, speed=1.0).play(generated(8.0)))
        await live(other)
        assert not other.node.switchboard.sessions(), "the call is the other node's"
        async with ear(other) as listener:
            assert await listener.until_ended() == 1000
        await playing
        events = await log_of(other)
        keys = shared_redis.command("keys", "*").split()
    assert listener.ended
    assert {party for party, _, _ in listener.packets} == {"agent", "customer"}
    assert sum(len(pcm) for _, _, pcm in listener.packets) > 2 * 4 * 8000
    assert sum(isinstance(event, ListeningStarted) for event in events) == 1
    assert sum(isinstance(event, ListeningEnded) for event in events) == 1
    assert keys and not [key for key in keys if "listen" in str(key)], "no audio lies in Redis"
