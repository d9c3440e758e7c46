"""Where an engine runs: inline (tests), in a thread (small set-ups), or in a supervised process."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from streaming.errors import CallcueError, EngineFailed
from streaming.events import Seconds
from streaming.ports import SpeechRequest, Transcript


class Engine(Protocol):
    """Blocking recogniser: `WhisperEngine`, `ScriptedEngine`, or a test's own."""

    def transcribe(self, request: SpeechRequest, /) -> Transcript: ...


EngineFactory = Callable[[], Engine]
"""Loads an engine where it will run. For `ProcessWorker` it must be picklable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStats:
    """Of the engine's process: CPU seconds since it started, resident bytes, restarts so far."""

    cpu_seconds: float
    rss_bytes: int
    restarts: int = 0
    ready: bool = True


class EngineWorker(Protocol):
    """Runs up to `slots` requests at a time. Used by the scheduler, which never asks for more."""

    @property
    def slots(self) -> int: ...

    async def start(self) -> None:
        """Loads the engine. Raises `WeightsError` or `EngineFailed`, whose messages say what to do."""
        ...

    async def run(self, request: SpeechRequest, /) -> Transcript:
        """Raises `EngineFailed`."""
        ...

    async def stop(self) -> None:
        """Ends the engine; what still runs fails with `EngineFailed`. May be called twice."""
        ...

    def stats(self) -> WorkerStats: ...


class Lifetime:
    """`async with worker:` starts it and always stops it."""

    async def start(self) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class InlineWorker(Lifetime):
    """Runs the engine on the event loop itself: deterministic, and blocks it. For tests and scripts."""

    slots = 1

    def __init__(self, factory: EngineFactory) -> None:
        self._factory = factory
        self._engine: Engine | None = None

    async def start(self) -> None:
        self._engine = self._factory()

    async def run(self, request: SpeechRequest, /) -> Transcript:
        return guarded(loaded(self._engine), request)

    async def stop(self) -> None:
        self._engine = None

    def stats(self) -> WorkerStats:
        return own_stats(ready=self._engine is not None)


class ThreadWorker(Lifetime):
    """Runs the engine in `slots` threads of this process.

    A request over `timeout` fails, but its thread works on until the engine returns: only a process can be
    stopped, so prefer `ProcessWorker`.
    """

    def __init__(self, factory: EngineFactory, *, slots: int = 1, timeout: Seconds = 60.0) -> None:
        self.slots = slots
        self._factory = factory
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="engine")
        self._engine: Engine | None = None

    async def start(self) -> None:
        self._engine = await asyncio.get_running_loop().run_in_executor(self._threads, self._factory)

    async def run(self, request: SpeechRequest, /) -> Transcript:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, guarded, loaded(self._engine), request)
        try:
            async with asyncio.timeout(self._timeout):
                return await work
        except TimeoutError:
            raise EngineFailed(f"the engine gave no answer within {self._timeout:g} s") from None

    async def stop(self) -> None:
        self._engine = None
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def stats(self) -> WorkerStats:
        return own_stats(ready=self._engine is not None)


def loaded(engine: Engine | None) -> Engine:
    if engine is None:
        raise EngineFailed("the engine worker is not running")
    return engine


def guarded(engine: Engine, request: SpeechRequest) -> Transcript:
    """Whatever an engine raises becomes `EngineFailed`; only the type's name is kept, never a message that
    might quote somebody."""
    try:
        return engine.transcribe(request)
    except CallcueError:
        raise
    except Exception as error:
        raise EngineFailed(f"the engine raised {type(error).__name__}") from error


def own_stats(*, restarts: int = 0, ready: bool = True) -> WorkerStats:
    """Of the calling process."""
    times = os.times()
    return WorkerStats(
        cpu_seconds=times.user + times.system, rss_bytes=resident_bytes(), restarts=restarts, ready=ready
    )


def resident_bytes() -> int:
    """From /proc where there is one, else the peak that getrusage knows."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
