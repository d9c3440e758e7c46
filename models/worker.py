"""Where an engine runs: inline (tests), in a thread (small set-ups), or in a supervised process."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from streaming.errors import CallcueError, EngineFailed
from streaming.events import Seconds
from streaming.ports import SpeechRequest, Transcript


class Engine(Protocol):
    """Blocking recogniser: `WhisperEngine`, `ScriptedEngine`, or a test's own."""

    def transcribe(self, request: SpeechRequest, /) -> Transcript: ...


Answer = tuple[int, Transcript | CallcueError]
"""Which of the requests, and what came of it."""


@runtime_checkable
class BatchEngine(Protocol):
    """An engine for which several requests at once are cheaper than one after the other."""

    def transcribe_many(self, requests: Sequence[SpeechRequest], /) -> Iterator[Answer]:
        """Each request's answer, as soon as it is there, in any order."""
        ...


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
    """Runs up to `slots` groups of requests at once, each of `batch` of the shortest or fewer of longer ones;
    the scheduler never asks for more."""

    @property
    def slots(self) -> int: ...

    @property
    def batch(self) -> int: ...

    async def start(self) -> None:
        """Loads the engine. Raises `WeightsError` or `EngineFailed`, whose messages say what to do."""
        ...

    def run_many(self, requests: Sequence[SpeechRequest], /) -> AsyncIterator[Answer]:
        """Every request's answer, as soon as it is there; what went wrong with one is its `EngineFailed`."""
        ...

    async def stop(self) -> None:
        """Ends the engine; what still runs fails with `EngineFailed`. May be called twice."""
        ...

    def stats(self) -> WorkerStats: ...


class Worker:
    """`async with worker:` starts it and always stops it."""

    batch = 1

    async def start(self) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    def run_many(self, requests: Sequence[SpeechRequest], /) -> AsyncIterator[Answer]:
        raise NotImplementedError

    async def run(self, request: SpeechRequest, /) -> Transcript:
        """One request alone. Raises `EngineFailed`."""
        outcomes = [outcome async for _, outcome in self.run_many([request])]
        if isinstance(outcomes[0], CallcueError):
            raise outcomes[0]
        return outcomes[0]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class InlineWorker(Worker):
    """Runs the engine on the event loop itself: deterministic, and blocks it. For tests and scripts."""

    slots = 1

    def __init__(self, factory: EngineFactory) -> None:
        self._factory = factory
        self._engine: Engine | None = None

    async def start(self) -> None:
        self._engine = self._factory()

    async def run_many(self, requests: Sequence[SpeechRequest], /) -> AsyncIterator[Answer]:
        for answer in answers(loaded(self._engine), requests):
            yield answer

    async def stop(self) -> None:
        self._engine = None

    def stats(self) -> WorkerStats:
        return own_stats(ready=self._engine is not None)


class ThreadWorker(Worker):
    """Runs the engine in `slots` threads of this process.

    A group of requests over `timeout` fails, but its thread works on until the engine returns: only a
    process can be stopped, so prefer `ProcessWorker`.
    """

    def __init__(
        self, factory: EngineFactory, *, slots: int = 1, batch: int = 1, timeout: Seconds = 60.0
    ) -> None:
        self.slots = slots
        self.batch = batch
        self._factory = factory
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="engine")
        self._engine: Engine | None = None

    async def start(self) -> None:
        self._engine = await asyncio.get_running_loop().run_in_executor(self._threads, self._factory)

    async def run_many(self, requests: Sequence[SpeechRequest], /) -> AsyncIterator[Answer]:
        loop = asyncio.get_running_loop()
        coming: asyncio.Queue[Answer] = asyncio.Queue()
        engine = loaded(self._engine)

        def work() -> None:
            for answer in answers(engine, requests):
                with suppress(RuntimeError):  # the loop has gone, and whoever asked with it
                    loop.call_soon_threadsafe(coming.put_nowait, answer)

        loop.run_in_executor(self._threads, work)
        waiting = set(range(len(requests)))
        late = EngineFailed(f"the engine gave no answer within {self._timeout:g} s")
        ends = loop.time() + self._timeout
        while waiting:
            try:
                async with asyncio.timeout_at(ends):
                    number, outcome = await coming.get()
            except TimeoutError:
                break
            waiting.discard(number)
            yield number, outcome
        for number in sorted(waiting):
            yield number, late

    async def stop(self) -> None:
        self._engine = None
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def stats(self) -> WorkerStats:
        return own_stats(ready=self._engine is not None)


def loaded(engine: Engine | None) -> Engine:
    if engine is None:
        raise EngineFailed("the engine worker is not running")
    return engine


def answers(engine: Engine, requests: Sequence[SpeechRequest]) -> Iterator[Answer]:
    """Every request's answer, once each, whatever the engine does.

    Whatever it raises becomes `EngineFailed`; only the type's name is kept, never a message that might quote
    somebody.
    """
    waiting = set(range(len(requests)))
    try:
        for number, outcome in _outcomes(engine, requests):
            waiting.discard(number)
            yield number, outcome
        failure: CallcueError = EngineFailed("the engine gave no answer")
    except Exception as error:
        failure = failed(error)
    for number in sorted(waiting):
        yield number, failure


def _outcomes(engine: Engine, requests: Sequence[SpeechRequest]) -> Iterator[Answer]:
    if isinstance(engine, BatchEngine):
        yield from engine.transcribe_many(requests)
        return
    for number, request in enumerate(requests):
        try:
            yield number, engine.transcribe(request)
        except Exception as error:
            yield number, failed(error)


def failed(error: Exception) -> CallcueError:
    """`EngineFailed` with the type's name, unless it is an error of ours."""
    return (
        error
        if isinstance(error, CallcueError)
        else EngineFailed(f"the engine raised {type(error).__name__}")
    )


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
