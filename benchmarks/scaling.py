"""From one machine's figures to many machines (pure): what docs/scaling.md says, computed and not run.

A node is one service process and its engine's process. Every node follows every live call on its bus, so the
calls that share one Redis and one PostgreSQL, a *cell*, are bounded; more calls are more cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]

FULL = 0.7
"""Share of a core that is planned for on what has one thread of control (a node's event loop, Redis). Above
it, waits grow out of bounds; a planning value, not a measurement."""

FOLLOWING = 0.1
"""Share of a core that a node may spend on following calls of other nodes: what sizes a cell."""

AUDIO_BYTES = 2 * 8000
"""A second of two parties' µ-law at 8 kHz, without the protocol's framing."""

FRAMES = 50
"""Messages a call second: 20 ms frames of both parties together (native)."""

STREAM_ENTRIES = 50_000
"""What the bus keeps (`RedisBus`); a node that lags further reads the store again."""

POSTGRES_CORES = 4
"""Cores of one PostgreSQL of ordinary size."""

NETWORK = 10e9 / 8
"""Bytes a second of an ordinary network card."""

DAY_SECONDS = 8 * 3600.0
"""Of calls a day, at the full number, for what is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Measured, per call and second unless it says otherwise; CPU in core seconds, sizes in bytes."""

    calls_per_node: int
    cores_per_node: int
    node_bytes: float
    """Of service and engine at `calls_per_node`."""
    service_cpu: float
    engine_cpu: float
    follow_cpu: float
    """Of every node, for each live call in its cell."""
    records: float
    console_bytes: float
    """To one console that sees the call."""
    redis_commands: float
    redis_cpu: float
    redis_in: float
    redis_read_cpu: float
    """Of Redis for each node that reads."""
    redis_read_bytes: float
    """To each node that reads."""
    commits: float
    """Of one node, whatever it has: they are made by time."""
    rows: float
    wal: float
    postgres_cpu: float
    stored: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a number of calls takes. Rates are a second, Redis's and PostgreSQL's those of one cell."""

    calls: int
    cells: int
    calls_per_cell: int
    nodes: int
    cores: int
    memory: float
    redis_commands: float
    redis_out: float
    redis_cores: float
    rows: float
    wal: float
    postgres_cores: float
    stored_per_day: float
    audio: float
    messages: float
    consoles: float


@dataclass(frozen=True, slots=True)
class Limit:
    """`calls` at once, in one cell, fill `what`; then one does `then`."""

    what: str
    calls: int
    then: str


def inputs(run: Document, cores: int, traffic: Sequence[Document]) -> Inputs:
    """From the load run with the most calls that holds, and the two traffic runs (one node, two nodes)."""
    alone, both = sorted(traffic, key=lambda row: row["nodes"])
    cpu = run["cpu_seconds_per_call_second"]
    return Inputs(
        calls_per_node=run["calls"],
        cores_per_node=cores,
        node_bytes=run["peak_rss_mb"]["together"] * 1e6,
        service_cpu=cpu["service"],
        engine_cpu=cpu["worker"],
        follow_cpu=both["last_node_cpu"],
        records=alone["records"],
        console_bytes=alone["console_bytes"],
        redis_commands=alone["redis_commands"],
        redis_cpu=alone["redis_cpu"],
        redis_in=alone["redis_in"],
        redis_read_cpu=max(0.0, both["redis_cpu"] - alone["redis_cpu"]),
        redis_read_bytes=max(0.0, both["redis_out"] - alone["redis_out"]),
        commits=alone["commits"],
        rows=alone["rows"],
        wal=alone["wal"],
        postgres_cpu=alone["postgres_cpu"],
        stored=alone["stored_bytes"],
    )


def nodes_for(calls: int, known: Inputs) -> int:
    """Engines for the calls; and what following costs leaves a node less room for calls of its own."""
    room = (FULL - calls * known.follow_cpu) / known.service_cpu
    return math.ceil(calls / max(1.0, min(known.calls_per_node, room)))


def cell_calls(known: Inputs) -> int:
    """As many calls as following them takes `FOLLOWING` of a core on every node, and Redis its `FULL`."""
    followed = int(FOLLOWING / known.follow_cpu) if known.follow_cpu else 10**9
    return max(known.calls_per_node, min(followed, _redis_calls(known)))


def plan(calls: int, known: Inputs, *, cells: int | None = None) -> Plan:
    """In as many cells as `cell_calls` makes of them, or as told: fewer cells take more nodes."""
    cells = cells or math.ceil(calls / cell_calls(known))
    each = math.ceil(calls / cells)
    nodes = nodes_for(each, known)
    return Plan(
        calls=calls,
        cells=cells,
        calls_per_cell=each,
        nodes=nodes * cells,
        cores=nodes * cells * known.cores_per_node,
        memory=nodes * cells * known.node_bytes,
        redis_commands=each * known.redis_commands,
        redis_out=each * nodes * known.redis_read_bytes,
        redis_cores=_redis_cores(each, nodes, known),
        rows=each * known.rows,
        wal=each * known.wal,
        postgres_cores=each * known.postgres_cpu,
        stored_per_day=calls * known.stored * DAY_SECONDS,
        audio=calls * AUDIO_BYTES,
        messages=calls * FRAMES,
        consoles=calls * known.console_bytes,
    )


def limits(known: Inputs) -> list[Limit]:
    """What is full first, if everything were one cell on machines of the measured kind."""
    found = [
        Limit("one node's engine", known.calls_per_node, "more nodes behind the load balancer"),
        Limit(
            "one node's event loop, with calls of its own alone",
            int(FULL / known.service_cpu),
            "more nodes rather than more cores a node",
        ),
        Limit("Redis, one core, which every node reads", _redis_calls(known), "a second cell"),
        Limit(
            f"PostgreSQL on {POSTGRES_CORES} cores",
            int(FULL * POSTGRES_CORES / known.postgres_cpu) if known.postgres_cpu else 10**9,
            "a larger machine; the log partitioned by month, so that old ones go whole; a second cell",
        ),
        Limit(
            "a network card of 10 Gbit/s before the load balancer, audio alone",
            int(FULL * NETWORK / AUDIO_BYTES),
            "several load balancers by DNS",
        ),
    ]
    if known.follow_cpu:
        following = int(FULL / known.follow_cpu)
        found.append(
            Limit(
                "every node's event loop, following the others' calls alone",
                following,
                "cells by team or queue",
            )
        )
        lag = int(STREAM_ENTRIES / (10 * known.records))
        found.append(
            Limit(
                f"the bus' memory of {STREAM_ENTRIES:,} records, for a node that is 10 s behind",
                lag,
                "a longer stream (memory), or cells; until then such a node reads the store again",
            )
        )
    return sorted(found, key=lambda limit: limit.calls)


def _redis_cores(calls: int, nodes: int, known: Inputs) -> float:
    return calls * (known.redis_cpu + (nodes - 1) * known.redis_read_cpu)


def _redis_calls(known: Inputs) -> int:
    """The most calls in one cell: nodes grow with calls and each reads them all, so it is a square's root."""
    per_node = known.calls_per_node
    a, b = known.redis_read_cpu / per_node, known.redis_cpu - known.redis_read_cpu
    if a <= 0:
        return int(FULL / known.redis_cpu) if known.redis_cpu else 10**9
    return int((-b + math.sqrt(b * b + 4 * a * FULL)) / (2 * a))


def growth(runs: Sequence[Document]) -> tuple[float, float, float]:
    """The service's CPU by calls as a line: cores without calls, cores a call, and how well it fits (R²)."""
    points = [(run["calls"], run["calls"] * run["cpu_seconds_per_call_second"]["service"]) for run in runs]
    x = [float(calls) for calls, _ in points]
    y = [cores for _, cores in points]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((one - mean_x) ** 2 for one in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    base = mean_y - slope * mean_x
    left = sum((b - base - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    total = sum((b - mean_y) ** 2 for b in y)
    return base, slope, 1 - left / total if total else 1.0
