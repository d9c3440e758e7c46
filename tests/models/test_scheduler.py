"""The scheduler's promises to callers, with a worker that answers when it is told."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from models.queueing import SchedulerConfig
from models.scheduler import Scheduler
from models.worker import WorkerStats
from streaming.errors import EngineFailed, Overloaded, Superseded
from streaming.events import Party
from streaming.ports import Priority, SpeechRequest, Transcript


class HeldWorker:
    """Answers each request when the test lets it."""

    def __init__(self, slots: int = 1) -> None:
        self.slots = slots
        self.began: list[str] = []
        self._answers: dict[str, asyncio.Future[Transcript]] = {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def run(self, request: SpeechRequest, /) -> Transcript:
        self.began.append(request.utterance_id)
        answer = self._answers[request.utterance_id] = asyncio.get_running_loop().create_future()
        return await answer

    def answer(self, utterance: str, error: Exception | None = None) -> None:
        answer = self._answers[utterance]
        if error is None:
            answer.set_result(Transcript(words=(), cpu_seconds=0.5))
        else:
            answer.set_exception(error)

    def stats(self) -> WorkerStats:
        return WorkerStats(cpu_seconds=0.0, rss_bytes=0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def request(utterance: str, priority: Priority = "final", call: str = "c") -> SpeechRequest:
    return SpeechRequest(
        call_id=call,
        speaker=Party.AGENT,
        utterance_id=utterance,
        revision=0,
        start=0.0,
        audio=np.zeros(16000, np.float32),
        priority=priority,
    )


async def settle() -> None:
    """Lets every coroutine that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_run_at_once_than_the_engine_has_slots() -> None:
    worker = HeldWorker(slots=2)
    scheduler = Scheduler(worker)
    async with asyncio.TaskGroup() as tasks:
        for name in ("a1", "a2", "a3"):
            tasks.create_task(scheduler.transcribe(request(name)))
        await settle()
        assert worker.began == ["a1", "a2"]
        worker.answer("a1")
        await settle()
        assert worker.began == ["a1", "a2", "a3"]
        worker.answer("a2")
        worker.answer("a3")
    assert scheduler.stats().done == 3


async def test_a_poison_request_fails_alone() -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker)
    bad = asyncio.create_task(scheduler.transcribe(request("a1")))
    good = asyncio.create_task(scheduler.transcribe(request("a2")))
    await settle()
    worker.answer("a1", ZeroDivisionError("words of a customer"))
    with pytest.raises(EngineFailed) as failure:
        await bad
    assert "customer" not in failure.value.message
    await settle()
    worker.answer("a2")
    assert await good == Transcript(words=(), cpu_seconds=0.5)
    assert (scheduler.stats().failed, scheduler.stats().done) == (1, 1)


async def test_the_older_partial_gets_superseded_and_the_newer_one_its_answer() -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker)
    first = asyncio.create_task(scheduler.transcribe(request("a1")))
    await settle()
    older = asyncio.create_task(scheduler.transcribe(request("a2", "partial")))
    await settle()
    newer = asyncio.create_task(scheduler.transcribe(request("a2", "partial")))
    with pytest.raises(Superseded):
        await older
    worker.answer("a1")
    await first
    await settle()
    worker.answer("a2")
    await newer
    assert scheduler.stats().superseded == 1


async def test_a_cancelled_caller_leaves_neither_a_queued_request_nor_a_taken_slot() -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker)
    running = asyncio.create_task(scheduler.transcribe(request("a1")))
    queued = asyncio.create_task(scheduler.transcribe(request("a2")))
    last = asyncio.create_task(scheduler.transcribe(request("a3")))
    await settle()
    for task in (queued, running):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await settle()
    assert worker.began == ["a1", "a3"]
    worker.answer("a3")
    await last
    assert scheduler.stats().running == 0


async def test_a_caller_cancelled_in_the_very_moment_its_turn_comes_passes_the_slot_on() -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker)
    first = asyncio.create_task(scheduler.transcribe(request("a1")))
    second = asyncio.create_task(scheduler.transcribe(request("a2")))
    third = asyncio.create_task(scheduler.transcribe(request("a3")))
    await settle()
    worker.answer("a1")
    await first  # its slot was handed to a2, whose coroutine has not run yet
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await settle()
    assert worker.began[-1] == "a3"
    worker.answer("a3")
    await third


async def test_forget_ends_what_waits_for_the_call_and_leaves_others() -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker)
    running = asyncio.create_task(scheduler.transcribe(request("a1", call="x")))
    waiting = asyncio.create_task(scheduler.transcribe(request("a2", call="x")))
    other = asyncio.create_task(scheduler.transcribe(request("a3", call="y")))
    await settle()
    scheduler.forget("x")
    with pytest.raises(Superseded):
        await waiting
    worker.answer("a1")
    await running
    await settle()
    worker.answer("a3")
    await other


async def test_when_there_is_no_room_the_newcomer_is_told_to_come_back() -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker, SchedulerConfig(max_pending=1))
    tasks = [asyncio.create_task(scheduler.transcribe(request(f"a{i}"))) for i in (1, 2)]
    await settle()
    with pytest.raises(Overloaded) as refusal:
        await scheduler.transcribe(request("a3"))
    assert refusal.value.retry_after
    for i, task in enumerate(tasks, 1):
        worker.answer(f"a{i}")
        await task


async def test_calls_are_refused_while_the_engine_is_behind_and_taken_again_after() -> None:
    worker, clock = HeldWorker(), Clock()
    scheduler = Scheduler(worker, SchedulerConfig(latency_budget=1.0, refuse_after=5.0), clock=clock)
    task = asyncio.create_task(scheduler.transcribe(request("a1")))
    await settle()
    assert scheduler.admission() is None
    clock.now = 7.0
    refusal = scheduler.admission()
    assert isinstance(refusal, Overloaded)
    assert refusal.retry_after
    assert scheduler.stats().refusing
    worker.answer("a1")
    await task
    clock.now = 13.0
    assert scheduler.admission() is None
    assert scheduler.stats().busy_seconds == 7.0


async def test_a_call_cancelled_whole_leaves_its_slot_to_the_next_call_and_raises_in_nobody() -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker)
    doomed = [asyncio.create_task(scheduler.transcribe(request(name))) for name in ("a1", "a2", "a3")]
    other = asyncio.create_task(scheduler.transcribe(request("b1", call="other")))
    await settle()
    for task in doomed:  # as a TaskGroup does: all of them before any of them goes on
        task.cancel()
    await settle()
    assert worker.began == ["a1", "b1"]
    worker.answer("b1")
    assert await other == Transcript(words=(), cpu_seconds=0.5)
    assert all(task.cancelled() for task in doomed)
    assert scheduler.stats().running == 0
