"""Plays one party of one call to a peer in real time and notes when which line was finished."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.latency import SentTimes
from benchmarks.peers.dialects import Dialect, Finished
from benchmarks.peers.matching import Heard, Speech, finishes
from streaming.errors import CallcueError
from streaming.ports import SAMPLE_RATE, Samples


class Stream:
    """One socket. `open` before anything is played, then `play`, then `drain`, then `close`."""

    def __init__(self, dialect: Dialect, audio: Samples, speech: list[Speech]) -> None:
        self._dialect = dialect
        self._audio = audio[: len(audio) // dialect.frame * dialect.frame]
        self._speech = [one for one in speech if one.end <= len(self._audio) / SAMPLE_RATE]
        self._times = array("d")
        self._lines: list[Finished] = []
        self._moved = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._closed = 0.0
        self.late = 0.0

    @property
    def heard(self) -> Heard:
        return Heard(
            sent=SentTimes(self._times, self._dialect.frame / SAMPLE_RATE),
            until=self._closed,
            audio_end=len(self._audio) / SAMPLE_RATE,
            speech=self._speech,
            lines=self._lines,
            over=self._dialect.done,
        )

    async def open(self, url: str) -> None:
        """Returns when the server takes audio."""
        self._socket = await connect(url, max_size=None, compression=None)
        for text in self._dialect.opening():
            await self._socket.send(text)
        self._reading = asyncio.create_task(self._read(self._socket))
        await self._until(lambda: self._dialect.ready)

    async def play(self, at: float) -> None:
        """From the clock's `at` on; a message leaves when its last sample would have been spoken."""
        assert self._socket is not None
        clock, frame = asyncio.get_running_loop().time, self._dialect.frame
        for index in range(len(self._audio) // frame):
            due = at + (index + 1) * frame / SAMPLE_RATE
            await asyncio.sleep(max(0.0, due - clock()))
            self.late = max(self.late, clock() - due)
            self._times.append(clock())
            await self._socket.send(self._dialect.audio(self._audio[index * frame : (index + 1) * frame]))
        if (ending := self._dialect.ending()) is not None:
            await self._socket.send(ending)

    async def drain(self) -> None:
        """Until the server is done, or nothing is awaited any more."""
        await self._until(lambda: self._dialect.done or None not in finishes(self._speech, self._lines))

    async def close(self) -> None:
        self._closed = asyncio.get_running_loop().time()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _read(self, socket: ClientConnection) -> None:
        clock = asyncio.get_running_loop().time
        try:
            async for message in socket:
                self._lines += self._dialect.take(message, clock())
                self._moved.set()
        except ConnectionClosed:
            pass
        finally:
            self._moved.set()

    async def _until(self, reached: Callable[[], bool]) -> None:
        assert self._reading is not None
        while not reached():
            if self._reading.done():
                self._reading.result()
                raise CallcueError("the server closed the stream before its time")
            self._moved.clear()
            await self._moved.wait()
