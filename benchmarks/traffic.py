"""What a live call costs Redis, PostgreSQL and the other nodes: ``callcue bench traffic``.

Calls go into a node alone with a Redis and a PostgreSQL (those of the tests, from wheels), and then into one
of two nodes; what the servers count themselves is divided by the seconds of calls. Then the logs that these
calls left are put on the bus as the calls of many other nodes: what Redis and a node that follows spend on a
call is less when there are many, since they are read many at a time. The difference between the two is what
one more node reads.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from redis import Redis

from benchmarks.document import document
from benchmarks.load import LoadOptions, run_load
from benchmarks.served import Tree, served
from service.feed import TOPIC
from service.store.repository import Repository
from service.wire import encode_record
from streaming.bus.redis import RedisBus
from tests.servers import PostgresServer, RedisServer

_IDLE_SECONDS = 4.0
_FOREIGN_SECONDS = 10.0
_TICK_SECONDS = 0.02
MANY = {"redis_commands", "redis_in", "redis_out", "redis_cpu", "last_node_cpu"}
_DATABASE = """
SELECT xact_commit AS commits, tup_inserted AS rows, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal
FROM pg_stat_database WHERE datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the servers since they started: counts, bytes, CPU seconds."""

    redis_commands: float
    redis_in: float
    redis_out: float
    redis_cpu: float
    commits: float
    rows: float
    wal: float
    postgres_cpu: float

    def minus(self, before: Counts) -> dict[str, float]:
        return {name: getattr(self, name) - getattr(before, name) for name in Counts.__dataclass_fields__}


@dataclass(slots=True)
class Servers:
    redis: RedisServer
    postgres: PostgresServer
    database: str

    async def counts(self) -> Counts:
        with Redis.from_url(self.redis.url) as client:
            info: dict[str, Any] = client.info()
        connection = await asyncpg.connect(self.database)
        try:
            await connection.execute("SELECT pg_stat_clear_snapshot()")
            row = await connection.fetchrow(_DATABASE)
        finally:
            await connection.close()
        return Counts(
            redis_commands=info["total_commands_processed"],
            redis_in=info["total_net_input_bytes"],
            redis_out=info["total_net_output_bytes"],
            redis_cpu=info["used_cpu_user"] + info["used_cpu_sys"],
            commits=row["commits"],
            rows=row["rows"],
            wal=float(row["wal"]),
            postgres_cpu=_cpu_of_tree("postgres", self.database),
        )

    async def stored_bytes(self) -> int:
        """Of the calls' log, with its index."""
        connection = await asyncpg.connect(self.database)
        try:
            return int(await connection.fetchval("SELECT pg_total_relation_size('events')"))
        finally:
            await connection.close()


def _cpu_of_tree(name: str, database: str) -> float:
    """CPU of PostgreSQL's processes, found by their data folder; ended ones are in their parent's sums."""
    folder = database.partition("host=")[2]
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == name and folder in (process.info["cmdline"] or []):
            own = process.cpu_times()
            total = own.user + own.system + own.children_user + own.children_system
            for child in process.children():
                times = child.cpu_times()
                total += times.user + times.system
            return float(total)
    return 0.0


@contextmanager
def servers() -> Iterator[Servers]:
    redis, postgres = RedisServer(), PostgresServer()
    try:
        redis.start()
        postgres.start()
        yield Servers(redis, postgres, postgres.create())
    finally:
        redis.close()
        postgres.close()


@asynccontextmanager
async def nodes(count: int, model: str, used: Servers) -> AsyncGenerator[list[tuple[str, int]], None]:
    before = os.environ.get("CALLCUE_REDIS_URL")
    os.environ["CALLCUE_REDIS_URL"] = used.redis.url
    try:
        async with AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(served(model=model, profile=None, database=used.database))
                for _ in range(count)
            ]
    finally:
        if before is None:
            del os.environ["CALLCUE_REDIS_URL"]
        else:
            os.environ["CALLCUE_REDIS_URL"] = before


