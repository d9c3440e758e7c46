"""Runs every server on the same calls, one after the other: `callcue bench peers`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.frames import FRAME_SECONDS, Loop, read_loops
from benchmarks.latency import Spread
from benchmarks.load import document
from benchmarks.peers import ours
from benchmarks.peers.matching import Heard, Speech, behind, differing, outcome, own_waits
from benchmarks.peers.servers import PEERS, Peer, peer_served
from benchmarks.peers.streams import Stream
from benchmarks.peers.truth import at_16k, patient_decoder, speech, stretch
from benchmarks.peers.venvs import pinned, python_of
from benchmarks.served import Tree, served
from models.catalog import locate
from streaming.errors import ConfigError
from streaming.events import Party, Seconds

OURS = "callcue"
SERVERS = (OURS, *PEERS)

DRAIN_SECONDS: Seconds = 15.0
"""How long a server may go on after the audio: whisper-live's own client waits that long."""

_LEAD = 0.2  # from the last handshake to the first audio
_STAGGER = 0.1  # between calls, as in `callcue bench load`

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to play: µ-law of each party, and what is said in it."""

    loop: Loop
    offset: int
    frames: int
    audio: Mapping[Party, bytes]
    speech: Mapping[Party, list[Speech]]


@dataclass(slots=True)
class Measured:
    """What one run gave: streams, CPU seconds and length of the time when all calls were live, peak bytes.

    `others` are CPU seconds that neither the server nor this client used: the machine was not quiet.
    """

    streams: list[Heard] = field(default_factory=list)
    cpu: float = 0.0
    others: float = 0.0
    window: Seconds = 0.0
    peak: int = 0
    drained: bool = False
    late: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeersOptions:
    recordings: Sequence[Path]
    servers: Sequence[str] = SERVERS
    calls: Sequence[int] = (1, 2, 4)
    seconds: Seconds = 40.0
    model: str = "tiny.en"
    log: Path | None = None
    seed: int = 1


def run_peers(options: PeersOptions, say: Say = lambda text: None) -> dict[str, Any]:
    """Every server at every number of calls, as a JSON object. Raises `ConfigError` for an unknown server."""
    if unknown := set(options.servers) - set(SERVERS):
        raise ConfigError(
            f"no server here is called {', '.join(sorted(unknown))}; known: {', '.join(SERVERS)}"
        )
    pythons = {name: python_of(name, say) for name in options.servers if name in PEERS}
    say("finding where speech ends …")
    plan = Planner(options)
    calls = {number: plan.calls(number) for number in options.calls}
    rows = []
    for number in options.calls:
        for name in options.servers:
            measured = asyncio.run(_run(name, pythons.get(name), calls[number], options))
            rows.append(row(name, number, options, measured))
            say(line(rows[-1]))
    kept = {name: value for name, value in document([]).items() if name != "runs"}
    return {**kept, "recordings": [path.name for path in options.recordings], "peers": rows}


class Planner:
    """The load generator's calls: one alone begins at the beginning, several at shuffled places."""

    def __init__(self, options: PeersOptions) -> None:
        self._seed = options.seed
        self._frames = round(options.seconds / FRAME_SECONDS)
        self._loops = read_loops(options.recordings)
        self._decoder = patient_decoder(locate(options.model))
        self._known: dict[tuple[str, int], Call] = {}

    def calls(self, number: int) -> list[Call]:
        chance = random.Random(self._seed)  # noqa: S311 - the same places in every run
        loops = [self._loops[index % len(self._loops)] for index in range(number)]
        return [self._call(loop, chance.randrange(loop.frames) if number > 1 else 0) for loop in loops]

    def _call(self, loop: Loop, offset: int) -> Call:
        key = (loop.name, offset)
        if key not in self._known:
            audio = {party: stretch(loop, party, offset, self._frames) for party in Party}
            said = {party: speech(mulaw, party, self._decoder) for party, mulaw in audio.items()}
            self._known[key] = Call(loop=loop, offset=offset, frames=self._frames, audio=audio, speech=said)
        return self._known[key]


async def _run(name: str, python: Path | None, calls: Sequence[Call], options: PeersOptions) -> Measured:
    if python is None:
        return await _run_ours(calls, options)
    return await _run_peer(PEERS[name], python, calls, options)


async def _run_peer(peer: Peer, python: Path, calls: Sequence[Call], options: PeersOptions) -> Measured:
    found, weights = Measured(), locate(options.model)
    parts = [(number, party) for number in range(len(calls)) for party in Party]
    streams = [
        Stream(
            peer.dialect(f"{number}-{party}", weights),
            at_16k(calls[number].audio[party]),
            calls[number].speech[party],
        )
        for number, party in parts
    ]
    async with peer_served(peer, python, weights, len(streams), options.log) as (url, pid):
        try:
            for stream in streams:
                await stream.open(url)
            began = asyncio.get_running_loop().time() + _LEAD
            async with _metered(pid, found, began + _STAGGER * (len(calls) - 1), began + options.seconds):
                starts = [began + _STAGGER * number for number, _ in parts]
                await _all(stream.play(at) for stream, at in zip(streams, starts, strict=True))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(DRAIN_SECONDS):
                        await _all(stream.drain() for stream in streams)
                        found.drained = True
        finally:
            for stream in streams:
                await stream.close()
    found.streams = [stream.heard for stream in streams]
    found.late = max(stream.late for stream in streams)
    return found


