"""A connection's reading leaves nothing behind it, however it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from service.diverted import Rounds
from service.reading import Reading


class Socket:
    """A connection that sends nothing and breaks when its messages are asked for another way."""

    def __init__(self, **extensions: Any) -> None:
        self.scope = {"extensions": extensions}
        self.left = asyncio.Event()

    async def receive(self) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()


async def test_a_connection_that_breaks_at_once_leaves_no_task_and_no_timer() -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("gone")

    socket = Socket(**{"callcue.divert": {"divert": breaks}})
    reading = Reading(socket, lambda _: False, idle=60.0, largest=100, rounds=Rounds())  # type: ignore[arg-type]
    before = asyncio.all_tasks()
    with pytest.raises(RuntimeError, match="gone"):
        await reading.run()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert reading._timer.cancelled()
