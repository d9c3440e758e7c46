"""What a client sends, taken as it comes, until that is over: a bye, a fault, silence, or a client gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import WebSocket, WebSocketDisconnect

from service.diverted import Rounds, divert_from
from streaming.errors import IdleTimeout, ProtocolError, TooLarge

Message = str | bytes


async def next_message(socket: WebSocket, *, largest: int) -> Message:
    """Raises what the connection ended with; `largest` are the bytes that a message may have."""
    event = await socket.receive()
    if event["type"] == "websocket.disconnect":
        raise _disconnected(event.get("code", 1006), largest)
    text: str | None = event.get("text")
    return text if text is not None else event.get("bytes") or b""


def _disconnected(code: int, largest: int) -> Exception:
    """The websocket layer closes by itself on what it cannot take; who is to blame is the client."""
    if code == 1009:
        return TooLarge(f"a message may have at most {largest} bytes: send audio in pieces of 20 to 200 ms")
    if code == 1007:
        return ProtocolError("a text message must be UTF-8: send audio as binary messages")
    return WebSocketDisconnect(code)


class Reading:
    """Hands every message to `take`, which says whether it was the last.

    Under callcue's own server messages come in `rounds` and cost no task step each. One timer watches for
    silence.
    """

    def __init__(
        self,
        socket: WebSocket,
        take: Callable[[Message], bool],
        *,
        idle: float,
        largest: int,
        rounds: Rounds,
    ) -> None:
        self._socket = socket
        self._take = take
        self._idle = idle
        self._largest = largest
        self._rounds = rounds
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._last = self._loop.time()

    async def run(self) -> None:
        """Until the last message. Raises what `take` raised, `IdleTimeout`, or what the socket ended with."""
        self._watch()
        receiving = asyncio.ensure_future(self._receive())
        try:
            divert = divert_from(self._socket.scope)
            if divert is not None:
                divert(self._hear, self._rounds)
            await self._over
        finally:
            self._timer.cancel()
            receiving.cancel()

    async def _receive(self) -> None:
        try:
            while not self._over.done():
                self._hear(await next_message(self._socket, largest=self._largest))
        except Exception as error:  # told to who runs this
            self._fail(error)

    def _hear(self, message: Message) -> None:
        if self._over.done():
            return
        self._last = self._loop.time()
        try:
            last = self._take(message)
        except Exception as error:  # told to who runs this: it must not end up in the transport
            self._fail(error)
        else:
            if last:
                self._over.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self._over.done():
            self._over.set_exception(error)
            self._over.exception()  # retrieved: who runs this may be leaving already

    def _watch(self) -> None:
        due = self._last + self._idle
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._watch)
            return
        self._fail(
            IdleTimeout(
                f"nothing came for {self._idle:g} s: send audio (silence too) or pings;"
                " come back with the resume token to go on"
            )
        )
