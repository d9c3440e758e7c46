"""The softphone's socket: a dialect between a websocket and a call session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from fastapi import WebSocket, WebSocketDisconnect

from service.calls import LiveCall, LiveCalls, first_cause
from service.settings import LimitSettings
from service.telemetry.metrics import Metrics
from streaming.channel import Piece
from streaming.dialects.base import Audio, Bye, Dialect, Frame, Hello, Incoming, Ping, Seen
from streaming.errors import CallcueError, HelloError, IdleTimeout, ProtocolError
from streaming.events import AudioGap, Whisper
from streaming.plausible import Plausibility

log = structlog.get_logger()

_DOWNLINK = 256  # messages that may wait for a client that reads slowly
_ACK_EVERY = 0.5  # seconds
_REASON_BYTES = 120  # a close frame holds 123

Outgoing = tuple[list[Frame], str | None]
"""Frames to send, and the id of the whisper that they carry."""


class CallSocket:
    """One connection, from its hello to its close."""

    def __init__(
        self,
        socket: WebSocket,
        dialect: Dialect,
        *,
        calls: LiveCalls,
        limits: LimitSettings,
        durable_seq: Callable[[str], int],
    ) -> None:
        self._socket = socket
        self._dialect = dialect
        self._calls = calls
        self._limits = limits
        self._durable_seq = durable_seq
        self._downlink: asyncio.Queue[Outgoing | None] = asyncio.Queue(_DOWNLINK)
        self._plausibility: Plausibility | None = None
        self.call_id: str | None = None

    async def serve(self) -> None:
        """Until the call's scorecard has been sent; raises where the connection must close on an error."""
        hello = await self._hello()
        live = self._calls.enter(hello, self)
        self.call_id = live.session.call.call_id
        self._plausibility = Plausibility(hello.rate)
        try:
            await self._send(self._dialect.ready(live.session.position, live.resume_token))
            live.session.attach(self._notice)
            await self._converse(live, hello)
        except* ProtocolError as errors:
            live.session.end("client", _code(errors))
            raise
        finally:
            self._calls.leave(live, self)

    async def _converse(self, live: LiveCall, hello: Hello) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(live))
            reading = tasks.create_task(self._read(live, hello))
            await self._acknowledge(live, hello.rate)
            reading.cancel()
            await self._downlink.put(None)
        if live.session.fault is not None:
            raise live.session.fault
        await self._send(self._dialect.done(live.result.result()))

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(self._limits.hello_seconds):
                while True:
                    for item in await self._receive():
                        if isinstance(item, Hello):
                            return item
        except TimeoutError:
            raise HelloError(
                f"no hello came within {self._limits.hello_seconds:g} s: send it first, as a text message"
            ) from None

    async def _receive(self) -> list[Incoming]:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        text = message.get("text")
        if text is not None:
            return self._dialect.receive_text(text)
        return self._dialect.receive_bytes(message.get("bytes") or b"")

    async def _read(self, live: LiveCall, hello: Hello) -> None:
        """Always keeps reading: audio that finds no room is dropped by the session, and said so."""
        while True:
            try:
                async with asyncio.timeout(self._limits.idle_seconds):
                    incoming = await self._receive()
            except TimeoutError:
                raise IdleTimeout(
                    f"nothing came for {self._limits.idle_seconds:g} s: send audio (silence too) or pings;"
                    " come back with the resume token to go on"
                ) from None
            self._hear(live, hello, [item for item in incoming if isinstance(item, Audio)])
            for item in incoming:
                match item:
                    case Ping():
                        self._enqueue(self._dialect.pong(item))
                    case Seen():
                        live.session.whisper_delivered(item.whisper_id)
                    case Bye():
                        live.session.end("client", item.reason)
                        return
                    case _:
                        pass

    def _hear(self, live: LiveCall, hello: Hello, frames: list[Audio]) -> None:
        pieces = [
            Piece(party=frame.party, position=frame.position, encoding=hello.encoding, data=frame.data)
            for frame in frames
        ]
        warning = self._plausibility.watch(pieces) if self._plausibility else None
        if warning:
            self._enqueue(self._dialect.warn("channels_identical", warning))
        for piece in pieces:
            live.session.offer(piece)
        if pieces and pieces[0].end > self._limits.call_seconds * hello.rate:
            live.session.end("server", "too_long")

    async def _acknowledge(self, live: LiveCall, rate: int) -> None:
        """Say now and then what is safe; returns with the scorecard, raises if the call failed."""
        acked = (0, 0)
        while not live.result.done():
            await asyncio.wait([live.result], timeout=_ACK_EVERY)
            stored = live.session.stored(self._durable_seq(live.session.call.call_id))
            state = (int(stored * rate), live.session.position)
            if state != acked:
                acked = state
                self._enqueue(self._dialect.ack(*state))
        live.result.result()

    async def _write(self, live: LiveCall) -> None:
        while (outgoing := await self._downlink.get()) is not None:
            frames, whisper_id = outgoing
            await self._send(frames)
            if whisper_id is not None and frames:
                live.session.whisper_delivered(whisper_id)

    def _notice(self, notice: AudioGap | Whisper) -> None:
        if isinstance(notice, Whisper):
            self._enqueue(self._dialect.whisper(notice.id, notice.text), whisper_id=notice.id)
        else:
            self._enqueue(self._dialect.gap(notice))

    def _enqueue(self, frames: list[Frame], *, whisper_id: str | None = None) -> None:
        """A client that does not read loses acks and gap notices; a whisper waits in the session."""
        if not self._downlink.full():
            self._downlink.put_nowait((frames, whisper_id))

    async def _send(self, frames: list[Frame]) -> None:
        for frame in frames:
            if isinstance(frame, str):
                await self._socket.send_text(frame)
            else:
                await self._socket.send_bytes(frame)


async def serve_call(call_socket: CallSocket, socket: WebSocket, dialect: Dialect, metrics: Metrics) -> None:
    """Serve an accepted socket and close it with the code that fits."""
    try:
        await call_socket.serve()
    except (CallcueError, WebSocketDisconnect, ExceptionGroup) as failure:
        await close_on(first_cause(failure), socket, dialect, metrics, call_id=call_socket.call_id)
    else:
        await _close(socket, 1000, "done")


async def close_on(
    cause: BaseException, socket: WebSocket, dialect: Dialect, metrics: Metrics, *, call_id: str | None = None
) -> None:
    """One log line, one message in the peer's own dialect, one close code."""
    if isinstance(cause, WebSocketDisconnect):
        log.info("client_gone", call_id=call_id, close_code=cause.code)
        return
    error = cause if isinstance(cause, CallcueError) else CallcueError("the call failed on the server's side")
    log.warning("call_socket_closed", call_id=call_id, code=error.code, close_code=error.close_code)
    metrics.calls_refused.labels(error.code).inc()
    with suppress(WebSocketDisconnect, RuntimeError):
        for frame in dialect.error(error):
            await socket.send_text(str(frame))
    await _close(socket, error.close_code, error.message)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    short = reason.encode()[:_REASON_BYTES].decode(errors="ignore")
    with suppress(WebSocketDisconnect, RuntimeError):  # it has gone by itself
        await socket.close(code, short)


def _code(errors: BaseExceptionGroup[ProtocolError]) -> str:
    cause = first_cause(errors)
    return cause.code if isinstance(cause, CallcueError) else "failed"
