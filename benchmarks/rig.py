"""What every live measurement stands on: a service, one console that keeps what it sees, its cost."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.latency import Event
from benchmarks.players import Plan, Played, Player
from benchmarks.served import Tree, Usage

T = TypeVar("T")

_SETTLE_SECONDS = 10.0  # how long the console may take to see the ends of calls
_LOOK_EVERY = 0.5


@dataclass(slots=True)
class Console:
    """What one console received: when, and the message as it came, to be read afterwards.

    Reading it meanwhile would delay the sending. `keep` False only counts the ends of calls.
    """

    messages: list[tuple[float, bytes]] = field(default_factory=list)
    ended: int = 0
    keep: bool = True
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, socket: ClientConnection) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            data = await socket.recv(decode=False)
            if self.keep:
                self.messages.append((clock(), data))
            if ended := data.count(b'"type":"scorecard"'):
                self.ended += ended
                self._moved.set()

    async def until_ended(self, calls: int) -> bool:
        """Whether that many calls' ends were seen in time."""
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                while self.ended < calls:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    def events(self) -> Iterator[tuple[float, str, Event]]:
        """When each event came, of which call, and the event, in the order in which they came."""
        for received, data in self.messages:
            for record in orjson.loads(data).get("records", ()):
                yield received, record["call_id"], record["event"]

    def snapshots(self) -> int:
        return sum(orjson.loads(data)["type"] == "snapshot" for _, data in self.messages)


@asynccontextmanager
async def console(url: str, *, keep: bool = True) -> AsyncGenerator[Console, None]:
    """A console at the service's socket; it has had its first snapshot when this is entered."""
    address = url.rstrip("/") + "/v1/console"
    headers = _bearer("CALLCUE_CONSOLE_TOKEN")
    async with connect(address, additional_headers=headers, max_size=None, compression=None) as socket:
        await socket.recv()
        seen = Console(keep=keep)
        reading = asyncio.create_task(seen.read(socket))
        try:
            yield seen
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@dataclass(slots=True)
class Cost:
    """What was used between the two moments of `window` on the loop's clock; memory is the peak inside."""

    window: tuple[float, float]
    used: Usage | None = None
    generator: float = 0.0
    peak: Sequence[int] = (0, 0, 0)

    async def measure(self, tree: Tree | None) -> None:
        """CPU at both ends of the window, memory every half second between."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self.window[0] - loop.time()))
        before, own = tree.usage() if tree else None, time.process_time()
        while (left := self.window[1] - loop.time()) > 0:
            if tree is not None:
                tree.look()
            await asyncio.sleep(min(_LOOK_EVERY, left))
        self.generator = time.process_time() - own
        if tree is not None and before is not None:
            self.used, self.peak = tree.usage() - before, tuple(tree.peak)

    def peak_mb(self) -> dict[str, int]:
        names = ("service", "worker", "together")
        return dict(zip(names, (round(size / 1e6) for size in self.peak), strict=True))

    def per_call_second(self, call_seconds: float) -> dict[str, float | None]:
        used = self.used
        return {
            "service": round(used.service / call_seconds, 4) if used else None,
            "worker": round(used.worker / call_seconds, 4) if used else None,
            "generator": round(self.generator / call_seconds, 4),
        }


async def play(plans: Sequence[tuple[Plan, float]], *, until: float) -> list[Played]:
    """Plays every call from its moment on; what has not ended at `until` is broken off."""
    players = [(Player(one), at) for one, at in plans]
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        playing = [tasks.create_task(_play_from(player, at)) for player, at in players]
        if playing:
            await asyncio.wait(playing, timeout=max(0.0, until - loop.time()))
        for task in playing:
            task.cancel()
    return [player.played for player, _ in players]


async def _play_from(player: Player, at: float) -> None:
    await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
    await player.play()


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Runs a measurement; on uvloop where there is one, so that the generator costs as little as it can."""

    async def working() -> T:
        return await work()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(working())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _bearer(variable: str) -> dict[str, Any] | None:
    token = os.environ.get(variable)
    return {"Authorization": f"Bearer {token}"} if token else None
