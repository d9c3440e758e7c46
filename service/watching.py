"""A supervisor's console without a browser: follows one call on a running service."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from service.wire import decode_event
from streaming.events import Event, Scorecard


@asynccontextmanager
async def open_console(url: str, token: str | None = None) -> AsyncGenerator[ClientConnection, None]:
    """A console's socket behind its snapshot: whatever happens from now on comes as records."""
    headers = {"Authorization": f"Bearer {token}"} if token else None
    address = url.rstrip("/") + "/v1/console"
    async with connect(address, additional_headers=headers, max_size=None) as socket:
        await socket.recv()
        yield socket


async def watch(socket: ClientConnection, call_id: str, show: Callable[[Event], None]) -> Scorecard | None:
    """Show the call's events as they come, until its scorecard; None when the service closes before."""
    async for text in socket:
        for event in _events(json.loads(text), call_id):
            show(event)
            if isinstance(event, Scorecard):
                return event
    return None


def _events(message: dict[str, Any], call_id: str) -> list[Event]:
    """The call's events in one message of deltas."""
    if message.get("type") != "records":
        return []
    mine = [record["event"] for record in message["records"] if record["call_id"] == call_id]
    return [decode_event(json.dumps(event)) for event in mine]
