"""Uploads are judged before they are read: by their token first, then by how much comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Message, Receive

from streaming.errors import CallcueError, TooLarge

Check = Callable[[HTTPConnection], Awaitable[None]]
_ENVELOPE = 64 * 1024  # bytes of a form beside its files


def guarded_route(check: Check, most_bytes: int) -> type[APIRoute]:
    """A class of routes that run `check` before the body is read, and take `most_bytes` of it.

    FastAPI reads a form whole, onto the disk, before it looks at a route's dependencies.
    """

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                await check(request)
                _check_length(request, most_bytes)
                try:
                    return await handle(Request(request.scope, _bounded(request.receive, most_bytes)))
                except HTTPException as error:
                    if isinstance(error.__cause__, CallcueError):  # raised while the form was read
                        raise error.__cause__ from None
                    raise

            return guarded

    return GuardedRoute


def _check_length(request: Request, most_bytes: int) -> None:
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and int(said) > most_bytes + _ENVELOPE:
        raise _too_large(most_bytes)


def _bounded(receive: Receive, most_bytes: int) -> Receive:
    """A body need not say its length, so it is counted as it comes."""
    came = 0

    async def counting() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most_bytes + _ENVELOPE:
            raise _too_large(most_bytes)
        return message

    return counting


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"a recording may have at most {most_bytes} bytes (CALLCUE_LIMITS__UPLOAD_BYTES)")
