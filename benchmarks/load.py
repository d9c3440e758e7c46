"""N live calls against a service, in real time: how late a console sees what was said, and what it costs.

The load generator is this process; the service is another, with its engine in a third. Everything is
measured at one console's socket. What the console receives is kept as it came and read afterwards, so that
reading does not delay sending.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import random
import shlex
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import psutil
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.frames import (
    FRAME_SECONDS,
    Framing,
    Loop,
    native_frames,
    read_loops,
    twilio_frames,
    twilio_opening,
    twilio_stop,
)
from benchmarks.latency import CallWaits, Spread, Waits
from benchmarks.players import Plan, Played, Player
from benchmarks.served import Tree, Usage, served
from benchmarks.sweep import Search, holds
from streaming.audio import Encoding
from streaming.dialects.native import bye_message, hello_message
from streaming.events import CallInfo, Profile

_TAIL_SECONDS = 60.0  # how long calls may take to end behind their last frame
_SETTLE_SECONDS = 10.0  # how long the console may take to see their ends


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


@dataclass(slots=True)
class _Seen:
    """What one console received: when, and the message as it came."""

    messages: list[tuple[float, bytes]] = field(default_factory=list)
    ended: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, socket: ClientConnection) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            data = await socket.recv(decode=False)
            self.messages.append((clock(), data))
            ended = data.count(b'"type":"scorecard"')
            if ended:
                self.ended += ended
                self.moved.set()

    async def until_ended(self, calls: int) -> None:
        while self.ended < calls:
            self.moved.clear()
            await self.moved.wait()


@dataclass(slots=True)
class _Cost:
    """CPU used from the moment at which all calls are live to the first one's end."""

    window: tuple[float, float] = (0.0, 0.0)
    used: Usage | None = None
    generator: float = 0.0
    peak: Sequence[int] = (0, 0, 0)


def run_load(options: LoadOptions, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """One measurement: a JSON object (benchmarks/README.md says what its fields mean)."""
    loops = read_loops(options.recordings)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run(options, loops, say))


def run_sweep(options: LoadOptions, say: Callable[[str], None] = lambda text: None) -> list[dict[str, Any]]:
    """Measurements on the way to the largest number of calls that hold, each with a fresh service."""
    search = Search(options.calls)
    runs = []
    while (calls := search.next) is not None:
        given = {name: getattr(options, name) for name in LoadOptions.__dataclass_fields__}
        runs.append(run_load(LoadOptions(**{**given, "calls": calls}), say))
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


