"""Commands reach the call that they are for, whatever another call makes of its own."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from service.commands import BusCommands, Command, follow_commands
from service.listening import Listening
from streaming.bus.memory import MemoryBus
from streaming.relay import MemoryRelay
from streaming.session import CallSession


class Session:
    def __init__(self) -> None:
        self.acted = asyncio.Event()

    def ack(self, alert_id: str, **_: Any) -> None:
        self.acted.set()


class Broken:
    def ack(self, alert_id: str, **_: Any) -> None:
        raise RuntimeError("a bug in one call")


async def test_a_command_that_breaks_in_one_call_leaves_the_other_calls_theirs() -> None:
    bus, fine = MemoryBus(), Session()
    sessions = cast(dict[str, CallSession], {"broken": Broken(), "fine": fine})
    following = asyncio.create_task(
        follow_commands(bus, sessions.get, Listening(MemoryRelay(), sessions.get))
    )
    await asyncio.sleep(0)
    for call_id in ("broken", "fine"):
        await BusCommands(bus).send(Command(type="ack", call_id=call_id, alert_id="a#1"))
    async with asyncio.timeout(5):
        await fine.acted.wait()
    await bus.close()
    await following
