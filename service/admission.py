"""Who a page's socket is: its origin, and the token of the handshake or of its first message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from service.auth import Gate, Role, bearer
from service.console_messages import Auth, read
from streaming.errors import ProtocolError, Unauthorized

_MESSAGE_CHARS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """`name` is what the person calls themselves; `token` opened the door, where there is one."""

    token: str | None = field(repr=False)
    name: str | None


async def introduced(socket: WebSocket, gate: Gate, role: Role, *, within: float) -> Admitted:
    """Whose socket it is, by its origin and what it says first; the token is not checked yet.

    A browser cannot send a header, so its first message, within `within` seconds, is
    ``{"type": "auth", "token": …}``. Without tokens nothing is waited for.

    Raises OriginRefused, Unauthorized.
    """
    gate.check_origin(socket.headers, role)
    token = bearer(socket.headers)
    if token is not None or not gate.tokens.needed(role):
        return Admitted(token=token, name=None)
    try:
        async with asyncio.timeout(within):
            event = await socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        message = read(event.get("text"), _MESSAGE_CHARS)
    except (TimeoutError, ProtocolError):
        message = None
    if not isinstance(message, Auth):
        raise Unauthorized(
            f"a {role} token is needed, as 'Authorization: Bearer …' or in a first message"
            ' {"type":"auth","token":…}'
        )
    return Admitted(token=message.token, name=message.name)


async def admit(socket: WebSocket, gate: Gate, role: Role, *, within: float) -> Admitted:
    """As `introduced`; the token must be one of the role's."""
    admitted = await introduced(socket, gate, role, within=within)
    gate.check_token(admitted.token, role)
    return admitted
