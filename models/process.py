"""Runs an engine in a process of its own, watches it, and starts it again when it dies.

Feature extraction and tokenising hold the interpreter's lock, and native code can crash: neither may
disturb the calls. The child is started afresh (no fork), ends when its stdin ends, and is killed when it
gives no answer for as long as the time-out.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from models.engine_child import HEADER, Done, FromChild, Load, Ready, Refused, Run, pack, unpack
from models.worker import Answer, EngineFactory, Worker, WorkerStats
from streaming.errors import CallcueError, EngineFailed
from streaming.events import Seconds
from streaming.ports import SpeechRequest, Transcript

_ENTRY = "from models.engine_child import main; main()"
_BACKOFF: tuple[Seconds, ...] = (0.0, 0.5, 2.0, 10.0, 30.0)
_GRACE: Seconds = 2.0
_CLOSED = (ConnectionError, RuntimeError)  # of writing to a child that has ended; the second is uvloop's
_TWICE = "the engine process died twice on this request"


class _Crashed(Exception):
    """The child died while it had this request."""


@dataclass(slots=True, eq=False)
class _Group:
    """Requests that the child has; their slot stays taken until it has answered them all, or dies. When the
    time-out has `expired`, only of one that was `alone` is it known that the engine is stuck on it."""

    waiting: set[int]
    answers: asyncio.Queue[tuple[int, Transcript | CallcueError | _Crashed]]
    timer: asyncio.TimerHandle
    alone: bool
    expired: bool = False


class ProcessWorker(Worker):
    """An `EngineWorker` in a supervised child process. Belongs to one event loop.

    A request whose child dies, or is killed because it hangs, is tried once more, alone, so that one request
    that kills the engine or hangs does not take others with it; one that was alone when it hung is not.
    `timeout` is for the next answer of a group, `load_timeout` for loading the engine, and `patience` is how
    long a request waits for a process that is being started again.
    """

    def __init__(
        self,
        factory: EngineFactory,
        *,
        slots: int = 1,
        batch: int = 1,
        timeout: Seconds = 60.0,
        load_timeout: Seconds = 180.0,
        patience: Seconds = 30.0,
        backoff: tuple[Seconds, ...] = _BACKOFF,
    ) -> None:
        self.slots = slots
        self.batch = batch
        self._load = Load(factory, slots)
        self._timeout = timeout
        self._load_timeout = load_timeout
        self._patience = patience
        self._backoff = backoff
        self._child: Process | None = None
        self._groups: dict[int, _Group] = {}
        self._number = 0
        self._free = asyncio.Semaphore(slots)
        self._suspect = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._ready = asyncio.Event()
        self._stopping = False
        self._supervisor: asyncio.Task[None] | None = None
        self._stats = WorkerStats(cpu_seconds=0.0, rss_bytes=0, ready=False)
        self._cpu_before = 0.0
        self._crashes_in_a_row = 0

    @property
    def pid(self) -> int | None:
        """The child's process id while it is loaded."""
        return self._child.pid if self._child else None

    async def start(self) -> None:
        self._stopping = False
        self._child = await self._spawn()
        self._ready.set()
        self._supervisor = asyncio.create_task(self._supervise(), name="engine-supervisor")

    async def run_many(self, requests: Sequence[SpeechRequest], /) -> AsyncIterator[Answer]:
        crashed: list[int] = []
        async for which, outcome in self._ask(requests):
            if isinstance(outcome, _Crashed):
                crashed.append(which)
            else:
                yield which, outcome
        for which in crashed:
            async with self._suspect:
                async for _, outcome in self._ask([requests[which]]):
                    yield which, EngineFailed(_TWICE) if isinstance(outcome, _Crashed) else outcome

    async def stop(self) -> None:
        self._stopping = True
        self._ready.set()  # whoever waits for a restart shall see that none comes
        if self._child is not None:
            await _end(self._child)
        if self._supervisor is not None:
            supervisor, self._supervisor = self._supervisor, None
            if self._child is None:
                supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await supervisor
        self._lose_all(EngineFailed("the engine was stopped"))

    def stats(self) -> WorkerStats:
        return replace(
            self._stats,
            cpu_seconds=self._cpu_before + self._stats.cpu_seconds,
            ready=self._child is not None and not self._stopping,
        )

    async def _ask(
        self, requests: Sequence[SpeechRequest]
    ) -> AsyncIterator[tuple[int, Transcript | CallcueError | _Crashed]]:
        await self._free.acquire()
        try:
            child = await self._available()
        except CallcueError as error:
            self._free.release()
            for which in range(len(requests)):
                yield which, error
            return
        except BaseException:
            self._free.release()
            raise
        self._number += 1
        number = self._number
        group = self._groups[number] = _Group(
            set(range(len(requests))), asyncio.Queue(), self._timer(number), alone=len(requests) == 1
        )
        if child.stdin is not None:
            with suppress(*_CLOSED):  # the child is dying, and the supervisor settles the group
                child.stdin.write(pack(Run(number, tuple(requests))))  # before any wait: it may be cancelled
                async with self._writing:
                    await child.stdin.drain()
        for _ in requests:
            yield await group.answers.get()

    async def _available(self) -> Process:
        try:
            async with asyncio.timeout(self._patience):
                while self._child is None and not self._stopping:
                    await self._ready.wait()
        except TimeoutError:
            raise EngineFailed("the engine process could not be started again in time") from None
        if self._child is None or self._stopping:
            raise EngineFailed("the engine worker is not running")
        return self._child

    def _timer(self, number: int) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._timeout, self._expire, number)

    def _expire(self, number: int) -> None:
        """The engine is stuck on one of this group: only killing it gets the slot back."""
        self._groups[number].expired = True
        if self._child is not None:
            with suppress(ProcessLookupError):
                self._child.kill()

    async def _supervise(self) -> None:
        try:
            while self._child is not None:
                await self._listen(self._child)
                await _end(self._child)
                self._ready.clear()
                self._child = None
                self._lose_all(_Crashed())
                if not self._stopping:
                    await self._revive()
        finally:
            self._lose_all(EngineFailed("the engine's supervisor ended"))

    async def _revive(self) -> None:
        """Tries until the engine loads again, each time after a longer pause."""
        self._cpu_before += self._stats.cpu_seconds
        self._stats = WorkerStats(cpu_seconds=0.0, rss_bytes=0, restarts=self._stats.restarts + 1)
        while not self._stopping:
            pause = self._backoff[min(self._crashes_in_a_row, len(self._backoff) - 1)]
            self._crashes_in_a_row += 1
            await asyncio.sleep(pause)
            with suppress(CallcueError, OSError):  # not enough memory or descriptors just now
                self._child = await self._spawn()
                self._ready.set()
                return

    async def _listen(self, child: Process) -> None:
        """Takes the child's answers until it ends."""
        while (message := await _receive(child)) is not None:
            if isinstance(message, Done):
                self._note(message.stats)
                self._crashes_in_a_row = 0
                self._settle(message.number, message.which, message.outcome)

    def _settle(self, number: int, which: int, outcome: Transcript | CallcueError | _Crashed) -> None:
        group = self._groups.get(number)
        if group is None or which not in group.waiting:
            return
        group.waiting.remove(which)
        if group.expired and group.alone and isinstance(outcome, _Crashed):
            outcome = EngineFailed(f"the engine gave no answer within {self._timeout:g} s")
        group.answers.put_nowait((which, outcome))
        group.timer.cancel()
        if group.waiting:
            group.timer = self._timer(number)
        else:
            del self._groups[number]
            self._free.release()

    def _lose_all(self, error: CallcueError | _Crashed) -> None:
        final = EngineFailed("the engine was stopped") if self._stopping else error
        for number, group in list(self._groups.items()):
            for which in sorted(group.waiting):
                self._settle(number, which, final)

    def _note(self, stats: WorkerStats) -> None:
        self._stats = replace(stats, restarts=self._stats.restarts)

    async def _spawn(self) -> Process:
        """A loaded child. Raises `WeightsError` or `EngineFailed`, and leaves no process then."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ENTRY, stdin=PIPE, stdout=PIPE, env=_environment()
        )
        try:
            async with asyncio.timeout(self._load_timeout):
                answer = await self._loaded(child)
        except TimeoutError:
            await _end(child, grace=0.0)
            raise EngineFailed(f"the engine did not load within {self._load_timeout:g} s") from None
        except BaseException:
            await _end(child, grace=0.0)
            raise
        self._note(answer.stats)
        return child

    async def _loaded(self, child: Process) -> Ready:
        with suppress(*_CLOSED):
            if child.stdin is not None:
                child.stdin.write(pack(self._load))
                await child.stdin.drain()
        answer = await _receive(child)
        if isinstance(answer, Ready):
            return answer
        if isinstance(answer, Refused):
            raise answer.error
        raise EngineFailed(f"the engine process ended with code {await child.wait()} while it was loading")


async def _receive(child: Process) -> FromChild | None:
    """The child's next message, None when it has ended."""
    if child.stdout is None:
        return None
    try:
        (size,) = HEADER.unpack(await child.stdout.readexactly(HEADER.size))
        message = unpack(await child.stdout.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return None if isinstance(message, Load | Run) else message


async def _end(child: Process, *, grace: Seconds = _GRACE) -> None:
    """Ends the child by closing its stdin, by force after `grace` seconds, and reaps it."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        async with asyncio.timeout(grace):
            await child.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _environment() -> dict[str, str]:
    """The child imports what the parent can; numpy's BLAS gets one thread, CTranslate2 its own number.

    oneDNN keeps 1024 compiled convolutions, one for every length of window that it met: by 160 utterances
    that was 200 MB and growing. Sixteen hold the lengths that `models/windows.py` asks for.
    """
    path = os.pathsep.join(entry for entry in sys.path if entry)
    small = {"OPENBLAS_NUM_THREADS": "1", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16"}
    return {**small, **os.environ, "PYTHONPATH": path}
