"""N live calls against a service, in real time: how late a console sees what was said, and what it costs.

The load generator is this process; the service is another, with its engine in a third. Everything is
measured at one console's socket.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.document import document, settings_given, write
from benchmarks.frames import Framing, Loop, read_loops
from benchmarks.latency import CallWaits, Spread, Waits
from benchmarks.plans import Line, call_ids, plan, takes
from benchmarks.players import Played
from benchmarks.rig import Console, Cost, console, play, run
from benchmarks.served import Tree, served
from benchmarks.sweep import Search, holds

__all__ = ["LoadOptions", "document", "line", "run_load", "run_sweep", "write"]

_TAIL_SECONDS = 60.0  # how long calls may take to end behind their last frame


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What to play: `calls` two-party calls of `seconds` each. `url` and `pid` name a running service."""

    calls: int
    seconds: float
    recordings: Sequence[Path]
    model: str = "tiny.en"
    framing: Framing = "native"
    profile: str | None = None
    url: str | None = None
    pid: int | None = None
    seed: int = 1
    log: Path | None = None


def run_load(options: LoadOptions, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """One measurement: a JSON object (benchmarks/README.md says what its fields mean)."""
    loops = read_loops(options.recordings)
    return run(lambda: _run(options, loops, say))


def run_sweep(options: LoadOptions, say: Callable[[str], None] = lambda text: None) -> list[dict[str, Any]]:
    """Measurements on the way to the largest number of calls that hold, each with a fresh service."""
    search = Search(options.calls)
    runs = []
    while (calls := search.next) is not None:
        runs.append(run_load(replace(options, calls=calls), say))
        search.tell(calls, held=runs[-1]["holds"])
        say(line(runs[-1]))
    return runs


def line(run: dict[str, Any]) -> str:
    """One run in a line of text."""
    waits, cpu = run["latency"], run["cpu_seconds_per_call_second"]
    spreads = ", ".join(
        f"{name} {waits[name]['p50']:.2f}/{waits[name]['p95']:.2f} s"
        for name in ("final", "alert", "partial")
        if waits[name]["count"]
    )
    cost = f", CPU {cpu['service']:.3f}+{cpu['worker']:.3f} a call" if cpu["service"] is not None else ""
    lost = f", {run['gaps']['count']} gaps" if run["gaps"]["count"] else ""
    lost += f", refused {sum(run['refused'].values())}" if run["refused"] else ""
    return f"{run['calls']:3} calls: {spreads}{cost}{lost}: {'holds' if run['holds'] else 'does not hold'}"


async def _run(options: LoadOptions, loops: Sequence[Loop], say: Callable[[str], None]) -> dict[str, Any]:
    async with service_under_test(options) as (url, pid):
        say(f"{options.calls} calls of {options.seconds:g} s into {url} …")
        async with console(url) as seen:
            played, cost = await _play(options, loops, url, Tree(pid) if pid else None)
            if not await seen.until_ended(sum(one.whole for one in played)):
                say("not every call's end reached the console")
    return _report(options, loops, played, seen, cost)


@asynccontextmanager
async def service_under_test(options: LoadOptions) -> AsyncGenerator[tuple[str, int | None], None]:
    """The running service that is named, or one started for this: its address and process id."""
    if options.url is not None:
        yield options.url, options.pid
        return
    async with served(model=options.model, profile=options.profile, log=options.log) as (url, pid):
        yield url, pid


async def _play(
    options: LoadOptions, loops: Sequence[Loop], url: str, tree: Tree | None
) -> tuple[list[Played], Cost]:
    """Calls begin one after the other within a sixth of the time at most; CPU counts while all are live."""
    calls = options.calls
    ramp = min(0.1 * calls, options.seconds / 6) if calls > 1 else 0.0
    began = asyncio.get_running_loop().time()
    cost = Cost(window=(began + ramp, began + options.seconds))
    to = Line(url=url, framing=options.framing, profile=options.profile)
    chosen = takes(loops, calls, options.seconds, seed=options.seed)
    plans = [
        (plan(to, take, call_id), began + ramp * number / calls)
        for number, (take, call_id) in enumerate(zip(chosen, call_ids(calls), strict=True))
    ]
    metering = asyncio.create_task(cost.measure(tree))
    played = await play(plans, until=began + options.seconds + ramp + _TAIL_SECONDS)
    metering.cancel()  # it is done unless every call ended early
    await asyncio.gather(metering, return_exceptions=True)
    return played, cost


def _report(
    options: LoadOptions, loops: Sequence[Loop], played: Sequence[Played], seen: Console, cost: Cost
) -> dict[str, Any]:
    waits = Waits()
    calls = {one.call_id: CallWaits(one.sent, waits, cost.window) for one in played}
    records = 0
    for received, call_id, event in seen.events():
        records += 1
        if (call := calls.get(call_id)) is not None:
            call.take(event, received)
    measured = cost.window[1] - cost.window[0]
    run = {
        "calls": options.calls,
        "seconds": options.seconds,
        "measured_seconds": round(measured, 3),
        "model": options.model,
        "framing": options.framing,
        "profile": options.profile or "as configured",
        "recordings": [loop.name for loop in loops],
        "settings": settings_given(),
        "latency": _latency(waits),
        "wordless_finals": waits.wordless,
        "gaps": {"count": len(waits.gaps), "seconds": waits.gap_seconds},
        "refused": dict(Counter(str(one.close_code) for one in played if one.refused)),
        "unfinished": sum(one.broken_off for one in played),
        "cpu_seconds_per_call_second": cost.per_call_second(options.calls * measured),
        "peak_rss_mb": cost.peak_mb(),
        "generator_late_seconds": asdict(Spread.of(late for one in played for late in one.late)),
        "console": {
            "messages": len(seen.messages),
            "records": records,
            "bytes": sum(len(data) for _, data in seen.messages),
            "snapshots": seen.snapshots(),
        },
    }
    return {**run, "holds": holds(run)}


def _latency(waits: Waits) -> dict[str, Any]:
    parts = {
        "final": waits.final,
        "cut": waits.cut,
        "partial": waits.partial,
        "alert": waits.alert,
        "early": waits.early,
        "decided": waits.decided,
    }
    return {name: asdict(Spread.of(values)) for name, values in parts.items()}
