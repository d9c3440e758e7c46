"""What is counted on Redis and PostgreSQL is per call second, less what they do anyway."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from benchmarks import traffic
from benchmarks.served import Tree, Usage
from benchmarks.traffic import Counts, Meter, Servers
from service.store.migrate import upgrade
from service.store.repository import Repository
from service.wire import decode_record
from streaming.events import CallEnded, CallInfo, CallStarted, Event, Record, Tick
from tests.servers import PostgresServer, RedisServer

ZERO = Counts(*[0.0] * len(Counts.__dataclass_fields__))


class Told:
    """A servers' and a node's stand-in: what they have counted so far, one answer after the other."""

    def __init__(self, *answers: tuple[Counts, float]) -> None:
        self._answers = list(answers)

    async def counts(self) -> Counts:
        return self._answers[0][0]

    def usage(self) -> Usage:
        return Usage(self._answers.pop(0)[1], 0.0)


async def test_what_happens_without_calls_is_taken_off() -> None:
    now = iter([100.0, 110.0])
    told = Told((replace(ZERO, commits=50), 3.0), (replace(ZERO, commits=150), 8.0))
    idle = {"commits": 2.0, "last_node_cpu": 0.1}
    meter = Meter(cast(Any, told), cast(Tree, told), idle=idle, clock=lambda: next(now))
    found = await meter.since(await meter.counts(), call_seconds=40.0)
    assert found["commits"] == (100 - 2.0 * 10) / 40
    assert found["last_node_cpu"] == pytest.approx((5.0 - 0.1 * 10) / 40)
    assert found["rows"] == 0


async def test_stored_logs_go_on_the_bus_as_other_calls_whole_and_in_order(
    monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer, sqlite_url: str
) -> None:
    monkeypatch.setattr(traffic, "_FOREIGN_SECONDS", 0.4)
    await upgrade(sqlite_url)
    events: list[Event] = [
        CallStarted(call=CallInfo(call_id="c")),
        Tick(at=1.0),
        Tick(at=2.0),
        CallEnded(at=2.5),
    ]
    async with Repository.open(sqlite_url) as repository:
        log = [Record(call_id="c", seq=n, event=event) for n, event in enumerate(events, start=1)]
        await repository.append(log, node="n")
    used = Servers(redis_server, cast(PostgresServer, None), sqlite_url)
    await traffic.follow(used, calls=25, rate=10.0)
    async with Redis.from_url(redis_server.url) as client:
        (key,) = [key for key in await client.keys("*") if await client.type(key) == b"stream"]
        entries: Any = await client.xrange(key)
    seqs = defaultdict(list)
    for _, fields in entries:
        record = decode_record(fields[b"p"])
        seqs[record.call_id].append(record.seq)
    assert len(seqs) == 25
    assert {decode_record(fields[b"p"]).seq for _, fields in entries[:25]} == {1}, "one call after the other"
    assert all(found == [1, 2, 3, 4] for found in seqs.values())
