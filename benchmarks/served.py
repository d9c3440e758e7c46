"""The service under test as a process of its own, and what its process tree costs."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx
import psutil

from streaming.errors import CallcueError

ROOT = Path(__file__).parents[1]
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds used so far: by the service's own process, and by its children (the engine)."""

    service: float
    worker: float

    def __sub__(self, other: Usage) -> Usage:
        return Usage(self.service - other.service, self.worker - other.worker)


class Tree:
    """Watches a service's process tree. `peak` holds resident bytes: service, worker, and both at once."""

    def __init__(self, pid: int) -> None:
        self._service = psutil.Process(pid)
        self._workers = self._service.children(recursive=True)
        self.peak = [0, 0, 0]

    def usage(self) -> Usage:
        return Usage(_cpu(self._service), sum(_cpu(child) for child in self._workers))

    def memory(self) -> tuple[int, int]:
        """Resident bytes now: the service's, its workers'."""
        worker = sum(child.memory_info().rss for child in self._workers if child.is_running())
        return self._service.memory_info().rss, worker

    def look(self) -> None:
        """Take a sample of the memory."""
        service, worker = self.memory()
        for place, found in enumerate((service, worker, service + worker)):
            self.peak[place] = max(self.peak[place], found)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@asynccontextmanager
async def served(
    *, model: str, profile: str | None, log: Path | None = None, database: str | None = None
) -> AsyncGenerator[tuple[str, int], None]:
    """`callcue serve` on a free loopback port with a store of its own, or `database`: address and process id.

    Settings from CALLCUE_* in the environment hold, tokens excepted. Raises `CallcueError` when it does
    not get ready.
    """
    with (
        tempfile.TemporaryDirectory(prefix="callcue-bench-") as folder,
        _opened(log or Path(folder, "serve.log")) as said,
    ):
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service.cli", "serve", "--host", "127.0.0.1", "--port", str(port)),
            *("--model", model, "--database", database or f"sqlite:///{folder}/bench.db"),
            cwd=folder,
            env=_environment(profile),
            stdout=said,
            stderr=said,
        )
        try:
            await _until_ready(f"http://127.0.0.1:{port}", process)
            yield f"ws://127.0.0.1:{port}", process.pid
        finally:
            await _stop(process)


def _opened(log: Path) -> BinaryIO:
    return log.open("wb")


async def _until_ready(address: str, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient() as client:
            while process.returncode is None:
                try:
                    answer = await client.get(f"{address}/health/ready")
                    if answer.status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
    except TimeoutError:
        pass
    state = "ended at once" if process.returncode is not None else "did not get ready"
    raise CallcueError(f"the service {state}; --log FILE keeps what it says")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment(profile: str | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCUE_TOKENS")}
    if profile:
        kept["CALLCUE_PROFILE"] = profile
    # A warning a refused or vanished call would be fine; a line a call would be work that is not measured.
    return {"CALLCUE_LOG_LEVEL": "warning", **kept, "PYTHONPATH": str(ROOT)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
