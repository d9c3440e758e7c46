"""A whole service on a free loopback port, in the test's own event loop, for tests at its sockets."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from service.app import create_app
from service.batch import stereo
from service.node import Node, build
from service.server import make_server
from service.settings import LimitSettings, ModelSettings, Settings
from service.softphone import CallAudio, Softphone, load
from streaming.events import CallInfo, Profile

SAMPLES = Path(__file__).parents[1] / "samples"


@dataclass(frozen=True)
class Running:
    """A service that answers; `node` is its inside, for what no socket shows."""

    node: Node
    host: str
    port: int

    @property
    def http(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://{self.host}:{self.port}"

    def client(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.http, timeout=30, **options)

    def phone(self, **options: Any) -> Softphone:
        """A softphone that plays as fast as the service takes it, unless told otherwise."""
        call = options.pop("call", None) or CallInfo(call_id=f"t-{uuid.uuid4().hex[:10]}")
        return Softphone(**{"url": self.ws, "call": call, "speed": 0.0, **options})


def sample(name: str) -> CallAudio:
    """The audio of a sample call."""
    return load(stereo(SAMPLES / f"{name}.flac"))


def settings_for(folder: Path, *, script: str = "good_call", **options: Any) -> Settings:
    """Embedded defaults in `folder`, with a recogniser that knows the script of a sample call."""
    model = ModelSettings(worker="scripted", script=SAMPLES / f"{script}.truth.json")
    chosen = {
        "port": 0,
        "node": f"node-{uuid.uuid4().hex[:6]}",
        "database_url": f"sqlite:///{folder}/calls.db",
        "profile": Profile.FULL,
        "model": model,
        "limits": LimitSettings(drain_seconds=2.0, resume_seconds=1.0),
        **options,
    }
    return Settings(_env_file=None, **chosen)


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[Running, None]:
    """Serve until the block ends; shutting down must leave no task and no error behind."""
    node = build(settings)
    server = make_server(create_app(node), node, settings)
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve())
    try:
        await server.until_started(serving)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield Running(node=node, host=host, port=port)
    finally:
        server.should_exit = True
        await serving


class _no_signals:  # noqa: N801 - stands for a function of uvicorn
    """Tests keep their own signal handlers."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
