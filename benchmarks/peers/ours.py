"""The same calls into `callcue serve`: two parties a socket, lines read at a supervisor's console."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.frames import Loop, native_frames
from benchmarks.peers.dialects import Finished
from benchmarks.players import Plan, Played, Player
from streaming.audio import Encoding
from streaming.dialects.native import bye_message, hello_message
from streaming.events import CallInfo, Party

Key = tuple[str, Party]
"""One party of one call."""


class Console:
    """Collects finished lines by call and party. `seen` once every call's scorecard came."""

    def __init__(self, socket: ClientConnection) -> None:
        self.lines: dict[Key, list[Finished]] = {}
        self._socket = socket
        self._ended = 0
        self._moved = asyncio.Event()

    async def read(self) -> None:
        clock = asyncio.get_running_loop().time
        async for message in self._socket:
            received = clock()
            for record in orjson.loads(message).get("records", ()):
                self._ended += record["event"]["type"] == "scorecard"
                if (line := finished(record["event"], received)) is not None:
                    key = (record["call_id"], Party(record["event"]["speaker"]))
                    self.lines.setdefault(key, []).append(line)
            self._moved.set()

    async def seen(self, calls: int) -> None:
        while self._ended < calls:
            self._moved.clear()
            await self._moved.wait()


def finished(event: Mapping[str, Any], received: float) -> Finished | None:
    """A final utterance with words; partial lines and all else are not finished text."""
    if event["type"] != "utterance" or not event["final"] or not event["words"]:
        return None
    text = " ".join(word["text"] for word in event["words"])
    return Finished(start=event["start"], end=event["end"], text=text, received=received)


async def open_console(url: str) -> ClientConnection:
    socket = await connect(f"{url}/v1/console", max_size=None, compression=None)
    await socket.recv()
    return socket


async def play(loop: Loop, offset: int, frames: int, call_id: str, url: str, at: float) -> Played:
    """One call from the clock's `at` on, in frames of 20 ms."""
    plan = Plan(
        call_id=call_id,
        url=f"{url}/v1/calls/stream",
        opening=[hello_message(CallInfo(call_id=call_id), Encoding.MULAW, 8000)],
        frame_at=native_frames(loop, offset),
        frames=frames,
        closing=bye_message(),
        awaits_ready=True,
    )
    await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
    return await Player(plan).play()