@dataclass(slots=True)
class Meter:
    """Counts of the servers and of the last node's own process, less what they do without calls."""

    used: Servers
    node: Tree
    idle: dict[str, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    async def counts(self) -> tuple[Counts, float, float]:
        return await self.used.counts(), self.node.usage().service, self.clock()

    async def look_at_idle(self) -> None:
        before = await self.counts()
        await asyncio.sleep(_IDLE_SECONDS)
        self.idle = await self.since(before, 1.0)
        self.idle = {name: value / _IDLE_SECONDS for name, value in self.idle.items()}

    async def since(self, before: tuple[Counts, float, float], call_seconds: float) -> dict[str, float]:
        """Per call second."""
        (counts, cpu, began), (now, cpu_now, at) = before, await self.counts()
        found = {**now.minus(counts), "last_node_cpu": cpu_now - cpu}
        wall = at - began
        return {
            name: max(0.0, value - self.idle.get(name, 0.0) * wall) / call_seconds
            for name, value in found.items()
        }


async def measure(options: LoadOptions, count: int, foreign: int) -> dict[str, Any]:
    """`count` nodes, the calls all on the first; then `foreign` calls on nodes that are not there.

    Per call second. PostgreSQL's figures and the records are of the first, those of `MANY` of the second.
    """
    with servers() as used:
        async with nodes(count, options.model, used) as running:
            meter = Meter(used, Tree(running[-1][1]))
            await meter.look_at_idle()
            url, pid = running[0]
            before, seconds = await meter.counts(), options.calls * options.seconds
            run = await asyncio.to_thread(run_load, replace(options, url=url, pid=pid))
            few = await meter.since(before, seconds)
            stored = await used.stored_bytes()
            rate = run["console"]["records"] / seconds
            before = await meter.counts()
            await follow(used, foreign, rate)
            many = await meter.since(before, foreign * _FOREIGN_SECONDS)
    chosen = {name: (many if name in MANY else few)[name] for name in few}
    return {
        "nodes": count,
        "foreign_calls": foreign,
        **{name: round(value, 7) for name, value in chosen.items()},
        "stored_bytes": round(stored / seconds, 1),
        "records": round(rate, 4),
        "console_bytes": round(run["console"]["bytes"] / seconds, 1),
        "unfinished": run["unfinished"],
    }


async def follow(used: Servers, calls: int, rate: float) -> None:
    """The stored logs, under other names, on the bus: `rate` records a second of each of `calls` calls."""
    async with Repository.open(used.database) as repository:
        logs = [await repository.events(row.call_id, limit=1000) for row in await repository.calls()]
    bus = RedisBus(used.redis.url)
    due = [
        replace(log[turn], call_id=f"foreign-{number:05}")
        for turn in range(max(1, round(rate * _FOREIGN_SECONDS)))
        for number in range(calls)
        if turn < len(log := logs[number % len(logs)])
    ]
    ticks = round(_FOREIGN_SECONDS / _TICK_SECONDS)
    began = time.monotonic()
    for tick in range(ticks):
        await asyncio.sleep(max(0.0, began + tick * _TICK_SECONDS - time.monotonic()))
        part = due[len(due) * tick // ticks : len(due) * (tick + 1) // ticks]
        await asyncio.gather(*(bus.publish(TOPIC, encode_record(record)) for record in part))
    await bus.close()


def run(options: LoadOptions, foreign: int, json_out: Path | None) -> None:
    rows = [asyncio.run(measure(options, count, foreign)) for count in (1, 2)]
    for row in rows:
        print(json.dumps(row, indent=1), flush=True)
    if json_out is not None:
        found = document([], model=options.model, calls=options.calls, seconds=options.seconds)
        del found["runs"]
        json_out.write_text(json.dumps({**found, "traffic": rows}, indent=1) + "\n", encoding="utf-8")