def document(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The runs with what one needs to judge them: command, machine, versions."""
    return {
        "command": shlex.join(["callcue", *sys.argv[1:]]),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "runs": list(runs),
    }


def machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("callcue", "ctranslate2", "onnxruntime")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((one.split(":", 1)[1].strip() for one in lines if one.startswith("model name")), "")


async def _run(options: LoadOptions, loops: Sequence[Loop], say: Callable[[str], None]) -> dict[str, Any]:
    async with _service(options) as (url, pid):
        say(f"{options.calls} calls of {options.seconds:g} s into {url} …")
        headers = _bearer("CALLCUE_CONSOLE_TOKEN")
        address = url.rstrip("/") + "/v1/console"
        async with connect(address, additional_headers=headers, max_size=None, compression=None) as socket:
            await socket.recv()
            seen, cost = _Seen(), _Cost()
            reading = asyncio.create_task(seen.read(socket))
            played = await _play(options, loops, url, Tree(pid) if pid else None, cost)
            try:
                async with asyncio.timeout(_SETTLE_SECONDS):
                    await seen.until_ended(sum(one.whole for one in played))
            except TimeoutError:
                say("not every call's end reached the console")
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    return _report(options, loops, played, seen, cost)


@asynccontextmanager
async def _service(options: LoadOptions) -> AsyncGenerator[tuple[str, int | None], None]:
    if options.url is not None:
        yield options.url, options.pid
        return
    async with served(model=options.model, profile=options.profile, log=options.log) as (url, pid):
        yield url, pid


async def _play(
    options: LoadOptions, loops: Sequence[Loop], url: str, tree: Tree | None, cost: _Cost
) -> list[Played]:
    """Calls begin one after the other within a sixth of the time at most; CPU counts while all are live."""
    ramp = min(0.1 * options.calls, options.seconds / 6) if options.calls > 1 else 0.0
    loop = asyncio.get_running_loop()
    began = loop.time()
    cost.window = (began + ramp, began + options.seconds)
    plans = _plans(options, loops, url)
    async with asyncio.TaskGroup() as tasks:
        playing = [
            tasks.create_task(_play_one(plan, began + ramp * number / options.calls))
            for number, plan in enumerate(plans)
        ]
        meter = tasks.create_task(_meter(tree, cost))
        limit = options.seconds + ramp + _TAIL_SECONDS
        await asyncio.wait(playing, timeout=limit)
        for task in playing:
            task.cancel()
        meter.cancel()  # it is done unless every call ended early
    done = [task.result() for task in playing if not task.cancelled()]
    return [*done, *(Played("unfinished") for task in playing if task.cancelled())]


async def _play_one(plan: Plan, at: float) -> Played:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(0.0, at - loop.time()))
    return await Player(plan).play()


def _plans(options: LoadOptions, loops: Sequence[Loop], url: str) -> list[Plan]:
    chance = random.Random(options.seed)  # noqa: S311 - the same offsets in every run
    frames = round(options.seconds / FRAME_SECONDS)
    run = uuid.uuid4().hex[:6]
    order = [loops[number % len(loops)] for number in range(options.calls)]
    plans = []
    for number, loop in enumerate(order):
        call_id = f"bench-{run}-{number:03}"
        offset = chance.randrange(loop.frames) if options.calls > 1 else 0
        plans.append(_plan(options, loop, offset, call_id, url.rstrip("/"), frames))
    return plans


def _plan(options: LoadOptions, loop: Loop, offset: int, call_id: str, url: str, frames: int) -> Plan:
    token = os.environ.get("CALLCUE_SOFTPHONE_TOKEN")
    if options.framing == "twilio":
        return Plan(
            call_id=call_id,
            url=f"{url}/v1/twilio",
            opening=twilio_opening(call_id, options.profile),
            frame_at=twilio_frames(loop, offset, call_id),
            frames=frames,
            closing=twilio_stop(call_id),
            awaits_ready=False,
            token=token,
        )
    profile = Profile(options.profile) if options.profile else None
    return Plan(
        call_id=call_id,
        url=f"{url}/v1/calls/stream",
        opening=[hello_message(CallInfo(call_id=call_id), Encoding.MULAW, 8000, profile=profile)],
        frame_at=native_frames(loop, offset),
        frames=frames,
        closing=bye_message(),
        awaits_ready=True,
        token=token,
    )


async def _meter(tree: Tree | None, cost: _Cost) -> None:
    """CPU at both ends of the window, memory every half second between."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(0.0, cost.window[0] - loop.time()))
    before, own = tree.usage() if tree else None, time.process_time()
    while (left := cost.window[1] - loop.time()) > 0:
        if tree is not None:
            tree.look()
        await asyncio.sleep(min(0.5, left))
    cost.generator = time.process_time() - own
    if tree is not None and before is not None:
        cost.used, cost.peak = tree.usage() - before, tuple(tree.peak)


def _report(
    options: LoadOptions, loops: Sequence[Loop], played: Sequence[Played], seen: _Seen, cost: _Cost
) -> dict[str, Any]:
    waits = Waits()
    calls = {one.call_id: CallWaits(one.sent, waits, cost.window) for one in played}
    records, snapshots = 0, 0
    for received, data in seen.messages:
        message = orjson.loads(data)
        snapshots += message["type"] == "snapshot"
        for record in message.get("records", ()):
            records += 1
            if (call := calls.get(record["call_id"])) is not None:
                call.take(record["event"], received)
    refused = Counter(str(one.close_code) for one in played if not one.whole and not len(one.times))
    run = {
        "calls": options.calls,
        "seconds": options.seconds,
        "measured_seconds": round(cost.window[1] - cost.window[0], 3),
        "model": options.model,
        "framing": options.framing,
        "profile": options.profile or "as configured",
        "recordings": [loop.name for loop in loops],
        "settings": _settings_given(),
        "latency": _latency(waits),
        "wordless_finals": waits.wordless,
        "gaps": {"count": len(waits.gaps), "seconds": waits.gap_seconds},
        "refused": dict(refused),
        "unfinished": sum(not one.whole and bool(len(one.times)) for one in played),
        "cpu_seconds_per_call_second": _cpu(cost, options.calls),
        "peak_rss_mb": dict(
            zip(("service", "worker", "together"), (round(b / 1e6) for b in cost.peak), strict=True)
        ),
        "generator_late_seconds": asdict(Spread.of(late for one in played for late in one.late)),
        "console": {
            "messages": len(seen.messages),
            "records": records,
            "bytes": sum(len(data) for _, data in seen.messages),
            "snapshots": snapshots,
        },
    }
    return {**run, "holds": holds(run)}


def _latency(waits: Waits) -> dict[str, Any]:
    parts = {
        "final": waits.final,
        "cut": waits.cut,
        "partial": waits.partial,
        "alert": waits.alert,
        "decided": waits.decided,
    }
    return {name: asdict(Spread.of(values)) for name, values in parts.items()}


def _cpu(cost: _Cost, calls: int) -> dict[str, float | None]:
    call_seconds = calls * (cost.window[1] - cost.window[0])
    used = cost.used
    return {
        "service": round(used.service / call_seconds, 4) if used else None,
        "worker": round(used.worker / call_seconds, 4) if used else None,
        "generator": round(cost.generator / call_seconds, 4),
    }


def _settings_given() -> dict[str, str]:
    """CALLCUE_* of the environment, which the service under test takes over; never a token."""
    secret = ("TOKEN", "SECRET", "URL")
    given = {name: value for name, value in os.environ.items() if name.startswith("CALLCUE_")}
    return {name: value for name, value in given.items() if not any(word in name for word in secret)}


def _bearer(variable: str) -> dict[str, str] | None:
    token = os.environ.get(variable)
    return {"Authorization": f"Bearer {token}"} if token else None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop  # the generator shall cost as little as it can


def write(runs: Sequence[dict[str, Any]], path: Path) -> None:
    path.write_text(json.dumps(document(runs), indent=1) + "\n", encoding="utf-8")
