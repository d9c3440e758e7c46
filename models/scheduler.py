"""One queue before one engine: the `Transcriber` of a whole node."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.capacity import CROWDED, Capacity, CapacityConfig
from models.lanes import Ticket
from models.pace import EngineUse, PaceConfig, PartialPace
from models.queueing import Loss, RequestQueue, SchedulerConfig
from models.worker import EngineWorker
from streaming.errors import CallcueError, EngineFailed, Overloaded, Superseded
from streaming.events import Seconds
from streaming.ports import SpeechRequest, Transcript

_FULL: Seconds = 5.0  # until a full node is asked again: of forty calls of five minutes one ends in 7.5 s


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerStats:
    """Counts since the start, except the `queued_*`, `running` and `oldest_live_age`, which are of now.

    `busy_seconds` sums the seconds in which an engine slot worked.
    `final_share` and `partial_share` are the parts of all slots that worked for each lately, 0 to 1.
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
    final_share: float
    partial_share: float
    busy_seconds: float


class Scheduler:
    """Implements `streaming.ports.Transcriber` on an `EngineWorker` of some number of slots.

    A free slot takes the next request in turn, and with it others that one decoding can serve at little more
    cost: of the same priority, language and length, from whichever calls. Belongs to one event loop.
    """

    def __init__(
        self,
        worker: EngineWorker,
        config: SchedulerConfig | None = None,
        *,
        pace: PaceConfig | None = None,
        clock: Callable[[], Seconds] = time.monotonic,
    ) -> None:
        self._worker = worker
        config = config or SchedulerConfig()
        self._queue = RequestQueue(config)
        self._clock = clock
        pacing = pace or PaceConfig()
        self._use = EngineUse(worker.slots, pacing.smoothing)
        self._pace = PartialPace(self._use, pacing)
        crowded = CROWDED if worker.batch > 1 else ()
        self._capacity = Capacity(worker.slots, CapacityConfig(full=config.full, crowded=crowded))
        self._outcomes: dict[Ticket, asyncio.Future[Transcript]] = {}
        self._groups: set[asyncio.Task[None]] = set()
        self._counts = {"done": 0, "failed": 0, "superseded": 0, "shed": 0}
        self._busy = 0.0

    async def transcribe(self, request: SpeechRequest, /) -> Transcript:
        """Waits for its turn and for the answer.

        Raises `Superseded`, `Overloaded` (no room, partials off, or pushed out by a final) or
        `EngineFailed`.
        """
        ticket = self._enqueue(request)
        outcome: asyncio.Future[Transcript] = asyncio.get_running_loop().create_future()
        self._outcomes[ticket] = outcome
        self._start_next()
        try:
            return await outcome
        except asyncio.CancelledError:  # its place in the queue goes to the next; what runs, runs on
            self._queue.withdraw(ticket, self._clock())
            raise
        finally:
            self._outcomes.pop(ticket, None)

    def settle(self, call_id: str, /) -> None:
        """Nothing more will be said in the call: what it still waits for comes behind live calls."""
        now = self._clock()
        self._capacity.over(call_id, now)
        self._queue.settle(call_id, now)

    def forget(self, call_id: str, /) -> None:
        """What is queued for the call fails with `Superseded`; what runs is answered as usual."""
        now = self._clock()
        self._capacity.forget(call_id, now)
        for ticket in self._queue.forget(call_id, now):
            self._lose(ticket, "forgotten")

    def admission(self, calls: int) -> Overloaded | None:
        """None when a new call is welcome beside `calls` live ones; otherwise the error to refuse it with."""
        now = self._clock()
        retry_after = self._queue.retry_after(now)
        if retry_after is not None:
            return Overloaded(
                "speech recognition is behind; try again later", retry_after=round(retry_after, 1)
            )
        if not self._capacity.has_room(calls, now):
            return Overloaded("this node has all the calls it can transcribe", retry_after=_FULL)
        return None

    def pace(self, densest: Seconds, /) -> Seconds | None:
        """How much a line should grow between two partials: `densest` or more; None while there are none."""
        now = self._clock()
        off = self._queue.partials_off(now)
        every = self._pace.every(densest, now, off=off)
        return None if off else every

    def stats(self) -> SchedulerStats:
        now = self._clock()
        return SchedulerStats(
            queued_final=self._queue.queued("final") + self._queue.queued("settling"),
            queued_partial=self._queue.queued("partial"),
            queued_batch=self._queue.queued("batch"),
            running=self._queue.running,
            oldest_live_age=self._queue.oldest_live_age(now),
            partials_off=self._queue.partials_off(now),
            refusing=self._queue.retry_after(now) is not None,
            final_share=self._use.share("final", now),
            partial_share=self._use.share("partial", now),
            busy_seconds=self._busy,
            **self._counts,
        )

    def _enqueue(self, request: SpeechRequest) -> Ticket:
        now = self._clock()
        self._capacity.asked(request, now)
        offered = self._queue.offer(request, now)
        for ticket, loss in offered.displaced:
            self._lose(ticket, loss)
        if offered.ticket is None:
            self._counts["shed"] += 1
            raise Overloaded("the recogniser's queue has no room for this request", retry_after=1.0)
        return offered.ticket

    def _lose(self, ticket: Ticket, loss: Loss) -> None:
        if loss == "shed":
            self._counts["shed"] += 1
            error: CallcueError = Overloaded("a more urgent request took the last place", retry_after=1.0)
        else:
            self._counts["superseded"] += 1
            error = Superseded("a newer request of this utterance took its place")
        self._settle(ticket, error)

    def _settle(self, ticket: Ticket, outcome: Transcript | CallcueError) -> None:
        waiting = self._outcomes.get(ticket)
        if waiting is None or waiting.done():  # its caller was cancelled
            return
        if isinstance(outcome, CallcueError):
            waiting.set_exception(outcome)
        else:
            waiting.set_result(outcome)

    def _start_next(self) -> None:
        """Hands free slots to the next requests in turn."""
        slots = self._worker.slots
        while len(self._groups) < slots:
            last = slots > 1 and len(self._groups) == slots - 1
            taken = self._queue.take_group(self._clock(), self._worker.batch, last=last, only=slots == 1)
            if not taken:
                return
            group = [ticket for ticket in taken if self._is_wanted(ticket)]
            if not group:
                continue
            task = asyncio.create_task(self._run(group), name="engine-group")
            self._groups.add(task)
            task.add_done_callback(self._ended)

    def _is_wanted(self, ticket: Ticket) -> bool:
        """Not when its caller was cancelled and is not yet there to say so: its place is passed on."""
        if not self._outcomes[ticket].done():
            return True
        self._queue.finish(ticket, self._clock())
        return False

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._groups.discard(task)
        if not task.cancelled():
            self._start_next()

    async def _run(self, group: Sequence[Ticket]) -> None:
        settling = group[0].urgency == "settling"  # gives way to partials as a recording does
        priority = "batch" if settling else group[0].request.priority
        began = self._clock()
        self._use.began(priority, began)
        engine = self._worker.stats()
        waiting, heard = dict(enumerate(group)), list[Ticket]()
        try:
            async for which, outcome in self._worker.run_many([ticket.request for ticket in group]):
                if isinstance(outcome, Transcript):
                    heard.append(waiting[which])
                self._answered(waiting.pop(which), outcome)
        except Exception as error:  # a worker's own bug must not take the calls down with it
            failure: CallcueError = EngineFailed(f"the engine worker raised {type(error).__name__}")
        else:
            failure = EngineFailed("the engine worker gave no answer")
        for ticket in waiting.values():
            self._answered(ticket, failure)
        now = self._clock()
        self._busy += now - began
        self._use.ended(priority, now)
        if engine.ready and self._worker.stats().restarts == engine.restarts:
            for ticket in heard:  # waiting for an engine that died is not what calls cost
                self._capacity.answered(ticket.request, (now - began) / len(group), now, together=len(group))

    def _answered(self, ticket: Ticket, outcome: Transcript | CallcueError) -> None:
        if isinstance(outcome, CallcueError):
            self._counts["failed"] += 1
        else:
            self._counts["done"] += 1
        self._queue.finish(ticket, self._clock())
        self._settle(ticket, outcome)
