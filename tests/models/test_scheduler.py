"""The scheduler's promises to callers, with a worker that answers when it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from models.ladder import LadderConfig
from models.queueing import SchedulerConfig
from models.scheduler import Scheduler
from models.worker import Answer, WorkerStats
from streaming.errors import CallcueError, EngineFailed, Overloaded, Superseded
from streaming.events import Party
from streaming.ports import Priority, SpeechRequest, Transcript

ANSWER = Transcript(words=(), attempts=2)


class HeldWorker:
    """Answers each request when the test lets it."""

    def __init__(self, slots: int = 1, batch: int = 1) -> None:
        self.slots = slots
        self.batch = batch
        self.began: list[str] = []
        self.groups: list[list[str]] = []
        self._answers: dict[str, asyncio.Future[Transcript]] = {}
        self.ready = True
        self.restarts = 0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def run_many(self, requests: Sequence[SpeechRequest], /) -> AsyncIterator[Answer]:
        names = [request.utterance_id for request in requests]
        self.began += names
        self.groups.append(names)
        loop = asyncio.get_running_loop()
        self._answers |= {name: loop.create_future() for name in names}
        for which, name in enumerate(names):
            try:
                yield which, await self._answers[name]
            except CallcueError as error:
                yield which, error

    def answer(self, utterance: str, error: Exception | None = None) -> None:
        answer = self._answers[utterance]
        if error is None:
            answer.set_result(ANSWER)
        else:
            answer.set_exception(error)

    def stats(self) -> WorkerStats:
        return WorkerStats(cpu_seconds=0.0, rss_bytes=0, ready=self.ready, restarts=self.restarts)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def request(
    utterance: str, priority: Priority = "final", call: str = "c", *, seconds: float = 1.0
) -> SpeechRequest:
    return SpeechRequest(
        call_id=call,
        speaker=Party.AGENT,
        utterance_id=utterance,
        revision=0,
        start=0.0,
        audio=np.zeros(int(16000 * seconds), np.float32),
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
    assert await good == ANSWER
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
    assert worker.began == ["a1"]  # the engine is still at it
    worker.answer("a1")
    await settle()
    assert worker.began == ["a1", "a3"]
    worker.answer("a3")
    await last
    await settle()
    assert scheduler.stats().running == 0


async def test_a_caller_cancelled_in_the_very_moment_its_turn_comes_passes_the_slot_on() -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker)
    tasks = [asyncio.create_task(scheduler.transcribe(request(f"a{i}"))) for i in (1, 2, 3)]
    await settle()
    worker.answer("a1")
    while len(worker.began) == 1:  # until the group of a2 is about to begin, or has
        tasks[1].cancel()
        await asyncio.sleep(0)
    assert worker.began[-1] == "a3"
    worker.answer("a3")
    await tasks[2]


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


@pytest.mark.parametrize("priority", ["partial", "batch"])
async def test_when_there_is_no_room_the_newcomer_is_told_to_come_back(priority: Priority) -> None:
    worker = HeldWorker()
    scheduler = Scheduler(worker, SchedulerConfig(max_pending=1))
    tasks = [asyncio.create_task(scheduler.transcribe(request(f"a{i}"))) for i in (1, 2)]
    await settle()
    with pytest.raises(Overloaded) as refusal:
        await scheduler.transcribe(request("a3", priority))
    assert refusal.value.retry_after
    assert scheduler.stats().shed == 1
    for i, task in enumerate(tasks, 1):
        worker.answer(f"a{i}")
        await task
        await settle()


async def test_a_recording_leaves_the_last_slot_to_live_calls() -> None:
    worker = HeldWorker(slots=2)
    scheduler = Scheduler(worker)
    line = asyncio.create_task(scheduler.transcribe(request("p1", "partial")))
    await settle()
    recording = asyncio.create_task(scheduler.transcribe(request("b1", "batch", "recording")))
    await settle()
    assert worker.began == ["p1"]
    final = asyncio.create_task(scheduler.transcribe(request("a1")))
    await settle()
    assert worker.began == ["p1", "a1"]
    for name, task in (("p1", line), ("a1", final)):
        worker.answer(name)
        await task
    await settle()
    worker.answer("b1")
    await recording


async def test_calls_in_excess_of_what_the_engine_can_do_are_refused_before_anybody_waits() -> None:
    worker, clock = HeldWorker(slots=2), Clock()
    scheduler = Scheduler(worker, clock=clock)
    assert scheduler.admission(10_000) is None  # nothing is known yet
    for i in range(60):  # one call, an utterance every three seconds, which takes 0.3 s
        task = asyncio.create_task(scheduler.transcribe(request(f"a{i}")))
        await settle()
        clock.now += 0.3
        worker.answer(f"a{i}")
        await task
        clock.now += 2.7
    assert scheduler.admission(9) is None  # 10 calls take 1.0 s a second; 0.7 of two slots is 1.4
    refusal = scheduler.admission(20)
    assert refusal is not None
    assert (refusal.close_code, refusal.retry_after) == (1013, 5.0)
    scheduler.forget("c")
    clock.now += 7200.0
    assert scheduler.admission(20) is not None  # a call that is over has no time in which it costs nothing


@pytest.mark.parametrize("trouble", ["answered", "failed", "restarted", "not there"])
async def test_what_calls_cost_is_learnt_from_answers_of_an_engine_that_was_there_throughout(
    trouble: str,
) -> None:
    worker, clock = HeldWorker(), Clock()
    scheduler = Scheduler(worker, clock=clock)
    for i in range(60):  # each takes two of three seconds: a second call would be too many
        worker.ready = trouble != "not there"
        task = asyncio.create_task(scheduler.transcribe(request(f"a{i}")))
        await settle()
        clock.now += 2.0
        worker.ready = True
        worker.restarts += trouble == "restarted"
        worker.answer(f"a{i}", EngineFailed("it raised") if trouble == "failed" else None)
        await asyncio.gather(task, return_exceptions=True)
        await settle()
        clock.now += 1.0
    assert (scheduler.admission(1) is not None) == (trouble == "answered")


async def test_calls_are_refused_while_the_engine_is_behind_and_taken_again_after() -> None:
    worker, clock = HeldWorker(), Clock()
    scheduler = Scheduler(worker, SchedulerConfig(ladder=LadderConfig(budget=1.0, refuse=5.0)), clock=clock)
    task = asyncio.create_task(scheduler.transcribe(request("a1")))
    await settle()
    assert scheduler.admission(1) is None
    clock.now = 7.0
    refusal = scheduler.admission(1)
    assert isinstance(refusal, Overloaded)
    assert refusal.retry_after
    assert scheduler.stats().refusing
    worker.answer("a1")
    await task
    clock.now = 13.0
    assert scheduler.admission(1) is None
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
    worker.answer("a1")
    await settle()
    assert worker.began == ["a1", "b1"]
    worker.answer("b1")
    assert await other == ANSWER
    await settle()
    assert all(task.cancelled() for task in doomed)
    assert scheduler.stats().running == 0


async def test_one_slot_takes_utterances_of_several_calls_that_one_decoding_can_serve() -> None:
    worker = HeldWorker(batch=3)
    scheduler = Scheduler(worker)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(scheduler.transcribe(request("first", call="a")))
        await settle()
        for call, name, seconds in (
            ("b", "b1", 2.0),
            ("b", "b2", 2.0),
            ("c", "c1", 7.0),  # another length
            ("d", "d1", 1.5),
            ("e", "e1", 1.1),
            ("f", "f1", 2.0),
        ):
            tasks.create_task(scheduler.transcribe(request(name, call=call, seconds=seconds)))
        tasks.create_task(scheduler.transcribe(request("g1", "partial", call="g", seconds=2.0)))
        await settle()
        tasks.create_task(scheduler.transcribe(request("c2", call="h", seconds=6.5)))
        await settle()
        for name in ("first", "b1", "d1", "e1", "c1", "b2", "f1", "c2", "g1"):
            worker.answer(name)
            await settle()
    assert worker.groups == [["first"], ["b1", "d1", "e1"], ["c1"], ["f1", "b2"], ["c2"], ["g1"]]


@pytest.mark.parametrize(("slots", "together"), [(1, 2), (2, 5)])
async def test_partials_hold_the_only_slot_of_an_engine_no_longer_than_two_take(
    slots: int, together: int
) -> None:
    worker = HeldWorker(slots=slots, batch=8)
    scheduler = Scheduler(worker)
    names = [f"p{i}" for i in range(5)]
    async with asyncio.TaskGroup() as tasks:
        for slot in range(slots):
            tasks.create_task(scheduler.transcribe(request(f"busy{slot}", call=f"busy{slot}")))
        await settle()
        for name in names:
            tasks.create_task(scheduler.transcribe(request(name, "partial", call=name)))
        await settle()
        worker.answer("busy0")
        await settle()
        assert worker.groups[-1] == names[:together]
        for name in [*(f"busy{slot}" for slot in range(1, slots)), *names]:
            worker.answer(name)
            await settle()


async def test_each_of_a_group_is_answered_as_soon_as_it_can_be_and_fails_alone() -> None:
    worker = HeldWorker(batch=4)
    scheduler = Scheduler(worker)
    busy = asyncio.create_task(scheduler.transcribe(request("busy", call="x")))
    await settle()
    a, b, c = (
        asyncio.create_task(scheduler.transcribe(request(f"{call}1", call=call))) for call in ("a", "b", "c")
    )
    await settle()
    worker.answer("busy")
    await busy
    await settle()
    assert worker.groups[-1] == ["a1", "b1", "c1"]
    worker.answer("a1")
    await settle()
    assert a.done()
    assert not b.done()
    worker.answer("b1", EngineFailed("it raised"))
    await settle()
    with pytest.raises(EngineFailed):
        b.result()
    assert not c.done()
    worker.answer("c1")
    assert await c == ANSWER
