"""The load generator's calls: one socket each, one timer each at most, no coroutine step a frame."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from benchmarks.frames import FRAME, FRAME_SECONDS, FrameAt, text_frame
from benchmarks.latency import SentTimes

_AHEAD = 75  # frames (1.5 s) sent but not yet heard, when playing faster than real time


@dataclass(slots=True, kw_only=True)
class Plan:
    """One call to play: what to write, from its first message to its last."""

    call_id: str
    url: str
    opening: Sequence[str]
    frame_at: FrameAt
    frames: int
    closing: str
    awaits_ready: bool
    token: str | None = None


@dataclass(slots=True)
class Played:
    """How a call went. `late` are seconds by which frames left behind their time: the generator's fault."""

    call_id: str
    times: array[float] = field(default_factory=lambda: array("d"))
    late: array[float] = field(default_factory=lambda: array("d"))
    close_code: int | None = None
    whole: bool = False  # every frame was sent, and the service closed the call as done
    retry_after: float | None = None  # as a refusal said
    messages: dict[str, int] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Turned away before its first frame."""
        return not self.whole and not len(self.times)

    @property
    def broken_off(self) -> bool:
        return not self.whole and bool(len(self.times))

    @property
    def sent(self) -> SentTimes:
        return SentTimes(self.times, FRAME_SECONDS)


class Player(asyncio.Protocol):
    """Plays one call in real time. `finished` is set when the connection is gone."""

    def __init__(self, plan: Plan) -> None:
        self.played = Played(plan.call_id)
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._plan = plan
        self._loop = asyncio.get_running_loop()
        self._wire = ClientProtocol(parse_uri(plan.url))
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0
        self._began = 0.0

    async def play(self) -> Played:
        parts = urlsplit(self._plan.url)
        await self._loop.create_connection(lambda: self, parts.hostname or "", parts.port or 80)
        try:
            await self.finished
        finally:
            if self._transport is not None:
                self._transport.abort()  # nothing is left open where this was cancelled
        return self.played

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        request = self._wire.connect()
        if self._plan.token:
            request.headers["Authorization"] = f"Bearer {self._plan.token}"
        self._wire.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._wire.receive_data(data)
        for event in self._wire.events_received():
            if isinstance(event, Response):
                self._open()
            elif isinstance(event, Frame):
                self._hear(event)
        self._flush()

    def eof_received(self) -> None:
        self._wire.receive_eof()

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.played.close_code is None:
            self.played.close_code = self._wire.close_code or 1006
        self.played.whole = self._next >= self._plan.frames and self.played.close_code == 1000
        if not self.finished.done():
            self.finished.set_result(None)

    def _open(self) -> None:
        for text in self._plan.opening:
            self._write(text_frame(text))
        if not self._plan.awaits_ready:
            self._start()

    def _hear(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.played.close_code = int.from_bytes(frame.data[:2]) if frame.data else 1005
        elif frame.opcode is Opcode.TEXT:
            self._take(orjson.loads(frame.data))

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.get("type", "")
        self.played.messages[kind] = self.played.messages.get(kind, 0) + 1
        if kind == "ready":
            self._start()
        elif kind == "error":
            self.played.retry_after = message.get("retry_after")

    def _start(self) -> None:
        """A frame leaves when its last sample would have been spoken."""
        self._began = self._loop.time()
        self._schedule()

    def _schedule(self) -> None:
        self._timer = self._loop.call_at(self._began + (self._next + 1) * FRAME_SECONDS, self._tick)

    def _tick(self) -> None:
        """One frame, or those that are late by now, each at its own place in the log of send times."""
        now = self._loop.time()
        due = self._began + (self._next + 1) * FRAME_SECONDS
        while due <= now + 0.001 and self._next < self._plan.frames:
            self._write(self._plan.frame_at(self._next))
            self.played.times.append(now)
            self.played.late.append(now - due)
            self._next += 1
            due += FRAME_SECONDS
        if self._next < self._plan.frames:
            self._schedule()
        else:
            self._write(text_frame(self._plan.closing))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _flush(self) -> None:
        for data in self._wire.data_to_send():
            if data:
                self._write(data)
            elif self._transport is not None:
                self._transport.close()


class HastyPlayer(Player):
    """Plays a call as fast as the service takes it up; `vanish_at`: the frame at which it is gone, if any."""

    def __init__(self, plan: Plan, *, vanish_at: int | None = None) -> None:
        super().__init__(plan)
        self._vanish_at = vanish_at
        self._heard = 0
        self._said_bye = False

    @property
    def sent_frames(self) -> int:
        return self._next

    def _take(self, message: dict[str, Any]) -> None:
        super()._take(message)
        if message.get("type") == "ack":
            self._heard = message["heard"] // FRAME
            self._hurry()

    def _start(self) -> None:
        self._hurry()

    def _hurry(self) -> None:
        """No more than the service says it can hold."""
        while self._next < min(self._plan.frames, self._heard + _AHEAD):
            if self._next == self._vanish_at and self._transport is not None:
                self._transport.abort()
                return
            self._write(self._plan.frame_at(self._next))
            self._next += 1
        if self._next >= self._plan.frames and not self._said_bye:
            self._said_bye = True
            self._write(text_frame(self._plan.closing))
