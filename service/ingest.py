"""The softphone's socket: a dialect between a websocket and a call session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from service.admission import admit
from service.auth import bearer
from service.diverted import Rounds
from service.node import Node
from service.reading import Message, Reading, next_message
from service.settings import LimitSettings
from service.switchboard import LiveCall, Switchboard
from service.telemetry.logs import innermost
from service.telemetry.metrics import Metrics
from service.twilio_signature import check_signature
from streaming.channel import Piece
from streaming.dialects.base import Audio, Bye, Dialect, Frame, Hello, Incoming, Limits, Ping, Seen
from streaming.dialects.native import NativeDialect
from streaming.dialects.twilio import TwilioDialect
from streaming.errors import (
    CallcueError,
    HelloError,
    Overloaded,
    ProtocolError,
    TooLarge,
    Unauthorized,
    first_cause,
)
from streaming.events import AudioGap, Whisper
from streaming.plausible import Plausibility

log = structlog.get_logger()

_DOWNLINK = 256  # messages that may wait for a client that reads slowly
_ACK_EVERY = 0.5  # seconds
_REASON_BYTES = 120  # a close frame holds 123
_LAST_WORDS = 5.0  # seconds for a client to take what is left to say before the close

Outgoing = tuple[list[Frame], str | None]
"""Frames to send, and the id of the whisper that they carry."""


class CallSocket:
    """One connection, from its hello to its close."""

    def __init__(
        self,
        socket: WebSocket,
        dialect: Dialect,
        *,
        calls: Switchboard,
        limits: LimitSettings,
        durable_seq: Callable[[str], int],
        rounds: Rounds,
    ) -> None:
        self._socket = socket
        self._dialect = dialect
        self._calls = calls
        self._limits = limits
        self._durable_seq = durable_seq
        self._rounds = rounds
        self._downlink: asyncio.Queue[Outgoing | None] = asyncio.Queue(_DOWNLINK)
        self._plausibility: Plausibility | None = None
        self.call_id: str | None = None

    async def serve(self) -> None:
        """Until the call's scorecard has been sent; raises where the connection must close on an error."""
        hello = await self._hello()
        self.call_id = hello.call.call_id
        live = await self._calls.enter(hello, self)
        self._plausibility = Plausibility(hello.rate)
        try:
            await self._send(self._dialect.ready(live.session.inbox.received, live.resume_token))
            live.session.attach(self._notice)
            await self._converse(live, hello)
        except* (ProtocolError, TooLarge) as errors:
            live.session.end("client", _code(errors))
            raise
        finally:
            self._calls.leave(live, self)

    async def _converse(self, live: LiveCall, hello: Hello) -> None:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._write(live))
            reading = tasks.create_task(self._reading(live, hello).run())
            await self._acknowledge(live, hello.rate)
            reading.cancel()
            await self._finish(writing)
        if live.session.fault is not None:
            raise live.session.fault
        await self._send(self._dialect.done(live.result.result()))

    async def _finish(self, writing: asyncio.Task[None]) -> None:
        """What still waits is sent; a client that does not read is not waited for long."""
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await self._downlink.put(None)
                await asyncio.shield(writing)
        except TimeoutError:
            raise Overloaded("this client does not read what it is sent: the call was filed") from None

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(self._limits.hello_seconds):
                while True:
                    message = await next_message(self._socket, largest=self._limits.message_bytes)
                    for item in self._parse(message):
                        if isinstance(item, Hello):
                            return item
        except TimeoutError:
            raise HelloError(
                f"no hello came within {self._limits.hello_seconds:g} s: send it first, as a text message"
            ) from None

    def _reading(self, live: LiveCall, hello: Hello) -> Reading:
        """Always goes on reading, whatever the call takes up."""
        return Reading(
            self._socket,
            lambda message: self._take(live, hello, message),
            idle=self._limits.idle_seconds,
            largest=self._limits.message_bytes,
            rounds=self._rounds,
        )

    def _parse(self, message: Message) -> list[Incoming]:
        if isinstance(message, bytes):
            return self._dialect.receive_bytes(message)
        return self._dialect.receive_text(message)

    def _take(self, live: LiveCall, hello: Hello, message: Message) -> bool:
        """One message of the client; whether it was its bye."""
        incoming = self._parse(message)
        self._hear(live, hello, [item for item in incoming if isinstance(item, Audio)])
        for item in incoming:
            match item:
                case Audio():
                    pass
                case Ping():
                    self._enqueue(self._dialect.pong(item))
                case Seen():
                    live.session.whisper_seen(item.whisper_id)
                case Bye():
                    live.session.end("client", item.reason)
                    return True
                case _:
                    pass
        return False

    def _hear(self, live: LiveCall, hello: Hello, frames: list[Audio]) -> None:
        """Never waits: audio that finds no room is dropped by the session, and that is said."""
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
        """Say now and then what is safe, and sooner to a client that plays faster than real time.

        Returns when the call is over; raises if it failed.
        """
        acked, said_at = (0, 0), 0.0
        clock = asyncio.get_running_loop().time
        moved = live.session.moved
        live.result.add_done_callback(lambda _: moved.set())
        while not live.result.done():
            with suppress(TimeoutError):  # in a pause of the audio the store still catches up
                async with asyncio.timeout(2 * _ACK_EVERY):
                    await moved.wait()
            moved.clear()
            heard = live.session.position
            stored = live.session.stored(self._durable_seq(live.session.call.call_id))
            state = (min(int(stored * rate), heard), heard)
            waited = clock() - said_at >= _ACK_EVERY
            if state != acked and (waited or state[1] - acked[1] >= rate // 2):
                acked, said_at = state, clock()
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


async def _admit(
    socket: WebSocket, dialect: Dialect, node: Node, rounds: Rounds, check: Callable[[], Awaitable[None]]
) -> None:
    """Accept, check, serve, and close with the code that fits.

    Accepted before it is judged: a peer sees no close code of a refused handshake.
    """
    await socket.accept()
    call = CallSocket(
        socket,
        dialect,
        calls=node.switchboard,
        limits=node.settings.limits,
        durable_seq=node.writer.durable_seq,
        rounds=rounds,
    )
    try:
        await check()
        await call.serve()
    except Exception as failure:  # supervision point: one connection's failure ends here
        await _close_on(first_cause(failure), socket, dialect, node.metrics, call_id=call.call_id)
    else:
        await _close(socket, 1000, "done")


async def _check_token(socket: WebSocket, node: Node) -> None:
    """A browser sends its token as the first message, before the hello: it cannot send headers."""
    await admit(socket, node.gate, "softphone", within=node.settings.limits.hello_seconds)


async def _check_twilio(socket: WebSocket, node: Node) -> None:
    """Twilio cannot send a token: it signs the address that it calls. A token is accepted too (tests)."""
    secret = node.settings.twilio_auth_token
    if secret is not None:
        check_signature(socket.headers, node.settings.public_url or str(socket.url), secret)
    elif node.tokens.needed("softphone") and bearer(socket.headers) is None:
        raise Unauthorized("set CALLCUE_TWILIO_AUTH_TOKEN so that Twilio's signature can be checked")
    else:
        await _check_token(socket, node)


async def _close_on(
    cause: BaseException, socket: WebSocket, dialect: Dialect, metrics: Metrics, *, call_id: str | None
) -> None:
    """One log line, one message in the peer's own dialect, one close code."""
    if isinstance(cause, WebSocketDisconnect):
        log.info("client_gone", call_id=call_id, close_code=cause.code)
        return
    error = cause if isinstance(cause, CallcueError) else CallcueError("the call failed on the server's side")
    log.warning(
        "call_socket_closed",
        call_id=call_id,
        code=error.code,
        close_code=error.close_code,
        error=type(cause).__name__,
        where=innermost(cause),
    )
    metrics.calls_refused.labels(error.code).inc()
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            for frame in dialect.error(error):
                await socket.send_text(str(frame))
    await _close(socket, error.close_code, error.message)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    short = reason.encode()[:_REASON_BYTES].decode(errors="ignore")
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):  # it has gone by itself, or does not read
        async with asyncio.timeout(_LAST_WORDS):
            await socket.close(code, short)


def _code(errors: BaseExceptionGroup[CallcueError]) -> str:
    cause = first_cause(errors)
    return cause.code if isinstance(cause, CallcueError) else "failed"


def ingest_router(node: Node) -> APIRouter:
    """The sockets that softphones and platforms stream to."""
    router = APIRouter()
    rounds = Rounds()
    limits = Limits(text_length=node.settings.limits.message_bytes)

    @router.websocket("/v1/calls/stream")
    async def native(socket: WebSocket) -> None:
        await _admit(socket, NativeDialect(limits), node, rounds, lambda: _check_token(socket, node))

    @router.websocket("/v1/twilio")
    async def twilio(socket: WebSocket) -> None:
        await _admit(socket, TwilioDialect(limits), node, rounds, lambda: _check_twilio(socket, node))

    return router
