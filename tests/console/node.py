"""One node with a console socket and nothing else: real uvicorn, memory bus, store in memory."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect

from detectors.base import Behaviour
from service.auth import Gate, Tokens
from service.board import LiveBoard, live_board
from service.commands import TOPIC as COMMANDS
from service.commands import BusCommands, Command, decode_command
from service.console import ConsoleLimits, console_router
from service.fanout import FanoutLimits
from service.feed import TOPIC as LIVE
from service.wire import encode_record
from streaming.alerts import AlertRule
from streaming.bus.memory import MemoryBus
from streaming.events import Record, Severity, Verdict
from tests.console.calls import MemoryStore

TOKENS = Tokens(console=(SecretStr("desk-token"),), softphone=(SecretStr("phone-token"),))
NAME = Behaviour(
    id="name.use",
    title="Use of the name",
    meaning="",
    opportunity="",
    detector="names",
    thresholds={},
    alerts=(
        AlertRule(
            behaviour="name.use",
            verdict=Verdict.MISSED,
            severity=Severity.NOTICE,
            title="Name not used",
            coaching="Use the name.",
            whispers=("Use the customer's name.",),
        ),
    ),
)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class Node:
    def __init__(self, port: int, bus: MemoryBus, board: LiveBoard) -> None:
        self.port, self.bus, self.board = port, bus, board

    async def publish(self, *records: Record) -> None:
        for record in records:
            await self.bus.publish(LIVE, encode_record(record))

    def connect(self, query: str = "", **options: Any) -> connect:
        options = {"max_size": None, "proxy": None, "compression": None} | options
        return connect(f"ws://127.0.0.1:{self.port}/v1/console{query}", **options)

    @asynccontextmanager
    async def commands(self) -> AsyncIterator[asyncio.Queue[Command]]:
        """What the node that owns the calls would get."""
        queue: asyncio.Queue[Command] = asyncio.Queue()

        async with self.bus.subscribe(COMMANDS) as stream:

            async def follow() -> None:
                async for _, payload in stream:
                    queue.put_nowait(decode_command(payload))

            task = asyncio.create_task(follow())
            yield queue
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def serving(
    *records: Record,
    tokens: Tokens | None = None,
    origins: tuple[str, ...] = (),
    limits: ConsoleLimits | None = None,
    fanout: FanoutLimits | None = None,
) -> AsyncIterator[Node]:
    bus = MemoryBus()
    board = live_board(bus, MemoryStore(*records), {NAME.id: NAME}, limits=fanout)
    app = FastAPI()
    gate = Gate(tokens or Tokens(), origins)
    app.include_router(console_router(board, BusCommands(bus), gate, limits=limits))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2))
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            feed = group.create_task(board.feed.run())
            serve = group.create_task(server.serve(sockets=[listener]))
            await server.up.wait()
            try:
                yield Node(listener.getsockname()[1], bus, board)
            finally:
                server.should_exit = True
                await serve
                await bus.close()
                await feed


async def get(console: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        message: dict[str, Any] = json.loads(await console.recv())
        return message


async def put(console: ClientConnection, **message: Any) -> None:
    await console.send(json.dumps(message))
