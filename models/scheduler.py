"""One queue before one engine: the `Transcriber` of a whole node."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from models.queueing import Loss, RequestQueue, SchedulerConfig, Ticket
from models.worker import EngineWorker
from streaming.errors import CallcueError, EngineFailed, Overloaded, Superseded
from streaming.events import Seconds
from streaming.ports import SpeechRequest, Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerStats:
    """Counts since the start, except the `queued_*`, `running` and `oldest_live_age`, which are of now.

    `busy_seconds` sums the seconds in which an engine slot worked; `audio_seconds` what it answered.
    """

    queued_final: int
    queued_partial: int
    queued_batch: int
    running: int
    oldest_live_age: Seconds
    partials_off: bool
    refusing: bool
    done: int
    failed: int
    superseded: int
    shed: int
    busy_seconds: float
    audio_seconds: float
    engine_cpu_seconds: float


class Scheduler:
    """Implements `streaming.ports.Transcriber` on an `EngineWorker` of some number of slots.

    There is no task of its own: every caller's coroutine waits for its turn, runs its request and passes
    the slot on, so a cancelled caller leaves nothing behind. Belongs to one event loop.
    """

    def __init__(
        self,
        worker: EngineWorker,
        config: SchedulerConfig | None = None,
        *,
        clock: Callable[[], Seconds] = time.monotonic,
    ) -> None:
        self._worker = worker
        self._queue = RequestQueue(config or SchedulerConfig())
        self._clock = clock
        self._turns: dict[Ticket, asyncio.Future[None]] = {}
        self._counts = {"done": 0, "failed": 0, "superseded": 0, "shed": 0}
        self._busy = 0.0
        self._audio = 0.0
        self._cpu = 0.0

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        """Waits for its turn and for the answer.

        Raises `Superseded`, `Overloaded` (no room, partials off, or pushed out by a final) or
        `EngineFailed`.
        """
        ticket = self._enqueue(request)
        turn = self._turns[ticket] = asyncio.get_running_loop().create_future()
        self._start_next()
        try:
            await turn
        except BaseException:
            self._give_up(ticket, turn)
            raise
        finally:
            self._turns.pop(ticket, None)
        return await self._run(ticket)

    def forget(self, call_id: str, /) -> None:
        """What is queued for the call fails with `Superseded`; what runs is answered as usual."""
        for ticket in self._queue.forget(call_id, self._clock()):
            self._lose(ticket, "forgotten")

    def admission(self) -> Overloaded | None:
        """None when a new call is welcome; otherwise the error to refuse it with."""
        retry_after = self._queue.retry_after(self._clock())
        if retry_after is None:
            return None
        return Overloaded("speech recognition is behind; try again later", retry_after=round(retry_after, 1))

    def stats(self) -> SchedulerStats:
        now = self._clock()
        return SchedulerStats(
            queued_final=self._queue.queued("final"),
            queued_partial=self._queue.queued("partial"),
            queued_batch=self._queue.queued("batch"),
            running=self._queue.running,
            oldest_live_age=self._queue.oldest_live_age(now),
            partials_off=self._queue.partials_off(now),
            refusing=self._queue.retry_after(now) is not None,
            busy_seconds=self._busy,
            audio_seconds=self._audio,
            engine_cpu_seconds=self._cpu,
            **self._counts,
        )

    def _enqueue(self, request: SpeechRequest) -> Ticket:
        offered = self._queue.offer(request, self._clock())
        for ticket, loss in offered.displaced:
            self._lose(ticket, loss)
        if offered.ticket is None:
            self._counts["shed"] += 1
            raise Overloaded("the recogniser's queue has no room for this request", retry_after=1.0)
        return offered.ticket

    def _lose(self, ticket: Ticket, loss: Loss) -> None:
        turn = self._turns[ticket]
        if turn.done():
            return
        if loss == "shed":
            self._counts["shed"] += 1
            turn.set_exception(Overloaded("a more urgent request took the last place", retry_after=1.0))
        else:
            self._counts["superseded"] += 1
            turn.set_exception(Superseded("a newer request of this utterance took its place"))

    def _start_next(self) -> None:
        """Hands free slots to the next requests in turn."""
        while self._queue.running < self._worker.slots:
            ticket = self._queue.take(self._clock())
            if ticket is None:
                return
            if self._turns[ticket].done():  # cancelled, and not yet there to say so
                self._queue.finish(ticket, self._clock())
            else:
                self._turns[ticket].set_result(None)

    def _give_up(self, ticket: Ticket, turn: asyncio.Future[None]) -> None:
        """The caller was cancelled: its place in the queue, or its slot, goes to the next."""
        had_turn = turn.done() and not turn.cancelled() and turn.exception() is None
        if had_turn:
            self._queue.finish(ticket, self._clock())
        else:
            self._queue.withdraw(ticket, self._clock())
        self._start_next()

    async def _run(self, ticket: Ticket) -> Transcript:
        began = self._clock()
        outcome = "failed"
        try:
            transcript = await self._worker.run(ticket.request)
            outcome = "done"
        except CallcueError:
            raise
        except Exception as error:  # a worker's own bug must not take the call down with it
            raise EngineFailed(f"the engine worker raised {type(error).__name__}") from error
        finally:
            now = self._clock()
            self._counts[outcome] += 1
            self._busy += now - began
            self._queue.finish(ticket, now)
            self._start_next()
        self._audio += ticket.request.seconds
        self._cpu += transcript.cpu_seconds
        return transcript
