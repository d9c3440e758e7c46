"""`WS /v1/console`: live calls to supervisors' screens, and their answers and whispers back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect

from service.auth import Gate, bearer
from service.board import LiveBoard
from service.commands import Commands
from service.console_messages import PONG, Answer, Auth, Ping, WhisperText, read, reference, reply
from service.fanout import Subscription
from service.telemetry.metrics import Metrics
from streaming.errors import CallcueError, NotFound, Overloaded, ProtocolError, Unauthorized

_REASON_BYTES = 123  # RFC 6455: a control frame's payload is at most 125 bytes

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLimits:
    consoles: int = 256
    auth_seconds: float = 5.0
    ready_seconds: float = 10.0
    send_seconds: float = 5.0  # a message not taken within this: the console is let go
    bad_messages: int = 5  # in a row, then the socket is closed
    message_chars: int = 4096


def console_router(
    live: LiveBoard,
    commands: Commands,
    gate: Gate,
    *,
    limits: ConsoleLimits | None = None,
    metrics: Metrics | None = None,
) -> APIRouter:
    router = APIRouter()
    bounds = limits or ConsoleLimits()
    counted = metrics or Metrics()

    @router.websocket("/v1/console")
    async def console(
        socket: WebSocket,
        after: Annotated[str | None, Query(max_length=64)] = None,
        team: Annotated[str | None, Query(max_length=128)] = None,
    ) -> None:
        error = await _Console(socket, live, commands, gate, bounds).serve(team=team, after=after)
        if error is not None:
            counted.consoles_refused.labels(error.code).inc()

    return router


class _Gone(Exception):
    """The console has left."""


class _Console:
    """One supervisor's socket."""

    def __init__(
        self, socket: WebSocket, live: LiveBoard, commands: Commands, gate: Gate, limits: ConsoleLimits
    ) -> None:
        self._socket, self._live, self._commands = socket, live, commands
        self._gate, self._limits = gate, limits
        self._by: str | None = None

    async def serve(self, *, team: str | None, after: str | None) -> CallcueError | None:
        """Until the console leaves, or is refused for the reason that is returned."""
        # Accepted before it is judged: a browser shows the page no close code of a refused handshake.
        await self._socket.accept()
        refusal: CallcueError | None = None
        try:
            await self._admit()
            with self._live.fanout.subscribe(team=team, after=after) as subscription:
                await self._talk(subscription)
        except* (_Gone, WebSocketDisconnect):
            pass
        except* CallcueError as group:
            refusal = _first(group)
            await self._close(refusal)
        return refusal

    async def _admit(self) -> None:
        self._gate.check_origin(self._socket.headers, "console")
        token = bearer(self._socket.headers)
        if token is None and self._gate.tokens.needed("console"):
            token = await self._first_token()
        self._gate.check_token(token, "console")
        try:
            async with asyncio.timeout(self._limits.ready_seconds):
                await self._live.feed.wait_ready()
        except TimeoutError:
            raise Overloaded("this node is still reading its calls: try again", retry_after=2.0) from None
        if self._live.fanout.statistics.consoles >= self._limits.consoles:
            raise Overloaded("this node has all the consoles it takes: try again soon", retry_after=5.0)

    async def _first_token(self) -> str:
        try:
            async with asyncio.timeout(self._limits.auth_seconds):
                message = read(await self._receive(), self._limits.message_chars)
        except (TimeoutError, ProtocolError):
            message = None
        if not isinstance(message, Auth):
            raise Unauthorized('the first message must be {"type":"auth","token":…} with a console token')
        self._by = message.name
        return message.token

    async def _talk(self, subscription: Subscription) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send(subscription), name="console.send")
            group.create_task(self._listen(subscription), name="console.listen")

    async def _send(self, subscription: Subscription) -> None:
        while True:
            message = await subscription.next()
            try:
                async with asyncio.timeout(self._limits.send_seconds):
                    await self._socket.send_text(message)
            except TimeoutError:
                raise Overloaded("the console reads too slowly: connect again with after=") from None

    async def _listen(self, subscription: Subscription) -> None:
        bad = 0
        while True:
            text = await self._receive()
            try:
                message = read(text, self._limits.message_chars)
                bad = 0
            except ProtocolError as error:
                bad += 1
                subscription.reply(reply(reference(text), error))
                if bad >= self._limits.bad_messages:
                    raise ProtocolError("too many messages in a row that are none of the protocol") from None
                continue
            if isinstance(message, Auth):
                self._gate.check_token(message.token, "console")
                self._by = message.name
            elif isinstance(message, Ping):
                subscription.reply(PONG)
            else:
                subscription.reply(reply(message.ref, await self._act(message)))

    async def _act(self, message: Answer | WhisperText) -> CallcueError | None:
        """Pass a command on to the node that owns the call; returns why not, where that is known here."""
        try:
            self._check_target(message.call_id, message.alert_id)
            await self._commands.send(message.command(self._by))
        except CallcueError as error:
            return error
        return None

    def _check_target(self, call_id: str, alert_id: str | None) -> None:
        state = self._live.view.state(call_id)
        if state is None:
            raise NotFound("no such call is live")
        if state == "ended":
            raise _CallOver("the call has ended")
        if alert_id is not None and not self._live.view.has_alert(call_id, alert_id):
            raise NotFound("the call has no such alert")

    async def _receive(self) -> str | None:
        """The next message's text, None for a binary one. Raises `_Gone`."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise _Gone
        text: str | None = message.get("text")
        return text

    async def _close(self, error: CallcueError) -> None:
        _log.info("console_closed", code=error.code)
        reason = error.message.encode()[:_REASON_BYTES].decode(errors="ignore")
        try:
            # A console that does not read cannot be told, and is not waited for long.
            async with asyncio.timeout(self._limits.send_seconds):
                await self._socket.close(error.close_code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            pass


class _CallOver(CallcueError):
    code, status = "call_ended", 409


def _first(group: BaseExceptionGroup[CallcueError]) -> CallcueError:
    found: Sequence[BaseException] = group.exceptions
    while isinstance(found[0], BaseExceptionGroup):
        found = found[0].exceptions
    assert isinstance(found[0], CallcueError)  # noqa: S101 - what `except*` selected
    return found[0]
