"""How many websockets may be open at once; the server itself counts requests only."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from service.telemetry.metrics import Metrics
from streaming.errors import Overloaded

log = structlog.get_logger()

_REFUSING = 5.0  # seconds for a peer to take its refusal


class SocketLimit:
    """ASGI middleware: a socket beyond `most` is closed with 1013 before anything of it is read."""

    def __init__(self, app: ASGIApp, *, most: int, metrics: Metrics) -> None:
        self._app = app
        self._most = most
        self._metrics = metrics
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
        elif self._open >= self._most:
            await self._refuse(WebSocket(scope, receive, send))
        else:
            self._open += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._open -= 1

    async def _refuse(self, socket: WebSocket) -> None:
        log.warning("socket_refused", code=Overloaded.code, close_code=Overloaded.close_code)
        self._metrics.requests_refused.labels(Overloaded.code).inc()
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(_REFUSING):
                await socket.accept()  # a peer sees no close code of a refused handshake
                await socket.close(
                    Overloaded.close_code, "this node has all the sockets it takes: try again soon"
                )
