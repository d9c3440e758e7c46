"""Workers: the same answers wherever the engine runs, and the calls survive an engine that dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.process import ProcessWorker
from models.worker import EngineFactory, InlineWorker, ThreadWorker
from streaming.errors import EngineFailed, WeightsError
from streaming.events import Party
from streaming.ports import SpeechRequest
from tests.models.engines import DiesLoading, Moody, NoWeights

AnyWorker = InlineWorker | ThreadWorker | ProcessWorker
KINDS: dict[str, Callable[[EngineFactory], AnyWorker]] = {
    "inline": InlineWorker,
    "thread": ThreadWorker,
    "process": ProcessWorker,
}


def request(utterance: str, seconds: float = 1.0) -> SpeechRequest:
    audio = np.full(int(16000 * seconds), 0.123456, np.float32)
    return SpeechRequest(
        call_id="c",
        speaker=Party.AGENT,
        utterance_id=utterance,
        revision=0,
        start=0.0,
        audio=audio,
        priority="final",
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Callable[[EngineFactory], AnyWorker]:
    return KINDS[request.param]


async def test_every_kind_gives_the_same_answer_with_the_audio_untouched(
    make: Callable[[EngineFactory], AnyWorker],
) -> None:
    async with make(Moody()) as worker:
        answer = await worker.run(request("a1", seconds=28.0))
        assert answer.words[0].text == "a1:0.123456"
        assert worker.stats().ready
        assert worker.stats().rss_bytes > 1_000_000
    assert not worker.stats().ready


async def test_an_engine_that_raises_fails_that_request_and_quotes_nobody(
    make: Callable[[EngineFactory], AnyWorker],
) -> None:
    async with make(Moody()) as worker:
        with pytest.raises(EngineFailed, match="ValueError") as failure:
            await worker.run(request("raise"))
        assert "words" not in failure.value.message
        assert (await worker.run(request("a2"))).words[0].text.startswith("a2")


async def test_missing_weights_are_reported_in_the_engine_s_own_words(
    make: Callable[[EngineFactory], AnyWorker],
) -> None:
    with pytest.raises(WeightsError, match="callcue models fetch"):
        await make(NoWeights()).start()


async def test_a_stopped_worker_refuses_and_may_be_stopped_again(
    make: Callable[[EngineFactory], AnyWorker],
) -> None:
    worker = make(Moody())
    await worker.start()
    await worker.stop()
    await worker.stop()
    with pytest.raises(EngineFailed, match="not running"):
        await worker.run(request("a1"))


async def test_a_process_that_dies_while_loading_says_so() -> None:
    with pytest.raises(EngineFailed, match="code 7"):
        await ProcessWorker(DiesLoading()).start()


async def test_a_request_whose_engine_died_is_tried_again_in_a_new_process(tmp_path: Path) -> None:
    async with ProcessWorker(Moody(str(tmp_path))) as worker:
        first = worker.pid
        assert (await worker.run(request("crash-once"))).words
        assert worker.pid != first
        assert worker.stats().restarts == 1


async def test_a_request_that_kills_the_engine_twice_fails_alone() -> None:
    async with ProcessWorker(Moody(), slots=3, backoff=(0.0,)) as worker:
        jobs = [worker.run(request(name)) for name in ("crash", "a2", "a3", "a4", "a5")]
        answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert isinstance(answers[0], EngineFailed)
    assert "twice" in answers[0].message
    assert [type(answer).__name__ for answer in answers[1:]] == ["Transcript"] * 4


async def test_a_stuck_engine_is_killed_and_the_others_get_their_answers() -> None:
    async with ProcessWorker(Moody(), slots=2, timeout=1.5, backoff=(0.0,)) as worker:
        stuck, fine = asyncio.create_task(worker.run(request("hang"))), worker.run(request("a2"))
        assert (await fine).words
        with pytest.raises(EngineFailed, match=r"no answer within 1\.5 s"):
            await stuck
        assert (await worker.run(request("a3"))).words
        assert worker.stats().restarts == 1


async def test_a_cancelled_request_gives_its_slot_back_when_the_engine_is_done_with_it() -> None:
    async with ProcessWorker(Moody(), timeout=1.0, backoff=(0.0,)) as worker:
        task = asyncio.create_task(worker.run(request("hang")))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await worker.run(request("a1"))).words


async def test_a_request_cancelled_before_it_was_sent_does_not_cost_the_others_their_engine() -> None:
    async with ProcessWorker(Moody(), slots=2, timeout=1.0, backoff=(0.0,)) as worker:
        pid = worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)  # reads nothing, so that the first request fills the pipe
        first = asyncio.create_task(worker.run(request("a1", seconds=28.0)))
        second = asyncio.create_task(worker.run(request("a2")))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGCONT)
        assert (await first).words
        await asyncio.sleep(1.1)  # past the time-out of the second
        assert (await worker.run(request("a3"))).words
        assert worker.stats().restarts == 0


async def test_an_engine_that_cannot_be_started_for_want_of_memory_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = asyncio.create_subprocess_exec
    failures = [OSError(12, "Cannot allocate memory")]

    async def starting(*args: Any, **options: Any) -> asyncio.subprocess.Process:
        if failures:
            raise failures.pop()
        return await start(*args, **options)

    async with ProcessWorker(Moody(), backoff=(0.0,), patience=10.0) as worker:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        assert (await worker.run(request("a1"))).words
        assert not failures


async def test_what_libraries_print_does_not_disturb_the_answers() -> None:
    async with ProcessWorker(Moody()) as worker:
        assert (await worker.run(request("print"))).words[0].text.startswith("print")


async def test_stop_ends_the_process_even_when_the_engine_is_stuck() -> None:
    worker = ProcessWorker(Moody())
    await worker.start()
    pid = worker.pid
    assert pid is not None
    task = asyncio.create_task(worker.run(request("hang")))
    await asyncio.sleep(0.05)
    await worker.stop()
    with pytest.raises(EngineFailed):
        await task
    assert not alive(pid)


async def test_ctrl_c_is_left_to_the_parent() -> None:
    async with ProcessWorker(Moody()) as worker:
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGINT)
        assert (await worker.run(request("a1"))).words
        assert worker.stats().restarts == 0


ORPHAN = """
import asyncio, os
from models.process import ProcessWorker
from tests.models.engines import Moody

async def main():
    worker = ProcessWorker(Moody())
    await worker.start()
    print(worker.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_the_child_does_not_outlive_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout is not None
    with parent:
        child = int(parent.stdout.readline())
        descriptor = os.pidfd_open(child)
        parent.kill()
    try:
        # The child is not ours to wait for; its pidfd becomes readable when it has ended.
        import select

        readable, _, _ = select.select([descriptor], [], [], 10.0)
        assert readable
    finally:
        os.close(descriptor)
