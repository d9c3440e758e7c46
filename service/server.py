"""Runs the app under uvicorn so that a shutdown lets calls end first."""

from __future__ import annotations

import asyncio
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.diverted import DivertedProtocol
from service.node import Node
from service.settings import Settings
from streaming.errors import ConfigError


class DrainingServer(uvicorn.Server):
    """The first SIGTERM or SIGINT refuses new calls and waits for those there are; a second one hurries.

    The node is entered here and not in the app's lifespan: what uvicorn catches there it logs as a
    traceback, and ends the process without another word.
    """

    def __init__(self, config: uvicorn.Config, node: Node) -> None:
        super().__init__(config)
        self._node = node
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = asyncio.Event()

    async def until_started(self, serving: asyncio.Task[None]) -> None:
        """Wait until requests are answered. Raises what `serving` ended with before."""
        waiting = asyncio.ensure_future(self._started.wait())
        await asyncio.wait([waiting, serving], return_when=asyncio.FIRST_COMPLETED)
        if not self._started.is_set():
            waiting.cancel()
            await serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Raises `ConfigError` when the address cannot be had, and what the node raises."""
        self._loop = asyncio.get_running_loop()
        await self._node.__aenter__()
        try:
            await super().startup(sockets)
        except SystemExit:  # how uvicorn says it
            await self._node.__aexit__(None, None, None)
            place = f"{self.config.host}:{self.config.port}"
            raise ConfigError(f"cannot listen on {place}: is the port taken?") from None
        self._started.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Connections first, then the node."""
        await super().shutdown(sockets)
        await self._node.__aexit__(None, None, None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._loop is None or self._draining is not None or self.should_exit:
            super().handle_exit(sig, frame)
            return
        self._loop.call_soon_threadsafe(self._start_draining)

    def _start_draining(self) -> None:
        self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        try:
            await self._node.drain()
        finally:
            self.should_exit = True


def make_server(app: FastAPI, node: Node, settings: Settings) -> DrainingServer:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ws=DivertedProtocol,
        ws_max_size=settings.limits.message_bytes,
        ws_per_message_deflate=False,
        limit_concurrency=settings.limits.connections,
        timeout_graceful_shutdown=5,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    return DrainingServer(config, node)
