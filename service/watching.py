"""A supervisor's console without a browser: follows one call on a running service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from service.wire import decode_event
from streaming.events import Event, Scorecard


async def open_console(url: str, token: str | None = None) -> ClientConnection:
    """A console's socket, ready for its snapshot; use as an async context manager."""
    headers = {"Authorization": f"Bearer {token}"} if token else None
    return await connect(url.rstrip("/") + "/v1/console", additional_headers=headers, max_size=None)


async def watch(socket: ClientConnection, call_id: str, show: Callable[[Event], None]) -> Scorecard | None:
    """Show the call's events as they come, until its scorecard; what the snapshot holds is not repeated."""
    async for text in socket:
        for event in _events(json.loads(text), call_id):
            show(event)
            if isinstance(event, Scorecard):
                return event
    return None


def _events(message: dict[str, Any], call_id: str) -> list[Event]:
    if message.get("type") != "records":
        return []
    mine = [record["event"] for record in message["records"] if record["call_id"] == call_id]
    return [decode_event(json.dumps(event)) for event in mine]
