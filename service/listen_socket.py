"""`WS /v1/calls/{call_id}/listen`: a live call's audio to a supervisor who may listen in."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Path, WebSocket
from pydantic_core import from_json, to_json
from starlette.websockets import WebSocketDisconnect

from service.admission import Admitted, admit
from service.auth import Gate
from service.commands import Command, Commands
from service.listening import AUDIO, HEAD, OVER, channel_of
from service.live import LiveView
from service.telemetry.logs import innermost
from service.telemetry.metrics import Metrics
from streaming.errors import CallcueError, NotFound, Overloaded, first_cause
from streaming.relay import Relay

_REASON_BYTES = 123

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenLimits:
    listeners: int = 64  # of this node
    auth_seconds: float = 5.0
    answer_seconds: float = 3.0  # for the node that has the call
    renew_seconds: float = 5.0
    send_seconds: float = 5.0  # a message not taken within this: the listener is let go


def listen_router(
    view: LiveView,
    commands: Commands,
    relay: Relay,
    gate: Gate,
    metrics: Metrics,
    *,
    limits: ListenLimits | None = None,
) -> APIRouter:
    router = APIRouter()
    bounds = limits or ListenLimits()
    present: set[_Listener] = set()
    metrics.listeners.set_function(lambda: len(present))

    @router.websocket("/v1/calls/{call_id}/listen")
    async def listen(socket: WebSocket, call_id: Annotated[str, Path(max_length=128)]) -> None:
        listener = _Listener(socket, call_id, view, commands, relay, bounds)
        await socket.accept()
        try:
            admitted = await admit(socket, gate, "listening", within=bounds.auth_seconds)
            if len(present) >= bounds.listeners:
                raise Overloaded("this node has all the listeners it takes: try again soon", retry_after=5.0)
            present.add(listener)
            await listener.serve(admitted)
        except Exception as failure:  # supervision point: one listener's failure ends here
            await _close_on(first_cause(failure), socket, bounds.send_seconds)
        else:
            await _close(socket, 1000, "", bounds.send_seconds)
        finally:
            present.discard(listener)

    return router


class _Listener:
    """One supervisor's ear on one call."""

    def __init__(
        self,
        socket: WebSocket,
        call_id: str,
        view: LiveView,
        commands: Commands,
        relay: Relay,
        limits: ListenLimits,
    ) -> None:
        self._socket, self._call_id, self._view = socket, call_id, view
        self._commands, self._relay, self._limits = commands, relay, limits
        self._id = uuid.uuid4().hex

    async def serve(self, admitted: Admitted) -> None:
        """Until the call ends (returns), the listener leaves (`WebSocketDisconnect`) or cannot be served."""
        self._check_live()
        async with self._relay.receive(channel_of(self._call_id)) as payloads:
            try:
                await self._hear(payloads, admitted.name)
            finally:
                await self._tell("unlisten", None)

    async def _hear(self, payloads: AsyncIterator[bytes], by: str | None) -> None:
        await self._tell("listen", by)
        await self._send_text({**await self._head(payloads), "id": self._id})
        async with asyncio.TaskGroup() as tasks:
            leaving = tasks.create_task(self._until_gone())
            renewing = tasks.create_task(self._renew(by))
            await self._pass_on(payloads)
            leaving.cancel()
            renewing.cancel()

    async def _head(self, payloads: AsyncIterator[bytes]) -> dict[str, object]:
        """What the node that has the call answers; audio before it is another listener's."""
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                async for payload in payloads:
                    if payload[:1] == HEAD:
                        return {"type": "listening", "call_id": self._call_id, **from_json(payload[1:])}
        except TimeoutError:
            pass
        raise NotFound("the node that has this call did not answer: it may just have ended")

    async def _pass_on(self, payloads: AsyncIterator[bytes]) -> None:
        async for payload in payloads:
            kind = payload[:1]
            if kind == OVER:
                return await self._send_text({"type": "ended"})
            if kind == AUDIO:
                await self._send(payload[1:])
        return None

    async def _renew(self, by: str | None) -> None:
        """Keeps the lease, and notices a call that ended without a word (its node died)."""
        while True:
            await asyncio.sleep(self._limits.renew_seconds)
            self._check_live()
            await self._tell("listen", by)

    async def _until_gone(self) -> None:
        """A listener has nothing to say."""
        while (await self._socket.receive())["type"] != "websocket.disconnect":
            pass
        raise WebSocketDisconnect

    def _check_live(self) -> None:
        state = self._view.state(self._call_id)
        if state is None:
            raise NotFound("no such call is live")
        if state == "ended":
            raise NotFound("the call has ended")

    async def _tell(self, what: Literal["listen", "unlisten"], by: str | None) -> None:
        await self._commands.send(Command(type=what, call_id=self._call_id, ref=self._id, by=by))

    async def _send_text(self, message: dict[str, object]) -> None:
        await self._send(to_json(message).decode())

    async def _send(self, data: bytes | str) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                if isinstance(data, str):
                    await self._socket.send_text(data)
                else:
                    await self._socket.send_bytes(data)
        except TimeoutError:
            raise Overloaded("this listener reads too slowly: connect again") from None


async def _close_on(cause: BaseException, socket: WebSocket, within: float) -> None:
    if isinstance(cause, WebSocketDisconnect):
        return
    if isinstance(cause, ConnectionError):
        cause = Overloaded("the audio of calls cannot be passed on now: try again soon", retry_after=5.0)
    if not isinstance(cause, CallcueError):
        log.error("listener_failed", error=type(cause).__name__, where=innermost(cause))
        cause = CallcueError("listening failed on the server's side")
    log.info("listener_closed", code=cause.code)
    await _close(socket, cause.close_code, cause.message, within)


async def _close(socket: WebSocket, code: int, message: str, within: float) -> None:
    reason = message.encode()[:_REASON_BYTES].decode(errors="ignore")
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(within):
            await socket.close(code, reason)