async def _run_ours(calls: Sequence[Call], options: PeersOptions) -> Measured:
    found = Measured()
    async with served(model=options.model, profile=None, log=options.log) as (url, pid):
        socket = await ours.open_console(url)
        console = ours.Console(socket)
        reading = asyncio.create_task(console.read())
        began = asyncio.get_running_loop().time() + _LEAD
        names = [f"peers-{number}" for number in range(len(calls))]
        async with _metered(pid, found, began + _STAGGER * (len(calls) - 1), began + options.seconds):
            played = await _all(
                ours.play(call.loop, call.offset, call.frames, name, url, began + _STAGGER * number)
                for number, (name, call) in enumerate(zip(names, calls, strict=True))
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await console.seen(len(calls))
                    found.drained = True
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await socket.close()
    until = asyncio.get_running_loop().time()
    for name, call, one in zip(names, calls, played, strict=True):
        found.late = max(found.late, *one.late)
        for party in Party:
            lines = console.lines.get((name, party), [])
            length = len(one.times) * FRAME_SECONDS
            heard = Heard(one.sent, until, length, call.speech[party], lines, over=found.drained)
            found.streams.append(heard)
    return found


async def _all(coroutines: Iterable[Any]) -> list[Any]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one) for one in coroutines]
    return [task.result() for task in running]


@asynccontextmanager
async def _metered(pid: int, found: Measured, since: float, until: float) -> AsyncGenerator[None]:
    """CPU while all calls are live; memory until the end of the block."""
    tree = Tree(pid)
    meter = asyncio.create_task(_meter(tree, found, since, until))
    try:
        yield
    finally:
        meter.cancel()
        await asyncio.gather(meter, return_exceptions=True)
        found.peak = tree.peak[2]


async def _meter(tree: Tree, found: Measured, since: float, until: float) -> None:
    clock = asyncio.get_running_loop().time
    await asyncio.sleep(max(0.0, since - clock()))
    before, began, own, busy = tree.usage(), clock(), time.process_time(), _busy()
    while (left := until - clock()) > 0:
        tree.look()
        await asyncio.sleep(min(0.5, left))
    used = tree.usage() - before
    found.cpu, found.window = used.service + used.worker, clock() - began
    found.others = _busy() - busy - found.cpu - (time.process_time() - own)
    while True:
        tree.look()
        await asyncio.sleep(0.5)


def _busy() -> float:
    """CPU seconds that the machine has used."""
    times = psutil.cpu_times()
    return float(sum(times[:8]) - times.idle - times.iowait)


def row(name: str, calls: int, options: PeersOptions, measured: Measured) -> dict[str, Any]:
    found = outcome(measured.streams)
    ends = [stream.sent.at(stream.audio_end) or 0.0 for stream in measured.streams]
    last = max((line.received for one in measured.streams for line in one.lines), default=0.0)
    return {
        "server": name,
        "version": version(OURS) if name == OURS else pinned(name),
        "options": "as it comes" if name == OURS else PEERS[name].options,
        "model": options.model,
        "calls": calls,
        "seconds": options.seconds,
        "ends_of_speech": sum(len(stream.speech) for stream in measured.streams),
        "wait": asdict(Spread.of(found.waits)),
        "missed": found.missed,
        "unfinished": found.unfinished,
        "own_wait": asdict(Spread.of(wait for one in measured.streams for wait in own_waits(one))),
        "behind_seconds": round(max(map(behind, measured.streams)), 2),
        "last_line_after_seconds": round(max(0.0, last - max(ends)), 2),
        "drained": measured.drained,
        "words_differing": differing(measured.streams),
        "cores": round(measured.cpu / measured.window, 3) if measured.window else None,
        "others_cores": round(measured.others / measured.window, 3) if measured.window else None,
        "peak_rss_mb": round(measured.peak / 1e6),
        "client_late_seconds": round(measured.late, 3),
    }


def line(found: Mapping[str, Any]) -> str:
    wait, ends = found["wait"], found["ends_of_speech"]
    least = "≥ " if found["unfinished"] else ""
    times = f"{least}{wait['p50']:.2f} / {wait['p95']:.2f} s" if wait["count"] else "–"
    return (
        f"{found['server']:15} {found['calls']} calls: {times} ({wait['count']} of {ends}), "
        f"missed {found['missed']}, unfinished {found['unfinished']}, "
        f"behind {found['behind_seconds']:.1f} s, {found['cores']} cores "
        f"(others {found['others_cores']}), {found['peak_rss_mb']} MB, "
        f"words differing {found['words_differing']} %"
    )


def write(found: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
